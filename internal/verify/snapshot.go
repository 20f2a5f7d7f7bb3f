package verify

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/crossorg/crossorg/internal/checks"
	"github.com/crossorg/crossorg/internal/rules"
	"github.com/crossorg/crossorg/internal/stack"
)

// snapshot checks that the newest snapshot that has ended succeeded, and is no older than the schedule allows.
func (r *run) snapshot(share string, s stack.Share, consumer string, c stack.Consumer) checks.Question {
	a := checks.About(consumer, c.SubscriptionID)
	sync := fmt.Sprintf("crossorg sync %s --consumer %s", share, consumer)
	return checks.Question{Label: "snapshots of " + share + " at " + consumer,
		Ask: func(ctx context.Context) []checks.Check {
			due := r.due(ctx, s, consumer, c)
			for until := time.Now().Add(r.Settle); ; {
				history, err := stack.History(ctx, r.Access, consumer, c.SubscriptionID)
				if err != nil {
					return r.unreadable(a, "snapshot", succeeded, err)
				}
				rows := r.judgeSnapshot(a, history, due, sync)
				if rows[len(rows)-1].OK || time.Now().After(until) || ctx.Err() != nil {
					return rows
				}
				time.Sleep(200 * time.Millisecond)
			}
		}}
}

// schedule says how old the newest snapshot may be, and from when on that is asked for.
type schedule struct {
	allowed time.Duration
	since   time.Time
}

// due reads a consumer's schedule: it counts from the later of its own start and the trigger's creation. What cannot be
// read is reported by the checks of schedule and trigger, and counts as daily here.
func (r *run) due(ctx context.Context, s stack.Share, consumer string, c stack.Consumer) schedule {
	due := schedule{allowed: rules.SnapshotTolerance(rules.Day)}
	later := func(text string) {
		if t, err := time.Parse(time.RFC3339, text); err == nil && t.After(due.since) {
			due.since = t
		}
	}
	settings, err := r.reader.List(ctx, s.Provider, s.ShareID+"/synchronizationSettings", dataShareVersion, nil)
	if err == nil && len(settings) == 1 {
		if t := rules.SnapshotTolerance(settings[0].Text("recurrenceInterval")); t > 0 {
			due.allowed = t
		}
		later(settings[0].Text("synchronizationTime"))
	}
	triggers, err := r.reader.List(ctx, consumer, c.SubscriptionID+"/triggers", dataShareVersion, nil)
	if err == nil && len(triggers) == 1 {
		later(triggers[0].Text("createdAt"))
	}
	return due
}

func (r *run) judgeSnapshot(
	a checks.Subject, history []stack.Run, due schedule, advice string,
) []checks.Check {
	var newest stack.Run
	for _, s := range history {
		if s.End.After(newest.End) {
			newest = s
		}
	}
	if !newest.Ended() {
		return []checks.Check{a.Is("snapshot", succeeded, false, "no snapshot has ended", advice)}
	}
	seen := orNothing(newest.Status)
	if newest.Message != "" && newest.Status != succeeded {
		seen += ": " + newest.Message
	}
	now := r.reader.Now()
	age, late := max(now.Sub(newest.End), 0).Round(time.Second), now.Sub(due.since) > due.allowed
	return []checks.Check{
		a.Is("snapshot", succeeded, newest.Status == succeeded, seen, "mend what it says, then "+advice),
		a.Is("snapshot-age", "at most "+due.allowed.String(), age <= due.allowed || !late, age.String(),
			"see that the trigger is Active, then "+advice),
	}
}

// noContent judges a data set without files at the provider. A folder or container may be empty, unless there were
// files once: the consumer keeps what arrived.
func (r *run) noContent(ctx context.Context, provider, consumer, set string, d stack.DataSet) []checks.Check {
	const expected = "equal at both ends (SHA-256)"
	a := checks.About(provider, d.Source.StorageAccountID+"/blobServices/default/containers/"+d.Source.Container)
	arrived, err := r.files.Arrived(ctx, consumer, d)
	if err != nil {
		return r.unreadable(a, "blob", expected, err)
	}
	seen := strings.TrimSuffix("no files in data set "+set+" ("+d.Source.Path+")", " ()")
	if arrived > 0 {
		seen += fmt.Sprintf(", and %d at %s", arrived, consumer)
	}
	return []checks.Check{a.Is("blob", expected, d.Kind != rules.Blob && arrived == 0, seen,
		"upload the source: "+r.restore())}
}

// content checks that a data set's files are at both ends and equal.
func (r *run) content(share, provider, consumer, set string, d stack.DataSet) checks.Question {
	a := checks.About(consumer, d.Target.StorageAccountID+"/blobServices/default/containers/"+d.Target.Container)
	const expected = "equal at both ends (SHA-256)"
	advice := fmt.Sprintf("crossorg sync %s --consumer %s --full", share, consumer)
	return checks.Question{Label: "the files of " + set + " at " + consumer,
		Ask: func(ctx context.Context) []checks.Check {
			files, err := r.files.Compare(ctx, provider, consumer, d)
			if err != nil {
				return r.unreadable(a, "blob", expected, err)
			}
			if len(files) == 0 {
				return r.noContent(ctx, provider, consumer, set, d)
			}
			rows := r.sources(provider, set, d, files)
			for _, f := range files {
				seen := fmt.Sprintf("%d bytes, %s", f.Bytes, f.SHA256)
				switch {
				case f.SHA256 == "":
					seen = "it did not arrive"
				case !f.Equal():
					seen = f.SHA256 + " is not the provider's " + f.SourceSHA256
				}
				rows = append(rows, a.On(last(d.Target.StorageAccountID)+"/"+f.Path).Is("blob", expected,
					f.Equal(), seen, advice))
			}
			return rows
		}}
}

// sources checks that the provider's files are those that the stack uploaded. More files than those are others', which
// leaves nothing to compare with.
func (r *run) sources(provider, set string, d stack.DataSet, files []stack.SnapshotFile) []checks.Check {
	if d.Source.SHA256 == "" || len(files) > d.Source.Files {
		return nil
	}
	digests := map[string]string{}
	for _, f := range files {
		digests[f.Name] = f.SourceSHA256
	}
	seen := rules.FilesDigest(digests)
	if n := len(files); n < d.Source.Files {
		seen = fmt.Sprintf("%d of %d files", n, d.Source.Files)
	}
	place := last(d.Source.StorageAccountID) + "/" + d.Source.Container
	if d.Source.Path != "" {
		place += "/" + d.Source.Path
	}
	return []checks.Check{checks.About(provider, place).Is("source", "as uploaded (SHA-256 "+d.Source.SHA256+")",
		seen == d.Source.SHA256, seen, "data set "+set+" was changed since: delete what is there, "+r.restore())}
}
