package datashare

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/blob"
	"github.com/crossorg/crossorg/internal/azure/jsonbody"
	"github.com/crossorg/crossorg/internal/azure/store"
)

const (
	// jobSnapshot takes the snapshot that synchronize asked for.
	jobSnapshot = "snapshot"
	// tableCopied remembers which state of a source blob a mapping has: mapping object id/blob name → ETag.
	tableCopied = "datashare.copied"
)

// synchronize starts a snapshot on demand. The operation ends with the snapshot, and fails with it.
// Source: https://learn.microsoft.com/rest/api/datashare/share-subscriptions/synchronize
func (p *provider) synchronize(c *arm.Call, sub *arm.Resource, body map[string]any) (any, *arm.Error) {
	mode := jsonbody.Text(body, "synchronizationMode")
	switch mode {
	case "":
		mode = incremental
	case incremental, "FullSync":
	default:
		return nil, arm.BadRequest("InvalidRequestContent", "The property 'synchronizationMode' must be "+
			"'Incremental' or 'FullSync', but it is '%s'.", mode)
	}
	if status := statusOf(sub, c.Now); status != "Active" {
		return nil, arm.BadRequest("InvalidShareSubscriptionStatus",
			"A snapshot needs an active share subscription, but the status of '%s' is '%s'.", sub.ID.Name(), status)
	}
	r, err := newRun(c, sub, uuid.NewString(), mode, false)
	if err != nil {
		return nil, err
	}
	wait := c.Server.Latency(sub.ID.Type(), arm.OpAction)
	if wait > 0 {
		if err := begun(c, sub, r); err != nil {
			return nil, err
		}
	}
	if err := c.Enqueue(sub.ID, jobSnapshot, c.Now.Add(wait), map[string]any{"synchronizationId": r.ID}); err != nil {
		return nil, err
	}
	return r.consumerView(), nil
}

// begun shows a snapshot that takes its time as running from now on, unless another one of the subscription runs: then
// it stays queued until that has ended.
func begun(c *arm.Call, sub *arm.Resource, r *run) *arm.Error {
	runs, err := storedRuns(c, runPrefix(sub))
	if err != nil {
		return err
	}
	for _, other := range runs {
		if other.ID != r.ID && !other.finished() {
			return nil
		}
	}
	r.Start, r.Status = c.Now, statusInProgress
	return r.save(c)
}

// cancelSynchronization ends a snapshot that waits or runs. Blobs that it has copied stay.
func (p *provider) cancelSynchronization(c *arm.Call, sub *arm.Resource, body map[string]any) (any, *arm.Error) {
	r, err := findRun(c, runPrefix(sub), jsonbody.Text(body, "synchronizationId"))
	if err != nil {
		return nil, err
	}
	if r.finished() {
		return nil, arm.BadRequest("InvalidSynchronizationStatus", "The synchronization '%s' has ended already: its "+
			"status is '%s'.", r.ID, r.Status)
	}
	r.Status, r.End = statusCanceled, c.Now
	if err := r.save(c); err != nil {
		return nil, err
	}
	if err := logOutcome(c, r); err != nil {
		return nil, err
	}
	return r.consumerView(), nil
}

func (p *provider) listSubscriptionSynchronizations(
	c *arm.Call, sub *arm.Resource, _ map[string]any,
) (any, *arm.Error) {
	runs, err := runsOf(c, runPrefix(sub))
	if err != nil {
		return nil, err
	}
	var out []any
	for _, r := range runs {
		out = append(out, r.consumerView())
	}
	return jsonbody.Collection(out), nil
}

func (p *provider) listSubscriptionSynchronizationDetails(
	c *arm.Call, sub *arm.Resource, body map[string]any,
) (any, *arm.Error) {
	return detailsOf(c, runPrefix(sub), jsonbody.Text(body, "synchronizationId"))
}

func (p *provider) snapshotJob(
	ctx context.Context, s *arm.Server, sub *arm.Resource, payload map[string]any,
) *arm.Error {
	id := jsonbody.Text(payload, "synchronizationId")
	return p.snapshot(ctx, s, snapshotRequest{
		subscription: sub.ID,
		id:           id,
		begin: func(c *arm.Call, sub *arm.Resource) (*run, *arm.Error) {
			return findRun(c, runPrefix(sub), id)
		},
	})
}

// snapshotRequest is a snapshot to take.
type snapshotRequest struct {
	subscription arm.ID
	id           string
	// begin finds or makes the run, in the transaction that starts it; nil if there is nothing to do.
	begin func(c *arm.Call, sub *arm.Resource) (*run, *arm.Error)
	// end, if set, is called in the transaction that ends the snapshot, also when there was nothing to do.
	end func(c *arm.Call) *arm.Error
}

// step is the copying of one mapped data set.
type step struct {
	detail   detail
	from, to place
	// objectID is the mapping's.
	objectID string
	// reader and writer are the object ids of the two accounts' identities, provider and consumer the accounts.
	reader, writer     string
	provider, consumer arm.ID
	now                time.Time
	// copied is what Incremental leaves out: the ETag of the source blob by its name.
	copied map[string]string
	// transfers are the blobs that it has copied.
	transfers []transfer
}

