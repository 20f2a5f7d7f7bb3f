package verify

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/crossorg/crossorg/internal/checks"
	"github.com/crossorg/crossorg/internal/rules"
	"github.com/crossorg/crossorg/internal/stack"
)

// side is one side of an organization: what stands in its resource group, and the role its identity has to have.
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
		r.resource("blob-recovery", s.organization, s.StorageAccountID+"/blobServices/default", storageVersion,
			r.blobService),
		r.containers(s),
		r.vault(s),
	}
}

func (r *run) dataShareAccount(s side) checks.Question {
	a := about{r, s.organization, s.DataShareAccountID}
	return checks.Question{Label: short(a.resource), Ask: func(ctx context.Context) []checks.Check {
		found, err := r.reader.Get(ctx, s.organization, a.resource, dataShareVersion)
		if err != nil {
			return a.unreadable("account", succeeded, err)
		}
		principal, _ := found.Identity["principalId"].(string)
		return []checks.Check{
			a.equal("account", succeeded, found.Text("provisioningState"), "wait for it, or "+r.restore()),
			a.equal("account-identity", s.PrincipalID, principal, "the account was made anew and its identity has no "+
				"role: "+r.restore()),
			r.tagged(ctx, a, s.GroupID(), found),
		}
	}}
}

// leastPrivilege reads what the identity holds anywhere in the subscription: its one role at its storage account.
func (r *run) leastPrivilege(s side) checks.Question {
	filter := url.Values{"$filter": {"principalId eq '" + s.PrincipalID + "'"}}
	return r.list("least-privilege", s.organization, "/subscriptions/"+s.SubscriptionID,
		"/providers/Microsoft.Authorization/roleAssignments", roleVersion, filter,
		func(a about, assignments []*stack.Resource) []checks.Check {
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
				rows = append(rows, a.on(found.ID).is("least-privilege", "no other role than "+expected, false,
					"also role "+seen+" at "+found.Text("scope"), "delete this role assignment"))
			}
			at := a.on(s.StorageAccountID)
			if !held {
				return append(rows, at.is("data-share-role", expected, false,
					"the identity "+s.PrincipalID+" does not hold it", r.restore()))
			}
			rows = append(rows, at.is("data-share-role", expected, true, "held", ""))
			if len(rows) == 1 {
				rows = append(rows, a.on(s.DataShareAccountID).is("least-privilege",
					"no other role in the subscription", true, "none", ""))
			}
			return rows
		})
}

// tlsVersions are the ones that are safe still.
var tlsVersions = []string{"TLS1_2", "TLS1_3"}

func (r *run) storageAccount(s side) checks.Question {
	a := about{r, s.organization, s.StorageAccountID}
	return checks.Question{Label: short(a.resource), Ask: func(ctx context.Context) []checks.Check {
		found, err := r.reader.Get(ctx, s.organization, a.resource, storageVersion)
		if err != nil {
			return a.unreadable("storage", succeeded, err)
		}
		public, stated := found.Flag("allowBlobPublicAccess")
		https, _ := found.Flag("supportsHttpsTrafficOnly")
		replicated, _ := found.Flag("allowCrossTenantReplication")
		tls := found.Text("minimumTlsVersion")
		return []checks.Check{
			a.equal("storage", succeeded, found.Text("provisioningState"), "wait for it, or "+r.restore()),
			a.is("no-public-access", "public access to blobs off", stated && !public, onOff(public || !stated),
				"set allowBlobPublicAccess to false: "+r.restore()),
			a.is("https-only", "HTTPS only", https, onOff(https), "set supportsHttpsTrafficOnly to true: "+r.restore()),
			a.is("tls", "TLS 1.2 or newer", slices.Contains(tlsVersions, tls), orNothing(tls),
				"set minimumTlsVersion to TLS1_2: "+r.restore()),
			a.is("no-cross-tenant-replication", "off", !replicated, onOff(replicated),
				"set allowCrossTenantReplication to false: "+r.restore()),
			r.storageNetwork(a, found),
			r.tagged(ctx, a, s.GroupID(), found),
		}
	}}
}

