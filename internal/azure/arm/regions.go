package arm

import (
	"net/http"
	"slices"
	"strings"
)

// Region is a region of Azure.
type Region struct {
	// Name is as resources store it, "eastus", and Display as people read it, "East US".
	Name, Display string
	// Group is the geography's group, "US".
	Group string
	// Paired is the name of the region that geo-redundant resources replicate to; empty without one.
	Paired string
}

// Regions are the regions of the public cloud in the order of their names.
func Regions() []Region { return slices.Clone(regions) }

// PairedRegion is the name of the region that another replicates to; empty without one.
func PairedRegion(name string) string {
	for _, r := range regions {
		if r.Name == name {
			return r.Paired
		}
	}
	return ""
}

// checkRegion refuses to create a resource in a region that there is not, or that its type is not to be had in.
// Source of codes: https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors
func checkRegion(t *Type, location string) *Error {
	available := t.Regions
	if available == nil {
		for _, r := range regions {
			available = append(available, r.Name)
		}
	}
	switch {
	case slices.Contains(available, LocationName(location)):
		return nil
	case isGroupType(t.Name):
		return Errorf(http.StatusBadRequest, "LocationNotAvailableForResourceGroup", "The provided location '%s' is "+
			"not available for resource group. List of available regions is '%s'.", location,
			strings.Join(available, ","))
	}
	return Errorf(http.StatusBadRequest, "LocationNotAvailableForResourceType", "The provided location '%s' is not "+
		"available for resource type '%s'. List of available regions for the resource type is '%s'.", location, t.Name,
		strings.Join(available, ","))
}

// regions has the pairs beside the regions.
// Source: https://learn.microsoft.com/azure/reliability/regions-list
var regions = []Region{
	{"australiacentral", "Australia Central", "Asia Pacific", "australiacentral2"},
	{"australiacentral2", "Australia Central 2", "Asia Pacific", "australiacentral"},
	{"australiaeast", "Australia East", "Asia Pacific", "australiasoutheast"},
	{"australiasoutheast", "Australia Southeast", "Asia Pacific", "australiaeast"},
	{"austriaeast", "Austria East", "Europe", ""},
	{"belgiumcentral", "Belgium Central", "Europe", ""},
	{"brazilsouth", "Brazil South", "South America", "southcentralus"},
	{"brazilsoutheast", "Brazil Southeast", "South America", "brazilsouth"},
	{"canadacentral", "Canada Central", "Canada", "canadaeast"},
	{"canadaeast", "Canada East", "Canada", "canadacentral"},
	{"centralindia", "Central India", "Asia Pacific", "southindia"},
	{"centralus", "Central US", "US", "eastus2"},
	{"centraluseuap", "Central US EUAP", "US", "eastus2euap"},
	{"chilecentral", "Chile Central", "South America", ""},
	{"denmarkeast", "Denmark East", "Europe", ""},
	{"eastasia", "East Asia", "Asia Pacific", "southeastasia"},
	{"eastus", "East US", "US", "westus"},
	{"eastus2", "East US 2", "US", "centralus"},
	{"eastus2euap", "East US 2 EUAP", "US", "centraluseuap"},
	{"francecentral", "France Central", "Europe", "francesouth"},
	{"francesouth", "France South", "Europe", "francecentral"},
	{"germanynorth", "Germany North", "Europe", "germanywestcentral"},
	{"germanywestcentral", "Germany West Central", "Europe", "germanynorth"},
	{"indonesiacentral", "Indonesia Central", "Asia Pacific", ""},
	{"israelcentral", "Israel Central", "Middle East", ""},
	{"italynorth", "Italy North", "Europe", ""},
	{"japaneast", "Japan East", "Asia Pacific", "japanwest"},
	{"japanwest", "Japan West", "Asia Pacific", "japaneast"},
	{"jioindiacentral", "Jio India Central", "Asia Pacific", "jioindiawest"},
	{"jioindiawest", "Jio India West", "Asia Pacific", "jioindiacentral"},
	{"koreacentral", "Korea Central", "Asia Pacific", "koreasouth"},
	{"koreasouth", "Korea South", "Asia Pacific", "koreacentral"},
	{"malaysiawest", "Malaysia West", "Asia Pacific", ""},
	{"mexicocentral", "Mexico Central", "Mexico", ""},
	{"newzealandnorth", "New Zealand North", "Asia Pacific", ""},
	{"northcentralus", "North Central US", "US", "southcentralus"},
	{"northeurope", "North Europe", "Europe", "westeurope"},
	{"norwayeast", "Norway East", "Europe", "norwaywest"},
	{"norwaywest", "Norway West", "Europe", "norwayeast"},
	{"polandcentral", "Poland Central", "Europe", ""},
	{"qatarcentral", "Qatar Central", "Middle East", ""},
	{"southafricanorth", "South Africa North", "Africa", "southafricawest"},
	{"southafricawest", "South Africa West", "Africa", "southafricanorth"},
	{"southcentralus", "South Central US", "US", "northcentralus"},
	{"southeastasia", "Southeast Asia", "Asia Pacific", "eastasia"},
	{"southindia", "South India", "Asia Pacific", "centralindia"},
	{"spaincentral", "Spain Central", "Europe", ""},
	{"swedencentral", "Sweden Central", "Europe", "swedensouth"},
	{"swedensouth", "Sweden South", "Europe", "swedencentral"},
	{"switzerlandnorth", "Switzerland North", "Europe", "switzerlandwest"},
	{"switzerlandwest", "Switzerland West", "Europe", "switzerlandnorth"},
	{"uaecentral", "UAE Central", "Middle East", "uaenorth"},
	{"uaenorth", "UAE North", "Middle East", "uaecentral"},
	{"uksouth", "UK South", "Europe", "ukwest"},
	{"ukwest", "UK West", "Europe", "uksouth"},
	{"westcentralus", "West Central US", "US", "westus2"},
	{"westeurope", "West Europe", "Europe", "northeurope"},
	{"westindia", "West India", "Asia Pacific", "southindia"},
	{"westus", "West US", "US", "eastus"},
	{"westus2", "West US 2", "US", "westcentralus"},
	{"westus3", "West US 3", "US", "eastus"},
}
