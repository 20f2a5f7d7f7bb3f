package toolchain

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestHostFindsTheProgramCompiledAndLinked(t *testing.T) {
	dir := module(t, "package main\n\nfunc main() { print(\"it ran\") }\n")
	// A file that no other test has, or the go command's cache would have it already.
	require.NoError(t, os.WriteFile(filepath.Join(dir, "own.go"),
		[]byte("package main\n\nconst dir = `"+dir+"`\n\nfunc init() { _ = dir }\n"), 0o600))
	p, cache := Program{Dir: dir, Runtime: "go"}, t.TempDir()
	assert.False(t, p.compiled(cache))
	var lines bytes.Buffer
	require.NoError(t, makeReady(t.Context(), &lines, []job{p.job(cache)}))
	assert.Contains(t, lines.String(), "compiling the program\n")
	assert.NotContains(t, lines.String(), "it ran")
	assert.True(t, p.compiled(cache))

	// What the language host runs for a session, whose copies of go.mod and go.sum lie elsewhere.
	home := t.TempDir()
	require.NoError(t, CopyModule(dir, home))
	cmd := exec.Command("go", "run", "-x", ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS="+GoFlags(os.Getenv("GOFLAGS"), home))
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Contains(t, string(out), "it ran")
	assert.NotRegexp(t, `/compile(\.exe)?"? `, string(out))
	assert.NotRegexp(t, `/link(\.exe)?"? `, string(out))
}

func TestProgramCountsAsCompiledWhileItsModulesStayTheSame(t *testing.T) {
	dir := module(t, "package main\n\nfunc main() {}\n")
	p, cache := Program{Dir: dir}, t.TempDir()
	require.NoError(t, makeReady(t.Context(), &bytes.Buffer{}, []job{p.job(cache)}))
	require.True(t, p.compiled(cache))

	require.NoError(t, os.WriteFile(filepath.Join(dir, "main.go"), []byte("package main\n\nfunc main() { print() }\n"),
		0o600))
	assert.True(t, p.compiled(cache), "an edit takes the host a moment")

	mark := p.mark(cache)
	old := time.Now().Add(-compiledFor - time.Hour)
	require.NoError(t, os.Chtimes(mark, old, old))
	assert.False(t, p.compiled(cache), "the go command may have forgotten it")
	require.NoError(t, os.Chtimes(mark, time.Now(), time.Now().Add(-compiledFor+time.Hour)))
	require.True(t, p.compiled(cache))
	info, err := os.Stat(mark)
	require.NoError(t, err)
	assert.Less(t, time.Since(info.ModTime()), compiledFor/2, "what is used is kept")

	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.sum"), []byte("\n"), 0o600))
	assert.False(t, p.compiled(cache), "another version of a module is another program")
}

func TestProgramThatIsElsewhereIsNotCompiled(t *testing.T) {
	assert.True(t, Program{Dir: t.TempDir()}.compiled(t.TempDir()))
}

func TestProgramThatDoesNotCompileIsLeftToTheHost(t *testing.T) {
	p, cache := Program{Dir: module(t, "package main\n\nfunc main() { undefinedName() }\n")}, t.TempDir()
	var lines bytes.Buffer
	require.NoError(t, makeReady(t.Context(), &lines, []job{p.job(cache)}))
	assert.Contains(t, lines.String(), "the program does not compile: the run will say why")
	assert.False(t, p.compiled(cache))
}