// storageNetwork checks that Data Share gets in: it is one of Azure's trusted services
// (learn.microsoft.com/azure/storage/common/storage-network-security-trusted-azure-services).
func (r *run) storageNetwork(a about, found *stack.Resource) checks.Check {
	access := found.Text("publicNetworkAccess")
	action, bypass := found.Text("networkAcls", "defaultAction"), found.Text("networkAcls", "bypass")
	closed := strings.EqualFold(access, "Disabled")
	trusted := strings.Contains(strings.ToLower(bypass), "azureservices")
	seen := fmt.Sprintf("default %s, bypass %s", orNothing(action), orNothing(bypass))
	if closed {
		seen = "public network access disabled"
	}
	return a.is("storage-network", "trusted services get in", !closed &&
		(trusted || strings.EqualFold(action, "Allow") && bypass == ""), seen,
		"set networkAcls.bypass to AzureServices, or Data Share cannot reach the data: "+r.restore())
}

// blobService checks that what is deleted or overwritten can be had back.
func (r *run) blobService(a about, found *stack.Resource) []checks.Check {
	versions, _ := found.Flag("isVersioningEnabled")
	blobs, _ := found.Flag("deleteRetentionPolicy", "enabled")
	containers, _ := found.Flag("containerDeleteRetentionPolicy", "enabled")
	return []checks.Check{a.is("blob-recovery", "versions and soft delete on", versions && blobs && containers,
		fmt.Sprintf("versions %s, soft delete of blobs %s (%s), of containers %s", onOff(versions), onOff(blobs),
			days(found.Value("deleteRetentionPolicy", "days")), onOff(containers)), r.restore())}
}

// containers checks that every container of the account is private and that those are there which shares use.
func (r *run) containers(s side) checks.Question {
	return r.list("containers", s.organization, s.StorageAccountID, "/blobServices/default/containers", storageVersion,
		nil,
		func(a about, containers []*stack.Resource) []checks.Check {
			wanted := map[string]bool{}
			for _, share := range r.Outputs.Shares {
				for consumer, c := range share.Consumers {
					for _, d := range c.DataSets {
						if share.Provider == s.organization && s.name == "provider" {
							wanted[d.Source.Container] = true
						}
						if consumer == s.organization && s.name == "consumer" {
							wanted[d.Target.Container] = true
						}
					}
				}
			}
			if s.LandingContainer != "" {
				wanted[s.LandingContainer] = true
			}
			var rows []checks.Check
			for _, found := range containers {
				access := found.Text("publicAccess")
				rows = append(rows, a.on(found.ID).is("container-private", "no public access",
					access == "" || access == "None", orNone(access),
					"set publicAccess to None: "+r.restore()))
				if wanted[found.Name] {
					rows = append(rows, a.on(found.ID).is("container", "there", true, "there", ""))
					delete(wanted, found.Name)
				}
			}
			for _, name := range sorted(wanted) {
				rows = append(rows, a.on(s.StorageAccountID+"/blobServices/default/containers/"+name).is("container",
					"there", false, "no such container", r.restore()))
			}
			return rows
		})
}

func (r *run) vault(s side) checks.Question {
	a := about{r, s.organization, s.VaultID}
	return checks.Question{Label: short(a.resource), Ask: func(ctx context.Context) []checks.Check {
		found, err := r.reader.Get(ctx, s.organization, a.resource, vaultVersion)
		if err != nil {
			return a.unreadable("vault", "reachable", err)
		}
		soft, _ := found.Flag("enableSoftDelete")
		roles, _ := found.Flag("enableRbacAuthorization")
		action, bypass := found.Text("networkAcls", "defaultAction"), found.Text("networkAcls", "bypass")
		// Without rules a vault is open to every network.
		closed := strings.EqualFold(action, "Deny") || strings.EqualFold(found.Text("publicNetworkAccess"), "Disabled")
		return []checks.Check{
			a.is("vault", "reachable", found.Text("vaultUri") != "", orNothing(found.Text("vaultUri")), r.restore()),
			a.is("vault-soft-delete", "on", soft, onOff(soft)+", "+days(found.Value("softDeleteRetentionInDays")),
				r.restore()),
			a.is("vault-roles", "roles instead of access policies", roles, "roles "+onOff(roles),
				"set enableRbacAuthorization to true: "+r.restore()),
			a.is("vault-network", "closed by default", closed, fmt.Sprintf("default %s, bypass "+
				"%s", orNothing(action), orNothing(bypass)),
				"set networkAcls.defaultAction to Deny: "+r.restore()),
			r.tagged(ctx, a, s.GroupID(), found),
		}
	}}
}

// across compares what a stack sets once for all: its storage accounts' default action and its vaults' protection.
func (r *run) across() []checks.Question {
	type at struct {
		organization, id string
	}
	var accounts, vaults []at
	for _, name := range sorted(r.Outputs.Organizations) {
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
					continue // its own question tells
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
					rows = append(rows, about{r, one.organization, one.id}.is(check,
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
