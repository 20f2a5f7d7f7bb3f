package verify

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/crossorg/crossorg/internal/checks"
	"github.com/crossorg/crossorg/internal/stack"
)

// across compares the properties that a stack sets once for all: its storage accounts' default action and its vaults'
// protection.
func (r *run) across() []checks.Question {
	type at struct {
		organization, id string
	}
	var accounts, vaults []at
	for _, name := range slices.Sorted(maps.Keys(r.Outputs.Organizations)) {
		for _, s := range r.Outputs.Organizations[name].Sides() {
			accounts = append(accounts, at{name, s.StorageAccountID})
			vaults = append(vaults, at{name, s.VaultID})
		}
	}
	compare := func(check, version string, resources []at, closed func(*stack.Resource) bool, words [2]string,
		advice string) checks.Question {
		return checks.Question{Label: check, Ask: func(ctx context.Context) []checks.Check {
			states := map[at]bool{}
			any := false
			for _, one := range resources {
				found, err := r.reader.Get(ctx, one.organization, one.id, version)
				if err != nil {
					continue // its own question reports it
				}
				states[one] = closed(found)
				any = any || states[one]
			}
			var rows []checks.Check
			for _, one := range resources {
				if state, read := states[one]; read {
					word := words[0]
					if state {
						word = words[1]
					}
					expected := words[0]
					if any {
						expected = words[1]
					}
					rows = append(rows, checks.About(one.organization, one.id).Is(check,
						expected+", as everywhere in the stack", state == any, word, advice))
				}
			}
			return rows
		}}
	}
	return []checks.Question{
		compare("storage-network-default", storageVersion, accounts, func(found *stack.Resource) bool {
			return strings.EqualFold(found.Text("networkAcls", "defaultAction"), "Deny")
		}, [2]string{"open network", "closed network"}, "set networkAcls.defaultAction as at the others: "+r.restore()),
		compare("vault-purge-protection", vaultVersion, vaults, func(found *stack.Resource) bool {
			on, _ := found.Flag("enablePurgeProtection")
			return on
		}, [2]string{"off", "on"}, "set enablePurgeProtection to true; it cannot be taken back: "+r.restore()),
	}
}
