package datashare_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/datashare/armdatashare"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/armtest"
)

// Incremental copies what changed, FullSync everything; same names are overwritten, deletions are not propagated.
func TestIncrementalAndFullSnapshots(t *testing.T) {
	w := newWorld(t)
	w.sharedContainer("a.csv", "sub/b.csv", "c.csv")
	written := func() (files int64) {
		for _, d := range w.fabrikam.details(w.fabrikam.received()[0]) {
			files += *d.FilesWritten
		}
		return files
	}
	require.NoError(t, w.fabrikam.synchronize(armdatashare.SynchronizationModeIncremental))
	require.Equal(t, w.contoso.blobs(), w.fabrikam.blobs())
	require.EqualValues(t, 3, written())

	require.NoError(t, w.fabrikam.synchronize(armdatashare.SynchronizationModeIncremental))
	require.EqualValues(t, 0, written(), "Ensure unchanged blobs are left out")

	w.contoso.put("a.csv", "new content")
	w.contoso.remove("c.csv")
	require.NoError(t, w.fabrikam.synchronize(armdatashare.SynchronizationModeIncremental))
	require.EqualValues(t, 1, written())
	require.Equal(t, w.contoso.blobs()["a.csv"], w.fabrikam.blobs()["a.csv"], "Ensure a changed blob is overwritten")
	require.Contains(t, w.fabrikam.blobs(), "c.csv", "Ensure a deletion at the source is not propagated")

	w.fabrikam.put("a.csv", "altered by the consumer")
	require.NoError(t, w.fabrikam.synchronize(armdatashare.SynchronizationModeIncremental))
	require.NotEqual(t, w.contoso.blobs()["a.csv"], w.fabrikam.blobs()["a.csv"])
	require.NoError(t, w.fabrikam.synchronize(armdatashare.SynchronizationModeFullSync))
	require.EqualValues(t, 2, written())
	require.Equal(t, w.contoso.blobs()["a.csv"], w.fabrikam.blobs()["a.csv"])
	require.Equal(t, armdatashare.SynchronizationModeFullSync, *w.fabrikam.received()[0].SynchronizationMode)
}

// A folder's blobs land below the mapped folder under the names that they have below the source's.
func TestFolderLandsBelowTheMappedFolder(t *testing.T) {
	w := newWorld(t)
	w.contoso.put("2025/jan.csv", "jan")
	w.contoso.put("2025/q1/feb.csv", "feb")
	w.contoso.put("2025-archive/old.csv", "not of the folder")
	w.contoso.grant()
	w.fabrikam.grant()
	w.contoso.createShare()
	id, err := w.contoso.createDataSet(&armdatashare.BlobFolderDataSet{Kind: to.Ptr(armdatashare.DataSetKindBlobFolder),
		Properties: &armdatashare.BlobFolderProperties{
			SubscriptionID: &w.contoso.Subscription, ResourceGroup: to.Ptr(group),
			StorageAccountName: &w.contoso.storage,
			ContainerName:      &w.contoso.container, Prefix: to.Ptr("2025/"),
		}})
	require.NoError(t, err)
	_, err = w.fabrikam.accept(w.contoso.invite(w.fabrikam, nil), "eastus")
	require.NoError(t, err)
	_, err = w.fabrikam.client.NewDataSetMappingsClient().Create(w.ctx, group, account, sub, mapping,
		&armdatashare.BlobFolderDataSetMapping{
			Kind: to.Ptr(armdatashare.DataSetMappingKindBlobFolder),
			Properties: &armdatashare.BlobFolderMappingProperties{
				DataSetID: &id, SubscriptionID: &w.fabrikam.Subscription, ResourceGroup: to.Ptr(group),
				StorageAccountName: &w.fabrikam.storage,
				ContainerName:      &w.fabrikam.container, Prefix: to.Ptr("contoso"),
			},
		}, nil)
	require.NoError(t, err)
	require.NoError(t, w.fabrikam.synchronize(armdatashare.SynchronizationModeIncremental))
	src := w.contoso.blobs()
	require.Equal(t, map[string]string{"contoso/jan.csv": src["2025/jan.csv"],
		"contoso/q1/feb.csv": src["2025/q1/feb.csv"]}, w.fabrikam.blobs())
}

// What a snapshot lacks at the moment it runs fails it, with the reason in the history of both sides.
func TestSnapshotFailsWithItsReason(t *testing.T) {
	for name, c := range map[string]struct {
		sabotage func(w *world)
		reason   func(w *world) string
	}{
		"provider's role removed": {func(w *world) { w.contoso.ungrant() },
			func(w *world) string { return storageMissing(w.contoso) }},
		"consumer's role removed": {func(w *world) { w.fabrikam.ungrant() },
			func(w *world) string { return storageMissing(w.fabrikam) }},
		"target container gone": {func(w *world) { w.Uproot(w.fabrikam.containerID()) },
			func(*world) string { return "'landing' does not exist" }},
		"source blob gone": {func(w *world) {
			w.contoso.remove(file)
		}, func(*world) string { return "The source blob '" + file + "' does not exist" }},
		"mapping gone": {func(w *world) {
			_, err := w.fabrikam.client.NewDataSetMappingsClient().Delete(w.ctx, group, account, sub, mapping, nil)
			require.NoError(w.T, err)
		}, func(*world) string { return "No data set of the share is mapped" }},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.shared()
			c.sabotage(w)
			require.Error(t, w.fabrikam.synchronize(armdatashare.SynchronizationModeIncremental),
				"Ensure the operation fails with the snapshot")
			run := w.fabrikam.received()[0]
			require.Equal(t, "Failed", *run.Status)
			require.Contains(t, *run.Message, c.reason(w))
			require.Equal(t, *run.Message, *w.contoso.sent()[0].Message)
			require.Empty(t, w.fabrikam.blobs())
		})
	}
}

