package process

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// watcher is a shell script that reads the child's process id and then waits for the end of its input: a line means
// that the child has ended in order, the end of the file that whoever watched it is dead. Then it waits for the child
// to end and kills every process that has the mark in its environment. It is a process of its own, as nothing in this
// one runs any more.
const watcher = `
marked() { tr '\000' '\n' <"/proc/$1/environ" 2>/dev/null | grep -Fqx -e "$mark"; }
mark=$1
read -r pid || pid=
if [ "$pid" ]; then
	read -r ended && exit 0
	while marked "$pid"; do sleep 0.1; done
fi
for round in 1 2 3; do
	for process in /proc/[0-9]*; do
		if marked "${process#/proc/}"; then kill -9 "${process#/proc/}" 2>/dev/null; fi
	done
done
`

// watch starts the watcher of a mark. started tells it the child, ended that it has ended. Where there is no shell,
// nobody watches, and the next run ends what is left.
func watch(mark string) (started func(pid int), ended func()) {
	nobody := func(int) {}
	in, out, err := os.Pipe()
	if err != nil {
		return nobody, func() {}
	}
	cmd := exec.Command("/bin/sh", "-c", watcher, "sh", mark)
	cmd.Env = []string{"PATH=/usr/bin:/bin"}
	cmd.Stdin = in
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // whoever kills our group must not get the watcher
	err = cmd.Start()
	_ = in.Close()
	if err != nil {
		_ = out.Close()
		return nobody, func() {}
	}
	return func(pid int) { _, _ = fmt.Fprintln(out, pid) }, func() {
		_, _ = fmt.Fprintln(out, "ended") // without a first line it takes this for the child, which is none
		_ = out.Close()
		_ = cmd.Wait()
	}
}

// EndLeft kills what runs of an owner have left that died: everything of theirs that still runs. It returns how many
// processes that were. No run of the owner may be under way.
func EndLeft(owner string) (ended int) {
	for range 3 { // what is killed may just have started another
		found := false
		files, _ := filepath.Glob("/proc/[0-9]*/environ") // the pattern is right
		for _, file := range files {
			raw, err := os.ReadFile(file)
			if err != nil || !carries(raw, owner) {
				continue // it has ended, or is somebody else's
			}
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			if err == nil && syscall.Kill(pid, syscall.SIGKILL) == nil {
				found = true
				ended++
			}
		}
		if !found {
			break
		}
		time.Sleep(20 * time.Millisecond) // the kernel takes them away
	}
	return ended
}

// carries reports whether an environment has the mark of an owner.
func carries(environment []byte, owner string) bool {
	for variable := range bytes.SplitSeq(environment, []byte{0}) {
		value, ok := strings.CutPrefix(string(variable), markVariable+"=")
		if _, of, found := strings.Cut(value, " "); ok && found && of == owner {
			return true
		}
	}
	return false
}
