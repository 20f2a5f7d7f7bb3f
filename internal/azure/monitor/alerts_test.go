package monitor_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/monitor/armmonitor"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/armtest"
)

const (
	actionGroupVersion = "2023-01-01"
	ruleVersion        = "2023-03-15-preview"
	workbookVersion    = "2022-04-01"
	actionGroup        = providers + "Microsoft.Insights/actionGroups/operators"
	rule               = providers + "Microsoft.Insights/scheduledQueryRules/failed-snapshots"
	workbooks          = providers + "Microsoft.Insights/workbooks/"
)

const goodActionGroup = `{"location":"Global","properties":{"groupShortName":"ops","enabled":true,
	"emailReceivers":[{"name":"Ada","emailAddress":"ada@contoso.com"}],
	"webhookReceivers":[{"name":"hook","serviceUri":"https://hooks.contoso.com/x"}]}}`

func TestAnActionGroupActivatesItsReceivers(t *testing.T) {
	a := newAzure(t)
	a.ok(http.MethodPut, actionGroup, actionGroupVersion, goodActionGroup)
	got := a.ok(http.MethodGet, actionGroup, actionGroupVersion, "")
	assert.Equal(t, "global", got["location"])
	mail := props(got)["emailReceivers"].([]any)[0].(map[string]any)
	assert.Equal(t, "Enabled", mail["status"])
	assert.Equal(t, false, mail["useCommonAlertSchema"])
	assert.Equal(t, []any{}, props(got)["smsReceivers"])
	hook := props(got)["webhookReceivers"].([]any)[0].(map[string]any)
	assert.NotContains(t, hook, "serviceUri", "a webhook's URL is a secret")
}

func TestAnActionGroupIsRefusedAsAzureRefusesIt(t *testing.T) {
	a := newAzure(t)
	for name, c := range map[string]struct{ body, code string }{
		"region": {`{"location":"eastus","properties":{"groupShortName":"ops","enabled":true}}`,
			"LocationNotAvailableForResourceType"},
		"short name": {`{"location":"global","properties":{"groupShortName":"longer than twelve","enabled":true}}`,
			"InvalidRequestContent"},
		"empty name": {`{"location":"global","properties":{"groupShortName":"","enabled":true}}`,
			"InvalidActionGroup"},
		"repeated name": {`{"location":"global","properties":{"groupShortName":"ops","enabled":true,
			"emailReceivers":[{"name":"A","emailAddress":"a@contoso.com"}],
			"smsReceivers":[{"name":"a","countryCode":"1","phoneNumber":"5550100"}]}}`, "ReceiverNameIsNotUnique"},
		"e-mail": {`{"location":"global","properties":{"groupShortName":"ops","enabled":true,
			"emailReceivers":[{"name":"A","emailAddress":"Ada <ada@contoso.com>"}]}}`, "InvalidEmailAddress"},
		"webhook": {`{"location":"global","properties":{"groupShortName":"ops","enabled":true,
			"webhookReceivers":[{"name":"A","serviceUri":"ftp://contoso.com"}]}}`, "InvalidServiceUri"},
		"unknown setting": {`{"location":"global","properties":{"groupShortName":"ops","enabled":true,"colour":"red"}}`,
			"InvalidRequestContent"},
	} {
		code, _ := a.refused(http.MethodPut, actionGroup, actionGroupVersion, c.body)
		assert.Equal(t, c.code, code, name)
	}
}

// aRule is the body of a good rule, as changed.
func aRule(change func(rule, properties, condition map[string]any)) string {
	condition := map[string]any{"query": "MicrosoftDataShareSentSnapshotLog | where Status == 'Failed'",
		"timeAggregation": "Count", "operator": "GreaterThan", "threshold": 0}
	properties := map[string]any{
		"scopes": []any{workspaceID}, "severity": 1, "evaluationFrequency": "PT15M", "windowSize": "PT1H",
		"criteria": map[string]any{"allOf": []any{condition}},
		"actions":  map[string]any{"actionGroups": []any{actionGroup}},
		// The workspace has no tables yet.
		"skipQueryValidation": true,
	}
	rule := map[string]any{"location": "eastus", "properties": properties}
	if change != nil {
		change(rule, properties, condition)
	}
	raw, _ := json.Marshal(rule) // maps of plain values
	return string(raw)
}

func alerting(t *testing.T) *azure {
	a := newAzure(t)
	a.workspace()
	a.ok(http.MethodPut, actionGroup, actionGroupVersion, goodActionGroup)
	return a
}

