// Package preflight looks before a stack is brought up: whether what would fail after minutes can be seen to fail now.
// It reads the stack's configuration and asks Azure; only Fix changes anything.
package preflight

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/crossorg/crossorg/internal/checks"
	"github.com/crossorg/crossorg/internal/settings"
	"github.com/crossorg/crossorg/internal/stack"
)

// Options say what to look at.
type Options struct {
	// Stack is the stack's name, Root the project's folder.
	Stack, Root string
	// Values are the stack's configuration by key, with or without the namespace.
	Values map[string]string
	// Getenv reads environment variables.
	Getenv func(string) string
	// Access signs in for each organization.
	Access *stack.Access
	// Subscription is where an organization is deployed to.
	Subscription func(ctx context.Context, organization string) (string, error)
	// Outputs are those of the stack if it stands already; nil if it does not.
	Outputs *stack.Outputs
	// Fix registers resource providers that are not.
	Fix bool
	// Progress is told what takes long.
	Progress io.Writer
}

const (
	roleVersion    = "2022-04-01"
	computeVersion = "2021-07-01"
	vaultVersion   = "2023-02-01"
)

// namespaces are the resource providers that every organization's subscription needs. Data Share's has to be registered
// in the subscription of the storage account too, which here is the same
// (learn.microsoft.com/azure/data-share/share-your-data).
var namespaces = []string{
	"Microsoft.DataShare", "Microsoft.Insights", "Microsoft.KeyVault", "Microsoft.OperationalInsights",
	"Microsoft.Storage",
}

// clusterNamespaces are needed beside them where the cluster stands.
var clusterNamespaces = []string{"Microsoft.Compute", "Microsoft.ServiceFabric"}

// actions are what the deploying principal has to be allowed at the subscription, beside assigning roles.
var actions = []string{
	"Microsoft.Resources/subscriptions/resourceGroups/write", "Microsoft.Storage/storageAccounts/write",
	"Microsoft.Storage/storageAccounts/listKeys/action", "Microsoft.KeyVault/vaults/write",
	"Microsoft.DataShare/accounts/write",
	"Microsoft.DataShare/accounts/shares/write", "Microsoft.OperationalInsights/workspaces/write",
	"Microsoft.Insights/diagnosticSettings/write", "Microsoft.Insights/scheduledQueryRules/write",
}

const assignRoles = "Microsoft.Authorization/roleAssignments/write"

// run is one look.
type run struct {
	Options
	settings *settings.Settings
	reader   *stack.Reader
}

// Run asks everything. A configuration that is wrong is all that it reports, as everything else depends on it.
func Run(ctx context.Context, o Options) *checks.Report {
	values := map[string]string{}
	for key, value := range o.Values {
		if name, ours := strings.CutPrefix(key, settings.Namespace+":"); ours || !strings.Contains(key, ":") {
			values[name] = value
		}
	}
	s, err := settings.Parse(values, settings.Options{Root: o.Root, Stack: o.Stack, Getenv: o.Getenv})
	if err != nil {
		return checks.Ask(ctx, []checks.Question{{Label: "the " +
			"configuration", Ask: func(context.Context) []checks.Check { return problems(err) }}}, o.Progress)
	}
	r := &run{Options: o, settings: s, reader: &stack.Reader{Access: o.Access}}
	questions := []checks.Question{{Label: "the configuration", Ask: func(context.Context) []checks.Check {
		return []checks.Check{{Check: "configuration", Resource: "Pulumi." + o.Stack + ".yaml",
			Expected: "complete and valid", Seen: "valid", OK: true},
			r.names()}
	}}}
	for _, name := range slices.Sorted(maps.Keys(s.Organizations)) {
		questions = append(questions, checks.Question{Label: "organization " +
			"" + name, Ask: func(ctx context.Context) []checks.Check {
			return r.organization(ctx, name)
		}})
	}
	return checks.Ask(ctx, questions, o.Progress)
}

// problems are rows of what is wrong with the configuration.
func problems(err error) []checks.Check {
	var all settings.Problems
	if !errors.As(err, &all) {
		return []checks.Check{{Check: "configuration", Resource: "the stack file", Expected: "readable",
			Seen: err.Error(), Advice: "mend the stack file"}}
	}
	var rows []checks.Check
	for _, p := range all {
		seen := p.Reason
		if p.Value != "" {
			seen = p.Value + ": " + p.Reason
		}
		rows = append(rows, checks.Check{Check: "configuration", Resource: p.Key, Expected: "a valid value", Seen: seen,
			Advice: p.Remedy})
	}
	return rows
}

