package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestLifecycle follows the dev stack from its first up to its second.
func TestLifecycle(t *testing.T) {
	t.Parallel()
	c := newHome(t, "dev")
	log := filepath.Join(t.TempDir(), "arm.jsonl")

	up := c.do("up", "--arm-log", log)
	assert.Positive(t, up.Summary.Create)
	assert.Equal(t, up.Summary.Create, up.changed(), "the first up only creates")
	c.assertDelivered(up, "fabrikam")
	assertRequestLog(t, c, log)

	again := c.do("up")
	assert.Equal(t, up.Summary.Create, again.Summary.Same)
	assert.Zero(t, again.changed(), "the second up changes nothing")
	c.assertDelivered(again, "fabrikam")
	assert.Equal(t, up.Outputs, again.Outputs)

	outputs := c.do("outputs")
	assert.Equal(t, up.Outputs, outputs.Outputs)
	c.assertDelivered(outputs, "fabrikam")

	assert.Zero(t, c.do("refresh", "--expect-no-changes").changed(), "what stands is what was asked for")
	assert.Zero(t, c.do("preview", "--expect-no-changes").changed())

	// A setting that Azure changes in place.
	c.configure(func(config map[string]any) {
		config["crossorg:monitoring"].(map[string]any)["retentionDays"] = 45
	})
	planned := c.do("preview")
	code, _ := c.try("preview", "--expect-no-changes")
	assert.Equal(t, 1, code, "a preview that was to find nothing fails when it finds something")
	updated := c.do("up")
	assert.GreaterOrEqual(t, updated.Summary.Update, 2, "the workspaces of both organizations")
	assert.Equal(t, updated.Summary.Update, updated.changed(), "nothing is replaced")
	assert.Equal(t, planned.Summary, updated.Summary, "up does what preview said")

	// The name of a blob cannot be changed in place; the consumer gets the file under its new name.
	c.configure(func(config map[string]any) {
		share := config["crossorg:shares"].(map[string]any)["financial-collaboration-share"].(map[string]any)
		share["dataSets"].(map[string]any)["financial-transactions"].(map[string]any)["path"] = "renamed.csv"
	})
	renamed := c.do("up")
	assert.Positive(t, renamed.Summary.Replace)
	c.assertDelivered(renamed, "fabrikam")
	assert.Equal(t, "renamed.csv", filepath.Base(renamed.Snapshots[0].Files[0].Path))
	assert.Zero(t, c.do("preview", "--expect-no-changes").changed())

	destroyed := c.do("destroy")
	assert.Equal(t, destroyed.Summary.Delete, destroyed.changed())
	assert.Len(t, destroyed.SoftDeletedVaults, 2, "deleted vaults can be recovered, and are reported")
	served := c.serve()
	assert.Empty(t, served.listGroups(), "nothing is left")
	served.stop()

	c.configFile = ""
	back := c.do("up")
	assert.Equal(t, up.Summary.Create, back.Summary.Create)
	c.assertDelivered(back, "fabrikam")
}

// assertRequestLog checks that the log is complete JSON lines and holds no secret of the stack.
func assertRequestLog(t *testing.T, c *home, path string) {
	t.Helper()
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	var values map[string]struct {
		Value  string `json:"value"`
		Secret bool   `json:"secret"`
	}
	require.NoError(t, json.Unmarshal([]byte(c.pulumi("config", "--show-secrets", "--json")), &values))
	password := values["crossorg:adminPassword"]
	require.True(t, password.Secret)
	assert.NotContains(t, string(raw), password.Value)

	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 16<<20)
	writes := 0
	for lines.Scan() {
		var entry map[string]any
		require.NoError(t, json.Unmarshal(lines.Bytes(), &entry))
		for _, field := range []string{"time", "method", "url", "status", "durationMs"} {
			require.Contains(t, entry, field)
		}
		require.Contains(t, entry["url"], "api-version=")
		if entry["method"] == "PUT" {
			writes++
		}
	}
	require.NoError(t, lines.Err())
	assert.Positive(t, writes)
}

// TestImport takes a resource into the stack that somebody made with an Azure client.
func TestImport(t *testing.T) {
	t.Parallel()
	c := newHome(t, "dev")
	c.do("up")

	served := c.serve()
	group, err := served.groups().CreateOrUpdate(context.Background(), "made-by-hand",
		armresources.ResourceGroup{Location: to.Ptr("eastus")}, nil)
	require.NoError(t, err)
	// The verbs use the Azure that is being served.
	c.pulumi("import", "azure-native:resources:ResourceGroup", "by-hand", *group.ID, "--yes", "--protect=false",
		"--generate-code=false")
	served.stop()

	assert.Contains(t, c.pulumi("stack", "export"), *group.ID)
	assert.Zero(t, c.do("refresh", "--expect-no-changes").changed(), "an import reads what stands")
	up := c.do("up")
	assert.Equal(t, 1, up.Summary.Delete, "the program does not have it, so the next up removes it")
	assert.Equal(t, 1, up.changed())
}

// TestInterruptedUpGoesOn: after ctrl-C the state knows what was made, and the next up makes the rest.
func TestInterruptedUpGoesOn(t *testing.T) {
	t.Parallel()
	h := newHome(t, "dev")
	cmd := exec.Command(tool, h.arguments("up", "--json")...)
	stderr, err := cmd.StderrPipe()
	require.NoError(t, err)
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	require.NoError(t, cmd.Start())
	lines := bufio.NewScanner(stderr)
	interrupted := false
	for lines.Scan() {
		if !interrupted && strings.Contains(lines.Text(), "created") {
			interrupted = true
			require.NoError(t, cmd.Process.Signal(os.Interrupt))
		}
	}
	require.NoError(t, lines.Err())
	err = cmd.Wait()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	assert.Equal(t, 1, exit.ExitCode())
	var first document
	require.NoError(t, json.Unmarshal(stdout.Bytes(), &first))
	assert.Contains(t, first.Error.Message, "interrupted")
	require.Positive(t, first.Summary.Create)

	second := h.do("up")
	assert.Positive(t, second.Summary.Create)
	assert.GreaterOrEqual(t, second.Summary.Same, 1)
	h.assertDelivered(second, "fabrikam")
	assert.Zero(t, h.do("up").changed())
}
