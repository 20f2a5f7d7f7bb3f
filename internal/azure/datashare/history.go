package datashare

import (
	"net/http"
	"sort"
	"strings"
	"time"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/jsonbody"
	"github.com/crossorg/crossorg/internal/azure/store"
)

const (
	// tableRuns keeps the snapshots of share subscriptions: share object id/subscription object id/time/synchronization
	// id. Both sides read it by their prefix.
	tableRuns = "datashare.runs"
	// historyDays is how long the service keeps a snapshot's history.
	// Source: https://learn.microsoft.com/azure/data-share/how-to-monitor
	historyDays = 30

	incremental = "Incremental"

	statusQueued     = "Queued"
	statusInProgress = "InProgress"
	statusSucceeded  = "Succeeded"
	statusFailed     = "Failed"
	statusCanceled   = "Canceled"
)

// run is one snapshot of a share subscription.
type run struct {
	Key          string    `json:"key"`
	ID           string    `json:"id"`
	Subscription string    `json:"subscription"`
	Mode         string    `json:"mode"`
	Scheduled    bool      `json:"scheduled,omitempty"`
	Status       string    `json:"status"`
	Message      string    `json:"message,omitempty"`
	Queued       time.Time `json:"queued"`
	Start        time.Time `json:"start"`
	End          time.Time `json:"end"`
	// The consumer, as the provider sees it.
	ConsumerName       string   `json:"consumerName,omitempty"`
	ConsumerEmail      string   `json:"consumerEmail,omitempty"`
	ConsumerTenantName string   `json:"consumerTenantName,omitempty"`
	Details            []detail `json:"details,omitempty"`
}

// detail is the copying of one data set in a run.
type detail struct {
	Mapping      string    `json:"mapping"`
	DataSetID    string    `json:"dataSetId"`
	Name         string    `json:"name"`
	Type         string    `json:"type"`
	Status       string    `json:"status"`
	Message      string    `json:"message,omitempty"`
	Start        time.Time `json:"start"`
	End          time.Time `json:"end"`
	FilesRead    int64     `json:"filesRead"`
	FilesWritten int64     `json:"filesWritten"`
	SizeRead     int64     `json:"sizeRead"`
	SizeWritten  int64     `json:"sizeWritten"`
}

// runPrefix is the prefix of the keys of a subscription's runs.
func runPrefix(sub *arm.Resource) string {
	return hidden(sub, "shareObjectId") + "/" + hidden(sub, "objectId") + "/"
}

// newRun finds the run of that id, or records it as queued and forgets what is older than the history goes.
func newRun(c *arm.Call, sub *arm.Resource, id, mode string, scheduled bool) (*run, *arm.Error) {
	runs, err := storedRuns(c, runPrefix(sub))
	if err != nil {
		return nil, err
	}
	for _, r := range runs {
		if r.ID == id {
			return r, nil
		}
		if tooOld(r, c.Now) {
			if err := c.Tx.Delete(tableRuns, r.Key); err != nil {
				return nil, arm.InternalError(err)
			}
		}
	}
	r := &run{
		Key: runPrefix(sub) + c.Now.UTC().Format("20060102T150405.000000000") + "/" + id,
		ID:  id, Subscription: sub.ID.String(), Mode: mode, Scheduled: scheduled, Status: statusQueued, Queued: c.Now,
		ConsumerName:  sub.String("properties", "userName"),
		ConsumerEmail: sub.String("properties", "userEmail"),
	}
	if account, ok := c.Get(top(sub.ID, 1)); ok {
		r.ConsumerTenantName = account.String("identity", "tenantId")
	}
	return r, r.save(c)
}

func (r *run) save(c *arm.Call) *arm.Error {
	if err := c.Tx.Put(tableRuns, r.Key, r); err != nil {
		return arm.InternalError(err)
	}
	return nil
}

func (r *run) finished() bool { return r.Status != statusQueued && r.Status != statusInProgress }

func tooOld(r *run, now time.Time) bool {
	return r.finished() && now.Sub(r.Queued) > historyDays*24*time.Hour
}

// storedRuns reads the runs below a prefix, oldest first within a subscription.
func storedRuns(c *arm.Call, prefix string) ([]*run, *arm.Error) {
	out, err := store.All[run](c.Tx, tableRuns, prefix)
	if err != nil {
		return nil, arm.InternalError(err)
	}
	return out, nil
}

// runsOf is the history below a prefix, newest first.
func runsOf(c *arm.Call, prefix string) ([]*run, *arm.Error) {
	runs, err := storedRuns(c, prefix)
	if err != nil {
		return nil, err
	}
	kept := runs[:0]
	for _, r := range runs {
		if !tooOld(r, c.Now) {
			kept = append(kept, r)
		}
	}
	sort.SliceStable(kept, func(i, j int) bool { return kept[i].Queued.After(kept[j].Queued) })
	return kept, nil
}

