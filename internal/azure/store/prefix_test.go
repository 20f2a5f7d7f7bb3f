package store_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/store"
)

func TestKeysWithAPrefixAreReadAndDeletedTogether(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "state"))
	require.NoError(t, s.Update(func(tx *store.Tx) error {
		for _, key := range []string{"b/2", "a/1", "b/1", "c"} {
			if err := tx.Put("things", key, key); err != nil {
				return err
			}
		}
		return nil
	}))
	read := func(prefix string) (out []string) {
		require.NoError(t, s.View(func(tx *store.Tx) error {
			all, err := store.All[string](tx, "things", prefix)
			for _, v := range all {
				out = append(out, *v)
			}
			return err
		}))
		return out
	}
	require.Equal(t, []string{"b/1", "b/2"}, read("b/"))
	require.Empty(t, read("d"))
	require.NoError(t, s.Update(func(tx *store.Tx) error { return tx.DeleteAll("things", "b/") }))
	require.NoError(t, s.Update(func(tx *store.Tx) error { return tx.DeleteAll("absent", "") }))
	require.Equal(t, []string{"a/1", "c"}, read(""))

	require.NoError(t, s.View(func(tx *store.Tx) error {
		_, err := store.All[int](tx, "things", "a/")
		require.ErrorContains(t, err, `"a/1"`, "Ensure what does not decode is named")
		return nil
	}))
}
