package datashare_test

import (
	"errors"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/datashare/armdatashare"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/armtest"
	"github.com/crossorg/crossorg/internal/azure/store"
)

// The names of the tests' resources.
const (
	share   = "financial-collaboration-share"
	set     = "financial-transactions"
	invite  = "to-fabrikam"
	sub     = "from-contoso"
	mapping = "landing"
	setting = "daily"
	trigger = "daily"
	file    = "financial_transactions_2025.csv"
)

var startOfSchedule = time.Date(2025, 1, 1, 6, 0, 0, 0, time.UTC)

func (o *org) createShare() {
	s, err := o.client.NewSharesClient().Create(o.w.ctx, group, account, share,
		armdatashare.Share{Properties: &armdatashare.ShareProperties{
			ShareKind: to.Ptr(armdatashare.ShareKindCopyBased), Description: to.Ptr("Financial data"),
			Terms: to.Ptr("Internal use only"),
		}}, nil)
	require.NoError(o.w.T, err)
	require.Equal(o.w.T, armdatashare.ProvisioningStateSucceeded, *s.Properties.ProvisioningState)
}

func (o *org) createDataSet(d armdatashare.DataSetClassification) (string, error) {
	res, err := o.client.NewDataSetsClient().Create(o.w.ctx, group, account, share, set, d, nil)
	if err != nil {
		return "", err
	}
	switch v := res.DataSetClassification.(type) {
	case *armdatashare.BlobDataSet:
		return *v.Properties.DataSetID, nil
	case *armdatashare.BlobFolderDataSet:
		return *v.Properties.DataSetID, nil
	case *armdatashare.BlobContainerDataSet:
		return *v.Properties.DataSetID, nil
	}
	return "", errors.New("unexpected kind of data set")
}

func (o *org) blobDataSet() *armdatashare.BlobDataSet {
	return &armdatashare.BlobDataSet{Kind: to.Ptr(armdatashare.DataSetKindBlob),
		Properties: &armdatashare.BlobProperties{
			SubscriptionID: &o.Subscription, ResourceGroup: to.Ptr(group), StorageAccountName: &o.storage,
			ContainerName: &o.container, FilePath: to.Ptr(file),
		}}
}

func (o *org) containerDataSet() *armdatashare.BlobContainerDataSet {
	return &armdatashare.BlobContainerDataSet{Kind: to.Ptr(armdatashare.DataSetKindContainer),
		Properties: &armdatashare.BlobContainerProperties{
			SubscriptionID: &o.Subscription, ResourceGroup: to.Ptr(group), StorageAccountName: &o.storage,
			ContainerName: &o.container,
		}}
}

// invite sends an invitation to the other organization's deployer and returns its invitation id.
func (o *org) invite(whom *org, expires *time.Time) string {
	res, err := o.client.NewInvitationsClient().Create(o.w.ctx, group, account, share, invite,
		armdatashare.Invitation{Properties: &armdatashare.InvitationProperties{
			TargetActiveDirectoryID: &whom.Tenant, TargetObjectID: &whom.Principal.ObjectID, ExpirationDate: expires,
		}}, nil)
	require.NoError(o.w.T, err)
	require.Equal(o.w.T, armdatashare.InvitationStatusPending, *res.Properties.InvitationStatus)
	return *res.Properties.InvitationID
}

func (o *org) accept(invitation, location string) (armdatashare.ShareSubscription, error) {
	return o.acceptAs(sub, invitation, location)
}

func (o *org) acceptAs(name, invitation, location string) (armdatashare.ShareSubscription, error) {
	res, err := o.client.NewShareSubscriptionsClient().Create(o.w.ctx, group, account, name,
		armdatashare.ShareSubscription{
			Properties: &armdatashare.ShareSubscriptionProperties{InvitationID: &invitation,
				SourceShareLocation: &location},
		}, nil)
	return res.ShareSubscription, err
}

