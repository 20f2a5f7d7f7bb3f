package components

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi-azure-native-sdk/authorization/v2"
	"github.com/pulumi/pulumi-azure-native-sdk/datashare/v2"
	"github.com/pulumi/pulumi-azure-native-sdk/keyvault/v2"
	"github.com/pulumi/pulumi-azure-native-sdk/resources/v2"
	"github.com/pulumi/pulumi-azure-native-sdk/storage/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// StorageArgs describes an organization's storage account. The zero value is locally redundant, hot, and keeps deleted
// blobs for a week.
type StorageArgs struct {
	// SKU is the redundancy, "Standard_LRS" (the default), "Standard_ZRS", ...
	SKU pulumi.StringInput
	// AccessTier is "Hot" (the default) or "Cool".
	AccessTier storage.AccessTierPtrInput
	// SoftDeleteDays keeps deleted blobs and containers, and the change feed, for 1 to 365 days; 0 means 7.
	SoftDeleteDays int
	// CoolAfterDays moves blobs to the cool tier that were not modified for so many days; 0 never.
	CoolAfterDays int
	// DeleteVersionsAfterDays ends previous versions of blobs after so many days; 0 never.
	DeleteVersionsAfterDays int
	// AllowedAddressRanges are public IPv4 addresses and CIDR ranges up to /30, at most 400: the account's data is
	// closed to everybody else but Azure's trusted services, Data Share among them. Who uploads sources has to come
	// from there. Empty leaves the network open: access is then a matter of keys and roles alone.
	AllowedAddressRanges []string
}

// VaultArgs describes an organization's Key Vault.
type VaultArgs struct {
	// SKU is "standard" (the default) or "premium".
	SKU keyvault.SkuNameInput
	// EnabledForDeployment lets virtual machines fetch certificates from the vault.
	EnabledForDeployment bool
	// EnabledForTemplateDeployment lets Azure Resource Manager read secrets of the vault.
	EnabledForTemplateDeployment bool
	// PurgeProtection keeps a deleted vault until its retention ends. Azure cannot switch it off again.
	PurgeProtection bool
	// SoftDeleteDays is how long a deleted vault can be recovered, 7 to 90 days; 0 means 90. Fixed once set.
	SoftDeleteDays int
	// AllowedAddressRanges are public IPv4 addresses and CIDR ranges, at most 1,000, that may reach what the vault
	// holds. Beside them only Azure's trusted services may, such as virtual machines and Azure Resource Manager.
	AllowedAddressRanges []string
}

// Boundary is what both sides of a share have: a resource group with a storage account, a Key Vault and a Data Share
// account whose system identity holds one role on that storage account.
type Boundary struct {
	// ResourceGroupName holds everything of the organization; ResourceGroupID is its ARM id.
	ResourceGroupName pulumi.StringOutput `pulumi:"resourceGroupName"`
	ResourceGroupID   pulumi.StringOutput `pulumi:"resourceGroupId"`
	// Location is the Azure region.
	Location pulumi.StringOutput `pulumi:"location"`
	// SubscriptionID and TenantID are where the organization's provider put it.
	SubscriptionID pulumi.StringOutput `pulumi:"subscriptionId"`
	TenantID       pulumi.StringOutput `pulumi:"tenantId"`
	// StorageAccountName and StorageAccountID (ARM id) name the account; BlobEndpoint is its blob URL.
	StorageAccountName pulumi.StringOutput `pulumi:"storageAccountName"`
	StorageAccountID   pulumi.StringOutput `pulumi:"storageAccountId"`
	BlobEndpoint       pulumi.StringOutput `pulumi:"blobEndpoint"`
	// Containers maps a container's name to itself, once it exists.
	Containers pulumi.StringMapOutput `pulumi:"containers"`
	// VaultID is an ARM id, VaultURI where the vault's secrets are served.
	VaultID  pulumi.StringOutput `pulumi:"vaultId"`
	VaultURI pulumi.StringOutput `pulumi:"vaultUri"`
	// DataShareAccountName and DataShareAccountID (ARM id) name the Data Share account; PrincipalID is the object id of
	// its system identity.
	DataShareAccountName pulumi.StringOutput `pulumi:"dataShareAccountName"`
	DataShareAccountID   pulumi.StringOutput `pulumi:"dataShareAccountId"`
	PrincipalID          pulumi.StringOutput `pulumi:"principalId"`
	// RoleAssignedOn is when that identity was given its role, in RFC 3339.
	RoleAssignedOn pulumi.StringOutput `pulumi:"roleAssignedOn"`

	containers map[string]pulumi.StringOutput
}

