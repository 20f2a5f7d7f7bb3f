package main

import (
	"github.com/spf13/cobra"

	"github.com/crossorg/crossorg/internal/local"
)

func (a *app) localRefresh() *cobra.Command {
	f := &flags{}
	var expectNoChanges bool
	cmd := &cobra.Command{
		Use:   "refresh",
		Short: "Bring the state up to date with what stands",
		Long: "Read every resource of the stack and bring the state up to date with what stands on the\n" +
			"embedded Azure.",
		Example: "  crossorg local refresh\n  crossorg local refresh --stack prod --expect-no-changes",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.session(cmd.Context(), f, work{doing: "refreshing", page: f.refreshPage,
				do: func(s *local.Session) (*local.Result, error) { return s.Refresh(cmd.Context(), expectNoChanges) }})
		},
	}
	f.register(cmd)
	f.registerAll(cmd, "show every resource that has changed")
	cmd.Flags().BoolVar(&expectNoChanges, "expect-no-changes", false, "fail when there is any change")
	return cmd
}
