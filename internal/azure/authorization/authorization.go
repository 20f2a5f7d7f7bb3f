// Package authorization is the resource provider Microsoft.Authorization: role assignments, the built-in role
// definitions and management locks.
package authorization

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/identity"
	"github.com/crossorg/crossorg/internal/azure/roles"
)

const (
	assignmentType = "Microsoft.Authorization/roleAssignments"
	definitionType = "Microsoft.Authorization/roleDefinitions"
)

// New makes the provider over the directory whose assignments it keeps.
func New(dir *identity.Directory) *arm.Provider {
	p := &provider{dir: dir}
	return &arm.Provider{
		Namespace: "Microsoft.Authorization",
		Types: []*arm.Type{
			{
				Name: assignmentType, Extension: true, NoPatch: true,
				CheckName: func(name string) *arm.Error {
					if _, err := uuid.Parse(name); err != nil {
						return arm.BadRequest("InvalidRoleAssignmentId", "The role assignment ID '%s' is not valid. "+
							"The role assignment ID must be a GUID.", name)
					}
					return nil
				},
				Put: p.put, Delete: p.delete, List: p.list,
			},
			locks(),
			{
				Name: definitionType, Extension: true, NoPut: true, NoPatch: true, NoDelete: true, NoGet: true,
				List: p.definitions,
			},
		},
		Routes: append(p.permissionRoutes(), []arm.Route{
			{Method: http.MethodGet,
				Path:       "/subscriptions/{subscription}/providers/Microsoft.Authorization/roleDefinitions/{id}",
				Permission: definitionType + "/read", Handle: p.definition},
			{Method: http.MethodGet, Path: "/providers/Microsoft.Authorization/roleDefinitions/{id}",
				Handle: p.definition},
		}...),
	}
}

type provider struct{ dir *identity.Directory }

// put checks and records an assignment. An assignment cannot be changed, only repeated.
// Source of rules and codes: https://learn.microsoft.com/azure/role-based-access-control/troubleshooting
func (p *provider) put(c *arm.Call, w *arm.Write) *arm.Error {
	props := w.New.Properties()
	principalID, _ := props["principalId"].(string)
	roleID, _ := props["roleDefinitionId"].(string)
	role, ok := roles.ByID(lastSegment(roleID))
	if !ok {
		return arm.BadRequest("RoleDefinitionDoesNotExist", "The specified role definition with ID '%s' does not "+
			"exist.", lastSegment(roleID))
	}
	scope := w.New.ID.Scope
	if scope == "" {
		scope = arm.ID{Subscription: w.New.ID.Subscription}.String()
		if w.New.ID.ResourceGroup != "" {
			scope = w.New.ID.Group().String()
		}
	}
	sub, ok := p.dir.Subscription(c.Tx, w.New.ID.Subscription)
	principal, found := p.dir.Principal(c.Tx, principalID)
	if !ok || !found || !strings.EqualFold(principal.TenantID, sub.TenantID) {
		return arm.BadRequest("PrincipalNotFound",
			"Principal %s does not exist in the directory %s. Check that you have the correct principal ID. If you "+
				"are creating this principal and then immediately assigning a role, this error might be related to a "+
				"replication delay. In this case, set the role assignment principalType property to a value, "+
				"such as ServicePrincipal, User, or Group. See https://aka.ms/docs-principaltype",
			strings.ReplaceAll(principalID, "-", ""), sub.TenantID)
	}
	if kind, _ := props["principalType"].(string); kind != "" && !strings.EqualFold(kind, "ServicePrincipal") {
		return arm.BadRequest("UnmatchedPrincipalType", "The PrincipalId '%s' has type 'ServicePrincipal', which is "+
			"different from specified PrincipalType '%s'.", principalID, kind)
	}
	if w.Old != nil {
		if !strings.EqualFold(w.Old.String("properties", "principalId"), principalID) ||
			!strings.EqualFold(lastSegment(w.Old.String("properties", "roleDefinitionId")), role.ID) {
			return arm.BadRequest("RoleAssignmentUpdateNotPermitted", "Tenant ID, application ID, principal ID, and "+
				"scope are not allowed to be updated.")
		}
	} else {
		for _, other := range p.at(c, w.New.ID) {
			if strings.EqualFold(other.String("properties", "principalId"), principalID) &&
				strings.EqualFold(lastSegment(other.String("properties", "roleDefinitionId")), role.ID) {
				return arm.Conflict("RoleAssignmentExists", "The role assignment already exists.")
			}
		}
	}
	props["principalType"] = "ServicePrincipal"
	props["roleDefinitionId"] = definitionID(w.New.ID.Subscription, role)
	props["scope"] = scope
	stamp := arm.Timestamp(w.New.CreatedAt)
	props["createdOn"], props["updatedOn"] = stamp, stamp
	props["createdBy"], props["updatedBy"] = c.Caller.ObjectID, c.Caller.ObjectID
	if w.Old != nil {
		props["createdBy"] = w.Old.String("properties", "createdBy")
	}
	if err := p.dir.Assign(c.Tx, identity.Assignment{ID: w.New.ID.String(), PrincipalID: principalID, RoleID: role.ID,
		Scope: scope}); err != nil {
		return arm.InternalError(fmt.Errorf("the role assignment could not be recorded: %w", err))
	}
	return nil
}

