package keyvault

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/identity"
)

// audience is what tokens for vaults are issued for.
const audience = "https://vault.azure.net"

// versions are the data plane's api-versions that are served.
// Source: https://learn.microsoft.com/rest/api/keyvault/secrets/operation-groups
var versions = []string{"7.0", "7.1", "7.2", "7.3", "7.4", "7.5", "7.6", "2025-07-01"}

// maxBody bounds a request's body: the largest value, escaped, with tags.
const maxBody = 512 << 10

// Handler is the vaults' data plane for secrets, at /secrets and /deletedsecrets of every vault's endpoint.
type Handler struct {
	server *arm.Server
	caller netip.Addr
}

// NewHandler serves the secrets of the server's vaults. Which vault a request is for is said by At.
func NewHandler(server *arm.Server) *Handler { return &Handler{server: server} }

// CallersAt makes vaults' network rules judge every request as if it came from address. Without it, callers, who are
// all on loopback, pass network rules: they stand for an operator whose address the vault admits.
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

// fromARM tells a client of the data plane what the shared rules say.
func fromARM(err *arm.Error) *dataError {
	out := &dataError{status: err.Status, code: err.Code, message: err.Message}
	if err.Code == "Conflict" {
		out.inner = "ObjectIsDeletedButRecoverable"
	}
	return out
}

// request is one request with what has been found out about it.
type request struct {
	*arm.Call
	http   *http.Request
	vault  *arm.Resource
	caller identity.Principal
	path   []string
	body   []byte
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	head := w.Header()
	head.Set("x-ms-request-id", uuid.NewString())
	head.Set("Cache-Control", "no-cache")
	if id := r.Header.Get("x-ms-client-request-id"); id != "" && len(id) <= 1024 {
		head.Set("x-ms-client-request-id", id)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		writeError(w, &dataError{status: http.StatusRequestEntityTooLarge, code: "BadParameter",
			message: "The request's body is too large."})
		return
	}
	status, reply := 0, any(nil)
	run := h.server.Update
	if r.Method == http.MethodGet {
		run = h.server.View
	}
	err = run(func(c *arm.Call) error {
		var e *dataError
		if status, reply, e = h.answer(&request{Call: c, http: r, body: body}, head); e != nil {
			return e
		}
		return nil
	})
	var e *dataError
	switch {
	case errors.As(err, &e):
		writeError(w, e)
	case err != nil:
		writeError(w, &dataError{status: http.StatusInternalServerError, code: "InternalServerError",
			message: "The vault's state could not be read or written."})
	case reply == nil:
		w.WriteHeader(status)
	default:
		writeJSON(w, status, reply)
	}
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
	_ = json.NewEncoder(w).Encode(v) // a client that went away is not an error of ours
}

// answer finds vault, caller and operation, in the order in which the service looks at them: who asks comes before
// whether there is something to answer.
func (h *Handler) answer(r *request, head http.Header) (int, any, *dataError) {
	if !utf8.ValidString(r.http.URL.Path) {
		return 0, nil, badParameter("The request URI is not valid.")
	}
	var ok bool
	// on Azure the host of a vault that is not there, or is deleted, does not resolve
	if r.vault, ok = vaultAt(r.Call, r.http); !ok {
		return 0, nil, &dataError{status: http.StatusNotFound, code: "VaultNotFound",
			message: "There is no vault here."}
	}
	r.path = strings.Split(strings.Trim(r.http.URL.Path, "/"), "/")
	head.Set("x-ms-keyvault-region", r.vault.String("location"))
	if e := h.authenticate(r); e != nil {
		return 0, nil, e
	}
	switch version := r.http.URL.Query().Get("api-version"); {
	case version == "":
		return 0, nil, badParameter("The api-version query parameter is missing.")
	case !slices.Contains(versions, version):
		return 0, nil, badParameter("The specified version (" + version +
			") is not recognized. Consider using the latest supported version (" + versions[len(versions)-1] + ").")
	}
	if e := h.network(r); e != nil {
		return 0, nil, e
	}
	return r.secrets()
}

// authenticate finds out who asks.
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
		return unauthorized("AKV10032: Invalid issuer. Expected one of " + r.issuer(tenant) + ", found " +
			r.issuer(r.caller.TenantID) + ".")
	}
	return nil
}

