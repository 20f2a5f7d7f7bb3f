//go:build unix

package local

import (
	"os"
	"syscall"
)

// interrupt asks a child to end, as ctrl-C would.
func interrupt(p *os.Process) error { return p.Signal(syscall.SIGINT) }

// kill ends a child at once, with its process group when it has one of its own.
func kill(p *os.Process) error {
	if syscall.Kill(-p.Pid, syscall.SIGKILL) == nil {
		return nil
	}
	return p.Kill()
}
