package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/crossorg/crossorg/internal/stackfile"
)

func config(t *testing.T, raw []byte) map[string]any {
	t.Helper()
	var document struct {
		Config map[string]any `yaml:"config"`
	}
	require.NoError(t, yaml.Unmarshal(raw, &document))
	return document.Config
}

func project(t *testing.T, dir string) *stackfile.Project {
	t.Helper()
	p, err := stackfile.OpenProject(dir)
	require.NoError(t, err)
	return p
}

// The stack of a size differs from the dev stack by who consumes, and by nothing else.
func TestSizesDifferByTheirConsumersAlone(t *testing.T) {
	dev, err := os.ReadFile("../Pulumi.dev.yaml")
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "stack.yaml")
	require.NoError(t, writeStackFile(path, project(t, ".."), 12))
	raw, err := os.ReadFile(path)
	require.NoError(t, err)

	want, got := config(t, dev), config(t, raw)
	organizations := got["crossorg:organizations"].(map[string]any)
	assert.Len(t, organizations, 13, "twelve consumers and the provider")
	share := got["crossorg:shares"].(map[string]any)["financial-collaboration-share"].(map[string]any)
	assert.Len(t, share["consumers"], 12)
	for _, consumer := range share["consumers"].([]any) {
		assert.Contains(t, organizations, consumer)
	}

	for _, c := range []map[string]any{want, got} {
		delete(c, "crossorg:organizations")
		delete(c["crossorg:shares"].(map[string]any)["financial-collaboration-share"].(map[string]any), "consumers")
	}
	assert.Equal(t, want, got)
}

func TestTheDevStackIsMeasuredAsItIs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "stack.yaml")
	require.NoError(t, writeStackFile(path, project(t, ".."), 0))
	want, err := os.ReadFile("../Pulumi.dev.yaml")
	require.NoError(t, err)
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got))
}

func TestAStackWithoutSharesHasNothingToConsume(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"Pulumi.yaml": "name: crossorg\nruntime: go\n",
		"Pulumi.dev.yaml": "config:\n  crossorg:organizations:\n    contoso: {location: eastus}\n"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	err := writeStackFile(filepath.Join(t.TempDir(), "stack.yaml"), project(t, dir), 3)
	assert.ErrorContains(t, err, "crossorg:shares is empty")
}
