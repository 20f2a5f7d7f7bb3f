package main

import (
	"github.com/spf13/cobra"

	"github.com/crossorg/crossorg/internal/local"
)

func (a *app) localDestroy() *cobra.Command {
	f := &flags{}
	var unprotect bool
	cmd := &cobra.Command{
		Use:   "destroy",
		Short: "Delete the stack's resources",
		Long: `Delete the stack's resources from the embedded Azure; the stack itself stays, empty.

Protected resources make it fail before anything is deleted. Deleted vaults remain, as on
Azure, until their retention ends.`,
		Example: "  crossorg local destroy\n  crossorg local destroy --stack prod --unprotect",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.session(cmd.Context(), f, work{doing: "destroying", page: f.destroyPage,
				do: func(s *local.Session) (*local.Result, error) { return s.Destroy(cmd.Context(), unprotect) }})
		},
	}
	f.register(cmd)
	f.registerAll(cmd, "show every resource that was deleted")
	cmd.Flags().BoolVar(&unprotect, "unprotect", false, "lift the protection of the stack's resources first")
	return cmd
}
