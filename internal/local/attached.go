package local

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

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
		plain[name] = output.value
	}
	return plain, nil
}

// output is an output of the stack.
type output struct {
	value  any
	secret bool
}

// outputs reads the stack's outputs with the engine's marks of what is secret.
func (s *Session) outputs(ctx context.Context) (map[string]output, error) {
	if !s.home.hasStack(s.project.Name, s.options.Stack) {
		return nil, &Failure{Message: fmt.Sprintf("stack %s does not stand in %s: run local up first", s.options.Stack,
			s.home.Dir)}
	}
	// Both, as an output is secret when the one without secrets has the CLI's mark in it.
	var marked map[string]json.RawMessage
	var plain map[string]any
	err := s.ask(ctx, &marked, "stack", "output", "--json")
	if err == nil {
		err = s.ask(ctx, &plain, "stack", "output", "--json", "--show-secrets")
	}
	if err != nil {
		return nil, s.failure(ctx, "read the outputs", err, nil)
	}
	outputs := map[string]output{}
	for name, value := range plain {
		outputs[name] = output{value, bytes.Contains(marked[name], []byte(secretMark))}
	}
	return outputs, nil
}

// ask decodes what a command of the CLI says about the stack in JSON.
func (s *Session) ask(ctx context.Context, answer any, args ...string) error {
	out, err := s.command.run(ctx, append(args, "--stack", s.options.Stack)...)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(out, answer); err != nil {
		return fmt.Errorf("the answer of pulumi %s: %w", args[0], err)
	}
	return nil
}

// Values are the stack's configuration as the program gets it in this home, by key with namespace, secrets in plain.
func (s *Session) Values(ctx context.Context) (map[string]string, error) {
	if err := s.readyStack(ctx); err != nil {
		return nil, s.failure(ctx, "select the stack", err, nil)
	}
	var config map[string]struct {
		Value string `json:"value"`
	}
	if err := s.ask(ctx, &config, "config", "--show-secrets", "--json"); err != nil {
		return nil, s.failure(ctx, "read the configuration", err, nil)
	}
	values := map[string]string{}
	for key, value := range config {
		values[key] = value.Value
	}
	return values, nil
}
