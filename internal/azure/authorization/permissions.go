package authorization

import (
	"net/http"

	"github.com/crossorg/crossorg/internal/azure/arm"
)

// permissionRoutes show callers their own permissions. They are open to all callers.
// Source: https://learn.microsoft.com/rest/api/authorization/permissions
func (p *provider) permissionRoutes() []arm.Route {
	const (
		subscription = "/subscriptions/{subscription}"
		below        = "/providers/Microsoft.Authorization/permissions"
	)
	return []arm.Route{
		{Method: http.MethodGet, Path: subscription + below, OpenTo: arm.SignedIn, Handle: p.permissions},
		{Method: http.MethodGet, Path: subscription + "/resourceGroups/{group}" + below, OpenTo: arm.SignedIn,
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
		value = append(value, permissionsOf(role))
	}
	return map[string]any{"value": value}, nil
}
