package local

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/crossorg/crossorg/internal/azure"
	"github.com/crossorg/crossorg/internal/bridge"
	"github.com/crossorg/crossorg/internal/stackfile"
)

// openAzure starts the home's embedded Azure, or attaches to the one that local serve already keeps for it.
func openAzure(home *Home, o Options, declared []azure.Declared) (*azure.Azure, error) {
	if err := missingAzure(home); err != nil {
		return nil, err
	}
	a, err := azure.Open(azure.Options{Dir: home.AzureDir(), ArmLog: o.ArmLog, Declared: declared, Latency: o.Latency,
		Notes: o.Progress, Faults: o.Faults})
	if !errors.Is(err, azure.ErrInUse) {
		return a, notOpened(home, err)
	}
	if o.Latency.Profile != "" {
		return nil, fmt.Errorf("another process serves this home's embedded Azure, " +
			"and it alone can say how long things take: give --latency to local serve, or stop that")
	}
	if o.Latency.FirstSnapshot != "" {
		return nil, fmt.Errorf("another process serves this home's embedded Azure, " +
			"and it alone can say when first snapshots run: give --first-snapshot to local serve, or stop that")
	}
	if len(o.Faults) > 0 {
		return nil, fmt.Errorf("another process serves this home's embedded Azure: " +
			"use local faults to make requests fail there, or stop it")
	}
	if o.ArmLog != "" {
		return nil, fmt.Errorf("another process serves this home's embedded Azure, and it alone can log requests: " +
			"give --arm-log to local serve, or stop that")
	}
	a, err = azure.Attach(home.AzureDir(), declared)
	if err == nil {
		fmt.Fprintf(o.Progress, "using the embedded Azure that is being served at %s\n", a.Management())
	}
	return a, err
}

// declarations are the estates that organizations name, in a stable order.
func declarations(organizations map[string]stackfile.Organization) []azure.Declared {
	var declared []azure.Declared
	for _, name := range slices.Sorted(maps.Keys(organizations)) {
		o := organizations[name]
		if o.TenantID != "" || o.SubscriptionID != "" || o.ClientID() != "" {
			declared = append(declared, azure.Declared{
				TenantID: o.TenantID, SubscriptionID: o.SubscriptionID, ClientID: o.ClientID(),
			})
		}
	}
	return declared
}

// principalOf is the local principal that deploys an organization.
func principalOf(a *azure.Azure, o stackfile.Organization) (credentials, error) {
	c := a.DefaultCredentials()
	if o.TenantID != "" || o.ClientID() != "" {
		var err error
		if c, err = a.Credentials(o.TenantID, o.ClientID()); err != nil {
			return credentials{}, err
		}
	}
	return credentials{TenantID: c.TenantID, SubscriptionID: c.SubscriptionID, ClientID: c.ClientID,
		ClientSecret: c.ClientSecret}, nil
}

// serveBridge starts the provider that the engine talks to. It outlives an interruption of ctx, because the engine
// still finishes what it has begun.
func serveBridge(ctx context.Context, a *azure.Azure, dir string) (*bridge.Server, error) {
	c := a.DefaultCredentials()
	return bridge.Serve(context.WithoutCancel(ctx), bridge.Options{
		Management: a.Management(),
		Authority:  a.Authority(),
		RootCAs:    a.RootCAs(),
		Default: bridge.Credentials{
			TenantID: c.TenantID, SubscriptionID: c.SubscriptionID, ClientID: c.ClientID, ClientSecret: c.ClientSecret,
		},
		Subscriptions: a.Subscriptions(),
		Directory:     dir,
	})
}
