package arm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/crossorg/crossorg/internal/azure/store"
)

// Ran is a job that ran.
type Ran struct {
	// Resource is the id of the resource that the job belongs to, Job the job's name.
	Resource string `json:"resource"`
	Job      string `json:"job"`
	// Due is the time it was scheduled for, Time the time it began, both on the embedded Azure's clock.
	Due  time.Time `json:"due"`
	Time time.Time `json:"time"`
	// Error is the job's error; empty if it succeeded.
	Error string `json:"error,omitempty"`
	// skipped is set when the resource was deleted before the job ran.
	skipped bool
}

// Advanced is the result of moving the clock.
type Advanced struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// Ran are the jobs that came due, in the order of their ends.
	Ran []Ran `json:"ran"`
}

// Advance moves the clock forward by a positive duration and waits until no due job is left. The clock stops at the
// time of each job on the way, so that jobs run in the order of their times and each sees its own as the present. When
// the context ends, the clock stays where it is.
func (s *Server) Advance(ctx context.Context, by time.Duration) (out Advanced, err error) {
	if by <= 0 {
		return Advanced{}, fmt.Errorf("the clock can only be moved forward, not by %s", by)
	}
	s.advancing.Lock()
	defer s.advancing.Unlock()
	out.From = s.Now()
	target := out.From.Add(by)
	ran := []Ran{}
	s.jobs.mu.Lock()
	s.jobs.ran = &ran
	s.jobs.mu.Unlock()
	defer func() {
		s.jobs.mu.Lock()
		defer s.jobs.mu.Unlock()
		s.jobs.ran, out.Ran, out.To = nil, ran, s.Now()
	}()
	for {
		if err := s.settle(ctx); err != nil {
			return out, err
		}
		next, ok, err := s.nextJob()
		if err != nil {
			return out, err
		}
		arrived := !ok || next.After(target)
		if arrived {
			next = target
		}
		if err := s.clock.MoveTo(next); err != nil {
			return out, err
		}
		s.Wake()
		if arrived {
			return out, s.settle(ctx)
		}
	}
}

// settle waits until all due jobs have ended.
func (s *Server) settle(ctx context.Context) error {
	for {
		s.jobs.mu.Lock()
		due, _ := s.dueJobs(nil, 1)
		busy, changed := len(s.jobs.running) > 0 || len(due) > 0, s.jobs.changed
		s.jobs.mu.Unlock()
		if !busy {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		case <-s.ctx.Done():
			return errors.New("the embedded Azure was closed while its clock was moved")
		}
	}
}

// nextJob is the time of the next job; ok is false without one.
func (s *Server) nextJob() (at time.Time, ok bool, err error) {
	errFound := errors.New("found")
	err = s.st.View(func(tx *store.Tx) error {
		return tx.Scan(tableJobs, "", func(_ string, raw []byte) error {
			var j jobRecord
			if err := json.Unmarshal(raw, &j); err != nil {
				return err
			}
			at, ok = j.At, true
			return errFound
		})
	})
	if errors.Is(err, errFound) {
		err = nil
	}
	return at, ok, err
}
