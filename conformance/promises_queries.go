package conformance

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/monitor/armmonitor"
	"github.com/stretchr/testify/require"
)

// LogsService is where a cloud configuration has the query API of Azure Monitor's logs, as the official query client
// names it. Where it is missing, Azure's public one is asked.
const LogsService cloud.ServiceName = "azquery/Logs"

const (
	areaQueries     = "Log queries"
	docsQueries     = "https://learn.microsoft.com/azure/azure-monitor/logs/api/overview"
	docsQueryErrors = "https://learn.microsoft.com/azure/azure-monitor/logs/api/errors"
	docsQueryFormat = "https://learn.microsoft.com/azure/azure-monitor/logs/api/response-format"
)

// logsEndpoint is the base URL of the query API and what its tokens are for.
func (t *T) logsEndpoint() (url, audience string) {
	if s, ok := t.Env.Cloud.Services[LogsService]; ok {
		return s.Endpoint, s.Audience
	}
	return "https://api.loganalytics.io/v1", "https://api.loganalytics.io"
}

// query asks a workspace. The answer is returned with any status.
func (t *T) query(o *Org, audience, workspace, text string) (*http.Response, object) {
	t.Helper()
	endpoint, _ := t.logsEndpoint()
	options := t.clientOptions()
	p := runtime.NewPipeline("conformance", "v1.0.0", runtime.PipelineOptions{
		PerRetry: []policy.Policy{runtime.NewBearerTokenPolicy(o.Credential,
			[]string{strings.TrimSuffix(audience, "/") + "/.default"}, nil)},
	}, &options)
	req, err := runtime.NewRequest(t.ctx(), http.MethodPost, endpoint+"/workspaces/"+workspace+"/query")
	require.NoError(t, err)
	require.NoError(t, runtime.MarshalAsJSON(req, object{"query": text}))
	res, err := p.Do(req)
	require.NoError(t, err)
	var out object
	require.NoError(t, runtime.UnmarshalAsJSON(res, &out))
	return res, out
}

// customer is a new workspace's id for queries.
func (t *T) customer() (workspace, customer string) {
	t.Helper()
	o := t.Env.Provider
	workspace = t.inGroup(o, workspaceType, t.name(20))
	t.made(o, workspace, workspaceVersion, t.workspaceBody())
	customer = text(t.there(o, workspace, workspaceVersion), "properties", "customerId")
	require.NotEmpty(t, customer)
	return workspace, customer
}

// refusedQuery asserts a refusal by the query API, whose errors carry the code in their body alone.
func (t *T) refusedQuery(res *http.Response, out object, status int, code string) {
	t.Helper()
	require.Equal(t, code, text(out, "error", "code"), out)
	require.Equal(t, status, res.StatusCode, out)
}

