package local

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"

	"github.com/crossorg/crossorg/internal/stack"
)

// Access reads and steers the home's embedded Azure with each organization's own principal.
func (s *Session) Access() *stack.Access { return s.access() }

// HomeDir is the home folder that the session works in.
func (s *Session) HomeDir() *Home { return s.home }

// ProjectDir is the folder of the project that the session runs.
func (s *Session) ProjectDir() string { return s.project.Dir }

// Subscription is the id of the subscription that an organization is deployed to.
func (s *Session) Subscription(organization string) string {
	if id := s.organizations[organization].SubscriptionID; id != "" {
		return id
	}
	return s.azure.DefaultCredentials().SubscriptionID
}

// StackOutputs reads the stack's outputs from the home's state, secrets in plain.
func (s *Session) StackOutputs(ctx context.Context) (map[string]any, error) {
	outputs, err := s.outputs(ctx)
	if err != nil {
		return nil, err
	}
	plain := map[string]any{}
	for name, output := range outputs {
		plain[name] = output.Value
	}
	return plain, nil
}

// outputs reads the stack's outputs with the engine's marks of what is secret.
func (s *Session) outputs(ctx context.Context) (auto.OutputMap, error) {
	if !s.home.hasStack(s.project.Name, s.options.Stack) {
		return nil, &Failure{Message: fmt.Sprintf("stack %s does not stand in %s: run local up first", s.options.Stack,
			s.home.Dir)}
	}
	s.command.terse = false
	outputs, err := s.workspace.StackOutputs(ctx, s.options.Stack)
	if err != nil {
		return nil, s.failure(ctx, "read the outputs", err, nil)
	}
	return outputs, nil
}

// Values are the stack's configuration as the program gets it in this home, by key with namespace, secrets in plain.
func (s *Session) Values(ctx context.Context) (map[string]string, error) {
	if _, err := s.stack(ctx); err != nil {
		return nil, s.failure(ctx, "select the stack", err, nil)
	}
	s.command.terse = false
	config, err := s.workspace.GetAllConfig(ctx, s.options.Stack)
	if err != nil {
		return nil, s.failure(ctx, "read the configuration", err, nil)
	}
	values := map[string]string{}
	for key, value := range config {
		values[key] = value.Value
	}
	return values, nil
}
