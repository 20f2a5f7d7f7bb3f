//go:build unix

package process

import (
	"errors"
	"os"
	"syscall"
)

// Alive reports whether a process runs.
func Alive(pid int) bool {
	if pid <= 0 {
		return false
	}
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

// Interrupt asks a child to end, as ctrl-C would.
func Interrupt(p *os.Process) error { return p.Signal(syscall.SIGINT) }

// Kill ends a child at once, with its process group when it has one of its own, and with all that it started: the
// engine gives its language host a group of its own, and the host would wait for its engine for ever.
func Kill(p *os.Process) error {
	family := []int{p.Pid}
	known := map[int]bool{p.Pid: true}
	// Each process is stopped before its children are looked up, so that it starts no further ones.
	for i := 0; i < len(family); i++ {
		_ = syscall.Kill(family[i], syscall.SIGSTOP)
		for _, child := range children(family[i]) {
			if !known[child] {
				known[child] = true
				family = append(family, child)
			}
		}
	}
	killed := syscall.Kill(-p.Pid, syscall.SIGKILL) == nil
	for _, pid := range family[1:] {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	if killed {
		return nil
	}
	return p.Kill()
}