// names says why no name has to be asked for: the program gives none that has to be unique over Azure.
func (r *run) names() checks.Check {
	return checks.Check{Check: "names", Resource: "storage accounts, vaults, cluster", Expected: "free", OK: true,
		Seen: "each ends in random characters or a digest, so it is free by construction"}
}

// about begins the rows of an organization.
type about struct{ organization, resource string }

func (a about) is(check, expected string, ok bool, seen, advice string) checks.Check {
	c := checks.Check{Check: check, Organization: a.organization, Resource: a.resource, Expected: expected, Seen: seen,
		OK: ok}
	if !ok {
		c.Advice = advice
	}
	return c
}

func (a about) unreadable(check, expected string, err error) checks.Check {
	return checks.Unreadable(checks.Check{Check: check, Organization: a.organization, Resource: a.resource,
		Expected: expected, Advice: "see that the name is right"}, err)
}

// organization asks in order, as without a login or a subscription nothing else can be asked.
func (r *run) organization(ctx context.Context, name string) []checks.Check {
	o := r.settings.Organizations[name]
	a := about{name, "organization " + name}
	credential, err := r.Access.Credential(name)
	if err == nil {
		_, err = credential.GetToken(ctx,
			policy.TokenRequestOptions{Scopes: []string{r.audience()}, TenantID: o.TenantID})
	}
	if err != nil {
		c := a.unreadable("sign-in", "a token for Azure Resource Manager", err)
		c.Advice = "log in (az login), set ARM_CLIENT_ID, ARM_CLIENT_SECRET and ARM_TENANT_ID, or mend " +
			"crossorg:organizations." + name + ".principal"
		return []checks.Check{c}
	}
	rows := []checks.Check{a.is("sign-in", "a token for Azure Resource Manager", true, "issued", "")}
	subscription, err := r.Subscription(ctx, name)
	if err != nil {
		c := a.unreadable("subscription", "known", err)
		c.Advice = "set crossorg:organizations." + name + ".subscriptionId"
		return append(rows, c)
	}
	a.resource = "/subscriptions/" + subscription
	var found struct {
		State    string `json:"state"`
		TenantID string `json:"tenantId"`
	}
	if err := r.reader.Do(ctx, name, http.MethodGet, a.resource, stack.SubscriptionsVersion, nil, nil,
		&found); err != nil {
		return append(rows, a.unreadable("subscription", "Enabled", err))
	}
	rows = append(rows, a.is("subscription", "Enabled", found.State == "Enabled", found.State,
		"enable it, or choose another with crossorg:organizations."+name+".subscriptionId"))
	if o.TenantID != "" && found.TenantID != "" {
		rows = append(rows, a.is("tenant", o.TenantID, strings.EqualFold(o.TenantID, found.TenantID), found.TenantID,
			"mend crossorg:organizations."+name+".tenantId"))
	}
	rows = append(rows, r.registrations(ctx, a)...)
	rows = append(rows, r.rights(ctx, a)...)
	rows = append(rows, r.region(ctx, a, o.Location)...)
	rows = append(rows, r.deletedVaults(ctx, a)...)
	if g := r.settings.Governance; g != nil && g.Organization == name {
		rows = append(rows, r.machines(ctx, a, o.Location, g)...)
	}
	return rows
}

func (r *run) audience() string {
	for _, service := range r.Access.Cloud.Services {
		if service.Audience != "" {
			return strings.TrimSuffix(service.Audience, "/") + "/.default"
		}
	}
	return "https://management.azure.com/.default"
}

// provider is a resource provider as a subscription has it.
type provider struct {
	RegistrationState string `json:"registrationState"`
	ResourceTypes     []struct {
		ResourceType string   `json:"resourceType"`
		Locations    []string `json:"locations"`
	} `json:"resourceTypes"`
}

const registered = "Registered"

// registrationWait is how long a registration is waited for; Azure takes a minute or a few.
const registrationWait = 10 * time.Minute

func (r *run) registrations(ctx context.Context, a about) []checks.Check {
	wanted := namespaces
	if g := r.settings.Governance; g != nil && g.Organization == a.organization {
		wanted = append(slices.Clone(namespaces), clusterNamespaces...)
	}
	var rows []checks.Check
	for _, namespace := range wanted {
		on := about{a.organization, a.resource + "/providers/" + namespace}
		p, err := r.provider(ctx, a, namespace)
		if err == nil && p.RegistrationState != registered && r.Fix {
			p, err = r.register(ctx, a, namespace)
		}
		if err != nil {
			rows = append(rows, on.unreadable("resource-provider", registered, err))
			continue
		}
		rows = append(rows, on.is("resource-provider", registered, p.RegistrationState == registered,
			p.RegistrationState,
			"crossorg preflight --fix, or az provider register --namespace "+namespace))
	}
	return rows
}

