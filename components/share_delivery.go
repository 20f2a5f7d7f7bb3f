package components

import (
	"github.com/pulumi/pulumi-azure-native-sdk/authorization/v2"
	"github.com/pulumi/pulumi-azure-native-sdk/datashare/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// newDelivery invites one consumer and accepts on its side. name begins the logical names of its resources.
func newDelivery(
	ctx *pulumi.Context, s *ShareWithDataset, name, consumer string, args *ShareWithDatasetArgs, o *offer,
) (Delivery, error) {
	p, to := args.Provider, args.Consumers[consumer]
	c := to.Party

	invite := &datashare.InvitationArgs{
		ResourceGroupName: p.ResourceGroupName,
		AccountName:       p.DataShareAccountName,
		ShareName:         o.share.Name,
		InvitationName:    pulumi.String(consumer),
		ExpirationDate:    args.expirationDate(),
	}
	address(ctx, s, to, invite)
	invitation, err := datashare.NewInvitation(ctx, name+"-invitation", invite,
		side(s, p, pulumi.DependsOn(o.complete))...)
	if err != nil {
		return Delivery{}, err
	}
	subscription, err := datashare.NewShareSubscription(ctx, name+"-subscription", &datashare.ShareSubscriptionArgs{
		ResourceGroupName:     c.ResourceGroupName,
		AccountName:           c.DataShareAccountName,
		ShareSubscriptionName: pulumi.String(args.ShareName),
		InvitationId:          invitation.InvitationId,
		SourceShareLocation:   p.Location,
		ExpirationDate:        args.expirationDate(),
	}, side(s, c)...)
	if err != nil {
		return Delivery{}, err
	}

	d := Delivery{
		SubscriptionID:     subscription.ID().ToStringOutput(),
		InvitationID:       invitation.InvitationId,
		InvitationStatus:   afterAcceptance(invitation, subscription),
		SubscriptionStatus: subscription.ShareSubscriptionStatus,
		DataSets:           map[string]Route{},
	}
	storage := storageInEffect(ctx, s, "consumer "+consumer, c, args)
	var mapped []pulumi.Resource
	for _, key := range sortedKeys(args.DataSets) {
		ds := args.DataSets[key]
		target, err := newTarget(ctx, s, name, key, to, ds, args)
		if err != nil {
			return Delivery{}, err
		}
		mapping, err := newMapping(ctx, name+"-"+key, key, ds.Kind, o.dataSets[key].id, c, subscription.Name, storage,
			target, side(s, c))
		if err != nil {
			return Delivery{}, err
		}
		mapped = append(mapped, mapping)
		d.DataSets[key] = Route{
			Kind:   ds.Kind,
			Source: p.location(ds.Container, ds.path()),
			Target: c.location(target.name, target.path),
		}
	}
	// Only once everything is mapped, as a new trigger runs its first snapshot. Azure does not let a running trigger
	// follow another schedule: it is disabled and enabled again, which is to say replaced.
	trigger, err := datashare.NewScheduledTrigger(ctx, name+"-trigger", &datashare.ScheduledTriggerArgs{
		ResourceGroupName:     c.ResourceGroupName,
		AccountName:           c.DataShareAccountName,
		ShareSubscriptionName: subscription.Name,
		TriggerName:           pulumi.String("schedule"),
		Kind:                  pulumi.String(datashare.TriggerKindScheduleBased),
		RecurrenceInterval:    pulumi.String(args.Schedule.Interval),
		SynchronizationTime:   pulumi.String(azureTime(args.Schedule.Start)),
		SynchronizationMode:   pulumi.String(datashare.SynchronizationModeIncremental),
	}, side(s, c, pulumi.DependsOn(mapped),
		pulumi.ReplaceOnChanges([]string{"recurrenceInterval", "synchronizationTime"}),
		pulumi.DeleteBeforeReplace(true))...)
	if err != nil {
		return Delivery{}, err
	}
	d.TriggerStatus = trigger.TriggerStatus
	return d, nil
}

// address fills in who is invited. By default that is the principal which is going to accept, asked of Azure.
func address(ctx *pulumi.Context, s *ShareWithDataset, to ShareConsumerArgs, invite *datashare.InvitationArgs) {
	switch {
	case to.Invitee.Email != "":
		invite.TargetEmail = pulumi.String(to.Invitee.Email)
	case to.Invitee.TenantID != "" || to.Invitee.ObjectID != "":
		if to.Invitee.TenantID != "" {
			invite.TargetActiveDirectoryId = pulumi.String(to.Invitee.TenantID)
		}
		if to.Invitee.ObjectID != "" {
			invite.TargetObjectId = pulumi.String(to.Invitee.ObjectID)
		}
	default:
		as := pulumi.InvokeOption(pulumi.Parent(s))
		if to.Party.AzureNative != nil {
			as = pulumi.Provider(to.Party.AzureNative)
		}
		client := authorization.GetClientConfigOutput(ctx, as)
		invite.TargetActiveDirectoryId = client.TenantId().ToStringPtrOutput()
		invite.TargetObjectId = client.ObjectId().ToStringPtrOutput()
	}
}

// afterAcceptance is the invitation's status now that there is a subscription to it: the recorded one was read when the
// invitation was sent, and to accept is to create the subscription.
func afterAcceptance(i *datashare.Invitation, s *datashare.ShareSubscription) pulumi.StringOutput {
	return pulumi.All(i.InvitationStatus, s.ID()).ApplyT(func(known []any) string {
		if status := known[0].(string); status != "Pending" {
			return status
		}
		return "Accepted"
	}).(pulumi.StringOutput)
}

// target is where a data set lands: exists is the container's name once the container is there.
type target struct {
	name, path string
	exists     pulumi.StringInput
}

func newTarget(
	ctx *pulumi.Context, s *ShareWithDataset, name, key string, to ShareConsumerArgs, ds ShareDataSetArgs,
	args *ShareWithDatasetArgs,
) (target, error) {
	if ds.Kind != ContainerKind {
		return target{
			name:   to.LandingContainer,
			path:   args.ShareName + "/" + ds.Container + "/" + ds.path(),
			exists: to.Party.Containers[to.LandingContainer],
		}, nil
	}
	t := target{name: boundedName(args.ShareName+"-"+ds.Container, containerNameMax, hyphenated)}
	c := to.Party
	container, err := newContainer(ctx, name+"-"+key, c.ResourceGroupName, c.StorageAccountName, t.name,
		side(s, c, pulumi.Protect(args.Protect))...)
	if err != nil {
		return target{}, err
	}
	t.exists = container.Name
	return t, nil
}

func newMapping(
	ctx *pulumi.Context, name, key, kind string, id pulumi.StringOutput, c ShareParty, subscription,
	storage pulumi.StringOutput, t target, opts []pulumi.ResourceOption,
) (pulumi.Resource, error) {
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
			FilePath:              pulumi.String(t.path),
		}, opts...)
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
			Prefix:                pulumi.String(t.path),
		}, opts...)
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
		}, opts...)
	}
}

// location is a place in the party's storage account.
func (p ShareParty) location(container, path string) BlobLocation {
	return BlobLocation{
		StorageAccountID: p.StorageAccountID.ToStringOutput(),
		BlobEndpoint:     p.BlobEndpoint.ToStringOutput(),
		Container:        container,
		Path:             path,
	}
}
