package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"google.golang.org/protobuf/types/known/structpb"
)

// recording is what a real run left in its state: what the provider that does nothing answers with.
type recording struct {
	// resources by URN without the stack's name.
	resources map[string]recorded
	// total counts the state's resources, azure the resources that a provider was asked for.
	total, azure int
	// subscription and tenant are the run's.
	subscription, tenant string
}

// recorded is one resource as the engine and its provider tell it to each other.
type recorded struct {
	id              string
	inputs, outputs *structpb.Struct
}

// record reads what "pulumi stack export --show-secrets" prints.
func record(export []byte) (*recording, error) {
	var state struct {
		Deployment struct {
			Resources []struct {
				URN     string         `json:"urn"`
				Type    string         `json:"type"`
				Custom  bool           `json:"custom"`
				ID      string         `json:"id"`
				Inputs  map[string]any `json:"inputs"`
				Outputs map[string]any `json:"outputs"`
			} `json:"resources"`
		} `json:"deployment"`
	}
	if err := json.Unmarshal(export, &state); err != nil {
		return nil, fmt.Errorf("read the exported state: %w", err)
	}
	r := &recording{resources: map[string]recorded{}, total: len(state.Deployment.Resources)}
	for _, s := range state.Deployment.Resources {
		if !s.Custom || !strings.HasPrefix(s.Type, packageName+":") {
			continue
		}
		inputs, err := onTheWire(s.Inputs)
		if err != nil {
			return nil, fmt.Errorf("inputs of %s: %w", s.URN, err)
		}
		outputs, err := onTheWire(s.Outputs)
		if err != nil {
			return nil, fmt.Errorf("outputs of %s: %w", s.URN, err)
		}
		r.resources[withoutStack(s.URN)] = recorded{id: s.ID, inputs: inputs, outputs: outputs}
		r.azure++
		if parts := strings.Split(s.ID, "/"); len(parts) > 2 && parts[1] == "subscriptions" {
			r.subscription = parts[2]
		}
		if identity, ok := s.Outputs["identity"].(map[string]any); ok {
			if tenant, ok := identity["tenantId"].(string); ok {
				r.tenant = tenant
			}
		}
	}
	if r.azure == 0 {
		return nil, fmt.Errorf("the exported state has no resource of %s: nothing was recorded", packageName)
	}
	return r, nil
}

// withoutStack is a URN's part that is the same in every stack: "project::type::name".
func withoutStack(urn string) string {
	_, rest, _ := strings.Cut(urn, "::")
	return rest
}

// onTheWire turns properties of an exported state into what goes over the provider protocol. The two differ in secrets:
// the state has their JSON text.
func onTheWire(properties map[string]any) (*structpb.Struct, error) {
	converted, err := revealed(properties)
	if err != nil {
		return nil, err
	}
	fields, _ := converted.(map[string]any)
	return structpb.NewStruct(fields)
}

func revealed(v any) (any, error) {
	switch v := v.(type) {
	case map[string]any:
		if plaintext, ok := v["plaintext"].(string); ok && v[resource.SigKey] == resource.SecretSig {
			var value any
			if err := json.Unmarshal([]byte(plaintext), &value); err != nil {
				return nil, fmt.Errorf("a secret is no JSON: %w", err)
			}
			value, err := revealed(value)
			return map[string]any{resource.SigKey: resource.SecretSig, "value": value}, err
		}
		out := make(map[string]any, len(v))
		for key, member := range v {
			converted, err := revealed(member)
			if err != nil {
				return nil, err
			}
			out[key] = converted
		}
		return out, nil
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			converted, err := revealed(item)
			if err != nil {
				return nil, err
			}
			out[i] = converted
		}
		return out, nil
	default:
		return v, nil
	}
}
