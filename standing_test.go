package main

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/crossorg/crossorg/internal/settings"
)

// Ensure what Azure cannot change is read from the outputs of the resources that have it.
func TestStandingStackIsReadFromItsResources(t *testing.T) {
	outputs := func(values map[string]any) any { return map[string]any{"outputs": values} }
	const prefix = "urn:pulumi:dev::crossorg::crossorg:index:"
	assert.Equal(t, settings.Standing{
		Sides: map[string]settings.StandingSide{"contoso-provider": {Location: "eastus", SubscriptionID: "s",
			StorageSKU: "Standard_LRS", VaultDays: 7, PurgeProtection: true}},
		Containers: []string{"contoso-provider-data"},
	}, toStanding(map[string]any{
		prefix + "ProviderOrg::contoso-provider": outputs(map[string]any{"location": "eastus", "subscriptionId": "s",
			"vaultId": "/subscriptions/s/vaults/v1", "storageAccountName": "a1"}),
		prefix + "ProviderOrg$azure-native:keyvault:Vault::contoso-provider": outputs(map[string]any{"name": "v1",
			"properties": map[string]any{"softDeleteRetentionInDays": 7.0, "enablePurgeProtection": true}}),
		prefix + "ProviderOrg$azure-native:storage:StorageAccount::contosoprovider": outputs(map[string]any{
			"name": "a1", "sku": map[string]any{"name": "Standard_LRS"}}),
		prefix + "ProviderOrg$azure-native:storage:BlobContainer::contoso-provider-data":             outputs(nil),
		prefix + "GovernanceCluster$azure-native:storage:BlobContainer::contoso-governance-packages": outputs(nil),
		prefix + "ProviderOrg$azure-native:datashare:Account::contoso-provider-share":                outputs(nil),
		"urn:pulumi:dev::crossorg::pulumi:providers:azure-native::contoso":                           outputs(nil),
	}))
}
