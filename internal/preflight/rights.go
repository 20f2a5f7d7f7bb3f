package preflight

import (
	"context"
	"slices"
	"strings"

	"github.com/crossorg/crossorg/internal/checks"
	"github.com/crossorg/crossorg/internal/stack"
)

// roleVersion is the api-version of permissions.
const roleVersion = "2022-04-01"

// actions are what the deploying principal needs at the subscription, besides the right to assign roles.
var actions = []string{
	"Microsoft.Resources/subscriptions/resourceGroups/write", "Microsoft.Storage/storageAccounts/write",
	"Microsoft.Storage/storageAccounts/listKeys/action", "Microsoft.KeyVault/vaults/write",
	"Microsoft.DataShare/accounts/write",
	"Microsoft.DataShare/accounts/shares/write", "Microsoft.OperationalInsights/workspaces/write",
	"Microsoft.Insights/diagnosticSettings/write", "Microsoft.Insights/scheduledQueryRules/write",
	"Microsoft.Insights/activityLogAlerts/write",
}

const assignRoles = "Microsoft.Authorization/roleAssignments/write"

// permission is what one role of the caller permits.
type permission struct {
	Actions    []string `json:"actions"`
	NotActions []string `json:"notActions"`
}

// rights asks what the caller may do at the subscription
// (learn.microsoft.com/rest/api/authorization/permissions).
func (r *run) rights(ctx context.Context, a checks.Subject) []checks.Check {
	held, err := stack.List[permission](ctx, r.reader, a.Organization,
		a.Resource+"/providers/Microsoft.Authorization/permissions", roleVersion, nil)
	if err != nil {
		return []checks.Check{a.Unreadable("may-assign-roles", assignRoles, nameAdvice, err)}
	}
	var missing []string
	for _, action := range actions {
		if !permitted(held, action) {
			missing = append(missing, action)
		}
	}
	seen := "permitted"
	if len(missing) > 0 {
		seen = "not permitted: " + strings.Join(missing, ", ")
	}
	may := permitted(held, assignRoles)
	word := "not permitted"
	if may {
		word = "permitted"
	}
	return []checks.Check{
		a.Is("may-deploy", "what the program makes", len(missing) == 0, seen,
			"have Contributor assigned at the subscription"),
		a.Is("may-assign-roles", assignRoles, may, word, "have Role Based Access Control Administrator, User Access "+
			"Administrator or Owner assigned at the subscription"),
	}
}

// permitted reports whether one of the roles permits an action: its own exceptions take away from it, not from others
// (learn.microsoft.com/azure/role-based-access-control/role-definitions#notactions).
func permitted(held []permission, action string) bool {
	return slices.ContainsFunc(held, func(p permission) bool {
		return anyMatch(p.Actions, action) && !anyMatch(p.NotActions, action)
	})
}

func anyMatch(patterns []string, action string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		return matches(strings.ToLower(pattern), strings.ToLower(action))
	})
}

// matches compares with * standing for any run of characters.
func matches(pattern, s string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == s
	}
	if !strings.HasPrefix(s, parts[0]) {
		return false
	}
	s = s[len(parts[0]):]
	for _, middle := range parts[1 : len(parts)-1] {
		i := strings.Index(s, middle)
		if i < 0 {
			return false
		}
		s = s[i+len(middle):]
	}
	return strings.HasSuffix(s, parts[len(parts)-1])
}
