package e2e

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestEdits edits a stack that stands, with the real engine; tests/edits tries many more.
func TestEdits(t *testing.T) {
	t.Parallel()
	c := newHome(t, "dev")
	up := c.do("up")

	// Production's vaults and accounts have what Azure fixed otherwise in these.
	dev := c.configFile
	c.configure(func(config map[string]any) {
		config["crossorg:keyVault"].(map[string]any)["softDeleteDays"] = 90
		config["crossorg:storage"].(map[string]any)["sku"] = "Standard_ZRS"
		config["crossorg:tags"] = map[string]any{"purpose": "another"}
	})
	for _, verb := range []string{"preview", "up"} {
		code, refused := c.try(verb)
		assert.Equal(t, 1, code)
		require.NotEmpty(t, refused.Error.Diagnostics)
		for _, word := range []string{"crossorg:keyVault.softDeleteDays", "crossorg:storage.sku", "standing stack"} {
			assert.Contains(t, refused.Error.Diagnostics[0].Message, word)
		}
	}
	c.configFile = dev
	assert.Zero(t, c.do("refresh", "--expect-no-changes").changed(), "nothing was touched")
	assert.Zero(t, c.do("preview", "--expect-no-changes").changed())

	// Another share with another data set, and another region at the consumer: the file stays.
	c.configure(func(config map[string]any) {
		shares := config["crossorg:shares"].(map[string]any)
		share := shares["financial-collaboration-share"].(map[string]any)
		sets := share["dataSets"].(map[string]any)
		share["dataSets"] = map[string]any{"renamed-transactions": sets["financial-transactions"]}
		config["crossorg:shares"] = map[string]any{"renamed-share": share}
		config["crossorg:organizations"].(map[string]any)["fabrikam"] = map[string]any{"location": "westeurope"}
	})
	renamed := c.do("up")
	require.Len(t, renamed.Snapshots, 1)
	assert.Equal(t, "renamed-share", renamed.Snapshots[0].Share)
	assert.Equal(t, "Succeeded", renamed.Snapshots[0].Status)
	assert.Equal(t, up.Snapshots[0].Files[0].SHA256, renamed.Snapshots[0].Files[0].SHA256)
	assert.Zero(t, c.do("preview", "--expect-no-changes").changed())

	// And back.
	c.configFile = dev
	c.assertDelivered(c.do("up"), "fabrikam")
	assert.Zero(t, c.do("preview", "--expect-no-changes").changed())
}