func (o *org) mapBlob(dataSetID, path string) error {
	_, err := o.client.NewDataSetMappingsClient().Create(o.w.ctx, group, account, sub, mapping,
		&armdatashare.BlobDataSetMapping{
			Kind: to.Ptr(armdatashare.DataSetMappingKindBlob), Properties: &armdatashare.BlobMappingProperties{
				DataSetID: &dataSetID, SubscriptionID: &o.Subscription, ResourceGroup: to.Ptr(group),
				StorageAccountName: &o.storage,
				ContainerName:      &o.container, FilePath: &path,
			},
		}, nil)
	return err
}

func (o *org) mapContainer(dataSetID string) error {
	_, err := o.client.NewDataSetMappingsClient().Create(o.w.ctx, group, account, sub, mapping,
		&armdatashare.BlobContainerDataSetMapping{
			Kind: to.Ptr(armdatashare.DataSetMappingKindContainer),
			Properties: &armdatashare.BlobContainerMappingProperties{
				DataSetID: &dataSetID, SubscriptionID: &o.Subscription, ResourceGroup: to.Ptr(group),
				StorageAccountName: &o.storage,
				ContainerName:      &o.container,
			},
		}, nil)
	return err
}

func (o *org) setSchedule(start time.Time) {
	require.NoError(o.w.T, o.trySchedule(start))
}

func (o *org) trySchedule(start time.Time) error {
	_, err := o.client.NewSynchronizationSettingsClient().Create(o.w.ctx, group, account, share, setting,
		&armdatashare.ScheduledSynchronizationSetting{
			Kind: to.Ptr(armdatashare.SynchronizationSettingKindScheduleBased),
			Properties: &armdatashare.ScheduledSynchronizationSettingProperties{
				RecurrenceInterval: to.Ptr(armdatashare.RecurrenceIntervalDay), SynchronizationTime: &start,
			},
		}, nil)
	return err
}

func (o *org) beginTrigger(start time.Time) (*runtime.Poller[armdatashare.TriggersClientCreateResponse], error) {
	return o.client.NewTriggersClient().BeginCreate(o.w.ctx, group, account, sub, trigger,
		&armdatashare.ScheduledTrigger{
			Kind: to.Ptr(armdatashare.TriggerKindScheduleBased), Properties: &armdatashare.ScheduledTriggerProperties{
				RecurrenceInterval: to.Ptr(armdatashare.RecurrenceIntervalDay), SynchronizationTime: &start,
			},
		}, nil)
}

func (o *org) createTrigger(start time.Time) {
	p, err := o.beginTrigger(start)
	armtest.Must(o.w.T, p, err)
}

// renewTrigger enables the schedule again: the trigger of the old one is deleted.
func (o *org) renewTrigger(start time.Time) {
	p, err := o.client.NewTriggersClient().BeginDelete(o.w.ctx, group, account, sub, trigger, nil)
	armtest.Must(o.w.T, p, err)
	o.createTrigger(start)
}

// deleteSchedule deletes the setting that setSchedule makes.
func (o *org) deleteSchedule() {
	p, err := o.client.NewSynchronizationSettingsClient().BeginDelete(o.w.ctx, group, account, share, setting, nil)
	armtest.Must(o.w.T, p, err)
}

// takeFirst enables the schedule and lets a day pass, in which its first snapshot is taken.
func (o *org) takeFirst() *armdatashare.ShareSubscriptionSynchronization {
	o.w.T.Helper()
	o.createTrigger(startOfSchedule)
	require.Empty(o.w.T, o.received(), "Ensure a new trigger takes nothing before its time")
	o.w.Advance(24 * time.Hour)
	return o.awaitRuns(1)[0]
}

func (o *org) trigger() *armdatashare.ScheduledTriggerProperties {
	res, err := o.client.NewTriggersClient().Get(o.w.ctx, group, account, sub, trigger, nil)
	require.NoError(o.w.T, err)
	return res.TriggerClassification.(*armdatashare.ScheduledTrigger).Properties
}

func (o *org) subscription() *armdatashare.ShareSubscriptionProperties {
	res, err := o.client.NewShareSubscriptionsClient().Get(o.w.ctx, group, account, sub, nil)
	require.NoError(o.w.T, err)
	return res.Properties
}

