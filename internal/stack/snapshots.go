package stack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/datashare/armdatashare"
)

// Snapshot is the state of the newest snapshot of a share at a consumer, with the files at both ends.
type Snapshot struct {
	Share    string `json:"share"`
	Consumer string `json:"consumer"`
	// Status is Data Share's own word: Succeeded, Failed, PartiallySucceeded, Cancelled ... None is ours: the share has
	// no snapshot there.
	Status string `json:"status"`
	// Message is Data Share's explanation of a status that is not Succeeded.
	Message string         `json:"message,omitempty"`
	Files   []SnapshotFile `json:"files"`
	// began is when the snapshot started; zero without one.
	began time.Time
}

const statusNone = "None"

// OK reports whether the snapshot succeeded, carried something, and left every file equal at both ends.
func (s Snapshot) OK() bool { return s.Problem() == "" }

// Problem says why a snapshot is not OK; empty if it is.
func (s Snapshot) Problem() string {
	switch {
	case s.Status == statusNone:
		return "no snapshot has run"
	case s.Status != Succeeded:
		return strings.TrimSpace("snapshot " + s.Status + ": " + s.Message)
	case len(s.Files) == 0:
		return "the provider has no files in any data set of the share"
	}
	var problems []string
	for _, f := range s.Files {
		switch {
		case f.SHA256 == "":
			problems = append(problems, f.Path+" did not arrive")
		case !f.Equal():
			problems = append(problems, f.Path+" differs from the provider's file")
		}
	}
	return strings.Join(problems, "; ")
}

// outdated reports whether a successful snapshot differs only because the originals changed after it.
func (s Snapshot) outdated() bool {
	return s.Status == Succeeded && slices.ContainsFunc(s.Files, func(f SnapshotFile) bool {
		return f.SHA256 != f.SourceSHA256 && f.sourceModified.After(s.began)
	})
}

const (
	// Concurrency is how many shares are read at the same time.
	Concurrency = 8
	// snapshotWait is how long the end of a snapshot is waited for; Data Share itself allows hours.
	snapshotWait = 30 * time.Minute
)

// SnapshotReader reads the snapshots of shares and the files at both ends.
type SnapshotReader struct {
	Access *Access
	// Wait waits for the first snapshot of each subscription and for a running one, and asks for a new snapshot where
	// the originals are newer than the last.
	Wait bool
	// Progress gets a line for everything that is waited for.
	Progress io.Writer
}

// Read returns the snapshots of all shares, sorted by share and consumer.
func (r *SnapshotReader) Read(ctx context.Context, shares map[string]Share) ([]Snapshot, error) {
	files := &FileReader{Access: r.Access}
	type task struct{ share, consumer string }
	var tasks []task
	for _, share := range slices.Sorted(maps.Keys(shares)) {
		for _, consumer := range slices.Sorted(maps.Keys(shares[share].Consumers)) {
			tasks = append(tasks, task{share, consumer})
		}
	}
	snapshots := make([]Snapshot, len(tasks))
	errs := make([]error, len(tasks))
	limit := make(chan struct{}, Concurrency)
	var wg sync.WaitGroup
	for i, t := range tasks {
		limit <- struct{}{}
		wg.Go(func() {
			defer func() { <-limit }()
			s, err := r.read(ctx, files, t.share, shares[t.share], t.consumer)
			if err != nil {
				err = fmt.Errorf("snapshot of share %s at %s: %w", t.share, t.consumer, err)
			}
			s.Share, s.Consumer = t.share, t.consumer
			snapshots[i], errs[i] = s, err
		})
	}
	wg.Wait()
	return snapshots, errors.Join(errs...)
}

func (r *SnapshotReader) read(
	ctx context.Context, files *FileReader, name string, share Share, consumer string,
) (Snapshot, error) {
	c := share.Consumers[consumer]
	sub, err := openSubscription(r.Access, consumer, c.SubscriptionID)
	if err != nil {
		return Snapshot{}, err
	}
	what := "snapshot of " + name + " at " + consumer
	last, err := r.settled(ctx, sub, what, nil)
	if err != nil {
		return Snapshot{}, err
	}
	s, err := snapshotOf(ctx, files, share.Provider, consumer, c, last)
	if err != nil || !r.Wait || !s.outdated() {
		return s, err
	}
	fmt.Fprintf(r.Progress, "%s: the provider's files are newer, asking for another\n", what)
	if _, err := sub.synchronize(ctx, armdatashare.SynchronizationModeIncremental); err != nil {
		return s, err
	}
	if last, err = r.settled(ctx, sub, what, last); err != nil {
		return s, err
	}
	// What was read of the originals stands; the copies are new.
	files.forget(c.DataSets)
	return snapshotOf(ctx, files, share.Provider, consumer, c, last)
}

// settled returns the newest run, or nil without one; when waiting, not before a run other than previous has ended.
func (r *SnapshotReader) settled(ctx context.Context, s *subscription, what string, previous *Run) (*Run, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, snapshotWait, fmt.Errorf("no end after %s", snapshotWait))
	defer cancel()
	var newest *Run
	err := poll(ctx, what, r.Progress, func() (bool, error) {
		runs, err := s.history(ctx)
		if err != nil {
			return false, err
		}
		if len(runs) > 0 {
			newest = &runs[0]
		}
		return !r.Wait || newest != nil && newest.Ended() &&
			(previous == nil || newest.SynchronizationID != previous.SynchronizationID), nil
	})
	return newest, err
}

// snapshotOf reads the files at both ends of a consumer's data sets, after a run.
func snapshotOf(
	ctx context.Context, files *FileReader, provider, consumer string, c Consumer, run *Run,
) (Snapshot, error) {
	s := Snapshot{Status: statusNone, Files: []SnapshotFile{}}
	if run != nil {
		s.Status, s.began = run.Status, run.Start
		if s.Status != Succeeded {
			s.Message = run.Message
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.DataSets)) {
		compared, err := files.Compare(ctx, provider, consumer, c.DataSets[name])
		if err != nil {
			return s, fmt.Errorf("data set %s %w", name, err)
		}
		s.Files = append(s.Files, compared...)
	}
	slices.SortFunc(s.Files, func(a, b SnapshotFile) int { return cmp.Compare(a.Path, b.Path) })
	return s, nil
}
