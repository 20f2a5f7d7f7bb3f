package resources

import (
	"net/http"
	"regexp"

	"github.com/crossorg/crossorg/internal/azure/arm"
)

// groupName is the published rule for a resource group's name: letters, digits, underscores, parentheses, hyphens and
// periods, not ending in a period, at most 90 characters.
// Source: https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftresources
var groupName = regexp.MustCompile(`^[\p{L}\p{Nd}_().-]{0,89}[\p{L}\p{Nd}_()-]$`)

// groups is the type of resource groups.
func groups() *arm.Type {
	return &arm.Type{Name: namespace + "/resourceGroups", CheckName: checkGroupName, Put: putGroup,
		DeleteAsync: arm.Location}
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
