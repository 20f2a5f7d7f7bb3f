package main

import (
	"fmt"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

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
					run, err := stack.Synchronize(cmd.Context(), t.Access, args[0], share, name, full, a.stderr)
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
				if f.json {
					err = a.document(document)
				} else {
					err = a.printRuns(document.Runs)
				}
				if err != nil || document.Error == nil {
					return err
				}
				printFailure(a.stderr, failure)
				return errReported
			}))
		},
	}
	f.register(cmd)
	cmd.Flags().StringVar(&consumer, "consumer", "", "organization to take the snapshot at (default: every consumer "+
		"of the share)")
	cmd.Flags().BoolVar(&full, "full", false, "copy everything again, not only what changed since the last snapshot")
	return cmd
}

func (a *app) printRuns(runs []*stack.Synchronized) error {
	t := tabwriter.NewWriter(a.stdout, 0, 4, 2, ' ', 0)
	for _, r := range runs {
		status := "None"
		if r.Run != nil {
			status = r.Run.Status
		}
		fmt.Fprintf(t, "\n%s to %s: %s\n", r.Share, r.Consumer, status)
		if r.Run != nil {
			fmt.Fprintf(t, "\n  DATA SET\tSTATUS\tFILES READ\tFILES WRITTEN\tBYTES WRITTEN\n")
			for _, d := range r.Run.DataSets {
				fmt.Fprintf(t, "  %s\t%s\t%d\t%d\t%d\n", d.Name, d.Status, d.FilesRead, d.FilesWritten, d.BytesWritten)
			}
		}
		fmt.Fprintf(t, "\n  FILE\tBYTES\tSHA-256\tAT THE PROVIDER\n")
		for _, file := range r.Files {
			fmt.Fprintf(t, "  %s\t%d\t%s\t%s\n", file.Path, file.Bytes, file.SHA256, comparison(file))
		}
		fmt.Fprintf(t, "\n  STARTED\tENDED\tMODE\tSTATUS\tSNAPSHOT\n")
		for _, h := range r.History {
			ended := "-"
			if !h.End.IsZero() {
				ended = h.End.UTC().Format(time.DateTime)
			}
			fmt.Fprintf(t, "  %s\t%s\t%s\t%s\t%s\n", h.Start.UTC().Format(time.DateTime), ended, h.Mode, h.Status,
				h.SynchronizationID)
		}
	}
	return t.Flush()
}
