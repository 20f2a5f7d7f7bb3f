package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/crossorg/crossorg/internal/preflight"
	"github.com/crossorg/crossorg/internal/target"
)

func (a *app) preflight() *cobra.Command {
	f := &targetFlags{}
	var fix bool
	cmd := &cobra.Command{
		Use:   "preflight",
		Short: "Check that a stack can be brought up",
		Long: `Check, before a stack is brought up, what would stop it: configuration, credentials, resource
providers, rights, regions, sizes and quota of virtual machines, names. It exits 1 when any
check fails.`,
		Example: "  crossorg preflight\n  crossorg preflight --stack prod --target azure --fix",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.at(cmd.Context(), f, func(t *target.Target) (answer, error) {
				values, err := t.Values(cmd.Context())
				if err != nil {
					return answer{}, err
				}
				o := preflight.Options{
					Stack: f.stack, Root: t.ProjectDir, Values: values, Getenv: os.Getenv, Access: t.Access,
					Subscription: t.Subscription, Fix: fix, Progress: a.progress,
				}
				// Before the first up a stack has no outputs, and needs none here.
				if outputs, err := t.Read(cmd.Context()); err == nil {
					o.Outputs = outputs
				}
				return f.checked("preflight", preflight.Run(cmd.Context(), o))
			})
		},
	}
	f.register(cmd)
	f.registerAll(cmd, "show every check in a row of its own")
	cmd.Flags().BoolVar(&fix, "fix", false, "register resource providers that are not registered")
	return cmd
}
