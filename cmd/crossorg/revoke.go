package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/crossorg/crossorg/internal/stack"
	"github.com/crossorg/crossorg/internal/target"
)

// accessDocument is the JSON document of revoke and reinstate.
type accessDocument struct {
	Stack  string `json:"stack"`
	Target string `json:"target"`
	*stack.ShareAccess
}

func (a *app) revoke() *cobra.Command {
	f := &targetFlags{}
	cmd := &cobra.Command{
		Use:   "revoke SHARE CONSUMER",
		Short: "Take a consumer's access to a share away",
		Long: `Take a consumer's access to a share away, as the provider: no snapshot starts any more. What was
copied stays with the consumer.`,
		Example: "  crossorg revoke financial-collaboration-share fabrikam",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.changeAccess(cmd.Context(), f, args,
				func(t *target.Target, share stack.Share) (*stack.ShareAccess, error) {
					return stack.Revoke(cmd.Context(), t.Access, args[0], share, args[1], a.progress)
				})
		},
	}
	f.register(cmd)
	return cmd
}

// changeAccess calls do to change a consumer's access to a share, and prints the new access.
func (a *app) changeAccess(
	ctx context.Context, f *targetFlags, args []string,
	do func(*target.Target, stack.Share) (*stack.ShareAccess, error),
) error {
	return a.at(ctx, f, func(t *target.Target) (answer, error) {
		outputs, err := t.Read(ctx)
		if err != nil {
			return answer{}, err
		}
		share, err := outputs.Find(args[0])
		if err != nil {
			return answer{}, err
		}
		now, err := do(t, share)
		if err != nil {
			return answer{}, err
		}
		return answer{document: accessDocument{f.stack, f.target, now}, page: accessPage(now)}, nil
	})
}
