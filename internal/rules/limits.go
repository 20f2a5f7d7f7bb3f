package rules

// How many characters a name may have
// (learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules).
var (
	StorageAccountName = Range{3, 24}
	VaultName          = Range{3, 24}
	ContainerName      = Range{3, 63}
	WorkspaceName      = Range{4, 63}
)

// Limits of a blob's name: its characters, and its segments between slashes
// (learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata).
const (
	MaxBlobName     = 1024
	MaxBlobSegments = 254
)

// Limits of tags (learn.microsoft.com/azure/azure-resource-manager/management/tag-resources#limitations). Tag names may
// have 512 characters in general but 128 on storage accounts, and every tag goes on those too.
const (
	MaxTags     = 50
	MaxTagName  = 128
	MaxTagValue = 256
)

// For how many days something is kept.
var (
	// BlobSoftDeleteDays: learn.microsoft.com/azure/storage/blobs/soft-delete-blob-overview.
	BlobSoftDeleteDays = Range{1, 365}
	// LifecycleDays: learn.microsoft.com/azure/storage/blobs/lifecycle-management-policy-structure.
	LifecycleDays = Range{0, 99999}
	// VaultSoftDeleteDays: learn.microsoft.com/azure/key-vault/general/soft-delete-overview.
	VaultSoftDeleteDays = Range{7, 90}
	// LogRetentionDays: learn.microsoft.com/azure/azure-monitor/logs/data-retention-configure.
	LogRetentionDays = Range{30, 730}
)

// MinDailyQuotaGB is the smallest daily cap of a workspace (learn.microsoft.com/rest/api/loganalytics/workspaces).
const MinDailyQuotaGB = 0.023

// AddressRules is what a resource's firewall takes: how many rules, and the longest prefix of a range.
type AddressRules struct{ Most, LongestPrefix int }

// The firewalls of storage accounts (learn.microsoft.com/azure/storage/common/storage-network-security) and vaults
// (learn.microsoft.com/azure/key-vault/general/network-security).
var (
	StorageAddressRules = AddressRules{Most: 400, LongestPrefix: 30}
	VaultAddressRules   = AddressRules{Most: 1000, LongestPrefix: 32}
)
