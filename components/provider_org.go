package components

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// ProviderOrgArgs describes an organization that offers data.
type ProviderOrgArgs struct {
	// Azure region of everything in the organization, such as "eastus".
	Location pulumi.StringInput `pulumi:"location"`
	// The tags of everything in the organization that Azure keeps tags for.
	Tags pulumi.StringMapInput `pulumi:"tags,optional"`
	// Names of the private blob containers that data is shared from, at least one. A name has 3 to 63
	// lowercase letters, digits and single hyphens
	// (learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules).
	Containers []string `pulumi:"containers"`
	// Local files and folders that are uploaded into the containers before they are shared. Each file is a resource
	// whose logical name is "<organization>/<container>/<blob>".
	Files []SourceFiles `pulumi:"files,optional"`
	// The storage account. By default it is locally redundant and hot, and keeps deleted blobs for a week.
	Storage *StorageSettings `pulumi:"storage,optional"`
	// The vault. By default it is a standard one that keeps what is deleted for 90 days.
	KeyVault *VaultSettings `pulumi:"keyVault,optional"`
	// Refuses the deletion of what holds data: the resource group, the storage account, the containers, the
	// vault and the Data Share account. Default: false.
	Protect bool `pulumi:"protect,optional"`
}

// ProviderOrg is an organization that offers data: a resource group, a storage account with private containers, a Key
// Vault, and a Data Share account whose system identity may read that storage account's blobs and nothing else.
type ProviderOrg struct {
	pulumi.ResourceState

	// Logical name of the organization. A share takes it as the party's name.
	Name pulumi.StringOutput `pulumi:"name"`
	// URN of the azure-native provider that manages the organization; empty with the default provider. A share takes it
	// as the party's providerUrn.
	ProviderURN pulumi.StringOutput `pulumi:"providerUrn"`
	// Name of the resource group that holds everything of the organization.
	ResourceGroupName pulumi.StringOutput `pulumi:"resourceGroupName"`
	// ARM id of that resource group.
	ResourceGroupID pulumi.StringOutput `pulumi:"resourceGroupId"`
	// Azure region of the organization, such as "eastus".
	Location pulumi.StringOutput `pulumi:"location"`
	// Id (GUID) of the Azure subscription that the organization's provider signs in to.
	SubscriptionID pulumi.StringOutput `pulumi:"subscriptionId"`
	// Id (GUID) of the Microsoft Entra tenant of that subscription.
	TenantID pulumi.StringOutput `pulumi:"tenantId"`
	// Name of the storage account, known once its blob service keeps versions: what is written earlier could not be
	// restored.
	StorageAccountName pulumi.StringOutput `pulumi:"storageAccountName"`
	// ARM id of the storage account.
	StorageAccountID pulumi.StringOutput `pulumi:"storageAccountId"`
	// URL of the account's blob service, with a slash at its end.
	BlobEndpoint pulumi.StringOutput `pulumi:"blobEndpoint"`
	// Names of the organization's containers, each under its own name and known once the container exists.
	Containers pulumi.StringMapOutput `pulumi:"containers"`
	// Names of the blobs that the organization uploads, each under "<container>/<name>" and known once the blob exists.
	Files pulumi.StringMapOutput `pulumi:"files"`
	// ARM id of the Key Vault.
	VaultID pulumi.StringOutput `pulumi:"vaultId"`
	// URL that the vault's secrets are served at, with a slash at its end.
	VaultURI pulumi.StringOutput `pulumi:"vaultUri"`
	// Name of the Data Share account.
	DataShareAccountName pulumi.StringOutput `pulumi:"dataShareAccountName"`
	// ARM id of the Data Share account.
	DataShareAccountID pulumi.StringOutput `pulumi:"dataShareAccountId"`
	// Object id (GUID) of the Data Share account's system-assigned identity.
	PrincipalID pulumi.StringOutput `pulumi:"principalId"`
	// Time at which that identity was given its role on the storage account, in RFC 3339.
	RoleAssignedOn pulumi.StringOutput `pulumi:"roleAssignedOn"`

	boundary *Boundary
}

// NewProviderOrg registers the organization. Give its azure-native provider among the options. The names of the storage
// account and the vault begin with name, shortened where Azure's limits demand.
func NewProviderOrg(
	ctx *pulumi.Context, name string, args *ProviderOrgArgs, opts ...pulumi.ResourceOption,
) (*ProviderOrg, error) {
	if args == nil {
		args = &ProviderOrgArgs{}
	}
	org := &ProviderOrg{}
	var err error
	org.boundary, err = registerOrg(ctx, "ProviderOrg", name, org, args, boundaryArgs{
		location:   args.Location,
		tags:       args.Tags,
		storage:    valueOf(args.Storage),
		vault:      valueOf(args.KeyVault),
		containers: args.Containers,
		files:      args.Files,
		role:       blobDataReader,
		protect:    args.Protect,
	}, opts)
	if err != nil {
		return nil, err
	}
	if org.boundary.files, err = newFiles(ctx, org, name, org.boundary, args.Files); err != nil {
		return nil, inComponent("ProviderOrg", name, err)
	}
	org.Files = org.boundary.files.ToStringMapOutput()
	return org, ctx.RegisterResourceOutputs(org, outputs(org))
}

// Boundary is what the organization has in common with consumers.
func (o *ProviderOrg) Boundary() *Boundary { return o.boundary }

// Party is the organization as the providing side of a share.
func (o *ProviderOrg) Party() ShareParty { return o.boundary.Party() }
