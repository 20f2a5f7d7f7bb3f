package settings

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/crossorg/crossorg/internal/rules"
)

// Standing is what a stack that stands has of the properties that Azure cannot change.
type Standing struct {
	// Protected says that what holds data is protected from deletion.
	Protected bool
	// Sides are the organizations' sides by name, "contoso-provider" or "fabrikam-consumer".
	Sides map[string]StandingSide
	// Containers are the names of the containers in the program, such as "contoso-provider-shared-datasets".
	Containers []string
}

// StandingSide is an organization's side in shares.
type StandingSide struct {
	// Location and SubscriptionID say where everything of the side is; with another one all of it is made anew.
	Location, SubscriptionID string
	// StorageSKU is the storage account's, empty where unknown.
	StorageSKU string
	// VaultDays is for how many days a deleted vault can be recovered, 0 where unknown.
	VaultDays int
	// PurgeProtection says that a deleted vault is kept until then.
	PurgeProtection bool
}

// standing is how a problem says that it comes from comparing with the stack.
const standing = "in the standing stack"

// Follows reports what Azure forbids when the stack that stands is brought to these settings: what it fixes when it
// creates a resource, and the deletion of what is protected. The error is Problems.
func (s *Settings) Follows(before Standing) error {
	c, staying := newCollector(), map[string]StandingSide{}
	for _, name := range slices.Sorted(maps.Keys(before.Sides)) {
		organization, stays := s.side(name)
		side := before.Sides[name]
		switch {
		case !stays:
			if before.Protected {
				c.protected(path{keyShares}, name+" would be deleted",
					"keep "+organization+" in a share as what it is")
			}
		case s.moves(organization, side):
			if before.Protected {
				c.protected(path{keyOrganizations, organization, "location"}, name+" would be made anew",
					"keep "+side.Location)
			}
		default:
			staying[name] = side
		}
	}
	c.fixed(s, staying)
	if before.Protected {
		kept := s.containers()
		for _, name := range slices.Sorted(slices.Values(before.Containers)) {
			if !kept[name] {
				c.protected(path{keyShares, name}, "the container "+name+" would be deleted", "keep a data set in it")
			}
		}
	}
	return c.err()
}

// moves reports whether everything of a side is made anew, somewhere else.
func (s *Settings) moves(organization string, side StandingSide) bool {
	o := s.Organizations[organization]
	return !strings.EqualFold(o.Location, side.Location) ||
		o.SubscriptionID != "" && !strings.EqualFold(o.SubscriptionID, side.SubscriptionID)
}

// fixed reports what Azure keeps as it was created, with every side that has it otherwise.
func (c *collector) fixed(s *Settings, sides map[string]StandingSide) {
	report := func(at path, value any, what, why, set string, differs func(StandingSide) string) {
		var names, found []string
		for _, name := range slices.Sorted(maps.Keys(sides)) {
			if was := differs(sides[name]); was != "" {
				names, found = append(names, name), append(found, name+" has "+was)
			}
		}
		if len(names) == 0 {
			return
		}
		c.add(at, value, fmt.Sprintf("%s %s: %s, and %s", what, standing, strings.Join(found, ", "), why),
			fmt.Sprintf("%s; or take %s out of all shares, run up, and take it in again, which makes everything of "+
				"it anew",
				set, strings.Join(names, " and ")))
	}
	// learn.microsoft.com/azure/storage/common/redundancy-migration
	report(path{keyStorage, "sku"}, s.Storage.SKU, "not the redundancy of storage accounts",
		"Azure converts accounts between one zone and several on request only",
		"keep it, or ask Azure for the conversion and run refresh when it is done", func(side StandingSide) string {
			if side.StorageSKU == "" || rules.Zonal(side.StorageSKU) == rules.Zonal(s.Storage.SKU) {
				return ""
			}
			return side.StorageSKU
		})
	// learn.microsoft.com/azure/key-vault/general/soft-delete-overview
	report(path{keyKeyVault, "softDeleteDays"}, s.KeyVault.SoftDeleteDays, "not the retention of vaults",
		"Azure fixes it when it creates a vault", "keep it", func(side StandingSide) string {
			if side.VaultDays == 0 || side.VaultDays == s.KeyVault.SoftDeleteDays {
				return ""
			}
			return fmt.Sprintf("%d days", side.VaultDays)
		})
	report(path{keyKeyVault, "purgeProtection"}, false, "not the purge protection of vaults",
		"Azure never switches it off", "set true", func(side StandingSide) string {
			if !side.PurgeProtection || s.KeyVault.PurgeProtection {
				return ""
			}
			return "it"
		})
}

// protected reports that something protected would go.
func (c *collector) protected(at path, what, remedy string) {
	c.add(at, nil, what+", and what holds data is protected "+standing,
		remedy+"; or set crossorg:protect to false, run up, and make this change then")
}

// side is the organization of a side's name, and whether these settings have that side.
func (s *Settings) side(name string) (organization string, stays bool) {
	if organization, providing := strings.CutSuffix(name, "-provider"); providing {
		return organization, s.anyShare(func(share Share) bool { return share.Provider == organization })
	}
	organization = strings.TrimSuffix(name, "-consumer")
	return organization, s.anyShare(func(share Share) bool { return slices.Contains(share.Consumers, organization) })
}

func (s *Settings) anyShare(is func(Share) bool) bool {
	for _, share := range s.Shares {
		if is(share) {
			return true
		}
	}
	return false
}

// containers are the names that containers have in the program.
func (s *Settings) containers() map[string]bool {
	all := map[string]bool{}
	for name, share := range s.Shares {
		for _, consumer := range share.Consumers {
			all[consumer+"-consumer-landing"] = true
		}
		for _, ds := range share.DataSets {
			all[share.Provider+"-provider-"+ds.Container] = true
			for _, consumer := range share.Consumers {
				if ds.Kind == rules.Container {
					all[rules.ArrivalName(rules.DeliveryName(name, consumer), ds.Container)] = true
				}
			}
		}
	}
	return all
}
