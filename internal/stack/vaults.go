package stack

import (
	"context"
	"fmt"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/keyvault/armkeyvault"
)

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
	client, err := Client(access, organization, subscription, armkeyvault.NewVaultsClient)
	if err != nil {
		return nil, err
	}
	var vaults []DeletedVault
	pager := client.NewListDeletedPager(nil)
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list deleted vaults of subscription %s: %w", subscription, err)
		}
		for _, v := range page.Value {
			if v == nil || v.Properties == nil {
				continue
			}
			d := DeletedVault{Name: value(v.Name), Location: value(v.Properties.Location),
				PurgeProtected: value(v.Properties.PurgeProtectionEnabled)}
			if t := v.Properties.ScheduledPurgeDate; t != nil {
				d.Purge = t.UTC().Format(time.DateOnly)
			}
			vaults = append(vaults, d)
		}
	}
	return vaults, nil
}
