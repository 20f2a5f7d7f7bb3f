// Package e2e uses the built tool as a person would, on the repository's program and stacks.
//
// Every test has a home folder of its own, so the tests are independent clouds. The Pulumi CLI comes from PATH or is
// built once into the user's cache folder; the first run of these tests on a machine may therefore take minutes.
package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

// project is the repository's root.
var project, _ = filepath.Abs(filepath.Join("..", ".."))

// tool is the built cmd/crossorg.
var tool string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "crossorg-e2e-*")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		tool = filepath.Join(dir, "crossorg")
		build := exec.Command("go", "build", "-o", tool, "./cmd/crossorg")
		build.Dir = project
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build the tool: %v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

// document is what the tool prints with --json.
type document struct {
	Stack   string `json:"stack"`
	Summary struct {
		Create  int `json:"create"`
		Same    int `json:"same"`
		Update  int `json:"update"`
		Delete  int `json:"delete"`
		Replace int `json:"replace"`
	} `json:"summary"`
	Outputs   map[string]any `json:"outputs"`
	Snapshots []struct {
		Share    string `json:"share"`
		Consumer string `json:"consumer"`
		Status   string `json:"status"`
		Files    []struct {
			Path         string `json:"path"`
			Bytes        int64  `json:"bytes"`
			SHA256       string `json:"sha256"`
			SourceSHA256 string `json:"sourceSha256"`
		} `json:"files"`
	} `json:"snapshots"`
	SoftDeletedVaults []struct {
		Name string `json:"name"`
	} `json:"softDeletedVaults"`
	Error struct {
		Message     string `json:"message"`
		Diagnostics []struct {
			Resource string `json:"resource"`
			Message  string `json:"message"`
		} `json:"diagnostics"`
	} `json:"error"`
	DurationMs int64 `json:"durationMs"`
}

// changed is the number of resources that did not stay as they are.
func (d document) changed() int {
	return d.Summary.Create + d.Summary.Update + d.Summary.Delete + d.Summary.Replace
}

// home is a home folder with a stack in it.
type home struct {
	t          *testing.T
	dir, stack string
	// configFile replaces the repository's stack file once configure was called.
	configFile string
}

func newHome(t *testing.T, stack string) *home {
	t.Helper()
	return &home{t: t, dir: filepath.Join(t.TempDir(), "home"), stack: stack}
}

// configure edits a copy of the repository's stack file; edit gets the values below "config:".
func (h *home) configure(edit func(config map[string]any)) {
	h.t.Helper()
	source := h.configFile
	if source == "" {
		source = filepath.Join(project, "Pulumi."+h.stack+".yaml")
	}
	raw, err := os.ReadFile(source)
	require.NoError(h.t, err)
	var file map[string]any
	require.NoError(h.t, yaml.Unmarshal(raw, &file))
	edit(file["config"].(map[string]any))
	raw, err = yaml.Marshal(file)
	require.NoError(h.t, err)
	h.configFile = filepath.Join(h.t.TempDir(), "stack.yaml")
	require.NoError(h.t, os.WriteFile(h.configFile, raw, 0o600))
}

func (h *home) arguments(verb string, flags ...string) []string {
	args := []string{"local", verb, "--project", project, "--stack", h.stack, "--home", h.dir}
	if h.configFile != "" {
		args = append(args, "--config-file", h.configFile)
	}
	return append(args, flags...)
}

// try runs a verb with --json and returns its exit code and document.
func (h *home) try(verb string, flags ...string) (int, document) {
	h.t.Helper()
	stdout, stderr, code := execute(h.t, h.arguments(verb, append([]string{"--json"}, flags...)...)...)
	var d document
	decoder := json.NewDecoder(strings.NewReader(stdout))
	require.NoError(h.t, decoder.Decode(&d), "%s printed %q\n%s", verb, stdout, stderr)
	require.False(h.t, decoder.More(), "%s printed more than one document", verb)
	h.t.Logf("%s %v: exit code %d, %+v in %d ms", verb, flags, code, d.Summary, d.DurationMs)
	return code, d
}

// do runs a verb that must succeed.
func (h *home) do(verb string, flags ...string) document {
	h.t.Helper()
	code, d := h.try(verb, flags...)
	require.Zero(h.t, code, "%s: %+v", verb, d.Error)
	assert.Equal(h.t, h.stack, d.Stack)
	return d
}

// pulumi runs a command of the CLI on the stack and returns what it printed.
func (h *home) pulumi(args ...string) string {
	h.t.Helper()
	stdout, stderr, code := execute(h.t, append(h.arguments("pulumi", "--"), args...)...)
	require.Zero(h.t, code, "pulumi %v: %s", args, stderr)
	return stdout
}

func execute(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.Command(tool, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if exit, ok := err.(*exec.ExitError); ok {
		return out.String(), errs.String(), exit.ExitCode()
	}
	require.NoError(t, err)
	return out.String(), errs.String(), 0
}

// assertDelivered checks that every consumer has the sample, byte for byte.
func (h *home) assertDelivered(d document, consumers ...string) {
	h.t.Helper()
	require.Len(h.t, d.Snapshots, len(consumers))
	for i, s := range d.Snapshots {
		assert.Equal(h.t, "financial-collaboration-share", s.Share)
		assert.Equal(h.t, consumers[i], s.Consumer)
		assert.Equal(h.t, "Succeeded", s.Status)
		require.Len(h.t, s.Files, 1)
		assert.Equal(h.t, sampleSHA256, s.Files[0].SHA256, "at the consumer")
		assert.Equal(h.t, sampleSHA256, s.Files[0].SourceSHA256, "at the provider")
		assert.EqualValues(h.t, sampleBytes, s.Files[0].Bytes)
	}
}

// The sample as the project's issue gives it; other bytes would be another file.
const (
	sampleSHA256 = "e9a2755cbe01d68e37b973abde1a849072c5021a63934f6ac9a05ae85a4024d9"
	sampleBytes  = 309
)
