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
			return a.failed(f, a.at(cmd.Context(), f, func(t *target.Target) error {
				outputs, err := t.Read(cmd.Context())
				if err != nil {
					return err
				}
				share, err := outputs.Find(args[0])
				if err != nil {
					return err
				}
				consumers := slices.Sorted(maps.Keys(share.Consumers))
				if consumer != "" {
					consumers = []string{consumer}
				}
				failure := &local.Failure{Message: "not every snapshot arrived whole"}
				for _, name := range consumers {
					run, err := stack.Synchronize(cmd.Context(), t.Access, args[0], share, name, full, a.progress)
					if err != nil {
						failure.Diagnostics = append(failure.Diagnostics, local.Diagnostic{Resource: args[0] + " at " +
							"" + name, Message: err.Error()})
						continue
					}
					document.Runs = append(document.Runs, run)
					if run.Problem != "" {
						failure.Diagnostics = append(failure.Diagnostics, local.Diagnostic{Resource: args[0] + " at " +
							"" + name, Message: run.Problem})
					}
				}
				if len(failure.Diagnostics) > 0 {
					document.Error = failure
				}
				return a.say(&f.flags, answer{document: document, page: f.runsPage(document.Runs),
					failure: document.Error})
			}))
		},
	}
	f.register(cmd)
	f.registerAll(cmd, "show every file")
	cmd.Flags().StringVar(&consumer, "consumer", "", "organization to take the snapshot at (default: every consumer "+
		"of the share)")
	cmd.Flags().BoolVar(&full, "full", false, "copy everything again, not only what changed since the last snapshot")
	return cmd
}
