package target

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/datashare/armdatashare"

	"github.com/crossorg/crossorg/internal/local"
)

// Run is one snapshot of a share at a consumer.
type Run struct {
	SynchronizationID string `json:"synchronizationId"`
	// Status is Data Share's own word, Message its explanation.
	Status  string    `json:"status"`
	Message string    `json:"message,omitempty"`
	Mode    string    `json:"mode,omitempty"`
	Start   time.Time `json:"start"`
	End     time.Time `json:"end,omitzero"`
	// DataSets are the details of this run; the history has none.
	DataSets []RunDataSet `json:"dataSets,omitempty"`
}

// RunDataSet is what a run did with one data set.
type RunDataSet struct {
	Name         string `json:"name"`
	Status       string `json:"status"`
	Message      string `json:"message,omitempty"`
	FilesRead    int64  `json:"filesRead"`
	FilesWritten int64  `json:"filesWritten"`
	BytesRead    int64  `json:"bytesRead"`
	BytesWritten int64  `json:"bytesWritten"`
}

// Synchronized is what a snapshot that was asked for came to.
type Synchronized struct {
	Share    string `json:"share"`
	Consumer string `json:"consumer"`
	// Run is the snapshot; nil if it could not be started.
	Run *Run `json:"run,omitempty"`
	// Files at both ends.
	Files []local.SnapshotFile `json:"files"`
	// History is the newest first, the run among it.
	History []Run `json:"history"`
	// Problem says why it is not OK; empty if it is.
	Problem string `json:"problem,omitempty"`
}

// historyLength is how much of the history is shown.
const historyLength = 10

// pollEvery is how often an operation is asked for its end.
const pollEvery = 2 * time.Second

// Synchronize starts a snapshot of a share at a consumer and follows it to its end. full copies everything again, not
// only what changed. A snapshot that fails is no error here but a Problem; errors are for what could not be asked.
func Synchronize(
	ctx context.Context, access *local.Access, name string, share Share, consumer string, full bool, progress io.Writer,
) (*Synchronized, error) {
	c, err := share.Find(consumer)
	if err != nil {
		return nil, err
	}
	id, err := arm.ParseResourceID(c.SubscriptionID)
	if err != nil || id.Parent == nil {
		return nil, fmt.Errorf("%q is not the resource id of a share subscription", c.SubscriptionID)
	}
	client, err := Client(access, consumer, id.SubscriptionID, armdatashare.NewShareSubscriptionsClient)
	if err != nil {
		return nil, err
	}
	mode := armdatashare.SynchronizationModeIncremental
	if full {
		mode = armdatashare.SynchronizationModeFullSync
	}
	out := &Synchronized{Share: name, Consumer: consumer, Files: []local.SnapshotFile{}, History: []Run{}}
	known, err := history(ctx, client, id)
	if err != nil {
		return nil, err
	}
	poller, err := client.BeginSynchronize(ctx, id.ResourceGroupName, id.Parent.Name, id.Name,
		armdatashare.Synchronize{SynchronizationMode: &mode}, nil)
	if err != nil {
		return nil, fmt.Errorf("start a snapshot of %s at %s: %w", name, consumer, explain(err))
	}
	fmt.Fprintf(progress, "snapshot of %s at %s started\n", name, consumer)
	failed := follow(ctx, poller, "snapshot of "+name+" at "+consumer, progress)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if out.History, err = history(ctx, client, id); err != nil {
		return nil, err
	}
	// The run is the newest one that was not there before.
	for i := range out.History {
		r := out.History[i]
		if !slices.ContainsFunc(known, func(k Run) bool { return k.SynchronizationID == r.SynchronizationID }) {
			out.Run = &r
			break
		}
	}
	out.History = out.History[:min(len(out.History), historyLength)]
	if out.Run != nil {
		if out.Run.DataSets, err = details(ctx, client, id, out.Run.SynchronizationID); err != nil {
			return nil, err
		}
	}
	reader := &local.SnapshotReader{Access: access, Progress: progress}
	for _, set := range sortedKeys(c.DataSets) {
		files, err := reader.Files(ctx, share.Provider, consumer, c.DataSets[set])
		if err != nil {
			return nil, err
		}
		out.Files = append(out.Files, files...)
	}
	out.Problem = out.problem(failed)
	return out, nil
}

func (s *Synchronized) problem(failed error) string {
	switch {
	case s.Run != nil && s.Run.Status != "Succeeded":
		return fmt.Sprintf("snapshot %s: %s", s.Run.Status, s.Run.Message)
	case failed != nil:
		return explain(failed).Error()
	case s.Run == nil:
		return "the snapshot is not in the history"
	}
	for _, f := range s.Files {
		if f.SHA256 != f.SourceSHA256 {
			return f.Path + " is not equal at both ends"
		}
	}
	return ""
}

