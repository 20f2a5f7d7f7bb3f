// Command bench measures what local runs cost beside the least that Pulumi itself costs: it runs up, an unchanged up
// and destroy on the embedded Azure, and the same resource graph on a provider that does nothing, in turns, and prints
// the ratios. docs/performance.md tells what they were.
//
// Exit codes: 0 when every ratio is within the target, 1 when something could not be measured, 2 when the command line
// is wrong, 3 when a ratio is above the target.
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
	"runtime/debug"
	"runtime/pprof"
	"strconv"
	"strings"
	"syscall"
)

const (
	exitFailed  = 1
	exitUsage   = 2
	exitMissed  = 3
	usageHeader = `Usage: go run ./bench [flags]

Measures up, an unchanged up and destroy of the dev stack and of stacks with more consumers:
  floor     plain pulumi on a provider that does nothing but answer from a recording; the state is written at the end
  engine    plain pulumi, the same command, on the bridge and the embedded Azure
  skipping  crossorg local with the state written at the end alone: quick, and lost with a crash
  tool      crossorg local as people run it: each step is on disk before the engine goes on

Examples:
  go run ./bench                                     the dev stack, 10 and 50 consumers
  go run ./bench -sizes 100 -rounds 3 --json         one JSON document on stdout
  go run ./bench -sizes 1000 -rounds 1 -floor=false -verify   a thousand consumers, verified, with time and memory

Flags:
`
)

// options are the command line's.
type options struct {
	sizes   []size
	rounds  int
	lanes   lanes
	verify  bool
	targets targets
	json    bool
	work    string
	profile string
}

// lanes are the ones that can be left out. The tool's is always measured.
type lanes struct {
	floor, skipping, engine bool
}

// size is how many consumers a stack has; 0 is the dev stack as it is.
type size int

func (s size) String() string {
	if s == 0 {
		return "dev"
	}
	return strconv.Itoa(int(s))
}

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400) // as in cmd/crossorg, whose process this one stands in for
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stdout, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintf(stderr, "%v\nSee 'go run ./bench --help'\n", err)
		return exitUsage
	}
	report, err := o.measure(ctx, stderr)
	if err != nil {
		fmt.Fprintf(stderr, "error: %v\n", err)
		return exitFailed
	}
	if o.json {
		err = report.writeJSON(stdout)
	} else {
		err = report.writeTable(stdout)
	}
	if err != nil {
		fmt.Fprintf(stderr, "error: %v\n", err)
		return exitFailed
	}
	if missed := report.missed(); len(missed) > 0 {
		fmt.Fprintf(stderr, "above the target:\n  %s\n", strings.Join(missed, "\n  "))
		return exitMissed
	}
	return 0
}

func parse(args []string, stdout, stderr io.Writer) (*options, error) {
	o := &options{}
	set := flag.NewFlagSet("bench", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	sizes := set.String("sizes", "dev,10,50", "numbers of consumers, and dev for the dev stack as it is")
	set.IntVar(&o.rounds, "rounds", 3, "rounds at each size")
	set.BoolVar(&o.lanes.floor, "floor", true, "measure the floor, in runs of its own")
	set.BoolVar(&o.lanes.skipping, "skipping", true, "measure the tool with its state written at the end alone")
	set.BoolVar(&o.lanes.engine, "engine", true, "measure the engine's part too, in runs of its own")
	set.BoolVar(&o.verify, "verify", false, "verify what stands after the first up, and tell its time and memory")
	set.Float64Var(&o.targets.Floor, "target", 1.3, "highest ratio of tool to floor that is no failure")
	set.Float64Var(&o.targets.Skipping, "skipping-target", 1.15, "highest ratio of tool to skipping that is no failure")
	set.BoolVar(&o.json, "json", false, "print one JSON document on stdout; progress goes to stderr")
	set.StringVar(&o.work, "work", "", "folder for homes and request logs, kept afterwards (default: a temporary one)")
	set.StringVar(&o.profile, "cpuprofile", "", "write a CPU profile of embedded Azure, bridge and tool to this file")
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
	for field := range strings.SplitSeq(*sizes, ",") {
		if field == "dev" {
			o.sizes = append(o.sizes, 0)
			continue
		}
		n, err := strconv.Atoi(field)
		if err != nil || n < 1 || n > maxConsumers {
			return nil, fmt.Errorf("-sizes: %q must be dev or a number of consumers from 1 to %d", field, maxConsumers)
		}
		o.sizes = append(o.sizes, size(n))
	}
	if o.rounds < 1 {
		return nil, fmt.Errorf("-rounds: %d must be at least 1", o.rounds)
	}
	return o, nil
}

// measure runs everything that was asked for.
func (o *options) measure(ctx context.Context, progress io.Writer) (_ *report, err error) {
	work := o.work
	if work == "" {
		if work, err = os.MkdirTemp("", "crossorg-bench-"); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	}
	if work, err = filepath.Abs(work); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(work, 0o700); err != nil {
		return nil, err
	}
	if o.profile != "" {
		f, err := os.Create(o.profile)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return nil, err
		}
		defer pprof.StopCPUProfile()
	}
	b, err := newBench(ctx, work, o, progress)
	if err != nil {
		return nil, err
	}
	defer b.close()
	report := newReport(b.toolchain.Version.String(), o.targets)
	for _, s := range o.sizes {
		results, err := b.measure(ctx, s)
		if err != nil {
			return nil, fmt.Errorf("at size %s: %w", s, err)
		}
		report.Sizes = append(report.Sizes, results)
	}
	return report, nil
}