// Party is this organization as a side of a share, managed through azure.
func (b *Boundary) Party(azure pulumi.ProviderResource) ShareParty {
	containers := pulumi.StringMap{}
	for name, created := range b.containers {
		containers[name] = created
	}
	return ShareParty{
		AzureNative:          azure,
		ResourceGroupName:    b.ResourceGroupName,
		Location:             b.Location,
		SubscriptionID:       b.SubscriptionID,
		DataShareAccountName: b.DataShareAccountName,
		StorageAccountName:   b.StorageAccountName,
		StorageAccountID:     b.StorageAccountID,
		BlobEndpoint:         b.BlobEndpoint,
		Containers:           containers,
		RoleAssignedOn:       b.RoleAssignedOn,
	}
}

// blobRole is a built-in Azure role for blob data
// (learn.microsoft.com/azure/role-based-access-control/built-in-roles/storage).
type blobRole struct{ id, purpose string }

var (
	blobDataReader = blobRole{
		id:      "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
		purpose: "Lets the Data Share account read the blobs that the organization shares",
	}
	blobDataContributor = blobRole{
		id:      "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
		purpose: "Lets the Data Share account write the blobs that the organization receives",
	}
)

// boundaryArgs is what ProviderOrg and ConsumerOrg have in common.
type boundaryArgs struct {
	location   pulumi.StringInput
	tags       pulumi.StringMapInput
	storage    StorageArgs
	vault      VaultArgs
	containers []string
	role       blobRole
	protect    bool
}

func (a *boundaryArgs) check() error {
	var errs []error
	if a.location == nil {
		errs = append(errs, errors.New("no Location: set an Azure region, such as \"eastus\""))
	}
	if len(a.containers) == 0 {
		errs = append(errs, errors.New("there is no container: name at least one"))
	}
	if sorted := slices.Sorted(slices.Values(a.containers)); len(slices.Compact(slices.Clone(sorted))) != len(sorted) {
		errs = append(errs, errors.New("a container is named twice: name each once"))
	}
	return errors.Join(errs...)
}

// inputs are the component's inputs as recorded in the stack's state.
func (a *boundaryArgs) inputs() pulumi.Map {
	in := pulumi.Map{
		"location":   a.location,
		"containers": pulumi.ToStringArray(a.containers),
		"protect":    pulumi.Bool(a.protect),
	}
	if a.tags != nil {
		in["tags"] = a.tags
	}
	return in
}

// registerOrg registers an organization as a component of the given kind, with its boundary below it.
func registerOrg(
	ctx *pulumi.Context, kind, name string, org pulumi.ComponentResource, b *Boundary, args boundaryArgs,
	opts []pulumi.ResourceOption,
) error {
	if err := args.check(); err != nil {
		return inComponent(kind, name, err)
	}
	if err := ctx.RegisterComponentResourceV2("crossorg:index:"+kind, name, args.inputs(), org, opts...); err != nil {
		return inComponent(kind, name, err)
	}
	if err := newBoundary(ctx, b, org, name, args); err != nil {
		return inComponent(kind, name, err)
	}
	return ctx.RegisterResourceOutputs(org, b.outputs())
}

