package graph_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/armtest"
	"github.com/crossorg/crossorg/internal/azure/graph"
)

const audience = "https://graph.microsoft.com/"

// world is a directory with Graph before it.
type world struct {
	*armtest.Azure
	t *testing.T
}

func newWorld(t *testing.T) *world {
	t.Parallel()
	a := armtest.New(t, armtest.Config{APIVersion: "2021-04-01", Providers: func(*armtest.Azure) []*arm.Provider {
		return armtest.Bare("Microsoft.Storage/storageAccounts")
	}})
	return &world{a, t}
}

// ask sends a request as a caller, with a token for the audience; "" sends none.
func (w *world) ask(caller *armtest.Caller, audience, method, path, body string) (int, map[string]any) {
	w.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if audience != "" {
		r.Header.Set("Authorization", "Bearer "+w.Token(caller.Principal, audience))
	}
	answer := httptest.NewRecorder()
	graph.NewHandler(w.Server()).ServeHTTP(answer, r)
	var out map[string]any
	require.NoError(w.t, json.Unmarshal(answer.Body.Bytes(), &out), "%s %s: %s", method, path, answer.Body)
	return answer.Code, out
}

func (w *world) get(path string) map[string]any {
	w.t.Helper()
	status, out := w.ask(w.Contoso.Caller, audience, http.MethodGet, path, "")
	require.Equal(w.t, http.StatusOK, status, "%s: %v", path, out)
	return out
}

func ids(out map[string]any) (found []any) {
	for _, v := range out["value"].([]any) {
		found = append(found, v.(map[string]any)["id"])
	}
	return found
}

func TestServicePrincipalsAreFound(t *testing.T) {
	w := newWorld(t)
	p := w.Contoso.Principal
	for _, filter := range []string{"servicePrincipalNames/any(c:c eq '" + p.ClientID + "')",
		"appId eq '" + strings.ToUpper(p.ClientID) + "'", "startswith(displayName,'" + p.Name[:3] + "') and id eq '" +
			p.ObjectID + "'"} {
		assert.Equal(t, []any{p.ObjectID}, ids(w.get("/v1.0/servicePrincipals?$filter="+url.QueryEscape(filter))),
			filter)
	}
	assert.Empty(t, ids(w.get("/v1.0/servicePrincipals?$filter="+url.QueryEscape("appId eq 'none'"))))
	for _, path := range []string{"/v1.0/servicePrincipals/" + p.ObjectID,
		"/beta/servicePrincipals(appId='" + p.ClientID +
			"')", "/v1.0/directoryObjects/" + p.ObjectID} {
		assert.Equal(t, p.ClientID, w.get(path)["appId"], path)
	}
	assert.Equal(t, p.ClientID, w.get("/v1.0/applications/" + p.ObjectID)["appId"])
	_, out := w.ask(w.Contoso.Caller, audience, http.MethodPost, "/v1.0/directoryObjects/getByIds",
		`{"ids": ["`+p.ObjectID+`", "11111111-2222-3333-4444-555555555555"], "types": ["servicePrincipal", "user"]}`)
	assert.Equal(t, []any{p.ObjectID}, ids(out))
	assert.Equal(t, "#microsoft.graph.servicePrincipal", out["value"].([]any)[0].(map[string]any)["@odata.type"])
}

func TestCallersSeeTheirOwnTenant(t *testing.T) {
	w := newWorld(t)
	other := w.Fabrikam.Principal
	assert.NotContains(t, ids(w.get("/v1.0/servicePrincipals")), other.ObjectID)
	for _, path := range []string{"/v1.0/servicePrincipals/" + other.ObjectID,
		"/v1.0/directoryObjects/" + other.ObjectID,
		"/v1.0/servicePrincipals(appId='" + other.ClientID + "')", "/v1.0/applications/" + other.ObjectID} {
		status, out := w.ask(w.Contoso.Caller, audience, http.MethodGet, path, "")
		assert.Equal(t, http.StatusNotFound, status, path)
		assert.Equal(t, "Request_ResourceNotFound", out["error"].(map[string]any)["code"], path)
	}
	for _, wrong := range []string{"", "https://management.azure.com", "https://storage.azure.com"} {
		status, out := w.ask(w.Contoso.Caller, wrong, http.MethodGet, "/v1.0/servicePrincipals", "")
		assert.Equal(t, http.StatusUnauthorized, status, wrong)
		assert.Equal(t, "InvalidAuthenticationToken", out["error"].(map[string]any)["code"], wrong)
	}
}

// What is not served is refused in Graph's envelope.
func TestRefusalsHaveGraphsEnvelope(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		method, path string
		status       int
		code         string
	}{
		{"GET", "/v1.0/me", 400, "BadRequest"},
		{"GET", "/v1.0/users/ada@example.org", 404, "Request_ResourceNotFound"},
		{"GET", "/v1.0/servicePrincipals?$select=id", 400, "Request_UnsupportedQuery"},
		{"GET", "/v1.0/servicePrincipals?$filter=" + url.QueryEscape("createdOn eq 'x'"), 400,
			"Request_UnsupportedQuery"},
		{"GET", "/v1.0/servicePrincipals?$filter=x", 400, "BadRequest"},
		{"POST", "/v1.0/applications", 404, "UnknownError"},
		{"DELETE", "/v1.0/servicePrincipals/x", 404, "UnknownError"},
		{"GET", "/v1.0/oauth2PermissionGrants", 404, "UnknownError"},
		{"POST", "/v1.0/directoryObjects/getByIds", 400, "Request_BadRequest"},
	} {
		status, out := w.ask(w.Contoso.Caller, audience, c.method, c.path, "")
		failure, _ := out["error"].(map[string]any)
		assert.Equal(t, c.status, status, c.path)
		assert.Equal(t, c.code, failure["code"], c.path)
		assert.NotEmpty(t, failure["message"], c.path)
		assert.NotEmpty(t, failure["innerError"].(map[string]any)["request-id"], c.path)
	}
	assert.Empty(t, ids(w.get("/v1.0/users")))
	assert.Empty(t, ids(w.get("/v1.0/groups")))
}
