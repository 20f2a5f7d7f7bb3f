// Command edits is the edit sweep: it brings a stack from one generated configuration to the next on the embedded
// Azure, update after update, and holds what stands at the end against a fresh stack of the last configuration.
//
//	go run -C tests/edits . -steps 2000 -seed 1
//
// Pulumi's engine, the bridge and the embedded Azure run in this process; the program is compiled once and runs as it
// does below the real engine. After every update nothing may be left to change or to refresh, verify passes, and every
// resource in Azure is one of the stack's. A failure is reduced to the smallest pair of configurations that shows it.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

func main() {
	steps := flag.Int("steps", 100, "updates to make")
	length := flag.Int("length", 10, "updates of one stack, one after the other")
	seed := flag.Int("seed", 1, "the first configuration's; every further one counts on from it")
	report := flag.String("report", "", "file that the report's table is written to")
	dir := flag.String("dir", "", "folder for state; the system's for temporary files by default")
	most := flag.Duration("for", 0, "stop after this time, with whole stacks; 0 is never")
	reduce := flag.Bool("reduce", true, "reduce failures to the smallest pair that shows them")
	flag.Parse()
	if err := run(*steps, *length, *seed, *most, *report, *dir, *reduce, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(
	steps, length, seed int, most time.Duration, report, dir string, reduce bool, out io.Writer,
) error {
	s, err := newSweep(dir)
	if err != nil {
		return err
	}
	defer s.close()
	s.out = out
	start := time.Now()
	done := 0
	for done < steps && (most == 0 || time.Since(start) < most) {
		n := min(length, steps-done)
		failure, err := s.sequence(seed+done, n)
		if err != nil {
			return err
		}
		done += n
		fmt.Fprintf(out, "%d of %d updates, %d refused, %d failed, %s\n", done, steps, s.refused, len(s.failures),
			time.Since(start).Round(time.Second))
		if failure != nil {
			if reduce {
				failure = s.reduced(failure)
			}
			s.failures = append(s.failures, failure)
			fmt.Fprintln(out, failure)
		}
	}
	if report != "" {
		if err := os.WriteFile(report, []byte(s.table(done, length, seed)), 0o644); err != nil {
			return err
		}
	}
	if len(s.failures) > 0 {
		return fmt.Errorf("%d failures", len(s.failures))
	}
	return nil
}

// sweep is the work of a run.
type sweep struct {
	dir, root, binary string
	out               io.Writer
	// updates counts those that ended well, refused those that the program refused before it touched anything.
	updates, refused, fresh int
	failures                []*failure
}

// newSweep compiles the program and makes the sources.
func newSweep(dir string) (*sweep, error) {
	dir, err := os.MkdirTemp(dir, "edits-*")
	if err != nil {
		return nil, err
	}
	s := &sweep{dir: dir, root: filepath.Join(dir, "project"), binary: filepath.Join(dir, "program"), out: io.Discard}
	repository, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		return nil, err
	}
	build := exec.Command("go", "build", "-C", repository, "-o", s.binary, ".")
	if text, err := build.CombinedOutput(); err != nil {
		return nil, errors.Join(fmt.Errorf("build the program: %w\n%s", err, text), s.close())
	}
	return s, writeSources(s.root)
}

func (s *sweep) close() error { return os.RemoveAll(s.dir) }

// failure is an update that went wrong.
type failure struct {
	seed int
	// from is the configuration that stood; nil for a first update.
	from, to configuration
	err      error
}

func (f *failure) String() string {
	return fmt.Sprintf("FAILED at seed %d: %v\nfrom %v\nto %v", f.seed, f.err, f.from, f.to)
}

// sequence edits one stack through n configurations and compares the last with a fresh stack.
func (s *sweep) sequence(seed, n int) (*failure, error) {
	var all []configuration
	for i := range n {
		all = append(all, configurations(s.root).Example(seed+i))
	}
	f, err := s.edit(all)
	if f != nil {
		f.seed += seed
	}
	return f, err
}

// edit brings one stack from each configuration to the next. The seed of a failure is the failing one's place.
func (s *sweep) edit(all []configuration) (*failure, error) {
	w, err := newWorld(s.dir, s.root, s.binary)
	if err != nil {
		return nil, err
	}
	defer w.close()
	var stands configuration
	for i, next := range all {
		// The slower checks are for every fifth update.
		err := s.update(w, next, i%5 == 4)
		if errors.Is(err, errRefused) {
			s.refused++
			continue
		}
		if err != nil {
			return &failure{i, stands, next, err}, nil
		}
		s.updates++
		stands = next
	}
	if stands == nil {
		return nil, nil
	}
	if err := s.compare(w, stands); err != nil {
		return &failure{len(all) - 1, nil, stands, err}, nil
	}
	return nil, nil
}

// errRefused says that the program refused a configuration before it touched anything.
var errRefused = errors.New("refused")

// update makes one step and checks what stands after it.
func (s *sweep) update(w *world, c configuration, whole bool) error {
	if err := w.up(c); err != nil {
		if strings.Contains(err.Error(), "in the standing stack") && len(w.changes) == 0 {
			return errRefused
		}
		return fmt.Errorf("up: %w", err)
	}
	err := errors.Join(w.verify(), w.orphans())
	if whole {
		err = errors.Join(err, w.preview(c), w.refresh(c))
	}
	return err
}

// compare holds a stack against a fresh one of the same configuration.
func (s *sweep) compare(edited *world, c configuration) error {
	fresh, err := newWorld(s.dir, s.root, s.binary)
	if err != nil {
		return err
	}
	defer fresh.close()
	s.fresh++
	if err := s.update(fresh, c, true); err != nil {
		return fmt.Errorf("a fresh stack: %w", err)
	}
	// What Azure says of itself, such as an invitation's state, is known since the last refresh.
	if err := edited.refresh(c); err != nil {
		return err
	}
	return differences(edited.canonical(), fresh.canonical())
}

// pair says what goes wrong between two configurations.
func (s *sweep) pair(from, to configuration) error {
	w, err := newWorld(s.dir, s.root, s.binary)
	if err != nil {
		return nil
	}
	defer w.close()
	if from != nil {
		if s.update(w, from, true) != nil {
			return nil
		}
	}
	err = s.update(w, to, true)
	if errors.Is(err, errRefused) {
		return nil
	}
	if err == nil && from != nil {
		err = s.compare(w, to)
	}
	return err
}
