package components

import (
	"github.com/pulumi/pulumi-azure-native-sdk/datashare/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ShareWithDataset is a share of one provider with its data sets and snapshot schedule, invited to and accepted by
// every consumer: a share subscription, a mapping for each data set and a trigger below each consumer's own provider.
//
// Received data sits where two shares, or two data sets of one share, cannot collide: a blob or folder lands in the
// consumer's landing container at "<share>/<source container>/<path>"; a whole container lands in a container of its
// own, named "<share>-<source container>" and shortened where Azure's limits demand.
//
// The resources within Data Share have given names: people see them in both portals, and Azure demands that
// replacements be deleted first.
type ShareWithDataset struct {
	pulumi.ResourceState

	// ShareID is the share's ARM id.
	ShareID pulumi.StringOutput `pulumi:"shareId"`
	// ShareName is its name.
	ShareName pulumi.StringOutput `pulumi:"shareName"`
	// Deliveries says by consumer name what it receives.
	Deliveries map[string]Delivery
}

// Delivery is what one consumer receives of a share.
type Delivery struct {
	// SubscriptionID is the share subscription's ARM id.
	SubscriptionID pulumi.StringOutput
	// InvitationID is what the subscription was accepted with. InvitationStatus is Accepted, Rejected or Withdrawn,
	// SubscriptionStatus is Active, Revoked, Revoking or SourceDeleted, TriggerStatus is Active, Inactive or
	// SourceSynchronizationSettingDeleted: as of the last update or refresh.
	InvitationID       pulumi.StringOutput
	InvitationStatus   pulumi.StringOutput
	SubscriptionStatus pulumi.StringOutput
	TriggerStatus      pulumi.StringOutput
	// DataSets says by data set name where it comes from and where it lands.
	DataSets map[string]Route
}

// Route is a data set's way from provider to consumer.
type Route struct {
	// Kind is BlobKind, FolderKind or ContainerKind.
	Kind   string
	Source BlobLocation
	Target BlobLocation
}

// BlobLocation is a place in a storage account.
type BlobLocation struct {
	StorageAccountID pulumi.StringOutput
	BlobEndpoint     pulumi.StringOutput
	Container        string
	// Path is a blob's or a folder's name; empty for a whole container.
	Path string
}

// NewShareWithDataset registers the share and everything up to its delivery. Children of the providing side use
// args.Provider.AzureNative, those of a consumer that consumer's provider.
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
	s := &ShareWithDataset{Deliveries: map[string]Delivery{}}
	if err := ctx.RegisterComponentResourceV2("crossorg:index:ShareWithDataset", name, args.inputs(), s,
		opts...); err != nil {
		return nil, err
	}

	offer, err := newOffer(ctx, s, name, args)
	if err != nil {
		return nil, err
	}
	s.ShareID = offer.share.ID().ToStringOutput()
	s.ShareName = offer.share.Name
	subscriptions := pulumi.StringMap{}
	for _, consumer := range sortedKeys(args.Consumers) {
		delivery, err := newDelivery(ctx, s, name+"-"+consumer, consumer, args, offer)
		if err != nil {
			return nil, err
		}
		s.Deliveries[consumer] = delivery
		subscriptions[consumer] = delivery.SubscriptionID
	}
	return s, ctx.RegisterResourceOutputs(s, pulumi.Map{
		"shareId":         s.ShareID,
		"shareName":       s.ShareName,
		"subscriptionIds": subscriptions,
	})
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

// side is the options of a child on one side of a share.
func side(s *ShareWithDataset, party ShareParty, more ...pulumi.ResourceOption) []pulumi.ResourceOption {
	opts := append([]pulumi.ResourceOption{pulumi.Parent(s)}, more...)
	if party.AzureNative != nil {
		opts = append(opts, pulumi.Provider(party.AzureNative))
	}
	return opts
}

// storageInEffect is the party's storage account name, once the party's Data Share account may use that account.
func storageInEffect(
	ctx *pulumi.Context, s *ShareWithDataset, whose string, party ShareParty, args *ShareWithDatasetArgs,
) pulumi.StringOutput {
	if party.RoleAssignedOn == nil {
		return party.StorageAccountName.ToStringOutput()
	}
	return effectiveAfter(ctx, s, whose, party.RoleAssignedOn, args.RolePropagation, party.StorageAccountName)
}

func newOffer(ctx *pulumi.Context, s *ShareWithDataset, name string, args *ShareWithDatasetArgs) (*offer, error) {
	p := args.Provider
	uploads, err := newUploads(ctx, s, name, args)
	if err != nil {
		return nil, err
	}
	share, err := datashare.NewShare(ctx, name+"-share", &datashare.ShareArgs{
		ResourceGroupName: p.ResourceGroupName,
		AccountName:       p.DataShareAccountName,
		ShareName:         pulumi.String(args.ShareName),
		ShareKind:         pulumi.String(datashare.ShareKindCopyBased),
		Description:       pulumi.String(args.Description),
		Terms:             pulumi.String(args.Terms),
	}, side(s, p)...)
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
			RecurrenceInterval:         pulumi.String(args.Schedule.Interval),
			SynchronizationTime:        pulumi.String(azureTime(args.Schedule.Start)),
		}, side(s, p)...)
	if err != nil {
		return nil, err
	}
	o := &offer{share: share, dataSets: map[string]dataSet{}, complete: []pulumi.Resource{setting}}
	storage := storageInEffect(ctx, s, "the provider", p, args)
	for _, key := range sortedKeys(args.DataSets) {
		set, err := newDataSet(ctx, name+"-"+key, key, args.DataSets[key], p, share.Name, storage,
			side(s, p, pulumi.DependsOn(uploads[key])))
		if err != nil {
			return nil, err
		}
		o.dataSets[key] = set
		o.complete = append(o.complete, set.resource)
	}
	return o, nil
}

func newDataSet(
	ctx *pulumi.Context, name, key string, ds ShareDataSetArgs, p ShareParty, share, storage pulumi.StringOutput,
	opts []pulumi.ResourceOption,
) (dataSet, error) {
	container := p.Containers[ds.Container]
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
		}, opts...)
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
		}, opts...)
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
		}, opts...)
		if err != nil {
			return dataSet{}, err
		}
		return dataSet{set, set.DataSetId}, nil
	}
}
