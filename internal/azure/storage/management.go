package storage

import (
	"slices"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/jsonbody"
)

// putManagementPolicy checks a lifecycle management policy's rules beyond their shape.
// Source: https://learn.microsoft.com/azure/storage/blobs/lifecycle-management-policy-structure
func (p *provider) putManagementPolicy(c *arm.Call, w *arm.Write) *arm.Error {
	policy := jsonbody.EnsureObject(w.New.Properties(), "policy")
	rules, _ := policy["rules"].([]any)
	if len(rules) == 0 || len(rules) > 100 {
		return invalidPolicy("A policy has 1 to 100 rules.")
	}
	seen := map[string]bool{}
	for _, r := range rules {
		rule, _ := r.(map[string]any)
		name := jsonbody.Text(rule, "name")
		if name == "" || len(name) > 256 || seen[name] {
			return invalidPolicy("The rule name '" + name + "' must be unique within the policy, and 1 to 256 " +
				"characters long.")
		}
		seen[name] = true
		jsonbody.SetDefault(rule, "enabled", true)
		if err := checkRule(name, jsonbody.EnsureObject(rule, "definition")); err != nil {
			return err
		}
	}
	w.New.Properties()["lastModifiedTime"] = arm.Timestamp(c.Now)
	account, _ := w.New.ID.Parent()
	return p.daily(c, account)
}

func invalidPolicy(message string) *arm.Error {
	return arm.BadRequest("InvalidRequestPropertyValue", "%s", message)
}

func checkRule(name string, definition map[string]any) *arm.Error {
	filters, _ := definition["filters"].(map[string]any)
	types, _ := filters["blobTypes"].([]any)
	if len(types) == 0 {
		return invalidPolicy("The rule '" + name + "' needs definition.filters.blobTypes.")
	}
	appendOnly := true
	for _, t := range types {
		if t != "blockBlob" && t != "appendBlob" {
			return invalidPolicy("The rule '" + name + "' has a blob type other than blockBlob and appendBlob.")
		}
		appendOnly = appendOnly && t == "appendBlob"
	}
	if prefixes, _ := filters["prefixMatch"].([]any); slices.Contains(prefixes, any("")) || len(prefixes) > 10 {
		return invalidPolicy("The rule '" + name + "' may have up to 10 prefixes in definition.filters.prefixMatch, " +
			"none of them empty.")
	}
	some := false
	for what, a := range jsonbody.EnsureObject(definition, "actions") {
		actions, _ := a.(map[string]any)
		for action, v := range actions {
			condition, isCondition := v.(map[string]any)
			if !isCondition {
				continue // enableAutoTierToHotFromCool goes along with an action
			}
			some = true
			if len(condition) == 0 {
				return invalidPolicy("The rule '" + name + "' says of definition.actions." + what + "." + action +
					" not after how many days.")
			}
			if appendOnly && action != "delete" {
				return invalidPolicy("The rule '" + name + "' moves append blobs to another tier: they can only be " +
					"deleted.")
			}
		}
	}
	if !some {
		return invalidPolicy("The rule '" + name + "' needs at least one action in definition.actions.")
	}
	return nil
}
