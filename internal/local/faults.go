package local

import (
	"context"

	"github.com/crossorg/crossorg/internal/azure"
	"github.com/crossorg/crossorg/internal/azure/faults"
)

// AddFault adds a fault rule to the home's embedded Azure, for a running one and for later runs.
func AddFault(ctx context.Context, o Options, rule faults.Rule) (out faults.Rule, err error) {
	err = withAzure(o, func(a *azure.Azure) error {
		out, err = a.AddFault(ctx, rule)
		return err
	})
	return out, err
}

// Faults lists the home's fault rules with what they have done.
func Faults(ctx context.Context, o Options) (out []faults.State, err error) {
	err = withAzure(o, func(a *azure.Azure) error {
		out, err = a.Faults(ctx)
		return err
	})
	return out, err
}

// ClearFaults removes the home's fault rules.
func ClearFaults(ctx context.Context, o Options) error {
	return withAzure(o, func(a *azure.Azure) error { return a.ClearFaults(ctx) })
}

// ClearFaults removes all fault rules while the session is open, those of its options included.
func (s *Session) ClearFaults(ctx context.Context) error { return s.azure.ClearFaults(ctx) }

// Faults lists the fault rules while the session is open, those of its options included, with what they have done.
func (s *Session) Faults(ctx context.Context) ([]faults.State, error) { return s.azure.Faults(ctx) }
