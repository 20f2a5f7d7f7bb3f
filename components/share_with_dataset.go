package components

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi-azure-native-sdk/datashare/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/crossorg/crossorg/internal/rules"
)

// ShareWithDataset is a share of one provider with its data sets and snapshot schedule, invited to and accepted by
// every consumer: a share subscription, a mapping for each data set and a trigger below each consumer's own provider.
//
// Received data sits where two shares, or two data sets of one share, cannot collide: a blob or folder lands in the
// consumer's landing container at "<share>/<source container>/<path>"; a whole container lands in a container of its
// own, named "<share>-<source container>" and shortened where Azure's limits demand.
//
// A share spans organizations, and each may have an azure-native provider of its own. The component finds them in its
// `providers` option: that of the providing side under "azure-native", that of a consumer under the consumer's name. In
// languages whose option holds one provider for each package (Node.js, Python, .NET and Java) give the providing side's
// there; each consumer is managed by the provider whose URN its party gives, which is the organization's output
// providerUrn. A consumer with neither is managed by the provider of the providing side.
//
// The resources within Data Share have given names: people see them in both portals, and Azure demands that
// replacements be deleted first.
type ShareWithDataset struct {
	pulumi.ResourceState

	// ARM id of the share.
	ShareID pulumi.StringOutput `pulumi:"shareId"`
	// Name of the share.
	ShareName pulumi.StringOutput `pulumi:"shareName"`
	// What each consumer receives, by the names of the argument consumers.
	Deliveries ShareDeliveryMapOutput `pulumi:"deliveries"`

	// provider manages the providing side, consumers the others by name; nil is the component's own provider.
	provider  pulumi.ProviderResource
	consumers map[string]pulumi.ProviderResource
}

// NewShareWithDataset registers the share and everything up to its delivery. Its azure-native providers are options, by
// the names of the consumers in args:
//
//	pulumi.ProviderMap(map[string]pulumi.ProviderResource{"azure-native": contoso, "fabrikam": fabrikam})
func NewShareWithDataset(
	ctx *pulumi.Context, name string, args *ShareWithDatasetArgs, opts ...pulumi.ResourceOption,
) (*ShareWithDataset, error) {
	if args == nil {
		args = &ShareWithDatasetArgs{}
	}
	share, err := newShareWithDataset(ctx, name, args, opts)
	if err != nil {
		return nil, inComponent("ShareWithDataset", name, err)
	}
	return share, nil
}

func newShareWithDataset(
	ctx *pulumi.Context, name string, args *ShareWithDatasetArgs, opts []pulumi.ResourceOption,
) (*ShareWithDataset, error) {
	if err := args.check(); err != nil {
		return nil, err
	}
	s := &ShareWithDataset{}
	if err := ctx.RegisterComponentResourceV2(token("ShareWithDataset"), name, knownInputs(args),
		s, opts...); err != nil {
		return nil, err
	}
	if err := s.findProviders(ctx, args); err != nil {
		return nil, err
	}
	offer, err := newOffer(ctx, s, name, args)
	if err != nil {
		return nil, err
	}
	s.ShareID = offer.share.ID().ToStringOutput()
	s.ShareName = offer.share.Name
	deliveries := pulumi.Map{}
	for _, consumer := range slices.Sorted(maps.Keys(args.Consumers)) {
		if deliveries[consumer],
			err = newDelivery(ctx, s, rules.DeliveryName(name, consumer), consumer, args, offer); err != nil {
			return nil, err
		}
	}
	s.Deliveries = toShareDeliveryMap(deliveries)
	return s, ctx.RegisterResourceOutputs(s, outputs(s))
}

// findProviders finds the provider of each side: in the component's Providers option, or by the side's URN. Without
// either, the side uses the component's own provider, which children inherit.
func (s *ShareWithDataset) findProviders(ctx *pulumi.Context, args *ShareWithDatasetArgs) error {
	var err error
	if s.provider = providerAt(s, azureNative); s.provider == nil {
		if s.provider, err = providerOf(ctx, args.Provider.ProviderURN); err != nil {
			return fmt.Errorf("provider.%w", err)
		}
	}
	s.consumers = map[string]pulumi.ProviderResource{}
	for _, name := range slices.Sorted(maps.Keys(args.Consumers)) {
		s.consumers[name] = providerAt(s, name)
		if s.consumers[name] != nil {
			continue
		}
		s.consumers[name], err = providerOf(ctx, args.Consumers[name].Party.ProviderURN)
		if err != nil {
			return fmt.Errorf("consumers[%q].party.%w", name, err)
		}
	}
	return nil
}

// offer is the providing side of a share.
type offer struct {
	share    *datashare.Share
	dataSets map[string]dataSet
	// complete is what must be there before anybody is invited, so that a first snapshot has everything.
	complete []pulumi.Resource
}

// dataSet is a registered data set: Azure's id of it, and what a mapping to it waits for.
type dataSet struct {
	resource pulumi.Resource
	id       pulumi.StringOutput
}

// offered is the options of a child on the providing side.
func (s *ShareWithDataset) offered(more ...pulumi.ResourceOption) []pulumi.ResourceOption {
	return s.child(s.provider, more)
}

// received is the options of a child on a consumer's side.
func (s *ShareWithDataset) received(consumer string, more ...pulumi.ResourceOption) []pulumi.ResourceOption {
	return s.child(s.consumers[consumer], more)
}

func (s *ShareWithDataset) child(
	azure pulumi.ProviderResource, more []pulumi.ResourceOption,
) []pulumi.ResourceOption {
	opts := append([]pulumi.ResourceOption{pulumi.Parent(s)}, more...)
	if azure != nil {
		opts = append(opts, pulumi.Provider(azure))
	}
	return opts
}

