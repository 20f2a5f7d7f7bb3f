package e2e

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestReplacements edits what Azure does not change in place, one thing after the other on a standing stack: up
// replaces it with all that belongs to it, delivers, and sends no request that Azure refuses.
func TestReplacements(t *testing.T) {
	t.Parallel()
	c := newHome(t, "dev")
	c.assertDelivered(c.do("up"), "fabrikam")
	share := func(config map[string]any) map[string]any {
		return config["crossorg:shares"].(map[string]any)["financial-collaboration-share"].(map[string]any)
	}
	governance := func(config map[string]any) map[string]any {
		return config["crossorg:governance"].(map[string]any)
	}
	organization := func(config map[string]any, name string) map[string]any {
		return config["crossorg:organizations"].(map[string]any)[name].(map[string]any)
	}
	for _, edit := range []struct {
		what     string
		apply    func(config map[string]any)
		replaced int
	}{
		{"another schedule", func(config map[string]any) {
			share(config)["schedule"] = map[string]any{"interval": "Hour", "start": "2025-02-01T04:00:00Z"}
		}, 2},
		{"an expiration", func(config map[string]any) { share(config)["expiration"] = "2040-01-01T00:00:00Z" }, 4},
		{"a consumer that moves", func(config map[string]any) {
			organization(config, "fabrikam")["location"] = "westeurope"
		}, 8},
		{"and moves back", func(config map[string]any) {
			organization(config, "fabrikam")["location"] = "eastus"
		}, 8},
		{"other machines", func(config map[string]any) {
			governance(config)["vmSize"] = "Standard_D4s_v3"
		}, 2},
		{"another SKU", func(config map[string]any) {
			governance(config)["sku"], governance(config)["nodeCount"] = "Basic", 3
		}, 2},
	} {
		t.Log(edit.what)
		c.configure(edit.apply)
		log := filepath.Join(t.TempDir(), "arm.jsonl")
		up := c.do("up", "--arm-log", log)
		assert.GreaterOrEqual(t, up.Summary.Replace, edit.replaced, edit.what)
		c.assertDelivered(up, "fabrikam")
		assertNothingRefused(t, log)
		assert.Zero(t, c.do("preview", "--expect-no-changes").changed(), edit.what)
	}
	c.do("destroy")
}

// assertNothingRefused checks that Azure took every write.
func assertNothingRefused(t *testing.T, path string) {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var entry struct {
			Method, URL string
			Status      int
		}
		require.NoError(t, json.Unmarshal(lines.Bytes(), &entry))
		if entry.Method == "PUT" || entry.Method == "PATCH" || entry.Method == "DELETE" {
			assert.Less(t, entry.Status, 400, "%s %s", entry.Method, entry.URL)
		}
	}
	require.NoError(t, lines.Err())
}
