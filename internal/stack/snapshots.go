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
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/datashare/armdatashare"

	"github.com/crossorg/crossorg/internal/rules"
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
	// Missing are the blobs, each as "<container>/<name>", that are data sets and that the provider does not have. A
	// folder or container without files is none.
	Missing []string `json:"missing,omitempty"`
}

const statusNone = "None"

// OK reports whether the snapshot succeeded and left every file equal at both ends.
func (s Snapshot) OK() bool { return s.Problem() == "" }

// Problem says why a snapshot is not OK; empty if it is.
func (s Snapshot) Problem() string {
	switch {
	case s.Status == statusNone:
		return "no snapshot has run"
	case s.Status != Succeeded:
		return strings.TrimSpace("snapshot " + s.Status + ": " + s.Message)
	}
	var problems []string
	for _, blob := range s.Missing {
		problems = append(problems, "the provider has no "+blob)
	}
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

// wanting reports whether another snapshot may mend what is the matter: there was none, the last one failed, or a file
// is missing or differs at the consumer. A share whose data sets have no files wants nothing.
func (s Snapshot) wanting() bool {
	return s.Status != Succeeded ||
		slices.ContainsFunc(s.Files, func(f SnapshotFile) bool { return !f.Equal() })
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
	// Wait waits for a running snapshot. Then it asks for one, once, where none has run or where one is wanting, and
	// waits for that. When a schedule takes its first snapshot is left open: Microsoft's pages differ
	// (learn.microsoft.com/azure/data-share/subscribe-to-data-share).
	Wait bool
	// Progress gets a line for everything that is waited for.
	Progress io.Writer
}

// Read returns the snapshots of all shares, sorted by share and consumer.
func (r *SnapshotReader) Read(ctx context.Context, shares map[string]Share) ([]Snapshot, error) {
	files := &FileReader{Access: r.Access}
	deliveries := Deliveries(shares)
	snapshots, errs := make([]Snapshot, len(deliveries)), make([]error, len(deliveries))
	forEach(deliveries, func(i int, d Delivery) {
		s, err := r.read(ctx, files, d.Share, shares[d.Share], d.Consumer)
		if err != nil {
			err = fmt.Errorf("snapshot of share %s at %s: %w", d.Share, d.Consumer, err)
		}
		s.Share, s.Consumer = d.Share, d.Consumer
		snapshots[i], errs[i] = s, err
	})
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
	last, err := r.newest(ctx, sub, what)
	if err != nil {
		return Snapshot{}, err
	}
	asked := r.Wait && last == nil
	if asked {
		if last, err = r.another(ctx, sub, what, "none has run, asking for one"); err != nil {
			return Snapshot{}, err
		}
	}
	s, err := snapshotOf(ctx, files, share.Provider, consumer, c, last)
	if err != nil || asked || !r.Wait || !s.wanting() {
		return s, err
	}
	if last, err = r.another(ctx, sub, what, "it is not whole, asking for another"); err != nil {
		return s, err
	}
	// What was read of the originals stands; the copies are new.
	files.forget(c.DataSets)
	return snapshotOf(ctx, files, share.Provider, consumer, c, last)
}

// another asks for a snapshot, saying why, and returns the newest run when it has ended.
func (r *SnapshotReader) another(ctx context.Context, s *subscription, what, why string) (*Run, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, snapshotWait, fmt.Errorf("no end after %s", snapshotWait))
	defer cancel()
	fmt.Fprintf(r.Progress, "  %s: %s\n", what, why)
	operation, err := s.synchronize(ctx, armdatashare.SynchronizationModeIncremental)
	if err != nil {
		return nil, err
	}
	// A snapshot that fails is in the history, with its reason.
	if failed := follow(ctx, operation, what, r.Progress); failed != nil && ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return r.newest(ctx, s, what)
}

// newest returns the newest run, or nil without one; when waiting, not before all have ended.
func (r *SnapshotReader) newest(ctx context.Context, s *subscription, what string) (*Run, error) {
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
		return !r.Wait || !slices.ContainsFunc(runs, func(run Run) bool { return !run.Ended() }), nil
	})
	return newest, err
}

// snapshotOf reads the files at both ends of a consumer's data sets, after a run.
func snapshotOf(
	ctx context.Context, files *FileReader, provider, consumer string, c Consumer, run *Run,
) (Snapshot, error) {
	s := Snapshot{Status: statusNone, Files: []SnapshotFile{}}
	if run != nil {
		s.Status = run.Status
		if s.Status != Succeeded {
			s.Message = run.Message
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.DataSets)) {
		compared, err := files.Compare(ctx, provider, consumer, c.DataSets[name])
		if err != nil {
			return s, fmt.Errorf("data set %s %w", name, err)
		}
		if d := c.DataSets[name]; d.Kind == rules.Blob && len(compared) == 0 {
			s.Missing = append(s.Missing, d.Source.Container+"/"+d.Source.Path)
		}
		s.Files = append(s.Files, compared...)
	}
	slices.SortFunc(s.Files, func(a, b SnapshotFile) int { return cmp.Compare(a.Path, b.Path) })
	return s, nil
}