func (p *provider) delete(c *arm.Call, r *arm.Resource) *arm.Error {
	a := identity.Assignment{ID: r.ID.String(), PrincipalID: r.String("properties", "principalId")}
	if err := p.dir.Unassign(c.Tx, a); err != nil {
		return arm.InternalError(fmt.Errorf("the role assignment could not be removed: %w", err))
	}
	return nil
}

// at lists the assignments at exactly the scope of an assignment id or collection.
func (p *provider) at(c *arm.Call, id arm.ID) []*arm.Resource {
	scope := id
	scope.Types, scope.Names = nil, nil
	scope.Types = []string{}
	return c.Children(scope, "roleAssignments")
}

// list answers the assignments that hold at a scope: its own, those above it, and, as Azure does without a filter,
// those below it. $filter supports atScope() (own and above), principalId eq '…' and assignedTo('…').
// Source: https://learn.microsoft.com/azure/role-based-access-control/role-assignments-list-rest
func (p *provider) list(c *arm.Call, collection arm.ID) ([]*arm.Resource, *arm.Error) {
	filter := strings.ToLower(c.Query.Get("$filter"))
	scopeID := collection
	scopeID.Namespace, scopeID.Types, scopeID.Names = "", nil, nil
	scope := scopeID.Key()
	var out []*arm.Resource
	for _, r := range c.Under(arm.ID{Subscription: collection.Subscription}) {
		if !strings.EqualFold(r.ID.Type(), assignmentType) {
			continue
		}
		at := strings.ToLower(r.String("properties", "scope"))
		above := at == scope || strings.HasPrefix(scope, at+"/")
		below := strings.HasPrefix(at, scope+"/")
		if !above && (!below || strings.Contains(filter, "atscope()")) {
			continue
		}
		if want := quoted(filter, "principalid eq '", "assignedto('"); want != "" &&
			!strings.EqualFold(r.String("properties", "principalId"), want) {
			continue
		}
		out = append(out, r)
	}
	return out, nil
}

// quoted returns the quoted argument after the first marker that the filter has.
func quoted(filter string, markers ...string) string {
	for _, m := range markers {
		if _, rest, ok := strings.Cut(filter, m); ok {
			arg, _, _ := strings.Cut(rest, "'")
			return arg
		}
	}
	return ""
}

func (p *provider) definitions(c *arm.Call, collection arm.ID) ([]*arm.Resource, *arm.Error) {
	var out []*arm.Resource
	wantName := quoted(c.Query.Get("$filter"), "roleName eq '")
	for _, role := range roles.BuiltIn {
		if wantName == "" || wantName == role.Name {
			out = append(out, definitionResource(collection.Subscription, role))
		}
	}
	return out, nil
}

func (p *provider) definition(_ *arm.Call, params map[string]string, _ map[string]any) (any, *arm.Error) {
	role, ok := roles.ByID(params["id"])
	if !ok {
		return nil, arm.Errorf(http.StatusNotFound, "RoleDefinitionDoesNotExist",
			"The specified role definition with ID '%s' does not exist.", params["id"])
	}
	r := definitionResource(params["subscription"], role)
	r.Body["id"], r.Body["name"], r.Body["type"] = r.ID.String(), role.ID, definitionType
	return r.Body, nil
}

func definitionResource(subscription string, role roles.Role) *arm.Resource {
	list := func(s []string) []any {
		out := make([]any, len(s))
		for i, v := range s {
			out[i] = v
		}
		return out
	}
	return &arm.Resource{
		ID: arm.ID{Subscription: subscription, Namespace: "Microsoft.Authorization", Types: []string{"roleDefinitions"},
			Names: []string{role.ID}},
		Body: map[string]any{"properties": map[string]any{
			"roleName": role.Name, "type": "BuiltInRole", "description": role.Description,
			"assignableScopes": []any{"/"},
			"permissions": []any{map[string]any{"actions": list(role.Actions), "notActions": list(role.NotActions),
				"dataActions": list(role.DataActions), "notDataActions": []any{}}},
		}},
	}
}

func definitionID(subscription string, role roles.Role) string {
	return "/subscriptions/" + subscription + "/providers/Microsoft.Authorization/roleDefinitions/" + role.ID
}

func lastSegment(id string) string { return id[strings.LastIndexByte(id, '/')+1:] }
