package monitor

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/jsonbody"
)

// granularities are the minutes over which a rule may look, and frequencies those after which it may run again.
// Sources: https://github.com/Azure/azure-rest-api-specs/issues/21258 and
// https://github.com/hashicorp/terraform-provider-azurerm/issues/18886
var (
	granularities = []int{1, 5, 10, 15, 30, 45, 60, 120, 180, 240, 300, 360, 1440, 2880}
	frequencies   = []int{1, 5, 10, 15, 30, 45, 60, 120, 180, 240, 300, 360, 1440}
)

// actionGroupsPerRule is the documented limit.
// Source: https://learn.microsoft.com/azure/azure-monitor/fundamentals/service-limits
const actionGroupsPerRule = 5

func scheduledQueryRules() *arm.Type {
	return &arm.Type{
		Name:      scheduledQueryRuleType,
		CheckName: nameRule("rule", `*<>%{}&:\?/#|`),
		Put:       putQueryRule,
		Show:      showQueryRule,
	}
}

func putQueryRule(c *arm.Call, w *arm.Write) *arm.Error {
	props := w.New.Properties()
	jsonbody.SetDefault(w.New.Body, "kind", "LogAlert")
	if w.Old != nil && w.Old.String("kind") != w.New.String("kind") {
		return arm.BadRequest("BadRequest", "The kind of rule '%s' cannot be changed from '%s' to '%s'.",
			w.New.ID.Name(), w.Old.String("kind"), w.New.String("kind"))
	}
	if aerr := checkScopes(c, props); aerr != nil {
		return aerr
	}
	conditions := jsonbody.Objects(jsonbody.Object(props, "criteria"), "allOf")
	if len(conditions) != 1 {
		return arm.BadRequest("BadRequest", "properties.criteria.allOf has %d conditions: a rule must have exactly "+
			"one.", len(conditions))
	}
	if w.New.String("kind") == "LogAlert" {
		if aerr := checkLogAlert(c, props, conditions[0]); aerr != nil {
			return aerr
		}
	} else if jsonbody.Text(conditions[0], "metricName") == "" {
		return arm.BadRequest("BadRequest", "A rule of kind 'LogToMetric' needs "+
			"properties.criteria.allOf[0].metricName.")
	}
	if aerr := checkActions(c, props); aerr != nil {
		return aerr
	}
	if aerr := c.CompleteIdentity(w); aerr != nil {
		return aerr
	}
	jsonbody.SetDefault(props, "enabled", true)
	jsonbody.SetDefault(props, "skipQueryValidation", false)
	jsonbody.SetDefault(props, "checkWorkspaceAlertsStorageConfigured", false)
	props["createdWithApiVersion"] = c.APIVersion
	if w.Old != nil {
		props["createdWithApiVersion"] = w.Old.String("properties", "createdWithApiVersion")
	}
	props["isLegacyLogAnalyticsRule"] = false
	props["isWorkspaceAlertsStorageConfigured"] = false
	return nil
}

func checkLogAlert(c *arm.Call, props, condition map[string]any) *arm.Error {
	if aerr := checkAlert(props, condition); aerr != nil {
		return aerr
	}
	return validateQuery(c, props, condition)
}

// checkScopes requires that the rule's scopes exist and that the caller may read them.
func checkScopes(c *arm.Call, props map[string]any) *arm.Error {
	scopes := jsonbody.Texts(props, "scopes")
	if len(scopes) != 1 {
		return arm.BadRequest("BadRequest", "properties.scopes has %d entries: a rule must have exactly one scope.",
			len(scopes))
	}
	id, err := arm.ParseID(scopes[0])
	if err != nil || id.Subscription == "" {
		return arm.BadRequest("BadRequest", "properties.scopes[0] '%s' is not a resource id.", scopes[0])
	}
	if !c.Server.Directory().Allowed(c.Tx, c.Caller.ObjectID, id.String(),
		"Microsoft.OperationalInsights/workspaces/query/read", false) {
		return arm.Errorf(http.StatusForbidden, "LinkedAuthorizationFailed",
			"The client '%s' with object id '%s' does not have permission to perform action(s) "+
				"'Microsoft.OperationalInsights/workspaces/query/read' on the linked scope(s) '%s' or the linked "+
				"scope(s) are invalid.",
			c.Caller.ClientID, c.Caller.ObjectID, id)
	}
	if id.Namespace == "" {
		return nil // a subscription that the caller may read
	}
	if _, ok := c.Get(id); !ok {
		return arm.NotFound(id)
	}
	return nil
}

