// Package target is where a verb works, and as whom: the embedded Azure of a home folder, or Azure itself. Behind it
// everything is the same: the official clients, over HTTPS.
package target

import (
	"context"
	"errors"
	"fmt"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/crossorg/crossorg/internal/local"
)

// The kinds of targets.
const (
	Local = "local"
	Azure = "azure"
)

// ErrNoStack means that the stack does not stand, so there are no outputs.
var ErrNoStack = errors.New("the stack does not stand")

// Target is a stack on an Azure.
type Target struct {
	// Kind is Local or Azure.
	Kind string
	// Stack is the stack's name.
	Stack string
	// Access signs in as the principal of each organization.
	Access *local.Access
	// Up is the command that brings the stack up there, Refresh the one that makes its state what stands.
	Up, Refresh string
	// Home is the home folder of a local target; nil on Azure.
	Home *local.Home

	outputs      func(context.Context) (map[string]any, error)
	values       func(context.Context) (map[string]string, error)
	set          func(ctx context.Context, path, value string) error
	subscription func(ctx context.Context, organization string) (string, error)
	close        func() error
}

// Open reaches a stack on a target. Close releases it. A local target opens the home's embedded Azure, or attaches to
// the one that is being served.
func Open(ctx context.Context, kind string, o local.Options) (*Target, error) {
	switch kind {
	case Local:
		return openLocal(ctx, o)
	case Azure:
		return openAzure(ctx, o)
	}
	return nil, fmt.Errorf("there is no target %q: choose %s or %s", kind, Local, Azure)
}

func openLocal(ctx context.Context, o local.Options) (*Target, error) {
	s, err := local.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	return &Target{
		Kind: Local, Stack: o.Stack, Access: s.Access(), Up: "crossorg local up", Refresh: "crossorg local refresh",
		Home:    s.HomeDir(),
		outputs: s.StackOutputs,
		values:  s.Values,
		subscription: func(_ context.Context, organization string) (string, error) {
			return s.Subscription(organization), nil
		},
		close: s.Close,
	}, nil
}

// Outputs are the stack's outputs: from the home's state, or from the backend that pulumi is logged in to.
func (t *Target) Outputs(ctx context.Context) (map[string]any, error) { return t.outputs(ctx) }

// Values are the stack's configuration by key without the namespace, secrets in plain.
func (t *Target) Values(ctx context.Context) (map[string]string, error) { return t.values(ctx) }

// Subscription is the id of the subscription that an organization is deployed to: the configured one, or the login's.
func (t *Target) Subscription(ctx context.Context, organization string) (string, error) {
	return t.subscription(ctx, organization)
}

// SetConfig sets a value of the stack's configuration, below crossorg:, by path. Local targets cannot: they run on the
// repository's stack files and never write them.
func (t *Target) SetConfig(ctx context.Context, path, value string) error {
	if t.set == nil {
		return errors.New("the configuration of a local run comes from the repository's stack file and is not written")
	}
	return t.set(ctx, path, value)
}

// Close releases the target.
func (t *Target) Close() error { return t.close() }

// ARMOptions configure an official Azure Resource Manager client for the target.
func ARMOptions(a *local.Access) *arm.ClientOptions {
	return &arm.ClientOptions{ClientOptions: Options(a), DisableRPRegistration: true}
}

// Options configure any official client for the target.
func Options(a *local.Access) policy.ClientOptions {
	return policy.ClientOptions{Cloud: a.Cloud, Transport: a.Transport}
}

// Client is an official client of Azure Resource Manager, signed in for an organization.
func Client[C any](a *local.Access, organization, subscription string,
	construct func(subscription string, credential azcore.TokenCredential, options *arm.ClientOptions) (C, error)) (C,
	error) {
	credential, err := a.Credential(organization)
	if err != nil {
		var none C
		return none, fmt.Errorf("sign in for %s: %w", organization, err)
	}
	return construct(subscription, credential, ARMOptions(a))
}
