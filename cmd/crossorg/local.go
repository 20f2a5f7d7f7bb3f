package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/crossorg/crossorg/internal/azure"
	"github.com/crossorg/crossorg/internal/console"
	"github.com/crossorg/crossorg/internal/local"
)

// local groups the verbs that work on the embedded Azure.
func (a *app) local() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "local",
		Short: "Run the Pulumi program on an Azure in this process",
		Long: `Run the Pulumi program on an Azure in this process.

The program is the real one, under the real Pulumi engine; no Azure account and no other
tool than Go is needed. Everything that a run keeps lies in the home folder.`,
		Example: "  crossorg local up\n  crossorg local up --stack hub --json\n  crossorg local destroy",
		RunE:    needsVerb,
	}
	cmd.AddCommand(
		a.localUp(), a.localPreview(), a.localRefresh(), a.localDestroy(), a.localOutputs(),
		a.localServe(), a.localCheck(), a.localReset(), a.localPulumi(), a.localAdvance(), a.localFaults(),
	)
	return cmd
}

// flags are common to all verbs.
type flags struct {
	stack, project, home, configFile, armLog string
	json, all                                bool
	latency                                  azure.Latency
}

func (f *flags) register(cmd *cobra.Command) {
	f.registerHome(cmd)
	set := cmd.Flags()
	set.StringVar(&f.configFile, "config-file", "", "configuration to use in place of Pulumi.<stack>.yaml")
	set.StringVar(&f.latency.Profile, "latency", "", "how long things take: none (default), or azure: as Azure does, "+
		"with its delays and request limits")
	set.Float64Var(&f.latency.Scale, "latency-scale", 1,
		"factor for --latency azure: 0.01 takes a hundredth of the time")
	set.StringVar(&f.latency.FirstSnapshot, "first-snapshot", "",
		"when a new trigger's first snapshot runs: scheduled "+
			"(default), or at-once")
	set.StringVar(&f.armLog, "arm-log", "", "append every request to the embedded Azure to this file, as JSON lines")
}

// registerHome adds the flags of a verb that reads the home and runs nothing.
func (f *flags) registerHome(cmd *cobra.Command) {
	set := cmd.Flags()
	set.StringVar(&f.stack, "stack", "dev", "stack, as in Pulumi.<stack>.yaml")
	set.StringVar(&f.project, "project", "", "folder of the project (default: found from the working directory upward)")
	set.StringVar(&f.home, "home", "", "home folder, which keeps everything local (default: .crossorg in the project)")
	set.BoolVar(&f.json, "json", false, "print one JSON document on stdout; progress goes to stderr")
}

// registerAll adds --all to a verb whose page may leave rows out.
func (f *flags) registerAll(cmd *cobra.Command, what string) {
	cmd.Flags().BoolVar(&f.all, "all", false, what)
}

func (f *flags) options(a *app) local.Options {
	return local.Options{
		ProjectDir: f.project,
		HomeDir:    f.home,
		Stack:      f.stack,
		ConfigFile: f.configFile,
		ArmLog:     f.armLog,
		Latency:    f.latency,
		Progress:   a.progress,
		Kill:       a.killed,
	}
}

// work is what a verb does with a session.
type work struct {
	// doing is the work's name in progress and errors.
	doing string
	// runsProgram says that the engine runs the program for it.
	runsProgram bool
	do          func(*local.Session) (*local.Result, error)
	// page lays the result out; long ones go through the pager on a terminal.
	page func(*local.Result) func(*console.Page)
	long bool
}

// session opens a stack, does the work on it, and reports the result or the failure.
func (a *app) session(ctx context.Context, f *flags, w work) error {
	a.reached = true
	a.progress.Begin(w.doing + " " + f.stack)
	result := &local.Result{Stack: f.stack}
	o := f.options(a)
	o.RunsProgram = w.runsProgram
	session, err := local.Open(ctx, o)
	if err == nil {
		result, err = w.do(session)
		err = errors.Join(err, session.Close())
	}
	if err != nil {
		result.Error = local.AsFailure(err)
	}
	return a.say(f, answer{document: result, page: w.page(result), long: w.long, failure: result.Error})
}