func TestARuleIsCompletedWithWhatAzureComputes(t *testing.T) {
	a := alerting(t)
	a.ok(http.MethodPut, rule, ruleVersion, aRule(nil))
	got := a.ok(http.MethodGet, rule, ruleVersion, "")
	p := props(got)
	assert.Equal(t, "LogAlert", got["kind"])
	assert.Equal(t, true, p["autoMitigate"])
	assert.Equal(t, true, p["enabled"])
	assert.Equal(t, ruleVersion, p["createdWithApiVersion"])
	assert.Equal(t, false, p["isLegacyLogAnalyticsRule"])
	assert.Equal(t, false, p["isWorkspaceAlertsStorageConfigured"])
	a.ok(http.MethodPatch, rule, ruleVersion, `{"properties":{"enabled":false}}`)
	assert.Equal(t, false, props(a.ok(http.MethodGet, rule, ruleVersion, ""))["enabled"])
	a.ok(http.MethodDelete, rule, ruleVersion, "")
	status := a.do(http.MethodGet, rule, ruleVersion, "").Status
	assert.Equal(t, http.StatusNotFound, status)
}

func TestARuleIsRefusedAsAzureRefusesIt(t *testing.T) {
	a := alerting(t)
	type m = map[string]any
	for name, c := range map[string]struct {
		change        func(r, p, c m)
		code, message string
	}{
		"no such workspace": {func(_, p, _ m) { p["scopes"] = []any{workspaces + "gone"} }, "ResourceNotFound",
			"gone"},
		"another subscription": {func(_, p, _ m) { p["scopes"] = []any{"/subscriptions/" + armtest.OtherSubscription} },
			"LinkedAuthorizationFailed", "query/read"},
		"two scopes": {func(_, p, _ m) { p["scopes"] = []any{workspaceID, workspaceID} }, "BadRequest",
			"exactly one scope"},
		"window": {func(_, p, _ m) { p["windowSize"] = "P3D" }, "BadRequest",
			"Supported granularities are: 1, 5, 10, 15, 30, 45, 60, 120, 180, 240, 300, 360, 1440, 2880"},
		"frequency": {func(_, p, _ m) { p["evaluationFrequency"] = "PT7M" }, "BadRequest",
			"properties.evaluationFrequency"},
		"no duration": {func(_, p, _ m) { p["windowSize"] = "1h" }, "BadRequest", "ISO 8601"},
		"frequency over window": {func(_, p, _ m) { p["evaluationFrequency"] = "PT2H" }, "BadRequest",
			"EvaluationFrequency cannot be greater"},
		"severity":     {func(_, p, _ m) { p["severity"] = 5 }, "InvalidRequestContent", "severity"},
		"no severity":  {func(_, p, _ m) { delete(p, "severity") }, "BadRequest", "properties.severity"},
		"empty query":  {func(_, _, c m) { c["query"] = " " }, "BadRequest", "query"},
		"no threshold": {func(_, _, c m) { delete(c, "threshold") }, "BadRequest", "threshold"},
		"no column": {func(_, _, c m) { c["timeAggregation"] = "Average" }, "BadRequest",
			"metricMeasureColumn"},
		"periods": {func(_, _, c m) {
			c["failingPeriods"] = m{"numberOfEvaluationPeriods": 2, "minFailingPeriodsToAlert": 3}
		}, "BadRequest", "failingPeriods"},
		"no action group": {func(_, p, _ m) { p["actions"] = m{"actionGroups": []any{actionGroup + "-gone"}} },
			"ResourceNotFound", "operators-gone"},
		"muted and resolved": {func(_, p, _ m) { p["muteActionsDuration"] = "PT1H" }, "BadRequest", "autoMitigate"},
		"muted too briefly": {func(_, p, _ m) { p["muteActionsDuration"], p["autoMitigate"] = "PT5M", false },
			"BadRequest", "MuteActionsDuration"},
		"table without rows": {func(_, p, _ m) { p["skipQueryValidation"] = false }, "BadRequest",
			"named 'MicrosoftDataShareSentSnapshotLog'"},
		"union": {func(_, _, c m) {
			c["query"] = "union isfuzzy=true (datatable(Status: string)[]), MicrosoftDataShareSentSnapshotLog"
		}, "BadRequest", "'union'"},
		"union in a step": {func(_, _, c m) {
			c["query"] = `workspace("w").AZKVAuditLogs | union AzureDiagnostics`
		}, "BadRequest", "'union'"},
		"union in a let": {func(_, _, c m) {
			c["query"] = "let all = union AZKVAuditLogs, AzureDiagnostics; all | where true"
		}, "BadRequest", "'union'"},
		"union beyond what is read here": {func(_, _, c m) {
			c["query"] = "union withsource=t * | evaluate autocluster()"
		}, "BadRequest", "'union'"},
		"search": {func(_, _, c m) {
			c["query"] = "search in (AZKVAuditLogs) 'x'"
		}, "BadRequest", "'search'"},
		"metric without name": {func(r, _, _ m) { r["kind"] = "LogToMetric" }, "BadRequest", "metricName"},
	} {
		code, message := a.refused(http.MethodPut, rule, ruleVersion, aRule(c.change))
		assert.Equal(t, c.code, code, "%s: %s", name, message)
		assert.Contains(t, message, c.message, name)
	}
}

