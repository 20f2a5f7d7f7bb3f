package datashare_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/datashare/armdatashare"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/armtest"
	"github.com/crossorg/crossorg/internal/azure/datashare"
)

// scheduled is a shared file with a daily schedule at six, seen from noon, with its trigger's first snapshot taken.
func scheduled(t *testing.T) *world {
	w := newWorld(t)
	w.shared()
	w.advanceTo(12)
	w.contoso.setSchedule(startOfSchedule)
	w.fabrikam.takeFirst()
	return w
}

// Scheduled snapshots start at the schedule's time, day by day, when the clock is moved over several days.
func TestScheduledSnapshotsStartAtTheirTime(t *testing.T) {
	w := scheduled(t)
	w.Advance(72 * time.Hour)
	runs := w.fabrikam.awaitRuns(4)
	for i, run := range runs[:3] {
		require.Equal(t, "Succeeded", *run.Status)
		require.Equal(t, 6, run.StartTime.UTC().Hour())
		require.Zero(t, run.StartTime.UTC().Minute(), "%s is more than a minute late", run.StartTime)
		require.True(t, runs[i+1].EndTime.Before(*run.StartTime))
	}
	require.InDelta(t, 24*time.Hour, runs[0].StartTime.Sub(*runs[1].StartTime), float64(time.Minute))
	require.Len(t, w.contoso.sent(), 4)
}

// Snapshots of one subscription never overlap: one that is asked for while another runs waits for its end.
func TestSnapshotsQueue(t *testing.T) {
	w := newWorld(t)
	names := make([]string, 40)
	for i := range names {
		names[i] = string(rune('a'+i%26)) + time.Duration(i).String()
	}
	w.sharedContainer(names...)
	mode := armdatashare.SynchronizationModeFullSync
	var waits []func()
	for range 3 {
		p, err := w.fabrikam.client.NewShareSubscriptionsClient().BeginSynchronize(w.ctx, group, account, sub,
			armdatashare.Synchronize{SynchronizationMode: &mode}, nil)
		require.NoError(t, err)
		waits = append(waits, func() { armtest.Must(t, p, nil) })
	}
	for _, wait := range waits {
		wait()
	}
	runs := w.fabrikam.awaitRuns(3)
	for i := range runs[:2] {
		require.False(t, runs[i].StartTime.Before(*runs[i+1].EndTime), "%s starts before %s ends", runs[i].StartTime,
			runs[i+1].EndTime)
		require.Equal(t, "Succeeded", *runs[i].Status)
	}
}

// While the revocation runs the status is Revoking on both sides and nothing can be copied; then it is Revoked.
func TestRevokingWhileTheOperationRuns(t *testing.T) {
	w := newWorld(t)
	w.shared()
	record := *w.contoso.consumers()[0].Name
	w.scale = 0.05 // a revocation takes the better part of a second
	w.Restart()
	p, err := w.contoso.client.NewProviderShareSubscriptionsClient().BeginRevoke(w.ctx, group, account, share, record,
		nil)
	require.NoError(t, err)
	require.Equal(t, armdatashare.ShareSubscriptionStatusRevoking, *w.fabrikam.subscription().ShareSubscriptionStatus)
	require.Equal(t, armdatashare.ShareSubscriptionStatusRevoking,
		*w.contoso.consumers()[0].Properties.ShareSubscriptionStatus)
	armtest.Refused(t, w.fabrikam.synchronize(armdatashare.SynchronizationModeIncremental), http.StatusBadRequest,
		"InvalidShareSubscriptionStatus")
	armtest.Must(t, p, nil)
	require.Equal(t, armdatashare.ShareSubscriptionStatusRevoked, *w.fabrikam.subscription().ShareSubscriptionStatus)
}

// A revoked consumer's schedule takes no snapshots, and goes on once it is reinstated.
func TestRevokedScheduleRests(t *testing.T) {
	w := scheduled(t)
	client := w.contoso.client.NewProviderShareSubscriptionsClient()
	record := *w.contoso.consumers()[0].Name
	p, err := client.BeginRevoke(w.ctx, group, account, share, record, nil)
	armtest.Must(t, p, err)
	w.Advance(48 * time.Hour)
	w.fabrikam.awaitRuns(1)
	require.NotEmpty(t, w.fabrikam.blobs(), "Ensure the consumer keeps what it has")

	_, err = client.Reinstate(w.ctx, group, account, share, record, armdatashare.ProviderShareSubscription{}, nil)
	require.NoError(t, err)
	w.Advance(24 * time.Hour)
	require.Equal(t, "Succeeded", *w.fabrikam.awaitRuns(2)[0].Status)
}

// Scheduled snapshots end with the subscription's expiration date.
func TestExpirationEndsTheSchedule(t *testing.T) {
	w := scheduled(t)
	until := w.Server().Now().Add(36 * time.Hour)
	_, err := w.contoso.client.NewProviderShareSubscriptionsClient().Adjust(w.ctx, group, account, share,
		*w.contoso.consumers()[0].Name, expiring(until), nil)
	require.NoError(t, err)
	w.Advance(96 * time.Hour)
	w.fabrikam.awaitRuns(2)
	require.NotEqual(t, armdatashare.ShareSubscriptionStatusActive, *w.fabrikam.subscription().ShareSubscriptionStatus)
}

