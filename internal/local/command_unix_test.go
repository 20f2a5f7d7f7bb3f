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

func TestTheCommandLineAsksNothingAndItsComplaintsAreInTheError(t *testing.T) {
	t.Setenv("AZURE_CLIENT_SECRET", "the parent's")
	home := newHome(t)
	require.NoError(t, home.create())
	c := &command{home: home, environment: []string{"ARM_CLIENT_SECRET=local"},
		toolchain: &toolchain.Toolchain{Pulumi: script(t, t.TempDir(), "pulumi",
			`echo "$@"; echo "$ARM_CLIENT_SECRET$AZURE_CLIENT_SECRET $PULUMI_HOME"; pwd
echo "no such stack" >&2; exit 3`)}}
	out, err := c.run(t.Context(), "stack", "output", "--json")
	assert.ErrorContains(t, err, "pulumi stack: exit status 3\nno such stack")
	assert.Equal(t, 3, exitCode(err))
	project, linked := filepath.EvalSymlinks(home.ProjectDir())
	require.NoError(t, linked)
	assert.Equal(t, "--non-interactive stack output --json\nlocal "+home.PulumiDir()+"\n"+project+"\n", string(out))
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
