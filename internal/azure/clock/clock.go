// Package clock is the embedded Azure's time: the machine's, plus an offset that only grows and that is kept in the
// state file, so that a clock that was moved forward stays so.
package clock

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/crossorg/crossorg/internal/azure/store"
)

const (
	table = "clock"
	key   = "offset"
)

// Clock tells the embedded Azure's time. Its methods are safe for concurrent use.
type Clock struct {
	st      *store.Store
	machine func() time.Time

	moving sync.Mutex // held by MoveTo alone: it waits for the state file, whose transactions ask for the time
	mu     sync.Mutex
	offset time.Duration
	behind time.Duration // how far a held clock is from the present; never kept
	moved  chan struct{} // closed, and replaced, whenever the clock is set forward
}

// New reads the offset from the state file. machine is the clock that it is added to; nil is the machine's.
func New(st *store.Store, machine func() time.Time) (*Clock, error) {
	c := &Clock{st: st, machine: machine, moved: make(chan struct{})}
	if c.machine == nil {
		c.machine = time.Now
	}
	err := st.View(func(tx *store.Tx) error {
		_, err := tx.Get(table, key, &c.offset)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the clock: %w", err)
	}
	return c, nil
}

// Now is the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.present().Add(-c.behind)
}

// present is the time of a clock that is not held. The caller holds c.mu.
func (c *Clock) present() time.Time { return c.machine().Add(c.offset) }

// Hold sets the clock back to t, a time that passed while the embedded Azure was closed; Follow brings it to the
// present from there. Call it on opening, before anything reads the time. A t in the future changes nothing.
func (c *Clock) Hold(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.behind = max(0, c.present().Sub(t))
}

// Follow sets a held clock forward to t, at most to the present, and reports whether it has arrived there. It never
// goes back.
func (c *Clock) Follow(t time.Time) (present bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.behind = max(0, min(c.behind, c.present().Sub(t)))
	close(c.moved)
	c.moved = make(chan struct{})
	return c.behind == 0
}

// Offset is how far the clock is ahead of the machine's.
func (c *Clock) Offset() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.offset
}

// MoveTo sets the clock forward to t, durably before it returns. A t that has passed changes nothing: the clock never
// goes back. Sleepers whose time comes by t wake.
func (c *Clock) MoveTo(t time.Time) error {
	c.moving.Lock()
	defer c.moving.Unlock()
	offset := t.Round(0).Sub(c.machine().Round(0))
	if offset <= c.Offset() {
		return nil
	}
	if err := c.st.Update(func(tx *store.Tx) error { return tx.Put(table, key, offset) }); err != nil {
		return fmt.Errorf("move the clock: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset = offset
	close(c.moved)
	c.moved = make(chan struct{})
	return nil
}

// Sleep waits until d has passed on the clock, or fails with the context's error.
func (c *Clock) Sleep(ctx context.Context, d time.Duration) error {
	until := c.Now().Add(d)
	for {
		c.mu.Lock()
		left, moved := until.Sub(c.present().Add(-c.behind)), c.moved
		c.mu.Unlock()
		if left <= 0 {
			return nil
		}
		timer := time.NewTimer(left)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-moved:
			timer.Stop()
		case <-timer.C:
		}
	}
}
