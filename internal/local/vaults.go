package local

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/crossorg/crossorg/internal/stack"
)

// deletedVaults lists the deleted vaults of the stack's subscriptions, sorted by name.
func (s *Session) deletedVaults(ctx context.Context) ([]stack.DeletedVault, error) {
	access := s.access()
	var vaults []stack.DeletedVault
	asked := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(s.organizations)) {
		subscription := s.Subscription(name)
		if key := strings.ToLower(subscription); asked[key] {
			continue
		} else {
			asked[key] = true
		}
		deleted, err := stack.DeletedVaults(ctx, access, name, subscription)
		if err != nil {
			return nil, err
		}
		vaults = append(vaults, deleted...)
	}
	slices.SortFunc(vaults, func(a, b stack.DeletedVault) int { return cmp.Compare(a.Name, b.Name) })
	return vaults, nil
}
