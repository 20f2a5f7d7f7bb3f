// Command sweep breaks the dev stack at every request to Azure Resource Manager, in every way, and checks that the next
// run mends it: it runs up (or destroy) with one fault at request i, runs it again without, and compares everything
// that then stands, in the embedded Azure and in Pulumi's state, with the end of a run without faults. docs/sweep.md
// tells more.
//
// Exit codes: 0 when nothing was lost, 1 when something was lost or could not be tried, 2 when the command line is
// wrong.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
)

const (
	exitLoss    = 1
	exitUsage   = 2
	usageHeader = `Usage: go run ./tests/sweep [flags]

Breaks the dev stack at request i of up and of destroy, for every i, runs the verb again, and compares the end with that
of a run without faults. Everything must be equal: resources and their properties, blobs, history, Pulumi's state.

Kinds:
  429, 500, 503            request i is refused once
  drop-before, drop-after  its connection is dropped once, before or after it took effect
  slow                     its answer comes late
  fail-operation           the i-th asynchronous operation fails
  outage                   request i is answered 503, and so are its repetitions
  lost-answer              request i takes effect and is never answered, nor are its repetitions
  kill                     the engine is killed (kill -9 of its process group) during request i

Examples:
  go run ./tests/sweep                                      everything: about an hour on two cores
  go run ./tests/sweep -sample 20 -seed 7                   twenty trials at random
  go run ./tests/sweep -verbs up -kinds kill -from 40 -to 60 --json

Flags:
`
)

// options are the command line's.
type options struct {
	plan
	lanes   int
	thrifty bool
	json    bool
	work    string
}

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400) // as in cmd/crossorg, whose process this one stands in for
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(execute(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func execute(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintf(stderr, "%v\nSee 'go run ./tests/sweep --help'\n", err)
		return exitUsage
	}
	report, err := o.sweep(ctx, stderr)
	if report != nil {
		write := report.writeTable
		if o.json {
			write = report.writeJSON
		}
		err = errors.Join(err, write(stdout))
	}
	if err != nil {
		fmt.Fprintf(stderr, "error: %v\n", err)
		return exitLoss
	}
	if report.Lost > 0 {
		return exitLoss
	}
	return 0
}

func parse(args []string, stdout io.Writer) (*options, error) {
	o := &options{}
	set := flag.NewFlagSet("sweep", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	verbList := set.String("verbs", strings.Join(verbs, ","), "verbs to break")
	kindList := set.String("kinds", strings.Join(kinds(), ","), "kinds of faults")
	set.IntVar(&o.from, "from", 1, "first request to break")
	set.IntVar(&o.to, "to", 0, "last request to break (default: the last one of a run)")
	set.IntVar(&o.step, "step", 1, "break every so many requests only")
	set.IntVar(&o.sample, "sample", 0, "try this many trials, chosen at random (default: all)")
	set.Uint64Var(&o.seed, "seed", 1, "makes the choice of -sample repeatable")
	set.IntVar(&o.look, "look", 10,
		"after every so many trials of a kind a preview, too, must find nothing to do; 0: never")
	set.BoolVar(&o.thrifty, "thrifty", false, "do not run the verb again where the run with the fault ended as one "+
		"without faults (saves a third of the time)")
	set.IntVar(&o.lanes, "lanes", runtime.NumCPU(), "trials at a time")
	set.BoolVar(&o.json, "json", false, "print one JSON document on stdout; progress goes to stderr")
	set.StringVar(&o.work, "work", "", "folder for homes, kept afterwards (default: a temporary one)")
	if err := set.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprint(stdout, usageHeader)
			set.SetOutput(stdout)
			set.PrintDefaults()
		}
		return nil, err
	}
	if set.NArg() > 0 {
		return nil, fmt.Errorf("there is no argument %q: everything is a flag", set.Arg(0))
	}
	var err error
	if o.verbs, err = choose("verbs", *verbList, verbs); err != nil {
		return nil, err
	}
	if o.kinds, err = choose("kinds", *kindList, kinds()); err != nil {
		return nil, err
	}
	switch {
	case o.from < 1 || o.step < 1 || o.lanes < 1:
		return nil, errors.New("-from, -step and -lanes must be at least 1")
	case o.to < 0 || o.sample < 0 || o.look < 0:
		return nil, errors.New("-to, -sample and -look must not be negative")
	case o.to > 0 && o.to < o.from:
		return nil, fmt.Errorf("-to is %d and -from %d: there is nothing between them", o.to, o.from)
	}
	return o, nil
}

// choose reads a list of some of the known names, and returns them in their known order.
func choose(flag, list string, known []string) ([]string, error) {
	given := strings.Split(list, ",")
	for _, name := range given {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("-%s: %q must be among %s", flag, name, strings.Join(known, ", "))
		}
	}
	var out []string
	for _, name := range known {
		if slices.Contains(given, name) {
			out = append(out, name)
		}
	}
	return out, nil
}

// workDir makes the folder for homes; done removes it when it is a temporary one.
func (o *options) workDir() (dir string, done func() error, err error) {
	if o.work == "" {
		dir, err = os.MkdirTemp("", "crossorg-sweep-")
		return dir, func() error { return os.RemoveAll(dir) }, err
	}
	if dir, err = filepath.Abs(o.work); err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	return dir, func() error { return nil }, err
}
