package stack

import (
	"context"
	"fmt"
	"time"
)

// deletedVaultsVersion is the api-version of the list of deleted vaults.
const deletedVaultsVersion = "2023-02-01"

// DeletedVault is a Key Vault that was deleted and can still be recovered.
type DeletedVault struct {
	Name     string `json:"name"`
	Location string `json:"location"`
	// Purge is the day on which Azure removes it for good, 2006-01-02.
	Purge string `json:"scheduledPurge,omitempty"`
	// PurgeProtected says that nobody can remove it before.
	PurgeProtected bool `json:"purgeProtected,omitempty"`
}

// DeletedVaults lists the vaults that a subscription still holds after their deletion: Azure keeps them for their
// retention, and their names stay taken (learn.microsoft.com/azure/key-vault/general/soft-delete-overview).
func DeletedVaults(ctx context.Context, access *Access, organization, subscription string) ([]DeletedVault, error) {
	found, err := List[struct {
		Name       string `json:"name"`
		Properties struct {
			Location               string    `json:"location"`
			ScheduledPurgeDate     time.Time `json:"scheduledPurgeDate"`
			PurgeProtectionEnabled bool      `json:"purgeProtectionEnabled"`
		} `json:"properties"`
	}](ctx, &Reader{Access: access}, organization,
		"/subscriptions/"+subscription+"/providers/Microsoft.KeyVault/deletedVaults", deletedVaultsVersion, nil)
	if err != nil {
		return nil, fmt.Errorf("list deleted vaults of subscription %s: %w", subscription, err)
	}
	var vaults []DeletedVault
	for _, v := range found {
		d := DeletedVault{Name: v.Name, Location: v.Properties.Location,
			PurgeProtected: v.Properties.PurgeProtectionEnabled}
		if t := v.Properties.ScheduledPurgeDate; !t.IsZero() {
			d.Purge = t.UTC().Format(time.DateOnly)
		}
		vaults = append(vaults, d)
	}
	return vaults, nil
}
