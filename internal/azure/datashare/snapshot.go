package datashare

import (
	"context"
	"net/http"
	"strings"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/jsonbody"
)

// jobSnapshot takes the snapshot that synchronize asked for.
const jobSnapshot = "snapshot"

func (p *provider) snapshotJob(
	ctx context.Context, s *arm.Server, sub *arm.Resource, payload map[string]any,
) *arm.Error {
	id := jsonbody.Text(payload, "synchronizationId")
	return p.snapshot(ctx, s, snapshotRequest{
		subscription: sub.ID,
		begin: func(c *arm.Call, sub *arm.Resource) (*run, *arm.Error) {
			return findRun(c, runPrefix(sub), id)
		},
	})
}

// snapshotRequest is a snapshot to take.
type snapshotRequest struct {
	subscription arm.ID
	// begin finds or makes the run, in the transaction that starts it; nil if there is nothing to do.
	begin func(c *arm.Call, sub *arm.Resource) (*run, *arm.Error)
	// end, if set, is called in the transaction that ends the snapshot, also when there was nothing to do.
	end func(c *arm.Call) *arm.Error
}

func (q snapshotRequest) ended(c *arm.Call) *arm.Error {
	if q.end == nil {
		return nil
	}
	return q.end(c)
}

// snapshotPlan is the list of data sets that a run copies.
type snapshotPlan struct {
	runKey string
	copies []*dataSetCopy
}

// snapshot copies every mapped data set and keeps the history. It is taken up again after a crash under the same
// synchronization id: data sets that are done stay done, and copying a blob twice changes nothing. The error is that of
// a failed run, or why the snapshot could not be taken at all.
func (p *provider) snapshot(ctx context.Context, s *arm.Server, q snapshotRequest) *arm.Error {
	var plan *snapshotPlan
	var outcome *arm.Error
	if err := update(s, func(c *arm.Call) (err *arm.Error) {
		plan, outcome, err = p.begin(c, q)
		return err
	}); err != nil {
		return err
	}
	if plan == nil {
		return outcome
	}
	for i, d := range plan.copies {
		p.copyDataSet(ctx, s, plan.runKey, d)
		if ctx.Err() != nil {
			return arm.Errorf(http.StatusServiceUnavailable, "ServiceUnavailable",
				"The snapshot was interrupted and goes on with the next start.")
		}
		if i == len(plan.copies)-1 {
			return p.finish(s, q, plan.runKey, d)
		}
		if err := update(s, func(c *arm.Call) *arm.Error {
			r, err := ongoing(c, plan.runKey)
			if r == nil || err != nil {
				return err
			}
			return p.record(c, r, d)
		}); err != nil {
			return err
		}
	}
	return p.finish(s, q, plan.runKey, nil)
}

// begin starts the run and plans what it copies. Without a plan the snapshot is over already, and outcome is its error.
func (p *provider) begin(c *arm.Call, q snapshotRequest) (plan *snapshotPlan, outcome, err *arm.Error) {
	sub, ok := c.Get(q.subscription)
	if !ok {
		return nil, nil, nil
	}
	r, err := q.begin(c, sub)
	if err != nil {
		return nil, nil, err
	}
	if r == nil || r.finished() { // before a crash
		return nil, r.outcome(), q.ended(c)
	}
	if r.Start.IsZero() {
		r.Start = c.Now
	}
	if status := statusOf(sub, c.Now); status != "Active" {
		outcome = r.fail(c.Now, "The status of the share subscription is '"+status+"'.")
		if err := r.save(c); err != nil {
			return nil, nil, err
		}
		if err := logOutcome(c, r); err != nil {
			return nil, nil, err
		}
		return nil, outcome, q.ended(c)
	}
	r.Status = statusInProgress
	copies, err := p.planCopies(c, sub, r)
	if err != nil {
		return nil, nil, err
	}
	for _, d := range copies {
		if err := logSnapshot(c, r, d.detail); err != nil {
			return nil, nil, err
		}
	}
	return &snapshotPlan{r.Key, copies}, nil, r.save(c)
}

// ongoing loads the run while it is still wanted; nil once it was cancelled or its subscription is gone.
func ongoing(c *arm.Call, key string) (*run, *arm.Error) {
	var r run
	ok, err := c.Tx.Get(tableRuns, key, &r)
	if err != nil {
		return nil, arm.InternalError(err)
	}
	if !ok || r.finished() {
		return nil, nil
	}
	if sub, ok := c.GetByID(r.Subscription); !ok || !strings.HasPrefix(key, runPrefix(sub)) {
		return nil, nil
	}
	return &r, nil
}

// finish records the last data set, if there is one, ends the run, and lets a schedule go on.
func (p *provider) finish(s *arm.Server, q snapshotRequest, runKey string, last *dataSetCopy) *arm.Error {
	var outcome *arm.Error
	err := update(s, func(c *arm.Call) *arm.Error {
		r, err := ongoing(c, runKey)
		if err != nil {
			return err
		}
		if r != nil {
			if outcome, err = p.conclude(c, r, last); err != nil {
				return err
			}
		}
		return q.ended(c)
	})
	if err != nil {
		return err
	}
	return outcome
}

// conclude ends a run after its last data set.
func (p *provider) conclude(c *arm.Call, r *run, last *dataSetCopy) (outcome, err *arm.Error) {
	if last != nil {
		if err := p.record(c, r, last); err != nil {
			return nil, err
		}
	}
	outcome = r.conclude(c.Now)
	if err := r.save(c); err != nil {
		return nil, err
	}
	if len(r.Details) > 0 {
		return outcome, nil
	}
	return outcome, logOutcome(c, r)
}

// record adds a data set's outcome to the run, and what it copied to what its mapping has copied.
func (p *provider) record(c *arm.Call, r *run, d *dataSetCopy) *arm.Error {
	d.detail.End = c.Now
	r.Details = append(r.Details, d.detail)
	if err := rememberCopied(c, d.mapping, d.bound.to, d.etags); err != nil {
		return err
	}
	if err := logSnapshot(c, r, d.detail); err != nil {
		return err
	}
	if err := p.logTransfers(c, d); err != nil {
		return err
	}
	return r.save(c)
}
