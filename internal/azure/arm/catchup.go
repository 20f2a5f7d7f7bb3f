package arm

import (
	"context"
	"time"
)

// longestMissed is how far back missed jobs run at their own times; older ones run as of then. Data Share keeps its
// history that long.
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
// the time again, also when the context ends before. Call it when the endpoints that jobs use are open.
func (s *Server) CatchUp(ctx context.Context) error {
	s.advancing.Lock()
	defer s.advancing.Unlock()
	ran := []Ran{}
	s.jobs.mu.Lock()
	s.jobs.ran = &ran // runs the jobs one after the other
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
