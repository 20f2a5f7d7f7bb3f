package settings

import (
	"maps"
	"slices"
	"strings"

	"github.com/crossorg/crossorg/internal/rules"
)

// name is what a thing is called, and what it has to be unique among.
type name struct{ among, text string }

// names notes who has a name, and reports who has it too.
type names struct {
	*collector
	taken map[name]string
}

// take gives a name to the value at a path, known as who. what says what the name is of.
func (n *names) take(at path, name name, who, what string) {
	other, taken := n.taken[name]
	if !taken {
		n.taken[name] = who
		return
	}
	if other != who {
		n.add(at, nil, what+" "+name.text+", as of "+other, "rename one of them")
	}
}

// checkNames finds things that would have one name although they are called differently: names of the configuration are
// joined by hyphens, and have hyphens themselves.
func (c *collector) checkNames(s *Settings) {
	n := &names{collector: c, taken: map[name]string{}}
	for organization := range s.Organizations {
		n.taken[name{"a container of " + organization + "-consumer", rules.LandingContainer}] =
			"the container that blobs and folders land in"
	}
	c.packageContainer(n, s)
	for _, share := range slices.Sorted(maps.Keys(s.Shares)) {
		n.share(path{keyShares, share}, share, s.Shares[share])
	}
}

// packageContainer takes the name of the container of application packages, which lies where the cluster's organization
// keeps what belongs to both its sides.
func (c *collector) packageContainer(n *names, s *Settings) {
	if s.Governance == nil || s.Governance.Package == nil {
		return
	}
	host := s.Governance.Organization
	side := "-consumer"
	for _, share := range s.Shares {
		if share.Provider == host {
			side = "-provider"
		}
	}
	n.taken[name{"a container of " + host + side, rules.PackageContainer}] = path{keyGovernance, "package"}.String()
}

func (n *names) share(at path, shareName string, share Share) {
	for _, key := range slices.Sorted(maps.Keys(share.DataSets)) {
		d, here := share.DataSets[key], at.with("dataSets").with(key)
		who := here.String()
		// Resources of different types may have the same logical name.
		n.take(here, name{"data set " + d.Kind, rules.DataSetName(shareName, key)}, who, "makes a data set")
		if d.Container == rules.PackageContainer {
			n.take(here.with("container"), name{"a container of " + share.Provider + "-provider", d.Container},
				"data sets", "makes a container")
		}
		for _, consumer := range share.Consumers {
			delivery := rules.DeliveryName(shareName, consumer)
			n.take(here, name{"mapping " + d.Kind, rules.MappingName(delivery, key)}, who, "makes a mapping")
			if d.Kind != rules.Container {
				continue
			}
			n.take(here, name{"arrival", rules.ArrivalName(delivery, d.Container)}, who,
				"makes a resource for the container that it arrives in")
			n.take(here, name{"a container of " + consumer + "-consumer",
				rules.ArrivalContainer(shareName, d.Container)}, who, "arrives at "+consumer+" in a container")
		}
	}
}

// services finds services of a package that differ by case alone: Azure's names do not
// (learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules).
func (c *collector) serviceNames(at path, services map[string]Service) {
	first := map[string]string{}
	for _, service := range slices.Sorted(maps.Keys(services)) {
		folded := strings.ToLower(service)
		if other, taken := first[folded]; taken {
			c.add(at.with(service), nil, "the same service as "+other+" for Azure, which ignores case",
				"rename one of them")
		}
		first[folded] = service
	}
}
