package datashare

import (
	"github.com/google/uuid"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/jsonbody"
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
