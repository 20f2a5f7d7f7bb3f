//go:build unix

package toolchain

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/blang/semver"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// script writes an executable shell script.
func script(t *testing.T, dir, name, body string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), 0o700))
	return path
}

func TestCommandLineOnPathServesOnlyWhenItSuits(t *testing.T) {
	pinned := semver.MustParse("3.255.0")
	for output, want := range map[string]bool{"v3.255.0": true, "v3.260.1": true, "v3.99.0": false, "nonsense": false} {
		dir := t.TempDir()
		path := script(t, dir, "pulumi", "echo "+output)
		t.Setenv("PATH", dir+":/bin:/usr/bin")
		found, _, ok := pulumiOnPath(context.Background(), pinned)
		assert.Equal(t, want, ok, output)
		if ok {
			assert.Equal(t, path, found)
		}
	}
}

func TestHostMustStandBesideItsCommandLine(t *testing.T) {
	dir, links := t.TempDir(), t.TempDir()
	pulumi := script(t, dir, "pulumi", "")
	_, ok := hostBeside(pulumi, "go")
	assert.False(t, ok)
	host := script(t, dir, "pulumi-language-go", "")
	link := filepath.Join(links, "pulumi")
	require.NoError(t, os.Symlink(pulumi, link))
	found, ok := hostBeside(link, "go")
	require.True(t, ok, "package managers link the CLI from elsewhere")
	real, err := filepath.EvalSymlinks(host)
	require.NoError(t, err)
	assert.Equal(t, real, found)
}
