package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/local"
)

var verbs = []string{"up", "preview", "refresh", "destroy", "outputs", "serve", "reset", "pulumi"}

// command runs the tool in process.
func command(args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = run(context.Background(), args, &out, &errs)
	return code, out.String(), errs.String()
}

// run runs the tool in process, outside of any terminal.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	none := func(string) string { return "" }
	a := &app{stdin: strings.NewReader(""), reporter: newReporter(stdout, stderr, none)}
	return a.run(ctx, args)
}

// emptyProject is a project folder without stack files.
func emptyProject(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi.yaml"), []byte("name: crossorg\nruntime: go\n"), 0o600))
	return dir
}

func TestEveryVerbHelpsWithAnExample(t *testing.T) {
	for _, verb := range verbs {
		code, out, _ := command("local", verb, "--help")
		assert.Zero(t, code, verb)
		assert.Contains(t, out, "crossorg local "+verb, verb)
		assert.Contains(t, out, "Examples:", verb)
		assert.Contains(t, out, "--json", verb)
	}
}

// TestEveryCommandHelpsAndAnswersInJSON walks all commands: each has an example and --json, and its help fits a screen
// of 100 columns.
func TestEveryCommandHelpsAndAnswersInJSON(t *testing.T) {
	a := &app{reporter: newReporter(io.Discard, io.Discard, func(string) string { return "" })}
	var visit func(c *cobra.Command)
	visit = func(c *cobra.Command) {
		if c.HasParent() && !c.HasSubCommands() {
			assert.NotNil(t, c.Flags().Lookup("json"), c.CommandPath())
		}
		assert.NotEmpty(t, c.Example, c.CommandPath())
		_, help, _ := command(append(strings.Fields(c.CommandPath())[1:], "--help")...)
		for line := range strings.Lines(help) {
			assert.LessOrEqual(t, len([]rune(strings.TrimSuffix(line, "\n"))), 100, "%s: %s", c.CommandPath(), line)
		}
		for _, sub := range c.Commands() {
			visit(sub)
		}
	}
	visit(a.root())
}

func TestWrongUsageExitsTwo(t *testing.T) {
	for _, args := range [][]string{
		{}, {"local"}, {"nonsense"}, {"local", "nonsense"}, {"local", "up", "--nonsense"}, {"local", "up", "dev"},
		{"local", "up", "--json=perhaps"}, {"local", "pulumi"}, {"local", "pulumi", "stack"},
	} {
		code, out, stderr := command(args...)
		assert.Equal(t, exitUsage, code, "%v", args)
		assert.Empty(t, out, "%v", args)
		assert.NotEmpty(t, stderr, "%v", args)
	}
}

func TestFailureExitsOneWithOneDocument(t *testing.T) {
	project := emptyProject(t)
	for _, verb := range []string{"up", "preview", "refresh", "destroy", "outputs"} {
		code, out, stderr := command("local", verb, "--project", project, "--stack", "nope", "--json")
		assert.Equal(t, exitFailed, code, verb)
		var document struct {
			Stack string `json:"stack"`
			Error struct {
				Message string `json:"message"`
			} `json:"error"`
		}
		decoder := json.NewDecoder(strings.NewReader(out))
		require.NoError(t, decoder.Decode(&document), verb)
		assert.False(t, decoder.More(), "%s: one document only", verb)
		assert.Equal(t, "nope", document.Stack, verb)
		assert.Contains(t, document.Error.Message, "Pulumi.nope.yaml", verb)
		assert.Contains(t, stderr, "Pulumi.nope.yaml", verb)
	}
	assert.NoDirExists(t, filepath.Join(project, local.DefaultHome), "a failed start leaves nothing behind")
}

func TestResetAsksOrNeedsYes(t *testing.T) {
	project := emptyProject(t)
	home := filepath.Join(project, local.DefaultHome)
	state := filepath.Join(home, "state")
	require.NoError(t, os.MkdirAll(state, 0o700))

	code, _, stderr := command("local", "reset", "--project", project)
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "--yes")
	assert.DirExists(t, state)

	code, out, _ := command("local", "reset", "--project", project, "--yes", "--json")
	assert.Zero(t, code)
	assert.JSONEq(t, `{"home":"`+home+`","removed":["`+state+`"]}`, out)
	assert.NoDirExists(t, home)
}

func TestServeRefusesAMalformedAddress(t *testing.T) {
	project := emptyProject(t)
	code, _, stderr := command("local", "serve", "--project", project, "--callers-at", "localhost")
	assert.NotZero(t, code)
	assert.Contains(t, stderr, "--callers-at")
	assert.NoDirExists(t, filepath.Join(project, local.DefaultHome))
}
