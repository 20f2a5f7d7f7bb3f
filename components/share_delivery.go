package components

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi-azure-native-sdk/datashare/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/crossorg/crossorg/internal/rules"
)

// newDelivery invites one consumer and accepts on its side. name begins the logical names of its resources. It returns
// an output of a ShareDelivery.
func newDelivery(
	ctx *pulumi.Context, s *ShareWithDataset, name, consumer string, args *ShareWithDatasetArgs, o *offer,
) (pulumi.Output, error) {
	p, to := args.Provider, args.Consumers[consumer]
	c := to.Party

	invite := &datashare.InvitationArgs{
		ResourceGroupName: p.ResourceGroupName,
		AccountName:       p.DataShareAccountName,
		ShareName:         o.share.Name,
		InvitationName:    pulumi.String(consumer),
		ExpirationDate:    args.expirationDate(),
	}
	s.address(ctx, consumer, to.Invitee, invite)
	invitation, err := datashare.NewInvitation(ctx, name+"-invitation", invite,
		s.offered(pulumi.DependsOn(o.complete), replaced("datashare:Invitation"),
			pulumi.ReplacementTrigger(acceptedAs(c)))...)
	if err != nil {
		return nil, err
	}
	subscription, err := datashare.NewShareSubscription(ctx, name+"-subscription", &datashare.ShareSubscriptionArgs{
		ResourceGroupName:     c.ResourceGroupName,
		AccountName:           c.DataShareAccountName,
		ShareSubscriptionName: args.ShareName.ToStringOutput(),
		InvitationId:          invitation.InvitationId,
		SourceShareLocation:   p.Location,
		ExpirationDate:        args.expirationDate(),
	}, s.received(consumer, replaced("datashare:ShareSubscription"))...)
	if err != nil {
		return nil, err
	}

	storage := storageInEffect(ctx, s, "consumer "+consumer, c, args)
	var mapped []pulumi.Resource
	routes := pulumi.Map{}
	for _, key := range slices.Sorted(maps.Keys(args.DataSets)) {
		ds := args.DataSets[key]
		target, err := newTarget(ctx, s, name, consumer, key, args)
		if err != nil {
			return nil, err
		}
		mapping, err := newMapping(ctx, rules.MappingName(name, key), key, ds.Kind, o.dataSets[key].id, c,
			subscription.Name, storage,
			target, s.received(consumer))
		if err != nil {
			return nil, err
		}
		mapped = append(mapped, mapping)
		routes[key] = toShareRoute(ds.Kind, p.location(pulumi.String(ds.Container), pulumi.String(ds.path())),
			c.location(target.name, target.path))
	}
	// Only once everything is mapped, as the first snapshot may run at once: Microsoft's pages differ on that.
	trigger, err := datashare.NewScheduledTrigger(ctx, name+"-trigger", &datashare.ScheduledTriggerArgs{
		ResourceGroupName:     c.ResourceGroupName,
		AccountName:           c.DataShareAccountName,
		ShareSubscriptionName: subscription.Name,
		TriggerName:           pulumi.String("schedule"),
		Kind:                  pulumi.String(datashare.TriggerKindScheduleBased),
		RecurrenceInterval:    args.Schedule.interval(),
		SynchronizationTime:   args.Schedule.start(),
		SynchronizationMode:   pulumi.String(datashare.SynchronizationModeIncremental),
	}, s.received(consumer, pulumi.DependsOn(mapped), replaced("datashare:ScheduledTrigger"))...)
	if err != nil {
		return nil, err
	}
	return toShareDelivery(subscription.ID().ToStringOutput(), invitation.InvitationId,
		afterAcceptance(invitation, subscription), subscription.ShareSubscriptionStatus, trigger.TriggerStatus,
		trigger.CreatedAt, routes), nil
}

// acceptedAs is the Data Share account that an invitation is accepted into. Another one needs another invitation: one
// that has been accepted cannot be accepted again (learn.microsoft.com/rest/api/datashare/share-subscriptions/create).
func acceptedAs(c ShareParty) pulumi.Input {
	return pulumi.StringArray{c.SubscriptionID, c.ResourceGroupName, c.DataShareAccountName}
}

// address fills in who is invited. By default that is the principal which is going to accept, asked of Azure.
func (s *ShareWithDataset) address(
	ctx *pulumi.Context, consumer string, invitee *ShareInvitee, invite *datashare.InvitationArgs,
) {
	invited := valueOf(invitee)
	switch {
	case isSet(invited.Email):
		invite.TargetEmail = invited.Email
	case isSet(invited.TenantID) || isSet(invited.ObjectID):
		if isSet(invited.TenantID) {
			invite.TargetActiveDirectoryId = invited.TenantID
		}
		if isSet(invited.ObjectID) {
			invite.TargetObjectId = invited.ObjectID
		}
	default:
		as := pulumi.InvokeOption(pulumi.Parent(s))
		if azure := s.consumers[consumer]; azure != nil {
			as = pulumi.Provider(azure)
		}
		client := getClientConfig(ctx, as)
		invite.TargetActiveDirectoryId = client.tenantID().ToStringPtrOutput()
		invite.TargetObjectId = client.objectID().ToStringPtrOutput()
	}
}

