// Package compute is the part of the resource provider Microsoft.Compute that people ask before they deploy a cluster:
// which sizes of virtual machines a region offers, and how many cores a subscription may still use. There are no
// virtual machines behind it; the cores in use are those of the node types that stand.
package compute

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/odata"
)

// family is a series of virtual machines with its sizes.
type family struct {
	name, title, prefix, suffix string
	cores                       []int
}

// families are series that run Service Fabric nodes.
// Source: https://learn.microsoft.com/azure/virtual-machines/sizes/overview
var families = []family{
	{"standardDSv2Family", "Standard DSv2 Family vCPUs", "Standard_DS", "_v2", nil},
	{"standardDSv3Family", "Standard DSv3 Family vCPUs", "Standard_D", "s_v3", []int{2, 4, 8, 16, 32, 48, 64}},
	{"standardDSv4Family", "Standard DSv4 Family vCPUs", "Standard_D", "s_v4", []int{2, 4, 8, 16, 32, 48, 64}},
	{"standardDSv5Family", "Standard DSv5 Family vCPUs", "Standard_D", "s_v5", []int{2, 4, 8, 16, 32, 48, 64, 96}},
	{"standardESv5Family", "Standard ESv5 Family vCPUs", "Standard_E", "s_v5", []int{2, 4, 8, 16, 20, 32, 48, 64, 96}},
	{"standardFSv2Family", "Standard FSv2 Family vCPUs", "Standard_F", "s_v2", []int{2, 4, 8, 16, 32, 48, 64, 72}},
}

// dsv2 are the sizes of a series whose names count otherwise.
var dsv2 = map[string]int{"Standard_DS1_v2": 1, "Standard_DS2_v2": 2, "Standard_DS3_v2": 4, "Standard_DS4_v2": 8,
	"Standard_DS5_v2": 16}

// limit is how many cores a region gives a subscription, of all series and of each; that of a new pay-as-you-go
// subscription is lower, which would stop the sample.
const limit = 100

// size is a size of virtual machines.
type size struct {
	name, family string
	cores        int
}

func sizes() []size {
	var all []size
	for _, f := range families {
		for _, n := range f.cores {
			all = append(all, size{f.prefix + strconv.Itoa(n) + f.suffix, f.name, n})
		}
	}
	for _, name := range []string{"Standard_DS1_v2", "Standard_DS2_v2", "Standard_DS3_v2", "Standard_DS4_v2",
		"Standard_DS5_v2"} {
		all = append(all, size{name, "standardDSv2Family", dsv2[name]})
	}
	return all
}

// New makes the provider.
func New() *arm.Provider {
	const at = "/subscriptions/{subscription}/providers/Microsoft.Compute"
	return &arm.Provider{Namespace: "Microsoft.Compute", Routes: []arm.Route{
		{Method: http.MethodGet, Path: at + "/skus", Permission: "Microsoft.Compute/skus/read", Handle: skus,
			Options: []string{"$filter", "includeExtendedLocations"}},
		{Method: http.MethodGet, Path: at + "/locations/{location}/usages",
			Permission: "Microsoft.Compute/locations/usages/read", Handle: usages},
	}}
}

// skus lists the sizes of a region, which the filter names as on Azure: location eq 'eastus'.
// Source: https://learn.microsoft.com/rest/api/compute/resource-skus/list
func skus(c *arm.Call, _ map[string]string, _ map[string]any) (any, *arm.Error) {
	filter, aerr := c.Filter()
	if aerr != nil {
		return nil, aerr
	}
	region, ok := filter.(odata.Compare)
	if !ok || !strings.EqualFold(region.Property, "location") || region.Operator != "eq" {
		return nil, arm.BadRequest("InvalidFilter", "The list of SKUs is of one region here: give $filter=location "+
			"eq '<region>'.")
	}
	location := region.Value
	value := []any{}
	for _, s := range sizes() {
		value = append(value, map[string]any{
			"resourceType": "virtualMachines", "name": s.name, "family": s.family, "tier": "Standard",
			"locations": []any{location}, "restrictions": []any{},
			"capabilities": []any{map[string]any{"name": "vCPUs", "value": strconv.Itoa(s.cores)}},
		})
	}
	return map[string]any{"value": value}, nil
}

// usages tells how many cores the subscription's node types use in a region.
// Source: https://learn.microsoft.com/rest/api/compute/usage/list
func usages(c *arm.Call, params map[string]string, _ map[string]any) (any, *arm.Error) {
	known := map[string]size{}
	for _, s := range sizes() {
		known[strings.ToLower(s.name)] = s
	}
	total, used := 0, map[string]int{}
	for _, r := range c.Under(arm.ID{Subscription: params["subscription"]}) {
		if !strings.EqualFold(r.ID.Type(), "Microsoft.ServiceFabric/managedClusters/nodeTypes") {
			continue
		}
		clusterID, _ := r.ID.Parent()
		cluster, ok := c.Get(clusterID)
		if !ok || !strings.EqualFold(cluster.String("location"), params["location"]) {
			continue
		}
		nodes, _ := r.Value("properties", "vmInstanceCount").(float64)
		s := known[strings.ToLower(r.String("properties", "vmSize"))]
		total += int(nodes) * s.cores
		used[s.family] += int(nodes) * s.cores
	}
	entry := func(name, title string, current int) map[string]any {
		return map[string]any{"unit": "Count", "limit": limit, "currentValue": current,
			"name": map[string]any{"value": name, "localizedValue": title}}
	}
	value := []any{entry("cores", "Total Regional vCPUs", total)}
	for _, f := range families {
		value = append(value, entry(f.name, f.title, used[f.name]))
	}
	return map[string]any{"value": value}, nil
}
