package logs_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/armtest"
	"github.com/crossorg/crossorg/internal/azure/blob"
	"github.com/crossorg/crossorg/internal/azure/jsonbody"
	"github.com/crossorg/crossorg/internal/azure/keyvault"
	"github.com/crossorg/crossorg/internal/azure/logs"
	"github.com/crossorg/crossorg/internal/azure/roles"
)

// A resource's rows go where its diagnostic settings say, and nowhere without one.
func TestRowsFollowDiagnosticSettings(t *testing.T) {
	a := newAzure(t)
	a.share("before")
	a.absent("MicrosoftDataShareShareLog")
	a.watch(account, "", "Shares")
	a.share("after")
	a.Update(func(c *arm.Call) *arm.Error {
		return logs.Write(c, account, "ShareSubscriptions", map[string]any{"OperationName": "not sent"})
	})
	require.Equal(t, [][]any{{"Shares", "after", "Azure", a.customerID, strings.ToLower(account), armtest.Subscription,
		"MicrosoftDataShareShareLog"}},
		a.rows("MicrosoftDataShareShareLog | project Category, OperationName, SourceSystem, TenantId, _ResourceId, "+
			"_SubscriptionId, Type"))
	require.Equal(t, [][]any{{true}},
		a.rows("MicrosoftDataShareShareLog | project TimeGenerated > ago(1m) and _BilledSize > 0"))
	a.absent("AzureDiagnostics")
}

// A category without a table of its own goes to AzureDiagnostics, with the type in the names of the service's own
// columns; a vault's log goes where its setting chooses.
func TestTablesOfACategory(t *testing.T) {
	a := newAzure(t)
	a.watch(account, "Dedicated", "ShareSubscriptions")
	a.Update(func(c *arm.Call) *arm.Error {
		return logs.Write(c, account, "ShareSubscriptions", map[string]any{"OperationName": "accept"})
	})
	require.Equal(t, [][]any{{"MICROSOFT.DATASHARE", "ACCOUNTS", "EXCHANGE", "accept", "ShareSubscriptions"}},
		a.rows("AzureDiagnostics | project ResourceProvider, ResourceType, Resource, OperationName, Category"))

	audit := func() {
		id, err := arm.ParseID(vault)
		require.NoError(t, err)
		logs.Vaults(a.Server())(keyvault.Record{Operation: "SecretGet", Vault: id, Status: http.StatusForbidden,
			Caller: a.stranger, CallerIP: "127.0.0.1"})
	}
	a.watch(vault, "", "AuditEvent")
	audit()
	require.Equal(t, [][]any{{"SecretGet", 403.0, "Forbidden", "127.0.0.1", a.stranger.ObjectID}},
		a.rows(`AzureDiagnostics | where ResourceType == "VAULTS"
		| project OperationName, httpStatusCode_d, ResultSignature, CallerIPAddress,
		  identity_claim_http_schemas_microsoft_com_identity_claims_objectidentifier_g`))
	a.absent("AZKVAuditLogs")
	a.watch(vault, "Dedicated", "AuditEvent")
	audit()
	require.Equal(t, [][]any{{403.0, a.stranger.ObjectID}},
		a.rows(`AZKVAuditLogs | project HttpStatusCode, tostring(Identity.claim["http://schemas.microsoft.com/identity/claims/objectidentifier"])`))
}

