// Package verify judges a stack that stands: it reads the stack's outputs and the live Azure, never the program, and
// says of each property what was expected, what was seen and what to do.
package verify

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/crossorg/crossorg/internal/checks"
	"github.com/crossorg/crossorg/internal/rules"
	"github.com/crossorg/crossorg/internal/stack"
)

// Options say what to verify.
type Options struct {
	// Outputs are the stack's.
	Outputs *stack.Outputs
	// Access signs in for each organization.
	Access *stack.Access
	// Up and Refresh are the commands that bring the stack up and update its state from Azure: advice names them.
	Up, Refresh string
	// Settle is how long an overdue snapshot may take to appear before it counts as missing: an embedded Azure that was
	// just opened catches up on its schedules.
	Settle time.Duration
	// Progress gets a line for everything that takes long.
	Progress io.Writer
}

// The api-versions that are read.
const (
	groupVersion         = "2022-09-01"
	dataShareVersion     = "2021-08-01"
	storageVersion       = "2022-09-01"
	vaultVersion         = "2023-02-01"
	roleVersion          = "2022-04-01"
	diagnosticVersion    = "2021-05-01-preview"
	workspaceVersion     = "2022-10-01"
	actionVersion        = "2023-01-01"
	alertVersion         = "2022-08-01-preview"
	activityAlertVersion = "2020-10-01"
	clusterVersion       = "2023-03-01-preview"
)

const succeeded = stack.Succeeded

// run is one verification.
type run struct {
	Options
	reader *stack.Reader
	files  *stack.FileReader
}

// Run asks everything, several questions at a time. What cannot be read is a failed check; it has no other failures.
func Run(ctx context.Context, o Options) *checks.Report {
	r := &run{Options: o, reader: &stack.Reader{Access: o.Access}, files: &stack.FileReader{Access: o.Access}}
	return checks.Ask(ctx, r.questions(), o.Progress)
}

func (r *run) questions() []checks.Question {
	var all []checks.Question
	for _, name := range slices.Sorted(maps.Keys(r.Outputs.Organizations)) {
		o := r.Outputs.Organizations[name]
		for _, s := range []side{{o.Provider, "provider", name, rules.ProviderRole},
			{o.Consumer, "consumer", name, rules.ConsumerRole}} {
			if s.Side != nil {
				all = append(all, r.side(s)...)
			}
		}
		if o.Monitoring != nil {
			all = append(all, r.monitoring(name, *o.Monitoring)...)
		}
	}
	all = append(all, r.across()...)
	for _, name := range slices.Sorted(maps.Keys(r.Outputs.Shares)) {
		all = append(all, r.share(name, r.Outputs.Shares[name])...)
	}
	if r.Outputs.Governance != nil {
		all = append(all, r.governance()...)
	}
	return all
}

// unreadable makes the failed row of a resource or collection that could not be read.
func (r *run) unreadable(a checks.Subject, check, expected string, err error) []checks.Check {
	return []checks.Check{a.Unreadable(check, expected, "it is gone: "+r.restore(), err)}
}

// restore is the advice for a property that differs from the program's.
func (r *run) restore() string { return r.Refresh + ", then " + r.Up }

// resource is a question about one resource; without the resource there is the one failed row that it is not there.
func (r *run) resource(
	check, organization, id, version string, judge func(checks.Subject, *stack.Resource) []checks.Check,
) checks.Question {
	a := checks.About(organization, id)
	return checks.Question{Label: short(id), Ask: func(ctx context.Context) []checks.Check {
		found, err := r.reader.Get(ctx, organization, id, version)
		if err != nil {
			return r.unreadable(a, check, "there", err)
		}
		return judge(a, found)
	}}
}

// list is a question about the children of a resource.
func (r *run) list(
	check, organization, id, below, version string, query url.Values,
	judge func(checks.Subject, []*stack.Resource) []checks.Check,
) checks.Question {
	a := checks.About(organization, id)
	return checks.Question{Label: short(id), Ask: func(ctx context.Context) []checks.Check {
		found, err := r.reader.List(ctx, organization, id+below, version, query)
		if err != nil {
			return r.unreadable(a, check, "readable", err)
		}
		return judge(a, found)
	}}
}

// tagged checks that a resource carries the tags that its organization's resource group has.
func (r *run) tagged(ctx context.Context, a checks.Subject, group string, found *stack.Resource) checks.Check {
	const check = "tags"
	g, err := r.reader.Get(ctx, a.Organization, group, groupVersion)
	if err != nil {
		return r.unreadable(a, check, "the tags of "+group, err)[0]
	}
	expected := map[string]string{}
	for key, value := range g.Tags {
		expected[key] = value
	}
	if expected["environment"] == "" {
		return a.On(group).Is(check, "a tag environment", false, tagText(g.Tags), r.restore())
	}
	for key, value := range expected {
		if found.Tags[key] != value {
			return a.Is(check, tagText(expected), false, tagText(found.Tags), r.restore())
		}
	}
	return a.Is(check, tagText(expected), true, tagText(found.Tags), "")
}

func tagText(tags map[string]string) string {
	if len(tags) == 0 {
		return "no tags"
	}
	var out []string
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		if !strings.HasPrefix(key, "hidden-") {
			out = append(out, key+"="+tags[key])
		}
	}
	return strings.Join(out, " ")
}

// short is the type and name of a resource, from its id.
func short(id string) string {
	parts := strings.Split(id, "/")
	if len(parts) < 2 {
		return id
	}
	return strings.Join(parts[len(parts)-2:], "/")
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

func days(n any) string {
	switch v := n.(type) {
	case float64:
		return fmt.Sprintf("%d days", int(v))
	default:
		return "no days"
	}
}
