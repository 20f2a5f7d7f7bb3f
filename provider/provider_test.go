package provider

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// source is the folder of the components' source.
var source = filepath.Join("..", "components")

func TestCommittedSchemaIsWhatTheComponentsSay(t *testing.T) {
	generated, err := GenerateSchema(t.Context(), source)
	require.NoError(t, err)
	assert.Equal(t, string(generated), string(Schema), "run go generate in provider/")
}

func TestServedSchemaIsTheCommittedOne(t *testing.T) {
	provider, err := New()
	require.NoError(t, err)
	response, err := provider.GetSchema(t.Context(), p.GetSchemaRequest{})
	require.NoError(t, err)
	assert.Equal(t, string(Schema), response.Schema)
}

func committed(t *testing.T) schema.PackageSpec {
	var spec schema.PackageSpec
	require.NoError(t, json.Unmarshal(Schema, &spec))
	return spec
}

func TestSchemaIsValidAndHasTheFiveComponents(t *testing.T) {
	spec := committed(t)
	_, diagnostics, err := schema.BindSpec(spec, nil, schema.ValidationOptions{})
	require.NoError(t, err)
	assert.False(t, diagnostics.HasErrors(), diagnostics.Error())
	for _, name := range []string{"ProviderOrg", "ConsumerOrg", "ShareWithDataset", "GovernanceCluster", "Monitoring"} {
		component, ok := spec.Resources[Name+":index:"+name]
		require.True(t, ok, name)
		assert.True(t, component.IsComponent, name)
	}
	assert.Len(t, spec.Resources, 5)
	assert.Equal(t, Version, spec.Version)
}

func TestEverythingInTheSchemaIsDocumented(t *testing.T) {
	spec := committed(t)
	for token, resource := range spec.Resources {
		assert.NotEmpty(t, resource.Description, token)
		for name, property := range resource.InputProperties {
			assert.NotEmpty(t, property.Description, "input %s of %s", name, token)
		}
		for name, property := range resource.Properties {
			assert.NotEmpty(t, property.Description, "output %s of %s", name, token)
		}
	}
	for token, object := range spec.Types {
		assert.NotEmpty(t, object.Description, token)
		for name, property := range object.Properties {
			assert.NotEmpty(t, property.Description, "%s of %s", name, token)
		}
	}
}

func TestListsAndMapsThatDecideWhichResourcesThereAreArePlain(t *testing.T) {
	spec := committed(t)
	share := spec.Resources["crossorg:index:ShareWithDataset"].InputProperties
	assert.True(t, share["dataSets"].Plain)
	assert.True(t, share["consumers"].Plain)
	assert.False(t, share["schedule"].Plain)
	assert.True(t, spec.Resources["crossorg:index:ProviderOrg"].InputProperties["containers"].Plain)
	assert.False(t, spec.Types["crossorg:index:ShareParty"].Properties["containers"].Plain, "this one may be an output")
}

func TestPasswordIsASecret(t *testing.T) {
	assert.True(t, committed(t).Resources["crossorg:index:GovernanceCluster"].InputProperties["adminPassword"].Secret)
}

func TestCommentsThatAreMissingAreAllNamed(t *testing.T) {
	read := sources{"Thing": {fields: map[string]fieldSource{}}, "ThingArgs": {comment: "Arguments.",
		fields: map[string]fieldSource{"said": {comment: "A field."}}}}
	err := read.complete(&schema.PackageSpec{Resources: map[string]schema.ResourceSpec{"x:index:Thing": {
		InputProperties: map[string]schema.PropertySpec{"said": {}, "unsaid": {}},
	}}})
	assert.EqualError(t, err, "Thing has no comment\nproperty unsaid of ThingArgs has no comment")
}

func TestSDKsAreGeneratedWithEveryComponent(t *testing.T) {
	names := map[string]string{
		"ProviderOrg": "provider_org", "ConsumerOrg": "consumer_org", "ShareWithDataset": "share_with_dataset",
		"GovernanceCluster": "governance_cluster", "Monitoring": "monitoring",
	}
	files := map[string]func(component string) string{
		"nodejs": func(c string) string { return strings.ToLower(c[:1]) + c[1:] + ".ts" },
		"python": func(c string) string { return "pulumi_crossorg/" + names[c] + ".py" },
	}
	for _, language := range Languages() {
		folder := filepath.Join(t.TempDir(), language)
		require.NoError(t, GenerateSDK(language, folder))
		for component := range names {
			generated, err := os.ReadFile(filepath.Join(folder, filepath.FromSlash(files[language](component))))
			require.NoError(t, err)
			assert.Contains(t, string(generated), "crossorg:index:"+component)
		}
		assert.NoError(t, GenerateSDK(language, folder), "an earlier SDK is replaced")
	}
}

func TestSDKReplacesNothingButAnSDK(t *testing.T) {
	folder := t.TempDir()
	mine := filepath.Join(folder, "mine.ts")
	require.NoError(t, os.WriteFile(mine, []byte("//"), 0o600))
	assert.ErrorContains(t, GenerateSDK("nodejs", folder), "name another folder")
	assert.FileExists(t, mine)
	assert.ErrorContains(t, GenerateSDK("cobol", t.TempDir()), "name one of nodejs, python")
}
