// Command crossorg runs the project's Pulumi program on the embedded Azure.
//
// Exit codes: 0 for done, 1 for failed, 2 for wrong usage, 3 for damage that local check found.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/crossorg/crossorg/internal/local"
)

const (
	exitFailed  = 1
	exitUsage   = 2
	exitDamaged = 3
)

func main() {
	// A run is short and keeps little: collecting garbage four times less often saves a tenth of its CPU time.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	keepPrivate()
	a := &app{stdin: os.Stdin, reporter: newReporter(os.Stdout, os.Stderr, os.Getenv)}
	var ctx context.Context
	ctx, a.killed = untilInterrupted(a.progress)
	os.Exit(a.run(ctx, os.Args[1:]))
}

// app is what the verbs share.
type app struct {
	*reporter
	stdin  io.Reader
	killed <-chan struct{}
	// reached says that the command line was right and a verb began: an error from then on is a failure.
	reached bool
}

// run executes a command line and returns the exit code.
func (a *app) run(ctx context.Context, args []string) int {
	root := a.root()
	root.SetArgs(args)
	root.SetIn(a.stdin)
	root.SetOut(a.out)
	root.SetErr(a.err)
	err := root.ExecuteContext(ctx)
	a.progress.Clear()
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errDamaged):
		return exitDamaged
	case !a.reached:
		a.wrongUsage(err)
		return exitUsage
	case !errors.Is(err, errReported):
		a.failure(local.AsFailure(err))
	}
	return exitFailed
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "crossorg",
		Short:         "Governed data sharing between organizations on Azure",
		Example:       "  crossorg local up",
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE:          needsVerb,
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	// Descriptions of flags are folded to the width, too.
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), "FlagUsages ",
		fmt.Sprintf("FlagUsagesWrapped %d ", a.out.Width())))
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w\nSee '%s --help'", err, cmd.CommandPath())
	})
	root.AddCommand(a.local(), a.preflight(), a.verify(), a.sync(), a.revoke(), a.reinstate(), a.cert())
	return root
}

// needsVerb is the RunE of commands that only group others: a missing or unknown verb is wrong usage.
func needsVerb(cmd *cobra.Command, args []string) error {
	problem := "a command is missing"
	if len(args) > 0 {
		problem = fmt.Sprintf("there is no command %q", args[0])
	}
	return fmt.Errorf("%s\n\n%s", problem, cmd.UsageString())
}

// untilInterrupted returns a context that the first ctrl-C (or SIGTERM) ends, and a channel that the second closes.
func untilInterrupted(progress io.Writer) (context.Context, <-chan struct{}) {
	ctx, cancel := context.WithCancel(context.Background())
	killed := make(chan struct{})
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		fmt.Fprintln(progress, "ending: what has begun is finished first; ctrl-C again ends at once")
		cancel()
		<-signals
		close(killed)
		// A third one ends this process at once.
		signal.Stop(signals)
	}()
	return ctx, killed
}
