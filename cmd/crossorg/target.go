package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

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
	t, err := target.Open(ctx, f.target, f.options(a))
	if err != nil {
		return err
	}
	err = do(t)
	return errors.Join(err, t.Close())
}

// failed prints a failure, and the document {"stack", "error"} if one was asked for.
func (a *app) failed(f *targetFlags, err error) error {
	if err == nil || !a.reached || errors.Is(err, errReported) {
		return err
	}
	failure := local.AsFailure(err)
	printFailure(a.stderr, failure)
	if f.json {
		if err := a.document(map[string]any{"stack": f.stack, "target": f.target, "error": failure}); err != nil {
			return err
		}
	}
	return errReported
}

func (a *app) document(v any) error {
	encoder := json.NewEncoder(a.stdout)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}

// checked prints the rows of checks; a failed one makes the verb fail.
func (a *app) checked(f *targetFlags, report *checks.Report) error {
	report.Stack, report.Target = f.stack, f.target
	if f.json {
		if err := a.document(report); err != nil {
			return err
		}
	} else if err := a.printChecks(report); err != nil {
		return err
	}
	if !report.OK() {
		return errReported
	}
	return nil
}

func (a *app) printChecks(report *checks.Report) error {
	t := tabwriter.NewWriter(a.stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintf(t, "\tCHECK\tORGANIZATION\tRESOURCE\tEXPECTED\tSEEN\n")
	for _, c := range report.Checks {
		mark := "ok"
		if !c.OK {
			mark = "FAIL"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", mark, c.Check, c.Organization, shortID(c.Resource), clip(c.Expected),
			clip(c.Seen))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if report.Failed > 0 {
		fmt.Fprintf(a.stdout, "\nWhat to do\n")
		for _, c := range report.Checks {
			if !c.OK {
				fmt.Fprintf(a.stdout, "  %s at %s\n    expected %s\n    seen     %s\n    do       %s\n", c.Check,
					c.Resource, c.Expected, c.Seen, c.Advice)
			}
		}
	}
	_, err := fmt.Fprintf(a.stdout, "\n%s on %s: %d passed, %d failed in %.1fs\n", report.Stack, report.Target,
		report.Passed, report.Failed, float64(report.DurationMs)/1000)
	return err
}

// shortID is the last type and name of an ARM id: the whole id stands in the document and with the advice.
func shortID(id string) string {
	if !strings.HasPrefix(id, "/") {
		return id
	}
	parts := strings.Split(id, "/")
	return strings.Join(parts[max(0, len(parts)-2):], "/")
}

// clip keeps a cell of a table readable.
func clip(s string) string {
	const limit = 60
	s = strings.ReplaceAll(s, "\n", " ")
	if runes := []rune(s); len(runes) > limit {
		return string(runes[:limit-1]) + "…"
	}
	return s
}
