package components

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// ProviderOrgArgs describes an organization that offers data.
type ProviderOrgArgs struct {
	// Location is the Azure region. Required.
	Location pulumi.StringInput
	// Tags go on everything taggable.
	Tags pulumi.StringMapInput
	// Containers are the private containers that data is shared from. Required; plain, as each becomes a resource.
	Containers []string
	// Storage and KeyVault describe the storage account and the vault.
	Storage  StorageArgs
	KeyVault VaultArgs
	// Protect refuses the deletion of what holds data: group, storage account, containers, vault and Data Share
	// account.
	Protect bool
}

// ProviderOrg is an organization that offers data: a resource group, a storage account with private containers, a Key
// Vault, and a Data Share account whose system identity may read that storage account's blobs and nothing else.
type ProviderOrg struct {
	pulumi.ResourceState
	Boundary
}

// NewProviderOrg registers the organization. Give its azure-native provider among the options. The names of the storage
// account and the vault begin with name, shortened where Azure's limits demand.
func NewProviderOrg(
	ctx *pulumi.Context, name string, args *ProviderOrgArgs, opts ...pulumi.ResourceOption,
) (*ProviderOrg, error) {
	if args == nil {
		args = &ProviderOrgArgs{}
	}
	common := boundaryArgs{
		location:   args.Location,
		tags:       args.Tags,
		storage:    args.Storage,
		vault:      args.KeyVault,
		containers: args.Containers,
		role:       blobDataReader,
		protect:    args.Protect,
	}
	org := &ProviderOrg{}
	if err := registerOrg(ctx, "ProviderOrg", name, org, &org.Boundary, common, opts); err != nil {
		return nil, err
	}
	return org, nil
}
