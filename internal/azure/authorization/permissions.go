package authorization

import (
	"net/http"

	"github.com/crossorg/crossorg/internal/azure/arm"
)

// permissionRoutes tell callers what they may do themselves; that needs no permission.
// Source: https://learn.microsoft.com/rest/api/authorization/permissions
func (p *provider) permissionRoutes() []arm.Route {
	const below = "/providers/Microsoft.Authorization/permissions"
	return []arm.Route{
		{Method: http.MethodGet, Path: "/subscriptions/{subscription}" + below, Handle: p.permissions},
		{Method: http.MethodGet, Path: "/subscriptions/{subscription}/resourcegroups/{group}" + below,
			Handle: p.permissions},
	}
}

// permissions are those of the roles that the caller holds at the scope or above it, one entry a role.
func (p *provider) permissions(c *arm.Call, params map[string]string, _ map[string]any) (any, *arm.Error) {
	scope := "/subscriptions/" + params["subscription"]
	if group := params["group"]; group != "" {
		scope += "/resourceGroups/" + group
	}
	value := []any{}
	for _, role := range p.dir.Roles(c.Tx, c.Caller.ObjectID, scope) {
		value = append(value, map[string]any{"actions": texts(role.Actions), "notActions": texts(role.NotActions),
			"dataActions": texts(role.DataActions), "notDataActions": []string{}})
	}
	return map[string]any{"value": value}, nil
}

// texts is a list that is [] in JSON when it is empty.
func texts(s []string) []string { return append([]string{}, s...) }
