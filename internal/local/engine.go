package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/crossorg/crossorg/internal/process"
)

// engine is a CLI that runs in a home, as its file there tells a later run.
type engine struct {
	Pid  int    `json:"pid"`
	Host string `json:"host"`
}

func (h *Home) engineFile() string { return filepath.Join(h.StateDir(), "engine.json") }

// runEngine runs the CLI. While it runs, a file says so: a run that follows a killed one waits for its engine.
func (h *Home) runEngine(ctx context.Context, cmd *exec.Cmd, kill <-chan struct{}) error {
	done := make(chan error, 1)
	err := process.RunWatched(ctx, cmd, kill, h.Dir, func(pid int) { done <- h.noteEngine(pid) })
	select {
	case noted := <-done:
		if removed := os.Remove(h.engineFile()); removed != nil && !errors.Is(removed, fs.ErrNotExist) {
			noted = errors.Join(noted, removed)
		}
		if err == nil {
			err = noted
		}
	default: // it never started
	}
	return err
}

func (h *Home) noteEngine(pid int) error {
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	raw, err := json.Marshal(engine{Pid: pid, Host: host})
	if err != nil {
		return err
	}
	return writeFile(h.engineFile(), raw)
}

// lastBreath is how long an engine may take to end after its parent's death: interrupted, it finishes its running
// operations.
const lastBreath = 2 * time.Minute

// awaitEngine waits for the engine of a killed run to end, and ends what that has left: its language host waits for it
// for ever. The engine has lost its backend and can record nothing more, but
// operations that it had begun may still take effect.
func (h *Home) awaitEngine(ctx context.Context, progress io.Writer) error {
	raw, err := os.ReadFile(h.engineFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var e engine
	host, err := os.Hostname()
	// A file that cannot be read was being written when its run died, before the engine had begun.
	if err == nil && json.Unmarshal(raw, &e) == nil && e.Host == host {
		reported := false
		for end := time.Now().Add(lastBreath); process.Alive(e.Pid) && time.Now().Before(end); {
			if !reported {
				fmt.Fprintf(progress, "the engine of an earlier run (process %d) still works: waiting for it to end\n",
					e.Pid)
				reported = true
			}
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-time.After(100 * time.Millisecond):
			}
		}
	}
	if n := process.EndLeft(h.Dir); n > 0 {
		fmt.Fprintf(progress, "an earlier run was killed and left %d processes running: they are ended\n", n)
	}
	return os.Remove(h.engineFile())
}