// A schedule that the provider deletes stops its consumers' triggers; a new one starts none until they are made anew.
func TestDeletedScheduleStopsTriggers(t *testing.T) {
	w := scheduled(t)
	w.contoso.deleteSchedule()
	w.Advance(48 * time.Hour)
	w.fabrikam.awaitRuns(1)
	require.Equal(t, armdatashare.TriggerStatusSourceSynchronizationSettingDeleted, *w.fabrikam.trigger().TriggerStatus)

	w.contoso.setSchedule(startOfSchedule)
	require.Equal(t, armdatashare.TriggerStatusSourceSynchronizationSettingDeleted, *w.fabrikam.trigger().TriggerStatus,
		"Ensure a new schedule alone starts nothing")
	w.fabrikam.renewTrigger(startOfSchedule)
	require.Equal(t, armdatashare.TriggerStatusActive, *w.fabrikam.trigger().TriggerStatus)
	w.Advance(24 * time.Hour)
	w.fabrikam.awaitRuns(2)
}

// An invitation that was answered, withdrawn or has expired on the server's clock is accepted by nobody.
func TestInvitationExpiresOnTheServersClock(t *testing.T) {
	w := newWorld(t)
	w.contoso.createShare()
	id := w.contoso.invite(w.fabrikam, to.Ptr(w.Server().Now().Add(24*time.Hour)))
	w.Advance(25 * time.Hour)
	_, err := w.fabrikam.accept(id, "eastus")
	armtest.Refused(t, err, http.StatusNotFound, "7001")
}

// Under a latency profile a snapshot is in progress until its operation ends, and another one is queued behind it.
func TestSnapshotsTakeTheirTime(t *testing.T) {
	w := newWorld(t)
	w.shared()
	w.scale = 1
	w.Restart()
	begin := func() {
		mode := armdatashare.SynchronizationModeFullSync
		_, err := w.fabrikam.client.NewShareSubscriptionsClient().BeginSynchronize(w.ctx, group, account, sub,
			armdatashare.Synchronize{SynchronizationMode: &mode}, nil)
		require.NoError(t, err)
	}
	begin()
	runs := w.fabrikam.received()
	require.Equal(t, "InProgress", *runs[0].Status)
	require.NotNil(t, runs[0].StartTime)
	require.Nil(t, runs[0].EndTime)
	w.Advance(time.Second)
	begin()
	require.Equal(t, "Queued", *w.fabrikam.received()[0].Status)
	require.Empty(t, w.fabrikam.blobs())

	w.Advance(5 * time.Minute)
	runs = w.fabrikam.received()
	require.Len(t, runs, 2)
	for _, run := range runs {
		require.Equal(t, "Succeeded", *run.Status)
	}
	require.Greater(t, *runs[1].DurationMs, int32(10_000), "Ensure it lasts as long as its operation")
	require.False(t, runs[0].StartTime.Before(*runs[1].EndTime),
		"Ensure the queued one starts when the first has ended")
}

// Scheduled snapshots that came due while the embedded Azure was closed are taken when it is opened again, each at its
// own time in the history.
func TestMissedSnapshotsAreTakenAtTheirOwnTimes(t *testing.T) {
	w := scheduled(t)
	before := len(w.fabrikam.received())
	w.ClosedFor(3 * 24 * time.Hour)
	runs := w.fabrikam.received()
	require.Len(t, runs, before+3)
	for i, run := range runs[:3] {
		require.Equal(t, "Succeeded", *run.Status)
		require.Equal(t, 6, run.StartTime.UTC().Hour())
		require.Less(t, run.EndTime.Sub(*run.StartTime), time.Minute)
		if i > 0 {
			require.WithinDuration(t, runs[i-1].StartTime.AddDate(0, 0, -1), *run.StartTime, time.Minute)
		}
	}
	w.ClosedFor(time.Minute)
	require.Len(t, w.fabrikam.received(), before+3, "Ensure nothing is made up for twice")
}

// A schedule that begins later takes its first snapshot when it begins, within a minute.
func TestFirstSnapshotOfAScheduleThatBeginsLater(t *testing.T) {
	w := newWorld(t)
	w.shared()
	begin := w.Server().Now().Add(72 * time.Hour).UTC().Truncate(time.Second)
	w.contoso.setSchedule(begin)
	w.fabrikam.createTrigger(begin)
	w.Advance(71 * time.Hour)
	require.Empty(t, w.fabrikam.received())
	w.Advance(2 * time.Hour)
	require.WithinDuration(t, begin, *w.fabrikam.awaitRuns(1)[0].StartTime, time.Minute)
}

// The other reading of Microsoft's pages: a new trigger takes one snapshot at once, and the others by its schedule.
func TestFirstSnapshotAtOnce(t *testing.T) {
	w := newWorldWith(t, datashare.Options{FirstAtOnce: true})
	w.shared()
	w.advanceTo(12)
	w.contoso.setSchedule(startOfSchedule)
	w.fabrikam.createTrigger(startOfSchedule)
	require.Equal(t, 12, w.fabrikam.awaitRuns(1)[0].StartTime.UTC().Hour())
	w.Advance(24 * time.Hour)
	require.Equal(t, startOfSchedule.Hour(), w.fabrikam.awaitRuns(2)[0].StartTime.UTC().Hour())
}