// queryPromises are about the query API of workspaces, as far as the saved queries and the checks use it.
func queryPromises() []Promise {
	return []Promise{
		{
			Name: "tables", Area: areaQueries, Source: docsQueryFormat,
			Statement: "A query answers a table with its columns, their types, and its rows.",
			Test: func(t *T) {
				_, customer := t.customer()
				_, audience := t.logsEndpoint()
				res, out := t.query(t.Env.Provider, audience, customer, "union isfuzzy=true (datatable(StatusCode: "+
					"string)[]), (StorageBlobLogs | project StatusCode) | summarize Requests = count() by StatusCode")
				require.Equal(t, http.StatusOK, res.StatusCode, out)
				tables, _ := out["tables"].([]any)
				require.Len(t, tables, 1)
				require.Equal(t, "PrimaryResult", text(tables[0], "name"))
				columns, _ := at(tables[0], "columns").([]any)
				require.Len(t, columns, 2)
				require.Equal(t, "StatusCode", text(columns[0], "name"))
				require.Equal(t, "string", text(columns[0], "type"))
				require.Equal(t, "Requests", text(columns[1], "name"))
				require.Equal(t, "long", text(columns[1], "type"))
				require.Empty(t, at(tables[0], "rows"))
			},
		},
		{
			Name: "what was logged", Area: areaQueries,
			Source: "https://learn.microsoft.com/azure/storage/blobs/monitor-blob-storage",
			Statement: "What a diagnostic setting sends to a workspace is found there by a query: a refused read of " +
				"a blob, with its caller and status.",
			Test: queriedReads,
		},
		{
			Name: "wrong syntax", Area: areaQueries, Source: docsQueryErrors, Code: "BadArgumentError",
			Statement: "A query that cannot be parsed is refused, with the place where the parser stopped.",
			Test: func(t *T) {
				_, customer := t.customer()
				_, audience := t.logsEndpoint()
				res, out := t.query(t.Env.Provider, audience, customer, "StorageBlobLogs | where")
				t.refusedQuery(res, out, http.StatusBadRequest, "BadArgumentError")
				require.NotEmpty(t, text(out, "error", "innererror", "code"))
			},
		},
		{
			Name: "no such table", Area: areaQueries, Source: docsQueryErrors, Code: "BadArgumentError",
			Statement: "A query of a table that does not exist is refused.",
			Test: func(t *T) {
				_, customer := t.customer()
				_, audience := t.logsEndpoint()
				res, out := t.query(t.Env.Provider, audience, customer, "NoSuchTable_CL | take 1")
				t.refusedQuery(res, out, http.StatusBadRequest, "BadArgumentError")
			},
		},
		{
			Name: "table without rows", Area: areaQueries, Undocumented: true,
			Source: "https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-troubleshoot-log",
			Statement: "A table that never had rows does not resolve in a new workspace; a fuzzy union leaves it " +
				"out, and " +
				"workspace() names a table of a workspace.",
			Test: func(t *T) {
				_, customer := t.customer()
				_, audience := t.logsEndpoint()
				const empty = "(datatable(StatusCode: string)[])"
				for query, status := range map[string]int{
					"StorageBlobLogs": http.StatusBadRequest,
					"union isfuzzy=true StorageBlobLogs, AZKVAuditLogs":                        http.StatusBadRequest,
					"union isfuzzy=true " + empty + ", (StorageBlobLogs | project StatusCode)": http.StatusOK,
					fmt.Sprintf(`union isfuzzy=true %s, (workspace("%s").StorageBlobLogs | project StatusCode)`, empty,
						customer): http.StatusOK,
				} {
					res, out := t.query(t.Env.Provider, audience, customer, query)
					require.Equal(t, status, res.StatusCode, "%s: %v", query, out)
				}
			},
		},
		{
			Name: "token of another audience", Area: areaQueries, Source: docsQueryErrors, Code: "InvalidTokenError",
			Statement: "A token for storage opens no workspace.",
			Test: func(t *T) {
				_, customer := t.customer()
				res, out := t.query(t.Env.Provider, "https://storage.azure.com", customer, "StorageBlobLogs")
				t.refusedQuery(res, out, http.StatusUnauthorized, "InvalidTokenError")
			},
		},
		{
			Name: "no role, no rows", Area: areaQueries, Source: docsQueryErrors, Code: "InsufficientAccessError",
			Needs:     []Need{Stranger},
			Statement: "A principal without a role on a workspace reads nothing from it.",
			Test: func(t *T) {
				_, customer := t.customer()
				_, audience := t.logsEndpoint()
				res, out := t.query(t.Env.Stranger, audience, customer, "StorageBlobLogs")
				t.refusedQuery(res, out, http.StatusForbidden, "InsufficientAccessError")
			},
		},
		{
			Name: "union", Area: "Microsoft.Insights/scheduledQueryRules", Undocumented: true,
			Source: "https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-log-query",
			Statement: "A rule cannot use search, nor union other than of tables that are named with their " +
				"workspace. " +
				"(Others deploy rules with union all the same: this is the stricter reading.)",
			Test: func(t *T) {
				workspace, customer := t.customer()
				rule := func(query string) object {
					return with(with(t.ruleBody(), []any{workspace}, "properties", "scopes"),
						[]any{object{"query": query,
							"timeAggregation": "Count", "operator": "GreaterThan", "threshold": 0}}, "properties",
						"criteria",
						"allOf")
				}
				id := t.inGroup(t.Env.Provider, "Microsoft.Insights/scheduledQueryRules", t.name(20))
				for _, query := range []string{"search 'x'", "union AzureDiagnostics, AZKVAuditLogs"} {
					_, err := t.put(t.Env.Provider, id, ruleVersion, rule(query))
					t.refusedSomehow(err)
				}
				t.made(t.Env.Provider, id, ruleVersion, rule(fmt.Sprintf(`union isfuzzy=true
					(datatable(Category: string)[]),
					(workspace("%s").AzureDiagnostics | project Category)`, customer)))
			},
		},
		{
			Name: "validated query", Area: "Microsoft.Insights/scheduledQueryRules", Undocumented: true,
			Source:    "https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-troubleshoot-log",
			Statement: "A rule on a table that never had rows is refused unless it skips the validation of its query.",
			Test: func(t *T) {
				workspace, _ := t.customer()
				body := with(t.ruleBody(), []any{workspace}, "properties", "scopes")
				id := t.inGroup(t.Env.Provider, "Microsoft.Insights/scheduledQueryRules", t.name(20))
				_, err := t.put(t.Env.Provider, id, ruleVersion, with(body, false, "properties", "skipQueryValidation"))
				t.refusedSomehow(err)
				t.made(t.Env.Provider, id, ruleVersion, body)
			},
		},
		{
			Name: "disabled after a week", Area: "Microsoft.Insights/scheduledQueryRules", Needs: []Need{Clock},
			Source: "https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-troubleshoot-log",
			Statement: "A rule whose query has failed for a week, as its table has no rows, is disabled; writing it " +
				"enables it again.",
			Test: func(t *T) {
				workspace, _ := t.customer()
				body := with(t.ruleBody(), []any{workspace}, "properties", "scopes")
				id := t.inGroup(t.Env.Provider, "Microsoft.Insights/scheduledQueryRules", t.name(20))
				enabled := func() any {
					return at(t.there(t.Env.Provider, id, ruleVersion), "properties", "enabled")
				}
				t.made(t.Env.Provider, id, ruleVersion, body)
				t.pass(6 * day)
				require.Equal(t, true, enabled())
				t.pass(2 * day)
				require.Equal(t, false, enabled())
				t.made(t.Env.Provider, id, ruleVersion, body)
				require.Equal(t, true, enabled())
			},
		},
		{
			Name: "category", Area: "Microsoft.Insights/activityLogAlerts", Undocumented: true,
			Source:    docsInsightsREST + "activity-log-alerts/create-or-update",
			Statement: "An activity log alert says of which category its events are, and examines known fields only.",
			Test: func(t *T) {
				o := t.Env.Provider
				body := t.activityAlertBody(groupID(o, t.group(o)))
				id := t.inGroup(o, "Microsoft.Insights/activityLogAlerts", t.name(20))
				for _, conditions := range [][]any{
					{object{"field": "status", "equals": "Succeeded"}},
					{object{"field": "category", "equals": "Administrative"},
						object{"field": "weather", "equals": "fine"}},
				} {
					_, err := t.put(o, id, activityAlertVersion,
						with(body, conditions, "properties", "condition", "allOf"))
					t.refusedSomehow(err)
				}
			},
		},
		{
			Name: "revocation", Area: "Microsoft.Insights/activityLogAlerts",
			Source: "https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-create-activity-log-alert-rule",
			Statement: "The revocation of a share subscription is in the provider's activity log, and raises an " +
				"alert " +
				"of a rule that asks for it.",
			Test: revocationRaisesAlert,
		},
		{
			Name: "fires and resolves", Area: "Microsoft.Insights/scheduledQueryRules",
			Source: "https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-overview", Needs: []Need{Clock},
			Statement: "A rule whose condition is met raises an alert at its next evaluation, which resolves when " +
				"the condition is met no more.",
			Test: alertFires,
		},
	}
}

