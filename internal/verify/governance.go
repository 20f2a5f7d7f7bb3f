package verify

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/crossorg/crossorg/internal/checks"
	"github.com/crossorg/crossorg/internal/rules"
	"github.com/crossorg/crossorg/internal/stack"
)

func (r *run) governance() []checks.Question {
	g := r.Outputs.Governance
	host, side, err := r.Outputs.Host()
	if err != nil {
		a := checks.About("", g.ClusterID)
		return []checks.Question{{Label: "the cluster's host", Ask: func(context.Context) []checks.Check {
			return []checks.Check{a.Is("cluster", "in the resource group of an organization", false, err.Error(),
				r.restore())}
		}}}
	}
	all := []checks.Question{
		{Label: short(g.ClusterID), Ask: func(ctx context.Context) []checks.Check {
			a := checks.About(host, g.ClusterID)
			found, err := r.reader.Get(ctx, host, g.ClusterID, clusterVersion)
			if err != nil {
				return r.unreadable(a, "cluster", "Ready", err)
			}
			rdp, _ := found.Flag("allowRdpAccess")
			open := openPorts(objects(found.Value("networkSecurityRules")))
			return []checks.Check{
				a.Equal("cluster", "Ready", found.Text("clusterState"), "wait: a new cluster takes about half an "+
					"hour; see its primary node type"),
				a.Equal("cluster-state", succeeded, found.Text("provisioningState"), "wait for it, or "+r.restore()),
				a.Is("cluster-ports", "management ports closed to the internet", len(open) == 0, portText(open),
					"put the rule DenyManagement back: "+r.restore()),
				a.Is("cluster-rdp", "off", !rdp, onOff(rdp), "set allowRdpAccess to false: "+r.restore()),
				r.tagged(ctx, a, side.GroupID(), found),
			}
		}},
		r.list("node-type", host, g.ClusterID, "/nodeTypes", clusterVersion, nil,
			func(a checks.Subject, found []*stack.Resource) []checks.Check {
				var primary *stack.Resource
				for _, n := range found {
					if is, _ := n.Flag("isPrimary"); is {
						primary = n
					}
				}
				if primary == nil {
					return []checks.Check{a.On(a.Resource+"/nodeTypes").Is("node-type", "a primary node type", false,
						fmt.Sprintf("%d node types, none primary", len(found)), r.restore())}
				}
				least := rules.LeastNodes(rules.Basic)
				nodes, _ := primary.Value("vmInstanceCount").(float64)
				return []checks.Check{
					a.On(primary.ID).Equal("node-type", succeeded, primary.Text("provisioningState"),
						"wait for it, or "+r.restore()),
					a.On(primary.ID).Is("nodes", fmt.Sprintf("at least %d", least), int(nodes) >= least,
						strconv.Itoa(int(nodes)),
						"scale it out: "+r.restore()),
				}
			}),
	}
	if g.ApplicationID != "" {
		all = append(all, r.resource("application", host, g.ApplicationID, clusterVersion,
			func(a checks.Subject, found *stack.Resource) []checks.Check {
				return []checks.Check{a.Equal("application", succeeded, found.Text("provisioningState"), r.restore())}
			}))
	}
	for _, name := range slices.Sorted(maps.Keys(g.ServiceIDs)) {
		all = append(all, r.resource("service", host, g.ServiceIDs[name], clusterVersion,
			func(a checks.Subject, found *stack.Resource) []checks.Check {
				return []checks.Check{a.Equal("service", succeeded, found.Text("provisioningState"), r.restore())}
			}))
	}
	return all
}

// openPorts are the management ports that anybody on the internet reaches: those without a rule that denies the
// internet before one lets it in. Azure's own rule, which comes after the custom ones, lets it in
// (learn.microsoft.com/azure/service-fabric/how-to-managed-cluster-networking#nsgrules).
func openPorts(securityRules []map[string]any) []int {
	slices.SortStableFunc(securityRules, func(a, b map[string]any) int {
		return cmp.Compare(number(a["priority"]), number(b["priority"]))
	})
	var open []int
	for _, port := range rules.ManagementPorts() {
		closed := false
		for _, rule := range securityRules {
			if !strings.EqualFold(word(rule, "direction"), "inbound") || !fromInternet(rule) || !covers(rule, port) {
				continue
			}
			closed = strings.EqualFold(word(rule, "access"), "deny")
			break
		}
		if !closed {
			open = append(open, port)
		}
	}
	return open
}

func fromInternet(rule map[string]any) bool {
	sources, _ := rule["sourceAddressPrefixes"].([]any)
	for _, source := range append([]any{rule["sourceAddressPrefix"]}, sources...) {
		if s, ok := source.(string); ok && (s == "*" || s == "0.0.0.0/0" || strings.EqualFold(s, "internet")) {
			return true
		}
	}
	return false
}

// covers reports whether a rule is about a port: a number, a range, or all of them.
func covers(rule map[string]any, port int) bool {
	ranges, _ := rule["destinationPortRanges"].([]any)
	for _, r := range append([]any{rule["destinationPortRange"]}, ranges...) {
		s, ok := r.(string)
		if !ok {
			continue
		}
		low, high, ranged := strings.Cut(s, "-")
		if !ranged {
			high = low
		}
		from, err1 := strconv.Atoi(low)
		to, err2 := strconv.Atoi(high)
		if s == "*" || err1 == nil && err2 == nil && from <= port && port <= to {
			return true
		}
	}
	return false
}

func portText(ports []int) string {
	if len(ports) == 0 {
		return "closed"
	}
	return "open: " + strings.Trim(fmt.Sprint(ports), "[]")
}

func word(object map[string]any, key string) string {
	s, _ := object[key].(string)
	return s
}

func number(v any) float64 {
	n, _ := v.(float64)
	return n
}
