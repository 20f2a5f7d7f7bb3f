package local

import (
	"os/exec"
	"syscall"
)

// separate puts a child into a process group of its own, so that ctrl-C reaches it through us alone, and has the
// kernel interrupt it should we die without a chance to say so.
func separate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGINT}
}
