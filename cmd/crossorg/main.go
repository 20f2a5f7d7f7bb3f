// Command crossorg runs the project's Pulumi program on the embedded Azure.
//
// Exit codes: 0 when what was asked has happened, 1 when it failed, 2 when the command line is wrong.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"
)

const (
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	// A run is short and keeps little: collecting garbage four times less often saves a tenth of its CPU time.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	keepPrivate()
	ctx, killed := untilInterrupted(os.Stderr)
	os.Exit(run(ctx, killed, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// app is what the verbs share.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	killed         <-chan struct{}
	// reached tells that the command line was right and a verb began: what goes wrong from then on is a failure.
	reached bool
}

// errReported is a failure that has been printed already.
var errReported = errors.New("failed")

func run(ctx context.Context, killed <-chan struct{}, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{stdin: stdin, stdout: stdout, stderr: stderr, killed: killed}
	root := a.root()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return 0
	case !a.reached:
		fmt.Fprintf(stderr, "%v\n", err)
		return exitUsage
	case !errors.Is(err, errReported):
		fmt.Fprintf(stderr, "error: %v\n", err)
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
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w\nSee '%s --help'", err, cmd.CommandPath())
	})
	root.AddCommand(a.local(), a.preflight(), a.verify(), a.sync(), a.revoke(), a.reinstate(), a.cert())
	return root
}

// needsVerb is the RunE of commands that only group others: naming none, or an unknown one, is wrong usage.
func needsVerb(cmd *cobra.Command, args []string) error {
	problem := "a command is missing"
	if len(args) > 0 {
		problem = fmt.Sprintf("there is no command %q", args[0])
	}
	return fmt.Errorf("%s\n\n%s", problem, cmd.UsageString())
}

// untilInterrupted returns a context that the first ctrl-C (or SIGTERM) ends, and a channel that the second closes.
func untilInterrupted(stderr io.Writer) (context.Context, <-chan struct{}) {
	ctx, cancel := context.WithCancel(context.Background())
	killed := make(chan struct{})
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		fmt.Fprintln(stderr, "\nending: what has begun is finished first; ctrl-C again ends at once")
		cancel()
		<-signals
		close(killed)
		// A third one ends this process too, whatever it waits for.
		signal.Stop(signals)
	}()
	return ctx, killed
}
