package verify

import (
	"context"
	"net/url"
	"strings"

	"github.com/crossorg/crossorg/internal/checks"
	"github.com/crossorg/crossorg/internal/rules"
	"github.com/crossorg/crossorg/internal/stack"
)

// side is one side of an organization: the resources of its group, and the role that its identity needs.
type side struct {
	*stack.Side
	name, organization string
	role               rules.Role
}

func (r *run) side(s side) []checks.Question {
	return []checks.Question{
		r.dataShareAccount(s),
		r.leastPrivilege(s),
		r.storageAccount(s),
		r.resource("blob-recovery", s.organization, s.StorageAccountID+"/blobServices/default",
			storageVersion, r.blobService),
		r.containers(s),
		r.vault(s),
	}
}

func (r *run) dataShareAccount(s side) checks.Question {
	a := checks.About(s.organization, s.DataShareAccountID)
	return checks.Question{Label: short(a.Resource), Ask: func(ctx context.Context) []checks.Check {
		found, err := r.reader.Get(ctx, s.organization, a.Resource, dataShareVersion)
		if err != nil {
			return r.unreadable(a, "account", succeeded, err)
		}
		principal, _ := found.Identity["principalId"].(string)
		return []checks.Check{
			a.Equal("account", succeeded, found.Text("provisioningState"), "wait for it, or "+r.restore()),
			a.Equal("account-identity", s.PrincipalID, principal,
				"the account was made anew and its identity has no role: "+r.restore()),
			r.tagged(ctx, a, s.GroupID(), found),
		}
	}}
}

// leastPrivilege reads what the identity holds anywhere in the subscription: its one role at its storage account.
func (r *run) leastPrivilege(s side) checks.Question {
	filter := url.Values{"$filter": {"principalId eq '" + s.PrincipalID + "'"}}
	return r.list("least-privilege", s.organization, "/subscriptions/"+s.SubscriptionID,
		"/providers/Microsoft.Authorization/roleAssignments", roleVersion, filter,
		func(a checks.Subject, assignments []*stack.Resource) []checks.Check {
			expected := s.role.Name + " at its storage account"
			held := false
			var rows []checks.Check
			for _, found := range assignments {
				if !strings.EqualFold(found.Text("principalId"), s.PrincipalID) {
					continue
				}
				id := last(found.Text("roleDefinitionId"))
				if strings.EqualFold(id, s.role.ID) && strings.EqualFold(found.Text("scope"), s.StorageAccountID) {
					held = true
					continue
				}
				seen := id
				for _, known := range []rules.Role{rules.ProviderRole, rules.ConsumerRole} {
					if strings.EqualFold(known.ID, id) {
						seen = known.Name
					}
				}
				rows = append(rows, a.On(found.ID).Is("least-privilege", "no other role than "+expected, false,
					"also role "+seen+" at "+found.Text("scope"), "delete this role assignment"))
			}
			at := a.On(s.StorageAccountID)
			if !held {
				return append(rows, at.Is("data-share-role", expected, false,
					"the identity "+s.PrincipalID+" does not hold it", r.restore()))
			}
			rows = append(rows, at.Is("data-share-role", expected, true, "held", ""))
			if len(rows) == 1 {
				rows = append(rows, a.On(s.DataShareAccountID).Is("least-privilege",
					"no other role in the subscription", true, "none", ""))
			}
			return rows
		})
}

func last(id string) string { return id[strings.LastIndexByte(id, '/')+1:] }

func orNothing(s string) string {
	if s == "" {
		return "not set"
	}
	return s
}

func orNone(s string) string {
	if s == "" {
		return "None"
	}
	return s
}
