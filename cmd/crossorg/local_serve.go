package main

import (
	"fmt"
	"net/netip"

	"github.com/spf13/cobra"

	"github.com/crossorg/crossorg/internal/local"
)

func (a *app) localServe() *cobra.Command {
	f := &flags{}
	callers := ""
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Keep the embedded Azure listening",
		Long: `Keep the embedded Azure listening until interrupted, and print how to point the Azure SDKs
and az at it. The other verbs use it while it is served.`,
		Example: "  crossorg local serve\n  crossorg local serve --arm-log requests.jsonl --json\n  crossorg local " +
			"serve --callers-at 203.0.113.9",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			options := f.options(a)
			if callers != "" {
				address, err := netip.ParseAddr(callers)
				if err != nil {
					return fmt.Errorf("--callers-at %q is not an IP address such as 203.0.113.9", callers)
				}
				options.Callers = address
			}
			a.reached = true
			served, err := local.Serve(options)
			if err != nil {
				failure := local.AsFailure(err)
				return a.say(f, answer{document: &local.Result{Stack: f.stack, Error: failure}, failure: failure})
			}
			if err := a.say(f, answer{document: served, page: servedPage(served)}); err != nil {
				_ = served.Close()
				return err
			}
			<-cmd.Context().Done()
			return served.Close()
		},
	}
	f.register(cmd)
	cmd.Flags().StringVar(&callers, "callers-at", "", "IP address that storage accounts' network rules see on every "+
		"caller (default: callers pass them)")
	return cmd
}