// storageInEffect is the party's storage account name, once the party's Data Share account may use that account.
func storageInEffect(
	ctx *pulumi.Context, s *ShareWithDataset, whose string, party ShareParty, args *ShareWithDatasetArgs,
) pulumi.StringOutput {
	window := converted("rolePropagation", stringOr(args.RolePropagation, "0s"), checkedDuration)
	return effectiveAfter(ctx, s, whose, stringOr(party.RoleAssignedOn, ""), window, party.StorageAccountName)
}

func newOffer(ctx *pulumi.Context, s *ShareWithDataset, name string, args *ShareWithDatasetArgs) (*offer, error) {
	p := args.Provider
	uploads, err := newSources(ctx, s, name, args)
	if err != nil {
		return nil, err
	}
	share, err := datashare.NewShare(ctx, name+"-share", &datashare.ShareArgs{
		ResourceGroupName: p.ResourceGroupName,
		AccountName:       p.DataShareAccountName,
		ShareName:         args.ShareName.ToStringOutput(),
		ShareKind:         pulumi.String(rules.ShareKind),
		Description:       stringOr(args.Description, "").ToStringOutput(),
		Terms:             stringOr(args.Terms, "").ToStringOutput(),
	}, s.offered(replaced("datashare:Share"))...)
	if err != nil {
		return nil, err
	}
	setting, err := datashare.NewScheduledSynchronizationSetting(ctx, name+"-schedule",
		&datashare.ScheduledSynchronizationSettingArgs{
			ResourceGroupName:          p.ResourceGroupName,
			AccountName:                p.DataShareAccountName,
			ShareName:                  share.Name,
			SynchronizationSettingName: pulumi.String("schedule"),
			Kind:                       pulumi.String(datashare.SynchronizationSettingKindScheduleBased),
			RecurrenceInterval:         args.Schedule.interval(),
			SynchronizationTime:        args.Schedule.start(),
		}, s.offered(replaced("datashare:ScheduledSynchronizationSetting"))...)
	if err != nil {
		return nil, err
	}
	o := &offer{share: share, dataSets: map[string]dataSet{}, complete: []pulumi.Resource{setting}}
	storage := storageInEffect(ctx, s, "the provider", p, args)
	for _, key := range slices.Sorted(maps.Keys(args.DataSets)) {
		set, err := newDataSet(ctx, rules.DataSetName(name, key), key, args.DataSets[key], p, share.Name, storage,
			s.offered(pulumi.DependsOn(uploads[key])))
		if err != nil {
			return nil, err
		}
		o.dataSets[key] = set
		o.complete = append(o.complete, set.resource)
	}
	return o, nil
}

func newDataSet(
	ctx *pulumi.Context, name, key string, ds ShareDataSet, p ShareParty, share, storage pulumi.StringOutput,
	opts []pulumi.ResourceOption,
) (dataSet, error) {
	container := p.source(fmt.Sprintf("dataSets[%q].container", key), ds)
	opts = append(opts, anyOf("datashare:BlobDataSet", "datashare:BlobFolderDataSet", "datashare:BlobContainerDataSet"))
	switch ds.Kind {
	case BlobKind:
		set, err := datashare.NewBlobDataSet(ctx, name, &datashare.BlobDataSetArgs{
			ResourceGroupName:  p.ResourceGroupName,
			AccountName:        p.DataShareAccountName,
			ShareName:          share,
			DataSetName:        pulumi.String(key),
			Kind:               pulumi.String(datashare.DataSetKindBlob),
			SubscriptionId:     p.SubscriptionID,
			ResourceGroup:      p.ResourceGroupName,
			StorageAccountName: storage,
			ContainerName:      container,
			FilePath:           pulumi.String(ds.path()),
		}, append(opts, replaced("datashare:BlobDataSet"))...)
		if err != nil {
			return dataSet{}, err
		}
		return dataSet{set, set.DataSetId}, nil
	case FolderKind:
		set, err := datashare.NewBlobFolderDataSet(ctx, name, &datashare.BlobFolderDataSetArgs{
			ResourceGroupName:  p.ResourceGroupName,
			AccountName:        p.DataShareAccountName,
			ShareName:          share,
			DataSetName:        pulumi.String(key),
			Kind:               pulumi.String(datashare.DataSetKindBlobFolder),
			SubscriptionId:     p.SubscriptionID,
			ResourceGroup:      p.ResourceGroupName,
			StorageAccountName: storage,
			ContainerName:      container,
			Prefix:             pulumi.String(ds.path()),
		}, append(opts, replaced("datashare:BlobFolderDataSet"))...)
		if err != nil {
			return dataSet{}, err
		}
		return dataSet{set, set.DataSetId}, nil
	default:
		set, err := datashare.NewBlobContainerDataSet(ctx, name, &datashare.BlobContainerDataSetArgs{
			ResourceGroupName:  p.ResourceGroupName,
			AccountName:        p.DataShareAccountName,
			ShareName:          share,
			DataSetName:        pulumi.String(key),
			Kind:               pulumi.String(datashare.DataSetKindContainer),
			SubscriptionId:     p.SubscriptionID,
			ResourceGroup:      p.ResourceGroupName,
			StorageAccountName: storage,
			ContainerName:      container,
		}, append(opts, replaced("datashare:BlobContainerDataSet"))...)
		if err != nil {
			return dataSet{}, err
		}
		return dataSet{set, set.DataSetId}, nil
	}
}
