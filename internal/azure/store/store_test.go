package store_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/store"
)

func open(t *testing.T, path string) *store.Store {
	t.Helper()
	s, err := store.Open(path)
	require.NoError(t, err)
	return s
}

// Updates at the same time do not lose each other's writes, and what has returned is in the file.
func TestConcurrentUpdatesAllArrive(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	s := open(t, path)
	const writers, each = 16, 25
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				assert.NoError(t, s.Update(func(tx *store.Tx) error {
					total := 0
					if _, err := tx.Get("sums", "total", &total); err != nil {
						return err
					}
					if err := tx.Put("sums", "total", total+1); err != nil {
						return err
					}
					return tx.Put("entries", fmt.Sprintf("%d-%d", w, i), i)
				}))
			}
		})
	}
	wg.Wait()
	require.NoError(t, s.Close())

	s = open(t, path)
	defer s.Close()
	total, entries := 0, 0
	require.NoError(t, s.View(func(tx *store.Tx) error {
		if _, err := tx.Get("sums", "total", &total); err != nil {
			return err
		}
		return tx.Scan("entries", "", func(string, []byte) error { entries++; return nil })
	}))
	assert.Equal(t, writers*each, total)
	assert.Equal(t, writers*each, entries)
}

// An update that fails or panics leaves nothing, and those beside it lose nothing.
func TestFailedUpdatesLeaveNothing(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "state"))
	defer s.Close()
	require.NoError(t, s.Update(func(tx *store.Tx) error {
		return errors.Join(tx.Put("t", "changed", "before"), tx.Put("t", "deleted", "before"))
	}))
	refusal := errors.New("refused")
	var wg sync.WaitGroup
	for i := range 60 {
		wg.Go(func() {
			spoil := func(tx *store.Tx) error {
				return errors.Join(tx.Put("t", "changed", i), tx.Put("t", "changed", i+1), tx.Delete("t", "deleted"),
					tx.Put("t", "new", i), tx.Put("other", "new", i))
			}
			switch i % 3 {
			case 0:
				assert.NoError(t, s.Update(func(tx *store.Tx) error { return tx.Put("good", fmt.Sprint(i), i) }))
			case 1:
				assert.ErrorIs(t, s.Update(func(tx *store.Tx) error { return errors.Join(spoil(tx), refusal) }),
					refusal)
			default:
				assert.PanicsWithValue(t, "broken", func() {
					_ = s.Update(func(tx *store.Tx) error { assert.NoError(t, spoil(tx)); panic("broken") })
				})
			}
		})
	}
	wg.Wait()
	require.NoError(t, s.View(func(tx *store.Tx) error {
		var changed, deleted string
		_, err := tx.Get("t", "changed", &changed)
		require.NoError(t, err)
		_, err = tx.Get("t", "deleted", &deleted)
		require.NoError(t, err)
		assert.Equal(t, []string{"before", "before"}, []string{changed, deleted})
		assert.False(t, tx.Has("t", "new"))
		assert.False(t, tx.Has("other", "new"))
		good := 0
		require.NoError(t, tx.Scan("good", "", func(string, []byte) error { good++; return nil }))
		assert.Equal(t, 20, good)
		return nil
	}))
}

// What waits for a commit runs before Update returns, and never for an update that failed.
func TestAfterCommit(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "state"))
	defer s.Close()
	ran := false
	require.NoError(t, s.Update(func(tx *store.Tx) error {
		tx.AfterCommit(func() {
			ran = true
			require.NoError(t, s.View(func(tx *store.Tx) error { assert.True(t, tx.Has("t", "k")); return nil }))
		})
		assert.False(t, ran)
		return tx.Put("t", "k", 1)
	}))
	assert.True(t, ran)
	refusal := errors.New("refused")
	require.ErrorIs(t, s.Update(func(tx *store.Tx) error {
		tx.AfterCommit(func() { t.Error("Ensure nothing follows an update that failed") })
		return refusal
	}), refusal)
}

func TestMemoSeesWhatIsStoredNow(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "state"))
	var memo store.Memo[string]
	read := func() (value string, found bool) {
		require.NoError(t, s.View(func(tx *store.Tx) (err error) {
			value, found,
				err = memo.Get(tx, "t", "k")
			return err
		}))
		return value, found
	}
	_, found := read()
	assert.False(t, found)
	for _, want := range []string{"one", "two"} {
		require.NoError(t, s.Update(func(tx *store.Tx) error { return tx.Put("t", "k", want) }))
		for range 2 {
			got, found := read()
			assert.True(t, found)
			assert.Equal(t, want, got)
		}
	}
	assert.Error(t, s.Update(func(tx *store.Tx) error {
		require.NoError(t, tx.Put("t", "k", "never"))
		got, _, err := memo.Get(tx, "t", "k")
		require.NoError(t, err)
		assert.Equal(t, "never", got, "an update sees its own writes")
		return assert.AnError
	}))
	got, _ := read()
	assert.Equal(t, "two", got)
	require.NoError(t, s.Update(func(tx *store.Tx) error { return tx.Delete("t", "k") }))
	_, found = read()
	assert.False(t, found)
}
