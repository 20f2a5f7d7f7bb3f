package authorization

import (
	"net/http"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/jsonbody"
	"github.com/crossorg/crossorg/internal/azure/roles"
)

// definitionRoutes read one role definition, and those of a tenant, which are public knowledge among its callers.
// Source: https://learn.microsoft.com/rest/api/authorization/role-definitions
func (p *provider) definitionRoutes() []arm.Route {
	const all = "/providers/" + definitionType
	return []arm.Route{
		{Method: http.MethodGet, Path: "/subscriptions/{subscription}" + all + "/{id}",
			Permission: definitionType + "/read", Handle: p.definition},
		{Method: http.MethodGet, Path: all + "/{id}", OpenTo: arm.SignedIn, Handle: p.definition},
		{Method: http.MethodGet, Path: all, OpenTo: arm.SignedIn, Handle: p.tenantDefinitions,
			Options: filtered.List},
	}
}

// builtIn is the type of the roles that Azure defines; here are no others.
const builtIn = "BuiltInRole"

// definitions lists the built-in roles, which are the same at every scope.
// Source of the filters: https://learn.microsoft.com/azure/role-based-access-control/role-definitions-list
func (p *provider) definitions(c *arm.Call, collection arm.ID) ([]*arm.Resource, *arm.Error) {
	asked, aerr := conditionsOf(c, "roleName", "type", "atScopeAndBelow", "atScope")
	if aerr != nil {
		return nil, aerr
	}
	var out []*arm.Resource
	for _, role := range roles.BuiltIn {
		if !differs(asked, "rolename", role.Name) && !differs(asked, "type", builtIn) {
			out = append(out, definitionResource(collection.Subscription, role))
		}
	}
	return out, nil
}

func (p *provider) tenantDefinitions(c *arm.Call, _ map[string]string, _ map[string]any) (any, *arm.Error) {
	found, aerr := p.definitions(c, c.ID)
	if aerr != nil {
		return nil, aerr
	}
	var out []any
	for _, r := range found {
		out = append(out, definitionBody(r))
	}
	return jsonbody.Collection(out), nil
}

func (p *provider) definition(_ *arm.Call, params map[string]string, _ map[string]any) (any, *arm.Error) {
	role, ok := roles.ByID(params["id"])
	if !ok {
		return nil, arm.Errorf(http.StatusNotFound, "RoleDefinitionDoesNotExist",
			"The specified role definition with ID '%s' does not exist.", params["id"])
	}
	return definitionBody(definitionResource(params["subscription"], role)), nil
}

// definitionBody is a definition as it is shown.
func definitionBody(r *arm.Resource) map[string]any {
	r.Body["id"], r.Body["name"], r.Body["type"] = r.ID.String(), r.ID.Name(), definitionType
	return r.Body
}

func definitionResource(subscription string, role roles.Role) *arm.Resource {
	return &arm.Resource{
		ID: arm.ID{Subscription: subscription, Namespace: "Microsoft.Authorization", Types: []string{"roleDefinitions"},
			Names: []string{role.ID}},
		Body: map[string]any{"properties": map[string]any{
			"roleName": role.Name, "type": builtIn, "description": role.Description,
			"assignableScopes": []any{"/"},
			"permissions":      []any{permissionsOf(role)},
		}},
	}
}

// permissionsOf are the permissions of a role.
func permissionsOf(role roles.Role) map[string]any {
	return map[string]any{"actions": texts(role.Actions), "notActions": texts(role.NotActions),
		"dataActions": texts(role.DataActions), "notDataActions": []any{}}
}

// texts is a list that is [] in JSON when it is empty.
func texts(s []string) []any {
	out := make([]any, len(s))
	for i, v := range s {
		out[i] = v
	}
	return out
}

func definitionID(subscription string, role roles.Role) string {
	return "/subscriptions/" + subscription + "/providers/" + definitionType + "/" + role.ID
}
