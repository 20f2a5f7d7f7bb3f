package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/crossorg/crossorg/internal/target"
	"github.com/crossorg/crossorg/internal/verify"
)

func (a *app) verify() *cobra.Command {
	f := &targetFlags{}
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Check that a stack is what it should be",
		Long: `Check a stack that stands: its outputs and the live Azure are read, never the program.

Of a failed check it shows what was expected, what was seen and what to do; passed ones are
counted by organization and kind. It exits 1 when any fails.`,
		Example: "  crossorg verify --all\n  crossorg verify --stack prod --target azure --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.at(cmd.Context(), f, func(t *target.Target) (answer, error) {
				outputs, err := t.Read(cmd.Context())
				if err != nil {
					return answer{}, err
				}
				o := verify.Options{Outputs: outputs, Access: t.Access, Up: t.Up, Refresh: t.Refresh,
					Progress: a.progress}
				if t.Kind == target.Local {
					o.Settle = 5 * time.Second
				}
				return f.checked("verify", verify.Run(cmd.Context(), o))
			})
		},
	}
	f.register(cmd)
	f.registerAll(cmd, "show every check in a row of its own")
	return cmd
}
