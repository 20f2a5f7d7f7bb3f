package keyvault

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/identity"
	"github.com/crossorg/crossorg/internal/azure/jsonbody"
)

// audience is the audience of tokens for vaults.
const audience = "https://vault.azure.net"

// versions are the data plane's api-versions that are served.
// Source: https://learn.microsoft.com/rest/api/keyvault/secrets/operation-groups
var versions = []string{"7.0", "7.1", "7.2", "7.3", "7.4", "7.5", "7.6", "2025-07-01"}

// maxBody bounds a request's body: the largest value, escaped, with tags.
const maxBody = 512 << 10

// Handler is the vaults' data plane for secrets, at /secrets and /deletedsecrets of every vault's endpoint.
type Handler struct {
	server *arm.Server
	caller netip.Addr   // the address that network rules see; without one, callers pass them
	record func(Record) // nil records nothing
}

// NewHandler serves the secrets of the server's vaults. At selects the vault of a request.
func NewHandler(server *arm.Server) *Handler { return &Handler{server: server} }

// CallersAt makes vaults' network rules judge every request as if it came from address. All callers are on loopback:
// without a valid address they stand for an operator whose address the vault admits.
func (h *Handler) CallersAt(address netip.Addr) *Handler {
	h.caller = address
	return h
}

// dataError is the data plane's error: {"error":{"code","message","innererror":{"code"}}}.
// Source: https://learn.microsoft.com/azure/key-vault/general/authentication-requests-and-responses
type dataError struct {
	status         int
	code, message  string
	inner          string
	authentication string // the challenge
}

// Error renders code and message.
func (e *dataError) Error() string { return e.code + ": " + e.message }

func badParameter(message string) *dataError {
	return &dataError{status: http.StatusBadRequest, code: "BadParameter", message: message}
}

// fromARM is the data plane's form of an error of the rules that both planes share.
func fromARM(err *arm.Error) *dataError {
	out := &dataError{status: err.Status, code: err.Code, message: err.Message}
	if err.Code == "Conflict" {
		out.inner = "ObjectIsDeletedButRecoverable"
	}
	return out
}

// request is one request with its vault, caller and operation, as far as they are known.
type request struct {
	*arm.Call
	http   *http.Request
	body   []byte
	tooBig bool // the body is too long, or did not arrive
	path   []string
	// op is nil for an unknown operation; name and version are those in the path.
	op            *operation
	name, version string
	vault         *arm.Resource // nil if it is missing
	caller        identity.Principal
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began, requestID := time.Now(), uuid.NewString()
	head := w.Header()
	head.Set("x-ms-request-id", requestID)
	head.Set("Cache-Control", "no-cache")
	if id := r.Header.Get("x-ms-client-request-id"); id != "" && len(id) <= 1024 {
		head.Set("x-ms-client-request-id", id)
	}
	x := &request{http: r, path: strings.Split(strings.Trim(r.URL.Path, "/"), "/")}
	x.op, x.name, x.version = route(r.Method, x.path)
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	x.body, x.tooBig = body, err != nil
	status, reply, failure := h.run(x, head)
	description := ""
	switch {
	case failure != nil:
		status, description = failure.status, failure.message
		writeError(w, failure)
	case reply == nil:
		w.WriteHeader(status)
	default:
		writeJSON(w, status, reply)
	}
	if h.record != nil && x.vault != nil {
		h.record(x.recorded(status, description, requestID, began))
	}
}

// run answers a request in a transaction. A refusal rolls the transaction back.
func (h *Handler) run(x *request, head http.Header) (status int, reply any, failure *dataError) {
	run := h.server.Update
	if x.http.Method == http.MethodGet || x.tooBig {
		run = h.server.View
	}
	err := run(func(c *arm.Call) error {
		x.Call = c
		var e *dataError
		if status, reply, e = h.answer(x, head); e != nil {
			return e
		}
		return nil
	})
	if err != nil && !errors.As(err, &failure) {
		failure = &dataError{status: http.StatusInternalServerError, code: "InternalServerError",
			message: "The vault's state could not be read or written."}
	}
	return status, reply, failure
}

func writeError(w http.ResponseWriter, e *dataError) {
	body := map[string]any{"code": e.code, "message": e.message}
	if e.inner != "" {
		body["innererror"] = map[string]any{"code": e.inner}
	}
	if e.authentication != "" {
		w.Header().Set("WWW-Authenticate", e.authentication)
	}
	writeJSON(w, e.status, map[string]any{"error": body})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // a client that has disconnected needs no answer
}

// answer checks vault, caller, version, network rules, operation and permission, in the order of the service, and then
// runs the operation.
func (h *Handler) answer(r *request, head http.Header) (int, any, *dataError) {
	vault, found := vaultAt(r.Call, r.http)
	switch r.vault = vault; {
	case r.tooBig:
		return 0, nil, &dataError{status: http.StatusRequestEntityTooLarge, code: "BadParameter",
			message: "The request's body is too large."}
	case !utf8.ValidString(r.http.URL.Path):
		return 0, nil, badParameter("The request URI is not valid.")
	case !found: // on Azure the host of a vault that is missing, or deleted, does not resolve
		return 0, nil, &dataError{status: http.StatusNotFound, code: "VaultNotFound",
			message: "There is no vault here."}
	}
	head.Set("x-ms-keyvault-region", r.vault.String("location"))
	for _, check := range []func() *dataError{
		func() *dataError { return h.authenticate(r) }, r.checkVersion, r.checkOptions,
		func() *dataError { return h.checkNetwork(r) }, r.checkOperation, r.authorize,
	} {
		if e := check(); e != nil {
			return 0, nil, e
		}
	}
	return r.op.run(r)
}

