// Package target decides where a verb works and as whom: on the embedded Azure of a home folder, or on Azure. The rest
// of a verb is the same for both: official clients over HTTPS.
package target

import (
	"context"
	"errors"
	"fmt"

	"github.com/crossorg/crossorg/internal/local"
	"github.com/crossorg/crossorg/internal/stack"
)

// The kinds of targets.
const (
	Local = "local"
	Azure = "azure"
)

// Target is a stack on an Azure.
type Target struct {
	// Kind is Local or Azure.
	Kind string
	// Stack is the stack's name.
	Stack string
	// ProjectDir is the folder of the project, which paths in the configuration are relative to.
	ProjectDir string
	// Access signs in as the principal of each organization.
	Access *stack.Access
	// Up is the command that brings the stack up there, Refresh the command that updates its state from Azure.
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
// a served one.
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
		Home: s.HomeDir(), ProjectDir: s.ProjectDir(),
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

// Read reads the outputs of a stack that stands.
func (t *Target) Read(ctx context.Context) (*stack.Outputs, error) {
	raw, err := t.Outputs(ctx)
	if err != nil {
		return nil, err
	}
	return stack.ParseOutputs(raw)
}

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
