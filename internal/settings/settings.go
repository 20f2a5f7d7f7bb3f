// Package settings is the stack configuration of crossorg as Go values: read from Pulumi configuration, checked as a
// whole before the first resource is registered. It knows Azure's rules for names and sizes, but registers nothing.
package settings

import "time"

// Settings is everything a stack says about itself. Maps are keyed by the names that the stack file uses. Where a field
// names a default, that is what it holds when the stack file leaves it out.
type Settings struct {
	// Environment is the value of the environment tag: dev, staging, prod. Default: the stack's name.
	Environment string `json:"environment"`
	// Tags go on everything taggable, beside the environment tag. Default: purpose, "cross-org-data-sharing".
	Tags map[string]string `json:"tags"`
	// Protect marks what holds data as protected from deletion, and makes alert recipients mandatory.
	Protect bool `json:"protect"`
	// RolePropagation is how long after its creation a role assignment is waited for before it is relied on, 0 to 1
	// hour. Default: 5 minutes.
	RolePropagation time.Duration `json:"rolePropagation"`
	// Organizations by name, at least one.
	Organizations map[string]Organization `json:"organizations"`
	// Shares by name.
	Shares map[string]Share `json:"shares"`
	// SourceFolders are the folders outside of the project that sources may lie in.
	SourceFolders []string `json:"sourceFolders"`
	// Storage holds for every organization's storage account.
	Storage Storage `json:"storage"`
	// KeyVault holds for every organization's vault.
	KeyVault KeyVault `json:"keyVault"`
	// Governance is the Service Fabric cluster; nil leaves it out.
	Governance *Governance `json:"governance"`
	// Monitoring holds for every organization's workspace.
	Monitoring Monitoring `json:"monitoring"`
}

// Organization is one Azure estate. Its name is 3 to 10 lowercase letters and digits, a letter first.
type Organization struct {
	// Location is the Azure region, "eastus".
	Location string `json:"location"`
	// SubscriptionID and TenantID are GUIDs; empty means those of the login. A Principal needs both.
	SubscriptionID string `json:"subscriptionId"`
	TenantID       string `json:"tenantId"`
	// Principal signs in for the organization; nil means the login of the environment (az login, ARM_* variables).
	Principal *Principal `json:"principal"`
	// Tags go on everything taggable of this organization, over those of the stack.
	Tags map[string]string `json:"tags"`
}

// Principal is a service principal that deploys an organization's resources.
type Principal struct {
	// ClientID is the application (client) id.
	ClientID string `json:"clientId"`
	// ClientSecret comes from the secret key crossorg:principalSecrets. Empty with UseOIDC.
	ClientSecret Secret `json:"-"`
	// UseOIDC signs in with a federated token instead of a secret (ARM_OIDC_* variables).
	UseOIDC bool `json:"useOidc"`
}

// Share is a data share: what a provider offers to consumers. Its name follows the rule for containers: 3 to 63
// lowercase letters, digits and single hyphens.
type Share struct {
	// Provider and Consumers are organization names; there is at least one consumer, and none is the provider.
	Provider    string   `json:"provider"`
	Consumers   []string `json:"consumers"`
	Description string   `json:"description"`
	Terms       string   `json:"terms"`
	// Kind is CopyBased, the only kind whose snapshots this program sets up, and so the default.
	Kind string `json:"kind"`
	// Expiration ends invitation and subscriptions; zero means never.
	Expiration time.Time `json:"expiration"`
	// Schedule of the snapshots.
	Schedule Schedule `json:"schedule"`
	// DataSets by name, at least one. No two of them hold the same blob.
	DataSets map[string]DataSet `json:"dataSets"`
	// Invitees overrides, by consumer name, who is invited; by default the principal that deploys the consumer.
	Invitees map[string]Invitee `json:"invitees"`
}

// Schedule is a snapshot schedule.
type Schedule struct {
	// Interval is Hour or Day.
	Interval string `json:"interval"`
	// Start is the UTC time of the first run; it may be past.
	Start time.Time `json:"start"`
}

