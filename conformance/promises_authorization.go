package conformance

import (
	"net/http"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/authorization/armauthorization/v2"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

const (
	roleAssignments = "Microsoft.Authorization/roleAssignments"
	docsRBAC        = "https://learn.microsoft.com/azure/role-based-access-control/overview"
	docsScopes      = "https://learn.microsoft.com/azure/role-based-access-control/scope-overview"
	docsBuiltIn     = "https://learn.microsoft.com/azure/role-based-access-control/built-in-roles"
	docsDataAccess  = "https://learn.microsoft.com/azure/storage/blobs/assign-azure-role-data-access"
	// docsClientCodes are the codes of the blob service as the official client lists them.
	docsClientCodes  = "https://pkg.go.dev/github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	docsListRolesAPI = "https://learn.microsoft.com/azure/role-based-access-control/role-assignments-list-rest"
)

// stranger is the principal without roles, as one who tries the provider's subscription.
func (t *T) stranger() *Org {
	o := *t.Env.Provider
	o.Credential, o.ObjectID, o.ClientID = t.Env.Stranger.Credential, t.objectID(t.Env.Stranger),
		t.Env.Stranger.ClientID
	return &o
}

// authorizationPromises are about who may do what where.
func authorizationPromises() []Promise {
	needs := []Need{Stranger}
	return []Promise{
		{
			Name: "no role, no access", Area: roleAssignments, Source: docsErrors, Code: "AuthorizationFailed",
			Needs:     needs,
			Statement: "A principal without a role can neither read nor write, whether or not the resource is there.",
			Test: func(t *T) {
				s := t.stranger()
				_, err := t.read(s, t.storageAccount(t.Env.Provider), storageVersion)
				t.refused(err, http.StatusForbidden, "AuthorizationFailed")
				_, err = t.read(s, t.inGroup(t.Env.Provider, storageType, t.name(20)), storageVersion)
				t.refused(err, http.StatusForbidden, "AuthorizationFailed")
				_, err = t.put(s, t.inGroup(t.Env.Provider, storageType, t.name(20)), storageVersion, t.accountBody())
				t.refused(err, http.StatusForbidden, "AuthorizationFailed")
			},
		},
		{
			Name: "inheritance", Area: roleAssignments, Source: docsScopes, Code: "AuthorizationFailed",
			CodeSource: docsErrors, Needs: needs,
			Statement: "A role on a resource group holds for everything in it, and for nothing beside it; a Reader " +
				"reads and cannot write.",
			Test: func(t *T) {
				o, s := t.Env.Provider, t.stranger()
				group := groupID(o, t.ownGroup(o))
				account := group + "/providers/" + storageType + "/" + t.name(20)
				t.made(o, account, storageVersion, t.accountBody())
				t.assign(o, group, roleReader, s.ObjectID)
				require.NoError(t, t.until(func() error { _, err := t.read(s, account, storageVersion); return err }))
				t.there(s, account+"/blobServices/default", storageVersion)
				t.refused(t.patch(s, account, storageVersion, object{"tags": object{"a": "b"}}), http.StatusForbidden,
					"AuthorizationFailed")
				_, err := t.storage(s).NewAccountsClient().ListKeys(t.ctx(), groupOf(account), nameOf(account), nil)
				t.refused(err, http.StatusForbidden, "AuthorizationFailed")
				_, err = t.read(s, t.storageAccount(o), storageVersion)
				t.refused(err, http.StatusForbidden, "AuthorizationFailed")
			},
		},
		{
			Name: "end of a role", Area: roleAssignments, Source: docsRBAC, Code: "AuthorizationFailed",
			CodeSource: docsErrors, Needs: needs,
			Statement: "Deleting a role assignment ends what it permitted.",
			Test: func(t *T) {
				o, s := t.Env.Provider, t.stranger()
				container := t.container(o)
				assignment := t.assign(o, container, roleReader, s.ObjectID)
				require.NoError(t, t.until(func() error { _, err := t.read(s, container, storageVersion); return err }))
				require.NoError(t, t.remove(o, assignment, rolesVersion))
				t.eventually("access to end", func() bool {
					_, err := t.read(s, container, storageVersion)
					return err != nil && t.response(err).ErrorCode == "AuthorizationFailed"
				})
			},
		},
		{
			Name: "Contributor assigns no roles", Area: roleAssignments, Source: docsBuiltIn,
			Code: "AuthorizationFailed", CodeSource: docsErrors, Needs: needs,
			Statement: "A Contributor may do everything but assign roles.",
			Test: func(t *T) {
				o, s := t.Env.Provider, t.stranger()
				account := t.ownAccount(o)
				t.assign(o, account, roleContributor, s.ObjectID)
				require.NoError(t, t.until(func() error {
					return t.patch(s, account, storageVersion,
						object{"tags": object{"a": "b"}})
				}))
				_, err := t.put(s, account+"/providers/"+roleAssignments+"/"+uuid.NewString(), rolesVersion,
					object{"properties": object{
						"principalId": s.ObjectID, "principalType": "ServicePrincipal",
						"roleDefinitionId": roleID(o, roleBlobReader),
					}})
				t.refused(err, http.StatusForbidden, "AuthorizationFailed")
			},
		},
		{
			Name: "data actions", Area: roleAssignments, Source: docsDataAccess,
			Code: "AuthorizationPermissionMismatch", CodeSource: docsClientCodes, Needs: needs,
			Statement: "Blobs open to a token with a data role only, in its container only, and to a Reader's not " +
				"for writing; management roles give no access to data.",
			Test: func(t *T) {
				o, s := t.Env.Provider, t.stranger()
				container, other := t.container(o), t.container(o)
				for _, c := range []string{container, other} {
					t.upload(o, c, "a.txt", "a")
				}
				blobs := t.bearerBlobs(s, t.blobEndpoint(o, accountOf(container)))
				read := func(c string) error {
					_, err := blobs.DownloadStream(t.ctx(), nameOf(c), "a.txt", nil)
					return err
				}
				t.assign(o, container, roleContributor, s.ObjectID)
				require.NoError(t, t.until(func() error { _, err := t.read(s, container, storageVersion); return err }))
				t.refused(read(container), http.StatusForbidden, "AuthorizationPermissionMismatch")
				t.assign(o, container, roleBlobReader, s.ObjectID)
				require.NoError(t, t.until(func() error { return read(container) }))
				t.refused(read(other), http.StatusForbidden, "AuthorizationPermissionMismatch")
				_, err := blobs.UploadBuffer(t.ctx(), nameOf(container), "b.txt", []byte("b"), nil)
				t.refused(err, http.StatusForbidden, "AuthorizationPermissionMismatch")
				t.assign(o, container, roleBlobContributor, s.ObjectID)
				require.NoError(t, t.until(func() error {
					_, err := blobs.UploadBuffer(t.ctx(), nameOf(container), "b.txt", []byte("b"), nil)
					return err
				}))
			},
		},
		{
			Name: "unknown principal", Area: roleAssignments, Source: docsRBACTrouble, Code: "PrincipalNotFound",
			Statement: "A role cannot be assigned to a principal that the tenant does not know.",
			Test: func(t *T) {
				o := t.Env.Provider
				_, err := t.put(o, t.container(o)+"/providers/"+roleAssignments+"/"+uuid.NewString(), rolesVersion,
					object{"properties": object{
						"principalId": uuid.NewString(), "roleDefinitionId": roleID(o, roleBlobReader),
					}})
				t.refused(err, http.StatusBadRequest, "PrincipalNotFound")
			},
		},
		{
			Name: "principal of another tenant", Area: roleAssignments, Source: docsRBACTrouble,
			Code: "PrincipalNotFound", Needs: []Need{TwoTenants},
			Statement: "A role cannot be assigned to a principal of another tenant.",
			Test: func(t *T) {
				o := t.Env.Provider
				_, err := t.put(o, t.container(o)+"/providers/"+roleAssignments+"/"+uuid.NewString(), rolesVersion,
					object{"properties": object{
						"principalId": t.objectID(t.Env.Consumer), "roleDefinitionId": roleID(o, roleBlobReader),
					}})
				t.refused(err, http.StatusBadRequest, "PrincipalNotFound")
			},
		},
		{
			Name: "unknown role", Area: roleAssignments,
			Source:       "https://learn.microsoft.com/rest/api/authorization/role-assignments/create",
			Undocumented: true,
			Statement:    "A role that does not exist cannot be assigned.",
			Test: func(t *T) {
				o := t.Env.Provider
				_, err := t.put(o, t.container(o)+"/providers/"+roleAssignments+"/"+uuid.NewString(), rolesVersion,
					object{"properties": object{
						"principalId": t.shareAccount(o).principal, "principalType": "ServicePrincipal",
						"roleDefinitionId": roleID(o, uuid.NewString()),
					}})
				t.refusedSomehow(err)
			},
		},
		{
			Name: "once under two names", Area: roleAssignments,
			Source:       "https://learn.microsoft.com/rest/api/authorization/role-assignments/create",
			Undocumented: true,
			Statement: "The same role at the same scope cannot be assigned to a principal twice, under another " +
				"name.",
			Test: func(t *T) {
				o := t.Env.Provider
				scope := t.container(o)
				t.assign(o, scope, roleBlobReader, t.shareAccount(o).principal)
				_, err := t.put(o, scope+"/providers/"+roleAssignments+"/"+uuid.NewString(), rolesVersion,
					object{"properties": object{
						"principalId": t.shareAccount(o).principal, "principalType": "ServicePrincipal",
						"roleDefinitionId": roleID(o, roleBlobReader),
					}})
				require.Equal(t, http.StatusConflict, t.response(err).StatusCode, err)
			},
		},
		{
			Name: "name is a GUID", Area: roleAssignments,
			Source:       "https://learn.microsoft.com/rest/api/authorization/role-assignments/create",
			Undocumented: true,
			Statement:    "The name of a role assignment must be a GUID.",
			Test: func(t *T) {
				o := t.Env.Provider
				_, err := t.put(o, t.container(o)+"/providers/"+roleAssignments+"/reader", rolesVersion,
					object{"properties": object{
						"principalId": t.shareAccount(o).principal, "principalType": "ServicePrincipal",
						"roleDefinitionId": roleID(o, roleBlobReader),
					}})
				t.refusedSomehow(err)
			},
		},
		{
			Name: "list at a scope", Area: roleAssignments, Source: docsListRolesAPI,
			Statement: "The list with $filter=atScope() has the assignments at a scope and above it, not those below " +
				"it.",
			Test: func(t *T) {
				o := t.Env.Provider
				container := t.container(o)
				account := accountOf(container)
				below := t.assign(o, container, roleBlobReader, t.shareAccount(o).principal)
				list := func(scope string) []string {
					return listedIDs(t, t.authorization(o).NewRoleAssignmentsClient().NewListForScopePager(scope[1:],
						&armauthorization.RoleAssignmentsClientListForScopeOptions{Filter: to.Ptr("atScope()")}))
				}
				require.Contains(t, list(container), below)
				require.NotContains(t, list(account), below)
				above := t.assign(o, account, roleReader, t.shareAccount(o).principal)
				require.Contains(t, list(container), above)
			},
		},
		{
			Name: "built-in roles", Area: "Microsoft.Authorization/roleDefinitions", Source: docsBuiltIn,
			Statement: "The built-in roles that the topology assigns have their published ids, names and data actions.",
			Test: func(t *T) {
				client := t.authorization(t.Env.Provider).NewRoleDefinitionsClient()
				const blobs = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/"
				for id, role := range map[string]struct {
					name   string
					action string
				}{
					roleReader:          {"Reader", ""},
					roleContributor:     {"Contributor", ""},
					roleBlobReader:      {"Storage Blob Data Reader", blobs + "read"},
					roleBlobContributor: {"Storage Blob Data Contributor", blobs + "write"},
				} {
					res, err := client.Get(t.ctx(), "subscriptions/"+t.Env.Provider.Subscription, id, nil)
					require.NoError(t, err)
					require.Equal(t, role.name, *res.Properties.RoleName)
					require.Equal(t, "BuiltInRole", *res.Properties.RoleType)
					var actions []string
					for _, p := range res.Properties.Permissions {
						for _, a := range p.DataActions {
							actions = append(actions, strings.ToLower(*a))
						}
					}
					if role.action == "" {
						require.Empty(t, actions, role.name)
					} else {
						require.Contains(t, actions, strings.ToLower(role.action))
					}
				}
			},
		},
	}
}
