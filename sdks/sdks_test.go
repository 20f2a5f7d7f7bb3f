package sdks_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// generator is the folder of the module that writes the SDKs.
var generator = filepath.Join("..", "tools", "sdkgen")

// The generated SDKs are what the schema in tools/sdkgen says, file by file.
func TestGeneratedSDKsMatchTheSchema(t *testing.T) {
	out, err := check(t, ".")
	require.NoError(t, err, "%s", out)
}

// The check that the test above relies on notices every way in which an SDK can stray from its
// schema, and repairs nothing by itself.
func TestCheckReportsEveryDifference(t *testing.T) {
	dir := t.TempDir()
	for _, sdk := range []string{"datashare", "servicefabric"} {
		require.NoError(t, os.CopyFS(filepath.Join(dir, sdk), os.DirFS(sdk)))
	}
	edited := filepath.Join(dir, "datashare", "share.go")
	removed := filepath.Join(dir, "servicefabric", "nodeType.go")
	added := filepath.Join(dir, "servicefabric", "extra", "extra.go")
	require.NoError(t, os.WriteFile(edited, []byte("package datashare\n"), 0o600))
	require.NoError(t, os.Remove(removed))
	require.NoError(t, os.MkdirAll(filepath.Dir(added), 0o700))
	require.NoError(t, os.WriteFile(added, []byte("package extra\n"), 0o600))

	out, err := check(t, dir)

	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit, "%s", out)
	assert.Equal(t, 1, exit.ExitCode())
	var listed []string
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, dir) {
			listed = append(listed, strings.TrimSpace(line))
		}
	}
	assert.Equal(t, []string{
		edited + ": differs",
		added + ": not generated",
		removed + ": missing",
	}, listed)
	assert.FileExists(t, added)
	assert.NoFileExists(t, removed)
	assert.Contains(t, out, "go generate ./...", "the remedy is named")
}

// check runs the generator's check on the SDKs in dir and returns what it printed.
func check(t *testing.T, dir string) (string, error) {
	t.Helper()
	dir, err := filepath.Abs(dir)
	require.NoError(t, err)
	// The Go tool repeats a cached pass until a file changes that the test itself has looked at, and
	// does not see what its children read.
	for _, input := range []string{dir, generator} {
		require.NoError(t, filepath.WalkDir(input, func(name string, _ fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			_, err = os.Stat(name)
			return err
		}))
	}
	cmd := exec.CommandContext(t.Context(), "go", "run", ".", "-check", "-out", dir)
	cmd.Dir = generator
	// The generator is a module of its own: a workspace that does not list it must not stand in the way.
	cmd.Env = append(os.Environ(), "GOWORK=off")
	out, err := cmd.CombinedOutput()
	return string(out), err
}
