package preflight

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/crossorg/crossorg/internal/checks"
	"github.com/crossorg/crossorg/internal/settings"
	"github.com/crossorg/crossorg/internal/stack"
)

// computeVersion is the api-version of sizes and quota of virtual machines.
const computeVersion = "2021-07-01"

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
func (r *run) machines(ctx context.Context, a checks.Subject, location string, g *settings.Governance) []checks.Check {
	on := a.On(a.Resource + "/providers/Microsoft.Compute/locations/" + location)
	const change = "choose another with crossorg:governance.vmSize"
	filter := url.Values{"$filter": {"location eq '" + location + "'"}}
	skus, err := stack.List[sku](ctx, r.reader, a.Organization, a.Resource+"/providers/Microsoft.Compute/skus",
		computeVersion, filter)
	if err != nil {
		return []checks.Check{on.Unreadable("vm-size", g.VMSize, nameAdvice, err)}
	}
	i := slices.IndexFunc(skus, func(s sku) bool {
		return s.ResourceType == "virtualMachines" && strings.EqualFold(s.Name, g.VMSize)
	})
	if i < 0 {
		return []checks.Check{on.Is("vm-size", g.VMSize, false, "not offered in "+location, change)}
	}
	s := skus[i]
	for _, restriction := range s.Restrictions {
		if restriction.Type == "Location" {
			return []checks.Check{on.Is("vm-size", g.VMSize, false, "restricted: "+restriction.ReasonCode,
				change+", or ask Azure for it")}
		}
	}
	rows := []checks.Check{on.Is("vm-size", g.VMSize, true, "offered in "+location, "")}
	cores := 0
	for _, c := range s.Capabilities {
		if c.Name == "vCPUs" {
			cores, _ = strconv.Atoi(c.Value)
		}
	}
	// An existing cluster has its cores already.
	if r.Outputs != nil && r.Outputs.Governance != nil {
		return append(rows, on.Is("quota", "cores for the nodes", true, "the cluster stands already", ""))
	}
	usages, err := stack.List[usage](ctx, r.reader, a.Organization, on.Resource+"/usages", computeVersion, nil)
	if err != nil {
		return append(rows, on.Unreadable("quota", "readable", nameAdvice, err))
	}
	need := int64(g.NodeCount * cores)
	for _, u := range usages {
		if u.Name.Value == "cores" || strings.EqualFold(u.Name.Value, s.Family) {
			free := u.Limit - u.CurrentValue
			rows = append(rows, on.On(on.Resource+"/usages/"+u.Name.Value).Is("quota",
				fmt.Sprintf("%d cores for %d nodes", need, g.NodeCount),
				free >= need, fmt.Sprintf("%d of %d left (%s)", free, u.Limit, u.Name.LocalizedValue),
				"ask for more quota, or use fewer or smaller nodes"))
		}
	}
	return rows
}
