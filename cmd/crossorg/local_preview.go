package main

import (
	"github.com/spf13/cobra"

	"github.com/crossorg/crossorg/internal/local"
)

func (a *app) localPreview() *cobra.Command {
	f := &flags{}
	var expectNoChanges bool
	cmd := &cobra.Command{
		Use:     "preview",
		Short:   "Show what up would change",
		Long:    "Show what local up would change, and change nothing.",
		Example: "  crossorg local preview\n  crossorg local preview --stack prod --expect-no-changes",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.session(cmd.Context(), f,
				work{doing: "previewing", runsProgram: true, page: f.previewPage, long: true,
					do: func(s *local.Session) (*local.Result, error) {
						return s.Preview(cmd.Context(), expectNoChanges)
					}})
		},
	}
	f.register(cmd)
	f.registerAll(cmd, "show every resource that would change")
	cmd.Flags().BoolVar(&expectNoChanges, "expect-no-changes", false, "fail when there is any change")
	return cmd
}
