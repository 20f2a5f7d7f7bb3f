package monitor

import (
	"net/http"
	"slices"
	"strings"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/jsonbody"
)

// settingsPerResource is how many diagnostic settings a resource may have.
// Source: https://learn.microsoft.com/azure/azure-monitor/fundamentals/service-limits
const settingsPerResource = 5

// destinations are the properties that name where logs go, with the type they name and what the caller must be able to
// do there.
var destinations = []struct{ property, resourceType, action string }{
	{"workspaceId", workspaceType, workspaceType + "/sharedKeys/action"},
	{"storageAccountId", "Microsoft.Storage/storageAccounts", "Microsoft.Storage/storageAccounts/listKeys/action"},
	{"eventHubAuthorizationRuleId", "Microsoft.EventHub/namespaces/authorizationRules",
		"Microsoft.EventHub/namespaces/authorizationRules/listkeys/action"},
	{"serviceBusRuleId", "Microsoft.ServiceBus/namespaces/authorizationRules",
		"Microsoft.ServiceBus/namespaces/authorizationRules/listkeys/action"},
	{"marketplacePartnerId", "", ""},
}

// diagnosticSettings send a resource's logs and metrics somewhere. They attach to the resource and have no location.
// Source: https://learn.microsoft.com/azure/azure-monitor/platform/diagnostic-settings
func diagnosticSettings() *arm.Type {
	return &arm.Type{Name: diagnosticSettingType, Extension: true, Created: http.StatusOK, NoPatch: true,
		Put: putDiagnosticSetting}
}

func putDiagnosticSetting(c *arm.Call, w *arm.Write) *arm.Error {
	props := w.New.Properties()
	target, aerr := targetType(w.New.ID)
	if aerr != nil {
		return aerr
	}
	if aerr := checkDestinations(c, w.New.ID, props); aerr != nil {
		return aerr
	}
	if aerr := checkCategories(props, offered[target]); aerr != nil {
		return aerr
	}
	siblings := 0
	for _, other := range settingsOf(c, w.New.ID) {
		if other.ID.Key() == w.New.ID.Key() {
			continue
		}
		siblings++
		if aerr := checkSinks(props, other, offered[target]); aerr != nil {
			return aerr
		}
	}
	if siblings >= settingsPerResource {
		// The limit is documented, its code is not.
		return arm.BadRequest("BadRequest", "The resource has %d diagnostic settings and can have no more: delete "+
			"one of them first.", siblings)
	}
	return nil
}

// targetType is the lower-case type of a setting's resource, which must have log categories.
func targetType(setting arm.ID) (string, *arm.Error) {
	target := subscriptionScope
	if setting.Scope != "" {
		scope, err := arm.ParseID(setting.Scope)
		if err != nil {
			return "", arm.BadRequest("InvalidResourceId", "The resource identifier is invalid: %v.", err)
		}
		target = strings.ToLower(scope.Type())
	} else if setting.ResourceGroup != "" {
		target = "microsoft.resources/resourcegroups"
	}
	if _, ok := offered[target]; !ok {
		return "", arm.BadRequest("ResourceTypeNotSupported", "The resource type '%s' does not support diagnostic "+
			"settings.", target)
	}
	return target, nil
}

// settingsOf lists the settings on the resource that a setting is on.
func settingsOf(c *arm.Call, setting arm.ID) []*arm.Resource {
	setting.Types, setting.Names = nil, nil
	return c.Children(setting, "diagnosticSettings")
}

// checkDestinations wants at least one destination, each there and open to the caller.
func checkDestinations(c *arm.Call, setting arm.ID, props map[string]any) *arm.Error {
	given := false
	for _, d := range destinations {
		id := jsonbody.Text(props, d.property)
		if id == "" {
			continue
		}
		given = true
		if d.resourceType == "" {
			continue
		}
		r, aerr := linked(c, "properties."+d.property, id, d.resourceType, d.action)
		if aerr != nil {
			return aerr
		}
		// Source: https://learn.microsoft.com/azure/storage/blobs/monitor-blob-storage#destination-limitations
		if d.property == "storageAccountId" && strings.HasPrefix(strings.ToLower(setting.Scope)+"/", r.ID.Key()+"/") {
			return arm.BadRequest("BadRequest", "The storage account '%s' cannot be the destination of its own logs: "+
				"name another.", r.ID.Name())
		}
	}
	if !given {
		return arm.BadRequest("BadRequest", "At least one data sink needs to be specified.")
	}
	if kind := jsonbody.Text(props, "logAnalyticsDestinationType"); kind != "" && kind != "Dedicated" &&
		kind != "AzureDiagnostics" {
		return arm.BadRequest("BadRequest", "logAnalyticsDestinationType is '%s', must be 'Dedicated', "+
			"'AzureDiagnostics' or left out.", kind)
	}
	if jsonbody.Text(props, "eventHubName") != "" && jsonbody.Text(props, "eventHubAuthorizationRuleId") == "" {
		return arm.BadRequest("BadRequest", "eventHubName is set without eventHubAuthorizationRuleId.")
	}
	return nil
}

