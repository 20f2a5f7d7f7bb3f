package azure

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/crossorg/crossorg/internal/azure/store"
)

// makeRoom lets a stack declare a subscription in another tenant than before, as after a preview with a mistyped
// tenant. A subscription belongs to one tenant, so it moves as long as nothing stands in it. It reports whether the
// estate changed.
func (p *parts) makeRoom(d Declared) (changed bool, err error) {
	c := p.estate.complete(d)
	elsewhere := func(other Credentials) bool {
		return strings.EqualFold(other.SubscriptionID, c.SubscriptionID) &&
			!strings.EqualFold(other.TenantID, c.TenantID)
	}
	if elsewhere(p.estate.Default) {
		return false, fmt.Errorf("tenant %s is declared without a subscription, and the default subscription %s "+
			"belongs "+
			"to another tenant: set subscriptionId beside tenantId in crossorg:organizations", c.TenantID,
			c.SubscriptionID)
	}
	i := slices.IndexFunc(p.estate.Others, elsewhere)
	if i < 0 {
		return false, nil
	}
	err = p.store.View(func(tx *store.Tx) error {
		if holdsResources(tx, c.SubscriptionID) {
			return fmt.Errorf("subscription %s holds resources in this home and belongs to tenant %s there, not to "+
				"%s: mend "+
				"tenantId in crossorg:organizations, or destroy the stack with the tenant that it stands in first",
				c.SubscriptionID, p.estate.Others[i].TenantID, c.TenantID)
		}
		return nil
	})
	if err != nil {
		return false, err
	}
	p.estate.Others = slices.DeleteFunc(p.estate.Others, elsewhere)
	return true, nil
}

// holdsResources reports whether a subscription has resources or resource groups. One that cannot be read has some.
func holdsResources(tx *store.Tx, subscription string) bool {
	found := errors.New("found")
	prefix := "/subscriptions/" + strings.ToLower(subscription) + "/"
	return tx.Scan("resources", prefix, func(string, []byte) error { return found }) != nil
}
