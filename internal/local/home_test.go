package local

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure"
)

func newHome(t *testing.T) *Home {
	t.Helper()
	home, err := NewHome(filepath.Join(t.TempDir(), "home"))
	require.NoError(t, err)
	require.NoError(t, home.create())
	return home
}

func TestHomeIsPrivateAndItsPassphraseStays(t *testing.T) {
	home := newHome(t)
	info, err := os.Stat(home.Dir)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o700), info.Mode().Perm())
	info, err = os.Stat(home.PassphraseFile())
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	first, err := home.passphrase()
	require.NoError(t, err)
	assert.GreaterOrEqual(t, len(first), 40)
	require.NoError(t, home.create())
	second, err := home.passphrase()
	require.NoError(t, err)
	assert.Equal(t, first, second)
}

func TestRunsInOneHomeTakeTurns(t *testing.T) {
	home := newHome(t)
	unlock, err := home.lock(context.Background(), &bytes.Buffer{})
	require.NoError(t, err)

	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	var progress bytes.Buffer
	_, err = home.lock(ctx, &progress)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Contains(t, progress.String(), "waiting for it to end")

	unlock()
	again, err := home.lock(context.Background(), &progress)
	require.NoError(t, err)
	again()
}

func TestResetRemovesOnlyWhatRunsKeep(t *testing.T) {
	home := newHome(t)
	mine := filepath.Join(home.Dir, "notes.txt")
	require.NoError(t, os.WriteFile(mine, nil, 0o600))
	removed, err := Reset(context.Background(), home)
	require.NoError(t, err)
	assert.Contains(t, removed, home.StateDir())
	left, err := os.ReadDir(home.Dir)
	require.NoError(t, err)
	require.Len(t, left, 1)
	assert.Equal(t, "notes.txt", left[0].Name())

	require.NoError(t, os.Remove(mine))
	require.NoError(t, home.create())
	_, err = Reset(context.Background(), home)
	require.NoError(t, err)
	assert.NoDirExists(t, home.Dir, "a home with nothing else in it goes as a whole")
	_, err = Reset(context.Background(), home)
	assert.NoError(t, err, "nothing to remove is no error")
}

func TestResetRefusesWhileInUse(t *testing.T) {
	home := newHome(t)
	unlock, err := home.lock(context.Background(), &bytes.Buffer{})
	require.NoError(t, err)
	_, err = Reset(context.Background(), home)
	assert.ErrorContains(t, err, "in use")
	unlock()

	served, err := azure.Open(azure.Options{Dir: home.AzureDir()})
	require.NoError(t, err)
	_, err = Reset(context.Background(), home)
	assert.ErrorContains(t, err, "in use")
	assert.FileExists(t, home.PassphraseFile(), "nothing was removed")
	require.NoError(t, served.Close())
	_, err = Reset(context.Background(), home)
	assert.NoError(t, err)
}

func TestStacksThatStand(t *testing.T) {
	home := newHome(t)
	assert.False(t, home.hasStack("crossorg", "dev"))
	dir := filepath.Join(home.StateDir(), ".pulumi", "stacks", "crossorg")
	require.NoError(t, os.MkdirAll(dir, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "dev.json"), nil, 0o600))
	assert.True(t, home.hasStack("crossorg", "dev"))
}
