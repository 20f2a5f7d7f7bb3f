package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/crossorg/crossorg/internal/local"
	"github.com/crossorg/crossorg/internal/stack"
	"github.com/crossorg/crossorg/internal/target"
)

// syncDocument is the JSON document of sync.
type syncDocument struct {
	Stack  string                `json:"stack"`
	Target string                `json:"target"`
	Runs   []*stack.Synchronized `json:"runs"`
	Error  *local.Failure        `json:"error,omitempty"`
}

// add adds a consumer's run, or its error.
func (d *syncDocument) add(share, consumer string, run *stack.Synchronized, err error) {
	problem := ""
	switch {
	case err != nil:
		problem = err.Error()
	default:
		d.Runs = append(d.Runs, run)
		problem = run.Problem
	}
	if problem == "" {
		return
	}
	if d.Error == nil {
		d.Error = &local.Failure{Message: "not every snapshot arrived whole"}
	}
	d.Error.Diagnostics = append(d.Error.Diagnostics, local.Diagnostic{Resource: share + " at " + consumer,
		Message: problem})
}

func (a *app) sync() *cobra.Command {
	f := &targetFlags{}
	o := syncOptions{}
	cmd := &cobra.Command{
		Use:   "sync SHARE | --all",
		Short: "Take a snapshot of a share, or of all, now",
		Long: `Start a snapshot of a share, follow it to its end, and print the files at both ends with the
history. It exits 1 when the snapshot fails or a file is not equal at both ends.

With --all it takes one of every share at every consumer, several at the same time. That is
the step after pulumi up: a schedule takes its first snapshot at its own time, which may be a
day away.`,
		Example: "  crossorg sync financial-collaboration-share\n  crossorg sync financial-collaboration-share " +
			"--consumer fabrikam --full\n  crossorg sync --all --target azure",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 || (len(args) == 1) == o.all {
				return errors.New("sync takes the name of one share, or --all for every share")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.at(cmd.Context(), f, func(t *target.Target) (answer, error) {
				outputs, err := t.Read(cmd.Context())
				if err != nil {
					return answer{}, err
				}
				deliveries, err := o.deliveries(outputs, args)
				if err != nil {
					return answer{}, err
				}
				document := syncDocument{Stack: f.stack, Target: f.target, Runs: []*stack.Synchronized{}}
				runs, errs := stack.SynchronizeAll(cmd.Context(), t.Access, outputs.Shares, deliveries, o.full,
					a.progress)
				for i, d := range deliveries {
					document.add(d.Share, d.Consumer, runs[i], errs[i])
				}
				return answer{document: document, page: f.runsPage(document.Runs), failure: document.Error}, nil
			})
		},
	}
	f.register(cmd)
	set := cmd.Flags()
	set.BoolVar(&o.all, "all", false, "take a snapshot of every share at every consumer")
	set.BoolVar(&f.all, "files", false, "show every file")
	set.StringVar(&o.consumer, "consumer", "", "organization to take the snapshot at (default: every consumer)")
	set.BoolVar(&o.full, "full", false, "copy everything again, not only what changed since the last snapshot")
	return cmd
}

// syncOptions say which snapshots to take.
type syncOptions struct {
	all, full bool
	consumer  string
}

// deliveries are the shares to synchronize with the consumers to do it at: those of the one share in args, or all.
func (o *syncOptions) deliveries(outputs *stack.Outputs, args []string) ([]stack.Delivery, error) {
	shares := outputs.Shares
	if !o.all {
		share, err := outputs.Find(args[0])
		if err != nil {
			return nil, err
		}
		if o.consumer != "" {
			if _, err := share.Find(o.consumer); err != nil {
				return nil, err
			}
		}
		shares = map[string]stack.Share{args[0]: share}
	}
	found := slices.DeleteFunc(stack.Deliveries(shares), func(d stack.Delivery) bool {
		return o.consumer != "" && d.Consumer != o.consumer
	})
	if len(found) == 0 && o.consumer != "" {
		return nil, fmt.Errorf("%q is no consumer of any share", o.consumer)
	}
	return found, nil
}