// afterAcceptance is the invitation's status once the subscription exists. Creating the subscription accepts the
// invitation, and the recorded status was read before that.
func afterAcceptance(i *datashare.Invitation, s *datashare.ShareSubscription) pulumi.StringOutput {
	return pulumi.All(i.InvitationStatus, s.ID()).ApplyT(func(known []any) string {
		if status := known[0].(string); status != "Pending" {
			return status
		}
		return "Accepted"
	}).(pulumi.StringOutput)
}

// target is where a data set lands: exists is the container's name once the container is there.
type target struct{ name, path, exists pulumi.StringInput }

func newTarget(
	ctx *pulumi.Context, s *ShareWithDataset, name, consumer, key string, args *ShareWithDatasetArgs,
) (target, error) {
	to, ds := args.Consumers[consumer], args.DataSets[key]
	if ds.Kind != ContainerKind {
		return target{
			name: to.LandingContainer,
			path: joined(args.ShareName, pulumi.String(ds.Container), func(share, container string) string {
				return rules.ArrivalPath(share, container, ds.path())
			}),
			exists: to.Party.container(fmt.Sprintf("consumers[%q].landingContainer", consumer), to.LandingContainer),
		}, nil
	}
	own := joined(args.ShareName, pulumi.String(ds.Container), rules.ArrivalContainer)
	// Its logical name depends on the container alone, as its name in Azure does: what arrived stays while a data set
	// is renamed. It began with the data set once.
	container, err := newContainer(ctx, rules.ArrivalName(name, ds.Container), to.Party.ResourceGroupName,
		to.Party.StorageAccountName,
		own, s.received(consumer, pulumi.Protect(args.Protect),
			pulumi.Aliases([]pulumi.Alias{{Name: pulumi.String(name + "-" + key)}}))...)
	if err != nil {
		return target{}, err
	}
	return target{name: own, path: pulumi.String(""), exists: container.Name}, nil
}

func newMapping(
	ctx *pulumi.Context, name, key, kind string, id pulumi.StringOutput, c ShareParty, subscription,
	storage pulumi.StringOutput, t target, opts []pulumi.ResourceOption,
) (pulumi.Resource, error) {
	opts = append(opts, anyOf("datashare:BlobDataSetMapping", "datashare:BlobFolderDataSetMapping",
		"datashare:BlobContainerDataSetMapping"))
	switch kind {
	case BlobKind:
		return datashare.NewBlobDataSetMapping(ctx, name, &datashare.BlobDataSetMappingArgs{
			ResourceGroupName:     c.ResourceGroupName,
			AccountName:           c.DataShareAccountName,
			ShareSubscriptionName: subscription,
			DataSetMappingName:    pulumi.String(key),
			Kind:                  pulumi.String(datashare.DataSetMappingKindBlob),
			DataSetId:             id,
			SubscriptionId:        c.SubscriptionID,
			ResourceGroup:         c.ResourceGroupName,
			StorageAccountName:    storage,
			ContainerName:         t.exists,
			FilePath:              t.path,
		}, append(opts, replaced("datashare:BlobDataSetMapping"))...)
	case FolderKind:
		return datashare.NewBlobFolderDataSetMapping(ctx, name, &datashare.BlobFolderDataSetMappingArgs{
			ResourceGroupName:     c.ResourceGroupName,
			AccountName:           c.DataShareAccountName,
			ShareSubscriptionName: subscription,
			DataSetMappingName:    pulumi.String(key),
			Kind:                  pulumi.String(datashare.DataSetMappingKindBlobFolder),
			DataSetId:             id,
			SubscriptionId:        c.SubscriptionID,
			ResourceGroup:         c.ResourceGroupName,
			StorageAccountName:    storage,
			ContainerName:         t.exists,
			Prefix:                t.path,
		}, append(opts, replaced("datashare:BlobFolderDataSetMapping"))...)
	default:
		return datashare.NewBlobContainerDataSetMapping(ctx, name, &datashare.BlobContainerDataSetMappingArgs{
			ResourceGroupName:     c.ResourceGroupName,
			AccountName:           c.DataShareAccountName,
			ShareSubscriptionName: subscription,
			DataSetMappingName:    pulumi.String(key),
			Kind:                  pulumi.String(datashare.DataSetMappingKindContainer),
			DataSetId:             id,
			SubscriptionId:        c.SubscriptionID,
			ResourceGroup:         c.ResourceGroupName,
			StorageAccountName:    storage,
			ContainerName:         t.exists,
		}, append(opts, replaced("datashare:BlobContainerDataSetMapping"))...)
	}
}
