package local

import (
	"context"
	"fmt"
	"sort"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/keyvault/armkeyvault"
)

// deletedVaults lists the vaults that the stack's subscriptions still hold after their deletion: Azure keeps them for
// their retention, and their names stay taken
// (learn.microsoft.com/azure/key-vault/general/soft-delete-overview).
func (s *Session) deletedVaults(ctx context.Context) ([]DeletedVault, error) {
	access := s.access()
	var vaults []DeletedVault
	asked := map[string]bool{}
	for _, name := range sortedKeys(s.organizations) {
		o := s.organizations[name]
		subscription := o.SubscriptionID
		if subscription == "" {
			subscription = s.azure.DefaultCredentials().SubscriptionID
		}
		if key := strings.ToLower(subscription); asked[key] {
			continue
		} else {
			asked[key] = true
		}
		credential, err := access.Credential(name)
		if err != nil {
			return nil, err
		}
		client, err := armkeyvault.NewVaultsClient(subscription, credential, access.armOptions())
		if err != nil {
			return nil, err
		}
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
				d := DeletedVault{Name: value(v.Name), Location: value(v.Properties.Location)}
				if t := v.Properties.ScheduledPurgeDate; t != nil {
					d.Purge = t.UTC().Format("2006-01-02")
				}
				if p := v.Properties.PurgeProtectionEnabled; p != nil {
					d.PurgeProtected = *p
				}
				vaults = append(vaults, d)
			}
		}
	}
	sort.Slice(vaults, func(i, j int) bool { return vaults[i].Name < vaults[j].Name })
	return vaults, nil
}
