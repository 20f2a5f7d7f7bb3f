package main

import (
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/crossorg/crossorg/internal/azure/faults"
	"github.com/crossorg/crossorg/internal/local"
)

// faultsDocument is the JSON document of the verbs about faults.
type faultsDocument struct {
	Faults []faults.State `json:"faults"`
	Error  *local.Failure `json:"error,omitempty"`
}

func (a *app) localFaults() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "faults",
		Short: "Make requests to the embedded Azure fail",
		Long: `Make requests to the embedded Azure fail, to see that a deployment recovers.

Rules are kept in the home and hold for a running local serve and for later runs, until they
are cleared.`,
		Example: "  crossorg local faults add --kind 503 --method PUT --path '*/vaults/*' --count 2\n" +
			"  crossorg local faults list\n  crossorg local faults clear",
		RunE: needsVerb,
	}
	cmd.AddCommand(a.faultsAdd(), a.faultsList(), a.faultsClear())
	return cmd
}

func (a *app) faultsAdd() *cobra.Command {
	f := &flags{}
	var rule faults.Rule
	var kinds []string
	for _, k := range faults.Kinds() {
		kinds = append(kinds, string(k))
	}
	cmd := &cobra.Command{
		Use:   "add --kind KIND",
		Short: "Add a rule",
		Long: `Add a rule: which requests to Azure Resource Manager fail, how, and how often.

  429, 500, 503   refuse the request; it has no effect
  drop-before     close the connection before the request takes effect
  drop-after      close it after the request took effect
  slow            let it take effect and hold the answer back for --delay
  fail-operation  let the asynchronous operation that the request starts fail`,
		Example: "  crossorg local faults add --kind drop-after --method PUT --nth 7 --count 1\n" +
			"  crossorg local faults add --kind 429 --probability 0.1 --seed 42 --delay 2s",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := rule.Check(); err != nil {
				return err
			}
			return a.faults(f, func(o local.Options) ([]faults.State, error) {
				added, err := local.AddFault(cmd.Context(), o, rule)
				return []faults.State{{Rule: added}}, err
			})
		},
	}
	f.registerHome(cmd)
	set := cmd.Flags()
	set.StringVar((*string)(&rule.Kind), "kind", "", "kind of fault: "+strings.Join(kinds, ", "))
	set.StringVar(&rule.Method, "method", "", "HTTP method of the requests (default: any)")
	set.StringVar(&rule.Path, "path", "",
		"pattern of the requests' whole path, * for any run of characters (default: any)")
	set.IntVar(&rule.Nth, "nth", 0, "first matching request to fail, counted from 1")
	set.IntVar(&rule.Count, "count", 0, "how many requests fail (default: all)")
	set.Float64Var(&rule.Probability, "probability", 0, "chance of each matching request (default: 1)")
	set.Uint64Var(&rule.Seed, "seed", 0, "makes the chances repeatable")
	set.IntVar(&rule.Repeat, "repeat", 0, "how many repetitions of a failed request fail too")
	set.DurationVar((*time.Duration)(&rule.Delay), "delay", 0,
		"how long slow holds back, and what 429 and 503 ask for in Retry-After")
	return cmd
}

func (a *app) faultsList() *cobra.Command {
	f := &flags{}
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "Show the rules and how often they matched and fired",
		Example: "  crossorg local faults list --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.faults(f, func(o local.Options) ([]faults.State, error) { return local.Faults(cmd.Context(), o) })
		},
	}
	f.registerHome(cmd)
	return cmd
}

func (a *app) faultsClear() *cobra.Command {
	f := &flags{}
	cmd := &cobra.Command{
		Use:     "clear",
		Short:   "Remove all rules",
		Example: "  crossorg local faults clear",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.faults(f, func(o local.Options) ([]faults.State, error) {
				return nil,
					local.ClearFaults(cmd.Context(), o)
			})
		},
	}
	f.registerHome(cmd)
	return cmd
}

// faults runs a verb about faults and prints the rules that it answers.
func (a *app) faults(f *flags, do func(local.Options) ([]faults.State, error)) error {
	a.reached = true
	states, err := do(f.options(a))
	document := faultsDocument{Faults: []faults.State{}}
	if err != nil {
		document.Error = local.AsFailure(err)
		return a.say(f, answer{document: document, failure: document.Error})
	}
	document.Faults = append(document.Faults, states...)
	return a.say(f, answer{document: document, page: faultsPage(document.Faults)})
}