// checkVersion refuses unsupported api-versions.
func (r *request) checkVersion() *dataError {
	switch version := r.http.URL.Query().Get("api-version"); {
	case version == "":
		return badParameter("The api-version query parameter is missing.")
	case !slices.Contains(versions, version):
		return badParameter("The specified version (" + version + ") is not recognized. Consider using the latest " +
			"supported version (" + versions[len(versions)-1] + ").")
	}
	return nil
}

// checkOptions refuses query parameters that the data plane does not have. Ignoring one would answer another question
// than was asked.
func (r *request) checkOptions() *dataError {
	for name := range r.http.URL.Query() {
		if !slices.Contains([]string{"api-version", "maxresults", "$skiptoken"}, name) {
			return badParameter("The query parameter " + name + " is not supported.")
		}
	}
	return nil
}

// checkOperation refuses invalid names, unknown operations, and those that are not implemented here: keys, certificates
// and backups.
func (r *request) checkOperation() *dataError {
	if len(r.path) > 1 && r.path[1] != "" && !secretName.MatchString(r.path[1]) {
		return badParameter("The request URI contains an invalid name: " + r.path[1])
	}
	if r.op == nil || r.op.run == nil {
		return &dataError{status: http.StatusNotFound, code: "NotFound",
			message: "There is no operation " + r.http.Method + " at this path of a vault."}
	}
	return nil
}

// authenticate identifies the caller.
// Source: https://learn.microsoft.com/azure/key-vault/general/authentication-requests-and-responses
func (h *Handler) authenticate(r *request) *dataError {
	tenant, scope := r.vault.String("properties", "tenantId"), domain(r.vault)
	unauthorized := func(message string) *dataError {
		return &dataError{status: http.StatusUnauthorized, code: "Unauthorized", message: message,
			authentication: `Bearer authorization="` + h.server.Endpoints().Management + "/" + tenant +
				`", resource="` + audience + `", scope="` + scope + `/.default"`}
	}
	scheme, token, _ := strings.Cut(r.http.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return unauthorized("AKV10000: Request is missing a Bearer or PoP token.")
	}
	var err error
	r.caller, err = h.server.Directory().Verify(r.Tx, token, audience, scope)
	switch {
	case errors.Is(err, identity.ErrTokenAudience):
		return unauthorized("AKV10022: Invalid audience. Expected " + audience + ".")
	case errors.Is(err, identity.ErrTokenExpired):
		return unauthorized("[TokenExpired] Error validating token: the token has expired.")
	case err != nil:
		return unauthorized("Error validating token.")
	case !strings.EqualFold(r.caller.TenantID, tenant):
		return unauthorized(fmt.Sprintf("AKV10032: Invalid issuer. Expected one of %s, found %s.",
			r.issuer(tenant), r.issuer(r.caller.TenantID)))
	}
	return nil
}

// domain is a second audience of tokens for a vault. Clients refuse a challenge unless the vault's host ends in the
// host of the challenge's scope, as contoso.vault.azure.net ends in vault.azure.net. An address ends in what follows
// its first number.
// Source: https://aka.ms/azsdk/blog/vault-uri
func domain(vault *arm.Resource) string {
	host := strings.Trim(strings.TrimPrefix(vault.String("properties", "vaultUri"), "https://"), "/")
	_, end, _ := strings.Cut(host, ".")
	return "https://" + end
}

func (r *request) issuer(tenant string) string {
	return r.Server.Endpoints().Management + "/" + tenant + "/"
}

// callerText is the caller as error messages name it.
func (r *request) callerText() string {
	return "appid=" + r.caller.ClientID + ";oid=" + r.caller.ObjectID + ";iss=" + r.issuer(r.caller.TenantID)
}

// vaultText is the vault as error messages name it.
func (r *request) vaultText() string {
	return r.vault.ID.Name() + ";location=" + r.vault.String("location")
}

func forbidden(inner, message string) *dataError {
	return &dataError{status: http.StatusForbidden, code: "Forbidden", message: message, inner: inner}
}

// checkNetwork applies the vault's network rules to callers that have an address.
// Source: https://learn.microsoft.com/azure/key-vault/general/network-security
func (h *Handler) checkNetwork(r *request) *dataError {
	if !h.caller.IsValid() {
		return nil
	}
	if strings.EqualFold(r.vault.String("properties", "publicNetworkAccess"), "Disabled") {
		return forbidden("ForbiddenByConnection", "Public network access is disabled and request is not from a "+
			"trusted service nor via an approved private link.\r\nCaller: "+
			r.callerText()+"\r\nVault: "+r.vaultText())
	}
	if r.vault.String("properties", "networkAcls", "defaultAction") != "Deny" {
		return nil
	}
	rules := jsonbody.Object(r.vault.Properties(), "networkAcls")
	for _, rule := range jsonbody.Objects(rules, "ipRules") {
		admitted := jsonbody.Text(rule, "value")
		if prefix, err := netip.ParsePrefix(admitted); err == nil && prefix.Contains(h.caller) {
			return nil
		}
		if address, err := netip.ParseAddr(admitted); err == nil && address == h.caller {
			return nil
		}
	}
	return forbidden("ForbiddenByFirewall", "Client address is not authorized and caller is not a trusted "+
		"service.\r\nClient address: "+h.caller.String()+
		"\r\nCaller: "+r.callerText()+"\r\nVault: "+r.vaultText())
}
