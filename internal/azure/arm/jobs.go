package arm

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/crossorg/crossorg/internal/azure/store"
)

const (
	tableJobs = "jobs"
	// jobWorkers bounds how many jobs run at once.
	jobWorkers = 4
)

// jobRecord is a job that waits for its time or runs.
type jobRecord struct {
	ID       string `json:"id"`
	Resource string `json:"resource"`
	// Instance is the resource's; "" in records of older state files.
	Instance  string         `json:"instance,omitempty"`
	Job       string         `json:"job"`
	At        time.Time      `json:"at"`
	Payload   map[string]any `json:"payload,omitempty"`
	Operation string         `json:"operation,omitempty"`
}

// key orders jobs by their time.
func (j jobRecord) key() string { return j.At.UTC().Format("20060102T150405.000000000") + "/" + j.ID }

// Withdraw takes back the jobs of a resource that have been arranged with EnqueueDetached and whose payload matches.
// One that is running already runs to its end.
func (c *Call) Withdraw(resource ID, job string, matches func(payload map[string]any) bool) *Error {
	var keys []string
	err := c.Tx.Scan(tableJobs, "", func(key string, raw []byte) error {
		var j jobRecord
		if err := json.Unmarshal(raw, &j); err != nil {
			return err
		}
		if j.Job == job && j.Operation == "" && strings.EqualFold(j.Resource, resource.String()) && matches(j.Payload) {
			keys = append(keys, key)
		}
		return nil
	})
	for _, key := range keys {
		err = errors.Join(err, c.Tx.Delete(tableJobs, key))
	}
	if err != nil {
		return InternalError(err)
	}
	return nil
}

func (s *Server) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// jobBoard is the state of the job runner.
type jobBoard struct {
	mu      sync.Mutex
	running map[string]bool // by job key and by resource
	changed chan struct{}   // closed, and replaced, when a job ends
	ran     *[]Ran          // where an Advance in progress collects what ran
}

// begin marks a due job as running. The board is locked.
func (b *jobBoard) begin(j jobRecord) { b.running[j.key()], b.running[j.Resource] = true, true }

func (b *jobBoard) end(j jobRecord, r Ran) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.running, j.key())
	delete(b.running, j.Resource)
	if b.ran != nil && !r.skipped {
		*b.ran = append(*b.ran, r)
	}
	close(b.changed)
	b.changed = make(chan struct{})
}

// runJobs hands due jobs to workers until the server closes. Jobs of one resource never overlap.
func (s *Server) runJobs() {
	defer s.done.Done()
	b := &s.jobs
	var workers sync.WaitGroup
	defer workers.Wait()
	for {
		b.mu.Lock()
		room := jobWorkers
		if b.ran != nil {
			room = 1 // while the clock moves, jobs run one at a time in the order of their times
		}
		due, next := s.dueJobs(b.running, room-len(b.running)/2)
		for _, j := range due {
			b.begin(j)
			workers.Add(1)
			go func() {
				defer workers.Done()
				b.end(j, s.runJob(j))
				s.signal()
			}()
		}
		b.mu.Unlock()
		timer := time.NewTimer(next)
		select {
		case <-s.ctx.Done():
			timer.Stop()
			return
		case <-s.wake:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// dueJobs picks at most room due jobs, and returns how long to wait for the next one.
func (s *Server) dueJobs(running map[string]bool, room int) ([]jobRecord, time.Duration) {
	const longest = time.Minute
	now := s.now().UTC()
	var due []jobRecord
	next := longest
	picked := map[string]bool{}
	errFull := fmt.Errorf("no room")
	err := s.st.View(func(tx *store.Tx) error {
		return tx.Scan(tableJobs, "", func(key string, raw []byte) error {
			if len(due) >= room {
				return errFull
			}
			var j jobRecord
			if err := json.Unmarshal(raw, &j); err != nil {
				return err
			}
			if j.At.After(now) {
				next = min(longest, j.At.Sub(now))
				return errFull
			}
			if !running[key] && !running[j.Resource] && !picked[j.Resource] {
				picked[j.Resource] = true
				due = append(due, j)
			}
			return nil
		})
	})
	if err != nil && err != errFull {
		return nil, time.Second
	}
	return due, next
}

func (s *Server) runJob(j jobRecord) (ran Ran) {
	ran = Ran{Resource: j.Resource, Job: j.Job, Due: j.At, Time: s.Now()}
	var res *Resource
	err := s.View(func(c *Call) error {
		res, _ = c.GetByID(j.Resource)
		return nil
	})
	var jobErr *Error
	switch {
	case err != nil:
		jobErr = InternalError(err)
	case res == nil || j.Instance != "" && j.Instance != res.Instance():
		ran.skipped = true
	default:
		t := s.lookup(res.ID.Type())
		run := t.Jobs[j.Job]
		if run == nil {
			jobErr = Errorf(http.StatusInternalServerError, "InternalServerError", "%s has no job %q", t.Name, j.Job)
		} else {
			jobErr = run(s.ctx, s, res, j.Payload)
		}
	}
	if jobErr != nil {
		ran.Error = jobErr.Error()
	}
	if s.ctx.Err() != nil {
		return ran // closing: the job stays in the table and runs again
	}
	_ = s.Update(func(c *Call) error { // on failure the job stays and runs again
		c.Tx.MakesRoom() // the rest of what was accepted
		if err := c.Tx.Delete(tableJobs, j.key()); err != nil {
			return err
		}
		if j.Operation == "" {
			return nil
		}
		var op operation
		ok, err := c.Tx.Get(tableOperations, j.Operation, &op)
		if err != nil || !ok {
			return err
		}
		op.Pending--
		if jobErr != nil {
			op.Error, op.ErrorStatus = jobErr, jobErr.Status
		}
		op.settle(c.Now)
		return c.Tx.Put(tableOperations, op.ID, op)
	})
	return ran
}
