package components

import (
	"fmt"
	"slices"

	authorization "github.com/pulumi/pulumi-azure-native-sdk/authorization/v2/v20220401"
	"github.com/pulumi/pulumi-azure-native-sdk/datashare/v2"
	"github.com/pulumi/pulumi-azure-native-sdk/resources/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/crossorg/crossorg/internal/rules"
)

// Boundary is what both kinds of organization have: a resource group with a storage account, a Key Vault and a Data
// Share account whose system identity holds one role on that storage account. It serves Go code that treats providers
// and consumers alike; the components have the same fields as outputs, which say what they hold.
type Boundary struct {
	Name                 pulumi.StringOutput
	ProviderURN          pulumi.StringOutput
	ResourceGroupName    pulumi.StringOutput
	ResourceGroupID      pulumi.StringOutput
	Location             pulumi.StringOutput
	SubscriptionID       pulumi.StringOutput
	TenantID             pulumi.StringOutput
	StorageAccountName   pulumi.StringOutput
	StorageAccountID     pulumi.StringOutput
	BlobEndpoint         pulumi.StringOutput
	Containers           pulumi.StringMapOutput
	VaultID              pulumi.StringOutput
	VaultURI             pulumi.StringOutput
	DataShareAccountName pulumi.StringOutput
	DataShareAccountID   pulumi.StringOutput
	PrincipalID          pulumi.StringOutput
	RoleAssignedOn       pulumi.StringOutput

	// containers are those of Containers one by one, so that nothing waits for all of them.
	containers pulumi.StringMap
	// files are the blobs that a providing organization uploads, as ShareParty has them.
	files pulumi.StringMap
}

// Party is the organization as a side of a share.
func (b *Boundary) Party() ShareParty {
	return ShareParty{
		Name:                 b.Name,
		ProviderURN:          b.ProviderURN,
		ResourceGroupName:    b.ResourceGroupName,
		Location:             b.Location,
		SubscriptionID:       b.SubscriptionID,
		DataShareAccountName: b.DataShareAccountName,
		StorageAccountName:   b.StorageAccountName,
		StorageAccountID:     b.StorageAccountID,
		BlobEndpoint:         b.BlobEndpoint,
		Containers:           b.containers,
		Files:                b.files,
		RoleAssignedOn:       b.RoleAssignedOn,
	}
}

// blobRole is the role of a Data Share account on its organization's storage account, and what it is for.
type blobRole struct {
	rules.Role
	purpose string
}

var (
	blobDataReader = blobRole{rules.ProviderRole,
		"Lets the Data Share account read the blobs that the organization shares"}
	blobDataContributor = blobRole{rules.ConsumerRole,
		"Lets the Data Share account write the blobs that the organization receives"}
)

// boundaryArgs is what ProviderOrg and ConsumerOrg have in common.
type boundaryArgs struct {
	location   pulumi.StringInput
	tags       pulumi.StringMapInput
	storage    StorageSettings
	vault      VaultSettings
	containers []string
	files      []SourceFiles
	role       blobRole
	protect    bool
}

func (a *boundaryArgs) check() error {
	var p problems
	p.required("location", a.location, `an Azure region, such as "eastus"`)
	if len(a.containers) == 0 {
		p.add("containers is empty: name at least one")
	}
	sorted := slices.Sorted(slices.Values(a.containers))
	for i, name := range sorted {
		if i > 0 && name == sorted[i-1] {
			p.add("containers names %q twice: name each once", name)
		}
	}
	for i, f := range a.files {
		f.check(&p, fmt.Sprintf("files[%d]", i), a.containers)
	}
	a.storage.check(&p)
	a.vault.check(&p)
	return p.err()
}

// registerOrg registers an organization as a component of the given kind, with its boundary below it. args are the
// arguments of the kind, common what is in them for both kinds.
func registerOrg(
	ctx *pulumi.Context, kind, name string, org component, args any, common boundaryArgs,
	opts []pulumi.ResourceOption,
) (*Boundary, error) {
	if err := common.check(); err != nil {
		return nil, inComponent(kind, name, err)
	}
	if err := ctx.RegisterComponentResourceV2(token(kind), name, knownInputs(args), org, opts...); err != nil {
		return nil, inComponent(kind, name, err)
	}
	b, err := newBoundary(ctx, org, name, common)
	if err != nil {
		return nil, inComponent(kind, name, err)
	}
	setOutputs(org, b)
	return b, nil
}

