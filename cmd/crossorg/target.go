package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/crossorg/crossorg/internal/checks"
	"github.com/crossorg/crossorg/internal/local"
	"github.com/crossorg/crossorg/internal/target"
)

// targetFlags are those of verbs that work on either Azure.
type targetFlags struct {
	flags
	target string
}

func (f *targetFlags) register(cmd *cobra.Command) {
	f.registerHome(cmd)
	set := cmd.Flags()
	set.StringVar(&f.configFile, "config-file", "", "configuration to use in place of Pulumi.<stack>.yaml")
	set.StringVar(&f.target, "target", target.Local, "where the stack stands: local (the home's embedded Azure) or "+
		"azure")
}

// at opens the target and has do work on it. Command lines with another target are wrong usage.
func (a *app) at(ctx context.Context, f *targetFlags, do func(*target.Target) error) error {
	if f.target != target.Local && f.target != target.Azure {
		return fmt.Errorf("--target is %q: choose %s or %s", f.target, target.Local, target.Azure)
	}
	a.reached = true
	a.progress.Begin("opening " + f.stack)
	t, err := target.Open(ctx, f.target, f.options(a))
	if err != nil {
		return err
	}
	err = do(t)
	return errors.Join(err, t.Close())
}

// failed reports a failure, with the document {"stack", "target", "error"} if one was asked for.
func (a *app) failed(f *targetFlags, err error) error {
	if err == nil || !a.reached || errors.Is(err, errReported) {
		return err
	}
	failure := local.AsFailure(err)
	return a.say(&f.flags, answer{
		document: map[string]any{"stack": f.stack, "target": f.target, "error": failure}, failure: failure,
	})
}

// checked reports the rows of checks; a failed one makes the verb fail.
func (a *app) checked(f *targetFlags, verb string, report *checks.Report) error {
	report.Stack, report.Target = f.stack, f.target
	if err := a.say(&f.flags, answer{document: report, page: f.checksPage(verb, report), long: true}); err != nil {
		return err
	}
	if !report.OK() {
		return errReported
	}
	return nil
}
