package keyvault_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/armtest"
	"github.com/crossorg/crossorg/internal/azure/keyvault"
	"github.com/crossorg/crossorg/internal/azure/roles"
)

// A record names the operation, the caller, the outcome and the reason of a refusal, and no value.
func TestVaultRequestsAreRecorded(t *testing.T) {
	w := newWorld(t)
	w.mustCreate(properties())
	officer := w.grant(w.newcomer(armtest.Tenant, "officer"), roles.KeyVaultSecretsOfficer, vaultID)
	stranger := w.newcomer(armtest.Tenant, "stranger")
	var got []keyvault.Record
	h := keyvault.At(name, keyvault.NewHandler(w.Server()).RecordTo(func(r keyvault.Record) { got = append(got, r) }))
	tokenOf := func(r *reader) string { return w.Token(r.principal, "https://vault.azure.net") }
	for _, c := range []struct {
		method, path string
		caller       *reader
		body, want   string
	}{
		{"GET", "/secrets/password", nil, "", "Authentication|401||AKV10000: Request is missing a Bearer or PoP " +
			"token."},
		{"PUT", "/secrets/password", officer, `{"value":"s3cret"}`, "SecretSet|200|officer|"},
		{"GET", "/secrets/password", officer, "", "SecretGet|200|officer|"},
		{"GET", "/secrets/password", stranger, "", "SecretGet|403|stranger|Caller is not authorized"},
		{"GET", "/secrets", officer, "", "SecretList|200|officer|"},
		{"GET", "/secrets/password/versions", officer, "", "SecretListVersions|200|officer|"},
		{"PATCH", "/secrets/password", officer, `{"contentType":"text/plain"}`, "SecretUpdate|200|officer|"},
		{"DELETE", "/secrets/password", officer, "", "SecretDelete|200|officer|"},
		{"GET", "/deletedsecrets", officer, "", "SecretListDeleted|200|officer|"},
		{"GET", "/deletedsecrets/password", officer, "", "SecretGetDeleted|200|officer|"},
		{"POST", "/deletedsecrets/password/recover", officer, "", "SecretRecover|200|officer|"},
		{"DELETE", "/secrets/password", officer, "", "SecretDelete|200|officer|"},
		{"DELETE", "/deletedsecrets/password", officer, "", "SecretPurge|204|officer|"},
		{"GET", "/keys/password", officer, "", "KeyGet|404|officer|There is no operation GET"},
		{"GET", "/nothing", officer, "", "Unknown|404|officer|There is no operation GET"},
		{"PUT", "/secrets/password", officer, strings.Repeat("x", 600<<10),
			"SecretSet|413|officer|The request's body is too large."},
	} {
		r := httptest.NewRequest(c.method, "https://secrets.test"+c.path+"?api-version=7.4", strings.NewReader(c.body))
		if c.caller != nil {
			r.Header.Set("Authorization", "Bearer "+tokenOf(c.caller))
		}
		got = nil
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, r)
		require.Len(t, got, 1, "%s %s", c.method, c.path)
		record := got[0]
		shown := fmt.Sprintf("%s|%d|%s|%s",
			record.Operation, record.Status, record.Caller.ClientID, record.Description)
		require.Contains(t, shown, c.want)
		require.Equal(t, answer.Code, record.Status)
		require.Equal(t, vaultID, record.Vault.String())
		require.Equal(t, "https://secrets.test"+c.path, record.ID)
		require.Equal(t, record.ID+"?api-version=7.4", record.URI)
		require.Equal(t, "7.4", record.Version)
		require.Equal(t, answer.Header().Get("x-ms-request-id"), record.RequestID)
		require.NotContains(t, fmt.Sprint(record), "s3cret")
	}
	got = nil
	keyvault.At("absent", keyvault.NewHandler(w.Server()).RecordTo(func(r keyvault.Record) { got = append(got, r) })).
		ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "https://absent.test/secrets", nil))
	require.Empty(t, got, "requests on a vault that is missing are not recorded")
}
