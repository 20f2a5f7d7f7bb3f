package conformance

import (
	"net/http"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/datashare/armdatashare"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

const (
	dataSets = shares + "/dataSets"
	mappings = subscriptions + "/dataSetMappings"
	triggers = subscriptions + "/triggers"
	// docs5006 and docs7001 are where the service's numbered codes can be read: no page of the documentation has them.
	docs5006       = "https://github.com/Azure/azure-rest-api-specs/issues/9010"
	docs7001       = "https://github.com/Azure/azure-rest-api-specs/issues/9110"
	docsShareRoles = "https://learn.microsoft.com/azure/data-share/concepts-roles-permissions"
	docsRevoke     = "https://learn.microsoft.com/azure/data-share/how-to-revoke-share-subscription"
	docsInvite     = "https://learn.microsoft.com/azure/data-share/how-to-delete-invitation"
	docsReceive    = "https://learn.microsoft.com/azure/data-share/subscribe-to-data-share"
	docsTrouble    = "https://learn.microsoft.com/azure/data-share/data-share-troubleshoot"
)

// subscribed reads a subscription's status with its own client.
func (t *T) subscribed(id string) armdatashare.ShareSubscriptionStatus {
	t.Helper()
	res, err := t.datashare(t.Env.Consumer).NewShareSubscriptionsClient().Get(t.ctx(), groupOf(id),
		segment(id, "accounts"), nameOf(id), nil)
	require.NoError(t, err)
	return *res.Properties.ShareSubscriptionStatus
}

// consumersOf are the provider's records of who has accepted a share.
func (t *T) consumersOf(shareID string) []*armdatashare.ProviderShareSubscription {
	t.Helper()
	client := t.datashare(t.Env.Provider).NewProviderShareSubscriptionsClient()
	return pages[*armdatashare.ProviderShareSubscription](t, client.NewListBySharePager(groupOf(shareID),
		segment(shareID, "accounts"), nameOf(shareID), nil))
}

// onlyConsumer is the one consumer of a share.
func (t *T) onlyConsumer(shareID string) *armdatashare.ProviderShareSubscription {
	t.Helper()
	all := t.consumersOf(shareID)
	require.Len(t, all, 1)
	return all[0]
}

func (t *T) revoke(shareID string) {
	t.Helper()
	p, err := t.datashare(t.Env.Provider).NewProviderShareSubscriptionsClient().BeginRevoke(t.ctx(), groupOf(shareID),
		segment(shareID, "accounts"), nameOf(shareID), *t.onlyConsumer(shareID).Name, nil)
	must(t, p, err)
}

// expire sets when the consumer's access to a share ends.
func (t *T) expire(shareID string, until time.Time) {
	t.Helper()
	_, err := t.datashare(t.Env.Provider).NewProviderShareSubscriptionsClient().Adjust(t.ctx(), groupOf(shareID),
		segment(shareID, "accounts"), nameOf(shareID), *t.onlyConsumer(shareID).Name,
		armdatashare.ProviderShareSubscription{
			Properties: &armdatashare.ProviderShareSubscriptionProperties{ExpirationDate: &until}}, nil)
	require.NoError(t, err)
}

// invitation reads an invitation's status.
func (t *T) invitation(id string) string {
	t.Helper()
	return text(t.there(t.Env.Provider, id, shareVersion), "properties", "invitationStatus")
}

// accept has an organization accept an invitation into an account.
func (t *T) accept(o *Org, account, invitation string) (string, error) {
	t.Helper()
	id := account + "/shareSubscriptions/" + t.name(20)
	_, err := t.put(o, id, shareVersion, t.acceptBody(invitation))
	return id, err
}

// datasharePromises are about the life of a share between two organizations.
func datasharePromises() []Promise {
	return []Promise{
		{
			Name: "5006 until the account's identity may read", Area: dataSets, Source: docs5006, Code: "5006",
			Statement: "A data set is refused with 5006 until the account's identity may read the storage account.",
			Test: func(t *T) {
				o := t.Env.Provider
				account := t.newShareAccount(o)
				container := t.container(o)
				id := t.newShare(account.id) + "/dataSets/" + t.name(20)
				body := dataOf("Blob", where(o, container))
				_, err := t.put(o, id, shareVersion, body)
				message := t.refusedWith(err, "5006")
				require.Contains(t, message, "Missing permissions for DataShareAccount on resource "+
					"'"+accountOf(container)+"'")
				t.assign(o, accountOf(container), roleBlobReader, account.principal)
				require.NoError(t, t.until(func() error { _, err := t.put(o, id, shareVersion, body); return err }))
			},
		},
		{
			Name: "5006 until the account's identity may write", Area: mappings, Source: docs5006, Code: "5006",
			Statement: "A mapping is refused with 5006 until the account's identity may write to the storage " +
				"account: reading is not enough.",
			Test: func(t *T) {
				o := t.Env.Consumer
				r := t.receive("Blob")
				account := t.newShareAccount(o)
				_, invitation := t.invite(r.share)
				subscription, err := t.accept(o, account.id, invitation)
				require.NoError(t, err)
				container := t.containerIn(o, t.ownAccount(o))
				id := subscription + "/dataSetMappings/" + t.name(20)
				body := dataOf("Blob", with(where(o, container), r.dataSets["Blob"], "dataSetId"))
				_, err = t.put(o, id, shareVersion, body)
				t.refusedWith(err, "5006")
				t.assign(o, accountOf(container), roleBlobReader, account.principal)
				_, err = t.put(o, id, shareVersion, body)
				t.refusedWith(err, "5006")
				t.assign(o, accountOf(container), roleBlobContributor, account.principal)
				require.NoError(t, t.until(func() error { _, err := t.put(o, id, shareVersion, body); return err }))
			},
		},
		{
			Name: "another's storage", Area: dataSets, Source: docsErrors, Code: "LinkedAuthorizationFailed",
			Needs:     []Need{TwoTenants},
			Statement: "A data set cannot name a storage account on which the caller has no rights.",
			Test: func(t *T) {
				theirs := t.container(t.Env.Consumer)
				_, err := t.put(t.Env.Provider, t.newShare(t.source().id)+"/dataSets/"+t.name(20), shareVersion,
					dataOf("Blob", where(t.Env.Consumer, theirs)))
				t.refusedWith(err, "LinkedAuthorizationFailed")
			},
		},
		{
			Name: "container not there", Area: dataSets, Source: docsShareREST + "data-sets/create", Undocumented: true,
			Statement: "A data set cannot name a container that is not there.",
			Test: func(t *T) {
				container := t.sourceContainer()
				share := t.newShare(t.source().id)
				t.newDataSet(share, container, "Container") // the role holds
				require.NoError(t, t.remove(t.Env.Provider, container, storageVersion))
				_, err := t.put(t.Env.Provider, t.newShare(t.source().id)+"/dataSets/"+t.name(20), shareVersion,
					dataOf("Container", where(t.Env.Provider, container)))
				t.refusedSomehow(err)
			},
		},
		{
			Name: "id of a data set", Area: dataSets, Source: docsShareREST + "data-sets/create",
			Statement: "A data set has an id of its own, which the consumer sees without seeing anything else of the " +
				"provider.",
			Test: func(t *T) {
				r := t.receive("Blob")
				_, err := uuid.Parse(r.dataSets["Blob"])
				require.NoError(t, err)
				require.Equal(t, r.dataSets["Blob"], t.offered(r.subscription+"/dataSetMappings/any"))
			},
		},
		{
			Name: "accepted", Area: shares + "/invitations", Source: docsShareREST + "share-subscriptions/create",
			Statement: "Accepting an invitation makes it Accepted and the subscription Active, and both sides learn " +
				"of each other.",
			Test: func(t *T) {
				share := t.newShare(t.source().id)
				id, invitation := t.invite(share)
				require.Equal(t, "Pending", t.invitation(id))
				require.Empty(t, t.consumersOf(share))
				subscription, err := t.accept(t.Env.Consumer, t.target().id, invitation)
				require.NoError(t, err)
				require.Equal(t, "Accepted", t.invitation(id))
				require.Equal(t, armdatashare.ShareSubscriptionStatusActive, t.subscribed(subscription))
				require.Equal(t, armdatashare.ShareSubscriptionStatusActive,
					*t.onlyConsumer(share).Properties.ShareSubscriptionStatus)
				props := at(t.there(t.Env.Consumer, subscription, shareVersion), "properties")
				require.Equal(t, nameOf(share), text(props, "shareName"))
				require.Equal(t, "Internal use only", text(props, "shareTerms"))
				require.Equal(t, "CopyBased", text(props, "shareKind"))
			},
		},
		{
			Name: "the recipient's view", Area: shares + "/invitations",
			Source:    docsShareREST + "consumer-invitations/list-invitations",
			Statement: "The recipient lists the invitations to it, with the share's name and terms.",
			Test: func(t *T) {
				share := t.newShare(t.source().id)
				_, invitation := t.invite(share)
				client := t.datashare(t.Env.Consumer).NewConsumerInvitationsClient()
				var names []string
				for _, i := range pages[*armdatashare.ConsumerInvitation](t, client.NewListInvitationsPager(nil)) {
					names = append(names, *i.Properties.InvitationID)
				}
				require.Contains(t, names, invitation)
				got, err := client.Get(t.ctx(), t.Env.Location, invitation, nil)
				require.NoError(t, err)
				require.Equal(t, nameOf(share), *got.Properties.ShareName)
				require.Equal(t, "Internal use only", *got.Properties.TermsOfUse)
				require.Equal(t, armdatashare.InvitationStatusPending, *got.Properties.InvitationStatus)
			},
		},
		{
			Name: "by the invited only", Area: shares + "/invitations", Source: docs7001, Code: "7001",
			Needs: []Need{TwoTenants},
			Statement: "An invitation can be accepted by the principal that it names only; to all others it is not " +
				"there.",
			Test: func(t *T) {
				id, invitation := t.invite(t.newShare(t.source().id))
				_, err := t.accept(t.Env.Provider, t.shareAccount(t.Env.Provider).id, invitation)
				t.refused(err, http.StatusNotFound, "7001")
				_, err = t.datashare(t.Env.Provider).NewConsumerInvitationsClient().Get(t.ctx(), t.Env.Location,
					invitation, nil)
				require.Equal(t, http.StatusNotFound, t.response(err).StatusCode)
				require.Equal(t, "Pending", t.invitation(id))
			},
		},
		{
			Name: "once", Area: shares + "/invitations", Source: docs7001, Code: "7001",
			Statement: "An invitation can be accepted once.",
			Test: func(t *T) {
				_, invitation := t.invite(t.newShare(t.source().id))
				_, err := t.accept(t.Env.Consumer, t.target().id, invitation)
				require.NoError(t, err)
				_, err = t.accept(t.Env.Consumer, t.target().id, invitation)
				t.refused(err, http.StatusNotFound, "7001")
			},
		},
		{
			Name: "unknown", Area: shares + "/invitations", Source: docs7001, Code: "7001",
			Statement: "An invitation that does not exist cannot be accepted.",
			Test: func(t *T) {
				_, err := t.accept(t.Env.Consumer, t.target().id, uuid.NewString())
				t.refused(err, http.StatusNotFound, "7001")
			},
		},
		{
			Name: "rejected", Area: shares + "/invitations", Source: docsShareREST +
				"consumer-invitations/reject-invitation", Undocumented: true,
			Statement: "A rejected invitation is shown as Rejected and can no longer be accepted.",
			Test: func(t *T) {
				id, invitation := t.invite(t.newShare(t.source().id))
				res, err := t.datashare(t.Env.Consumer).NewConsumerInvitationsClient().RejectInvitation(t.ctx(),
					t.Env.Location,
					armdatashare.ConsumerInvitation{
						Properties: &armdatashare.ConsumerInvitationProperties{InvitationID: &invitation}}, nil)
				require.NoError(t, err)
				require.Equal(t, armdatashare.InvitationStatusRejected, *res.Properties.InvitationStatus)
				require.Equal(t, "Rejected", t.invitation(id))
				_, err = t.accept(t.Env.Consumer, t.target().id, invitation)
				t.refusedSomehow(err)
			},
		},
		{
			Name: "withdrawn", Area: shares + "/invitations", Source: docsInvite, Code: "7001", CodeSource: docs7001,
			Statement: "An invitation that was deleted before it was accepted can no longer be.",
			Test: func(t *T) {
				id, invitation := t.invite(t.newShare(t.source().id))
				require.NoError(t, t.remove(t.Env.Provider, id, shareVersion))
				_, err := t.accept(t.Env.Consumer, t.target().id, invitation)
				t.refused(err, http.StatusNotFound, "7001")
			},
		},
		{
			Name: "withdrawn too late", Area: shares + "/invitations", Source: docsInvite,
			Statement: "Deleting an invitation that was accepted leaves the subscription Active.",
			Test: func(t *T) {
				id, invitation := t.invite(t.newShare(t.source().id))
				subscription, err := t.accept(t.Env.Consumer, t.target().id, invitation)
				require.NoError(t, err)
				require.NoError(t, t.remove(t.Env.Provider, id, shareVersion))
				require.Equal(t, armdatashare.ShareSubscriptionStatusActive, t.subscribed(subscription))
			},
		},
		{
			Name: "recipient", Area: shares + "/invitations", Source: docsShareREST + "invitations/create",
			Undocumented: true,
			Statement:    "An invitation needs a recipient.",
			Test: func(t *T) {
				_, err := t.put(t.Env.Provider,
					t.newShare(t.shareAccount(t.Env.Provider).id)+"/invitations/"+t.name(20), shareVersion,
					object{"properties": object{}})
				t.refusedSomehow(err)
			},
		},
		{
			Name: "the provider's share", Area: shares, Source: docsErrors, Code: "InvalidAuthenticationTokenTenant",
			Needs:     []Need{TwoTenants},
			Statement: "Who has accepted a share can still not read the share itself.",
			Test: func(t *T) {
				r := t.receive("Blob")
				_, err := t.read(t.Env.Consumer, r.share, shareVersion)
				t.refused(err, http.StatusUnauthorized, "InvalidAuthenticationTokenTenant")
			},
		},
		{
			Name: "one schedule", Area: shares + "/synchronizationSettings",
			Source: docsShareREST + "synchronization-settings/create", Undocumented: true,
			Statement: "A share has one snapshot schedule at most.",
			Test: func(t *T) {
				share := t.newShare(t.shareAccount(t.Env.Provider).id)
				t.schedule(share)
				_, err := t.put(t.Env.Provider, share+"/synchronizationSettings/"+t.name(20), shareVersion,
					scheduleBody())
				t.refusedSomehow(err)
			},
		},
		{
			Name: "revoked", Area: shares + "/providerShareSubscriptions", Source: docsRevoke, Undocumented: true,
			Statement: "A revoked subscription is Revoked on both sides and takes no snapshot; what was copied stays.",
			Test: func(t *T) {
				r := t.receive("Blob")
				t.mapTo(r, "Blob")
				require.Equal(t, "Succeeded", t.snapshot(r, "Incremental"))
				t.revoke(r.share)
				require.Equal(t, armdatashare.ShareSubscriptionStatusRevoked, t.subscribed(r.subscription))
				require.Equal(t, armdatashare.ShareSubscriptionStatusRevoked,
					*t.onlyConsumer(r.share).Properties.ShareSubscriptionStatus)
				t.refusedSomehow(t.synchronize(r, "Incremental"))
				_, ok := t.download(t.Env.Consumer, r.target, sourceFile)
				require.True(t, ok)
			},
		},
		{
			Name: "reinstated", Area: shares + "/providerShareSubscriptions",
			Source:    docsShareREST + "provider-share-subscriptions/reinstate",
			Statement: "A reinstated subscription is Active again and takes snapshots.",
			Test: func(t *T) {
				r := t.receive("Blob")
				t.mapTo(r, "Blob")
				t.revoke(r.share)
				_, err := t.datashare(t.Env.Provider).NewProviderShareSubscriptionsClient().Reinstate(t.ctx(),
					groupOf(r.share), segment(r.share, "accounts"), nameOf(r.share),
					*t.onlyConsumer(r.share).Name, armdatashare.ProviderShareSubscription{}, nil)
				require.NoError(t, err)
				require.Equal(t, armdatashare.ShareSubscriptionStatusActive, t.subscribed(r.subscription))
				require.Equal(t, "Succeeded", t.snapshot(r, "Incremental"))
			},
		},
		{
			Name: "expiration", Area: shares + "/providerShareSubscriptions",
			Source:    docsShareREST + "provider-share-subscriptions/adjust",
			Statement: "The provider sets when a subscription ends, and the consumer sees it.",
			Test: func(t *T) {
				r := t.receive()
				until := time.Now().Add(48 * time.Hour).UTC().Truncate(time.Second)
				t.expire(r.share, until)
				res, err := t.datashare(t.Env.Consumer).NewShareSubscriptionsClient().Get(t.ctx(),
					groupOf(r.subscription), segment(r.subscription, "accounts"), nameOf(r.subscription), nil)
				require.NoError(t, err)
				require.WithinDuration(t, until, *res.Properties.ExpirationDate, time.Second)
			},
		},
		{
			Name: "source deleted", Area: subscriptions, Source: docsShareREST + "share-subscriptions/get",
			Undocumented: true,
			Statement: "When the provider deletes the share, the subscription stays as SourceDeleted and takes no " +
				"snapshot.",
			Test: func(t *T) {
				r := t.receive("Blob")
				t.mapTo(r, "Blob")
				require.NoError(t, t.remove(t.Env.Provider, r.share, shareVersion))
				require.Equal(t, armdatashare.ShareSubscriptionStatusSourceDeleted, t.subscribed(r.subscription))
				t.refusedSomehow(t.synchronize(r, "Incremental"))
			},
		},
		{
			Name: "consumer leaves", Area: subscriptions, Source: docsShareREST + "share-subscriptions/delete",
			Statement: "Deleting a subscription takes it from the provider's list.",
			Test: func(t *T) {
				r := t.receive()
				t.onlyConsumer(r.share)
				require.NoError(t, t.remove(t.Env.Consumer, r.subscription, shareVersion))
				require.Empty(t, t.consumersOf(r.share))
			},
		},
		{
			Name: "kind", Area: mappings, Source: docsShareREST + "data-set-mappings/create", Undocumented: true,
			Statement: "A data set is mapped with its own kind.",
			Test: func(t *T) {
				r := t.receive("Blob")
				t.mapTo(r, "Blob") // the role holds
				_, err := t.put(t.Env.Consumer, r.subscription+"/dataSetMappings/"+t.name(20), shareVersion,
					dataOf("Container", with(where(t.Env.Consumer, r.target), r.dataSets["Blob"], "dataSetId")))
				t.refusedSomehow(err)
			},
		},
		{
			Name: "broken", Area: mappings, Source: docsShareREST + "data-set-mappings/get",
			Statement: "A mapping is Ok while its target is there, and Broken when it is gone.",
			Test: func(t *T) {
				r := t.receive("Blob")
				id := t.mapTo(r, "Blob")
				require.Equal(t, "Ok", text(t.readKind(t.Env.Consumer, id), "properties", "dataSetMappingStatus"))
				require.NoError(t, t.remove(t.Env.Consumer, r.target, storageVersion))
				t.eventually("the mapping to be broken", func() bool {
					return text(t.readKind(t.Env.Consumer, id), "properties", "dataSetMappingStatus") == "Broken"
				})
			},
		},
		{
			Name: "offered schedule", Area: triggers, Source: docsShareREST +
				"share-subscriptions/list-source-share-synchronization-settings", Undocumented: true,
			Statement: "The consumer sees the provider's schedule, and cannot follow one before there is one.",
			Test: func(t *T) {
				r := t.receive()
				id := r.subscription + "/triggers/" + t.name(20)
				_, err := t.put(t.Env.Consumer, id, shareVersion, scheduleBody())
				t.refusedSomehow(err)
				t.schedule(r.share)
				client := t.datashare(t.Env.Consumer).NewShareSubscriptionsClient()
				offered := pages[armdatashare.SourceShareSynchronizationSettingClassification](t,
					client.NewListSourceShareSynchronizationSettingsPager(groupOf(id), segment(id, "accounts"),
						nameOf(r.subscription), nil))
				require.Len(t, offered, 1)
				daily, ok := offered[0].(*armdatashare.ScheduledSourceSynchronizationSetting)
				require.True(t, ok)
				require.Equal(t, armdatashare.RecurrenceIntervalDay, *daily.Properties.RecurrenceInterval)
				t.made(t.Env.Consumer, id, shareVersion, scheduleBody())
				require.Equal(t, "Active", text(t.readKind(t.Env.Consumer, id), "properties", "triggerStatus"))
			},
		},
		{
			Name: "schedule deleted", Area: triggers, Source: docsTrouble,
			Statement: "When the provider deletes the schedule, the consumer's trigger is no longer Active; with the " +
				"new schedule it can be enabled again.",
			Test: func(t *T) {
				r := t.receive()
				setting := t.schedule(r.share)
				id := r.subscription + "/triggers/" + t.name(20)
				t.made(t.Env.Consumer, id, shareVersion, scheduleBody())
				require.NoError(t, t.remove(t.Env.Provider, setting, shareVersion))
				require.Equal(t, "SourceSynchronizationSettingDeleted",
					text(t.readKind(t.Env.Consumer, id), "properties", "triggerStatus"))
				t.schedule(r.share)
				require.NoError(t, t.remove(t.Env.Consumer, id, shareVersion))
				t.made(t.Env.Consumer, id, shareVersion, scheduleBody())
				require.Equal(t, "Active", text(t.readKind(t.Env.Consumer, id), "properties", "triggerStatus"))
			},
		},
		{
			Name: "default mode", Area: triggers, Source: docsShareREST + "triggers/create",
			Statement: "A trigger without a mode copies incrementally.",
			Test: func(t *T) {
				r := t.receive()
				t.schedule(r.share)
				id := r.subscription + "/triggers/" + t.name(20)
				t.made(t.Env.Consumer, id, shareVersion, scheduleBody())
				require.True(t, strings.EqualFold("Incremental",
					text(t.readKind(t.Env.Consumer, id), "properties", "synchronizationMode")))
			},
		},
		{
			Name: "identity", Area: shareAccounts, Source: docsShareRoles, Undocumented: true,
			Statement: "A Data Share account cannot be without a system-assigned identity.",
			Test: func(t *T) {
				o := t.Env.Provider
				_, err := t.put(o, t.inGroup(o, shareAccounts, t.name(20)), shareVersion,
					with(t.shareAccountBody(), nil, "identity"))
				t.refusedSomehow(err)
			},
		},
	}
}
