package toolchain

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/crossorg/crossorg/internal/process"
)

// job is one thing to make ready with the go command.
type job struct {
	// what it is, with its article; short, for the passing line; why it has to be made, "" where that needs no words.
	what, short, why string
	// effort is how long one core takes, about.
	effort time.Duration
	do     func(context.Context, *step) error
	// lenient jobs only save time later: when one fails, what needs its result says why.
	lenient bool
}

// stillEvery is how often a person hears that work goes on where nothing else is to be said.
const stillEvery = 15 * time.Second

// makeReady does the jobs of each lane one after the other, the lanes at once: while one downloads, another compiles.
// It announces what there is to do, reports each step, and ends when every job has; the first failure ends the others.
func makeReady(ctx context.Context, progress io.Writer, lanes ...[]job) error {
	b := &board{progress: progress, start: time.Now()}
	var all []job
	for _, lane := range lanes {
		all = append(all, lane...)
	}
	if len(all) == 0 {
		return nil
	}
	b.all = len(all)
	b.write(announcement(all, runtime.NumCPU()))
	stop := process.Every(stillEvery, b.still)
	defer stop()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wait sync.WaitGroup
	failures := make([]error, len(lanes))
	for i, lane := range lanes {
		wait.Go(func() {
			for _, j := range lane {
				if err := b.do(ctx, j); err != nil {
					failures[i] = err
					cancel(errOther)
					return
				}
			}
		})
	}
	wait.Wait()
	err := cause(failures)
	if err == nil {
		b.write("everything is ready: the run begins")
	}
	return err
}

// errOther ends the jobs beside one that failed.
var errOther = errors.New("another build failed")

// cause is the first failure that another one did not bring about.
func cause(failures []error) error {
	for _, err := range failures {
		if err != nil && !errors.Is(err, errOther) {
			return err
		}
	}
	return nil
}

// announcement says what is going to happen, why, and about how long it takes on so many cores.
func announcement(jobs []job, cores int) string {
	var effort time.Duration
	names := make([]string, len(jobs))
	for i, j := range jobs {
		effort += j.effort
		if names[i] = j.what; j.why != "" {
			names[i] += " (" + j.why + ")"
		}
	}
	list := names[0]
	if last := len(names) - 1; last > 0 {
		list = strings.Join(names[:last], ", ") + " and " + names[last]
	}
	return fmt.Sprintf("first run: making ready %s\n"+
		"this takes %s on %s, downloads included; later runs start at once",
		list, about(effort/time.Duration(cores)), count(cores, "core"))
}

// about is a duration as one says it.
func about(d time.Duration) string {
	if minutes := int((d + 30*time.Second) / time.Minute); minutes > 1 {
		return fmt.Sprintf("about %d minutes", minutes)
	}
	return "about a minute"
}

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// board is where a person sees the jobs: a line when something changes, and a passing one in between.
type board struct {
	progress io.Writer
	start    time.Time

	mu        sync.Mutex
	running   []*step
	all, done int
}

func (b *board) write(line string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	fmt.Fprintln(b.progress, line)
}

// do does one job and reports its end.
func (b *board) do(ctx context.Context, j job) error {
	s := &step{board: b, what: j.what, short: j.short}
	b.mu.Lock()
	b.running = append(b.running, s)
	b.mu.Unlock()
	err := j.do(ctx, s)
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.running {
		if b.running[i] == s {
			b.running = append(b.running[:i], b.running[i+1:]...)
			break
		}
	}
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("building %s: %w", j.what, context.Cause(ctx))
	case err != nil && !j.lenient:
		return fmt.Errorf("building %s: %w", j.what, err)
	case err != nil:
		b.all--
		fmt.Fprintf(b.progress, "%s does not compile: the run will say why\n", j.what)
	default:
		b.done++
		fmt.Fprintf(b.progress, "%s is ready (%d of %d, after %s)\n", j.what, b.done, b.all,
			time.Since(b.start).Round(time.Second))
	}
	return nil
}

// still says what goes on.
func (b *board) still() {
	b.mu.Lock()
	defer b.mu.Unlock()
	var parts []string
	for _, s := range b.running {
		parts = append(parts, s.state())
	}
	if len(parts) > 0 {
		fmt.Fprintf(b.progress, "  still at work (%s): %s\n", time.Since(b.start).Round(time.Second),
			strings.Join(parts, ", "))
	}
}

// step is a job that is being done. It is the io.Writer of its go command's words.
type step struct {
	board       *board
	what, short string

	// All below is guarded by the board's mutex.
	rest                 []byte
	downloaded, compiled int
	complained           []string
}

// waiting says that another process does the same.
func (s *step) waiting() {
	s.board.write("another process builds " + s.what + ": waiting for it")
}

// Write takes what the go command writes: a line for each module that it downloads and for each package that it
// compiles, and its complaints.
func (s *step) Write(p []byte) (int, error) {
	s.board.mu.Lock()
	defer s.board.mu.Unlock()
	s.rest = append(s.rest, p...)
	for {
		line, after, whole := bytes.Cut(s.rest, []byte("\n"))
		if !whole {
			return len(p), nil
		}
		s.rest = after
		s.line(strings.TrimRight(string(line), "\r"))
	}
}

func (s *step) line(line string) {
	switch {
	case strings.HasPrefix(line, "go: downloading "):
		if s.downloaded++; s.downloaded == 1 {
			fmt.Fprintf(s.board.progress, "downloading what %s is made of\n", s.what)
		}
	case line != "" && !strings.ContainsAny(line, " \t:"):
		if s.compiled++; s.compiled == 1 {
			fmt.Fprintf(s.board.progress, "compiling %s\n", s.what)
		}
	default:
		s.complained = append(s.complained, line)
	}
}

// state is how far the step is; the caller holds the board's mutex.
func (s *step) state() string {
	switch {
	case s.compiled > 0:
		return fmt.Sprintf("%s, %s compiled", s.short, count(s.compiled, "package"))
	case s.downloaded > 0:
		return fmt.Sprintf("%s, %s downloaded", s.short, count(s.downloaded, "module"))
	}
	return s.short
}

// complaints are the last lines that were neither of downloads nor of packages.
func (s *step) complaints() string {
	s.board.mu.Lock()
	defer s.board.mu.Unlock()
	if len(s.rest) > 0 {
		s.complained = append(s.complained, string(s.rest))
		s.rest = nil
	}
	return tail(strings.Join(s.complained, "\n"), 30)
}