// Blob requests are filed by category, with their caller and without signatures.
func TestBlobRequestsAreFiled(t *testing.T) {
	a := newAzure(t)
	a.watch(blobService, "", "StorageRead", "StorageWrite", "StorageDelete")
	id, err := arm.ParseID(storage)
	require.NoError(t, err)
	for _, r := range []blob.Record{
		{Operation: blob.PutBlob, Container: "c", Blob: "a/b.csv", Status: 201, Authentication: "AccountKey",
			RequestBytes: 7},
		{Operation: blob.GetBlob, Container: "c", Blob: "a/b.csv", Status: 200, Authentication: "SAS", ResponseBytes: 7,
			URI: "https://x/data/c/a/b.csv?sv=sig=&sig=c2VjcmV0&sp=r&SIG=c2VjcmV0&%73ig=c2VjcmV0"},
		{Operation: blob.Operation{Name: "DeleteBlob", Category: blob.StorageDelete}, Container: "c", Blob: "a/b.csv",
			Status: 403, Code: "AuthorizationPermissionMismatch", Authentication: blob.OAuth,
			Caller: blob.Caller{ObjectID: a.stranger.ObjectID, TenantID: a.stranger.TenantID,
				ClientID: a.stranger.ClientID}},
	} {
		a.Update(func(c *arm.Call) *arm.Error { return logs.WriteBlob(c, id, r) })
	}
	require.Equal(t, [][]any{
		{"StorageDelete", "DeleteBlob", "403", "AuthorizationPermissionMismatch", a.stranger.ObjectID,
			`"/data/c/a/b.csv"`, ""},
		{"StorageRead", "GetBlob", "200", "Success", "", `"/data/c/a/b.csv"`,
			"https://x/data/c/a/b.csv?sv=sig=&sig=XXXXX&sp=r&SIG=XXXXX&%73ig=XXXXX"},
		{"StorageWrite", "PutBlob", "201", "Success", "", `"/data/c/a/b.csv"`, ""},
	}, a.rows("StorageBlobLogs | project Category, OperationName, StatusCode, StatusText, RequesterObjectId, "+
		"ObjectKey, Uri | order by Category asc"))
}

// Append without a diagnostic setting writes nothing and succeeds.
func TestAppendWithoutASettingWritesNothing(t *testing.T) {
	a := newAzure(t)
	require.NoError(t, logs.Append(a.Server(), blobService, "StorageRead", map[string]any{"OperationName": "GetBlob"}))
	a.absent("StorageBlobLogs")
}

// Rows end with the workspace's retention.
func TestRetention(t *testing.T) {
	a := newAzure(t)
	a.watch(account, "", "Shares")
	a.share("old")
	a.Elapse(29 * 24 * time.Hour)
	a.share("new")
	require.Len(t, a.rows("MicrosoftDataShareShareLog"), 2)
	a.Elapse(2 * 24 * time.Hour)
	require.Equal(t, [][]any{{"new"}}, a.rows("MicrosoftDataShareShareLog | project OperationName"),
		"Ensure 30 days are the default")
	a.share("newest") // drops expired rows
	a.workspace(`{"retentionInDays":60}`)
	require.Len(t, a.rows("MicrosoftDataShareShareLog"), 2, "Ensure a longer retention brings nothing back")
}

// A workspace that has had its daily quota takes no rows until the next day, and shows that.
func TestDailyQuota(t *testing.T) {
	a := newAzure(t)
	a.workspace(`{"workspaceCapping":{"dailyQuotaGb":0.023}}`)
	a.watch(account, "", "Shares")
	status := func() any {
		workspace := a.Contoso.Get(workspaceID + workspaceVersion).OK()
		return jsonbody.Object(workspace.Properties(), "workspaceCapping")["dataIngestionStatus"]
	}
	a.share("first")
	require.Equal(t, "RespectQuota", status())
	a.share(strings.Repeat("x", 24_000_000)) // more than the quota in one row
	a.share("too much")
	require.Len(t, a.rows("MicrosoftDataShareShareLog | project strlen(OperationName)"), 2)
	require.Equal(t, "OverQuota", status())
	a.Elapse(24 * time.Hour)
	require.Equal(t, "RespectQuota", status())
	a.share("the next day")
	require.Len(t, a.rows("MicrosoftDataShareShareLog | project strlen(OperationName)"), 3)
}

