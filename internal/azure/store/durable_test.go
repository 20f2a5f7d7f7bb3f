package store

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// When Update returns, the change is in the file, and the file is on disk: a copy of it at that moment has it, and
// bbolt syncs with every commit unless it is told not to.
func TestUpdateReturnsAfterTheWriteIsInTheFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "state")
	s, err := Open(path)
	require.NoError(t, err)
	defer s.Close()
	require.False(t, s.db.NoSync)
	require.False(t, s.db.NoGrowSync)
	known := func(key string) (found bool) {
		raw, err := os.ReadFile(path)
		require.NoError(t, err)
		taken := filepath.Join(dir, "copy")
		require.NoError(t, os.WriteFile(taken, raw, 0o600))
		seal, err := os.ReadFile(SealPath(path))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(SealPath(taken), seal, 0o600))
		c, err := Open(taken)
		require.NoError(t, err)
		require.NoError(t, c.View(func(tx *Tx) error { found = tx.Has("t", key); return nil }))
		require.NoError(t, c.Close())
		return found
	}
	for i := range 10 {
		key := strconv.Itoa(i)
		require.NoError(t, s.Update(func(tx *Tx) error { return tx.Put("t", key, i) }))
		require.True(t, known(key))
	}
}
