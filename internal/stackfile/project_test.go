package stackfile_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/crossorg/crossorg/internal/stackfile"
)

func TestProjectIsFoundFromBelow(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi.yaml"), []byte("name: crossorg\nruntime: go\n"), 0o600))
	for _, stack := range []string{"prod", "dev"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi."+stack+".yaml"), nil, 0o600))
	}
	below := filepath.Join(dir, "a", "b")
	require.NoError(t, os.MkdirAll(below, 0o700))

	p, err := stackfile.FindProject(below)
	require.NoError(t, err)
	assert.Equal(t, dir, p.Dir)
	assert.Equal(t, "crossorg", p.Name)
	assert.Equal(t, "go", p.Runtime)
	stacks, err := p.Stacks()
	require.NoError(t, err)
	assert.Equal(t, []string{"dev", "prod"}, stacks)
}

func TestNoProjectNamesTheRemedy(t *testing.T) {
	_, err := stackfile.FindProject(t.TempDir())
	assert.ErrorContains(t, err, "--project")
}

func TestElsewhereTheProgramRunsInPlace(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi.yaml"),
		[]byte("name: crossorg\nruntime: go\nmain: program\nconfig:\n  a: {type: string}\n"), 0o600))
	p, err := stackfile.FindProject(dir)
	require.NoError(t, err)
	raw, err := p.Elsewhere("file:///home/state?metadata=skip")
	require.NoError(t, err)
	var got map[string]any
	require.NoError(t, yaml.Unmarshal(raw, &got))
	assert.Equal(t, filepath.Join(p.Dir, "program"), got["main"])
	assert.Equal(t, map[string]any{"url": "file:///home/state?metadata=skip"}, got["backend"])
	assert.Equal(t, map[string]any{"a": map[string]any{"type": "string"}}, got["config"], "the rest stays")
}

func TestVirtualEnvironmentOfPythonIsFoundFromElsewhere(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi.yaml"),
		[]byte("name: sharing\nruntime:\n  name: python\n  options:\n    virtualenv: venv\n"), 0o600))
	p, err := stackfile.OpenProject(dir)
	require.NoError(t, err)
	assert.Equal(t, "python", p.Runtime)
	assert.Equal(t, filepath.Join(dir, "venv"), p.Virtualenv())
	raw, err := p.Elsewhere("file:///home/state")
	require.NoError(t, err)
	var got struct {
		Runtime struct {
			Name    string
			Options struct{ Virtualenv string }
		}
	}
	require.NoError(t, yaml.Unmarshal(raw, &got))
	assert.Equal(t, "python", got.Runtime.Name)
	assert.Equal(t, filepath.Join(dir, "venv"), got.Runtime.Options.Virtualenv)
}

func TestStackNamesThatCannotBe(t *testing.T) {
	for _, name := range []string{"", "../dev", "a/b", "-x"} {
		assert.ErrorContains(t, stackfile.CheckStackName(name), "name of a stack", name)
	}
	assert.NoError(t, stackfile.CheckStackName("dev-1.x_y"))
}
