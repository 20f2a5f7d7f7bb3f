package logs_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/logs"
)

// What a vault is asked is audited by operation and caller, with the reason of a refusal and without values.
func TestVaultEndpointIsAudited(t *testing.T) {
	a := newAzure(t)
	a.watch(vault, "Dedicated", "AuditEvent")
	found := func(r *http.Request) (arm.ID, bool) {
		id, err := arm.ParseID(vault)
		require.NoError(t, err)
		return id, r.Host == "secrets.test"
	}
	endpoint := logs.Vaults(a.server, found, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") == "":
			w.WriteHeader(http.StatusUnauthorized)
		case strings.HasSuffix(r.URL.Path, "/forbidden"):
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w,
				`{"error":{"code":"Forbidden","message":"Caller is not authorized to perform action on resource."}}`)
		default:
			_, _ = io.WriteString(w, `{"value":"s3cret"}`)
		}
	}))
	token := "Bearer " + a.token(a.deployer, "https://vault.azure.net")
	for _, c := range []struct{ method, path, authorization, want string }{
		{"GET", "/secrets/password", "", "Authentication|401|Unauthorized|Failure||"},
		{"GET", "/secrets/password", token, "SecretGet|200|OK|Success|" + a.deployer.ObjectID + "|"},
		{"GET", "/secrets/forbidden", token, "SecretGet|403|Forbidden|Failure|" + a.deployer.ObjectID +
			"|Caller is not authorized to perform action on resource."},
		{"PUT", "/secrets/password", token, "SecretSet|200|OK|Success|" + a.deployer.ObjectID + "|"},
		{"GET", "/secrets", token, "SecretList|200|OK|Success|" + a.deployer.ObjectID + "|"},
		{"GET", "/secrets/password/versions", token, "SecretListVersions|200|OK|Success|" + a.deployer.ObjectID + "|"},
		{"DELETE", "/secrets/password", token, "SecretDelete|200|OK|Success|" + a.deployer.ObjectID + "|"},
		{"GET", "/deletedsecrets", token, "SecretListDeleted|200|OK|Success|" + a.deployer.ObjectID + "|"},
		{"POST", "/deletedsecrets/password/recover", token, "SecretRecover|200|OK|Success|" + a.deployer.ObjectID +
			"|"},
		{"DELETE", "/deletedsecrets/password", token, "SecretPurge|200|OK|Success|" + a.deployer.ObjectID + "|"},
	} {
		r := httptest.NewRequest(c.method, "https://secrets.test"+c.path+"?api-version=7.4", nil)
		if c.authorization != "" {
			r.Header.Set("Authorization", c.authorization)
		}
		endpoint.ServeHTTP(httptest.NewRecorder(), r)
		row := a.rows(`AZKVAuditLogs | top 1 by TimeGenerated | project strcat(OperationName, "|", HttpStatusCode, "|", ResultSignature, "|", ResultType, "|",
			Identity.claim["http://schemas.microsoft.com/identity/claims/objectidentifier"], "|", ResultDescription)`)
		require.Equal(t, [][]any{{c.want}}, row, "%s %s", c.method, c.path)
	}
	endpoint.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "https://absent.test/secrets", nil))
	require.Len(t, a.rows("AZKVAuditLogs"), 10, "Ensure a vault that is not there audits nothing")
	require.Equal(t, [][]any{{"7.4"}}, a.rows("AZKVAuditLogs | distinct OperationVersion"))
	_, out := a.ask(a.deployer, "AZKVAuditLogs", "")
	raw, err := json.Marshal(out)
	require.NoError(t, err)
	require.NotContains(t, string(raw), "s3cret")
}
