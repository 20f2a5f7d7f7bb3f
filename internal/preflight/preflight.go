// Package preflight checks before an up what would make it fail after minutes. It reads the stack's configuration and
// asks Azure; only Fix changes anything.
package preflight

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/crossorg/crossorg/internal/checks"
	"github.com/crossorg/crossorg/internal/settings"
	"github.com/crossorg/crossorg/internal/stack"
)

// Options say what to check.
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
	// Outputs are the stack's; nil before the first up.
	Outputs *stack.Outputs
	// Fix registers the unregistered resource providers.
	Fix bool
	// Progress gets what takes long, as lines.
	Progress io.Writer
}

// run is one preflight.
type run struct {
	Options
	settings *settings.Settings
	reader   *stack.Reader
}

// Run asks everything. A wrong configuration is all that it reports, because every other check depends on it.
func Run(ctx context.Context, o Options) *checks.Report {
	values := map[string]string{}
	for key, value := range o.Values {
		values[strings.TrimPrefix(key, settings.Namespace+":")] = value
	}
	s, err := settings.Parse(values, settings.Options{Root: o.Root, Stack: o.Stack, Getenv: o.Getenv})
	if err != nil {
		ask := func(context.Context) []checks.Check { return problems(err) }
		return checks.Ask(ctx, []checks.Question{{Label: "the configuration", Ask: ask}}, o.Progress)
	}
	r := &run{Options: o, settings: s, reader: &stack.Reader{Access: o.Access}}
	questions := []checks.Question{{Label: "the configuration", Ask: func(context.Context) []checks.Check {
		return []checks.Check{{Check: "configuration", Resource: "Pulumi." + o.Stack + ".yaml",
			Expected: "complete and valid", Seen: "valid", OK: true},
			r.names()}
	}}}
	for _, name := range slices.Sorted(maps.Keys(s.Organizations)) {
		questions = append(questions, checks.Question{
			Label: "organization " + name,
			Ask:   func(ctx context.Context) []checks.Check { return r.organization(ctx, name) },
		})
	}
	return checks.Ask(ctx, questions, o.Progress)
}

// problems are rows about the configuration's problems.
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

// names says why no name is checked: all names that are unique over Azure are generated.
func (r *run) names() checks.Check {
	return checks.Check{Check: "names", Resource: "storage accounts, vaults, cluster", Expected: "free", OK: true,
		Seen: "each ends in random characters or a digest, so it is free by construction"}
}

// nameAdvice is what to do about a missing resource whose name comes from the configuration.
const nameAdvice = "see that the name is right"

// organization asks in order: without a login or a subscription no other question has an answer.
func (r *run) organization(ctx context.Context, name string) []checks.Check {
	o := r.settings.Organizations[name]
	a := checks.About(name, "organization "+name)
	credential, err := r.Access.Credential(name)
	if err == nil {
		request := policy.TokenRequestOptions{Scopes: []string{r.audience()}, TenantID: o.TenantID}
		_, err = credential.GetToken(ctx, request)
	}
	if err != nil {
		c := a.Unreadable("sign-in", "a token for Azure Resource Manager", nameAdvice, err)
		c.Advice = "log in (az login), set ARM_CLIENT_ID, ARM_CLIENT_SECRET and ARM_TENANT_ID, " +
			"or mend crossorg:organizations." + name + ".principal"
		return []checks.Check{c}
	}
	rows := []checks.Check{a.Is("sign-in", "a token for Azure Resource Manager", true, "issued", "")}
	subscription, err := r.Subscription(ctx, name)
	if err != nil {
		c := a.Unreadable("subscription", "known", nameAdvice, err)
		c.Advice = "set crossorg:organizations." + name + ".subscriptionId"
		return append(rows, c)
	}
	a.Resource = "/subscriptions/" + subscription
	var found struct {
		State    string `json:"state"`
		TenantID string `json:"tenantId"`
	}
	if err := r.reader.Do(ctx, name, http.MethodGet, a.Resource, stack.SubscriptionsVersion, nil,
		nil, &found); err != nil {
		return append(rows, a.Unreadable("subscription", "Enabled", nameAdvice, err))
	}
	rows = append(rows, a.Is("subscription", "Enabled", found.State == "Enabled", found.State,
		"enable it, or choose another with crossorg:organizations."+name+".subscriptionId"))
	if o.TenantID != "" && found.TenantID != "" {
		rows = append(rows, a.Is("tenant", o.TenantID, strings.EqualFold(o.TenantID, found.TenantID), found.TenantID,
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
