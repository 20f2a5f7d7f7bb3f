package preflight

import (
	"context"
	"fmt"
	"strings"

	"github.com/crossorg/crossorg/internal/checks"
)

// vaultVersion is the api-version of vaults.
const vaultVersion = "2023-02-01"

// deletedVaults looks for vaults of this stack that were deleted and keep their names
// (learn.microsoft.com/azure/key-vault/general/soft-delete-overview). Others are in nobody's way: names are random.
func (r *run) deletedVaults(ctx context.Context, a checks.Subject) []checks.Check {
	deleted, err := r.reader.List(ctx, a.Organization,
		a.Resource+"/providers/Microsoft.KeyVault/deletedVaults", vaultVersion, nil)
	if err != nil {
		return []checks.Check{a.Unreadable("deleted-vaults", "none in the way", nameAdvice, err)}
	}
	ours := map[string]bool{}
	if r.Outputs != nil {
		for _, s := range r.Outputs.Organizations[a.Organization].Sides() {
			ours[strings.ToLower(s.VaultID[strings.LastIndexByte(s.VaultID, '/')+1:])] = true
		}
	}
	var rows []checks.Check
	for _, v := range deleted {
		if ours[strings.ToLower(v.Name)] {
			rows = append(rows, a.On(v.ID).Is("deleted-vaults", "none in the way", false,
				v.Name+" is deleted and its name taken",
				"az keyvault recover --name "+v.Name))
		}
	}
	if rows == nil {
		rows = []checks.Check{a.Is("deleted-vaults", "none in the way", true,
			fmt.Sprintf("%d deleted, none of this stack", len(deleted)), "")}
	}
	return rows
}
