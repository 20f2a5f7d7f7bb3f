package toolchain

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestProjectBelowTheRepositoryUsesItsToolchain(t *testing.T) {
	repository := t.TempDir()
	project := filepath.Join(repository, "examples", "python", "topology")
	require.NoError(t, os.MkdirAll(project, 0o700))
	assert.Equal(t, project, repositoryOf(project), "without a pin anywhere the project is asked for it")
	require.NoError(t, os.MkdirAll(filepath.Join(repository, "tools", "pulumi"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(repository, "tools", "pulumi", "go.mod"), nil, 0o600))
	assert.Equal(t, repository, repositoryOf(project))
	assert.Equal(t, repository, repositoryOf(repository))
}

func TestModuleOfAProgramBelowItIsCopied(t *testing.T) {
	module, copied := t.TempDir(), t.TempDir()
	program := filepath.Join(module, "examples", "go")
	require.NoError(t, os.MkdirAll(program, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(module, "go.mod"), []byte("module example.com/m\n"), 0o600))
	require.NoError(t, CopyModule(program, copied))
	raw, err := os.ReadFile(filepath.Join(copied, "go.mod"))
	require.NoError(t, err)
	assert.Equal(t, "module example.com/m\n", string(raw))
}

func TestGoProgramsNeedNothingMore(t *testing.T) {
	tools := &Toolchain{Pulumi: filepath.Join(t.TempDir(), "pulumi"), Host: filepath.Join(t.TempDir(), "host")}
	for _, runtime := range []string{"", "go"} {
		dir := filepath.Join(t.TempDir(), "plugins")
		p := Program{Dir: t.TempDir(), Runtime: runtime}
		require.NoError(t, tools.AddRuntime(t.Context(), p, dir, &bytes.Buffer{}))
		assert.NoDirExists(t, dir)
		assert.Equal(t, []string{filepath.Dir(tools.Pulumi), filepath.Dir(tools.Host)}, tools.Dirs())
	}
}

func TestRuntimeWithoutAHostIsRefusedWithARemedy(t *testing.T) {
	tools := &Toolchain{Pulumi: filepath.Join(t.TempDir(), "pulumi")}
	err := tools.AddRuntime(t.Context(), Program{Dir: t.TempDir(), Runtime: "java"}, t.TempDir(), &bytes.Buffer{})
	assert.ErrorContains(t, err, "runtime is java")
	assert.ErrorContains(t, err, "https://www.pulumi.com/docs/install")
}

func TestTargetIsBuiltAnewWhenItsSourceChanges(t *testing.T) {
	source := module(t, "package main\n\nfunc main() { print(\"one\") }\n")
	b := build{what: "the provider", module: source, pkg: "example.com/tool",
		target: filepath.Join(t.TempDir(), "plugins", executable("provider"))}
	run := func() string {
		require.NoError(t, b.update(t.Context(), &bytes.Buffer{}))
		out, err := exec.Command(b.target).CombinedOutput()
		require.NoError(t, err)
		return string(out)
	}
	assert.Equal(t, "one", run())
	before, err := os.Stat(b.target)
	require.NoError(t, err)
	assert.Equal(t, "one", run())
	after, err := os.Stat(b.target)
	require.NoError(t, err)
	assert.True(t, os.SameFile(before, after), "nothing is linked when nothing has changed")
	require.NoError(t, os.WriteFile(filepath.Join(source, "main.go"),
		[]byte("package main\n\nfunc main() { print(\"two\") }\n"), 0o600))
	assert.Equal(t, "two", run())
}
