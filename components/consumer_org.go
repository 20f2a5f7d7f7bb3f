package components

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/crossorg/crossorg/internal/rules"
)

// DefaultLandingContainer is where received data lands when ConsumerOrgArgs does not say.
const DefaultLandingContainer = rules.LandingContainer

// ConsumerOrgArgs describes an organization that receives data.
type ConsumerOrgArgs struct {
	// Azure region of everything in the organization, such as "eastus".
	Location pulumi.StringInput `pulumi:"location"`
	// The tags of everything in the organization that Azure keeps tags for.
	Tags pulumi.StringMapInput `pulumi:"tags,optional"`
	// Name of the private blob container that shares land in. Default: "landing".
	LandingContainer string `pulumi:"landingContainer,optional"`
	// The storage account. By default it is locally redundant and hot, and keeps deleted blobs for a week.
	Storage *StorageSettings `pulumi:"storage,optional"`
	// The vault. By default it is a standard one that keeps what is deleted for 90 days.
	KeyVault *VaultSettings `pulumi:"keyVault,optional"`
	// Refuses the deletion of what holds data: the resource group, the storage account, the landing container,
	// the vault and the Data Share account. Default: false.
	Protect bool `pulumi:"protect,optional"`
}

// ConsumerOrg is an organization that receives data: a resource group, a storage account with a landing container, a
// Key Vault, and a Data Share account whose system identity may write that storage account's blobs and nothing else.
type ConsumerOrg struct {
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
	// Name of the container that shares land in, known before the container exists.
	LandingContainer pulumi.StringOutput `pulumi:"landingContainer"`

	boundary *Boundary
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
	org := &ConsumerOrg{}
	var err error
	org.boundary, err = registerOrg(ctx, "ConsumerOrg", name, org, args, boundaryArgs{
		location:   args.Location,
		tags:       args.Tags,
		storage:    valueOf(args.Storage),
		vault:      valueOf(args.KeyVault),
		containers: []string{landing},
		role:       blobDataContributor,
		protect:    args.Protect,
	}, opts)
	if err != nil {
		return nil, err
	}
	org.LandingContainer = pulumi.String(landing).ToStringOutput()
	return org, ctx.RegisterResourceOutputs(org, outputs(org))
}

// Boundary is what the organization has in common with providers.
func (o *ConsumerOrg) Boundary() *Boundary { return o.boundary }

// Party is the organization as a receiving side of a share.
func (o *ConsumerOrg) Party() ShareParty { return o.boundary.Party() }
