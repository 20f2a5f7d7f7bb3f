package conformance

import (
	"github.com/google/uuid"
)

const (
	groupsVersion = "2021-04-01"
	rolesVersion  = "2022-04-01"
)

// The built-in roles that are assigned here.
// Source: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
const (
	roleContributor     = "b24988ac-6180-42a0-ab88-20f7382dd24c"
	roleReader          = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
	roleBlobReader      = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
	roleBlobContributor = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
)

func roleID(o *Org, role string) string {
	return "/subscriptions/" + o.Subscription + "/providers/Microsoft.Authorization/roleDefinitions/" + role
}

// coreTypes are resource groups and role assignments.
func coreTypes() []*lifecycle {
	return []*lifecycle{
		{
			area: "Microsoft.Resources/resourceGroups", version: groupsVersion,
			source: "https://learn.microsoft.com/rest/api/resources/resource-groups/create-or-update",
			parent: func(t *T) string { return "/subscriptions/" + t.Env.Provider.Subscription },
			body: func(t *T, _ string) object {
				return object{"location": t.Env.Location, "tags": object{"made-by": "conformance"}}
			},
			update: func(b object) object { return with(b, object{"made-by": "conformance", "stage": "two"}, "tags") },
			invalid: func(t *T, b object) object {
				return with(b, t.Env.OtherLocation, "location")
			},
			why: "to another location",
			get: func(t *T, o *Org, id string) (any, error) {
				res, err := t.groups(o).Get(t.ctx(), nameOf(id), nil)
				return res.ResourceGroup, err
			},
			ids: func(t *T, o *Org, _ string) []string {
				return listedIDs(t, t.groups(o).NewListPager(nil))
			},
		},
		{
			area: "Microsoft.Authorization/roleAssignments", version: rolesVersion, scoped: true,
			source:        "https://learn.microsoft.com/rest/api/authorization/role-assignments/create",
			parent:        func(t *T) string { return t.container(t.Env.Provider) },
			fresh:         func(t *T) string { return t.container(t.Env.Provider) },
			parentVersion: storageVersion,
			name:          func(*T) string { return uuid.NewString() },
			body: func(t *T, _ string) object {
				// The identity of a resource, so that there is a service principal for every login.
				return object{"properties": object{
					"principalId": t.shareAccount(t.Env.Provider).principal, "principalType": "ServicePrincipal",
					"roleDefinitionId": roleID(t.Env.Provider, roleBlobReader),
				}}
			},
			update: func(b object) object { return with(b, "for the audit", "properties", "description") },
			invalid: func(t *T, b object) object {
				return with(b, roleID(t.Env.Provider, roleBlobContributor), "properties", "roleDefinitionId")
			},
			why: "to another role", code: "RoleAssignmentUpdateNotPermitted", codeSource: docsRBACTrouble,
			get: func(t *T, o *Org, id string) (any, error) {
				res, err := t.authorization(o).NewRoleAssignmentsClient().GetByID(t.ctx(), id[1:], nil)
				return res.RoleAssignment, err
			},
			ids: func(t *T, o *Org, id string) []string {
				scope, _ := splitScope(id)
				return listedIDs(t, t.authorization(o).NewRoleAssignmentsClient().NewListForScopePager(scope[1:], nil))
			},
		},
	}
}
