//go:build unix

package local

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

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

func TestInterruptedChildMayFinish(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	var out bytes.Buffer
	cmd := exec.Command("sh", "-c", `trap 'echo finished; exit 0' INT; echo ready; while :; do sleep 0.05; done`)
	cmd.Stdout = &out
	separate(cmd)
	time.AfterFunc(300*time.Millisecond, cancel)
	require.NoError(t, supervise(ctx, cmd, nil))
	assert.Equal(t, "ready\nfinished\n", out.String())
}

func TestStubbornChildIsKilledWithItsGroup(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	killed := make(chan struct{})
	cmd := exec.Command("sh", "-c", `trap '' INT; sleep 60 & wait; sleep 60`)
	var out bytes.Buffer
	cmd.Stdout = &out // held open by the grandchild, so Wait returns only when that has ended too
	separate(cmd)
	time.AfterFunc(200*time.Millisecond, cancel)
	time.AfterFunc(400*time.Millisecond, func() { close(killed) })
	start := time.Now()
	err := supervise(ctx, cmd, killed)
	assert.ErrorIs(t, err, context.Canceled)
	assert.Less(t, time.Since(start), 20*time.Second)
}

func TestGrandchildInAGroupOfItsOwnIsKilledToo(t *testing.T) {
	killed := make(chan struct{})
	// With job control a shell gives each job in the background a process group, as the engine does its language host.
	cmd := exec.Command("bash", "-c", `set -m; sleep 60 & wait`)
	var out bytes.Buffer
	cmd.Stdout = &out // held open by the grandchild, so Wait returns only when that has ended too
	separate(cmd)
	time.AfterFunc(300*time.Millisecond, func() { close(killed) })
	start := time.Now()
	require.Error(t, supervise(context.Background(), cmd, killed))
	assert.Less(t, time.Since(start), 20*time.Second)
}

func TestCancelledRunStartsNoChild(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	marker := filepath.Join(t.TempDir(), "ran")
	assert.ErrorIs(t, supervise(ctx, exec.Command("touch", marker), nil), context.Canceled)
	assert.NoFileExists(t, marker)
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
	_, ok := hostBeside(pulumi)
	assert.False(t, ok)
	host := script(t, dir, "pulumi-language-go", "")
	link := filepath.Join(links, "pulumi")
	require.NoError(t, os.Symlink(pulumi, link))
	found, ok := hostBeside(link)
	require.True(t, ok, "package managers link the CLI from elsewhere")
	real, err := filepath.EvalSymlinks(host)
	require.NoError(t, err)
	assert.Equal(t, real, found)
}

func TestAutomationQuestionsAreAnsweredWithoutTheCommandLine(t *testing.T) {
	home := newHome(t)
	c := &command{toolchain: &Toolchain{Pulumi: script(t, t.TempDir(), "pulumi", `echo "$@"; exit 3`)},
		project: "crossorg", home: home, terse: true}
	out, _, code, err := c.Run(context.Background(), home.Dir, nil, nil, nil, nil, "stack", "history", "--json")
	require.NoError(t, err)
	assert.Equal(t, "[]", out)
	assert.Zero(t, code)

	out, _, code, err = c.Run(context.Background(), home.Dir, nil, nil, nil, nil, "stack", "select", "--stack", "dev")
	require.Error(t, err, "whether a stack exists is asked when the home does not have it")
	assert.Equal(t, "--non-interactive stack select --stack dev\n", out)
	assert.Equal(t, 3, code)

	c.terse = false
	out, _, _, err = c.Run(context.Background(), home.Dir, nil, nil, nil, nil, "stack", "output", "--json")
	require.Error(t, err)
	assert.Contains(t, out, "stack output", "what is asked for itself reaches the CLI")
}
