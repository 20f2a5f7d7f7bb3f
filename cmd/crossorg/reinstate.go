package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/crossorg/crossorg/internal/stack"
	"github.com/crossorg/crossorg/internal/target"
)

func (a *app) reinstate() *cobra.Command {
	f := &targetFlags{}
	var expires string
	cmd := &cobra.Command{
		Use:   "reinstate SHARE CONSUMER",
		Short: "Give a revoked consumer access to a share again",
		Long:  "Give a consumer whose access was revoked, or has expired, access to a share again, as the provider.",
		Example: "  crossorg reinstate financial-collaboration-share fabrikam\n  crossorg reinstate " +
			"financial-collaboration-share fabrikam --expires 2031-01-01T00:00:00Z",
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			var until time.Time
			if expires != "" {
				var err error
				if until, err = time.Parse(time.RFC3339, expires); err != nil {
					return fmt.Errorf("--expires is %q: write a time such as 2031-01-01T00:00:00Z", expires)
				}
			}
			return a.changeAccess(cmd.Context(), f, args,
				func(t *target.Target, share stack.Share) (*stack.ShareAccess, error) {
					return stack.Reinstate(cmd.Context(), t.Access, args[0], share, args[1], until, a.progress)
				})
		},
	}
	f.register(cmd)
	cmd.Flags().StringVar(&expires, "expires", "", "when the access ends, as a time in RFC 3339 (default: as before)")
	return cmd
}
