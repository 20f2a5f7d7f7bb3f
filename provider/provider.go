// Package provider serves the components to programs of every Pulumi language: as a provider that Pulumi's engine
// starts, and as the schema that the languages' SDKs are generated from.
package provider

import (
	"context"
	_ "embed"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"

	"github.com/crossorg/crossorg/components"
)

// Name of the package, and Version of its schema and SDKs.
const (
	Name    = "crossorg"
	Version = "0.1.0"
)

// Schema is the package's schema in JSON, which cmd/schema generates. The provider serves it instead of inferring it
// anew, as documentation cannot be inferred from a compiled program.
//
//go:generate go run ./cmd/crossorg-sdk schema
//go:embed schema.json
var Schema []byte

// New returns the provider with all components.
func New() (p.Provider, error) {
	served, err := inferred()
	if err != nil {
		return p.Provider{}, err
	}
	served.GetSchema = func(context.Context, p.GetSchemaRequest) (p.GetSchemaResponse, error) {
		return p.GetSchemaResponse{Schema: string(Schema)}, nil
	}
	return served, nil
}

// inferred is the provider as the framework makes it of the components' Go structs.
func inferred() (p.Provider, error) {
	return infer.NewProviderBuilder().
		WithDisplayName("crossorg").
		WithDescription("Governed data sharing between organizations on Azure.").
		WithKeywords("azure", "data-share", "governance", "category/infrastructure", "kind/component").
		WithLicense("Apache-2.0").
		WithRepository("https://github.com/crossorg/crossorg").
		WithHomepage("https://github.com/crossorg/crossorg").
		WithPluginDownloadURL("github://api.github.com/crossorg/crossorg").
		WithLanguageMap(languages).
		WithModuleMap(map[tokens.ModuleName]tokens.ModuleName{"components": "index"}).
		WithComponents(
			infer.ComponentF(components.NewProviderOrg),
			infer.ComponentF(components.NewConsumerOrg),
			infer.ComponentF(components.NewShareWithDataset),
			infer.ComponentF(components.NewGovernanceCluster),
			infer.ComponentF(components.NewMonitoring),
		).
		Build()
}

// languages are the settings of the SDK generators. Go programs import the components themselves.
var languages = map[string]any{
	"nodejs": map[string]any{
		"packageName":          "@crossorg/crossorg",
		"respectSchemaVersion": true,
		"dependencies":         map[string]any{"@pulumi/pulumi": "^3.142.0"},
		"typescriptVersion":    "^5.9.0",
	},
	"python": map[string]any{
		"packageName":          "pulumi_crossorg",
		"respectSchemaVersion": true,
		"pyproject":            map[string]any{"enabled": true},
		"requires":             map[string]any{"pulumi": ">=3.50.0,<4.0.0"},
	},
	"csharp": map[string]any{
		"rootNamespace":        "Crossorg",
		"respectSchemaVersion": true,
	},
	"java": map[string]any{
		"basePackage": "com.crossorg",
		"buildFiles":  "gradle",
	},
	"go": map[string]any{
		"importBasePath":       "github.com/crossorg/crossorg/sdk/go/crossorg",
		"respectSchemaVersion": true,
	},
}
