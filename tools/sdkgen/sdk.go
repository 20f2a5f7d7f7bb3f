package main

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	gogen "github.com/pulumi/pulumi/pkg/v3/codegen/go"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
	"gopkg.in/yaml.v3"
)

const (
	// sdkBase is the published azure-native SDK, whose root module already holds the
	// provider resource and the utilities package that every module imports.
	sdkBase = "github.com/pulumi/pulumi-azure-native-sdk/v2"
	// sdkPattern is the import path of one module of the published SDK.
	sdkPattern = "github.com/pulumi/pulumi-azure-native-sdk/{module}/v2"
	// pluginFile names the provider plug-in that a Go module of the SDK needs.
	pluginFile = "pulumi-plugin.json"
	// toolName goes into the header of every generated file.
	toolName = "the Pulumi SDK Generator"
)

//go:embed schema/*.yaml
var schemas embed.FS

// modules lists the azure-native modules that are generated, one for each schema/<module>.yaml.
func modules() ([]string, error) {
	files, err := fs.Glob(schemas, "schema/*.yaml")
	if err != nil {
		return nil, err
	}
	for i, file := range files {
		files[i] = strings.TrimSuffix(path.Base(file), ".yaml")
	}
	return files, nil
}

// Every generated SDK is a Go module of its own. They share their requirements, which is why one
// go.mod (with the module path left open) and one go.sum serve all.
var (
	//go:embed module/go.mod.txt
	goMod string
	//go:embed module/go.sum.txt
	goSum string
)

// generate returns the files of one module's SDK, keyed by slash-separated path relative to the
// SDK's folder.
func generate(module string) (map[string][]byte, error) {
	spec, err := readSchema(module)
	if err != nil {
		return nil, err
	}
	if err := setGoShape(spec, module); err != nil {
		return nil, err
	}

	languages := map[string]schema.Language{"go": gogen.Importer}
	pkg, err := schema.ImportSpec(*spec, languages, schema.NewNullLoader(), schema.ValidationOptions{})
	if err != nil {
		return nil, fmt.Errorf("schema/%s.yaml: %w", module, err)
	}
	generated, err := gogen.GeneratePackage(toolName, pkg, nil)
	if err != nil {
		return nil, fmt.Errorf("generate %s: %w", module, err)
	}

	files := map[string][]byte{}
	for name, content := range generated {
		// Anything outside the module's folder belongs to the published root module.
		if rel, ok := strings.CutPrefix(name, module+"/"); ok {
			files[rel] = content
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("generate %s: no files under %s/", module, module)
	}
	// The engine looks for the plug-in's name and version beside the code of each Go module.
	plugin, ok := generated[pluginFile]
	if !ok {
		return nil, fmt.Errorf("generate %s: no %s", module, pluginFile)
	}
	files[pluginFile] = plugin
	files["go.mod"] = []byte(strings.ReplaceAll(goMod, "{{module}}", importPath(module)))
	files["go.sum"] = []byte(goSum)
	return files, nil
}

// readSchema decodes schema/<module>.yaml, refusing keys that a Pulumi package schema does not have.
func readSchema(module string) (*schema.PackageSpec, error) {
	name := path.Join("schema", module+".yaml")
	raw, err := schemas.ReadFile(name)
	if err != nil {
		return nil, err
	}
	// By way of JSON, because only the JSON form of the schema types refuses unknown keys.
	var document any
	if err := yaml.Unmarshal(raw, &document); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	asJSON, err := json.Marshal(document)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	var spec schema.PackageSpec
	decoder := json.NewDecoder(bytes.NewReader(asJSON))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&spec); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if spec.Language != nil {
		return nil, errors.New(name + ": language settings are the generator's, remove them")
	}
	return &spec, nil
}

// setGoShape adds the settings that make the generated code look like the published azure-native SDK.
func setGoShape(spec *schema.PackageSpec, module string) error {
	shape, err := json.Marshal(gogen.GoPackageInfo{
		ImportBasePath:    sdkBase,
		ImportPathPattern: sdkPattern,
		RootPackageName:   "pulumiazurenativesdk",
		PackageImportAliases: map[string]string{
			importPath(module): module,
		},
		InternalModuleName:            "utilities",
		DisableInputTypeRegistrations: true,
		RespectSchemaVersion:          true,
	})
	if err != nil {
		return err
	}
	spec.Language = map[string]schema.RawMessage{"go": schema.RawMessage(shape)}
	return nil
}

// importPath is the module path of the published SDK for an azure-native module.
func importPath(module string) string {
	return strings.ReplaceAll(sdkPattern, "{module}", module)
}