func (r *run) provider(ctx context.Context, a about, namespace string) (provider, error) {
	var p provider
	err := r.reader.Do(ctx, a.organization, http.MethodGet, a.resource+"/providers/"+namespace,
		stack.SubscriptionsVersion, nil, nil, &p)
	return p, err
}

// register registers a namespace and waits until it is.
func (r *run) register(ctx context.Context, a about, namespace string) (provider, error) {
	fmt.Fprintf(r.Progress, "registering %s for %s\n", namespace, a.organization)
	var p provider
	if err := r.reader.Do(ctx, a.organization, http.MethodPost, a.resource+"/providers/"+namespace+"/register",
		stack.SubscriptionsVersion, nil, nil, &p); err != nil {
		return p, err
	}
	ctx, cancel := context.WithTimeout(ctx, registrationWait)
	defer cancel()
	for pause := 200 * time.Millisecond; p.RegistrationState != registered; pause = min(2*pause, 10*time.Second) {
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return p, nil // the row tells the state that it has come to
		}
		var err error
		if p, err = r.provider(ctx, a, namespace); err != nil {
			return p, err
		}
	}
	return p, nil
}

// permission is what one role of the caller permits.
type permission struct {
	Actions    []string `json:"actions"`
	NotActions []string `json:"notActions"`
}

