// Package languages runs the programs under examples/ as a person would: with the built tool, on the embedded Azure.
//
// What a language needs is installed where the examples' README says: Node.js packages in examples/typescript, a
// virtual environment beside the Python program, both ignored by git. A language that is missing on the machine is
// skipped, unless CROSSORG_REQUIRE_LANGUAGES is set.
package languages

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// repository is the repository's root.
var repository, _ = filepath.Abs(filepath.Join("..", ".."))

// tool is the built cmd/crossorg.
var tool string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "crossorg-languages-*")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		tool = filepath.Join(dir, "crossorg")
		build := exec.Command("go", "build", "-o", tool, "./cmd/crossorg")
		build.Dir = repository
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build the tool: %v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

// languages are the folders of examples/ whose programs run here, with what installs what the programs need.
var languages = map[string]func() (missing string, err error){
	"go":         func() (string, error) { return "", nil },
	"typescript": sync.OnceValues(installNode),
	"python":     sync.OnceValues(installPython),
}

// install makes a language's programs ready, or skips the test with the reason and the remedy.
func install(t *testing.T, language string) {
	t.Helper()
	missing, err := languages[language]()
	require.NoError(t, err)
	if missing == "" {
		return
	}
	if os.Getenv("CROSSORG_REQUIRE_LANGUAGES") != "" {
		t.Fatal(missing)
	}
	t.Skip(missing)
}

// home is a home folder, a cloud of its own. All homes share the built provider of the components.
type home struct {
	t   *testing.T
	dir string
}

var plugins = sync.OnceValues(func() (string, error) {
	dir := filepath.Join(filepath.Dir(tool), "plugins")
	return dir, os.Mkdir(dir, 0o700)
})

func newHome(t *testing.T) home {
	t.Helper()
	shared, err := plugins()
	require.NoError(t, err)
	dir := filepath.Join(t.TempDir(), "home")
	require.NoError(t, os.Mkdir(dir, 0o700))
	if err := os.Symlink(shared, filepath.Join(dir, "plugins")); err != nil {
		t.Logf("the provider is built once more, as it cannot be shared: %s", err)
	}
	return home{t, dir}
}

// run runs the tool on a project's stack dev and returns what it prints.
func (h home) run(project, verb string, arguments ...string) []byte {
	h.t.Helper()
	all := append([]string{"local", verb, "--project", project, "--home", h.dir}, arguments...)
	cmd := exec.Command(tool, all...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	require.NoError(h.t, cmd.Run(), "%v\n%s\n%s", all, &stdout, &stderr)
	return stdout.Bytes()
}

// registered is a resource of a preview.
type registered struct {
	URN    string         `json:"urn"`
	Type   string         `json:"type"`
	Inputs map[string]any `json:"inputs"`
}

// preview returns the resources that a program registers, but for the stack itself, by type and logical names.
func (h home) preview(project string) map[string]registered {
	h.t.Helper()
	all := map[string]registered{}
	lines := bufio.NewScanner(bytes.NewReader(h.run(project, "pulumi", "--", "preview", "--json")))
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var event struct {
			ResourcePreEvent struct {
				Metadata struct{ New registered }
			}
		}
		require.NoError(h.t, json.Unmarshal(lines.Bytes(), &event), "%s", lines.Text())
		// urn:pulumi:<stack>::<project>::<types>::<name>
		if r := event.ResourcePreEvent.Metadata.New; r.URN != "" && r.Type != "pulumi:pulumi:Stack" {
			all[strings.SplitN(r.URN, "::", 3)[2]] = r
		}
	}
	require.NoError(h.t, lines.Err())
	return all
}

// varying are the parts of inputs that differ between clouds: ids, the random ends of names, thumbprints of generated
// certificates.
var varying = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{8}$|^[0-9A-F]{40}$`)

// comparable is an input without what varies.
func comparable(input any) any {
	switch v := input.(type) {
	case string:
		return varying.ReplaceAllString(v, "#")
	case []any:
		all := make([]any, len(v))
		for i := range v {
			all[i] = comparable(v[i])
		}
		return all
	case map[string]any:
		all := map[string]any{}
		for name, value := range v {
			// An asset is the same wherever its file lies: its hash says so.
			if v["hash"] == nil || name != "path" {
				all[name] = comparable(value)
			}
		}
		return all
	}
	return input
}

func example(language, name string) string {
	return filepath.Join(repository, "examples", language, name)
}

func TestEveryLanguageRegistersWhatTheProgramDoes(t *testing.T) {
	program := newHome(t).preview(repository)
	require.Len(t, program, 66)
	for language := range languages {
		t.Run(language, func(t *testing.T) {
			install(t, language)
			found := newHome(t).preview(example(language, "two-organizations"))
			for urn, want := range program {
				got, ok := found[urn]
				if !assert.True(t, ok, "%s is missing", urn) {
					continue
				}
				// What is recorded of a component or a provider says which defaults somebody wrote down.
				if strings.HasPrefix(want.Type, "azure-native:") {
					assert.Equal(t, comparable(want.Inputs), comparable(got.Inputs), urn)
				}
			}
			for urn := range found {
				assert.Contains(t, program, urn)
			}
		})
	}
}

func TestTopologyRunsInEveryLanguage(t *testing.T) {
	for language := range languages {
		t.Run(language, func(t *testing.T) {
			install(t, language)
			h, project := newHome(t), example(language, "two-organizations")
			var up struct {
				Snapshots []struct {
					Status string
					Files  []struct{ SHA256, SourceSHA256 string }
				}
			}
			require.NoError(t, json.Unmarshal(h.run(project, "up", "--json"), &up))
			require.Len(t, up.Snapshots, 1)
			assert.Equal(t, "Succeeded", up.Snapshots[0].Status)
			require.Len(t, up.Snapshots[0].Files, 1)
			assert.NotEmpty(t, up.Snapshots[0].Files[0].SHA256)
			assert.Equal(t, up.Snapshots[0].Files[0].SourceSHA256, up.Snapshots[0].Files[0].SHA256)
			h.run(project, "preview", "--expect-no-changes")
			h.run(project, "destroy")
		})
	}
}

func TestSmallestUses(t *testing.T) {
	components := map[string]string{
		"provider-org": "ProviderOrg", "consumer-org": "ConsumerOrg", "share-with-dataset": "ShareWithDataset",
		"governance-cluster": "GovernanceCluster", "monitoring": "Monitoring",
	}
	for language, names := range map[string][]string{
		// Linking takes long: the others compile with the repository, and set up no more than these or the topology.
		"go":         {"share-with-dataset", "governance-cluster"},
		"typescript": slices.Sorted(maps.Keys(components)),
	} {
		t.Run(language, func(t *testing.T) {
			install(t, language)
			h := newHome(t)
			for _, name := range names {
				found := map[string]bool{}
				for _, r := range h.preview(example(language, name)) {
					found[r.Type] = true
				}
				assert.True(t, found["crossorg:index:"+components[name]], "%s in %s registers its component", name,
					language)
			}
		})
	}
}

func TestTypeScriptExamplesHaveTheRightTypes(t *testing.T) {
	install(t, "typescript")
	cmd := exec.Command("node", filepath.Join("node_modules", "typescript", "bin", "tsc"), "--project", ".")
	cmd.Dir = filepath.Join(repository, "examples", "typescript")
	out, err := cmd.CombinedOutput()
	assert.NoError(t, err, "%s", out)
}
