package clock_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/clock"
	"github.com/crossorg/crossorg/internal/azure/store"
)

func open(t *testing.T, path string) (*clock.Clock, *store.Store) {
	t.Helper()
	st, err := store.Open(path)
	require.NoError(t, err)
	c, err := clock.New(st, nil)
	require.NoError(t, err)
	return c, st
}

func TestAClockThatWasNotMovedIsTheMachines(t *testing.T) {
	c, st := open(t, filepath.Join(t.TempDir(), "state.db"))
	defer st.Close()
	require.WithinDuration(t, time.Now(), c.Now(), time.Second)
	require.Zero(t, c.Offset())
}

func TestAMovedClockStaysMovedAfterAReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	c, st := open(t, path)
	require.NoError(t, c.MoveTo(time.Now().Add(48*time.Hour)))
	require.WithinDuration(t, time.Now().Add(48*time.Hour), c.Now(), time.Second)
	require.NoError(t, st.Close())

	again, st := open(t, path)
	defer st.Close()
	require.WithinDuration(t, time.Now().Add(48*time.Hour), again.Now(), time.Second)
}

func TestTheClockNeverGoesBack(t *testing.T) {
	c, st := open(t, filepath.Join(t.TempDir(), "state.db"))
	defer st.Close()
	require.NoError(t, c.MoveTo(time.Now().Add(time.Hour)))
	before := c.Now()
	require.NoError(t, c.MoveTo(time.Now().Add(-time.Hour)))
	require.False(t, c.Now().Before(before))
}

func TestWhoSleepsWakesWhenTheClockIsMoved(t *testing.T) {
	c, st := open(t, filepath.Join(t.TempDir(), "state.db"))
	defer st.Close()
	woke := make(chan error, 1)
	go func() { woke <- c.Sleep(context.Background(), time.Hour) }()
	require.NoError(t, c.MoveTo(c.Now().Add(30*time.Minute)))
	select {
	case err := <-woke:
		t.Fatal("woke after half the time", err)
	case <-time.After(50 * time.Millisecond):
	}
	require.NoError(t, c.MoveTo(c.Now().Add(2*time.Hour)))
	select {
	case err := <-woke:
		require.NoError(t, err)
	case <-time.After(5 * time.Second):
		t.Fatal("still asleep")
	}
}

func TestTheTimeCanBeAskedInATransactionWhileTheClockMoves(t *testing.T) {
	c, st := open(t, filepath.Join(t.TempDir(), "state.db"))
	defer st.Close()
	moved := make(chan error, 1)
	require.NoError(t, st.Update(func(*store.Tx) error {
		go func() { moved <- c.MoveTo(time.Now().Add(time.Hour)) }()
		time.Sleep(20 * time.Millisecond) // MoveTo waits for this transaction by now
		c.Now()
		return nil
	}))
	require.NoError(t, <-moved)
}

func TestSleepEndsWithItsContext(t *testing.T) {
	c, st := open(t, filepath.Join(t.TempDir(), "state.db"))
	defer st.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	require.ErrorIs(t, c.Sleep(ctx, time.Hour), context.Canceled)
}

func TestAHeldClockGoesOnFromThereAndFollowsToThePresent(t *testing.T) {
	st, err := store.Open(filepath.Join(t.TempDir(), "state"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	machine := time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)
	c, err := clock.New(st, func() time.Time { return machine })
	require.NoError(t, err)
	ten := machine.Add(-2 * time.Hour)
	c.Hold(machine.Add(time.Hour))
	require.Equal(t, machine, c.Now(), "what is to come cannot be held")
	c.Hold(ten)
	require.Equal(t, ten, c.Now())
	machine = machine.Add(time.Minute)
	require.Equal(t, ten.Add(time.Minute), c.Now(), "time goes on")
	require.False(t, c.Follow(ten.Add(time.Hour)))
	require.Equal(t, ten.Add(time.Hour), c.Now())
	require.False(t, c.Follow(ten), "never back")
	require.Equal(t, ten.Add(time.Hour), c.Now())
	require.True(t, c.Follow(machine.Add(time.Hour)))
	require.Equal(t, machine, c.Now())
	require.Zero(t, c.Offset(), "nothing of it is kept")
}