// checkCategories checks a setting's categories against its target and gives them the published spelling.
// Source of codes and messages: https://github.com/hashicorp/terraform-provider-azurerm/issues/2985,
// https://github.com/TaoYang-Cloud/azurepolicy/issues/19 and https://github.com/Azure/avdaccelerator/issues/473
func checkCategories(props map[string]any, of categories) *arm.Error {
	logs, metrics := jsonbody.Objects(props, "logs"), jsonbody.Objects(props, "metrics")
	if len(logs)+len(metrics) == 0 {
		return arm.BadRequest("BadRequest", "At least one log or metric category needs to be specified.")
	}
	var named, grouped bool
	seen := map[string]bool{}
	for _, log := range logs {
		category, group := jsonbody.Text(log, "category"), jsonbody.Text(log, "categoryGroup")
		if (category == "") == (group == "") {
			return arm.BadRequest("BadRequest", "Each log must have either a category or a categoryGroup, and not "+
				"both.")
		}
		if category != "" {
			name, ok := canonical(of.logs, category)
			if !ok {
				return arm.BadRequest("BadRequest", "Category '%s' is not supported.", category)
			}
			log["category"], named = name, true
		} else {
			name, ok := canonical(of.groups, group)
			if !ok {
				return arm.BadRequest("BadRequest", "Category group '%s' is not supported, supported category groups "+
					"are: %s.", group, quoted(of.groups))
			}
			log["categoryGroup"], grouped = name, true
		}
		key := "log|" + jsonbody.Text(log, "category") + "|" + jsonbody.Text(log, "categoryGroup")
		if aerr := repeated(seen, key); aerr != nil {
			return aerr
		}
	}
	if named && grouped {
		return arm.BadRequest("BadRequest", "A diagnostic setting cannot mix log categories with "+
			"log category groups: use one of the two in all logs.")
	}
	for _, metric := range metrics {
		name, ok := canonical(of.metrics, jsonbody.Text(metric, "category"))
		if !ok {
			return arm.BadRequest("BadRequest", "Metric category '%s' is not supported, supported categories are: %s",
				jsonbody.Text(metric, "category"), quoted(of.metrics))
		}
		metric["category"] = name
		if aerr := repeated(seen, "metric|"+name); aerr != nil {
			return aerr
		}
	}
	for _, e := range slices.Concat(logs, metrics) {
		retention := jsonbody.Object(e, "retentionPolicy")
		if enabled, _ := retention["enabled"].(bool); enabled {
			return arm.BadRequest("BadRequest", "Diagnostic settings does not support retention for new diagnostic "+
				"settings.")
		}
		if retention == nil {
			e["retentionPolicy"] = map[string]any{"enabled": false, "days": 0.0}
		}
	}
	return nil
}

func repeated(seen map[string]bool, key string) *arm.Error {
	if seen[key] {
		return arm.BadRequest("BadRequest", "The category '%s' is specified more than once.",
			strings.Trim(key[strings.IndexByte(key, '|'):], "|"))
	}
	seen[key] = true
	return nil
}

// checkSinks refuses a category that another setting of the resource already sends to the same destination.
// Source of code and message: https://github.com/Azure/bicep-registry-modules/issues/3407
func checkSinks(props map[string]any, other *arm.Resource, of categories) *arm.Error {
	for _, d := range destinations {
		sink := jsonbody.Text(props, d.property)
		if sink == "" || !strings.EqualFold(sink, other.String("properties", d.property)) {
			continue
		}
		taken := enabled(other.Properties(), of)
		for _, category := range enabled(props, of) {
			if slices.Contains(taken, category) {
				return arm.Conflict("Conflict", "Data sink '%s' is already used in diagnostic setting '%s' for "+
					"category '%s'. Data sinks can't be reused in different settings on the same category for the "+
					"same resource.",
					sink, other.ID.Name(), category)
			}
		}
	}
	return nil
}

// enabled lists the categories that a setting sends, groups spelled out: a group's audit categories are not published
// for every type, so a group counts as all of the type's logs.
func enabled(props map[string]any, of categories) []string {
	var out []string
	for _, log := range jsonbody.Objects(props, "logs") {
		if on, _ := log["enabled"].(bool); !on {
			continue
		}
		if category := jsonbody.Text(log, "category"); category != "" {
			out = append(out, category)
		} else {
			out = append(out, of.logs...)
		}
	}
	for _, metric := range jsonbody.Objects(props, "metrics") {
		if on, _ := metric["enabled"].(bool); on {
			out = append(out, jsonbody.Text(metric, "category"))
		}
	}
	return out
}
