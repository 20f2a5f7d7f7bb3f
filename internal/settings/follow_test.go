package settings_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/settings"
)

// standingDev is a stack that stands as these settings describe it.
func standingDev() (*settings.Settings, settings.Standing) {
	s := &settings.Settings{
		Organizations: map[string]settings.Organization{
			"contoso": {Location: "eastus"}, "fabrikam": {Location: "eastus"},
		},
		Shares: map[string]settings.Share{"ledger": {Provider: "contoso", Consumers: []string{"fabrikam"},
			DataSets: map[string]settings.DataSet{"entries": {Kind: "container", Container: "books"}}}},
		Storage:  settings.Storage{SKU: "Standard_LRS"},
		KeyVault: settings.KeyVault{SoftDeleteDays: 7},
	}
	side := settings.StandingSide{Location: "eastus", SubscriptionID: "s", StorageSKU: "Standard_LRS", VaultDays: 7}
	return s, settings.Standing{
		Sides:      map[string]settings.StandingSide{"contoso-provider": side, "fabrikam-consumer": side},
		Containers: []string{"contoso-provider-books", "fabrikam-consumer-landing", "ledger-fabrikam-books"},
	}
}

// Ensure what Azure cannot change is refused by key, with the sides that have it and the way round.
func TestWhatAzureFixedIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*settings.Settings, *settings.Standing)
		// problem is what is said, empty where the settings can follow.
		problem string
	}{
		"the same": {func(*settings.Settings, *settings.Standing) {}, ""},
		"another replication": {func(s *settings.Settings, _ *settings.Standing) {
			s.Storage.SKU = "Standard_GRS"
		}, ""},
		"zones": {func(s *settings.Settings, _ *settings.Standing) { s.Storage.SKU = "Standard_ZRS" },
			`crossorg:storage.sku = "Standard_ZRS": not the redundancy of storage accounts in the standing stack: ` +
				"contoso-provider has Standard_LRS, fabrikam-consumer has Standard_LRS, and Azure converts accounts " +
				"between one zone and several on request only; keep it, or ask Azure"},
		"retention": {func(s *settings.Settings, _ *settings.Standing) { s.KeyVault.SoftDeleteDays = 90 },
			"crossorg:keyVault.softDeleteDays = 90: not the retention of vaults in the standing stack: " +
				"contoso-provider has 7 days, fabrikam-consumer has 7 days"},
		"purge protection on": {func(s *settings.Settings, _ *settings.Standing) {
			s.KeyVault.PurgeProtection = true
		}, ""},
		"purge protection off": {func(_ *settings.Settings, b *settings.Standing) {
			side := b.Sides["fabrikam-consumer"]
			side.PurgeProtection = true
			b.Sides["fabrikam-consumer"] = side
		}, "crossorg:keyVault.purgeProtection = false: not the purge protection of vaults in the standing stack: " +
			"fabrikam-consumer has it, and Azure never switches it off; set true; or take fabrikam-consumer out"},
		"retention of what is made anew": {func(s *settings.Settings, _ *settings.Standing) {
			s.KeyVault.SoftDeleteDays = 90
			s.Organizations = map[string]settings.Organization{
				"contoso": {Location: "westeurope"}, "fabrikam": {Location: "eastus", SubscriptionID: "another"},
			}
		}, ""},
		"retention of what goes": {func(s *settings.Settings, _ *settings.Standing) {
			s.KeyVault.SoftDeleteDays, s.Shares = 90, nil
		}, ""},
		"what goes is protected": {func(s *settings.Settings, b *settings.Standing) {
			b.Protected, s.Shares = true, nil
		},
			"crossorg:shares: contoso-provider would be deleted, and what holds data is protected in the standing " +
				"stack; keep contoso in a share as what it is; or set crossorg:protect to false, run up"},
		"what moves is protected": {func(s *settings.Settings, b *settings.Standing) {
			b.Protected = true
			s.Organizations["fabrikam"] = settings.Organization{Location: "westeurope"}
		}, "crossorg:organizations.fabrikam.location: fabrikam-consumer would be made anew"},
		"a container is protected": {func(s *settings.Settings, b *settings.Standing) {
			b.Protected = true
			s.Shares["ledger"].DataSets["entries"] = settings.DataSet{Kind: "folder", Container: "books", Path: "p"}
		}, "the container ledger-fabrikam-books would be deleted"},
		"what stays is protected": {func(_ *settings.Settings, b *settings.Standing) { b.Protected = true }, ""},
		"nothing stands": {func(s *settings.Settings, b *settings.Standing) {
			*b, s.KeyVault.SoftDeleteDays = settings.Standing{}, 90
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, before := standingDev()
			c.change(s, &before)
			err := s.Follows(before)
			if c.problem == "" {
				require.NoError(t, err)
				return
			}
			var problems settings.Problems
			require.ErrorAs(t, err, &problems)
			assert.Contains(t, err.Error(), c.problem)
		})
	}
}
