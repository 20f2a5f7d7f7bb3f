//go:build unix

package process

import (
	"bytes"
	"context"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestInterruptedChildMayFinish(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	var out bytes.Buffer
	cmd := exec.Command("sh", "-c", `trap 'echo finished; exit 0' INT; echo ready; while :; do sleep 0.05; done`)
	cmd.Stdout = &out
	Separate(cmd)
	time.AfterFunc(300*time.Millisecond, cancel)
	require.NoError(t, Run(ctx, cmd, nil))
	assert.Equal(t, "ready\nfinished\n", out.String())
}

func TestStubbornChildIsKilledWithItsGroup(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	killed := make(chan struct{})
	cmd := exec.Command("sh", "-c", `trap '' INT; sleep 60 & wait; sleep 60`)
	var out bytes.Buffer
	cmd.Stdout = &out // held open by the grandchild, so Wait returns only when that has ended too
	Separate(cmd)
	time.AfterFunc(200*time.Millisecond, cancel)
	time.AfterFunc(400*time.Millisecond, func() { close(killed) })
	start := time.Now()
	err := Run(ctx, cmd, killed)
	assert.ErrorIs(t, err, context.Canceled)
	assert.Less(t, time.Since(start), 20*time.Second)
}

func TestGrandchildInAGroupOfItsOwnIsKilledToo(t *testing.T) {
	killed := make(chan struct{})
	// With job control a shell gives each job in the background a process group, as the engine does its language host.
	cmd := exec.Command("bash", "-c", `set -m; sleep 60 & wait`)
	var out bytes.Buffer
	cmd.Stdout = &out // held open by the grandchild, so Wait returns only when that has ended too
	Separate(cmd)
	time.AfterFunc(300*time.Millisecond, func() { close(killed) })
	start := time.Now()
	require.Error(t, Run(context.Background(), cmd, killed))
	assert.Less(t, time.Since(start), 20*time.Second)
}

func TestCancelledRunStartsNoChild(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	marker := filepath.Join(t.TempDir(), "ran")
	assert.ErrorIs(t, Run(ctx, exec.Command("touch", marker), nil), context.Canceled)
	assert.NoFileExists(t, marker)
}
