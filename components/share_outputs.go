package components

import (
	"reflect"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ShareDelivery is what one consumer receives of a share. Its states are those of the last update or refresh.
type ShareDelivery struct {
	// ARM id of the share subscription.
	SubscriptionID string `pulumi:"subscriptionId"`
	// Id (GUID) of the invitation that the share subscription accepted.
	InvitationID string `pulumi:"invitationId"`
	// The state of the invitation: "Accepted", "Rejected" or "Withdrawn".
	InvitationStatus string `pulumi:"invitationStatus"`
	// The state of the share subscription: "Active", "Revoked", "Revoking" or "SourceDeleted".
	SubscriptionStatus string `pulumi:"subscriptionStatus"`
	// The state of the trigger that takes the snapshots: "Active", "Inactive" or "SourceSynchronizationSettingDeleted".
	TriggerStatus string `pulumi:"triggerStatus"`
	// When the trigger was created, in RFC 3339: no snapshot is due before.
	TriggerCreatedAt string `pulumi:"triggerCreatedAt"`
	// Where each data set comes from and where it lands, by data set name.
	DataSets map[string]ShareRoute `pulumi:"dataSets"`
}

// ShareRoute is the way of a data set from the provider to a consumer.
type ShareRoute struct {
	// The kind of the data set: "blob", "folder" or "container".
	Kind string `pulumi:"kind"`
	// Where the data comes from.
	Source BlobLocation `pulumi:"source"`
	// Where the data lands.
	Target BlobLocation `pulumi:"target"`
}

// BlobLocation is a place in a storage account.
type BlobLocation struct {
	// ARM id of the storage account.
	StorageAccountID string `pulumi:"storageAccountId"`
	// URL of the account's blob service, with a slash at its end.
	BlobEndpoint string `pulumi:"blobEndpoint"`
	// Name of the container.
	Container string `pulumi:"container"`
	// Name of the blob or of the folder; empty for a whole container.
	Path string `pulumi:"path"`
}

// ShareDeliveryMapOutput is the deliveries of a share by consumer name, once all of them are known.
type ShareDeliveryMapOutput struct{ *pulumi.OutputState }

// ElementType is the type of the value, map[string]ShareDelivery.
func (ShareDeliveryMapOutput) ElementType() reflect.Type {
	return reflect.TypeFor[map[string]ShareDelivery]()
}

func init() { pulumi.RegisterOutputType(ShareDeliveryMapOutput{}) }

// toShareDeliveryMap types a map of delivery outputs.
func toShareDeliveryMap(deliveries pulumi.Map) ShareDeliveryMapOutput {
	return deliveries.ToMapOutput().ApplyT(func(known map[string]any) map[string]ShareDelivery {
		return typed[ShareDelivery](known)
	}).(ShareDeliveryMapOutput)
}

// toShareDelivery is an output of a ShareDelivery. dataSets has an output of a ShareRoute for each data set.
func toShareDelivery(
	subscriptionID, invitationID, invitationStatus, subscriptionStatus, triggerStatus,
	triggerCreatedAt pulumi.StringInput, dataSets pulumi.Map,
) pulumi.Output {
	return pulumi.All(subscriptionID, invitationID, invitationStatus, subscriptionStatus, triggerStatus,
		triggerCreatedAt, dataSets).ApplyT(func(known []any) ShareDelivery {
		return ShareDelivery{
			SubscriptionID:     known[0].(string),
			InvitationID:       known[1].(string),
			InvitationStatus:   known[2].(string),
			SubscriptionStatus: known[3].(string),
			TriggerStatus:      known[4].(string),
			TriggerCreatedAt:   known[5].(string),
			DataSets:           typed[ShareRoute](known[6].(map[string]any)),
		}
	})
}

// toShareRoute is an output of a ShareRoute, of outputs of BlobLocations.
func toShareRoute(kind string, source, target pulumi.Output) pulumi.Output {
	return pulumi.All(source, target).ApplyT(func(known []any) ShareRoute {
		return ShareRoute{Kind: kind, Source: known[0].(BlobLocation), Target: known[1].(BlobLocation)}
	})
}

// location is an output of a BlobLocation in the party's storage account.
func (s ShareParty) location(container, path pulumi.StringInput) pulumi.Output {
	return pulumi.All(s.StorageAccountID, s.BlobEndpoint, container, path).ApplyT(func(known []any) BlobLocation {
		return BlobLocation{
			StorageAccountID: known[0].(string),
			BlobEndpoint:     known[1].(string),
			Container:        known[2].(string),
			Path:             known[3].(string),
		}
	})
}

// typed is a map with the type of its values.
func typed[V any](untyped map[string]any) map[string]V {
	all := make(map[string]V, len(untyped))
	for name, value := range untyped {
		all[name] = value.(V)
	}
	return all
}
