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
	case <-woke:
		t.Fatal("woke after half the time")
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
