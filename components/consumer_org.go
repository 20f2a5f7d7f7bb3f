package components

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// DefaultLandingContainer is where received data lands when ConsumerOrgArgs does not say.
const DefaultLandingContainer = "landing"

// ConsumerOrgArgs describes an organization that receives data.
type ConsumerOrgArgs struct {
	// Location is the Azure region. Required.
	Location pulumi.StringInput
	// Tags go on everything taggable.
	Tags pulumi.StringMapInput
	// LandingContainer is the private container that shares land in; empty means DefaultLandingContainer.
	LandingContainer string
	// Storage and KeyVault describe the storage account and the vault.
	Storage  StorageArgs
	KeyVault VaultArgs
	// Protect refuses the deletion of what holds data: group, storage account, container, vault and Data Share account.
	Protect bool
}

// ConsumerOrg is an organization that receives data: a resource group, a storage account with a landing container, a
// Key Vault, and a Data Share account whose system identity may write that storage account's blobs and nothing else.
type ConsumerOrg struct {
	pulumi.ResourceState
	Boundary

	// LandingContainer is where shares land.
	LandingContainer string
}

// NewConsumerOrg registers the organization. Give its azure-native provider among the options. The names of the storage
// account and the vault begin with name, shortened where Azure's limits demand.
func NewConsumerOrg(
	ctx *pulumi.Context, name string, args *ConsumerOrgArgs, opts ...pulumi.ResourceOption,
) (*ConsumerOrg, error) {
	if args == nil {
		args = &ConsumerOrgArgs{}
	}
	landing := args.LandingContainer
	if landing == "" {
		landing = DefaultLandingContainer
	}
	common := boundaryArgs{
		location:   args.Location,
		tags:       args.Tags,
		storage:    args.Storage,
		vault:      args.KeyVault,
		containers: []string{landing},
		role:       blobDataContributor,
		protect:    args.Protect,
	}
	org := &ConsumerOrg{LandingContainer: landing}
	if err := registerOrg(ctx, "ConsumerOrg", name, org, &org.Boundary, common, opts); err != nil {
		return nil, err
	}
	return org, nil
}