// domain is a resource for which tokens for a vault are issued as well. Clients refuse a challenge unless the vault's
// host ends in that of the challenge's scope, as contoso.vault.azure.net does in vault.azure.net; of an address, the
// end is what follows its first number.
// Source: https://aka.ms/azsdk/blog/vault-uri
func domain(vault *arm.Resource) string {
	host := strings.Trim(strings.TrimPrefix(vault.String("properties", "vaultUri"), "https://"), "/")
	_, end, _ := strings.Cut(host, ".")
	return "https://" + end
}

func (r *request) issuer(tenant string) string {
	return r.Server.Endpoints().Management + "/" + tenant + "/"
}

func (r *request) whoAsks() string {
	return "appid=" + r.caller.ClientID + ";oid=" + r.caller.ObjectID + ";iss=" + r.issuer(r.caller.TenantID)
}

func (r *request) where() string {
	return r.vault.ID.Name() + ";location=" + r.vault.String("location")
}

func forbidden(inner, message string) *dataError {
	return &dataError{status: http.StatusForbidden, code: "Forbidden", message: message, inner: inner}
}

// network applies the vault's network rules to callers that have an address.
// Source: https://learn.microsoft.com/azure/key-vault/general/network-security
func (h *Handler) network(r *request) *dataError {
	if !h.caller.IsValid() {
		return nil
	}
	if strings.EqualFold(r.vault.String("properties", "publicNetworkAccess"), "Disabled") {
		return forbidden("ForbiddenByConnection", "Public network access is disabled and request is not from a "+
			"trusted service nor via an approved private link.\r\nCaller: "+
			r.whoAsks()+"\r\nVault: "+r.where())
	}
	if r.vault.String("properties", "networkAcls", "defaultAction") != "Deny" {
		return nil
	}
	rules, _ := r.vault.Value("properties", "networkAcls", "ipRules").([]any)
	for _, rule := range rules {
		m, _ := rule.(map[string]any)
		if prefix, err := netip.ParsePrefix(text(m, "value")); err == nil && prefix.Contains(h.caller) {
			return nil
		}
		if address, err := netip.ParseAddr(text(m, "value")); err == nil && address == h.caller {
			return nil
		}
	}
	return forbidden("ForbiddenByFirewall", "Client address is not authorized and caller is not a trusted "+
		"service.\r\nClient address: "+h.caller.String()+
		"\r\nCaller: "+r.whoAsks()+"\r\nVault: "+r.where())
}

// may checks that the caller may do something with a secret, or with all of a vault when name is empty: by role
// assignments (action is the last part of the data action) or, on vaults without roles, by access policy (permission).
// Sources: https://learn.microsoft.com/azure/key-vault/general/rbac-guide and
// https://learn.microsoft.com/azure/key-vault/general/rest-error-codes
func (r *request) may(name, action, permission string) *dataError {
	if rbac, _ := flag(r.vault.Properties(), "enableRbacAuthorization"); rbac {
		scope := r.vault.ID.String()
		if name != "" {
			scope = r.vault.ID.Child("secrets", name).String()
		}
		action = namespace + "/vaults/secrets/" + action
		if r.Server.Directory().Allowed(r.Tx, r.caller.ObjectID, scope, action, true) {
			return nil
		}
		return forbidden("ForbiddenByRbac", "Caller is not authorized to perform action on resource.\r\nIf role "+
			"assignments, deny assignments or role definitions were changed recently, please observe propagation "+
			"time.\r\nCaller: "+
			r.whoAsks()+"\r\nAction: '"+action+"'\r\nResource: '"+strings.ToLower(scope)+"'\r\nAssignment: (not "+
			"found)\r\nDenyAssignmentId: null\r\nDecisionReason: null \r\nVault: "+r.where()+"\r\n")
	}
	policies, _ := r.vault.Value("properties", "accessPolicies").([]any)
	for _, p := range policies {
		policy, _ := p.(map[string]any)
		if !strings.EqualFold(text(policy, "objectId"), r.caller.ObjectID) || text(policy, "applicationId") != "" {
			continue
		}
		permissions, _ := policy["permissions"].(map[string]any)
		granted, _ := permissions["secrets"].([]any)
		for _, g := range granted {
			if s, _ := g.(string); strings.EqualFold(s, permission) ||
				strings.EqualFold(s, "all") && permission != "purge" {
				return nil
			}
		}
	}
	return forbidden("AccessDenied", "The user, group or application '"+r.whoAsks()+"' does not have secrets "+
		""+permission+" permission on key vault '"+r.where()+
		"'. For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125287")
}
