package rules

import (
	"slices"
	"strings"
)

// regions are the regions of Azure's public cloud by their programmatic names, in November 2026
// (learn.microsoft.com/azure/reliability/regions-list).
var regions = strings.Fields(`
	australiacentral australiacentral2 australiaeast australiasoutheast austriaeast belgiumcentral brazilsouth
	brazilsoutheast canadacentral canadaeast centralindia centralus chilecentral denmarkeast eastasia eastus eastus2
	eastus3 francecentral francesouth germanynorth germanywestcentral indonesiacentral israelcentral italynorth
	japaneast japanwest jioindiacentral jioindiawest koreacentral koreasouth malaysiawest mexicocentral
	newzealandnorth northcentralus northeurope norwayeast norwaywest polandcentral qatarcentral southafricanorth
	southafricawest southcentralus southeastasia southindia spaincentral swedencentral swedensouth
	switzerlandnorth switzerlandwest uaecentral uaenorth uksouth ukwest westcentralus westeurope westindia westus
	westus2 westus3`)

// Regions are the regions of Azure's public cloud, sorted.
func Regions() []string { return slices.Sorted(slices.Values(regions)) }