// revocationRaisesAlert revokes a consumer's access while a rule watches the provider's account.
func revocationRaisesAlert(t *T) {
	o := t.Env.Provider
	began := time.Now().Add(-time.Minute)
	r := t.receive("Blob")
	account := r.share[:strings.Index(r.share, "/shares/")]
	rule := t.inGroup(o, "Microsoft.Insights/activityLogAlerts", t.name(20))
	t.made(o, rule, activityAlertVersion, t.activityAlertBody(account))
	t.revoke(r.share)
	t.eventually("the revocation to be in the activity log", func() bool {
		events := pages[*armmonitor.EventData](t, t.monitor(o).NewActivityLogsClient().NewListPager(fmt.Sprintf(
			"eventTimestamp ge '%s' and resourceProvider eq 'Microsoft.DataShare'",
			began.UTC().Format(time.RFC3339)), nil))
		return slices.ContainsFunc(events, func(e *armmonitor.EventData) bool {
			return strings.EqualFold(*e.OperationName.Value,
				"Microsoft.DataShare/accounts/shares/providerShareSubscriptions/revoke/action") &&
				strings.HasPrefix(strings.ToLower(*e.ResourceID), strings.ToLower(r.share)) &&
				*e.Status.Value == "Succeeded"
		})
	})
	t.eventually("the alert", func() bool {
		res, out := t.request(o, http.MethodGet, "/subscriptions/"+o.Subscription+
			"/providers/Microsoft.AlertsManagement/alerts?api-version=2019-05-05-preview", nil)
		require.Equal(t, http.StatusOK, res.StatusCode, out)
		alerts, _ := out["value"].([]any)
		return slices.ContainsFunc(alerts, func(a any) bool {
			return strings.EqualFold(text(a, "properties", "essentials", "alertRule"), rule)
		})
	})
}

