package datashare

import (
	"time"

	"github.com/crossorg/crossorg/internal/azure/arm"
)

func (p *provider) synchronizationSettings() *arm.Type {
	return &arm.Type{
		Name:        namespace + "/accounts/shares/synchronizationSettings",
		NoPatch:     true,
		NoUpdate:    noUpdate,
		DeleteAsync: arm.AzureAsyncOperation,
		Put:         p.putSetting,
		Delete:      p.deleteSetting,
	}
}

// putSetting keeps the share's snapshot schedule, of which there is at most one. Another schedule is another setting,
// and the consumers' triggers of the old one take no more snapshots until they are made anew.
// Source: https://learn.microsoft.com/azure/data-share/how-to-add-recipients
func (p *provider) putSetting(c *arm.Call, w *arm.Write) *arm.Error {
	share, _ := w.New.ID.Parent()
	for _, other := range c.Children(share, "synchronizationSettings") {
		if other.ID.Key() != w.New.ID.Key() {
			return arm.Conflict("SynchronizationSettingAlreadyExists",
				"The share '%s' already has the synchronization setting '%s', and a share has at most one. Delete it "+
					"first.", share.Name(), other.ID.Name())
		}
	}
	if _, err := scheduleOf(w.New); err != nil {
		return err
	}
	stamp(c, w, false)
	return nil
}

func (p *provider) deleteSetting(c *arm.Call, r *arm.Resource) *arm.Error {
	share, _ := r.ID.Parent()
	return p.markTriggers(c, share, "SourceSynchronizationSettingDeleted")
}

// markTriggers sets the status of the active triggers of every consumer of the share.
func (p *provider) markTriggers(c *arm.Call, share arm.ID, status string) *arm.Error {
	for _, ps := range c.Children(share, "providerShareSubscriptions") {
		if sub, ok := c.GetByID(hidden(ps, "shareSubscription")); ok {
			if err := markTriggersOf(c, sub.ID, status); err != nil {
				return err
			}
		}
	}
	return nil
}

// markTriggersOf sets the status of a subscription's active triggers.
func markTriggersOf(c *arm.Call, sub arm.ID, status string) *arm.Error {
	for _, t := range c.Children(sub, "triggers") {
		if t.String("properties", "triggerStatus") != "Active" {
			continue
		}
		t.Properties()["triggerStatus"] = status
		if err := c.Save(t); err != nil {
			return err
		}
	}
	return nil
}

// schedule is a recurring snapshot: every hour or day, counted from start.
type schedule struct {
	interval time.Duration
	start    time.Time
}

// scheduleOf reads the schedule of a synchronization setting or a trigger. The intervals are kept apart from those of
// the program (internal/rules) on purpose: what Azure takes is decided here.
func scheduleOf(r *arm.Resource) (schedule, *arm.Error) {
	var s schedule
	switch v := r.String("properties", "recurrenceInterval"); v {
	case "Hour":
		s.interval = time.Hour
	case "Day":
		s.interval = 24 * time.Hour
	default:
		return s, arm.BadRequest("InvalidRequestContent", "The property 'recurrenceInterval' must be 'Hour' or "+
			"'Day', but it is '%s'.", v)
	}
	t, ok, err := instant(r, "synchronizationTime")
	if err != nil {
		return s, err
	}
	if !ok {
		return s, arm.BadRequest("InvalidRequestContent", "The property 'synchronizationTime' is required.")
	}
	s.start = t.UTC()
	return s, nil
}

func (s schedule) equal(o schedule) bool { return s.interval == o.interval && s.start.Equal(o.start) }

// after is the first due time later than t.
func (s schedule) after(t time.Time) time.Time {
	if t.Before(s.start) {
		return s.start
	}
	return s.start.Add((t.Sub(s.start)/s.interval + 1) * s.interval)
}