// synchronize takes a snapshot on demand and waits for it.
func (o *org) synchronize(mode armdatashare.SynchronizationMode) error {
	p, err := o.client.NewShareSubscriptionsClient().BeginSynchronize(o.w.ctx, group, account, sub,
		armdatashare.Synchronize{SynchronizationMode: &mode}, nil)
	_, err = armtest.Done(p, err)
	return err
}

// received is the consumer's history, newest first.
func (o *org) received() []*armdatashare.ShareSubscriptionSynchronization {
	return armtest.All[*armdatashare.ShareSubscriptionSynchronization](o.w.T,
		o.client.NewShareSubscriptionsClient().NewListSynchronizationsPager(group, account, sub, nil))
}

// details are the consumer's details of the run.
func (o *org) details(run *armdatashare.ShareSubscriptionSynchronization) []*armdatashare.SynchronizationDetails {
	return armtest.All[*armdatashare.SynchronizationDetails](o.w.T,
		o.client.NewShareSubscriptionsClient().NewListSynchronizationDetailsPager(group, account, sub,
			armdatashare.ShareSubscriptionSynchronization{SynchronizationID: run.SynchronizationID}, nil))
}

// sent is the provider's history, newest first.
func (o *org) sent() []*armdatashare.ShareSynchronization {
	return armtest.All[*armdatashare.ShareSynchronization](o.w.T,
		o.client.NewSharesClient().NewListSynchronizationsPager(group, account, share, nil))
}

// consumers are the provider's records of consumers that have accepted.
func (o *org) consumers() []*armdatashare.ProviderShareSubscription {
	return armtest.All[*armdatashare.ProviderShareSubscription](o.w.T,
		o.client.NewProviderShareSubscriptionsClient().NewListBySharePager(group, account, share, nil))
}

// awaitRuns waits until the consumer's history has n runs, all ended.
func (o *org) awaitRuns(n int) []*armdatashare.ShareSubscriptionSynchronization {
	o.w.T.Helper()
	var runs []*armdatashare.ShareSubscriptionSynchronization
	require.Eventually(o.w.T, func() bool {
		runs = o.received()
		for _, r := range runs {
			if r.EndTime == nil {
				return false
			}
		}
		return len(runs) >= n
	}, 10*time.Second, 10*time.Millisecond)
	require.Len(o.w.T, runs, n)
	return runs
}

// shared builds everything up to an accepted, mapped share of one file.
func (w *world) shared() {
	w.contoso.put(file, "transaction_id,amount\nTXN001,15000.00\n")
	w.contoso.grant()
	w.fabrikam.grant()
	w.contoso.createShare()
	id, err := w.contoso.createDataSet(w.contoso.blobDataSet())
	require.NoError(w.T, err)
	_, err = w.fabrikam.accept(w.contoso.invite(w.fabrikam, nil), "eastus")
	require.NoError(w.T, err)
	require.NoError(w.T, w.fabrikam.mapBlob(id, file))
}

// sharedContainer is shared for a whole container.
func (w *world) sharedContainer(files ...string) {
	for _, f := range files {
		w.contoso.put(f, "content of "+f)
	}
	w.contoso.grant()
	w.fabrikam.grant()
	w.contoso.createShare()
	id, err := w.contoso.createDataSet(w.contoso.containerDataSet())
	require.NoError(w.T, err)
	_, err = w.fabrikam.accept(w.contoso.invite(w.fabrikam, nil), "eastus")
	require.NoError(w.T, err)
	require.NoError(w.T, w.fabrikam.mapContainer(id))
}

// expiring is a body that sets the end of a consumer's access.
func expiring(at time.Time) armdatashare.ProviderShareSubscription {
	return armdatashare.ProviderShareSubscription{
		Properties: &armdatashare.ProviderShareSubscriptionProperties{ExpirationDate: &at}}
}

// waiting counts the jobs of a name that wait for their time.
func (w *world) waiting(job string) (count int) {
	require.NoError(w.T, w.Store.View(func(tx *store.Tx) error {
		return tx.Scan("jobs", "", func(_ string, record []byte) error {
			if strings.Contains(string(record), `"job":"`+job+`"`) {
				count++
			}
			return nil
		})
	}))
	return count
}
