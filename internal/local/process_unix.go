//go:build unix

package local

import (
	"os"
	"syscall"
)

// interrupt asks a child to end, as ctrl-C would.
func interrupt(p *os.Process) error { return p.Signal(syscall.SIGINT) }

// kill ends a child with its process group at once.
func kill(p *os.Process) error { return syscall.Kill(-p.Pid, syscall.SIGKILL) }