// A workspace that is recovered has its rows; one that is deleted by force has lost them.
func TestRowsOfADeletedWorkspace(t *testing.T) {
	a := newAzure(t)
	a.watch(account, "", "Shares")
	a.share("kept")
	remove := func(query string) {
		a.Contoso.Delete(workspaceID + workspaceVersion + query).OK()
	}
	remove("")
	a.share("lost") // the setting stays, its workspace is gone
	status, out := a.ask(a.deployer, "MicrosoftDataShareShareLog", "")
	require.Equal(t, http.StatusNotFound, status)
	require.Equal(t, "WorkspaceNotFoundError", codeOf(out))
	a.workspace(`{}`)
	require.Equal(t, [][]any{{"kept"}}, a.rows("MicrosoftDataShareShareLog | project OperationName"))
	remove("&force=true")
	a.workspace(`{}`)
	a.absent("MicrosoftDataShareShareLog")
}

// The answer has the published shape, also without rows. GET and POST give the same answer.
func TestAnswersHaveThePublishedShape(t *testing.T) {
	a := newAzure(t)
	a.watch(account, "", "Shares")
	a.share("one")
	query := `MicrosoftDataShareShareLog | summarize n = count(), last = max(TimeGenerated),
		names = make_set(OperationName), share = avg(1.5), d = max(1d), ok = max(true)`
	status, out := a.ask(a.deployer, query, "")
	require.Equal(t, http.StatusOK, status, "%v", out)
	table, _ := out["tables"].([]any)[0].(map[string]any)
	require.Equal(t, "PrimaryResult", table["name"])
	require.Equal(t, []any{
		map[string]any{"name": "n", "type": "long"}, map[string]any{"name": "last", "type": "datetime"},
		map[string]any{"name": "names", "type": "dynamic"},
		map[string]any{"name": "share", "type": "real"}, map[string]any{"name": "d", "type": "timespan"},
		map[string]any{"name": "ok", "type": "bool"},
	}, table["columns"])
	row := rowsOf(out)[0]
	_, err := time.Parse(time.RFC3339Nano, row[1].(string))
	require.NoError(t, err)
	require.Equal(t, []any{1.0, `["one"]`, 1.5, "1.00:00:00", true}, []any{row[0], row[2], row[3], row[4], row[5]})

	status, got := a.send(http.MethodGet, "/v1/workspaces/"+a.customerID+"/query?query="+url.QueryEscape(query),
		a.Token(a.deployer, logs.Audiences[1]), "")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, out, got)
	status, out = a.ask(a.deployer, "MicrosoftDataShareShareLog | where false | project OperationName", "")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, []any{}, out["tables"].([]any)[0].(map[string]any)["rows"])
}

// A timespan bounds the rows that a query sees.
func TestTimespan(t *testing.T) {
	a := newAzure(t)
	a.watch(account, "", "Shares")
	a.share("old")
	began := time.Now().UTC()
	a.Elapse(48 * time.Hour)
	a.share("new")
	at := func(d time.Duration) string { return began.Add(d).Format(time.RFC3339) }
	for span, want := range map[string]int{
		"": 2, "P1D": 1, "PT72H": 2, at(-time.Hour) + "/" + at(time.Hour): 1, at(-time.Hour) + "/P7D": 2,
		"P1D/" + at(49*time.Hour): 1,
	} {
		status, out := a.ask(a.deployer, "MicrosoftDataShareShareLog", span)
		require.Equal(t, http.StatusOK, status, "%v", out)
		require.Len(t, rowsOf(out), want, span)
	}
	status, out := a.ask(a.deployer, "MicrosoftDataShareShareLog", "yesterday")
	require.Equal(t, http.StatusBadRequest, status)
	require.Equal(t, "BadArgumentError", codeOf(out))
}

