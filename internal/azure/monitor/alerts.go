package monitor

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/jsonbody"
	"github.com/crossorg/crossorg/internal/azure/logs"
)

const alertsManagement = "Microsoft.AlertsManagement"

// alertRanges are the values of timeRange.
// Source: https://learn.microsoft.com/rest/api/monitor/alertsmanagement/alerts/get-all
var alertRanges = map[string]time.Duration{"1h": time.Hour, "1d": 24 * time.Hour, "7d": 7 * 24 * time.Hour,
	"30d": 30 * 24 * time.Hour}

// alertRoutes are the alerts that scheduled query rules have raised in a subscription. They are computed when they are
// read; nobody is notified, and their state stays New.
func alertRoutes() []arm.Route {
	const alerts = "/subscriptions/{subscriptionId}/providers/Microsoft.AlertsManagement/alerts"
	const read = alertsManagement + "/alerts/read"
	return []arm.Route{
		{Method: http.MethodGet, Path: alerts, Permission: read, Handle: listAlerts,
			Options: append([]string{"timeRange"}, alertFilters...)},
		{Method: http.MethodGet, Path: alerts + "/{alertId}", Permission: read, Handle: getAlert},
	}
}

// alertFilters are the query parameters that name a value of an alert's essentials.
var alertFilters = []string{"targetResource", "targetResourceType", "targetResourceGroup", "monitorService",
	"monitorCondition", "severity", "alertState", "alertRule"}

// alertsOf computes the alerts of a subscription, the latest first.
func alertsOf(c *arm.Call, subscription string) ([]*fired, *arm.Error) {
	histories := map[string]*logs.History{}
	var out []*fired
	events, err := c.Activity(subscription, c.Now.Add(-alertRetention))
	if err != nil {
		return nil, arm.InternalError(err)
	}
	for _, rule := range c.Under(arm.ID{Subscription: subscription}) {
		if strings.EqualFold(rule.ID.Type(), activityLogAlertType) {
			out = append(out, activityAlerts(rule, events)...)
		}
		if !strings.EqualFold(rule.ID.Type(), scheduledQueryRuleType) {
			continue
		}
		e, ok := evaluationOf(rule)
		if !ok {
			continue
		}
		workspace, ok := e.workspace(c)
		if !ok {
			continue
		}
		h := histories[workspace.ID.Key()]
		if h == nil {
			h = logs.NewHistory(c, workspace)
			histories[workspace.ID.Key()] = h
		}
		out = append(out, e.alerts(h, c.Now)...)
	}
	slices.SortFunc(out, func(a, b *fired) int {
		return cmp.Or(b.modified().Compare(a.modified()), strings.Compare(a.id(), b.id()))
	})
	return out, nil
}

// modified is when the alert last changed.
func (f *fired) modified() time.Time {
	if !f.resolved.IsZero() {
		return f.resolved
	}
	return f.start
}

func listAlerts(c *arm.Call, params map[string]string, _ map[string]any) (any, *arm.Error) {
	within := alertRanges["1d"]
	if asked := c.Option("timeRange"); asked != "" {
		var ok bool
		if within, ok = alertRanges[asked]; !ok {
			return nil, arm.BadRequest("BadRequest", "The query parameter timeRange is '%s': it must be 1h, 1d, 7d "+
				"or 30d.", asked)
		}
	}
	value := []any{}
	all, aerr := alertsOf(c, params["subscriptionId"])
	if aerr != nil {
		return nil, aerr
	}
	for _, f := range all {
		if f.modified().Before(c.Now.Add(-within)) {
			continue
		}
		body := f.body(params["subscriptionId"])
		essentials := jsonbody.Object(jsonbody.Object(body, "properties"), "essentials")
		matches := true
		for _, filter := range alertFilters {
			asked := c.Option(filter)
			matches = matches && (asked == "" || strings.EqualFold(asked, jsonbody.Text(essentials, filter)))
		}
		if matches {
			value = append(value, body)
		}
	}
	return map[string]any{"value": value}, nil
}

func getAlert(c *arm.Call, params map[string]string, _ map[string]any) (any, *arm.Error) {
	all, aerr := alertsOf(c, params["subscriptionId"])
	if aerr != nil {
		return nil, aerr
	}
	for _, f := range all {
		if strings.EqualFold(f.id(), params["alertId"]) {
			return f.body(params["subscriptionId"]), nil
		}
	}
	return nil, arm.Errorf(http.StatusNotFound, "NotFound", "The alert '%s' was not found; alerts are kept for %d "+
		"days.", params["alertId"], int(alertRetention.Hours()/24))
}

// body is the alert in the published shape.
func (f *fired) body(subscription string) map[string]any {
	props := f.rule.Properties()
	severity, _ := props["severity"].(float64)
	essentials := map[string]any{
		"severity": fmt.Sprintf("Sev%d", int(severity)), "signalType": "Log", "alertState": "New",
		"monitorCondition": "Fired",
		"monitorService":   "Log Alerts V2", "alertRule": f.rule.ID.String(), "sourceCreatedId": f.id(),
		"description":   jsonbody.Text(props, "description"),
		"startDateTime": arm.Timestamp(f.start), "lastModifiedDateTime": arm.Timestamp(f.modified()),
		"lastModifiedUserName": "System",
		"targetResource":       f.target, "actionStatus": map[string]any{"isSuppressed": false},
	}
	if id, err := arm.ParseID(f.target); err == nil {
		essentials["targetResourceName"], essentials["targetResourceGroup"],
			essentials["targetResourceType"] = id.Name(), id.ResourceGroup, strings.ToLower(id.Type())
	}
	if !f.resolved.IsZero() {
		essentials["monitorCondition"], essentials["monitorConditionResolvedDateTime"] = "Resolved",
			arm.Timestamp(f.resolved)
	}
	if f.activity {
		// Source: https://learn.microsoft.com/rest/api/monitor/alertsmanagement/alerts/get-all
		essentials["severity"], essentials["monitorService"] = "Sev4", "ActivityLog Administrative"
	}
	dimensions := []any{}
	for _, d := range f.dimensions {
		dimensions = append(dimensions, map[string]any{"name": d.name, "value": d.value})
	}
	name := f.rule.String("properties", "displayName")
	if name == "" {
		name = f.rule.ID.Name()
	}
	return map[string]any{
		"id":   "/subscriptions/" + subscription + "/providers/" + alertsManagement + "/alerts/" + f.id(),
		"name": name, "type": alertsManagement + "/alerts",
		"properties": map[string]any{"essentials": essentials,
			"context": map[string]any{"metricValue": f.value, "dimensions": dimensions}},
	}
}