// checkAlert checks condition and timing of an alert.
func checkAlert(props, condition map[string]any) *arm.Error {
	const at = "properties.criteria.allOf[0]."
	for _, key := range []string{"query", "operator", "timeAggregation"} {
		if strings.TrimSpace(jsonbody.Text(condition, key)) == "" {
			return arm.BadRequest("BadRequest", "%s%s is missing or empty.", at, key)
		}
	}
	if aerr := checkQuery(jsonbody.Text(condition, "query")); aerr != nil {
		return aerr
	}
	if condition["threshold"] == nil {
		return arm.BadRequest("BadRequest", "%sthreshold is missing.", at)
	}
	if props["severity"] == nil {
		return arm.BadRequest("BadRequest", "properties.severity is missing: it must be between 0 and 4.")
	}
	if !strings.EqualFold(jsonbody.Text(condition, "timeAggregation"), "Count") &&
		jsonbody.Text(condition, "metricMeasureColumn") == "" {
		return arm.BadRequest("BadRequest", "%smetricMeasureColumn is required when timeAggregation is '%s'.", at,
			jsonbody.Text(condition, "timeAggregation"))
	}
	frequency, aerr := timing(props, "evaluationFrequency", frequencies)
	if aerr != nil {
		return aerr
	}
	window, aerr := timing(props, "windowSize", granularities)
	if aerr != nil {
		return aerr
	}
	periods, aerr := checkPeriods(condition)
	if aerr != nil {
		return aerr
	}
	if frequency > window*time.Duration(periods) {
		return arm.BadRequest("BadRequest", "EvaluationFrequency cannot be greater than the query look back which is "+
			"WindowSize*NumberOfEvaluationPeriods: %s is greater than %d times %s.",
			jsonbody.Text(props, "evaluationFrequency"), periods, jsonbody.Text(props, "windowSize"))
	}
	return checkMuting(props, frequency)
}

// checkPeriods reads the number of consecutive evaluations that the rule considers; the default is one.
func checkPeriods(condition map[string]any) (int, *arm.Error) {
	failing := jsonbody.Object(condition, "failingPeriods")
	if failing == nil {
		failing = map[string]any{}
		condition["failingPeriods"] = failing
	}
	jsonbody.SetDefault(failing, "numberOfEvaluationPeriods", 1.0)
	jsonbody.SetDefault(failing, "minFailingPeriodsToAlert", 1.0)
	periods, _ := failing["numberOfEvaluationPeriods"].(float64)
	least, _ := failing["minFailingPeriodsToAlert"].(float64)
	if periods < 1 || periods > 6 || least < 1 || least > periods {
		return 0, arm.BadRequest("BadRequest", "properties.criteria.allOf[0].failingPeriods has %v of %v periods: "+
			"numberOfEvaluationPeriods must be between 1 and 6, and minFailingPeriodsToAlert between 1 and that.",
			least, periods)
	}
	return int(periods), nil
}

// checkMuting keeps muting and automatic resolution apart.
// Source: https://github.com/Azure/azure-cli/issues/26581 and
// https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-create-log-alert-rule
func checkMuting(props map[string]any, frequency time.Duration) *arm.Error {
	jsonbody.SetDefault(props, "autoMitigate", true)
	mute := jsonbody.Text(props, "muteActionsDuration")
	if mute == "" {
		return nil
	}
	d, err := duration(mute)
	if err != nil {
		return arm.BadRequest("BadRequest", "properties.muteActionsDuration: %v.", err)
	}
	if auto, _ := props["autoMitigate"].(bool); auto {
		return arm.BadRequest("BadRequest", "properties.autoMitigate and properties.muteActionsDuration exclude each "+
			"other: set autoMitigate to false.")
	}
	if frequency > d {
		return arm.BadRequest("BadRequest", "EvaluationFrequency cannot be greater than MuteActionsDuration.")
	}
	return nil
}

// timing reads a duration that must be one of the allowed numbers of minutes.
func timing(props map[string]any, key string, allowed []int) (time.Duration, *arm.Error) {
	d, err := duration(jsonbody.Text(props, key))
	if err != nil {
		return 0, arm.BadRequest("BadRequest", "properties.%s: %v.", key, err)
	}
	if d%time.Minute != 0 || !slices.Contains(allowed, int(d/time.Minute)) {
		return 0, arm.BadRequest("BadRequest", "properties.%s is %s. Supported granularities are: %s.", key,
			jsonbody.Text(props, key), strings.Trim(strings.ReplaceAll(fmt.Sprint(allowed), " ", ", "), "[]"))
	}
	return d, nil
}

// checkActions wants the action groups to be there.
func checkActions(c *arm.Call, props map[string]any) *arm.Error {
	groups := jsonbody.Texts(jsonbody.Object(props, "actions"), "actionGroups")
	if len(groups) > actionGroupsPerRule {
		return arm.BadRequest("BadRequest", "properties.actions.actionGroups has %d entries: a rule can have at most "+
			"%d.", len(groups), actionGroupsPerRule)
	}
	for i, id := range groups {
		if _, aerr := linked(c, fmt.Sprintf("properties.actions.actionGroups[%d]", i), id, actionGroupType,
			actionGroupType+"/read"); aerr != nil {
			return aerr
		}
	}
	return nil
}
