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

// A revoked consumer keeps what it has and gets nothing more, until it is reinstated. Both sides see the status.
func TestRevokeAndReinstate(t *testing.T) {
	w := newWorld(t)
	w.shared()
	client := w.contoso.client.NewProviderShareSubscriptionsClient()
	record := *w.contoso.consumers()[0].Name

	p, err := client.BeginRevoke(w.ctx, group, account, share, record, nil)
	armtest.Must(t, p, err)
	require.Equal(t, armdatashare.ShareSubscriptionStatusRevoked,
		*w.contoso.consumers()[0].Properties.ShareSubscriptionStatus)
	require.Equal(t, armdatashare.ShareSubscriptionStatusRevoked, *w.fabrikam.subscription().ShareSubscriptionStatus)
	armtest.Refused(t, w.fabrikam.synchronize(armdatashare.SynchronizationModeIncremental), http.StatusBadRequest,
		"InvalidShareSubscriptionStatus")
	w.contoso.setSchedule(startOfSchedule)
	_, err = w.fabrikam.beginTrigger(startOfSchedule)
	armtest.Refused(t, err, http.StatusBadRequest, "InvalidShareSubscriptionStatus")

	_, err = client.Reinstate(w.ctx, group, account, share, record, armdatashare.ProviderShareSubscription{}, nil)
	require.NoError(t, err)
	require.Equal(t, armdatashare.ShareSubscriptionStatusActive, *w.fabrikam.subscription().ShareSubscriptionStatus)
	require.NoError(t, w.fabrikam.synchronize(armdatashare.SynchronizationModeIncremental))
	_, err = client.Reinstate(w.ctx, group, account, share, record, armdatashare.ProviderShareSubscription{}, nil)
	armtest.Refused(t, err, http.StatusBadRequest, "InvalidShareSubscriptionStatus")
}

// Access ends at the expiration date, which the provider can move.
func TestSubscriptionExpires(t *testing.T) {
	w := newWorld(t)
	w.shared()
	record := *w.contoso.consumers()[0].Name
	_, err := w.contoso.client.NewProviderShareSubscriptionsClient().Adjust(w.ctx, group, account, share, record,
		expiring(w.Server().Now().Add(time.Hour)), nil)
	require.NoError(t, err)
	require.NotNil(t, w.fabrikam.subscription().ExpirationDate)
	w.Elapse(2 * time.Hour)
	armtest.Refused(t, w.fabrikam.synchronize(armdatashare.SynchronizationModeIncremental), http.StatusBadRequest,
		"InvalidShareSubscriptionStatus")
	_, err = w.contoso.client.NewProviderShareSubscriptionsClient().Reinstate(w.ctx, group, account, share, record,
		armdatashare.ProviderShareSubscription{}, nil)
	armtest.Refused(t, err, http.StatusBadRequest, "InvalidExpirationDate")
	_, err = w.contoso.client.NewProviderShareSubscriptionsClient().Reinstate(w.ctx, group, account, share, record,
		expiring(w.Server().Now().Add(time.Hour)), nil)
	require.NoError(t, err)
	require.NoError(t, w.fabrikam.synchronize(armdatashare.SynchronizationModeIncremental))
}

// A consumer cannot give itself more time than the provider gave it.
func TestConsumerCannotOutliveTheInvitation(t *testing.T) {
	w := newWorld(t)
	w.contoso.createShare()
	until := w.Server().Now().Add(time.Hour).UTC().Truncate(time.Second)
	id := w.contoso.invite(w.fabrikam, &until)
	_, err := w.fabrikam.client.NewShareSubscriptionsClient().Create(w.ctx, group, account, sub,
		armdatashare.ShareSubscription{
			Properties: &armdatashare.ShareSubscriptionProperties{InvitationID: &id,
				SourceShareLocation: to.Ptr("eastus"),
				ExpirationDate:      to.Ptr(until.Add(time.Hour))},
		}, nil)
	armtest.Refused(t, err, http.StatusBadRequest, "InvalidExpirationDate")
	_, err = w.fabrikam.accept(id, "eastus")
	require.NoError(t, err)
	require.True(t, until.Equal(*w.fabrikam.subscription().ExpirationDate))
}

