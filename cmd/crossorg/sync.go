package main

import (
	"maps"
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
	var consumer string
	var full bool
	cmd := &cobra.Command{
		Use:   "sync SHARE",
		Short: "Take a snapshot of a share now",
		Long: `Start a snapshot of a share, follow it to its end, and print the files at both ends with the
history. It exits 1 when the snapshot fails or a file is not equal at both ends.`,
		Example: "  crossorg sync financial-collaboration-share\n  crossorg sync financial-collaboration-share " +
			"--consumer fabrikam --full",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			document := syncDocument{Stack: f.stack, Target: f.target, Runs: []*stack.Synchronized{}}
			return a.at(cmd.Context(), f, func(t *target.Target) (answer, error) {
				outputs, err := t.Read(cmd.Context())
				if err != nil {
					return answer{}, err
				}
				share, err := outputs.Find(args[0])
				if err != nil {
					return answer{}, err
				}
				consumers := slices.Sorted(maps.Keys(share.Consumers))
				if consumer != "" {
					consumers = []string{consumer}
				}
				for _, name := range consumers {
					run, err := stack.Synchronize(cmd.Context(), t.Access, args[0], share, name, full, a.progress)
					document.add(args[0], name, run, err)
				}
				return answer{document: document, page: f.runsPage(document.Runs), failure: document.Error}, nil
			})
		},
	}
	f.register(cmd)
	f.registerAll(cmd, "show every file")
	cmd.Flags().StringVar(&consumer, "consumer", "",
		"organization to take the snapshot at (default: every consumer of the share)")
	cmd.Flags().BoolVar(&full, "full", false, "copy everything again, not only what changed since the last snapshot")
	return cmd
}