// Invitee names who may accept an invitation: an e-mail address, or a directory with an object id, never both.
type Invitee struct {
	// Email is a plain address.
	Email string `json:"email"`
	// TenantID and ObjectID are GUIDs; ObjectID is that of a user or service principal.
	TenantID string `json:"tenantId"`
	ObjectID string `json:"objectId"`
}

// DataSet is one data set of a share.
type DataSet struct {
	// Kind is one of rules.DataSetKinds: blob, folder or container.
	Kind string `json:"kind"`
	// Container is the blob container at the provider.
	Container string `json:"container"`
	// Path is the blob's name (kind blob) or the folder without a slash at its end (kind folder); empty for kind
	// container.
	Path string `json:"path"`
	// Source is an optional local file (kind blob) or folder (kind folder, container) to upload, relative to the
	// project.
	Source string `json:"source"`
}

// Storage describes the storage accounts.
type Storage struct {
	// SKU is Standard_LRS, Standard_ZRS, Standard_GRS, Standard_RAGRS, Standard_GZRS or Standard_RAGZRS.
	// Default: Standard_LRS.
	SKU string `json:"sku"`
	// AccessTier is Hot or Cool. Default: Hot.
	AccessTier string `json:"accessTier"`
	// SoftDeleteDays keeps deleted blobs and containers, 1 to 365 days. Default: 7.
	SoftDeleteDays int `json:"softDeleteDays"`
	// CoolAfterDays moves blobs to the cool tier that were not modified for so many days; 0 never. Default: 30.
	CoolAfterDays int `json:"coolAfterDays"`
	// DeleteVersionsAfterDays ends previous versions of a blob after so many days; 0 never. Default: 90.
	DeleteVersionsAfterDays int `json:"deleteVersionsAfterDays"`
	// AllowedAddressRanges close the accounts' data to everybody else but Azure's trusted services, Data Share among
	// them: at most 400 public IPv4 addresses or CIDR ranges up to /30. Empty leaves the network open, to who has key
	// or role.
	AllowedAddressRanges []string `json:"allowedAddressRanges"`
}

// KeyVault describes the vaults.
type KeyVault struct {
	// SKU is standard or premium. Default: standard.
	SKU string `json:"sku"`
	// EnabledForDeployment lets virtual machines fetch certificates; EnabledForTemplateDeployment lets ARM read
	// secrets. Default: true for both.
	EnabledForDeployment         bool `json:"enabledForDeployment"`
	EnabledForTemplateDeployment bool `json:"enabledForTemplateDeployment"`
	// PurgeProtection cannot be switched off again once on. Default: false.
	PurgeProtection bool `json:"purgeProtection"`
	// SoftDeleteDays is 7 to 90 and fixed once set. Default: 90.
	SoftDeleteDays int `json:"softDeleteDays"`
	// AllowedAddressRanges may reach what the vaults hold, beside Azure's trusted services: at most 1,000 public IPv4
	// addresses or CIDR ranges. Empty means nobody else.
	AllowedAddressRanges []string `json:"allowedAddressRanges"`
}

// Governance is the Service Fabric managed cluster.
type Governance struct {
	// Organization, by name, hosts the cluster.
	Organization string `json:"organization"`
	// SKU is Basic (at least 3 nodes) or Standard (at least 5). Default: Standard.
	SKU string `json:"sku"`
	// NodeCount and VMSize of the primary node type. Default: 5 of Standard_D2s_v3.
	NodeCount int    `json:"nodeCount"`
	VMSize    string `json:"vmSize"`
	// Image of the nodes. Default: MicrosoftWindowsServer, WindowsServer, 2019-Datacenter, latest.
	Image Image `json:"image"`
	// AdminUser of the virtual machines, at most 20 characters. Default: crossorgadmin.
	AdminUser string `json:"adminUser"`
	// AdminPassword comes from the secret key crossorg:adminPassword.
	AdminPassword Secret `json:"-"`
	// AdminCertificate and AzureAD say who may administer the cluster; at least one is needed.
	AdminCertificate *Certificate `json:"adminCertificate"`
	AzureAD          *AzureAD     `json:"azureActiveDirectory"`
	// AllowedAddressRanges may reach the management ports 19000 and 19080 (CIDR); empty means nobody outside.
	AllowedAddressRanges []string `json:"allowedAddressRanges"`
	// NodeCertificates are installed on every node from the organization's vault.
	NodeCertificates []NodeCertificate `json:"nodeCertificates"`
	// Package is the governance application; nil leaves the cluster empty.
	Package *Package `json:"package"`
}

