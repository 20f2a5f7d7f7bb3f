package provider

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

// yamlProgram is a Pulumi YAML program.
type yamlProgram struct {
	Config    map[string]any
	Variables map[string]any
	Resources map[string]struct {
		Type       string
		Properties map[string]any
		Options    map[string]any
	}
	Outputs map[string]any
}

// reference is an interpolation: a variable, a configuration key or a resource, and perhaps a property of it.
var reference = regexp.MustCompile(`\$\{([A-Za-z]+)(?:\.([A-Za-z]+))?\}`)

// problems are what is wrong with a program by the schema: no language host for YAML runs here.
func (y yamlProgram) problems(spec schema.PackageSpec) []string {
	c := yamlChecker{program: y, spec: spec}
	for _, name := range slices.Sorted(maps.Keys(y.Resources)) {
		r := y.Resources[name]
		c.references(name+".options", r.Options)
		c.references(name+".properties", r.Properties)
		if !strings.HasPrefix(r.Type, Name+":") {
			continue
		}
		component, ok := spec.Resources[r.Type]
		if !ok {
			c.add("%s: no type %s", name, r.Type)
			continue
		}
		c.object(name, r.Properties, component.InputProperties, component.RequiredInputs)
	}
	c.references("outputs", y.Outputs)
	return c.found
}

type yamlChecker struct {
	program yamlProgram
	spec    schema.PackageSpec
	found   []string
}

func (c *yamlChecker) add(format string, v ...any) {
	c.found = append(c.found, fmt.Sprintf(format, v...))
}

// references checks that what a value interpolates is there.
func (c *yamlChecker) references(at string, value any) {
	switch v := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			c.references(at+"."+key, v[key])
		}
	case []any:
		for _, element := range v {
			c.references(at, element)
		}
	case string:
		for _, found := range reference.FindAllStringSubmatch(v, -1) {
			c.reference(at, found[1], found[2])
		}
	}
}

func (c *yamlChecker) reference(at, name, property string) {
	if name == "pulumi" || c.program.Config[name] != nil || c.program.Variables[name] != nil {
		return
	}
	resource, ok := c.program.Resources[name]
	if !ok {
		c.add("%s: nothing is called %s", at, name)
		return
	}
	component, ok := c.spec.Resources[resource.Type]
	if _, has := component.Properties[property]; ok && property != "" && !has {
		c.add("%s: %s has no output %s", at, resource.Type, property)
	}
}

func (c *yamlChecker) object(
	at string, values map[string]any, properties map[string]schema.PropertySpec, required []string,
) {
	for _, name := range required {
		if values[name] == nil {
			c.add("%s: %s is missing", at, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		property, ok := properties[name]
		if !ok {
			c.add("%s: no property %s", at, name)
			continue
		}
		c.value(at+"."+name, values[name], property.TypeSpec)
	}
}

func (c *yamlChecker) value(at string, value any, spec schema.TypeSpec) {
	if text, ok := value.(string); ok && reference.MatchString(text) {
		return
	}
	if tok, ok := strings.CutPrefix(spec.Ref, "#/types/"); ok {
		values, isObject := value.(map[string]any)
		if !isObject {
			c.add("%s: %v is no object", at, value)
			return
		}
		c.object(at, values, c.spec.Types[tok].Properties, c.spec.Types[tok].Required)
		return
	}
	ok := true
	switch spec.Type {
	case "string":
		_, ok = value.(string)
	case "integer":
		_, ok = value.(int)
	case "boolean":
		_, ok = value.(bool)
	case "array":
		var list []any
		list, ok = value.([]any)
		for _, element := range list {
			c.value(at, element, *spec.Items)
		}
	case "object":
		var values map[string]any
		values, ok = value.(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(values)) {
			c.value(at+"."+key, values[key], *spec.AdditionalProperties)
		}
	}
	if !ok {
		c.add("%s: %v is no %s", at, value, spec.Type)
	}
}

func readYAML(t *testing.T) yamlProgram {
	raw, err := os.ReadFile(filepath.Join("..", "examples", "yaml", "two-organizations", "Pulumi.yaml"))
	require.NoError(t, err)
	var program yamlProgram
	require.NoError(t, yaml.Unmarshal(raw, &program))
	return program
}

func TestYAMLExampleFitsTheSchema(t *testing.T) {
	program := readYAML(t)
	assert.Empty(t, program.problems(committed(t)))
	types := map[string]int{}
	for _, r := range program.Resources {
		types[r.Type]++
	}
	assert.Equal(t, map[string]int{
		"pulumi:providers:azure-native": 2, "crossorg:index:ProviderOrg": 1, "crossorg:index:ConsumerOrg": 1,
		"crossorg:index:ShareWithDataset": 1, "crossorg:index:GovernanceCluster": 1, "crossorg:index:Monitoring": 2,
	}, types)
}

func TestYAMLThatDoesNotFitIsNoticed(t *testing.T) {
	program := readYAML(t)
	share := program.Resources["share"].Properties
	delete(share, "shareName")
	share["schedule"].(map[string]any)["every"] = "Day"
	share["protect"] = "yes"
	share["provider"].(map[string]any)["location"] = "${contoso.place}"
	program.Resources["contoso"].Properties["location"] = "${nowhere}"
	assert.Equal(t, []string{
		"contoso.properties.location: nothing is called nowhere",
		"share.properties.provider.location: crossorg:index:ProviderOrg has no output place",
		"share: shareName is missing",
		"share.protect: yes is no boolean",
		"share.schedule: no property every",
	}, program.problems(committed(t)))
}
