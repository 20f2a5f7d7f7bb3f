//go:build unix

package local

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/toolchain"
)

// script writes an executable shell script.
func script(t *testing.T, dir, name, body string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), 0o700))
	return path
}

func TestAutomationQuestionsAreAnsweredWithoutTheCommandLine(t *testing.T) {
	home := newHome(t)
	c := &command{toolchain: &toolchain.Toolchain{Pulumi: script(t, t.TempDir(), "pulumi", `echo "$@"; exit 3`)},
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

func TestTheEngineIsNotedWhileItRuns(t *testing.T) {
	home := newHome(t)
	require.NoError(t, home.create())
	show := exec.Command("sh", "-c", "until cat '"+home.engineFile()+"' 2>/dev/null; do sleep 0.01; done")
	var seen bytes.Buffer
	show.Stdout = &seen
	require.NoError(t, home.runEngine(context.Background(), show, nil))
	assert.Contains(t, seen.String(), fmt.Sprintf(`"pid":%d`, show.Process.Pid))
	assert.NoFileExists(t, home.engineFile())
}
