package identity

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"github.com/crossorg/crossorg/internal/azure/store"
)

// Handler serves the sign-in endpoints of every tenant: OpenID metadata, signing keys, and the token endpoint for
// client credentials, which are a secret or another issuer's token. Beside them it serves the token endpoint of managed
// identities.
// Source: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
func (d *Directory) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{tenant}/v2.0/.well-known/openid-configuration", d.metadata)
	mux.HandleFunc("GET /{tenant}/.well-known/openid-configuration", d.metadata)
	mux.HandleFunc("GET /{tenant}/discovery/v2.0/keys", d.keys)
	mux.HandleFunc("POST /{tenant}/oauth2/v2.0/token", d.token)
	mux.HandleFunc("POST /{tenant}/oauth2/token", d.token)
	mux.HandleFunc("GET "+ManagedIdentityPath, d.managedToken)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		tokenError(w, http.StatusNotFound, "not_found", "AADSTS90027: The embedded Azure serves no "+r.Method+" "+
			r.URL.Path+".")
	})
	return mux
}

// adfs is the path of an authority without tenants, as AD FS has it on Azure Stack Hub. Clients recognize the path and
// then ask no other host whether the authority is known, without a setting. The client's id alone says which tenant is
// meant.
// Source: https://learn.microsoft.com/azure-stack/user/azure-stack-version-profiles-azurecli2
const adfs = "adfs"

func (d *Directory) metadata(w http.ResponseWriter, r *http.Request) {
	tenant := r.PathValue("tenant")
	base := d.issuer + "/" + tenant
	writeJSON(w, http.StatusOK, map[string]any{
		"issuer":                                d.issuerFor(tenant),
		"token_endpoint":                        base + "/oauth2/v2.0/token",
		"authorization_endpoint":                base + "/oauth2/v2.0/authorize",
		"device_authorization_endpoint":         base + "/oauth2/v2.0/devicecode",
		"jwks_uri":                              base + "/discovery/v2.0/keys",
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "client_secret_basic"},
		"response_types_supported":              []string{"token"},
		"subject_types_supported":               []string{"pairwise"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"scopes_supported":                      []string{"openid"},
		"tenant_region_scope":                   nil,
		"cloud_instance_name":                   "127.0.0.1",
	})
}

func (d *Directory) keys(w http.ResponseWriter, _ *http.Request) {
	signer, err := d.signer()
	if err != nil {
		tokenError(w, http.StatusInternalServerError, "server_error", "the signing key could not be made")
		return
	}
	pub := signer.key.PublicKey
	writeJSON(w, http.StatusOK, map[string]any{"keys": []any{map[string]any{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": signer.kid,
		"n": base64.RawURLEncoding.EncodeToString(pub.N.Bytes()),
		"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(pub.E)).Bytes()),
	}}})
}

// maxTokenRequest bounds the body of a token request, in bytes.
const maxTokenRequest = 64 << 10

// refusal is the refusal of a token request: OAuth's code, and a description that begins with Entra ID's code.
// Source of codes: https://learn.microsoft.com/entra/identity-platform/reference-error-codes
type refusal struct {
	status            int
	code, description string
}

func refuse(status int, code, format string, values ...any) *refusal {
	return &refusal{status, code, fmt.Sprintf(format, values...)}
}

// token answers the token endpoint.
func (d *Directory) token(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxTokenRequest)
	principal, audience, refused := d.signIn(r)
	if refused != nil {
		tokenError(w, refused.status, refused.code, refused.description)
		return
	}
	token, expires, err := d.Issue(principal, audience)
	if err != nil {
		tokenError(w, http.StatusInternalServerError, "server_error", "the token could not be signed")
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"token_type": "Bearer", "expires_in": int(tokenLifetime.Seconds()),
		"ext_expires_in": int(tokenLifetime.Seconds()),
		"expires_on":     fmt.Sprint(expires.Unix()), "resource": audience, "access_token": token,
	})
}

// signIn finds the principal that signs in and the audience that it asks for.
func (d *Directory) signIn(r *http.Request) (p Principal, audience string, refused *refusal) {
	if err := r.ParseForm(); err != nil {
		return p, "", refuse(http.StatusBadRequest, "invalid_request",
			"AADSTS900144: The request body could not be read.")
	}
	if grant := r.PostForm.Get("grant_type"); grant != "client_credentials" {
		return p, "", refuse(http.StatusBadRequest, "unsupported_grant_type",
			"AADSTS70003: The app requested an unsupported grant type '%s'.", grant)
	}
	if p, refused = d.authenticate(r); refused != nil {
		return p, "", refused
	}
	if audience = requestedAudience(r); audience == "" {
		return p, "", refuse(http.StatusBadRequest, "invalid_scope", "AADSTS1002012: The provided value for scope is "+
			"not valid. Client credential flows must have a scope value with /.default suffixed to the resource "+
			"identifier.")
	}
	return p, audience, nil
}

// authenticate finds the client and checks its secret or its assertion.
func (d *Directory) authenticate(r *http.Request) (p Principal, refused *refusal) {
	clientID, secret := r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	if u, pw, ok := r.BasicAuth(); ok {
		clientID, secret = u, pw
	}
	var found bool
	var trusts []Trust
	tenant := r.PathValue("tenant")
	if err := d.st.View(func(tx *store.Tx) (err error) {
		if tenant == adfs {
			p, found, err = d.onlyClient(tx, clientID)
		} else {
			p, found = d.Client(tx, tenant, clientID)
		}
		if found {
			trusts, err = d.trusts(tx, p.ObjectID)
		}
		return err
	}); err != nil {
		return p, refuse(http.StatusInternalServerError, "server_error", "%v", err)
	}
	if !found {
		return p, refuse(http.StatusBadRequest, "unauthorized_client",
			"AADSTS700016: Application with identifier '%s' was not found in the directory '%s'.", clientID, tenant)
	}
	if assertion := r.PostForm.Get("client_assertion"); assertion != "" {
		return p, d.checkAssertion(r.Context(), trusts, r.PostForm.Get("client_assertion_type"), assertion)
	}
	if !d.checkSecret(p, secret) {
		return p, refuse(http.StatusUnauthorized, "invalid_client",
			"AADSTS7000215: Invalid client secret provided for app '%s'.", clientID)
	}
	return p, nil
}

// requestedAudience is the resource of a v1 request or of a v2 request's scope; "" without either.
func requestedAudience(r *http.Request) string {
	if resource := r.PostForm.Get("resource"); resource != "" {
		return resource
	}
	audience := ""
	for _, scope := range strings.Fields(r.PostForm.Get("scope")) {
		if resource, ok := strings.CutSuffix(scope, "/.default"); ok {
			audience = resource
		}
	}
	return audience
}

func tokenError(w http.ResponseWriter, status int, code, description string) {
	writeJSON(w, status, map[string]any{
		"error":             code,
		"error_description": description,
		"correlation_id":    uuid.NewString(),
	})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // fails only when the client has disconnected
}
