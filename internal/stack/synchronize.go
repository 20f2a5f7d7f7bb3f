package stack

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/datashare/armdatashare"
)

// Synchronized is the outcome of a requested snapshot.
type Synchronized struct {
	Share    string `json:"share"`
	Consumer string `json:"consumer"`
	// Run is the snapshot; nil if it is not in the history.
	Run *Run `json:"run,omitempty"`
	// Files at both ends.
	Files []SnapshotFile `json:"files"`
	// History is the newest first, the run among it.
	History []Run `json:"history"`
	// Problem says why it is not OK; empty if it is.
	Problem string `json:"problem,omitempty"`
}

// historyLength is how much of the history is shown.
const historyLength = 10

// Delivery is a share at one of its consumers, by name.
type Delivery struct{ Share, Consumer string }

// Deliveries are all shares at all their consumers, sorted by share and consumer.
func Deliveries(shares map[string]Share) []Delivery {
	var all []Delivery
	for _, share := range slices.Sorted(maps.Keys(shares)) {
		for _, consumer := range slices.Sorted(maps.Keys(shares[share].Consumers)) {
			all = append(all, Delivery{share, consumer})
		}
	}
	return all
}

// forEach calls do for every delivery, up to Concurrency at the same time, and returns when all have ended. do is given
// the delivery's place.
func forEach(deliveries []Delivery, do func(i int, d Delivery)) {
	limit := make(chan struct{}, Concurrency)
	var wg sync.WaitGroup
	for i, d := range deliveries {
		limit <- struct{}{}
		wg.Go(func() {
			defer func() { <-limit }()
			do(i, d)
		})
	}
	wg.Wait()
}

// SynchronizeAll is Synchronize for every delivery, up to Concurrency at the same time. Results and errors are in the
// order of the deliveries.
func SynchronizeAll(
	ctx context.Context, access *Access, shares map[string]Share, deliveries []Delivery, full bool, progress io.Writer,
) ([]*Synchronized, []error) {
	runs, errs := make([]*Synchronized, len(deliveries)), make([]error, len(deliveries))
	forEach(deliveries, func(i int, d Delivery) {
		runs[i], errs[i] = Synchronize(ctx, access, d.Share, shares[d.Share], d.Consumer, full, progress)
	})
	return runs, errs
}

// Synchronize starts a snapshot of a share at a consumer and follows it to its end. full copies everything again, not
// only what changed. A failed snapshot is a Problem and no error; errors are for failed requests.
func Synchronize(
	ctx context.Context, access *Access, name string, share Share, consumer string, full bool, progress io.Writer,
) (*Synchronized, error) {
	c, err := share.Find(consumer)
	if err != nil {
		return nil, err
	}
	sub, err := openSubscription(access, consumer, c.SubscriptionID)
	if err != nil {
		return nil, err
	}
	mode := armdatashare.SynchronizationModeIncremental
	if full {
		mode = armdatashare.SynchronizationModeFullSync
	}
	before, err := sub.history(ctx)
	if err != nil {
		return nil, err
	}
	what := "snapshot of " + name + " at " + consumer
	operation, err := sub.synchronize(ctx, mode)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	fmt.Fprintf(progress, "%s started\n", what)
	failed := follow(ctx, operation, what, progress)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	out := &Synchronized{Share: name, Consumer: consumer, Files: []SnapshotFile{}}
	if err := out.readRun(ctx, sub, before); err != nil {
		return nil, err
	}
	if err := out.readFiles(ctx, access, share.Provider, c.DataSets); err != nil {
		return nil, err
	}
	out.Problem = out.problem(failed)
	return out, nil
}

// readRun reads the history, and the details of the newest run that was not there before.
func (s *Synchronized) readRun(ctx context.Context, sub *subscription, before []Run) error {
	history, err := sub.history(ctx)
	if err != nil {
		return err
	}
	s.History = history[:min(len(history), historyLength)]
	i := slices.IndexFunc(history, func(r Run) bool {
		return !slices.ContainsFunc(before, func(b Run) bool { return b.SynchronizationID == r.SynchronizationID })
	})
	if i < 0 {
		return nil
	}
	run := history[i]
	run.DataSets, err = sub.details(ctx, run.SynchronizationID)
	s.Run = &run
	return err
}

// readFiles compares the files at both ends of all data sets.
func (s *Synchronized) readFiles(
	ctx context.Context, access *Access, provider string, sets map[string]DataSet,
) error {
	reader := &FileReader{Access: access}
	for _, name := range slices.Sorted(maps.Keys(sets)) {
		files, err := reader.Compare(ctx, provider, s.Consumer, sets[name])
		if err != nil {
			return fmt.Errorf("data set %s %w", name, err)
		}
		s.Files = append(s.Files, files...)
	}
	return nil
}

func (s *Synchronized) problem(failed error) string {
	switch {
	case s.Run != nil && s.Run.Status != Succeeded:
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
