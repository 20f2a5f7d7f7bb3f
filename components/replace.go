package components

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// everything stands for all properties of a resource that Azure has no update for. It covers creations that failed
// half-way as well: Azure refuses to write over what they left.
const everything = "*"

// creation is what Azure fixes when it creates a resource.
type creation struct {
	// fixed are the paths of properties, or everything.
	fixed []string
	// oneAtATime is for resources with given names: the old one has to go before the new one can be made.
	oneAtATime bool
}

// creations lists what Azure fixes at creation, for every type that the components register. The azure-native provider
// replaces a resource when a part of its id changes, when the published type says that a property cannot be updated
// (x-ms-mutability), and for a short list of its own (provider/pkg/gen/replacement.go); for everything else it writes
// over what is there. What is listed here Azure would refuse then.
var creations = map[string]creation{
	// The provider's own list has the locations of groups and storage accounts.
	"resources:ResourceGroup":       {},
	"storage:StorageAccount":        {},
	"storage:BlobServiceProperties": {},
	"storage:BlobContainer":         {},
	"storage:Blob":                  {},
	"storage:ManagementPolicy":      {},

	// Azure moves no resource to another region by writing it: InvalidResourceLocation
	// (learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors).
	"keyvault:Vault":                {fixed: []string{"location"}},
	"datashare:Account":             {fixed: []string{"location"}},
	"operationalinsights:Workspace": {fixed: []string{"location"}},
	"insights:ActionGroup":          {fixed: []string{"location"}},
	"insights:Workbook":             {fixed: []string{"location"}},
	"insights:DiagnosticSetting":    {},

	// Of a role assignment only description and condition can be changed
	// (learn.microsoft.com/cli/azure/role/assignment#az-role-assignment-update).
	"authorization:RoleAssignment": {fixed: []string{
		"roleDefinitionId", "principalId", "principalType", "scope", "delegatedManagedIdentityResourceId"}},

	// A share keeps its kind; description and terms can be changed (the kind is ForceNew in azurerm's
	// azurerm_data_share).
	"datashare:Share": {fixed: []string{"shareKind"}, oneAtATime: true},
	// Azure Data Share has no update for what is within a share: a second PUT is a conflict
	// (github.com/Azure/azure-quickstart-templates/issues/11780, learn.microsoft.com/rest/api/datashare).
	"datashare:BlobDataSet":                     {fixed: []string{everything}, oneAtATime: true},
	"datashare:BlobFolderDataSet":               {fixed: []string{everything}, oneAtATime: true},
	"datashare:BlobContainerDataSet":            {fixed: []string{everything}, oneAtATime: true},
	"datashare:BlobDataSetMapping":              {fixed: []string{everything}, oneAtATime: true},
	"datashare:BlobFolderDataSetMapping":        {fixed: []string{everything}, oneAtATime: true},
	"datashare:BlobContainerDataSetMapping":     {fixed: []string{everything}, oneAtATime: true},
	"datashare:ScheduledSynchronizationSetting": {fixed: []string{everything}, oneAtATime: true},
	"datashare:Invitation":                      {fixed: []string{everything}, oneAtATime: true},
	// A subscription that may have been made is looked for and not replaced: its invitation can be accepted only once.
	"datashare:ShareSubscription": {fixed: []string{
		"invitationId", "sourceShareLocation", "expirationDate"}, oneAtATime: true},
	// A running trigger does not follow another schedule: it is disabled and enabled again
	// (learn.microsoft.com/azure/data-share/how-to-add-recipients).
	"datashare:ScheduledTrigger": {fixed: []string{everything}, oneAtATime: true},

	// Azure changes neither SKU (azurerm_service_fabric_managed_cluster) nor DNS name and administrator. Two clusters
	// cannot have the same domain name.
	"servicefabric:ManagedCluster": {fixed: []string{
		"location", "sku", "dnsName", "adminUserName"}, oneAtATime: true},
	// The last primary node type cannot be deleted, so what is fixed of it makes another cluster: see fixedOfNodes.
	"servicefabric:NodeType": {},
	// Services keep their type and partitions
	// (learn.microsoft.com/dotnet/api/system.fabric.description.serviceupdatedescription).
	"servicefabric:ManagedClusterService": {fixed: []string{"location", "properties.serviceKind",
		"properties.serviceTypeName", "properties.partitionDescription"}, oneAtATime: true},
	"servicefabric:ManagedClusterApplication":            {fixed: []string{"location"}, oneAtATime: true},
	"servicefabric:ManagedClusterApplicationType":        {fixed: []string{"location"}, oneAtATime: true},
	"servicefabric:ManagedClusterApplicationTypeVersion": {fixed: []string{"location"}, oneAtATime: true},

	// Writing over a saved search needs its etag (github.com/MicrosoftDocs/azure-docs/issues/49275), which the SDK does
	// not have.
	"operationalinsights:SavedSearch": {fixed: []string{everything}, oneAtATime: true},
	// A rule keeps its scope (github.com/pulumi/pulumi-azure-native/issues/4839) and kind.
	"insights:ScheduledQueryRule": {fixed: []string{"location", "kind", "scopes"}},
	"insights:MetricAlert":        {fixed: []string{"location", "scopes"}},
	"insights:ActivityLogAlert":   {fixed: []string{"location", "scopes"}},
}

// replaced is the options of a resource of a type, such as "datashare:Share": what Azure fixes at creation makes a new
// resource.
func replaced(kind string) pulumi.ResourceOption {
	c := creations[kind]
	var opts []pulumi.ResourceOption
	if len(c.fixed) > 0 {
		opts = append(opts, pulumi.ReplaceOnChanges(c.fixed))
	}
	if c.oneAtATime {
		opts = append(opts, pulumi.DeleteBeforeReplace(true))
	}
	return pulumi.Composite(opts...)
}

// anyOf lets a resource go on as one of another type that has the same name in Azure. A data set of another kind is a
// resource of another type, and without this the new one would be made while the old one is still there.
func anyOf(kinds ...string) pulumi.ResourceOption {
	all := make([]pulumi.Alias, len(kinds))
	for i, kind := range kinds {
		all[i] = pulumi.Alias{Type: pulumi.String(azureNative + ":" + kind)}
	}
	return pulumi.Aliases(all)
}
