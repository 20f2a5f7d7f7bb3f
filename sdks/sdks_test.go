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
	lookAt(t, ".", generator)
	out, err := sdkgen(t, "-check")
	require.NoError(t, err, "%s", out)
}

// The check that the test above relies on notices every way in which an SDK can stray from its
// schema, and repairs nothing by itself.
func TestCheckReportsEveryDifference(t *testing.T) {
	dir := t.TempDir()
	out, err := sdkgen(t, "-out", dir)
	require.NoError(t, err, "%s", out)
	edited := filepath.Join(dir, "datashare", "share.go")
	removed := filepath.Join(dir, "servicefabric", "nodeType.go")
	added := filepath.Join(dir, "servicefabric", "extra", "extra.go")
	require.NoError(t, os.WriteFile(edited, []byte("package datashare\n"), 0o600))
	require.NoError(t, os.Remove(removed))
	require.NoError(t, os.MkdirAll(filepath.Dir(added), 0o700))
	require.NoError(t, os.WriteFile(added, []byte("package extra\n"), 0o600))

	out, err = sdkgen(t, "-check", "-out", dir)

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

// sdkgen runs the generator and returns what it printed.
func sdkgen(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"run", "."}, args...)...)
	cmd.Dir = generator
	// The generator is a module of its own: a workspace that does not list it must not stand in the way.
	cmd.Env = append(os.Environ(), "GOWORK=off")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// lookAt makes the Go tool run the test again once anything below the folders has changed. It repeats
// a cached pass until then, and does not see what the test's child processes read.
func lookAt(t *testing.T, folders ...string) {
	t.Helper()
	for _, folder := range folders {
		require.NoError(t, filepath.WalkDir(folder, func(name string, _ fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			_, err = os.Stat(name)
			return err
		}))
	}
}
