package components

import (
	"context"
	"sync"
	"testing"
	"time"
)

// Noon is the time while the clock stands still.
var Noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// Waits are the waits that a stopped clock has recorded.
type Waits struct {
	mu  sync.Mutex
	all []time.Duration
}

// All are the waits so far.
func (w *Waits) All() []time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.all
}

// StopClock makes it Noon for the rest of the test, and lets waits end at once, with err.
func StopClock(t *testing.T, err error) *Waits {
	t.Helper()
	before := wallClock
	t.Cleanup(func() { wallClock = before })
	w := &Waits{}
	wallClock = clock{
		now: func() time.Time { return Noon },
		sleep: func(_ context.Context, d time.Duration) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.all = append(w.all, d)
			return err
		},
	}
	return w
}

// FixedAtCreation is what the components say about a type, such as "datashare:Share": the paths of properties that
// Azure fixes when it creates a resource, and whether the old one has to go before the new one. known is false for a
// type that is not listed.
func FixedAtCreation(kind string) (fixed []string, oneAtATime, known bool) {
	c, known := creations[kind]
	return c.fixed, c.oneAtATime, known
}
