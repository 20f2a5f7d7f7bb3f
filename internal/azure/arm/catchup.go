package arm

import (
	"context"
	"time"
)

// longestMissed bounds how far back jobs are made up for at their own times; what is older runs as of then. It is how
// long Data Share keeps its history.
const longestMissed = 30 * 24 * time.Hour

// hold sets the clock back to the first job that came due while nothing ran.
func (s *Server) hold() error {
	next, ok, err := s.nextJob()
	if err != nil || !ok {
		return err
	}
	if earliest := s.Now().Add(-longestMissed); next.Before(earliest) {
		next = earliest
	}
	s.clock.Hold(next)
	return nil
}

// CatchUp runs the jobs that came due while nothing ran, for a Server that was made with Options.CatchUp: in the order
// of their times, each of which is the present to its job, and with those that they bring about. Then the clock tells
// the time again; what fails with a context ends at the present, too. Call it once what jobs reach out to can be
// reached.
func (s *Server) CatchUp(ctx context.Context) error {
	s.advancing.Lock()
	defer s.advancing.Unlock()
	ran := []Ran{}
	s.jobs.mu.Lock()
	s.jobs.ran = &ran // one after the other
	s.jobs.mu.Unlock()
	defer func() {
		s.clock.Follow(s.Now().Add(2 * longestMissed))
		s.jobs.mu.Lock()
		s.jobs.ran = nil
		s.jobs.mu.Unlock()
		s.Wake()
	}()
	for {
		if err := s.settle(ctx); err != nil {
			return err
		}
		next, ok, err := s.nextJob()
		if err != nil {
			return err
		}
		if !ok || s.clock.Follow(next) {
			return nil
		}
		s.Wake()
	}
}