func TestTheOfficialAlertClientsWork(t *testing.T) {
	a := alerting(t)
	ctx := context.Background()
	groups, err := armmonitor.NewActionGroupsClient(armtest.Subscription, a.Contoso, a.ClientOptions())
	require.NoError(t, err)
	g, err := groups.Get(ctx, armtest.GroupName, "operators", nil)
	require.NoError(t, err)
	require.Len(t, g.Properties.EmailReceivers, 1)
	assert.Equal(t, armmonitor.ReceiverStatusEnabled, *g.Properties.EmailReceivers[0].Status)

	rules, err := armmonitor.NewScheduledQueryRulesClient(armtest.Subscription, a.Contoso, a.ClientOptions())
	require.NoError(t, err)
	made, err := rules.CreateOrUpdate(ctx, armtest.GroupName, "failed-snapshots", armmonitor.ScheduledQueryRuleResource{
		Location: to.Ptr("eastus"),
		Properties: &armmonitor.ScheduledQueryRuleProperties{
			Scopes: []*string{to.Ptr(workspaceID)}, Severity: to.Ptr(armmonitor.AlertSeverityOne),
			EvaluationFrequency: to.Ptr("PT1H"), WindowSize: to.Ptr("P1D"), MuteActionsDuration: to.Ptr("P1D"),
			AutoMitigate: to.Ptr(false), SkipQueryValidation: to.Ptr(true),
			Criteria: &armmonitor.ScheduledQueryRuleCriteria{AllOf: []*armmonitor.Condition{{
				Query: to.Ptr("AzureDiagnostics"), TimeAggregation: to.Ptr(armmonitor.TimeAggregationCount),
				Operator: to.Ptr(armmonitor.ConditionOperatorGreaterThan), Threshold: to.Ptr(0.0),
			}}},
		},
	}, nil)
	require.NoError(t, err)
	assert.Equal(t, int64(1), *made.Properties.Criteria.AllOf[0].FailingPeriods.NumberOfEvaluationPeriods)
	list, err := rules.NewListByResourceGroupPager(armtest.GroupName, nil).NextPage(ctx)
	require.NoError(t, err)
	assert.Len(t, list.Value, 1)
}

func TestAWorkbookHasAGuidForANameAndJsonForContent(t *testing.T) {
	a := newAzure(t)
	const name, other = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff", "6f9619ff-8b86-4d01-b42d-00cf4fc964fe"
	body := func(title, content string) string {
		return fmt.Sprintf(`{"location":"eastus","properties":{"category":"workbook","displayName":%q,
			"serializedData":%q}}`, title, content)
	}
	good := body("Sharing", `{"version":"Notebook/1.0","items":[]}`)
	for path, body := range map[string]string{
		workbooks + "governance": good,
		workbooks + name:         body("Sharing", "not json"),
		workbooks + other:        body(" ", "{}"),
	} {
		code, _ := a.refused(http.MethodPut, path, workbookVersion, body)
		assert.Equal(t, "BadRequest", code, path)
	}
	first := a.ok(http.MethodPut, workbooks+name, workbookVersion, good)
	assert.Equal(t, "shared", first["kind"])
	for _, key := range []string{"timeModified", "userId", "revision", "version"} {
		assert.NotEmpty(t, props(first)[key], key)
	}
	second := a.ok(http.MethodPut, workbooks+name, workbookVersion, good)
	assert.NotEqual(t, props(first)["revision"], props(second)["revision"])
	a.ok(http.MethodDelete, workbooks+name, workbookVersion, "")
}
