package monitor

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/jsonbody"
)

const activityLogAlertType = insights + "/activityLogAlerts"

// activityAlertRegions are where an activity log alert rule can live.
// Source: https://learn.microsoft.com/rest/api/monitor/activity-log-alerts/create-or-update
var activityAlertRegions = []string{"global", "westeurope", "northeurope"}

// activityFields are the fields of an event that a condition may examine, beside those that begin with properties.
// Source: https://learn.microsoft.com/rest/api/monitor/activity-log-alerts/create-or-update
var activityFields = []string{"resourceId", "category", "caller", "level", "operationName", "resourceGroup",
	"resourceProvider", "status", "subStatus", "resourceType"}

// activityLogAlerts are rules about what was done to resources.
// Source: https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-create-activity-log-alert-rule
func activityLogAlerts() *arm.Type {
	return &arm.Type{
		Name:      activityLogAlertType,
		Regions:   activityAlertRegions,
		CheckName: nameRule("rule", `*<>%{}&:\?/+#|`),
		Put:       putActivityLogAlert,
	}
}

// putActivityLogAlert completes a rule. The codes of its refusals are ours.
func putActivityLogAlert(c *arm.Call, w *arm.Write) *arm.Error {
	jsonbody.SetDefault(w.New.Body, "location", "global")
	if location := w.New.String("location"); !inList(activityAlertRegions, location) {
		return arm.BadRequest("LocationNotAvailableForResourceType",
			"The provided location '%s' is not available for resource type '%s'. List of available regions for the "+
				"resource type is '%s'.", location, activityLogAlertType, strings.Join(activityAlertRegions, ","))
	}
	props := w.New.Properties()
	scopes := jsonbody.Texts(props, "scopes")
	if len(scopes) == 0 {
		return arm.BadRequest("BadRequest", "properties.scopes is empty: name at least one resource.")
	}
	for i, scope := range scopes {
		// A rule sees the activity log of its own subscription alone.
		if id, err := arm.ParseID(scope); err != nil || !strings.EqualFold(id.Subscription, w.New.ID.Subscription) {
			return arm.BadRequest("BadRequest", "properties.scopes[%d] '%s' is not a resource id in the rule's "+
				"subscription.", i, scope)
		}
	}
	if aerr := checkConditions(props); aerr != nil {
		return aerr
	}
	for i, group := range jsonbody.Objects(jsonbody.Object(props, "actions"), "actionGroups") {
		at := fmt.Sprintf("properties.actions.actionGroups[%d].actionGroupId", i)
		if _, aerr := linked(c, at, jsonbody.Text(group, "actionGroupId"), actionGroupType,
			actionGroupType+"/read"); aerr != nil {
			return aerr
		}
	}
	jsonbody.SetDefault(props, "enabled", true)
	return nil
}

// checkConditions wants each condition to have one test of a known field, and one condition on the category.
func checkConditions(props map[string]any) *arm.Error {
	category := false
	for i, condition := range jsonbody.Objects(jsonbody.Object(props, "condition"), "allOf") {
		at := fmt.Sprintf("properties.condition.allOf[%d]", i)
		leaves := jsonbody.Objects(condition, "anyOf")
		if len(leaves) == 0 {
			leaves = []map[string]any{condition}
		} else if condition["field"] != nil || condition["equals"] != nil || condition["containsAny"] != nil {
			return arm.BadRequest("BadRequest", "%s has anyOf and a test of its own: it must have one of them.", at)
		}
		for _, leaf := range leaves {
			if aerr := checkLeaf(at, leaf); aerr != nil {
				return aerr
			}
		}
		category = category || strings.EqualFold(jsonbody.Text(condition, "field"), "category")
	}
	if !category {
		return arm.BadRequest("BadRequest", "properties.condition.allOf has no condition on the field 'category', "+
			"which every rule needs.")
	}
	return nil
}

func checkLeaf(at string, leaf map[string]any) *arm.Error {
	field := jsonbody.Text(leaf, "field")
	if !inList(activityFields, field) && !strings.HasPrefix(strings.ToLower(field), "properties") {
		return arm.BadRequest("BadRequest", "%s has the field '%s': it must be one of %s, or begin with 'properties'.",
			at, field, quoted(activityFields))
	}
	if (leaf["equals"] == nil) == (leaf["containsAny"] == nil) {
		return arm.BadRequest("BadRequest", "%s must have either equals or containsAny for the field '%s'.", at, field)
	}
	return nil
}

// activityAlerts are what a rule has raised: one alert for each event that meets it. They do not resolve.
// Source: https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-overview
func activityAlerts(rule *arm.Resource, events []arm.Event) []*fired {
	props := rule.Properties()
	if on, _ := props["enabled"].(bool); !on {
		return nil
	}
	var out []*fired
	for _, e := range events {
		if e.Time.Before(rule.CreatedAt) || !inScopes(jsonbody.Texts(props, "scopes"), e.Resource) || !meets(props, e) {
			continue
		}
		out = append(out, &fired{rule: rule, target: e.Resource, start: e.Time, lastMet: e.Time, value: 1,
			activity: true, dimensions: []dimension{{"eventDataId", e.ID}}})
	}
	return out
}

// inScopes reports whether a resource is one of the scopes or lies below one.
func inScopes(scopes []string, resource string) bool {
	return slices.ContainsFunc(scopes, func(scope string) bool {
		scope, resource := strings.ToLower(strings.TrimRight(scope, "/")), strings.ToLower(resource)
		return resource == scope || strings.HasPrefix(resource, scope+"/")
	})
}

func meets(props map[string]any, e arm.Event) bool {
	for _, condition := range jsonbody.Objects(jsonbody.Object(props, "condition"), "allOf") {
		leaves := jsonbody.Objects(condition, "anyOf")
		if len(leaves) == 0 {
			leaves = []map[string]any{condition}
		}
		if !slices.ContainsFunc(leaves, func(leaf map[string]any) bool { return leafMeets(leaf, e) }) {
			return false
		}
	}
	return true
}

// leafMeets compares without regard to case.
func leafMeets(leaf map[string]any, e arm.Event) bool {
	value := eventField(e, jsonbody.Text(leaf, "field"))
	if leaf["equals"] != nil {
		return strings.EqualFold(value, jsonbody.Text(leaf, "equals"))
	}
	return slices.ContainsFunc(jsonbody.Texts(leaf, "containsAny"), func(part string) bool {
		return strings.Contains(strings.ToLower(value), strings.ToLower(part))
	})
}

// eventField is a field of an event; "" for one that administrative events do not have here.
func eventField(e arm.Event, field string) string {
	id, _ := arm.ParseID(e.Resource) // one that was served
	switch strings.ToLower(field) {
	case "resourceid":
		return e.Resource
	case "category":
		return administrative
	case "caller":
		return e.Caller
	case "level":
		return levelOf(e)
	case "operationname":
		return e.Operation
	case "resourcegroup":
		return id.ResourceGroup
	case "resourceprovider":
		return id.Namespace
	case "status":
		return e.Status
	case "resourcetype":
		return id.Type()
	}
	return ""
}

// administrative is the category of all that the control plane does for its callers.
const administrative = "Administrative"

func levelOf(e arm.Event) string {
	if e.Status == "Failed" {
		return "Error"
	}
	return "Informational"
}

// activityID is the same whenever the alert is computed.
func (f *fired) activityID() string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte(f.rule.ID.Key()+"|"+key(f.dimensions))).String()
}

// inList finds a name without regard to case.
func inList(list []string, name string) bool {
	_, ok := canonical(list, name)
	return ok
}
