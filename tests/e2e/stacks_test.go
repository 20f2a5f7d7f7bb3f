package e2e

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestHub shares with three consumers.
func TestHub(t *testing.T) {
	t.Parallel()
	c := newHome(t, "hub")
	c.assertDelivered(c.do("up"), "adatum", "fabrikam", "northwind")
	again := c.do("up")
	assert.Zero(t, again.changed())
	c.assertDelivered(again, "adatum", "fabrikam", "northwind")
	c.do("refresh", "--expect-no-changes")
	c.do("destroy")
	assert.Empty(t, c.serve().listGroups())
}

// TestStaging is what dev is, under other values.
func TestStaging(t *testing.T) {
	t.Parallel()
	c := newHome(t, "staging")
	c.assertDelivered(c.do("up"), "fabrikam")
	assert.Zero(t, c.do("up").changed())
	c.do("refresh", "--expect-no-changes")
	c.do("destroy")
	assert.Empty(t, c.serve().listGroups())
}

// TestProductionIsNotDestroyedByAccident: what holds data stays until somebody says otherwise.
func TestProductionIsNotDestroyedByAccident(t *testing.T) {
	t.Parallel()
	c := newHome(t, "prod")
	c.assertDelivered(c.do("up"), "fabrikam")
	assert.Zero(t, c.do("up").changed())

	code, refused := c.try("destroy")
	assert.Equal(t, 1, code)
	assert.Contains(t, refused.Error.Message, "--unprotect")
	var named []string
	for _, d := range refused.Error.Diagnostics {
		named = append(named, d.Resource)
	}
	all := strings.Join(named, "\n")
	for _, kind := range []string{"storage:StorageAccount", "keyvault:Vault", "datashare:Account"} {
		assert.Contains(t, all, kind, "it says what is protected")
	}
	assert.Zero(t, c.do("refresh", "--expect-no-changes").changed(), "nothing was deleted")

	destroyed := c.do("destroy", "--unprotect")
	assert.Positive(t, destroyed.Summary.Delete)
	assert.Len(t, destroyed.SoftDeletedVaults, 2)
	assert.Empty(t, c.serve().listGroups())
}

// TestMistakesAreReportedTogether: a wrong configuration registers nothing and names every problem.
func TestMistakesAreReportedTogether(t *testing.T) {
	t.Parallel()
	c := newHome(t, "dev")
	c.configure(func(config map[string]any) {
		config["crossorg:storage"].(map[string]any)["sku"] = "Standard_XYZ"
		share := config["crossorg:shares"].(map[string]any)["financial-collaboration-share"].(map[string]any)
		share["consumers"] = []any{"nobody"}
	})
	code, d := c.try("up")
	assert.Equal(t, 1, code)
	require.NotEmpty(t, d.Error.Diagnostics)
	message := d.Error.Diagnostics[0].Message
	for _, word := range []string{"crossorg:storage.sku", "Standard_XYZ", "nobody"} {
		assert.Contains(t, message, word)
	}
	assert.Empty(t, c.serve().listGroups(), "nothing was made")
}
