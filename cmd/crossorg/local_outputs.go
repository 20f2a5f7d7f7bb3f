package main

import (
	"github.com/spf13/cobra"

	"github.com/crossorg/crossorg/internal/local"
)

func (a *app) localOutputs() *cobra.Command {
	f := &flags{}
	var showSecrets bool
	cmd := &cobra.Command{
		Use:     "outputs",
		Short:   "Show the stack's outputs and its snapshots",
		Long:    "Show the outputs of a stack that stands, and the newest snapshot of every share with its files.",
		Example: "  crossorg local outputs\n  crossorg local outputs --json --show-secrets",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.session(cmd.Context(), f, work{doing: "reading", page: f.outputsPage, long: true,
				do: func(s *local.Session) (*local.Result, error) { return s.Outputs(cmd.Context(), showSecrets) }})
		},
	}
	f.register(cmd)
	f.registerAll(cmd, "show every value whole, links into the portal, and every file")
	cmd.Flags().BoolVar(&showSecrets, "show-secrets", false, "print secret outputs in plain text")
	return cmd
}
