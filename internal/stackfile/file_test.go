package stackfile_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/stackfile"
)

const (
	plainProject = "name: crossorg\nruntime: go\n"
	guid         = "11111111-2222-3333-4444-555555555555"
)

// project is a project with stack files by the stacks' names.
func project(t *testing.T, pulumiYAML string, stacks map[string]string) *stackfile.Project {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi.yaml"), []byte(pulumiYAML), 0o600))
	for name, content := range stacks {
		require.NoError(t, os.WriteFile(stackfile.StackFile(dir, name), []byte(content), 0o600))
	}
	p, err := stackfile.OpenProject(dir)
	require.NoError(t, err)
	return p
}

// A stack file is read without the stack's key: plain values as a program gets them, defaults for what is left out,
// nothing for what is encrypted or belongs to others.
func TestValuesOfAStackFile(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, []byte(content), 0o644))
		return file
	}
	write("Pulumi.yaml", `
name: crossorg
runtime: go
config:
  protect: {type: boolean, default: false}
  rolePropagation: {type: string, default: 5m}
  storage: {type: object, default: {sku: Standard_LRS, softDeleteDays: 7}}
  adminPassword: {secret: true, default: ""}
  principalSecrets: {secret: true, default: ""}
`)
	file := write("Pulumi.x.yaml", `
encryptionsalt: v1:0000
config:
  azure-native:location: eastus
  crossorg:adminPassword:
    secure: v1:aaaa
  crossorg:principalSecrets:
    contoso:
      secure: v1:bbbb
  crossorg:protect: true
  crossorg:organizations:
    contoso:
      location: eastus
`)
	got, err := stackfile.Values(file)
	require.NoError(t, err)
	assert.Equal(t, map[string]string{
		"protect":         "true",
		"rolePropagation": "5m",
		"storage":         `{"sku":"Standard_LRS","softDeleteDays":7}`,
		"organizations":   `{"contoso":{"location":"eastus"}}`,
	}, got)

	_, err = stackfile.Values(write("Pulumi.broken.yaml", "config: ["))
	require.ErrorContains(t, err, "Pulumi.broken.yaml")
	_, err = stackfile.Values(filepath.Join(t.TempDir(), "Pulumi.x.yaml"))
	require.ErrorContains(t, err, "Pulumi.yaml")
}

func TestMissingStackFileNamesTheStacksThereAre(t *testing.T) {
	p := project(t, plainProject, map[string]string{"dev": "config: {}\n"})
	_, err := p.Read(p.StackFile("prd"))
	assert.ErrorContains(t, err, "Pulumi.prd.yaml")
	assert.ErrorContains(t, err, "[dev]")
}

func TestOrganizationsOfAStack(t *testing.T) {
	p := project(t, plainProject, map[string]string{"dev": `config:
  crossorg:organizations:
    contoso: {location: eastus, subscriptionId: ` + guid + `, principal: {clientId: ` + guid + `}}
    fabrikam: {location: eastus}
`})
	file, err := p.Read(p.StackFile("dev"))
	require.NoError(t, err)
	organizations, err := file.Organizations()
	require.NoError(t, err)
	assert.Equal(t, guid, organizations["contoso"].ClientID())
	assert.Equal(t, guid, organizations["contoso"].SubscriptionID)
	assert.Empty(t, organizations["fabrikam"].ClientID())
}

// What Pulumi accepts in Pulumi.yaml and in a stack file is read as Pulumi reads it.
func TestShorthandsNamespacesAndAnchors(t *testing.T) {
	p := project(t, plainProject+`config:
  protect: false
  recipients: [a@example.com]
  crossorg:environment: {default: test}
  azure-native:location: eastus
`, map[string]string{"dev": `config:
  protect: true
  crossorg:storage: &hot {sku: Standard_LRS, accessTier: Hot}
  crossorg:archive: {<<: *hot, accessTier: Cool}
`})
	values, err := stackfile.Values(p.StackFile("dev"))
	require.NoError(t, err)
	assert.Equal(t, map[string]string{
		"protect": "true", "recipients": `["a@example.com"]`, "environment": "test",
		"storage": `{"accessTier":"Hot","sku":"Standard_LRS"}`,
		"archive": `{"accessTier":"Cool","sku":"Standard_LRS"}`,
	}, values)
}

func TestOrganizationsComeFromTheDefaults(t *testing.T) {
	p := project(t, plainProject+"config: {organizations: {default: {contoso: {subscriptionId: "+guid+"}}}}\n",
		map[string]string{"dev": "config: {}\n"})
	file, err := p.Read(p.StackFile("dev"))
	require.NoError(t, err)
	organizations, err := file.Organizations()
	require.NoError(t, err)
	assert.Equal(t, map[string]stackfile.Organization{"contoso": {SubscriptionID: guid}}, organizations)
}

func TestWhatCannotBeReadNamesFileAndKey(t *testing.T) {
	p := project(t, plainProject, map[string]string{
		"dev": "config:\n  organizations: [contoso]\n", "list": "config: []\n",
	})
	file, err := p.Read(p.StackFile("dev"))
	require.NoError(t, err)
	_, err = file.Organizations()
	require.ErrorContains(t, err, "Pulumi.dev.yaml")
	require.ErrorContains(t, err, "crossorg:organizations")
	_, err = p.Read(p.StackFile("list"))
	require.ErrorContains(t, err, "Pulumi.list.yaml")
}

func TestAnEditedFileKeepsTheRest(t *testing.T) {
	p := project(t, plainProject, map[string]string{"dev": "config:\n  crossorg:start: 2025-02-01T02:00:00Z\n"})
	file, err := p.Read(p.StackFile("dev"))
	require.NoError(t, err)
	require.NoError(t, file.Put("consumers", []string{"a", "b"}))
	raw, err := file.Marshal()
	require.NoError(t, err)
	assert.Equal(t, "config:\n    crossorg:start: 2025-02-01T02:00:00Z\n"+
		"    crossorg:consumers:\n        - a\n        - b\n", string(raw))
}
