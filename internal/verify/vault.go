package verify

import (
	"context"
	"fmt"
	"strings"

	"github.com/crossorg/crossorg/internal/checks"
)

func (r *run) vault(s side) checks.Question {
	a := checks.About(s.organization, s.VaultID)
	return checks.Question{Label: short(a.Resource), Ask: func(ctx context.Context) []checks.Check {
		found, err := r.reader.Get(ctx, s.organization, a.Resource, vaultVersion)
		if err != nil {
			return r.unreadable(a, "vault", "reachable", err)
		}
		soft, _ := found.Flag("enableSoftDelete")
		roles, _ := found.Flag("enableRbacAuthorization")
		action, bypass := found.Text("networkAcls", "defaultAction"), found.Text("networkAcls", "bypass")
		// Without rules a vault is open to every network.
		closed := strings.EqualFold(action, "Deny") || strings.EqualFold(found.Text("publicNetworkAccess"), "Disabled")
		return []checks.Check{
			a.Is("vault", "reachable", found.Text("vaultUri") != "", orNothing(found.Text("vaultUri")), r.restore()),
			a.Is("vault-soft-delete", "on", soft,
				onOff(soft)+", "+days(found.Value("softDeleteRetentionInDays")), r.restore()),
			a.Is("vault-roles", "roles instead of access policies", roles, "roles "+onOff(roles),
				"set enableRbacAuthorization to true: "+r.restore()),
			a.Is("vault-network", "closed by default", closed,
				fmt.Sprintf("default %s, bypass %s", orNothing(action), orNothing(bypass)),
				"set networkAcls.defaultAction to Deny: "+r.restore()),
			r.tagged(ctx, a, s.GroupID(), found),
		}
	}}
}