// When the provider deletes the share, the consumer keeps its subscription without a source.
func TestSourceDeleted(t *testing.T) {
	w := newWorld(t)
	w.shared()
	w.contoso.setSchedule(startOfSchedule)
	w.fabrikam.takeFirst()
	p, err := w.contoso.client.NewSharesClient().BeginDelete(w.ctx, group, account, share, nil)
	armtest.Must(t, p, err)
	require.Equal(t, armdatashare.ShareSubscriptionStatusSourceDeleted,
		*w.fabrikam.subscription().ShareSubscriptionStatus)
	require.NotEqual(t, armdatashare.TriggerStatusActive, *w.fabrikam.trigger().TriggerStatus)
	require.Len(t, w.fabrikam.received(), 1, "Ensure the consumer keeps its history")

	w.contoso.createShare()
	require.Empty(t, w.contoso.sent(), "Ensure a new share of the same name has a history of its own")
	require.Equal(t, armdatashare.ShareSubscriptionStatusSourceDeleted,
		*w.fabrikam.subscription().ShareSubscriptionStatus)
}

// A schedule cannot be changed: the provider makes another, and the consumers' triggers of the old one rest until they
// are made anew too.
func TestAnotherScheduleNeedsAnotherTrigger(t *testing.T) {
	w := newWorld(t)
	w.shared()
	w.contoso.setSchedule(startOfSchedule)
	w.fabrikam.takeFirst()

	later := startOfSchedule.Add(time.Hour)
	for _, start := range []time.Time{startOfSchedule, later} {
		armtest.Refused(t, w.contoso.trySchedule(start), http.StatusConflict, "ResourceAlreadyExists")
	}
	w.contoso.deleteSchedule()
	w.contoso.setSchedule(later)
	require.Equal(t, armdatashare.TriggerStatusSourceSynchronizationSettingDeleted,
		*w.fabrikam.trigger().TriggerStatus)
	w.Elapse(48 * time.Hour)
	w.Restart()
	require.NoError(t, w.fabrikam.synchronize(armdatashare.SynchronizationModeIncremental))
	w.fabrikam.awaitRuns(2) // the first and the one on demand: a resting trigger takes none

	_, err := w.fabrikam.beginTrigger(later)
	armtest.Refused(t, err, http.StatusConflict, "ResourceAlreadyExists")
	w.fabrikam.renewTrigger(later)
	require.Equal(t, 1, w.waiting("scheduledSnapshot"), "Ensure the old trigger's next snapshot is taken back")
	require.Equal(t, armdatashare.TriggerStatusActive, *w.fabrikam.trigger().TriggerStatus)
	w.Elapse(24 * time.Hour)
	w.Restart()
	w.fabrikam.awaitRuns(3)

	w.contoso.deleteSchedule()
	require.Equal(t, armdatashare.TriggerStatusSourceSynchronizationSettingDeleted, *w.fabrikam.trigger().TriggerStatus)
}

func TestShareHasOneScheduleAndSubscriptionOneTrigger(t *testing.T) {
	w := newWorld(t)
	w.shared()
	w.contoso.setSchedule(startOfSchedule)
	_, err := w.contoso.client.NewSynchronizationSettingsClient().Create(w.ctx, group, account, share, "hourly",
		&armdatashare.ScheduledSynchronizationSetting{
			Kind: to.Ptr(armdatashare.SynchronizationSettingKindScheduleBased),
			Properties: &armdatashare.ScheduledSynchronizationSettingProperties{
				RecurrenceInterval: to.Ptr(armdatashare.RecurrenceIntervalHour), SynchronizationTime: &startOfSchedule,
			},
		}, nil)
	armtest.Refused(t, err, http.StatusConflict, "SynchronizationSettingAlreadyExists")
	w.fabrikam.createTrigger(startOfSchedule)
	_, err = w.fabrikam.client.NewTriggersClient().BeginCreate(w.ctx, group, account, sub, "second",
		&armdatashare.ScheduledTrigger{
			Kind: to.Ptr(armdatashare.TriggerKindScheduleBased), Properties: &armdatashare.ScheduledTriggerProperties{
				RecurrenceInterval: to.Ptr(armdatashare.RecurrenceIntervalDay), SynchronizationTime: &startOfSchedule,
			},
		}, nil)
	armtest.Refused(t, err, http.StatusConflict, "TriggerAlreadyExists")
}
