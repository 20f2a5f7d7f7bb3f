package toolchain

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/blang/semver"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/modfile"
)

func TestVersionsThatSuit(t *testing.T) {
	pinned := semver.MustParse("3.255.0")
	for version, want := range map[string]bool{
		"3.255.0": true, "3.255.1": true, "3.300.0": true,
		"3.254.9": false, "3.100.0": false, "2.255.0": false, "4.0.0": false, "3.256.0-dev.1": false,
	} {
		assert.Equal(t, want, suits(semver.MustParse(version), pinned), version)
	}
}

func TestVersionIsTheOneThatTheProjectPins(t *testing.T) {
	version, err := pinnedVersion(filepath.Join("..", "..", "tools", "pulumi", "go.mod"))
	require.NoError(t, err)
	raw, err := os.ReadFile(filepath.Join("..", "..", "tools", "pulumi", "go.mod"))
	require.NoError(t, err)
	assert.Contains(t, string(raw), cliModule+" v"+version.String())
}

func TestAProjectWithoutAPinnedCLIIsAnError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "go.mod")
	_, err := pinnedVersion(path)
	assert.ErrorContains(t, err, path)
	require.NoError(t, os.WriteFile(path, []byte("module m\n"), 0o600))
	_, err = pinnedVersion(path)
	assert.ErrorContains(t, err, cliModule)
}

// module is a nested module with a main package to build.
func module(t *testing.T, source string) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"),
		[]byte("module example.com/tool\n\ngo 1.26\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "main.go"), []byte(source), 0o600))
	return dir
}

func TestToolIsBuiltOnceWithItsVersion(t *testing.T) {
	b := build{
		what: "the tool", target: filepath.Join(t.TempDir(), "bin", executable("tool")),
		module:  module(t, "package main\n\nvar version string\n\nfunc main() { print(version) }\n"),
		pkg:     "example.com/tool",
		ldflags: "-X main.version=v1",
		gcflags: []string{"example.com/...=-N -l -dwarf=false"},
	}
	var progress bytes.Buffer
	require.NoError(t, makeReady(t.Context(), &progress, []job{b.job("none is installed")}))
	assert.Regexp(t, `(?s)^first run: making ready the tool \(none is installed\)\n.*the tool is ready \(1 of 1`,
		progress.String())
	out, err := exec.Command(b.target).CombinedOutput()
	require.NoError(t, err)
	assert.Equal(t, "v1", string(out))

	before, err := os.Stat(b.target)
	require.NoError(t, err)
	require.NoError(t, makeReady(t.Context(), &progress, []job{b.job("")}))
	after, err := os.Stat(b.target)
	require.NoError(t, err)
	assert.True(t, os.SameFile(before, after), "an existing tool is not built again")
}

func TestFailedBuildLeavesNothingAndSaysWhy(t *testing.T) {
	b := build{
		what: "the tool", target: filepath.Join(t.TempDir(), executable("tool")),
		module: module(t, "package main\n\nfunc main() { undefinedName() }\n"), pkg: "example.com/tool",
	}
	err := makeReady(t.Context(), &bytes.Buffer{}, []job{b.job("")})
	assert.ErrorContains(t, err, "building the tool")
	assert.ErrorContains(t, err, "undefinedName")
	left, err := os.ReadDir(filepath.Dir(b.target))
	require.NoError(t, err)
	for _, entry := range left {
		assert.True(t, strings.HasSuffix(entry.Name(), ".lock"), entry.Name())
	}
}

func TestBuildDoesNotBeginWhenInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	b := build{what: "the tool", target: filepath.Join(t.TempDir(), "tool"),
		module: module(t, "package main\n\nfunc main() {}\n"), pkg: "example.com/tool"}
	assert.ErrorIs(t, makeReady(ctx, &bytes.Buffer{}, []job{b.job("")}), context.Canceled)
	assert.NoFileExists(t, b.target)
}

func TestWithoutGoTheRemedyIsNamed(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	b := build{what: "the Pulumi CLI", target: filepath.Join(t.TempDir(), "pulumi")}
	assert.ErrorContains(t, makeReady(t.Context(), &bytes.Buffer{}, []job{b.job("")}), "https://go.dev/dl")
}

// A package that both the CLI and the tool are made of would be compiled twice if its flags differed.
func TestWhatIsCompiledTheQuickWayIsTheCommandLinesAlone(t *testing.T) {
	repository := filepath.Join("..", "..")
	path := filepath.Join(repository, "tools", "pulumi", "go.mod")
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	file, err := modfile.ParseLax(path, raw, nil)
	require.NoError(t, err)
	cmd := exec.Command("go", "list", "-deps", ".", "./cmd/crossorg")
	cmd.Dir = repository
	out, err := cmd.Output()
	require.NoError(t, err)
	for _, pattern := range append([]string{cliModule + "/..."}, dormant...) {
		packages := strings.TrimSuffix(pattern, "/...")
		assert.NotContains(t, string(out), "\n"+packages+"\n", pattern)
		assert.NotContains(t, string(out), "\n"+packages+"/", pattern)
		assert.True(t, slices.ContainsFunc(file.Require, func(r *modfile.Require) bool {
			return strings.HasPrefix(r.Mod.Path+"/", packages+"/") || strings.HasPrefix(packages+"/", r.Mod.Path+"/")
		}), "the CLI has no such package: %s", pattern)
	}
}

// The project's own toolchain is built from its pinned modules where PATH has none that suits. It is here, in a package
// that is tested early, so that the end-to-end tests find it ready.
func TestTheProjectsToolchainRuns(t *testing.T) {
	toolchain, err := Find(t.Context(), Program{Dir: filepath.Join("..", "..")}, os.Stderr)
	require.NoError(t, err)

	out, err := exec.Command(toolchain.Pulumi, "version").Output()
	require.NoError(t, err)
	assert.Equal(t, "v"+toolchain.Version.String(), strings.TrimSpace(string(out)))
	_, err = exec.LookPath(toolchain.Host)
	assert.NoError(t, err, "the Go language host can be run")
}
