package rules

// Role is a built-in role of Azure. Its id is the same in every directory.
type Role struct{ ID, Name string }

// The built-in roles that the program assigns or that advice names
// (learn.microsoft.com/azure/role-based-access-control/built-in-roles).
var (
	StorageBlobDataReader      = Role{"2a2b9908-6ea1-4ae2-8e65-a410df84e7d1", "Storage Blob Data Reader"}
	StorageBlobDataContributor = Role{"ba92f5b4-2d11-453d-a403-e96b0029c9fe", "Storage Blob Data Contributor"}
	KeyVaultSecretsOfficer     = Role{"b86a8fe4-44ce-4948-aee5-eccb2c155cd7", "Key Vault Secrets Officer"}
)

// What the identity of a Data Share account needs at its own storage account, and nowhere else: to read what the
// organization shares, and to write what it receives
// (learn.microsoft.com/azure/data-share/concepts-roles-permissions).
var (
	ProviderRole = StorageBlobDataReader
	ConsumerRole = StorageBlobDataContributor
)
