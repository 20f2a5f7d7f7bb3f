package resources

import (
	"net/http"
	"regexp"
	"slices"

	"github.com/crossorg/crossorg/internal/azure/arm"
)

// groupName is the published rule for a resource group's name: letters, digits, underscores, parentheses, hyphens and
// periods, not ending in a period, at most 90 characters.
// Source: https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftresources
var groupName = regexp.MustCompile(`^[\p{L}\p{Nd}_().-]{0,89}[\p{L}\p{Nd}_()-]$`)

// groups is the type of resource groups.
func groups() *arm.Type {
	return &arm.Type{
		Name: namespace + "/resourceGroups", CheckName: checkGroupName, Put: putGroup, DeleteAsync: arm.Location,
		More:    filterGroups,
		Options: arm.QueryOptions{List: []string{"$filter", "$top"}, Delete: []string{forceDeletion}},
	}
}

// forceDeletion names types of which a group's deletion forces the deletion. None of the published ones, virtual
// machines and their scale sets, is here, so it changes nothing.
// Source: https://learn.microsoft.com/rest/api/resources/resource-groups/delete
const forceDeletion = "forceDeletionTypes"

// filterGroups keeps the groups that $filter asks for: by tag alone, with tagName and tagValue.
// Source: https://learn.microsoft.com/rest/api/resources/resource-groups/list
func filterGroups(c *arm.Call, found []*arm.Resource) ([]*arm.Resource, *arm.Error) {
	f, aerr := newFilter(c)
	switch {
	case aerr != nil || f == nil:
		return found, aerr
	case !f.tag.asked:
		return nil, c.InvalidFilter("resource groups are filtered by tagName and tagValue alone")
	}
	return slices.DeleteFunc(found, func(r *arm.Resource) bool { return !f.keeps(r) }), nil
}

func checkGroupName(name string) *arm.Error {
	if groupName.MatchString(name) {
		return nil
	}
	return arm.BadRequest("InvalidResourceGroup", "The provided resource group name '%s' has these invalid "+
		"characters: it may hold letters, digits, '_', '(', ')', '-' and '.', at most 90, and must not end "+
		"with '.'.", name)
}

func putGroup(_ *arm.Call, w *arm.Write) *arm.Error {
	if loc, _ := w.New.Body["location"].(string); loc == "" {
		return arm.Errorf(http.StatusBadRequest, "LocationRequired",
			"The location property is required for this definition.")
	}
	w.New.Body["properties"] = map[string]any{"provisioningState": "Succeeded"}
	return nil
}
