package resources

// region is an Azure region as GET …/locations lists it.
type region struct{ name, display, group, paired string }

// regions are the regions that the embedded Azure knows: the larger ones, with their pairs.
// Source: https://learn.microsoft.com/azure/reliability/regions-list
var regions = []region{
	{"australiaeast", "Australia East", "Asia Pacific", "australiasoutheast"},
	{"australiasoutheast", "Australia Southeast", "Asia Pacific", "australiaeast"},
	{"brazilsouth", "Brazil South", "South America", "southcentralus"},
	{"canadacentral", "Canada Central", "Canada", "canadaeast"},
	{"canadaeast", "Canada East", "Canada", "canadacentral"},
	{"centralindia", "Central India", "Asia Pacific", "southindia"},
	{"centralus", "Central US", "US", "eastus2"},
	{"eastasia", "East Asia", "Asia Pacific", "southeastasia"},
	{"eastus", "East US", "US", "westus"},
	{"eastus2", "East US 2", "US", "centralus"},
	{"francecentral", "France Central", "Europe", "francesouth"},
	{"germanywestcentral", "Germany West Central", "Europe", "germanynorth"},
	{"italynorth", "Italy North", "Europe", ""},
	{"japaneast", "Japan East", "Asia Pacific", "japanwest"},
	{"japanwest", "Japan West", "Asia Pacific", "japaneast"},
	{"koreacentral", "Korea Central", "Asia Pacific", "koreasouth"},
	{"northcentralus", "North Central US", "US", "southcentralus"},
	{"northeurope", "North Europe", "Europe", "westeurope"},
	{"norwayeast", "Norway East", "Europe", "norwaywest"},
	{"polandcentral", "Poland Central", "Europe", ""},
	{"southafricanorth", "South Africa North", "Africa", "southafricawest"},
	{"southcentralus", "South Central US", "US", "northcentralus"},
	{"southeastasia", "Southeast Asia", "Asia Pacific", "eastasia"},
	{"spaincentral", "Spain Central", "Europe", ""},
	{"swedencentral", "Sweden Central", "Europe", "swedensouth"},
	{"switzerlandnorth", "Switzerland North", "Europe", "switzerlandwest"},
	{"uaenorth", "UAE North", "Middle East", "uaecentral"},
	{"uksouth", "UK South", "Europe", "ukwest"},
	{"ukwest", "UK West", "Europe", "uksouth"},
	{"westcentralus", "West Central US", "US", "westus2"},
	{"westeurope", "West Europe", "Europe", "northeurope"},
	{"westus", "West US", "US", "eastus"},
	{"westus2", "West US 2", "US", "westcentralus"},
	{"westus3", "West US 3", "US", "eastus"},
}
