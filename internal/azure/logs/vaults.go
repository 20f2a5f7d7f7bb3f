package logs

import (
	"net/http"
	"strings"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/keyvault"
)

// Vaults is a recorder for the vaults' endpoints that audits every request, refused ones too. A row that cannot be
// written is lost: the request has been answered by then.
func Vaults(s *arm.Server) func(keyvault.Record) {
	return func(r keyvault.Record) {
		_ = Append(s, r.Vault.String(), "AuditEvent", vaultColumns(r))
	}
}

// vaultColumns renders a request on a vault.
// Source: https://learn.microsoft.com/azure/azure-monitor/reference/tables/azkvauditlogs
func vaultColumns(r keyvault.Record) map[string]any {
	result := "Success"
	if r.Status >= 400 {
		result = "Failure"
	}
	return map[string]any{
		"OperationName": r.Operation, "OperationVersion": r.Version, "HttpStatusCode": r.Status, "ResultType": result,
		"ResultSignature": strings.ReplaceAll(http.StatusText(r.Status), " ", ""), "ResultDescription": r.Description,
		"CallerIpAddress": r.CallerIP, "ClientInfo": r.UserAgent, "CorrelationId": r.RequestID, "RequestUri": r.URI,
		"Id": r.ID, "DurationMs": int(r.Duration.Milliseconds()), "Tlsversion": "TLS1_2",
		"Identity": map[string]any{"claim": map[string]any{
			"http://schemas.microsoft.com/identity/claims/objectidentifier": r.Caller.ObjectID,
			"appid": r.Caller.ClientID,
		}},
	}
}
