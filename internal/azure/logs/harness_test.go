package logs_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/armtest"
	"github.com/crossorg/crossorg/internal/azure/identity"
	"github.com/crossorg/crossorg/internal/azure/jsonbody"
	"github.com/crossorg/crossorg/internal/azure/logs"
	"github.com/crossorg/crossorg/internal/azure/monitor"
)

const (
	providers   = armtest.Group + "/providers/"
	account     = providers + "Microsoft.DataShare/accounts/exchange"
	vault       = providers + "Microsoft.KeyVault/vaults/secrets"
	storage     = providers + "Microsoft.Storage/storageAccounts/data"
	blobService = storage + "/blobServices/default"
	workspaceID = providers + "Microsoft.OperationalInsights/workspaces/watch"

	management       = "https://management.azure.com" // the audience of tokens for Azure Resource Manager
	workspaceVersion = "?api-version=2022-10-01"
)

// azure is a control plane with the monitoring providers and the query API beside it.
type azure struct {
	*armtest.Azure
	// deployer owns the subscription; stranger has no role in it; foreigner is of another tenant.
	deployer, stranger, foreigner identity.Principal
	customerID                    string
}

func newAzure(t *testing.T) *azure {
	t.Parallel()
	a := &azure{Azure: armtest.New(t, armtest.Config{
		Providers: func(*armtest.Azure) []*arm.Provider {
			watched := append(armtest.Bare("Microsoft.DataShare/accounts", "Microsoft.KeyVault/vaults"),
				&arm.Provider{Namespace: "Microsoft.Storage", Types: []*arm.Type{
					{Name: "Microsoft.Storage/storageAccounts"},
					{Name: "Microsoft.Storage/storageAccounts/blobServices", Implicit: []string{"default"}},
				}})
			return append(watched, monitor.New()...)
		},
		Front: func(server *arm.Server) http.Handler {
			mux := http.NewServeMux()
			mux.Handle("/", server)
			mux.Handle("/v1/", logs.NewHandler(server))
			return mux
		},
	})}
	a.deployer, a.foreigner = a.Contoso.Principal, a.Principal(armtest.OtherTenant, "foreigner")
	a.stranger = a.Principal(armtest.Tenant, "stranger")
	for _, id := range []string{account, vault, storage} {
		a.Plant(id)
	}
	a.workspace(`{}`)
	return a
}

// workspace creates or changes the workspace.
func (a *azure) workspace(properties string) {
	made := a.Contoso.Put(workspaceID+workspaceVersion, `{"location":"eastus","properties":`+properties+`}`).OK()
	a.customerID = jsonbody.Text(made.Properties(), "customerId")
}

// watch sends categories of a resource to the workspace.
func (a *azure) watch(id, destinationType string, categories ...string) {
	var list []any
	for _, c := range categories {
		list = append(list, map[string]any{"category": c, "enabled": true})
	}
	props := map[string]any{"workspaceId": workspaceID, "logs": list}
	if destinationType != "" {
		props["logAnalyticsDestinationType"] = destinationType
	}
	a.Contoso.Put(id+"/providers/Microsoft.Insights/diagnosticSettings/all?api-version=2021-05-01-preview",
		map[string]any{"properties": props}).OK()
}

// share writes a row about a share.
func (a *azure) share(operation string) {
	a.T.Helper()
	a.Update(func(c *arm.Call) *arm.Error {
		return logs.Write(c, account, "Shares", map[string]any{"OperationName": operation})
	})
}

// send sends a request with a token; without one when it is empty.
func (a *azure) send(method, path, token, body string) (int, map[string]any) {
	a.T.Helper()
	var header []string
	if token != "" {
		header = []string{"Authorization", "Bearer " + token}
	}
	r := a.Send(method, path, body, header...)
	return r.Status, r.Body
}

// ask posts a query as a principal.
func (a *azure) ask(p identity.Principal, query, timespan string) (int, map[string]any) {
	a.T.Helper()
	raw, err := json.Marshal(map[string]any{"query": query, "timespan": timespan})
	require.NoError(a.T, err)
	return a.send(http.MethodPost, "/v1/workspaces/"+a.customerID+"/query", a.Token(p, logs.Audiences[0]), string(raw))
}

// rows is the answer to a query that must succeed: a row is its values.
func (a *azure) rows(query string) [][]any {
	a.T.Helper()
	status, out := a.ask(a.deployer, query, "")
	require.Equal(a.T, http.StatusOK, status, "%v", out)
	return rowsOf(out)
}

// absent checks that a table does not resolve, as it had no rows of late.
func (a *azure) absent(table string) {
	a.T.Helper()
	status, out := a.ask(a.deployer, table, "")
	require.Equal(a.T, http.StatusBadRequest, status, "%v", out)
	require.Contains(a.T, fmt.Sprint(out), "Failed to resolve table or column expression named '"+table+"'")
}

func rowsOf(out map[string]any) [][]any {
	table, _ := out["tables"].([]any)[0].(map[string]any)
	list, _ := table["rows"].([]any)
	rows := [][]any{}
	for _, r := range list {
		row, _ := r.([]any)
		rows = append(rows, row)
	}
	return rows
}

func codeOf(out map[string]any) string {
	e, _ := out["error"].(map[string]any)
	code, _ := e["code"].(string)
	return code
}