// snapshot copies every mapped data set and keeps the history. It is taken up again after a crash under the same
// synchronization id: data sets that are done stay done, and copying a blob twice changes nothing.
func (p *provider) snapshot(ctx context.Context, s *arm.Server, req snapshotRequest) *arm.Error {
	var steps []*step
	var key string
	var failed *arm.Error
	if err := update(s, func(c *arm.Call) *arm.Error {
		sub, ok := c.Get(req.subscription)
		if !ok {
			return nil
		}
		r, err := req.begin(c, sub)
		if err != nil {
			return err
		}
		if r == nil || r.finished() {
			if r != nil && r.Status == statusFailed {
				failed = r.failure() // known from before a crash
			}
			return ended(c, req)
		}
		if r.Start.IsZero() {
			r.Start = c.Now
		}
		if status := statusOf(sub, c.Now); status != "Active" {
			failed = r.fail(c.Now, "The status of the share subscription is '"+status+"'.")
			if err := r.save(c); err != nil {
				return err
			}
			if err := logOutcome(c, r); err != nil {
				return err
			}
			return ended(c, req)
		}
		key, r.Status = r.Key, statusInProgress
		if steps, err = p.steps(c, sub, r); err != nil {
			return err
		}
		for _, st := range steps {
			if err := logSnapshot(c, r, st.detail); err != nil {
				return err
			}
		}
		return r.save(c)
	}); err != nil {
		return err
	}
	if key == "" {
		return failed
	}
	for i, st := range steps {
		copied := p.copyDataSet(ctx, s, key, st)
		if ctx.Err() != nil {
			return arm.Errorf(http.StatusServiceUnavailable, "ServiceUnavailable",
				"The snapshot was interrupted and goes on with the next start.")
		}
		if i == len(steps)-1 {
			return p.finish(s, req, key, st, copied)
		}
		if err := update(s, func(c *arm.Call) *arm.Error {
			r, err := ongoing(c, key)
			if r == nil || err != nil {
				return err
			}
			return p.record(c, r, st, copied)
		}); err != nil {
			return err
		}
	}
	return p.finish(s, req, key, nil, nil)
}

