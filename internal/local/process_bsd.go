//go:build unix && !linux

package local

import (
	"os/exec"
	"syscall"
)

// separate puts a child into a process group of its own, so that ctrl-C reaches it through us alone.
func separate(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
