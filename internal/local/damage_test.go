package local

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure"
)

// A run on a damaged home says so, with what to do, and leaves it as it is.
func TestADamagedHomeIsRefusedWithWhatToDo(t *testing.T) {
	home := newHome(t)
	a, err := openAzure(home, Options{}, nil)
	require.NoError(t, err)
	require.NoError(t, a.Close())
	state := filepath.Join(home.AzureDir(), "state.db")
	require.NoError(t, os.Truncate(state, 0))
	_, err = openAzure(home, Options{}, nil)
	require.ErrorIs(t, err, azure.ErrDamaged)
	require.ErrorContains(t, err, state+": it is empty")
	require.ErrorContains(t, err, "crossorg local reset")
	info, err := os.Stat(state)
	require.NoError(t, err)
	require.Zero(t, info.Size())
}

// An Azure that is gone as a whole is missed when a stack stands on it, and only then.
func TestAMissingAzureIsMissedByTheStacksOnIt(t *testing.T) {
	home := newHome(t)
	file := home.checkpoint("crossorg", "dev")
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
	require.NoError(t, os.WriteFile(file, []byte(`{"checkpoint": {"latest": {"resources": [{}, {}]}}}`), 0o600))
	require.NoError(t, os.RemoveAll(home.AzureDir()))
	_, err := openAzure(home, Options{}, nil)
	require.ErrorIs(t, err, azure.ErrDamaged)
	require.ErrorContains(t, err, "the 2 resources of "+file)
	require.NoDirExists(t, home.AzureDir())
	require.NoError(t, os.WriteFile(file, []byte(`{"checkpoint": {"latest": {}}}`), 0o600))
	a, err := openAzure(home, Options{}, nil)
	require.NoError(t, err)
	require.NoError(t, a.Close())
}