// findRun finds a run below a prefix by its synchronization id.
func findRun(c *arm.Call, prefix, id string) (*run, *arm.Error) {
	if id == "" {
		return nil, arm.BadRequest("InvalidRequestContent", "The property 'synchronizationId' is required.")
	}
	runs, err := runsOf(c, prefix)
	if err != nil {
		return nil, err
	}
	for _, r := range runs {
		if strings.EqualFold(r.ID, id) {
			return r, nil
		}
	}
	return nil, arm.Errorf(http.StatusNotFound, "SynchronizationNotFound",
		"There is no synchronization '%s'; listSynchronizations names those of the last %d days.", id, historyDays)
}

// detailsOf answers listSynchronizationDetails.
func detailsOf(c *arm.Call, prefix, id string) (any, *arm.Error) {
	r, err := findRun(c, prefix, id)
	if err != nil {
		return nil, err
	}
	var out []any
	for _, d := range r.Details {
		out = append(out, d.view())
	}
	return jsonbody.Collection(out), nil
}

// forgetRuns drops the history below a prefix.
func forgetRuns(c *arm.Call, prefix string) *arm.Error {
	if err := c.Tx.DeleteAll(tableRuns, prefix); err != nil {
		return arm.InternalError(err)
	}
	return nil
}

// forgetShareRuns drops a deleted share's history, but for subscriptions that still show theirs.
func forgetShareRuns(c *arm.Call, shareObjectID string) *arm.Error {
	runs, err := storedRuns(c, shareObjectID+"/")
	if err != nil {
		return err
	}
	for _, r := range runs {
		if sub, ok := c.GetByID(r.Subscription); ok && strings.HasPrefix(r.Key, runPrefix(sub)) {
			continue
		}
		if err := c.Tx.Delete(tableRuns, r.Key); err != nil {
			return arm.InternalError(err)
		}
	}
	return nil
}

// conclude ends the run; with a failed data set, or with none at all, it has failed.
func (r *run) conclude(now time.Time) *arm.Error {
	var messages []string
	for _, d := range r.Details {
		if d.Status != statusSucceeded {
			messages = append(messages, "data set '"+d.Name+"': "+d.Message)
		}
	}
	switch {
	case len(r.Details) == 0:
		return r.fail(now, "No data set of the share is mapped: create a data set mapping first.")
	case len(messages) > 0:
		return r.fail(now, strings.Join(messages, "; "))
	}
	r.Status, r.End = statusSucceeded, now
	return nil
}

// fail ends the run in failure; the error is for an operation that waits for it.
func (r *run) fail(now time.Time, message string) *arm.Error {
	r.Status, r.End, r.Message = statusFailed, now, message
	return r.failure()
}

func (r *run) failure() *arm.Error {
	return arm.BadRequest("SynchronizationFailed", "The synchronization '%s' failed: %s", r.ID, r.Message)
}

// outcome is the error of a run that has failed; nil for any other, also for no run at all.
func (r *run) outcome() *arm.Error {
	if r == nil || r.Status != statusFailed {
		return nil
	}
	return r.failure()
}

// consumerView is a ShareSubscriptionSynchronization.
func (r *run) consumerView() map[string]any {
	out := map[string]any{"synchronizationId": r.ID, "status": r.Status, "synchronizationMode": r.Mode}
	if !r.Start.IsZero() {
		out["startTime"] = arm.Timestamp(r.Start)
	}
	if !r.End.IsZero() {
		out["endTime"] = arm.Timestamp(r.End)
		out["durationMs"] = milliseconds(r.Start, r.End)
	}
	copyText(out, "message", r.Message)
	return out
}

// providerView is a ShareSynchronization.
func (r *run) providerView() map[string]any {
	out := r.consumerView()
	copyText(out, "consumerName", r.ConsumerName)
	copyText(out, "consumerEmail", r.ConsumerEmail)
	copyText(out, "consumerTenantName", r.ConsumerTenantName)
	return out
}

// view is a SynchronizationDetails.
func (d detail) view() map[string]any {
	out := map[string]any{
		"dataSetId": d.DataSetID, "dataSetType": d.Type, "name": d.Name, "status": d.Status,
		"startTime": arm.Timestamp(d.Start), "endTime": arm.Timestamp(d.End),
		"durationMs": milliseconds(d.Start, d.End),
		"filesRead":  d.FilesRead, "filesWritten": d.FilesWritten, "sizeRead": d.SizeRead, "sizeWritten": d.SizeWritten,
		"rowsCopied": 0, "rowsRead": 0, "vCore": 0,
	}
	copyText(out, "message", d.Message)
	return out
}

func milliseconds(from, to time.Time) int64 {
	if from.IsZero() || to.Before(from) {
		return 0
	}
	return to.Sub(from).Milliseconds()
}