// alertFires lets a rule look at refused reads of blobs.
func alertFires(t *T) {
	o := t.Env.Provider
	workspace, customer := t.customer()
	account := t.ownAccount(o)
	id := t.containerIn(o, account)
	t.made(o, settingID(account+"/blobServices/default", "reads"), diagnosticsVersion,
		object{"properties": object{"workspaceId": workspace,
			"logs": []any{object{"category": "StorageRead", "enabled": true}}}})
	const query = `StorageBlobLogs | where OperationName == "GetBlob"`
	rule := t.inGroup(o, "Microsoft.Insights/scheduledQueryRules", t.name(20))
	body := with(t.ruleBody(), []any{workspace}, "properties", "scopes")
	for key, value := range map[string]any{
		"evaluationFrequency": "PT5M", "windowSize": "PT5M", "autoMitigate": true,
		"criteria": object{"allOf": []any{object{
			"query": query, "timeAggregation": "Count", "operator": "GreaterThan", "threshold": 0,
		}}},
	} {
		body = with(body, value, "properties", key)
	}
	t.made(o, rule, ruleVersion, body)
	raised := func() (conditions []string) {
		res, out := t.request(o, http.MethodGet, "/subscriptions/"+o.Subscription+
			"/providers/Microsoft.AlertsManagement/alerts?api-version=2019-05-05-preview", nil)
		require.Equal(t, http.StatusOK, res.StatusCode, out)
		alerts, _ := out["value"].([]any)
		for _, a := range alerts {
			if strings.EqualFold(text(a, "properties", "essentials", "alertRule"), rule) {
				conditions = append(conditions, text(a, "properties", "essentials", "monitorCondition"))
			}
		}
		return conditions
	}
	t.pass(10 * time.Minute)
	require.Empty(t, raised())
	_, audience := t.logsEndpoint()
	t.eventually("the read is in the workspace", func() bool {
		_, err := t.bearerBlobs(o, t.blobEndpoint(o, account)).DownloadStream(t.ctx(), nameOf(id), "absent.csv", nil)
		require.Error(t, err)
		res, out := t.query(o, audience, customer, query)
		if res.StatusCode == http.StatusBadRequest { // the table has no rows yet
			return false
		}
		tables, _ := out["tables"].([]any)
		rows, _ := at(tables[0], "rows").([]any)
		return len(rows) > 0
	})
	t.pass(6 * time.Minute)
	require.Equal(t, []string{"Fired"}, raised())
	t.pass(time.Hour)
	require.Equal(t, []string{"Resolved"}, raised())
}

func queriedReads(t *T) {
	o := t.Env.Provider
	workspace, customer := t.customer()
	account := t.ownAccount(o)
	id := t.containerIn(o, account)
	t.made(o, settingID(account+"/blobServices/default", "reads"), diagnosticsVersion,
		object{"properties": object{"workspaceId": workspace,
			"logs": []any{object{"category": "StorageRead", "enabled": true}}}})
	_, audience := t.logsEndpoint()
	t.eventually("the read is in the workspace", func() bool {
		_, err := t.bearerBlobs(o, t.blobEndpoint(o, account)).DownloadStream(t.ctx(), nameOf(id), "absent.csv", nil)
		require.Error(t, err)
		res, out := t.query(o, audience, customer,
			`StorageBlobLogs | where OperationName == "GetBlob"
					| project ObjectKey, StatusCode, AuthenticationType | take 1`)
		if res.StatusCode == http.StatusBadRequest { // the table has no rows yet
			return false
		}
		require.Equal(t, http.StatusOK, res.StatusCode, out)
		tables, _ := out["tables"].([]any)
		rows, _ := at(tables[0], "rows").([]any)
		if len(rows) == 0 {
			return false
		}
		row, _ := rows[0].([]any)
		require.Len(t, row, 3)
		require.Contains(t, row[0], "/"+nameOf(id)+"/absent.csv")
		require.Contains(t, []any{"403", "404"}, row[1], "refused, with or without a role on the data")
		require.Equal(t, "OAuth", row[2])
		return true
	})
}
