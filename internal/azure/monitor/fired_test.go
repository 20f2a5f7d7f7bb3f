package monitor_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/armtest"
	"github.com/crossorg/crossorg/internal/azure/logs"
)

const (
	alertsID      = "/subscriptions/" + armtest.Subscription + "/providers/Microsoft.AlertsManagement/alerts"
	alertsVersion = "2019-05-05-preview"
)

// watching is a Data Share account that sends its logs to the workspace, and a rule about them.
func watching(t *testing.T, change func(rule, properties, condition map[string]any)) *azure {
	a := alerting(t)
	a.Plant(shareAccount)
	a.ok(http.MethodPut, shareAccount+settings+"all", diagnosticsVersion,
		toWorkspace(workspaceID, "SentShareSnapshots"))
	a.ok(http.MethodPut, rule, ruleVersion, aRule(change))
	return a
}

// snapshot logs a sent snapshot.
func (a *azure) snapshot(dataSet, status string, bytes int64) {
	a.T.Helper()
	id, err := arm.ParseID(shareAccount)
	require.NoError(a.T, err)
	a.Update(func(c *arm.Call) *arm.Error {
		return logs.WriteSent(c, id,
			logs.Snapshot{Synchronization: "1", DataSet: dataSet, Status: status, BytesWritten: bytes})
	})
}

// alerts are the essentials of the listed alerts.
func (a *azure) alerts(query string) []map[string]any {
	a.T.Helper()
	var out []map[string]any
	for _, v := range a.ok(http.MethodGet, alertsID+query, alertsVersion, "")["value"].([]any) {
		out = append(out, props(v.(map[string]any))["essentials"].(map[string]any))
	}
	return out
}

func at(t *testing.T, essentials map[string]any, key string) time.Time {
	t.Helper()
	when, err := time.Parse(time.RFC3339Nano, essentials[key].(string))
	require.NoError(t, err)
	return when
}

// An alert fires at the first evaluation that sees the failure, and resolves when the failure has left the window for
// two or three evaluations; it is one alert all the while.
func TestAnAlertFiresAndResolves(t *testing.T) {
	a := watching(t, nil)
	began := a.Server().Now()
	a.Elapse(5 * time.Minute)
	a.snapshot("d", "Succeeded", 1)
	a.Elapse(15 * time.Minute)
	require.Empty(t, a.alerts(""))
	a.snapshot("d", "Failed", 0)
	require.Empty(t, a.alerts(""), "Ensure nothing fires between evaluations")
	a.Elapse(15 * time.Minute)
	fired := a.alerts("")
	require.Len(t, fired, 1)
	assert.Equal(t, "Fired", fired[0]["monitorCondition"])
	assert.Equal(t, "Sev1", fired[0]["severity"])
	assert.Equal(t, rule, fired[0]["alertRule"])
	assert.Equal(t, workspaceID, fired[0]["targetResource"])
	assert.WithinDuration(t, began.Add(30*time.Minute), at(t, fired[0], "startDateTime"), time.Minute,
		"the second evaluation")

	a.Elapse(30 * time.Minute)
	require.Equal(t, fired, a.alerts(""), "Ensure it stays one alert while the failure is within the window")
	a.Elapse(90 * time.Minute)
	resolved := a.alerts("")
	require.Len(t, resolved, 1)
	assert.Equal(t, "Resolved", resolved[0]["monitorCondition"])
	assert.Equal(t, fired[0]["startDateTime"], resolved[0]["startDateTime"])
	// The failure leaves the window of an hour after the evaluation at 75 minutes; three quarters of an hour of quiet
	// follow.
	assert.WithinDuration(t, began.Add(120*time.Minute), at(t, resolved[0], "monitorConditionResolvedDateTime"),
		time.Minute)

	one := a.ok(http.MethodGet, alertsID, alertsVersion, "")["value"].([]any)[0].(map[string]any)
	assert.Equal(t, one, a.ok(http.MethodGet, one["id"].(string), alertsVersion, ""))
	code, _ := a.refused(http.MethodGet, alertsID+"/none", alertsVersion, "")
	assert.Equal(t, "NotFound", code)

	a.snapshot("d", "Failed", 0)
	a.Elapse(15 * time.Minute)
	require.Len(t, a.alerts(""), 2, "Ensure the next failure is another alert")
	require.Len(t, a.alerts("?monitorCondition=Fired"), 1)
	require.Empty(t, a.alerts("?severity=Sev4"))
}

// Alerts are listed for the last day unless another range is asked for, and kept for thirty days.
func TestAlertsAreListedByTime(t *testing.T) {
	a := watching(t, func(_, properties, _ map[string]any) { properties["evaluationFrequency"] = "PT1H" })
	a.Elapse(30 * time.Minute)
	a.snapshot("d", "Failed", 0)
	a.Elapse(48 * time.Hour)
	require.Empty(t, a.alerts(""))
	require.Len(t, a.alerts("?timeRange=7d"), 1)
	code, _ := a.refused(http.MethodGet, alertsID+"?timeRange=2d", alertsVersion, "")
	require.Equal(t, "BadRequest", code)
	a.Elapse(31 * 24 * time.Hour)
	require.Empty(t, a.alerts("?timeRange=30d"))
}

