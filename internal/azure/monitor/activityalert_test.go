package monitor_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/armtest"
)

const (
	activityRule        = providers + "Microsoft.Insights/activityLogAlerts/deleted"
	activityRuleVersion = "2020-10-01"
	activityLog         = "/subscriptions/" + armtest.Subscription +
		"/providers/Microsoft.Insights/eventtypes/management/values"
)

// anActivityRule is a rule about deleted Data Share accounts of a scope, changed by change.
func anActivityRule(scope string, change func(properties map[string]any)) string {
	properties := map[string]any{
		"scopes": []any{scope},
		"condition": map[string]any{"allOf": []any{
			map[string]any{"field": "category", "equals": "administrative"},
			map[string]any{"field": "operationName", "equals": "microsoft.datashare/accounts/delete"},
			map[string]any{"anyOf": []any{
				map[string]any{"field": "status", "equals": "Accepted"},
				map[string]any{"field": "status", "containsAny": []any{"succeed"}},
			}},
		}},
		"actions": map[string]any{"actionGroups": []any{map[string]any{"actionGroupId": actionGroup}}},
	}
	if change != nil {
		change(properties)
	}
	raw, _ := json.Marshal(map[string]any{"properties": properties}) // maps of plain values
	return string(raw)
}

// An activity log alert is raised once for each event that meets its conditions below its scopes, and stays.
func TestActivityLogAlertsAreRaisedByEvents(t *testing.T) {
	a := alerting(t)
	account := func(name string) string { return providers + "Microsoft.DataShare/accounts/" + name }
	write := func(method, name string) {
		t.Helper()
		body := ""
		if method == http.MethodPut {
			body = `{"location":"eastus","identity":{"type":"SystemAssigned"}}`
		}
		a.ok(method, account(name), "2021-08-01", body)
	}
	write(http.MethodPut, "before")
	write(http.MethodDelete, "before")
	a.Elapse(time.Minute)
	made := a.ok(http.MethodPut, activityRule, activityRuleVersion, anActivityRule(account("watched"), nil))
	assert.Equal(t, "global", made["location"])
	assert.Equal(t, true, props(made)["enabled"])

	for _, name := range []string{"watched", "watched2"} {
		write(http.MethodPut, name)
		write(http.MethodDelete, name)
	}
	write(http.MethodDelete, "watched") // there is nothing to delete any more, which is no error
	raised := a.alerts("")
	require.Len(t, raised, 2, "Ensure the scope is a resource and not the begin of a name")
	for _, alert := range raised {
		assert.Equal(t, activityRule, alert["alertRule"])
		assert.Equal(t, account("watched"), alert["targetResource"])
		assert.Equal(t, "ActivityLog Administrative", alert["monitorService"])
		assert.Equal(t, "Sev4", alert["severity"])
		assert.Equal(t, "Fired", alert["monitorCondition"])
	}
	a.Elapse(2 * time.Hour)
	require.Equal(t, raised, a.alerts(""), "Ensure they neither change nor resolve")

	a.ok(http.MethodPatch, activityRule, activityRuleVersion, `{"properties":{"enabled":false}}`)
	require.Empty(t, a.alerts(""))
}

// The activity log lists what was written, deleted and done in a subscription, the latest first, for ninety days.
func TestTheActivityLog(t *testing.T) {
	a := newAzure(t)
	list := func(filter string) (operations []string) {
		t.Helper()
		answer := a.ok(http.MethodGet, activityLog+"?$filter="+url.QueryEscape(filter), "2015-04-01", "")
		for _, v := range answer["value"].([]any) {
			e := v.(map[string]any)
			require.Equal(t, "Succeeded", e["status"].(map[string]any)["value"])
			require.Equal(t, a.Contoso.Principal.ObjectID, e["caller"])
			operations = append(operations, e["operationName"].(map[string]any)["value"].(string))
		}
		return operations
	}
	start := arm.Timestamp(a.Server().Now())
	a.workspace()
	a.ok(http.MethodGet, workspaceID, workspaceVersion, "")
	a.ok(http.MethodPost, workspaceID+"/sharedKeys", "2020-08-01", "")
	a.ok(http.MethodDelete, workspaceID, workspaceVersion, "")
	all := "eventTimestamp ge '" + start + "'"
	want := []string{"Microsoft.OperationalInsights/workspaces/delete",
		"Microsoft.OperationalInsights/workspaces/sharedKeys/action", "Microsoft.OperationalInsights/workspaces/write"}
	require.Equal(t, want, list(all))
	require.Equal(t, want, list(all+" and resourceUri eq '"+strings.ToUpper(workspaceID)+"'"))
	require.Empty(t, list(all+" and resourceProvider eq 'Microsoft.DataShare'"))
	require.Empty(t, list(all+" and eventTimestamp le '2020-01-01T00:00:00Z'"))
	for _, filter := range []string{"", "status eq 'Succeeded'", all + " or status eq 'x'", all + " and level eq 'x'",
		"eventTimestamp ge 'yesterday'"} {
		code, _ := a.refused(http.MethodGet, activityLog+"?$filter="+url.QueryEscape(filter), "2015-04-01", "")
		require.Equal(t, "BadRequest", code, filter)
	}
	a.Elapse(91 * 24 * time.Hour)
	require.Empty(t, list(all))
}

func TestAnActivityLogAlertIsRefusedAsAzureRefusesIt(t *testing.T) {
	a := alerting(t)
	type m = map[string]any
	conditions := func(list ...any) func(m) {
		return func(p m) { p["condition"] = m{"allOf": append(list, m{"field": "category", "equals": "x"})} }
	}
	for name, c := range map[string]struct {
		change  func(p m)
		message string
	}{
		"no scope": {func(p m) { p["scopes"] = []any{} }, "scopes is empty"},
		"another's scope": {func(p m) {
			p["scopes"] = []any{"/subscriptions/" + armtest.OtherSubscription}
		}, "subscription"},
		"no category": {func(p m) {
			p["condition"] = m{"allOf": []any{m{"field": "status", "equals": "Succeeded"}}}
		}, "'category'"},
		"unknown field": {conditions(m{"field": "weather", "equals": "fine"}), "'weather'"},
		"no test":       {conditions(m{"field": "status"}), "either equals or containsAny"},
		"two tests": {conditions(m{"field": "status", "equals": "x", "containsAny": []any{"x"}}),
			"either equals or containsAny"},
		"leaf and branch": {conditions(m{"field": "status", "equals": "x",
			"anyOf": []any{m{"field": "status", "equals": "x"}}}), "anyOf"},
		"no action group": {func(p m) {
			p["actions"] = m{"actionGroups": []any{m{"actionGroupId": actionGroup + "-gone"}}}
		}, "operators-gone"},
	} {
		_, message := a.refused(http.MethodPut, activityRule, activityRuleVersion,
			anActivityRule(armtest.Group, c.change))
		assert.Contains(t, message, c.message, name)
	}
	_, message := a.refused(http.MethodPut, activityRule, activityRuleVersion,
		strings.Replace(anActivityRule(armtest.Group, nil), "{", `{"location":"eastus",`, 1))
	assert.Contains(t, message, "westeurope")
}
