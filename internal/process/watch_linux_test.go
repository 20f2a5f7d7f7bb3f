package process

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestMain makes this program the tool that a test kills: it runs an engine that starts a language host in a group of
// its own.
func TestMain(m *testing.M) {
	if owner := os.Getenv("TEST_TOOL_OF"); owner != "" {
		cmd := exec.Command("bash", "-c", os.Getenv("TEST_ENGINE"))
		Separate(cmd)
		_ = RunWatched(context.Background(), cmd, nil, owner, func(int) {})
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// alike counts processes whose command line has a text.
func alike(t *testing.T, text string) (n int) {
	t.Helper()
	out, err := exec.Command("ps", "-A", "-o", "stat=,args=").Output()
	require.NoError(t, err)
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, text) && !strings.HasPrefix(line, "Z") && !strings.Contains(line, "bash -c") {
			n++
		}
	}
	return n
}

// tool starts the tool, and waits for its language host, a sleep of a length that no other has.
func tool(t *testing.T, owner, engine, seconds string) *exec.Cmd {
	t.Helper()
	executable, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(executable)
	cmd.Env = append(os.Environ(), "TEST_TOOL_OF="+owner, "TEST_ENGINE="+engine)
	require.NoError(t, cmd.Start())
	require.Eventually(t, func() bool { return alike(t, "sleep "+seconds) == 1 }, time.Minute, 20*time.Millisecond)
	return cmd
}

// A tool that is killed leaves nothing: its engine may finish, and what that leaves in groups of its own is killed.
func TestAKilledRunLeavesNoProcesses(t *testing.T) {
	const engine = `set -m; sleep 98765.4 & trap 'exit 0' INT; while :; do sleep 0.05; done`
	cmd := tool(t, t.TempDir(), engine, "98765.4")
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()
	require.Eventually(t, func() bool { return alike(t, "sleep 98765.4") == 0 }, time.Minute, 50*time.Millisecond)
}

// A run that ends in order leaves its watcher nothing to do, and a later run ends what an earlier one left.
func TestTheNextRunEndsWhatIsLeft(t *testing.T) {
	owner := t.TempDir()
	const engine = `set -m; sleep 98765.5 & exit 0`
	cmd := tool(t, owner, engine, "98765.5")
	require.NoError(t, cmd.Wait())
	require.Equal(t, 1, alike(t, "sleep 98765.5"))
	require.Zero(t, EndLeft(owner+"x"), "another owner's")
	require.Equal(t, 1, alike(t, "sleep 98765.5"))
	require.Equal(t, 1, EndLeft(owner))
	require.Eventually(t, func() bool { return alike(t, "sleep 98765.5") == 0 }, time.Minute, 50*time.Millisecond)
}
