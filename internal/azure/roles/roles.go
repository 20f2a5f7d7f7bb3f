// Package roles holds Azure's built-in role definitions as the embedded Azure knows them: ids, actions, data actions.
//
// It is kept apart from the ids in internal/rules on purpose. The program takes its ids from there, the embedded Azure
// from here, and each from Azure's documentation: a wrong id on either side is noticed, because the two disagree.
//
// Source: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
package roles

import "strings"

// GUIDs of the built-in role definitions, the same in every tenant.
const (
	Owner                   = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
	Contributor             = "b24988ac-6180-42a0-ab88-20f7382dd24c"
	Reader                  = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
	UserAccessAdministrator = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"
	BlobDataOwner           = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"
	BlobDataContributor     = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
	BlobDataReader          = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
	BlobDelegator           = "db58b8e5-c6ad-4a2a-8342-4190687cbf4a"
	KeyVaultAdministrator   = "00482a5a-887f-4fb3-b363-3b7fe8e74483"
	KeyVaultSecretsOfficer  = "b86a8fe4-44ce-4948-aee5-eccb2c155cd7"
	KeyVaultSecretsUser     = "4633458b-17de-408a-b874-0445c86b69e6"
	LogAnalyticsReader      = "73c42c96-874c-492b-b04d-ab87d138a893"
	ManagedIdentityOperator = "f1a07417-d97a-45cb-824c-7a7467783830"
)

// Role is a role definition: which control-plane actions and which data actions it permits.
type Role struct {
	// ID is the definition's GUID, the same in every tenant for built-in roles.
	ID          string
	Name        string
	Description string
	Actions     []string
	NotActions  []string
	DataActions []string
}

// BuiltIn are the roles that the topology and its operators need. Do not change it.
var BuiltIn = []Role{
	{ID: Owner, Name: "Owner",
		Description: "Grants full access to manage all resources, " +
			"including the ability to assign roles in Azure RBAC.",
		Actions: []string{"*"}},
	{ID: Contributor, Name: "Contributor",
		Description: "Grants full access to manage all resources, " +
			"but does not allow you to assign roles in Azure RBAC.",
		Actions: []string{"*"},
		NotActions: []string{"Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write",
			"Microsoft.Authorization/elevateAccess/Action"}},
	{ID: Reader, Name: "Reader",
		Description: "View all resources, but does not allow you to make any changes.",
		Actions:     []string{"*/read"}},
	{ID: UserAccessAdministrator, Name: "User Access Administrator",
		Description: "Lets you manage user access to Azure resources.",
		Actions:     []string{"*/read", "Microsoft.Authorization/*", "Microsoft.Support/*"}},
	{ID: BlobDataOwner, Name: "Storage Blob Data Owner",
		Description: "Allows for full access to Azure Storage blob containers and data.",
		Actions: []string{"Microsoft.Storage/storageAccounts/blobServices/containers/*",
			"Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action"},
		DataActions: []string{"Microsoft.Storage/storageAccounts/blobServices/containers/blobs/*"}},
	{ID: BlobDataContributor, Name: "Storage Blob Data Contributor",
		Description: "Allows for read, write and delete access to Azure Storage blob containers and data.",
		Actions: []string{"Microsoft.Storage/storageAccounts/blobServices/containers/delete",
			"Microsoft.Storage/storageAccounts/blobServices/containers/read",
			"Microsoft.Storage/storageAccounts/blobServices/containers/write",
			"Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action"},
		DataActions: []string{"Microsoft.Storage/storageAccounts/blobServices/containers/blobs/delete",
			"Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
			"Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write",
			"Microsoft.Storage/storageAccounts/blobServices/containers/blobs/move/action",
			"Microsoft.Storage/storageAccounts/blobServices/containers/blobs/add/action"}},
	{ID: BlobDataReader, Name: "Storage Blob Data Reader",
		Description: "Allows for read access to Azure Storage blob containers and data.",
		Actions: []string{"Microsoft.Storage/storageAccounts/blobServices/containers/read",
			"Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action"},
		DataActions: []string{"Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"}},
	{ID: BlobDelegator, Name: "Storage Blob Delegator",
		Description: "Allows for generation of a user delegation key which can be used to sign SAS tokens.",
		Actions:     []string{"Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action"}},
	{ID: KeyVaultAdministrator, Name: "Key Vault Administrator",
		Description: "Perform all data plane operations on a key vault and all objects in it.",
		Actions: []string{"Microsoft.KeyVault/checkNameAvailability/read", "Microsoft.KeyVault/deletedVaults/read",
			"Microsoft.KeyVault/locations/*/read",
			"Microsoft.KeyVault/vaults/*/read", "Microsoft.KeyVault/operations/read"},
		DataActions: []string{"Microsoft.KeyVault/vaults/*"}},
	{ID: KeyVaultSecretsOfficer, Name: "Key Vault Secrets Officer",
		Description: "Perform any action on the secrets of a key vault, except manage permissions.",
		Actions: []string{"Microsoft.KeyVault/checkNameAvailability/read", "Microsoft.KeyVault/deletedVaults/read",
			"Microsoft.KeyVault/locations/*/read",
			"Microsoft.KeyVault/vaults/*/read", "Microsoft.KeyVault/operations/read"},
		DataActions: []string{"Microsoft.KeyVault/vaults/secrets/*"}},
	{ID: KeyVaultSecretsUser, Name: "Key Vault Secrets User", Description: "Read secret contents.",
		DataActions: []string{"Microsoft.KeyVault/vaults/secrets/getSecret/action",
			"Microsoft.KeyVault/vaults/secrets/readMetadata/action"}},
	{ID: LogAnalyticsReader, Name: "Log Analytics Reader",
		Description: "View and search all monitoring data as well as view monitoring settings.",
		Actions: []string{"*/read", "Microsoft.OperationalInsights/workspaces/analytics/query/action",
			"Microsoft.OperationalInsights/workspaces/search/action", "Microsoft.Support/*"}},
	{ID: ManagedIdentityOperator, Name: "Managed Identity Operator",
		Description: "Read and assign user assigned identity.",
		Actions: []string{"Microsoft.ManagedIdentity/userAssignedIdentities/*/read",
			"Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action",
			"Microsoft.Resources/subscriptions/resourceGroups/read"}},
}

// ByID finds a built-in role by its GUID, in any letter case.
func ByID(id string) (Role, bool) {
	for _, r := range BuiltIn {
		if strings.EqualFold(r.ID, id) {
			return r, true
		}
	}
	return Role{}, false
}

// Permits reports whether the role permits an action, or a data action when data is set.
func (r Role) Permits(action string, data bool) bool {
	if data {
		return matchAny(r.DataActions, action)
	}
	return matchAny(r.Actions, action) && !matchAny(r.NotActions, action)
}

func matchAny(patterns []string, action string) bool {
	for _, p := range patterns {
		if match(strings.ToLower(p), strings.ToLower(action)) {
			return true
		}
	}
	return false
}

// match compares with * standing for any run of characters.
func match(pattern, s string) bool {
	head, rest, found := strings.Cut(pattern, "*")
	if !found {
		return pattern == s
	}
	if !strings.HasPrefix(s, head) {
		return false
	}
	s = s[len(head):]
	if rest == "" {
		return true
	}
	for i := 0; i <= len(s); i++ {
		if match(rest, s[i:]) {
			return true
		}
	}
	return false
}
