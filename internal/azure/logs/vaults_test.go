package logs_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/identity"
	"github.com/crossorg/crossorg/internal/azure/keyvault"
	"github.com/crossorg/crossorg/internal/azure/logs"
)

// Requests on a vault are audited with operation, caller and the reason of a refusal.
func TestVaultEndpointIsAudited(t *testing.T) {
	a := newAzure(t)
	a.watch(vault, "Dedicated", "AuditEvent")
	id, err := arm.ParseID(vault)
	require.NoError(t, err)
	record := logs.Vaults(a.Server())
	requests := []struct {
		operation   string
		status      int
		description string
		caller      identity.Principal
		want        string
	}{
		{"Authentication", 401, "AKV10000", identity.Principal{}, "Authentication|401|Unauthorized|Failure||AKV10000"},
		{"SecretGet", 200, "", a.deployer, "SecretGet|200|OK|Success|" + a.deployer.ObjectID + "|"},
		{"SecretGet", 403, "Caller is not authorized to perform action on resource.", a.deployer,
			"SecretGet|403|Forbidden|Failure|" + a.deployer.ObjectID +
				"|Caller is not authorized to perform action on resource."},
		{"SecretPurge", 204, "", a.deployer, "SecretPurge|204|NoContent|Success|" + a.deployer.ObjectID + "|"},
	}
	for _, c := range requests {
		record(keyvault.Record{Operation: c.operation, Vault: id, Status: c.status, Description: c.description,
			Caller: c.caller, URI: "https://secrets.test/secrets/password?api-version=7.4",
			ID: "https://secrets.test/secrets/password", Version: "7.4"})
		row := a.rows("AZKVAuditLogs | top 1 by TimeGenerated | project strcat(OperationName, '|', HttpStatusCode, " +
			"'|', ResultSignature, '|', ResultType, '|', " +
			"Identity.claim['http://schemas.microsoft.com/identity/claims/objectidentifier'], '|', ResultDescription)")
		require.Equal(t, [][]any{{c.want}}, row, c.operation)
	}
	require.Equal(t, [][]any{{"7.4", "https://secrets.test/secrets/password", float64(len(requests))}},
		a.rows("AZKVAuditLogs | summarize Requests = count() by OperationVersion, Id"))
}
