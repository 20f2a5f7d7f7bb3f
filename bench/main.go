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
  floor   plain pulumi on a provider that does nothing but answer from a recording
  engine  plain pulumi, the same command, on the bridge and the embedded Azure
  tool    crossorg local: the same with everything around it, such as reading the snapshots

Examples:
  go run ./bench                                     the dev stack, 10 and 50 consumers, without checkpoints
  go run ./bench -sizes 100 -rounds 3 --json         one JSON document on stdout
  go run ./bench -sizes dev,10 -checkpoints both     and what Pulumi's file backend adds

Flags:
`
)

// options are the command line's.
type options struct {
	sizes       []size
	rounds      int
	checkpoints []bool
	engine      bool
	target      float64
	json        bool
	work        string
	profile     string
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
	if missed := report.missed(o.target); len(missed) > 0 {
		fmt.Fprintf(stderr, "above the target of %.2f:\n  %s\n", o.target, strings.Join(missed, "\n  "))
		return exitMissed
	}
	return 0
}

func parse(args []string, stdout, stderr io.Writer) (*options, error) {
	o := &options{}
	set := flag.NewFlagSet("bench", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	sizes := set.String("sizes", "dev,10,50", "numbers of consumers, and dev for the dev stack as it is")
	checkpoints := set.String("checkpoints", "off",
		"on: Pulumi saves its state at every step, as is its default; off: only at the end; both")
	set.IntVar(&o.rounds, "rounds", 0, "rounds at each size (default 3, with checkpoints and more than 10 consumers 1)")
	set.BoolVar(&o.engine, "engine", true, "measure the engine's part too, in runs of its own")
	set.Float64Var(&o.target, "target", 1.3, "highest ratio of tool to floor that is no failure")
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
	switch *checkpoints {
	case "on":
		o.checkpoints = []bool{true}
	case "off":
		o.checkpoints = []bool{false}
	case "both":
		o.checkpoints = []bool{false, true}
	default:
		return nil, fmt.Errorf("-checkpoints: %q must be on, off or both", *checkpoints)
	}
	if o.rounds < 0 {
		return nil, fmt.Errorf("-rounds: %d must be at least 1", o.rounds)
	}
	return o, nil
}

// roundsAt is how often a size is measured. The file backend makes big stacks with checkpoints a matter of minutes.
func (o *options) roundsAt(s size, checkpoints bool) int {
	switch {
	case o.rounds > 0:
		return o.rounds
	case checkpoints && s > 10:
		return 1
	default:
		return 3
	}
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
	b, err := newBench(ctx, work, o.engine, progress)
	if err != nil {
		return nil, err
	}
	defer b.close()
	report := newReport(b.toolchain.Version.String(), o.target)
	for _, s := range o.sizes {
		results, err := b.measure(ctx, s, o.checkpoints, o.roundsAt)
		if err != nil {
			return nil, fmt.Errorf("at size %s: %w", s, err)
		}
		report.Sizes = append(report.Sizes, results)
	}
	return report, nil
}