func TestMappingBreaksWithItsTargetAndItsSource(t *testing.T) {
	w := newWorld(t)
	w.shared()
	status := func() armdatashare.DataSetMappingStatus {
		res, err := w.fabrikam.client.NewDataSetMappingsClient().Get(w.ctx, group, account, sub, mapping, nil)
		require.NoError(t, err)
		return *res.DataSetMappingClassification.(*armdatashare.BlobDataSetMapping).Properties.DataSetMappingStatus
	}
	require.Equal(t, armdatashare.DataSetMappingStatusOk, status())
	w.Uproot(w.fabrikam.containerID())
	require.Equal(t, armdatashare.DataSetMappingStatusBroken, status())
	w.Plant(w.fabrikam.containerID())
	require.Equal(t, armdatashare.DataSetMappingStatusOk, status())
	p, err := w.contoso.client.NewDataSetsClient().BeginDelete(w.ctx, group, account, share, set, nil)
	armtest.Must(t, p, err)
	require.Equal(t, armdatashare.DataSetMappingStatusBroken, status())
}

// Two mappings of one data set, and a subscription that is not there, are refused.
func TestDataSetIsMappedOnce(t *testing.T) {
	w := newWorld(t)
	w.shared()
	offered := armtest.All[*armdatashare.ConsumerSourceDataSet](t,
		w.fabrikam.client.NewConsumerSourceDataSetsClient().NewListByShareSubscriptionPager(group,
			account, sub, nil))
	_, err := w.fabrikam.client.NewDataSetMappingsClient().Create(w.ctx, group, account, sub, "another",
		&armdatashare.BlobDataSetMapping{
			Kind: to.Ptr(armdatashare.DataSetMappingKindBlob), Properties: &armdatashare.BlobMappingProperties{
				DataSetID: offered[0].Properties.DataSetID, SubscriptionID: &w.fabrikam.Subscription,
				ResourceGroup:      to.Ptr(group),
				StorageAccountName: &w.fabrikam.storage, ContainerName: &w.fabrikam.container,
				FilePath: to.Ptr("other.csv"),
			},
		}, nil)
	armtest.Refused(t, err, http.StatusConflict, "DataSetAlreadyMapped")
}

// A canceled snapshot stays canceled, and one that has ended cannot be canceled.
func TestEndedSnapshotCannotBeCanceled(t *testing.T) {
	w := newWorld(t)
	w.shared()
	require.NoError(t, w.fabrikam.synchronize(armdatashare.SynchronizationModeIncremental))
	_, err := w.fabrikam.client.NewShareSubscriptionsClient().BeginCancelSynchronization(w.ctx, group, account, sub,
		armdatashare.ShareSubscriptionSynchronization{SynchronizationID: w.fabrikam.received()[0].SynchronizationID},
		nil)
	armtest.Refused(t, err, http.StatusBadRequest, "InvalidSynchronizationStatus")
	_, err = w.fabrikam.client.NewShareSubscriptionsClient().BeginCancelSynchronization(w.ctx, group, account, sub,
		armdatashare.ShareSubscriptionSynchronization{
			SynchronizationID: to.Ptr("00000000-0000-0000-0000-000000000000")}, nil)
	armtest.Refused(t, err, http.StatusNotFound, "SynchronizationNotFound")
}

// A trigger's snapshots follow the schedule, and the history forgets them after 30 days.
func TestScheduleAndHistory(t *testing.T) {
	w := newWorld(t)
	w.shared()
	w.contoso.setSchedule(startOfSchedule)
	first := w.fabrikam.takeFirst()

	w.Elapse(25 * time.Hour)
	w.Restart() // the runner looks at the clock once a minute, and when it starts
	runs := w.fabrikam.awaitRuns(2)
	require.Equal(t, "Succeeded", *runs[0].Status)
	require.NotEqual(t, *first.SynchronizationID, *runs[0].SynchronizationID)
	require.False(t, runs[0].StartTime.Before(*runs[1].EndTime), "Ensure snapshots do not overlap")

	w.Elapse(31 * 24 * time.Hour)
	w.Restart()
	runs = w.fabrikam.awaitRuns(1)
	require.Equal(t, "Succeeded", *runs[0].Status, "Ensure a schedule that was missed while nothing ran is caught up "+
		"once")
	require.Len(t, w.contoso.sent(), 1)
}

// The first snapshot of a trigger is neither lost nor taken twice when the process ends before it is due.
func TestRestartKeepsTheFirstSnapshot(t *testing.T) {
	w := newWorld(t)
	w.shared()
	w.contoso.setSchedule(startOfSchedule)
	w.fabrikam.createTrigger(startOfSchedule)
	w.Elapse(24 * time.Hour)
	w.Restart()
	runs := w.fabrikam.awaitRuns(1)
	require.Equal(t, "Succeeded", *runs[0].Status)
	w.Restart()
	w.fabrikam.awaitRuns(1)
	require.Equal(t, w.contoso.blobs(), w.fabrikam.blobs())
}

// A deleted trigger takes no further snapshot.
func TestDeletedTriggerStops(t *testing.T) {
	w := newWorld(t)
	w.shared()
	w.contoso.setSchedule(startOfSchedule)
	w.fabrikam.takeFirst()
	p, err := w.fabrikam.client.NewTriggersClient().BeginDelete(w.ctx, group, account, sub, trigger, nil)
	armtest.Must(t, p, err)
	w.Elapse(25 * time.Hour)
	w.Restart()
	// runs after whatever was due before
	require.NoError(t, w.fabrikam.synchronize(armdatashare.SynchronizationModeIncremental))
	w.fabrikam.awaitRuns(2)
}