// newBoundary registers the resources of one organization below parent and fills b with what they turn out to be.
func newBoundary(ctx *pulumi.Context, b *Boundary, parent pulumi.Resource, name string, args boundaryArgs) error {
	child := pulumi.Parent(parent)
	// What holds data is protected resource by resource: protection on the component would also cover what must stay
	// easy to replace, such as lifecycle policies. The group is among them, as deleting it deletes all it holds.
	keep := pulumi.Protect(args.protect)
	client := authorization.GetClientConfigOutput(ctx, pulumi.Parent(parent))

	group, err := resources.NewResourceGroup(ctx, name+"-rg", &resources.ResourceGroupArgs{
		Location: args.location,
		Tags:     args.tags,
	}, child, keep)
	if err != nil {
		return err
	}
	account, service, err := newStorageAccount(ctx, name, group.Name, args, child, keep)
	if err != nil {
		return err
	}
	b.containers = make(map[string]pulumi.StringOutput, len(args.containers))
	created := pulumi.StringMap{}
	for _, c := range args.containers {
		container, err := newContainer(ctx, name+"-"+c, group.Name, account.Name, c, child, keep,
			pulumi.DependsOn([]pulumi.Resource{service}))
		if err != nil {
			return err
		}
		b.containers[c] = container.Name
		created[c] = container.Name
	}
	vault, err := newVault(ctx, name, group.Name, client.TenantId(), args, child, keep)
	if err != nil {
		return err
	}
	shares, err := datashare.NewAccount(ctx, name+"-share", &datashare.AccountArgs{
		ResourceGroupName: group.Name,
		Location:          args.location,
		Identity:          datashare.IdentityArgs{Type: pulumi.String(datashare.TypeSystemAssigned)},
		Tags:              args.tags,
	}, child, keep)
	if err != nil {
		return err
	}
	// On the storage account and nothing above it: the identity has no business anywhere else.
	assignment, err := authorization.NewRoleAssignment(ctx, name+"-role", &authorization.RoleAssignmentArgs{
		Scope: account.ID().ToStringOutput(),
		RoleDefinitionId: pulumi.Sprintf("/subscriptions/%s/providers/Microsoft.Authorization/roleDefinitions/%s",
			client.SubscriptionId(), args.role.id),
		PrincipalId: shares.Identity.PrincipalId(),
		// Without its type, a principal made seconds ago may not be found yet
		// (learn.microsoft.com/azure/role-based-access-control/troubleshooting).
		PrincipalType: pulumi.String("ServicePrincipal"),
		Description:   pulumi.String(args.role.purpose),
	}, child)
	if err != nil {
		return err
	}

	b.ResourceGroupName = group.Name
	b.ResourceGroupID = group.ID().ToStringOutput()
	b.Location = args.location.ToStringOutput()
	b.SubscriptionID = client.SubscriptionId()
	b.TenantID = client.TenantId()
	// Who knows the name may write.
	b.StorageAccountName = pulumi.All(account.Name,
		service.ID()).ApplyT(func(known []any) string { return known[0].(string) }).(pulumi.StringOutput)
	b.StorageAccountID = account.ID().ToStringOutput()
	b.BlobEndpoint = account.PrimaryEndpoints.Blob()
	b.Containers = created.ToStringMapOutput()
	b.VaultID = vault.ID().ToStringOutput()
	b.VaultURI = vault.Properties.VaultUri()
	b.DataShareAccountName = shares.Name
	b.DataShareAccountID = shares.ID().ToStringOutput()
	b.PrincipalID = shares.Identity.PrincipalId()
	b.RoleAssignedOn = assignment.CreatedOn
	return nil
}

// outputs are the component's outputs as recorded in the stack's state.
func (b *Boundary) outputs() pulumi.Map {
	return pulumi.Map{
		"resourceGroupName":    b.ResourceGroupName,
		"resourceGroupId":      b.ResourceGroupID,
		"location":             b.Location,
		"subscriptionId":       b.SubscriptionID,
		"tenantId":             b.TenantID,
		"storageAccountName":   b.StorageAccountName,
		"storageAccountId":     b.StorageAccountID,
		"blobEndpoint":         b.BlobEndpoint,
		"containers":           b.Containers,
		"vaultId":              b.VaultID,
		"vaultUri":             b.VaultURI,
		"dataShareAccountName": b.DataShareAccountName,
		"dataShareAccountId":   b.DataShareAccountID,
		"principalId":          b.PrincipalID,
		"roleAssignedOn":       b.RoleAssignedOn,
	}
}

// sortedKeys makes registration order independent of map order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// inComponent says which component an error belongs to.
func inComponent(kind, name string, err error) error {
	return fmt.Errorf("%s %q: %w", kind, name, err)
}