// A rule that is split by a column raises an alert for each value; one that measures a column compares its aggregate.
func TestAlertsBySplitAndMeasure(t *testing.T) {
	a := watching(t, func(_, properties, condition map[string]any) {
		condition["query"] = "MicrosoftDataShareSentSnapshotLog | extend Size = tolong(SizeWritten)"
		condition["timeAggregation"], condition["metricMeasureColumn"], condition["threshold"] = "Total", "Size", 100
		condition["dimensions"] = []any{map[string]any{"name": "DataSetName", "operator": "Include",
			"values": []any{"big", "small"}}}
	})
	a.snapshot("big", "Succeeded", 60)
	a.snapshot("big", "Succeeded", 60)
	a.snapshot("small", "Succeeded", 60)
	a.snapshot("other", "Succeeded", 600)
	a.Elapse(16 * time.Minute)
	listed := a.ok(http.MethodGet, alertsID, alertsVersion, "")["value"].([]any)
	require.Len(t, listed, 1)
	context := props(listed[0].(map[string]any))["context"].(map[string]any)
	assert.Equal(t, 120.0, context["metricValue"])
	assert.Equal(t, []any{map[string]any{"name": "DataSetName", "value": "big"}}, context["dimensions"])
}

// A rule that is not stateful raises an alert at every evaluation; one that is disabled, or whose query is not
// understood, raises none.
func TestStatelessAndSilentRules(t *testing.T) {
	a := watching(t, func(_, properties, _ map[string]any) { properties["autoMitigate"] = false })
	a.snapshot("d", "Failed", 0)
	a.Elapse(31 * time.Minute)
	require.Len(t, a.alerts(""), 2)
	for name, change := range map[string]func(rule, properties, condition map[string]any){
		"disabled": func(_, properties, _ map[string]any) { properties["enabled"] = false },
		"query out of reach": func(_, _, condition map[string]any) {
			condition["query"] = "SentLog | evaluate autocluster()"
		},
		"no such table":        func(_, _, condition map[string]any) { condition["query"] = "NoSuchTable" },
		"threshold not passed": func(_, _, condition map[string]any) { condition["threshold"] = 1 },
		"two periods of two": func(_, _, condition map[string]any) {
			condition["failingPeriods"] = map[string]any{"numberOfEvaluationPeriods": 2, "minFailingPeriodsToAlert": 2}
		},
	} {
		a.ok(http.MethodPut, rule, ruleVersion, aRule(change))
		require.Empty(t, a.alerts(""), name)
	}
}

// The absence of rows can be an alert too: it fires while nothing succeeds, and resolves after a success.
func TestAnAlertAboutAbsence(t *testing.T) {
	a := watching(t, func(_, properties, condition map[string]any) {
		condition["query"] = `let tolerance = 2h;
			union isfuzzy=true (datatable(TimeGenerated: datetime, Status: string)[]),
				(workspace("contoso-logs").MicrosoftDataShareSentSnapshotLog | project TimeGenerated, Status)
			| where TimeGenerated > ago(tolerance) | where Status startswith "Succe"
			| summarize Succeeded = count() | where Succeeded == 0`
		properties["windowSize"] = "PT2H"
	})
	a.snapshot("d", "Succeeded", 1)
	a.Elapse(110 * time.Minute)
	require.Empty(t, a.alerts(""))
	a.Elapse(30 * time.Minute)
	require.Len(t, a.alerts("?monitorCondition=Fired"), 1)
	a.snapshot("d", "Succeeded", 1)
	a.Elapse(time.Hour)
	require.Len(t, a.alerts("?monitorCondition=Resolved"), 1)
}

// A rule whose query has failed for a week is disabled, and raises nothing more until it is written again. A query that
// resolves without the table is not.
func TestAFailingRuleIsDisabled(t *testing.T) {
	const day = 24 * time.Hour
	fuzzy := func(_, _, condition map[string]any) {
		condition["query"] = `union isfuzzy=true (datatable(Status: string)[]),
			(workspace("contoso-logs").MicrosoftDataShareSentSnapshotLog | project Status) | where Status == "Failed"`
	}
	a := watching(t, nil)
	enabled := func() bool {
		a.T.Helper()
		return props(a.ok(http.MethodGet, rule, ruleVersion, ""))["enabled"].(bool)
	}
	a.Elapse(6 * day)
	require.True(t, enabled(), "Ensure six days are no week")
	a.Elapse(2 * day)
	require.False(t, enabled(), "the table never had a row")
	a.snapshot("d", "Failed", 0)
	a.Elapse(time.Hour)
	require.False(t, enabled(), "Ensure it stays disabled when the table comes")
	require.Empty(t, a.alerts(""))
	a.ok(http.MethodPut, rule, ruleVersion, aRule(nil))
	require.True(t, enabled())
	a.Elapse(time.Hour)
	require.Len(t, a.alerts(""), 1)

	a.Elapse(29 * day)
	a.snapshot("d", "Succeeded", 1)
	a.Elapse(36 * day)
	require.True(t, enabled(), "the table resolved until six days ago")
	a.Elapse(2 * day)
	require.False(t, enabled())

	a.ok(http.MethodPut, rule, ruleVersion, aRule(fuzzy))
	a.Elapse(60 * day)
	require.True(t, enabled(), "Ensure a query that resolves without rows goes on")
	a.snapshot("d", "Failed", 0)
	a.Elapse(time.Hour)
	require.Len(t, a.alerts("?monitorCondition=Fired"), 1)
}
