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

// targetFlags are common to the verbs that work on either Azure.
type targetFlags struct {
	flags
	target string
}

func (f *targetFlags) register(cmd *cobra.Command) {
	f.registerHome(cmd)
	set := cmd.Flags()
	set.StringVar(&f.configFile, "config-file", "", "configuration to use in place of Pulumi.<stack>.yaml")
	set.StringVar(&f.target, "target", target.Local,
		"where the stack stands: local (the home's embedded Azure) or azure")
}

// at opens the target, does work on it and reports the answer after the target is closed, so that a pager locks no
// home. Command lines with another target are wrong usage. A failure without an answer has the document
// {"stack", "target", "error"}.
func (a *app) at(ctx context.Context, f *targetFlags, do func(*target.Target) (answer, error)) error {
	if f.target != target.Local && f.target != target.Azure {
		return fmt.Errorf("--target is %q: choose %s or %s", f.target, target.Local, target.Azure)
	}
	a.reached = true
	a.progress.Begin("opening " + f.stack)
	var result answer
	t, err := target.Open(ctx, f.target, f.options(a))
	if err == nil {
		result, err = do(t)
		err = errors.Join(err, t.Close())
	}
	if err != nil {
		failure := local.AsFailure(err)
		result = answer{document: map[string]any{"stack": f.stack, "target": f.target, "error": failure},
			failure: failure}
	}
	return a.say(&f.flags, result)
}

// checked is the answer of a verb that checks; a failed check makes the verb fail.
func (f *targetFlags) checked(verb string, report *checks.Report) (answer, error) {
	report.Stack, report.Target = f.stack, f.target
	return answer{document: report, page: f.checksPage(verb, report), long: true, failed: !report.OK()}, nil
}