// follow waits for the end of an operation and tells every ten seconds that it lasts.
func follow[T any](ctx context.Context, poller *runtime.Poller[T], what string, progress io.Writer) error {
	start, told := time.Now(), time.Now()
	for pause := 100 * time.Millisecond; !poller.Done(); pause = min(2*pause, pollEvery) {
		if _, err := poller.Poll(ctx); err != nil {
			return err
		}
		if poller.Done() {
			break
		}
		if time.Since(told) > 10*time.Second {
			told = time.Now()
			fmt.Fprintf(progress, "  waiting for the %s (%s)\n", what, time.Since(start).Round(time.Second))
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	_, err := poller.Result(ctx)
	return err
}

// history lists the runs of a subscription, the newest first.
func history(ctx context.Context, client *armdatashare.ShareSubscriptionsClient, id *arm.ResourceID) ([]Run, error) {
	runs := []Run{}
	pager := client.NewListSynchronizationsPager(id.ResourceGroupName, id.Parent.Name, id.Name, nil)
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the snapshots: %w", explain(err))
		}
		for _, s := range page.Value {
			runs = append(runs, Run{
				SynchronizationID: value(s.SynchronizationID), Status: value(s.Status), Message: value(s.Message),
				Mode: string(value(s.SynchronizationMode)), Start: value(s.StartTime), End: value(s.EndTime),
			})
		}
	}
	slices.SortStableFunc(runs, func(a, b Run) int { return b.Start.Compare(a.Start) })
	return runs, nil
}

func details(
	ctx context.Context, client *armdatashare.ShareSubscriptionsClient, id *arm.ResourceID, run string,
) ([]RunDataSet, error) {
	var sets []RunDataSet
	pager := client.NewListSynchronizationDetailsPager(id.ResourceGroupName, id.Parent.Name, id.Name,
		armdatashare.ShareSubscriptionSynchronization{SynchronizationID: &run}, nil)
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("read the details of snapshot %s: %w", run, explain(err))
		}
		for _, d := range page.Value {
			sets = append(sets, RunDataSet{
				Name: value(d.Name), Status: value(d.Status), Message: value(d.Message), FilesRead: value(d.FilesRead),
				FilesWritten: value(d.FilesWritten), BytesRead: value(d.SizeRead), BytesWritten: value(d.SizeWritten),
			})
		}
	}
	return sets, nil
}

// Access is a consumer's access to a share, as the provider sees it.
type Access struct {
	Share    string `json:"share"`
	Consumer string `json:"consumer"`
	// ProviderID and SubscriptionID are the ARM ids of the provider's record and of the consumer's subscription.
	ProviderID     string `json:"providerShareSubscriptionId"`
	SubscriptionID string `json:"subscriptionId"`
	// Status on either side: Active, Revoking, Revoked, SourceDeleted.
	ProviderStatus string     `json:"providerStatus"`
	ConsumerStatus string     `json:"consumerStatus"`
	Expiration     *time.Time `json:"expiration,omitempty"`
}

// Revoke takes a consumer's access away and waits until it is: no snapshot starts any more; what was copied stays.
func Revoke(
	ctx context.Context, access *local.Access, name string, share Share, consumer string, progress io.Writer,
) (*Access, error) {
	h, err := newHand(ctx, access, name, share, consumer)
	if err != nil {
		return nil, err
	}
	poller, err := h.provider.BeginRevoke(ctx, h.share.ResourceGroupName, h.share.Parent.Name, h.share.Name, h.record,
		nil)
	if err != nil {
		return nil, fmt.Errorf("revoke %s at %s: %w", name, consumer, explain(err))
	}
	if err := follow(ctx, poller, "revocation of "+name+" at "+consumer, progress); err != nil {
		return nil, fmt.Errorf("revoke %s at %s: %w", name, consumer, explain(err))
	}
	return h.until(ctx, "Revoked")
}

// Reinstate gives access back, until expires if that is not the zero time.
func Reinstate(
	ctx context.Context, access *local.Access, name string, share Share, consumer string, expires time.Time,
) (*Access, error) {
	h, err := newHand(ctx, access, name, share, consumer)
	if err != nil {
		return nil, err
	}
	body := armdatashare.ProviderShareSubscription{Properties: &armdatashare.ProviderShareSubscriptionProperties{}}
	if !expires.IsZero() {
		body.Properties.ExpirationDate = to.Ptr(expires.UTC())
	}
	if _, err := h.provider.Reinstate(ctx, h.share.ResourceGroupName, h.share.Parent.Name, h.share.Name, h.record, body,
		nil); err != nil {
		return nil, fmt.Errorf("reinstate %s at %s: %w", name, consumer, explain(err))
	}
	return h.until(ctx, "Active")
}

// hand is the provider's on one consumer's access.
type hand struct {
	access       Access
	provider     *armdatashare.ProviderShareSubscriptionsClient
	consumer     *armdatashare.ShareSubscriptionsClient
	share        *arm.ResourceID
	subscription *arm.ResourceID
	record       string
}

