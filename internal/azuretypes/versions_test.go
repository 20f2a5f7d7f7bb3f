package azuretypes_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/crossorg/crossorg/internal/azuretypes"
)

// What az 2.45 and the azapi provider 1.15 ask for when nobody names a version.
func TestVersionsThatClientsAskForArePublished(t *testing.T) {
	for resourceType, versions := range map[string]string{
		"Microsoft.Authorization/locks":                     "2016-09-01 2020-05-01",
		"Microsoft.Authorization/roleAssignments":           "2018-09-01-preview 2020-04-01-preview 2022-04-01",
		"Microsoft.Authorization/roleDefinitions":           "2018-01-01-preview 2022-04-01 2022-05-01-preview",
		"Microsoft.Resources/resourceGroups":                "2021-04-01 2022-09-01 2024-03-01",
		"Microsoft.Storage/storageAccounts":                 "2016-01-01 2021-09-01 2022-09-01 2023-05-01",
		"Microsoft.KeyVault/vaults":                         "2015-06-01 2022-07-01 2024-04-01-preview 2024-11-01",
		"Microsoft.KeyVault/vaults/secrets":                 "2022-07-01 2024-04-01-preview",
		"Microsoft.OperationalInsights/workspaces":          "2020-08-01 2021-12-01-preview 2022-10-01 2023-09-01",
		"Microsoft.ServiceFabric/managedClusters":           "2021-05-01 2022-01-01 2022-08-01-preview 2024-04-01",
		"Microsoft.ServiceFabric/managedClusters/nodeTypes": "2022-08-01-preview 2024-04-01",
		"Microsoft.Insights/workbooks":                      "2022-04-01 2023-06-01",
		"Microsoft.Insights/scheduledQueryRules":            "2021-08-01 2022-06-15 2023-12-01",
		"Microsoft.DataShare/accounts":                      "2019-11-01 2020-09-01 2021-08-01",
		"Microsoft.ManagedIdentity/userAssignedIdentities":  "2018-11-30 2022-01-31-preview 2023-01-31",
	} {
		for _, version := range strings.Fields(versions) {
			_, ok := azuretypes.Lookup(resourceType, version)
			assert.True(t, ok, "%s@%s", resourceType, version)
		}
	}
}

func TestVersionsHaveTheirOwnShapes(t *testing.T) {
	vault := func(version, properties string) []azuretypes.Violation {
		return lookup(t, "Microsoft.KeyVault/vaults", version).ValidateWrite(body(t, `{"location": "eastus",
			"properties": {"sku": {"family": "A", "name": "standard"},
			"tenantId": "11111111-2222-3333-4444-555555555555",
			"accessPolicies": [], `+properties+`}}`))
	}
	network := `"publicNetworkAccess": "Disabled"`
	assert.Empty(t, vault("2022-07-01", network))
	if found := vault("2019-09-01", network); assert.Len(t, found, 1) {
		assert.Equal(t, azuretypes.UnknownProperty, found[0].Code)
	}
	assert.NotEmpty(t, vault("2015-06-01", `"enableRbacAuthorization": true`))
	assert.Empty(t, vault("2019-09-01", `"enableRbacAuthorization": true`))

	account := `{"location": "eastus", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2",
		"properties": {"allowCrossTenantReplication": false}}`
	assert.Empty(t, lookup(t, "Microsoft.Storage/storageAccounts", "2021-04-01").ValidateWrite(body(t, account)))
	assert.NotEmpty(t, lookup(t, "Microsoft.Storage/storageAccounts", "2019-04-01").ValidateWrite(body(t, account)))
}

func TestPublishedLeavesOutWhatAVersionDoesNotHave(t *testing.T) {
	whole := body(t, `{"id": "/x", "location": "eastus", "tags": {"a": "b"}, "properties": {
		"enableRbacAuthorization": true, "vaultUri": "https://x", "accessPolicies": [{"objectId": "o", "new": 1}], "publicNetworkAccess": "Enabled"}}`)
	shown := lookup(t, "Microsoft.KeyVault/vaults", "2019-09-01").Published(whole)
	assert.Equal(t, body(t, `{"id": "/x", "location": "eastus", "tags": {"a": "b"}, "properties": {
		"enableRbacAuthorization": true, "vaultUri": "https://x", "accessPolicies": [{"objectId": "o"}]}}`), shown)
	assert.Contains(t, whole["properties"], "publicNetworkAccess", "Ensure the original stays")
}