// Image is a marketplace image of the nodes.
type Image struct {
	Publisher string `json:"publisher"`
	Offer     string `json:"offer"`
	SKU       string `json:"sku"`
	Version   string `json:"version"`
}

// Certificate names an admin client certificate: by thumbprint, or by common name with its issuer's thumbprint.
type Certificate struct {
	// Thumbprint is the SHA-1 of the certificate, 40 hexadecimal digits. It excludes the others.
	Thumbprint string `json:"thumbprint"`
	// CommonName is the certificate's subject; IssuerThumbprint names its issuers, separated by commas.
	CommonName       string `json:"commonName"`
	IssuerThumbprint string `json:"issuerThumbprint"`
}

// AzureAD lets directory users administer the cluster. All three are GUIDs: the directory, and the application (client)
// ids of the registrations for the cluster and for its client.
type AzureAD struct {
	TenantID           string `json:"tenantId"`
	ClusterApplication string `json:"clusterApplication"`
	ClientApplication  string `json:"clientApplication"`
}

// NodeCertificate is a certificate of the organization's vault.
type NodeCertificate struct {
	// URL of the certificate's secret version, "https://v.vault.azure.net/secrets/name/version".
	URL string `json:"url"`
	// Store is the Windows certificate store. Default: "My".
	Store string `json:"store"`
}

// Package is a Service Fabric application package and what it runs.
type Package struct {
	// Path of the .sfpkg file, relative to the project.
	Path string `json:"path"`
	// TypeName and Version as in its ApplicationManifest.xml.
	TypeName string `json:"typeName"`
	Version  string `json:"version"`
	// Services by name, at least one.
	Services map[string]Service `json:"services"`
}

// Service is one stateless service of the package.
type Service struct {
	// TypeName as in its ServiceManifest.xml.
	TypeName string `json:"typeName"`
	// InstanceCount is -1 for every node, or positive. Default: -1.
	InstanceCount int `json:"instanceCount"`
}

// Monitoring describes the workspaces.
type Monitoring struct {
	// SKU is PerGB2018, also by default.
	SKU string `json:"sku"`
	// RetentionDays is 30 to 730. Default: 30.
	RetentionDays int `json:"retentionDays"`
	// DailyQuotaGB caps ingestion, from 0.023; -1 means no cap. Default: -1.
	DailyQuotaGB float64 `json:"dailyQuotaGb"`
	// Recipients are the e-mail addresses that alerts go to; needed when Settings.Protect is set.
	Recipients []string `json:"recipients"`
}

// Secret is a value that must not be printed. It formats as "[secret]" everywhere; Reveal gives the value.
type Secret struct{ value string }

// NewSecret wraps a value.
func NewSecret(v string) Secret { return Secret{v} }

// Reveal is the value itself: hand it on as a Pulumi secret, never to a log or an error.
func (s Secret) Reveal() string { return s.value }

// IsSet reports whether there is a value.
func (s Secret) IsSet() bool { return s.value != "" }

// String hides the value.
func (s Secret) String() string { return "[secret]" }

// GoString hides the value.
func (s Secret) GoString() string { return "[secret]" }

// MarshalJSON hides the value.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"[secret]"`), nil }
