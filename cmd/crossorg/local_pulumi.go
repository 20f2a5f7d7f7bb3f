package main

import (
	"bytes"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/crossorg/crossorg/internal/local"
)

// pulumiDocument is the JSON document of local pulumi.
type pulumiDocument struct {
	Stack      string         `json:"stack"`
	Arguments  []string       `json:"arguments"`
	ExitCode   int            `json:"exitCode"`
	Stdout     string         `json:"stdout"`
	Error      *local.Failure `json:"error,omitempty"`
	DurationMs int64          `json:"durationMs"`
}

func (a *app) localPulumi() *cobra.Command {
	f := &flags{}
	cmd := &cobra.Command{
		Use:   "pulumi [flags] -- ARGUMENTS...",
		Short: "Run any command of the Pulumi CLI on the stack",
		Long: `Run any command of the Pulumi CLI on the stack, with the embedded Azure attached.

What stands after -- goes to the CLI as it is. It exits 1 when the CLI fails.`,
		Example: "  crossorg local pulumi -- stack export\n" +
			"  crossorg local pulumi --stack hub -- import azure-native:resources:ResourceGroup mine \\\n" +
			"    /subscriptions/.../resourceGroups/mine",
		Args: func(cmd *cobra.Command, args []string) error {
			if cmd.ArgsLenAtDash() != 0 || len(args) == 0 {
				return fmt.Errorf("the command for the Pulumi CLI must stand after --\n\n%s", cmd.UsageString())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			a.reached = true
			start := time.Now()
			document := pulumiDocument{Stack: f.stack, Arguments: args, ExitCode: -1}
			o := f.options(a)
			o.RunsProgram = len(args) > 0 && (args[0] == "up" || args[0] == "preview")
			session, err := local.Open(cmd.Context(), o)
			if err == nil {
				var captured bytes.Buffer
				stdout := a.out.Writer
				if f.json {
					stdout = &captured
				}
				// From here on the terminal is the CLI's.
				a.progress.Clear()
				document.ExitCode, err = session.Pulumi(cmd.Context(), a.stdin, stdout, a.err.Writer, args...)
				document.Stdout = captured.String()
				if closeErr := session.Close(); err == nil {
					err = closeErr
				}
			}
			document.DurationMs = time.Since(start).Milliseconds()
			if err != nil {
				document.Error = local.AsFailure(err)
			}
			return a.say(f, answer{document: document, failure: document.Error, failed: document.ExitCode != 0})
		},
	}
	f.register(cmd)
	return cmd
}
