package datashare

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/jsonbody"
)

const (
	// jobScheduled takes one snapshot of a schedule and arranges the next. It is a job of the share subscription, whose
	// jobs never overlap, so that scheduled snapshots and those on demand do not overlap either.
	jobScheduled = "scheduledSnapshot"
	// tableSchedules holds, by trigger, the synchronization id of the one snapshot that is due next. A job with any
	// other id belongs to a schedule that has been changed or deleted.
	tableSchedules = "datashare.schedules"
)

func (p *provider) triggers() *arm.Type {
	return &arm.Type{
		Name:        namespace + "/accounts/shareSubscriptions/triggers",
		NoPatch:     true,
		NoUpdate:    noUpdate,
		PutAsync:    arm.AzureAsyncOperation,
		DeleteAsync: arm.AzureAsyncOperation,
		Put:         p.putTrigger,
		Delete:      p.deleteTrigger,
	}
}

// putTrigger enables the provider's schedule for a subscription. Snapshots run when the schedule says, the first one
// too: within a minute of the scheduled time, which this server keeps to the second. When the provider has made another
// schedule, a trigger is enabled again by deleting it and creating it with the schedule as it is now.
// Source: https://learn.microsoft.com/azure/data-share/subscribe-to-data-share
//
// A module of Microsoft Learn says instead that accepting a schedule takes a first, full snapshot. Which of the two
// holds is unproven, so Options.FirstAtOnce offers the other reading.
//
// The published sources do not name the codes with which the service refuses a trigger; those here are our own.
func (p *provider) putTrigger(c *arm.Call, w *arm.Write) *arm.Error {
	subID, _ := w.New.ID.Parent()
	sub, ok := c.Get(subID)
	if !ok {
		return arm.NotFound(subID)
	}
	wanted, err := scheduleOf(w.New)
	if err != nil {
		return err
	}
	if status := statusOf(sub, c.Now); status != "Active" {
		return arm.BadRequest("InvalidShareSubscriptionStatus",
			"A trigger needs an active share subscription, but the status of '%s' is '%s'.", subID.Name(), status)
	}
	for _, other := range c.Children(subID, "triggers") {
		if other.ID.Key() != w.New.ID.Key() {
			return arm.Conflict("TriggerAlreadyExists",
				"The share subscription '%s' already has the trigger '%s', and it has at most one. Delete it first.",
				subID.Name(), other.ID.Name())
		}
	}
	if err := offered(c, sub, wanted); err != nil {
		return err
	}
	props := w.New.Properties()
	if jsonbody.Text(props, "synchronizationMode") == "" {
		props["synchronizationMode"] = incremental
	}
	stamp(c, w, false)
	props["triggerStatus"] = "Active"
	if p.options.FirstAtOnce {
		return plan(c, w.New.ID, c.Now)
	}
	return plan(c, w.New.ID, wanted.after(c.Now))
}

// offered checks that the provider offers the schedule.
func offered(c *arm.Call, sub *arm.Resource, wanted schedule) *arm.Error {
	share, ok := source(c, sub)
	if !ok {
		return arm.BadRequest("SourceShareDeleted", "The share behind the share subscription '%s' has been deleted.",
			sub.ID.Name())
	}
	settings := c.Children(share.ID, "synchronizationSettings")
	if len(settings) == 0 {
		return arm.BadRequest("SynchronizationSettingNotFound",
			"The provider has set no snapshot schedule on the share behind the share subscription '%s'.", sub.ID.Name())
	}
	have, err := scheduleOf(settings[0])
	if err != nil {
		return err
	}
	if !have.equal(wanted) {
		return arm.BadRequest("SynchronizationSettingMismatch",
			"The trigger's schedule must be the provider's: recurrenceInterval '%s' and synchronizationTime '%s'. "+
				"List listSourceShareSynchronizationSettings for it.",
			settings[0].String("properties", "recurrenceInterval"),
			settings[0].String("properties", "synchronizationTime"))
	}
	return nil
}

// deleteTrigger takes back the snapshot that is due next.
func (p *provider) deleteTrigger(c *arm.Call, r *arm.Resource) *arm.Error {
	if err := c.Tx.Delete(tableSchedules, r.ID.Key()); err != nil {
		return arm.InternalError(err)
	}
	sub, _ := r.ID.Parent()
	return c.Withdraw(sub, jobScheduled, func(payload map[string]any) bool {
		return strings.EqualFold(jsonbody.Text(payload, "trigger"), r.ID.String())
	})
}

// plan arranges the trigger's next snapshot, in place of any other that was arranged for it.
func plan(c *arm.Call, trigger arm.ID, at time.Time) *arm.Error {
	id := uuid.NewString()
	if err := c.Tx.Put(tableSchedules, trigger.Key(), id); err != nil {
		return arm.InternalError(err)
	}
	sub, _ := trigger.Parent()
	return c.EnqueueDetached(sub, jobScheduled, at,
		map[string]any{"trigger": trigger.String(), "synchronizationId": id})
}

// scheduledJob takes the snapshot that is due and plans the next. What the snapshot comes to is in the history.
func (p *provider) scheduledJob(
	ctx context.Context, s *arm.Server, sub *arm.Resource, payload map[string]any,
) *arm.Error {
	id := jsonbody.Text(payload, "synchronizationId")
	var trigger *arm.Resource
	current := func(c *arm.Call) bool {
		var due string
		t, ok := c.GetByID(jsonbody.Text(payload, "trigger"))
		if !ok || t.String("properties", "triggerStatus") != "Active" {
			return false
		}
		trigger = t
		found, err := c.Tx.Get(tableSchedules, t.ID.Key(), &due)
		return err == nil && found && due == id
	}
	return p.snapshot(ctx, s, snapshotRequest{
		subscription: sub.ID,
		begin: func(c *arm.Call, sub *arm.Resource) (*run, *arm.Error) {
			if !current(c) || statusOf(sub, c.Now) != "Active" {
				return nil, nil
			}
			return newRun(c, sub, id, trigger.String("properties", "synchronizationMode"), true)
		},
		end: func(c *arm.Call) *arm.Error {
			if !current(c) {
				return nil
			}
			every, err := scheduleOf(trigger)
			if err != nil {
				return err
			}
			return plan(c, trigger.ID, every.after(c.Now))
		},
	})
}
