package preflight

import (
	"context"
	"slices"
	"strings"

	"github.com/crossorg/crossorg/internal/checks"
	"github.com/crossorg/crossorg/internal/stack"
)

// regional are the types that not every region has.
var regional = []struct{ namespace, resourceType string }{
	{"Microsoft.DataShare", "accounts"}, {"Microsoft.OperationalInsights", "workspaces"},
}

// region checks that the subscription has the organization's region, and that the region offers the needed services.
func (r *run) region(ctx context.Context, a checks.Subject, location string) []checks.Check {
	on := a.On(a.Resource + "/locations/" + location)
	all, err := stack.List[struct {
		Name        string `json:"name"`
		DisplayName string `json:"displayName"`
	}](ctx, r.reader, a.Organization, a.Resource+"/locations", stack.SubscriptionsVersion, nil)
	if err != nil {
		return []checks.Check{on.Unreadable("region", "there", nameAdvice, err)}
	}
	display := ""
	for _, l := range all {
		if strings.EqualFold(l.Name, location) {
			display = l.DisplayName
		}
	}
	advice := "choose another with crossorg:organizations." + a.Organization + ".location"
	if display == "" {
		return []checks.Check{on.Is("region", "a region of the subscription", false, "no such region", advice)}
	}
	rows := []checks.Check{on.Is("region", "a region of the subscription", true, display, "")}
	wanted := regional
	if g := r.settings.Governance; g != nil && g.Organization == a.Organization {
		wanted = append(slices.Clone(regional),
			struct{ namespace, resourceType string }{"Microsoft.ServiceFabric", "managedClusters"})
	}
	for _, w := range wanted {
		p, err := r.provider(ctx, a, w.namespace)
		if err != nil {
			rows = append(rows, on.Unreadable("service-in-region", w.namespace, nameAdvice, err))
			continue
		}
		for _, t := range p.ResourceTypes {
			// A type without regions is not bound to a region.
			if strings.EqualFold(t.ResourceType, w.resourceType) && len(t.Locations) > 0 {
				has := slices.ContainsFunc(t.Locations,
					func(l string) bool { return strings.EqualFold(l, display) || strings.EqualFold(l, location) })
				seen := "offered"
				if !has {
					seen = "not offered"
				}
				rows = append(rows, on.Is("service-in-region",
					w.namespace+"/"+w.resourceType+" in "+display, has, seen, advice))
			}
		}
	}
	return rows
}
