package arm

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"
)

const (
	// tableActivity keeps the activity log: subscription/time/unique id → event.
	tableActivity = "activity"
	// activityRetention is how long events are kept.
	// Source: https://learn.microsoft.com/azure/azure-monitor/platform/activity-log
	activityRetention = 90 * 24 * time.Hour
	activityTime      = "20060102T150405.000000000"
)

// Event is an entry of the activity log: a write, a deletion or an action that the control plane has taken. What it has
// refused is not kept, and nor are reads.
// Source: https://learn.microsoft.com/azure/azure-monitor/platform/activity-log-schema
type Event struct {
	ID   string    `json:"id"`
	Time time.Time `json:"time"`
	// Operation is the permission that it took: "Microsoft.DataShare/accounts/shares/write".
	Operation string `json:"operation"`
	// Resource is an ARM id.
	Resource string `json:"resource"`
	// Status is Succeeded, Failed, or Accepted while an asynchronous operation goes on.
	Status string `json:"status,omitempty"`
	// Caller is an object id, CallerClient an application (client) id.
	Caller       string `json:"caller"`
	CallerClient string `json:"callerClient"`
	// Pending is the id of the asynchronous operation that decides about Status.
	Pending string `json:"operationId,omitempty"`
}

// logActivity adds the request in progress to the activity log, and drops what is past the retention.
func (c *Call) logActivity(method, permission string) *Error {
	if method == http.MethodGet || method == http.MethodHead || c.ID.Subscription == "" {
		return nil
	}
	e := Event{ID: uuid.NewString(), Time: c.Now.UTC(), Operation: permission, Resource: c.ID.String(),
		Status: statusSucceeded, Caller: c.Caller.ObjectID, CallerClient: c.Caller.ClientID}
	if c.op != nil {
		e.Pending = c.op.ID
	}
	prefix := ID{Subscription: c.ID.Subscription}.Key() + "/"
	if err := c.forgetActivity(prefix); err != nil {
		return InternalError(err)
	}
	if err := c.Tx.Put(tableActivity, prefix+e.Time.Format(activityTime)+"/"+e.ID, e); err != nil {
		return InternalError(err)
	}
	return nil
}

// errEnough ends a scan.
var errEnough = errors.New("the rest is newer")

// forgetActivity drops a subscription's events that are past the retention; keys are in the order of time.
func (c *Call) forgetActivity(prefix string) error {
	limit := prefix + c.Now.UTC().Add(-activityRetention).Format(activityTime)
	var old []string
	err := c.Tx.Scan(tableActivity, prefix, func(key string, _ []byte) error {
		if key >= limit {
			return errEnough
		}
		old = append(old, key)
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return err
	}
	for _, key := range old {
		if err := c.Tx.Delete(tableActivity, key); err != nil {
			return err
		}
	}
	return nil
}

// Activity lists the events of a subscription from a time on, the oldest first. An event of an asynchronous operation
// has the time at which that ended.
func (c *Call) Activity(subscription string, from time.Time) ([]Event, error) {
	prefix := ID{Subscription: subscription}.Key() + "/"
	oldest := c.Now.Add(-activityRetention)
	if from.After(oldest) {
		oldest = from
	}
	var out []Event
	err := c.Tx.Scan(tableActivity, prefix, func(_ string, raw []byte) error {
		var e Event
		if err := json.Unmarshal(raw, &e); err != nil {
			return err
		}
		if err := c.settleEvent(&e); err != nil {
			return err
		}
		if !e.Time.Before(oldest) {
			out = append(out, e)
		}
		return nil
	})
	return out, err
}

// settleEvent completes an event with what its operation has come to.
func (c *Call) settleEvent(e *Event) error {
	var op operation
	found, err := c.Tx.Get(tableOperations, e.Pending, &op)
	if e.Pending == "" || !found || err != nil {
		return err
	}
	op.settle(c.Now)
	switch op.Status {
	case statusInProgress:
		e.Status = "Accepted"
		return nil
	case statusFailed:
		e.Status = statusFailed
	}
	if op.Until.After(e.Time) {
		e.Time = op.Until
	}
	return nil
}