func ended(c *arm.Call, req snapshotRequest) *arm.Error {
	if req.end == nil {
		return nil
	}
	return req.end(c)
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

// steps plans what the run still has to copy.
func (p *provider) steps(c *arm.Call, sub *arm.Resource, r *run) ([]*step, *arm.Error) {
	done := map[string]bool{}
	for _, d := range r.Details {
		done[d.Mapping] = true
	}
	share, ok := source(c, sub)
	if !ok {
		return nil, nil
	}
	_, reader, err := p.account(c, share.ID)
	if err != nil {
		return nil, err
	}
	_, writer, err := p.account(c, sub.ID)
	if err != nil {
		return nil, err
	}
	var out []*step
	for _, m := range c.Children(sub.ID, "dataSetMappings") {
		set, ok := sourceDataSet(c, sub, m.String("properties", "dataSetId"))
		if !ok || done[hidden(m, "objectId")] {
			continue // a data set that the provider took away is no longer shared
		}
		st := &step{objectID: hidden(m, "objectId"), reader: reader, writer: writer, provider: top(share.ID, 1),
			consumer: top(sub.ID, 1), now: c.Now}
		if st.from, err = placeOf(set); err != nil {
			return nil, err
		}
		if st.to, err = placeOf(m); err != nil {
			return nil, err
		}
		st.from, st.to = st.from.stored(c), st.to.stored(c)
		st.detail = detail{
			Mapping: st.objectID, DataSetID: set.String("properties", "dataSetId"), Name: set.ID.Name(),
			Type:   st.from.kind,
			Status: statusInProgress, Start: c.Now,
		}
		if r.Mode == incremental {
			if st.copied, err = copiedBy(c, st.objectID); err != nil {
				return nil, err
			}
		}
		out = append(out, st)
	}
	return out, nil
}

// copyDataSet copies the blobs of one data set and reports in the step's detail how it went. It returns the ETags of
// the source blobs that it copied.
func (p *provider) copyDataSet(ctx context.Context, s *arm.Server, key string, st *step) map[string]string {
	copied := map[string]string{}
	fail := func(message string) map[string]string {
		st.detail.Status, st.detail.Message = statusFailed, message
		return copied
	}
	if err := p.permitted(s, st); err != nil {
		return fail(err.Error())
	}
	items, err := p.content.List(st.from.key("").Account, st.from.container, st.from.prefix())
	if err != nil {
		return fail("The source could not be listed: " + err.Error())
	}
	if st.from.kind == "Blob" {
		items = exactly(items, st.from.path)
		if len(items) == 0 {
			return fail("The source blob '" + st.from.path + "' does not exist in container '" + st.from.container +
				"'.")
		}
	}
	for _, it := range items {
		if st.copied[it.Name] == it.ETag {
			continue // Incremental, and unchanged since
		}
		wanted := false
		if err := inTransaction(s.View, func(c *arm.Call) *arm.Error {
			r, err := ongoing(c, key)
			wanted, st.now = r != nil, c.Now
			return err
		}); err != nil {
			return fail(err.Error())
		}
		if !wanted {
			return fail("The synchronization was canceled.")
		}
		st.detail.FilesRead++
		st.detail.SizeRead += it.Size
		source, target := st.from.key(it.Name), st.to.target(st.from, it.Name)
		props, err := p.content.CopyWith(ctx, source, target, blob.PutOptions{
			Now: st.now,
			// The roles count at the moment of the copy, not at that of the start.
			Check: func(tx *store.Tx, _ *blob.Properties) error { return asError(p.roles(tx, st)) },
		})
		switch {
		case errors.Is(err, blob.ErrNotFound):
			continue // deleted since it was listed
		case err != nil:
			return fail("The blob '" + it.Name + "' could not be copied: " + err.Error())
		}
		st.detail.FilesWritten++
		st.detail.SizeWritten += props.Size
		st.transfers = append(st.transfers, transfer{source, target, props.Size})
		copied[it.Name] = it.ETag
	}
	st.detail.Status = statusSucceeded
	return copied
}

// permitted checks that both ends are there and that both identities hold their roles now.
func (p *provider) permitted(s *arm.Server, st *step) *arm.Error {
	return inTransaction(s.View, func(c *arm.Call) *arm.Error {
		for _, end := range []struct {
			of place
			by arm.ID
		}{{st.from, st.provider}, {st.to, st.consumer}} {
			account, ok := c.Get(end.of.account)
			if !ok {
				return arm.NotFound(end.of.account)
			}
			if err := admitted(account, end.by); err != nil {
				return err
			}
		}
		if err := p.roles(c.Tx, st); err != nil {
			return err
		}
		for _, pl := range []place{st.from, st.to} {
			if _, ok := c.Get(pl.containerID()); !ok {
				return arm.Errorf(http.StatusNotFound, "ContainerNotFound", "The specified container '%s' does not "+
					"exist in storage account '%s'.", pl.container, pl.account.Name())
			}
		}
		return nil
	})
}

func (p *provider) roles(tx *store.Tx, st *step) *arm.Error {
	if !p.dir.Allowed(tx, st.reader, st.from.account.String(), readBlobs, true) {
		return missingPermissions(st.from.account)
	}
	if !p.dir.Allowed(tx, st.writer, st.to.account.String(), writeBlobs, true) {
		return missingPermissions(st.to.account)
	}
	return nil
}

// asError keeps a nil *arm.Error from becoming an error that is not nil.
func asError(err *arm.Error) error {
	if err == nil {
		return nil
	}
	return err
}

// exactly keeps the blob of that name from a listing by prefix.
func exactly(items []blob.Item, name string) []blob.Item {
	for _, it := range items {
		if it.Name == name {
			return []blob.Item{it}
		}
	}
	return nil
}

// finish records the last data set, ends the run, and lets a schedule go on.
func (p *provider) finish(
	s *arm.Server, req snapshotRequest, key string, last *step, copied map[string]string,
) *arm.Error {
	var failed *arm.Error
	err := update(s, func(c *arm.Call) *arm.Error {
		failed = nil
		r, err := ongoing(c, key)
		if err != nil {
			return err
		}
		if r != nil {
			if last != nil {
				if err := p.record(c, r, last, copied); err != nil {
					return err
				}
			}
			failed = r.conclude(c.Now)
			if err := r.save(c); err != nil {
				return err
			}
			if len(r.Details) == 0 {
				if err := logOutcome(c, r); err != nil {
					return err
				}
			}
		}
		return ended(c, req)
	})
	if err != nil {
		return err
	}
	return failed
}

// record adds a data set's outcome to the run, and what it copied to the mapping's memory.
func (p *provider) record(c *arm.Call, r *run, st *step, copied map[string]string) *arm.Error {
	st.detail.End = c.Now
	r.Details = append(r.Details, st.detail)
	for name, etag := range copied {
		if err := c.Tx.Put(tableCopied, st.objectID+"/"+name, etag); err != nil {
			return arm.InternalError(err)
		}
	}
	if err := logSnapshot(c, r, st.detail); err != nil {
		return err
	}
	if err := p.logTransfers(c, st); err != nil {
		return err
	}
	return r.save(c)
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

// copiedBy reads a mapping's memory.
func copiedBy(c *arm.Call, objectID string) (map[string]string, *arm.Error) {
	out := map[string]string{}
	err := c.Tx.Scan(tableCopied, objectID+"/", func(key string, raw []byte) error {
		out[strings.TrimPrefix(key, objectID+"/")] = strings.Trim(string(raw), `"`)
		return nil
	})
	if err != nil {
		return nil, arm.InternalError(err)
	}
	return out, nil
}

// forgetCopied drops a mapping's memory: its next snapshot copies everything.
func forgetCopied(c *arm.Call, objectID string) *arm.Error {
	known, err := copiedBy(c, objectID)
	if err != nil {
		return err
	}
	for name := range known {
		if err := c.Tx.Delete(tableCopied, objectID+"/"+name); err != nil {
			return arm.InternalError(err)
		}
	}
	return nil
}
