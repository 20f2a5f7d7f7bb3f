package toolchain

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestGoCommandsOfARunLeaveTheModuleFilesAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "with space")
	assert.Equal(t, "-tags=x '-modfile="+filepath.Join(dir, "go.mod")+"' -buildvcs=false", GoFlags("-tags=x", dir))
}

// hostLists is what the language host of SDK v3.50.0 asks the go command for before each run, to learn which plug-ins a
// program needs.
var hostLists = []string{"list", "-m", "-json", "-mod=mod", "all"}

// moduleFiles copies go.mod, go.sum and the modules that go.mod replaces into a folder.
func moduleFiles(t *testing.T) string {
	t.Helper()
	repository, dir := filepath.Join("..", ".."), t.TempDir()
	require.NoError(t, CopyModule(repository, dir))
	require.NoError(t, os.CopyFS(filepath.Join(dir, "sdks"), os.DirFS(filepath.Join(repository, "sdks"))))
	return dir
}

func list(t *testing.T, dir string, env ...string) {
	t.Helper()
	cmd := exec.Command("go", hostLists...)
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), "GOWORK=off"), env...)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, name))
	require.NoError(t, err)
	return string(raw)
}

// The host completes go.sum with the checksums of all go.mod files of the module graph, which "go mod tidy" leaves out.
// The repository has them all, so that a plain "pulumi up" changes nothing in it.
func TestPlainPulumiLeavesTheModuleFilesAlone(t *testing.T) {
	dir := moduleFiles(t)
	mod, sum := read(t, dir, "go.mod"), read(t, dir, "go.sum")
	list(t, dir)
	assert.Equal(t, mod, read(t, dir, "go.mod"))
	if sum != read(t, dir, "go.sum") {
		t.Error("go.sum lacks checksums that pulumi up would add: run \"go list -m -mod=mod all\" and commit go.sum")
	}
}

func TestLocalRunsLeaveAnIncompleteGoSumAlone(t *testing.T) {
	dir, home := moduleFiles(t), t.TempDir()
	// As "go mod tidy" leaves it, or more so: without the checksums of any go.mod file.
	var tidied strings.Builder
	for line := range strings.Lines(read(t, dir, "go.sum")) {
		if !strings.Contains(line, "/go.mod h1:") {
			tidied.WriteString(line)
		}
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.sum"), []byte(tidied.String()), 0o600))
	require.NoError(t, CopyModule(dir, home))
	// The checksums are known, so nothing has to be looked up: all modules are in the cache.
	list(t, dir, "GOFLAGS="+GoFlags("", home), "GOSUMDB=off")
	assert.Equal(t, tidied.String(), read(t, dir, "go.sum"))
	assert.Greater(t, len(read(t, home, "go.sum")), tidied.Len())
}

// What the tool, the program, the CLI and its host share is compiled once where its versions are the same.
func TestModulesSharedWithTheToolsHaveTheSameVersion(t *testing.T) {
	// The host needs an SDK of its own, which is why its module is apart.
	apart := map[string]bool{"github.com/pulumi/pulumi/sdk/v3": true}
	versions := required(t, ".")
	for _, tool := range []string{"tools/pulumi", "tools/pulumi-language-go"} {
		for path, version := range required(t, tool) {
			want, known := versions[path]
			if known && (!apart[path] || tool == "tools/pulumi") {
				assert.Equal(t, want, version, "%s in %s: go get %s@(the later one) in both folders", path, tool, path)
			}
			versions[path] = version
		}
	}
}

// required are the versions that a go.mod of the repository requires, by module.
func required(t *testing.T, dir string) map[string]string {
	t.Helper()
	cmd := exec.Command("go", "mod", "edit", "-json")
	cmd.Dir = filepath.Join("..", "..", filepath.FromSlash(dir))
	out, err := cmd.Output()
	require.NoError(t, err)
	var file struct {
		Require []struct{ Path, Version string }
	}
	require.NoError(t, json.Unmarshal(out, &file))
	versions := map[string]string{}
	for _, r := range file.Require {
		versions[r.Path] = r.Version
	}
	require.NotEmpty(t, versions)
	return versions
}
