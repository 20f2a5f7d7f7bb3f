package azure_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure"
)

// A folder whose files are missing, empty or changed is not opened, and stays as it is: nobody gets another Azure in
// its place without a word.
func TestADamagedFolderIsNotOpened(t *testing.T) {
	dir := t.TempDir()
	a, err := azure.Open(azure.Options{Dir: dir})
	require.NoError(t, err)
	require.NoError(t, a.Close())
	random := rand.New(rand.NewPCG(8, 1))
	for _, name := range []string{"state.db", "state.db.seal", "estate.json", "ca.pem", "ca-key.pem"} {
		path := filepath.Join(dir, name)
		sound, err := os.ReadFile(path)
		require.NoError(t, err)
		refused := func(how string) {
			_, err := azure.Open(azure.Options{Dir: dir})
			require.ErrorIs(t, err, azure.ErrDamaged, "%s %s", name, how)
			require.ErrorContains(t, err, path)
		}
		require.NoError(t, os.Remove(path))
		refused("missing")
		require.NoFileExists(t, path)
		require.NoError(t, os.WriteFile(path, nil, 0o600))
		refused("empty")
		for range 25 {
			raw := append([]byte(nil), sound...)
			raw[random.IntN(len(raw))] ^= 1 << random.IntN(8)
			require.NoError(t, os.WriteFile(path, raw, 0o600))
			refused("changed")
			now, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, raw, now)
		}
		require.NoError(t, os.WriteFile(path, sound, 0o600))
	}
	a, err = azure.Open(azure.Options{Dir: dir})
	require.NoError(t, err)
	require.NoError(t, a.Close())
}

// A folder of a version without seals knows by its estate that it had a state.
func TestAMissingStateOfAnEarlierVersionIsNoticed(t *testing.T) {
	for _, spoil := range []func(string) error{os.Remove, func(path string) error { return os.Truncate(path, 0) }} {
		dir := t.TempDir()
		a, err := azure.Open(azure.Options{Dir: dir})
		require.NoError(t, err)
		require.NoError(t, a.Close())
		require.NoError(t, os.Remove(filepath.Join(dir, "state.db.seal")))
		require.NoError(t, spoil(filepath.Join(dir, "state.db")))
		_, err = azure.Open(azure.Options{Dir: dir})
		require.ErrorIs(t, err, azure.ErrDamaged)
	}
}
