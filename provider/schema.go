package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	p "github.com/pulumi/pulumi-go-provider"
)

// GenerateSchema returns the package's schema in JSON: names and types as the components' structs have them,
// documentation as the comments in their source, the folder components, say.
func GenerateSchema(ctx context.Context, components string) ([]byte, error) {
	provider, err := inferred()
	if err != nil {
		return nil, err
	}
	spec, err := p.GetSchema(ctx, Name, Version, provider)
	if err != nil {
		return nil, fmt.Errorf("infer the schema: %w", err)
	}
	source, err := readSources(components)
	if err != nil {
		return nil, err
	}
	if err := source.complete(&spec); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(spec); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