// newBoundary registers the resources of one organization below parent.
func newBoundary(ctx *pulumi.Context, parent component, name string, args boundaryArgs) (*Boundary, error) {
	child := pulumi.Parent(parent)
	// What holds data is protected resource by resource: protection on the component would also cover what must stay
	// easy to replace, such as lifecycle policies. The group is among them, as deleting it deletes all it holds.
	keep := pulumi.Protect(args.protect)
	client := getClientConfig(ctx, pulumi.Parent(parent))

	group, err := resources.NewResourceGroup(ctx, name+"-rg", &resources.ResourceGroupArgs{
		Location: args.location.ToStringOutput(),
		Tags:     args.tags,
	}, child, keep)
	if err != nil {
		return nil, err
	}
	account, service, err := newStorageAccount(ctx, name, group.Name, args, child, keep)
	if err != nil {
		return nil, err
	}
	containers := pulumi.StringMap{}
	for _, c := range args.containers {
		container, err := newContainer(ctx, name+"-"+c, group.Name, account.Name, pulumi.String(c), child, keep,
			pulumi.DependsOn([]pulumi.Resource{service}))
		if err != nil {
			return nil, err
		}
		containers[c] = container.Name
	}
	vault, err := newVault(ctx, name, group.Name, client.tenantID(), args, child, keep)
	if err != nil {
		return nil, err
	}
	shares, err := datashare.NewAccount(ctx, name+"-share", &datashare.AccountArgs{
		ResourceGroupName: group.Name,
		Location:          args.location.ToStringOutput(),
		Identity:          datashare.IdentityArgs{Type: pulumi.String(datashare.TypeSystemAssigned)},
		Tags:              args.tags,
	}, child, keep, replaced("datashare:Account"))
	if err != nil {
		return nil, err
	}
	// On the storage account and nothing above it: the identity has no business anywhere else.
	assignment, err := register(ctx, "authorization:RoleAssignment", name+"-role", &authorization.RoleAssignmentArgs{
		Scope: account.ID().ToStringOutput(),
		RoleDefinitionId: pulumi.Sprintf("/subscriptions/%s/providers/Microsoft.Authorization/roleDefinitions/%s",
			client.subscriptionID(), args.role.ID),
		PrincipalId: shares.Identity.PrincipalId(),
		// Without its type, a principal made seconds ago may not be found yet
		// (learn.microsoft.com/azure/role-based-access-control/troubleshooting).
		PrincipalType: pulumi.String("ServicePrincipal"),
		Description:   pulumi.String(args.role.purpose),
	}, &authorization.RoleAssignment{}, child, replaced("authorization:RoleAssignment"))
	if err != nil {
		return nil, err
	}
	return &Boundary{
		Name:              pulumi.String(name).ToStringOutput(),
		ProviderURN:       providerURN(parent),
		ResourceGroupName: group.Name,
		ResourceGroupID:   group.ID().ToStringOutput(),
		Location:          args.location.ToStringOutput(),
		SubscriptionID:    client.subscriptionID(),
		TenantID:          client.tenantID(),
		// Who knows the name may write: it is known once the blob service keeps versions.
		StorageAccountName: pulumi.All(account.Name,
			service.ID()).ApplyT(func(known []any) string { return known[0].(string) }).(pulumi.StringOutput),
		StorageAccountID:     account.ID().ToStringOutput(),
		BlobEndpoint:         account.PrimaryEndpoints.Blob(),
		Containers:           containers.ToStringMapOutput(),
		VaultID:              vault.ID().ToStringOutput(),
		VaultURI:             vault.Properties.VaultUri(),
		DataShareAccountName: shares.Name,
		DataShareAccountID:   shares.ID().ToStringOutput(),
		PrincipalID:          shares.Identity.PrincipalId(),
		RoleAssignedOn:       assignment.CreatedOn,
		containers:           containers,
	}, nil
}

// token is the type token of a component.
func token(kind string) string { return "crossorg:index:" + kind }

// inComponent says which component an error belongs to.
func inComponent(kind, name string, err error) error {
	return fmt.Errorf("%s %q: %w", kind, name, err)
}
