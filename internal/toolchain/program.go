package toolchain

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/crossorg/crossorg/internal/process"
)

// Program is what the toolchain needs to know of a Pulumi program.
type Program struct {
	// Dir is the program's project folder.
	Dir string
	// Runtime is the one of Pulumi.yaml, such as "nodejs"; "" is Go.
	Runtime string
	// Virtualenv is the virtual environment of a Python program; empty without one.
	Virtualenv string
	// Runs says that the program is going to be run.
	Runs bool
}

// goes reports whether the program is written in Go.
func (p Program) goes() bool { return p.Runtime == "" || p.Runtime == "go" }

// compiledFor is how long a program counts as compiled: the go command forgets what was not used for five days.
const compiledFor = 4 * 24 * time.Hour

// compiled reports whether this program, with these versions of all modules, has been compiled on this machine lately.
// It asks no go command, since it is asked before every run. An edit of the program's own files does not matter: to
// compile those takes a moment.
func (p Program) compiled(cache string) bool {
	if sources, err := filepath.Glob(filepath.Join(p.Dir, "*.go")); err != nil || len(sources) == 0 {
		return true // nothing to compile here: the project's program is elsewhere
	}
	mark := p.mark(cache)
	info, err := os.Stat(mark)
	if err != nil || time.Since(info.ModTime()) > compiledFor {
		return false
	}
	now := time.Now()
	return os.Chtimes(mark, now, now) == nil
}

// mark is the file that says that the program is compiled. Its name stands for all that the go command's cache depends
// on, but for the program's own files.
func (p Program) mark(cache string) string {
	hash := sha256.New()
	gotool, _ := exec.LookPath("go")
	module := nearestWith(p.Dir, "go.mod")
	fmt.Fprintln(hash, module, gotool)
	if info, err := os.Stat(gotool); err == nil {
		fmt.Fprintln(hash, info.Size(), info.ModTime().UnixNano())
	}
	for _, name := range []string{"GOFLAGS", "GOCACHE", "GOOS", "GOARCH", "GOTOOLCHAIN", "CGO_ENABLED", "CC", "GOPATH",
		"GOMODCACHE", "HOME"} {
		fmt.Fprintln(hash, name, os.Getenv(name))
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		raw, _ := os.ReadFile(filepath.Join(module, name))
		fmt.Fprintln(hash, len(raw))
		hash.Write(raw)
	}
	return filepath.Join(cache, "programs", hex.EncodeToString(hash.Sum(nil)[:16]))
}

// job compiles the program, and links it, just as the language host does, so that the host finds both in the go
// command's cache.
func (p Program) job(cache string) job {
	return job{what: "the program", short: "program", effort: programEffort, lenient: true,
		do: func(ctx context.Context, s *step) error { return p.compile(ctx, cache, s) }}
}

func (p Program) compile(ctx context.Context, cache string, s *step) error {
	gotool, err := goCommand("the program")
	if err != nil {
		return err
	}
	mark := p.mark(cache)
	if err := os.MkdirAll(filepath.Dir(mark), 0o755); err != nil {
		return err
	}
	unlock, err := process.Lock(ctx, mark+".lock", s.waiting)
	if err != nil {
		return err
	}
	defer unlock()
	if p.compiled(cache) {
		return nil
	}
	tmp, err := os.MkdirTemp("", "crossorg-program-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	if err := CopyModule(p.Dir, tmp); err != nil {
		return err
	}
	// "go run" alone keeps what it links. In place of running the program, -exec has its version looked up.
	cmd := goRun(ctx, gotool, "run", "-v", "-exec", "go version", ".")
	cmd.Dir = p.Dir
	cmd.Env = append(cmd.Env, "GOWORK=off", "GOFLAGS="+GoFlags(os.Getenv("GOFLAGS"), tmp))
	if err := s.run(ctx, cmd); err != nil {
		return err
	}
	return os.WriteFile(mark, nil, 0o600)
}