// Queries need the permission to read the workspace.
func TestQueriesNeedATokenAndARole(t *testing.T) {
	a := newAzure(t)
	path := "/v1/workspaces/" + a.customerID + "/query"
	body := `{"query":"AzureDiagnostics"}`
	for name, c := range map[string]struct {
		path, token string
		status      int
		code        string
	}{
		"no token": {path, "", http.StatusUnauthorized, "AuthorizationRequiredError"},
		"another audience": {path, a.Token(a.deployer, management), http.StatusUnauthorized,
			"InvalidTokenError"},
		"no token of ours": {path, "abc", http.StatusUnauthorized, "InvalidTokenError"},
		"no role": {path, a.Token(a.stranger, logs.Audiences[0]), http.StatusForbidden,
			"InsufficientAccessError"},
		"another armtest.Tenant": {path, a.Token(a.foreigner, logs.Audiences[0]), http.StatusForbidden,
			"InsufficientAccessError"},
		"another workspace": {"/v1/workspaces/" + armtest.Tenant + "/query", a.Token(a.deployer, logs.Audiences[0]),
			http.StatusNotFound, "WorkspaceNotFoundError"},
		"another path": {"/v1/apps/1/query", a.Token(a.deployer, logs.Audiences[0]), http.StatusNotFound,
			"PathNotFoundError"},
	} {
		t.Run(name, func(t *testing.T) {
			status, out := a.send(http.MethodPost, c.path, c.token, body)
			require.Equal(t, c.status, status)
			require.Equal(t, c.code, codeOf(out))
		})
	}
	a.Grant(a.stranger, roles.Reader, workspaceID)
	status, out := a.ask(a.stranger, "print 1", "")
	require.Equal(t, http.StatusOK, status, "%v", out)
}

// The error of an invalid query names the fault.
func TestInvalidQueries(t *testing.T) {
	a := newAzure(t)
	inner := func(query string) map[string]any {
		status, out := a.ask(a.deployer, query, "")
		require.Equal(t, http.StatusBadRequest, status)
		require.Equal(t, "BadArgumentError", codeOf(out))
		e, _ := out["error"].(map[string]any)["innererror"].(map[string]any)
		return e
	}
	syntax := inner("AzureDiagnostics | where\n  >")
	require.Equal(t, "SyntaxError", syntax["code"])
	require.Equal(t, 2.0, syntax["innererror"].(map[string]any)["line"])
	semantic := inner("print Here = 1 | where Absent == 1")
	require.Equal(t, "SemanticError", semantic["code"])
	require.Contains(t, semantic["innererror"].(map[string]any)["message"], "'Absent'")
	require.Equal(t, "InvalidArgument", inner("  ")["code"])
	status, _ := a.send(http.MethodPost, "/v1/workspaces/"+a.customerID+"/query",
		a.Token(a.deployer, logs.Audiences[0]), "{")
	require.Equal(t, http.StatusBadRequest, status)
}

// A table resolves from its first row on, and until thirty days after its last, however long rows are kept.
func TestTablesResolveWhileTheyHaveRows(t *testing.T) {
	const table, day = "MicrosoftDataShareShareLog", 24 * time.Hour
	a := newAzure(t)
	a.watch(account, "", "Shares")
	a.absent(table)
	a.share("first")
	require.Len(t, a.rows(table), 1)
	a.Elapse(29 * day)
	a.share("second")
	a.Elapse(29 * day)
	require.Len(t, a.rows(table), 1, "the first is past the retention")
	a.Elapse(3 * day)
	a.absent(table)
	fuzzy := "union isfuzzy=true (datatable(OperationName: string)[]), (" + table + " | project OperationName)"
	require.Empty(t, a.rows(fuzzy))
	a.share("third")
	require.Equal(t, [][]any{{"third"}}, a.rows(fuzzy))

	own := func(id string) string { return fmt.Sprintf(`workspace("%s").%s | project OperationName`, id, table) }
	for _, id := range []string{a.customerID, workspaceID, "WATCH"} {
		require.Equal(t, [][]any{{"third"}}, a.rows(own(id)), id)
	}
	status, out := a.ask(a.deployer, own(armtest.Tenant), "")
	require.Equal(t, http.StatusBadRequest, status, "%v", out)
}
