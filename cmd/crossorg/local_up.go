package main

import (
	"github.com/spf13/cobra"

	"github.com/crossorg/crossorg/internal/local"
)

func (a *app) localUp() *cobra.Command {
	f := &flags{}
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Bring the stack up and show the files that arrived",
		Long: `Bring the stack up on the embedded Azure.

It then asks for the snapshots that are missing, as sync does, since a schedule takes its first
one at its own time. It succeeds when each file is equal at both ends.`,
		Example: "  crossorg local up\n  crossorg local up --stack hub --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.session(cmd.Context(), f, work{doing: "bringing up", runsProgram: true, page: f.upPage,
				do: func(s *local.Session) (*local.Result, error) { return s.Up(cmd.Context()) }})
		},
	}
	f.register(cmd)
	f.registerAll(cmd, "show every change, snapshot and file")
	return cmd
}
