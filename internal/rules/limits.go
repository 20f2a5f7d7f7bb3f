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

// Address ranges are for networks that somebody has. Nobody has more than a /8, and ranges that together hold more than
// a /4 are the internet in pieces. Both limits are ours.
const (
	ShortestPrefix  = 8
	MostAddressBits = 28
)

// ClusterAddressRules are for the rule of a cluster's network security group that lets administrators in
// (learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits#networking-limits).
var ClusterAddressRules = AddressRules{Most: 4000, LongestPrefix: 32}

// The firewalls of storage accounts (learn.microsoft.com/azure/storage/common/storage-network-security) and vaults
// (learn.microsoft.com/azure/key-vault/general/network-security).
var (
	StorageAddressRules = AddressRules{Most: 400, LongestPrefix: 30}
	VaultAddressRules   = AddressRules{Most: 1000, LongestPrefix: 32}
)

// Limits of texts. Where Azure publishes none the limit is ours: far above what people write, and far below the 4 MB
// that Azure Resource Manager takes as a request
// (learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling).
const (
	// MaxShareText is for the description and the terms of a share; ours.
	MaxShareText = 10_000
	// MaxImagePart is for the parts of an image's name; ours.
	MaxImagePart = 80
	// MaxPackageName is for names of types and versions in an application package; ours.
	MaxPackageName = 128
	// MaxEmail is the longest e-mail address (RFC 5321, 4.5.3.1.3, without its angle brackets).
	MaxEmail = 254
	// MaxCommonName is the longest common name of a certificate (RFC 5280, ub-common-name).
	MaxCommonName = 64
	// MaxStoreName is for the name of a Windows certificate store; ours.
	MaxStoreName = 64
	// MaxSourceFolders is for the folders outside of the project that sources may lie in; ours.
	MaxSourceFolders = 100
)

// MaxRecipients is how many e-mail addresses an action group notifies
// (learn.microsoft.com/azure/azure-monitor/fundamentals/service-limits#action-groups).
const MaxRecipients = 1000

// MaxDailyQuotaGB keeps a typing mistake from passing for a cap; ours.
const MaxDailyQuotaGB = 1_000_000
