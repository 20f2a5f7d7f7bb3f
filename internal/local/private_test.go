//go:build unix

package local

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A home that others can read is refused with what to do, by whatever opens it. An empty folder is taken over.
func TestAHomeThatOthersCanReadIsRefused(t *testing.T) {
	home, err := NewHome(t.TempDir())
	require.NoError(t, err)
	require.NoError(t, os.Chmod(home.Dir, 0o755))
	require.NoError(t, home.create())
	info, err := os.Stat(home.Dir)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())

	for _, mode := range []os.FileMode{0o755, 0o750, 0o701, 0o770, 0o704, 0o720} {
		require.NoError(t, os.Chmod(home.Dir, mode))
		_, locked := home.lock(t.Context(), io.Discard)
		for _, err := range []error{locked, home.create(), withAzure(Options{HomeDir: home.Dir, Stack: "dev"}, nil)} {
			require.ErrorContains(t, err, "chmod 700 '"+home.Dir+"'")
		}
		require.True(t, check(t, home).names(home.Dir))
		info, err := os.Stat(home.Dir)
		require.NoError(t, err)
		require.Equal(t, mode, info.Mode().Perm())
	}

	// A folder with a person's own files in it is left as it is.
	shared, err := NewHome(t.TempDir())
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(shared.Dir, "notes.txt"), nil, 0o600))
	require.NoError(t, os.Chmod(shared.Dir, 0o755))
	require.ErrorContains(t, shared.create(), "others can read")
}
