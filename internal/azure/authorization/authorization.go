// Package authorization is the resource provider Microsoft.Authorization: role assignments, the built-in role
// definitions and management locks.
package authorization

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/identity"
	"github.com/crossorg/crossorg/internal/azure/jsonbody"
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
			{Name: assignmentType, Extension: true, NoPatch: true, CheckName: checkAssignmentName,
				Put: p.put, Delete: p.delete, List: p.list, Options: filtered},
			locks(),
			{Name: definitionType, Extension: true, NoPut: true, NoPatch: true, NoDelete: true, NoGet: true,
				List: p.definitions, Options: filtered},
		},
		Routes: append(p.permissionRoutes(), p.definitionRoutes()...),
	}
}

// filtered are the query parameters of types whose lists take a $filter.
var filtered = arm.QueryOptions{List: []string{"$filter"}}

func checkAssignmentName(name string) *arm.Error {
	if _, err := uuid.Parse(name); err != nil {
		return arm.BadRequest("InvalidRoleAssignmentId", "The role assignment ID '%s' is not valid. The role "+
			"assignment ID must be a GUID.", name)
	}
	return nil
}

type provider struct{ dir *identity.Directory }

// put checks and records an assignment. An assignment cannot be changed, only repeated.
// Source of rules and codes: https://learn.microsoft.com/azure/role-based-access-control/troubleshooting
func (p *provider) put(c *arm.Call, w *arm.Write) *arm.Error {
	props := w.New.Properties()
	principalID := jsonbody.Text(props, "principalId")
	roleID := lastSegment(jsonbody.Text(props, "roleDefinitionId"))
	role, ok := roles.ByID(roleID)
	if !ok {
		return arm.BadRequest("RoleDefinitionDoesNotExist", "The specified role definition with ID '%s' does not "+
			"exist.", roleID)
	}
	if aerr := p.checkPrincipal(c, w, principalID); aerr != nil {
		return aerr
	}
	if aerr := p.checkUnique(c, w, principalID, role); aerr != nil {
		return aerr
	}
	scope := scopeOf(w.New.ID)
	created := arm.Timestamp(w.New.CreatedAt)
	props["principalType"] = "ServicePrincipal"
	props["roleDefinitionId"] = definitionID(w.New.ID.Subscription, role)
	props["scope"] = scope
	props["createdOn"], props["updatedOn"] = created, created
	props["createdBy"], props["updatedBy"] = c.Caller.ObjectID, c.Caller.ObjectID
	if w.Old != nil {
		props["createdBy"] = w.Old.String("properties", "createdBy")
	}
	assignment := identity.Assignment{
		ID: w.New.ID.String(), PrincipalID: principalID, RoleID: role.ID, Scope: scope,
	}
	if err := p.dir.Assign(c.Tx, assignment); err != nil {
		return arm.InternalError(fmt.Errorf("the role assignment could not be recorded: %w", err))
	}
	return nil
}

// scopeOf is what an assignment holds for: a resource, a resource group or a subscription.
func scopeOf(id arm.ID) string {
	switch {
	case id.Scope != "":
		return id.Scope
	case id.ResourceGroup != "":
		return id.Group().String()
	}
	return arm.ID{Subscription: id.Subscription}.String()
}

// checkPrincipal refuses a principal that the subscription's tenant does not know, and a type that it does not have.
func (p *provider) checkPrincipal(c *arm.Call, w *arm.Write, principalID string) *arm.Error {
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
	kind := w.New.String("properties", "principalType")
	if kind != "" && !strings.EqualFold(kind, "ServicePrincipal") {
		return arm.BadRequest("UnmatchedPrincipalType", "The PrincipalId '%s' has type 'ServicePrincipal', which is "+
			"different from specified PrincipalType '%s'.", principalID, kind)
	}
	return nil
}

// checkUnique refuses to change an assignment, and to make a second one of a role to a principal at a scope.
func (p *provider) checkUnique(c *arm.Call, w *arm.Write, principalID string, role roles.Role) *arm.Error {
	same := func(r *arm.Resource) bool {
		return strings.EqualFold(r.String("properties", "principalId"), principalID) &&
			strings.EqualFold(lastSegment(r.String("properties", "roleDefinitionId")), role.ID)
	}
	switch {
	case w.Old != nil && !same(w.Old):
		return arm.BadRequest("RoleAssignmentUpdateNotPermitted", "Tenant ID, application ID, principal ID, and "+
			"scope are not allowed to be updated.")
	case w.Old == nil && slices.ContainsFunc(p.at(c, w.New.ID), same):
		return arm.Conflict("RoleAssignmentExists", "The role assignment already exists.")
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
	return c.Children(scope, "roleAssignments")
}

// list answers the assignments that hold at a scope: its own, those above it, and, as Azure does without a filter,
// those below it. $filter supports atScope() (own and above), principalId eq '…' and assignedTo('…').
// Source: https://learn.microsoft.com/azure/role-based-access-control/role-assignments-list-rest
func (p *provider) list(c *arm.Call, collection arm.ID) ([]*arm.Resource, *arm.Error) {
	asked, aerr := conditionsOf(c, "atScope", "principalId", "assignedTo")
	if aerr != nil {
		return nil, aerr
	}
	_, atScope := asked["atscope"]
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
		if !above && (!below || atScope) {
			continue
		}
		principal := r.String("properties", "principalId")
		if differs(asked, "principalid", principal) || differs(asked, "assignedto", principal) {
			continue
		}
		out = append(out, r)
	}
	return out, nil
}

func lastSegment(id string) string { return id[strings.LastIndexByte(id, '/')+1:] }
