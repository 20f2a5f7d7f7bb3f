//go:build unix && !linux

package process

import (
	"bufio"
	"bytes"
	"fmt"
	"os/exec"
	"syscall"
)

// children lists the processes that a process started and that still run.
func children(pid int) []int {
	out, err := exec.Command("ps", "-A", "-o", "pid=,ppid=").Output()
	if err != nil {
		return nil
	}
	var pids []int
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		var child, parent int
		if n, _ := fmt.Sscan(lines.Text(), &child, &parent); n == 2 && parent == pid {
			pids = append(pids, child)
		}
	}
	return pids
}

// Separate puts a child into a process group of its own, so that ctrl-C reaches it through us alone.
func Separate(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
