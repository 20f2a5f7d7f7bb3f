//go:build unix

package toolchain

import (
	"context"
	"os"
	"path/filepath"
	"strings"
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

func TestInstalledCommandLineServesOnlyWhenItSuits(t *testing.T) {
	pinned := semver.MustParse("3.255.0")
	for output, want := range map[string]string{
		"v3.255.0": "", "v3.260.1": "", "v3.99.0": "is v3.99.0", "nonsense": "does not run",
	} {
		dir := t.TempDir()
		path := script(t, dir, "pulumi", "echo "+output)
		t.Setenv("PATH", dir+":/bin:/usr/bin")
		t.Setenv("HOME", t.TempDir())
		found, why := findCLI(t.Context(), filepath.Join(t.TempDir(), "pulumi"), pinned)
		if want != "" {
			assert.Nil(t, found, output)
			assert.Equal(t, path+" "+want, why)
			continue
		}
		require.NotNil(t, found, output)
		assert.Equal(t, path, found.path)
	}
}

func TestCommandLineIsFoundWhereTheInstallersPutIt(t *testing.T) {
	pinned := semver.MustParse("3.255.0")
	for _, where := range []string{".pulumi/bin", ".pulumi/versions/3.255.0/bin"} {
		home, bin := t.TempDir(), t.TempDir()
		t.Setenv("HOME", home)
		t.Setenv("PATH", "/bin:/usr/bin")
		built := filepath.Join(bin, "pulumi")
		found, why := findCLI(t.Context(), built, pinned)
		assert.Nil(t, found)
		assert.Equal(t, "none is installed", why)

		dir := filepath.Join(home, filepath.FromSlash(where))
		require.NoError(t, os.MkdirAll(dir, 0o700))
		path := script(t, dir, "pulumi", "echo v3.255.0")
		found, _ = findCLI(t.Context(), built, pinned)
		require.NotNil(t, found, where)
		assert.Equal(t, path, found.path)

		script(t, bin, "pulumi", "echo v3.255.0")
		found, _ = findCLI(t.Context(), built, pinned)
		assert.Nil(t, found, "what is built is not looked for again")
	}
}

// fakeGo puts a go command on PATH that is a shell script.
func fakeGo(t *testing.T, body string) {
	t.Helper()
	dir := t.TempDir()
	script(t, dir, "go", body)
	t.Setenv("PATH", dir+":/bin:/usr/bin")
}

// listener is a progress that calls hear with every line.
type listener func(line string)

func (l listener) Write(p []byte) (int, error) {
	l(string(p))
	return len(p), nil
}

func TestInterruptedBuildLeavesNothing(t *testing.T) {
	fakeGo(t, `echo example.com/tool >&2; trap 'exit 130' INT; while :; do sleep 0.02; done`)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	bin := t.TempDir()
	b := build{what: "the tool", target: filepath.Join(bin, "tool"), module: ".", pkg: "example.com/tool"}
	err := makeReady(ctx, listener(func(line string) {
		if strings.HasPrefix(line, "compiling the tool") {
			cancel()
		}
	}), []job{b.job("")})
	assert.ErrorIs(t, err, context.Canceled)
	left, err := os.ReadDir(bin)
	require.NoError(t, err)
	require.Len(t, left, 1)
	assert.Equal(t, "tool.lock", left[0].Name())
}

func TestRunsAtTheSameTimeShareABuild(t *testing.T) {
	dir := t.TempDir()
	builds, second := filepath.Join(dir, "builds"), filepath.Join(dir, "second")
	// The build ends when the second run has been heard to wait for it. Its target is what follows -o.
	fakeGo(t, `echo built >>`+builds+`; while [ ! -e `+second+` ]; do sleep 0.02; done
while [ "$1" != -o ]; do shift; done; echo tool >"$2"`)
	b := build{what: "the tool", target: filepath.Join(dir, "bin", "tool"), module: ".", pkg: "example.com/tool"}
	begun := listener(func(line string) {
		if strings.HasPrefix(line, "another process builds the tool") {
			_ = os.WriteFile(second, nil, 0o600)
		}
	})
	failures := make(chan error, 2)
	for range 2 {
		go func() { failures <- makeReady(t.Context(), begun, []job{b.job("")}) }()
	}
	require.NoError(t, <-failures)
	require.NoError(t, <-failures)
	raw, err := os.ReadFile(builds)
	require.NoError(t, err)
	assert.Equal(t, "built\n", string(raw))
	assert.FileExists(t, b.target)
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