func newHand(ctx context.Context, access *local.Access, name string, share Share, consumer string) (*hand, error) {
	c, err := share.Find(consumer)
	if err != nil {
		return nil, err
	}
	h := &hand{access: Access{Share: name, Consumer: consumer, SubscriptionID: c.SubscriptionID}}
	if h.share, err = arm.ParseResourceID(share.ShareID); err != nil || h.share.Parent == nil {
		return nil, fmt.Errorf("%q is not the resource id of a share", share.ShareID)
	}
	if h.subscription, err = arm.ParseResourceID(c.SubscriptionID); err != nil || h.subscription.Parent == nil {
		return nil, fmt.Errorf("%q is not the resource id of a share subscription", c.SubscriptionID)
	}
	if h.provider, err = Client(access, share.Provider, h.share.SubscriptionID,
		armdatashare.NewProviderShareSubscriptionsClient); err != nil {
		return nil, err
	}
	if h.consumer, err = Client(access, consumer, h.subscription.SubscriptionID,
		armdatashare.NewShareSubscriptionsClient); err != nil {
		return nil, err
	}
	theirs, err := h.consumer.Get(ctx, h.subscription.ResourceGroupName, h.subscription.Parent.Name,
		h.subscription.Name, nil)
	if err != nil {
		return nil, fmt.Errorf("read the subscription of %s: %w", consumer, explain(err))
	}
	var records []*armdatashare.ProviderShareSubscription
	pager := h.provider.NewListBySharePager(h.share.ResourceGroupName, h.share.Parent.Name, h.share.Name, nil)
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list who has accepted %s: %w", name, explain(err))
		}
		records = append(records, page.Value...)
	}
	record, err := match(records, theirs.Properties)
	if err != nil {
		return nil, fmt.Errorf("share %s at %s: %w", name, consumer, err)
	}
	h.record, h.access.ProviderID = value(record.Name), value(record.ID)
	return h, nil
}

// sameAcceptance is how far apart the two sides' records of one acceptance may be made.
const sameAcceptance = 5 * time.Second

// match finds the provider's record of a subscription. The two have no id in common that both sides may read, but they
// are made together, by one person: who accepted has to agree, and of several the one made at the same time is taken.
func match(
	records []*armdatashare.ProviderShareSubscription, theirs *armdatashare.ShareSubscriptionProperties,
) (*armdatashare.ProviderShareSubscription, error) {
	if theirs == nil {
		return nil, fmt.Errorf("the consumer's subscription has no properties")
	}
	type candidate struct {
		record *armdatashare.ProviderShareSubscription
		apart  time.Duration
	}
	var found []candidate
	for _, r := range records {
		if r == nil || r.Properties == nil {
			continue
		}
		p := r.Properties
		if differ(p.ConsumerName, theirs.UserName) || differ(p.ConsumerEmail, theirs.UserEmail) {
			continue
		}
		found = append(found, candidate{r, value(p.CreatedAt).Sub(value(theirs.CreatedAt)).Abs()})
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return cmp.Compare(a.apart, b.apart) })
	switch {
	case len(found) == 0:
		return nil, fmt.Errorf("the provider has no record of this acceptance among %d", len(records))
	case len(found) == 1:
		return found[0].record, nil
	case found[0].apart > sameAcceptance || found[0].apart == found[1].apart:
		return nil, fmt.Errorf("%d acceptances of the share look alike: tell them apart in the portal", len(found))
	}
	return found[0].record, nil
}

// differ reports whether two texts are both known and not the same.
func differ(a, b *string) bool { return value(a) != "" && value(b) != "" && *a != *b }

// stateWait is how long both sides may take to show a new state.
const stateWait = 2 * time.Minute

// until reads both sides until both show the status.
func (h *hand) until(ctx context.Context, status string) (*Access, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, stateWait, fmt.Errorf("not %s on both sides after "+
		"%s", status, stateWait))
	defer cancel()
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, pollEvery) {
		ours, err := h.provider.GetByShare(ctx, h.share.ResourceGroupName, h.share.Parent.Name, h.share.Name, h.record,
			nil)
		if err != nil {
			return nil, err
		}
		theirs, err := h.consumer.Get(ctx, h.subscription.ResourceGroupName, h.subscription.Parent.Name,
			h.subscription.Name, nil)
		if err != nil {
			return nil, err
		}
		if ours.Properties != nil && theirs.Properties != nil {
			h.access.ProviderStatus = string(value(ours.Properties.ShareSubscriptionStatus))
			h.access.ConsumerStatus = string(value(theirs.Properties.ShareSubscriptionStatus))
			h.access.Expiration = ours.Properties.ExpirationDate
		}
		if h.access.ProviderStatus == status && h.access.ConsumerStatus == status {
			return &h.access, nil
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, fmt.Errorf("%s at %s is %s at the provider and %s at the consumer: %w",
				h.access.Share, h.access.Consumer, h.access.ProviderStatus, h.access.ConsumerStatus, context.Cause(ctx))
		}
	}
}

func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
