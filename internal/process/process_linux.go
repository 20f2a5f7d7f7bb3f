package process

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
)

// children lists the processes that a process started and that still run.
func children(pid int) []int {
	processes, _ := filepath.Glob("/proc/[0-9]*/stat")
	var pids []int
	for _, file := range processes {
		raw, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		// "pid (name) state ppid …", where the name may have any characters: see proc_pid_stat(5).
		var state string
		var parent int
		if _, err := fmt.Sscan(string(raw[bytes.LastIndexByte(raw, ')')+1:]), &state, &parent); err != nil ||
			parent != pid {
			continue
		}
		if child, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil {
			pids = append(pids, child)
		}
	}
	return pids
}

// Separate puts a child into a process group of its own, so that ctrl-C reaches it through us alone, and has the
// kernel interrupt it if this process dies without interrupting it.
func Separate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGINT}
}