// rights asks what the caller may do at the subscription
// (learn.microsoft.com/rest/api/authorization/permissions).
func (r *run) rights(ctx context.Context, a about) []checks.Check {
	held, err := stack.List[permission](ctx, r.reader, a.organization,
		a.resource+"/providers/Microsoft.Authorization/permissions", roleVersion, nil)
	if err != nil {
		return []checks.Check{a.unreadable("may-assign-roles", assignRoles, err)}
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
		a.is("may-deploy", "what the program makes", len(missing) == 0, seen,
			"have Contributor assigned at the subscription"),
		a.is("may-assign-roles", assignRoles, may, word, "have Role Based Access Control Administrator, User Access "+
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

// regional are the types that not every region has.
var regional = []struct{ namespace, resourceType string }{
	{"Microsoft.DataShare", "accounts"}, {"Microsoft.OperationalInsights", "workspaces"},
}

// region checks that the subscription has the organization's region, and the region what stands there.
func (r *run) region(ctx context.Context, a about, location string) []checks.Check {
	on := about{a.organization, a.resource + "/locations/" + location}
	all, err := stack.List[struct {
		Name        string `json:"name"`
		DisplayName string `json:"displayName"`
	}](ctx, r.reader, a.organization, a.resource+"/locations", stack.SubscriptionsVersion, nil)
	if err != nil {
		return []checks.Check{on.unreadable("region", "there", err)}
	}
	display := ""
	for _, l := range all {
		if strings.EqualFold(l.Name, location) {
			display = l.DisplayName
		}
	}
	advice := "choose another with crossorg:organizations." + a.organization + ".location"
	if display == "" {
		return []checks.Check{on.is("region", "a region of the subscription", false, "no such region", advice)}
	}
	rows := []checks.Check{on.is("region", "a region of the subscription", true, display, "")}
	wanted := regional
	if g := r.settings.Governance; g != nil && g.Organization == a.organization {
		wanted = append(slices.Clone(regional),
			struct{ namespace, resourceType string }{"Microsoft.ServiceFabric", "managedClusters"})
	}
	for _, w := range wanted {
		p, err := r.provider(ctx, a, w.namespace)
		if err != nil {
			rows = append(rows, on.unreadable("service-in-region", w.namespace, err))
			continue
		}
		for _, t := range p.ResourceTypes {
			// A type without regions stands in none of its own.
			if strings.EqualFold(t.ResourceType, w.resourceType) && len(t.Locations) > 0 {
				has := slices.ContainsFunc(t.Locations,
					func(l string) bool { return strings.EqualFold(l, display) || strings.EqualFold(l, location) })
				seen := "offered"
				if !has {
					seen = "not offered"
				}
				rows = append(rows, on.is("service-in-region", w.namespace+"/"+w.resourceType+" in "+display, has, seen,
					advice))
			}
		}
	}
	return rows
}

// deletedVaults looks for vaults of this stack that were deleted and keep their names
// (learn.microsoft.com/azure/key-vault/general/soft-delete-overview). Others are in nobody's way: names are random.
func (r *run) deletedVaults(ctx context.Context, a about) []checks.Check {
	deleted, err := r.reader.List(ctx, a.organization, a.resource+"/providers/Microsoft.KeyVault/deletedVaults",
		vaultVersion, nil)
	if err != nil {
		return []checks.Check{a.unreadable("deleted-vaults", "none in the way", err)}
	}
	ours := map[string]bool{}
	if r.Outputs != nil {
		for _, s := range r.Outputs.Organizations[a.organization].Sides() {
			ours[strings.ToLower(s.VaultID[strings.LastIndexByte(s.VaultID, '/')+1:])] = true
		}
	}
	var rows []checks.Check
	for _, v := range deleted {
		if ours[strings.ToLower(v.Name)] {
			rows = append(rows, about{a.organization, v.ID}.is("deleted-vaults", "none in the way", false,
				v.Name+" is deleted and its name taken",
				"az keyvault recover --name "+v.Name))
		}
	}
	if rows == nil {
		rows = []checks.Check{a.is("deleted-vaults", "none in the way", true,
			fmt.Sprintf("%d deleted, none of this stack", len(deleted)), "")}
	}
	return rows
}

// sku is a size of virtual machines in a region.
type sku struct {
	ResourceType string `json:"resourceType"`
	Name         string `json:"name"`
	Family       string `json:"family"`
	Restrictions []struct {
		Type       string `json:"type"`
		ReasonCode string `json:"reasonCode"`
	} `json:"restrictions"`
	Capabilities []struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	} `json:"capabilities"`
}

// usage is how much of a quota is used.
type usage struct {
	CurrentValue int64 `json:"currentValue"`
	Limit        int64 `json:"limit"`
	Name         struct {
		Value          string `json:"value"`
		LocalizedValue string `json:"localizedValue"`
	} `json:"name"`
}

// machines checks that the region has the nodes' size, and the subscription the cores.
func (r *run) machines(ctx context.Context, a about, location string, g *settings.Governance) []checks.Check {
	on := about{a.organization, a.resource + "/providers/Microsoft.Compute/locations/" + location}
	const change = "choose another with crossorg:governance.vmSize"
	skus, err := stack.List[sku](ctx, r.reader, a.organization, a.resource+"/providers/Microsoft.Compute/skus",
		computeVersion,
		url.Values{"$filter": {"location eq '" + location + "'"}})
	if err != nil {
		return []checks.Check{on.unreadable("vm-size", g.VMSize, err)}
	}
	i := slices.IndexFunc(skus,
		func(s sku) bool { return s.ResourceType == "virtualMachines" && strings.EqualFold(s.Name, g.VMSize) })
	if i < 0 {
		return []checks.Check{on.is("vm-size", g.VMSize, false, "not offered in "+location, change)}
	}
	s := skus[i]
	for _, restriction := range s.Restrictions {
		if restriction.Type == "Location" {
			return []checks.Check{on.is("vm-size", g.VMSize, false, "restricted: "+restriction.ReasonCode,
				change+", or ask Azure for it")}
		}
	}
	rows := []checks.Check{on.is("vm-size", g.VMSize, true, "offered in "+location, "")}
	cores := 0
	for _, c := range s.Capabilities {
		if c.Name == "vCPUs" {
			cores, _ = strconv.Atoi(c.Value)
		}
	}
	// What stands already has its cores.
	if r.Outputs != nil && r.Outputs.Governance != nil {
		return append(rows, on.is("quota", "cores for the nodes", true, "the cluster stands already", ""))
	}
	usages, err := stack.List[usage](ctx, r.reader, a.organization, on.resource+"/usages", computeVersion, nil)
	if err != nil {
		return append(rows, on.unreadable("quota", "readable", err))
	}
	need := int64(g.NodeCount * cores)
	for _, u := range usages {
		if u.Name.Value == "cores" || strings.EqualFold(u.Name.Value, s.Family) {
			free := u.Limit - u.CurrentValue
			rows = append(rows, about{on.organization, on.resource + "/usages/" + u.Name.Value}.is("quota",
				fmt.Sprintf("%d cores for %d nodes", need, g.NodeCount),
				free >= need, fmt.Sprintf("%d of %d left (%s)", free, u.Limit, u.Name.LocalizedValue),
				"ask for more quota, or use fewer or smaller nodes"))
		}
	}
	return rows
}
