package bridge

import "github.com/crossorg/crossorg/internal/azuretypes"

// definition is one Pulumi resource type: which ARM type it is and how its SDK shape differs from the published one.
// Everything else follows from the published shape and the path.
type definition struct {
	// token is the Pulumi type without the package, such as "storage:StorageAccount".
	token string
	// arm and version are the published type and the api-version of all requests.
	arm, version string
	// path is the resource id with SDK names of inputs in braces. subscriptionId is the provider's unless the type has
	// an input of that name. See autoName for what the last parameter says of naming.
	path string

	// variant is the value of the discriminator when the SDK has a type of its own for each.
	variant string
	// nested keeps the top-level object "properties" in the SDK. Usually its members stand at the top.
	nested bool
	// readOnly are dotted ARM paths of properties that the published type lets be set and the SDK does not.
	readOnly []string
	// renames maps dotted ARM paths of properties, lists without brackets, to the SDK's names.
	renames map[string]string

	// replace are SDK paths of properties, besides those in the path, that the official provider replaces for.
	replace []string
	// singleton exists with its parent and cannot be deleted: it is put back to implicit instead.
	singleton bool
	// implicit is the SDK shape in which Azure creates the resource along with its parent.
	implicit map[string]any
	// defaults are SDK properties that are put back to a value when they are removed from the program, because Azure
	// takes their absence as no change.
	defaults map[string]any
	// lists are dotted ARM paths of lists whose elements may also be managed as resources of their own: a program that
	// leaves them out wants them kept.
	lists []string
}

const (
	group      = "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}"
	storageAcc = group + "/providers/Microsoft.Storage/storageAccounts/{accountName}"
	shareAcc   = group + "/providers/Microsoft.DataShare/accounts/{accountName}"
	share      = shareAcc + "/shares/{shareName}"
	received   = shareAcc + "/shareSubscriptions/{shareSubscriptionName}"
	vault      = group + "/providers/Microsoft.KeyVault/vaults/{vaultName}"
	cluster    = group + "/providers/Microsoft.ServiceFabric/managedClusters/{clusterName}"
	workspace  = group + "/providers/Microsoft.OperationalInsights/workspaces/{workspaceName}"
	insights   = group + "/providers/Microsoft.Insights"
	assigned   = group + "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{resourceName}"

	datashareVersion = "2021-08-01"
	identityVersion  = "2023-01-31"
	fabricVersion    = "2023-03-01-preview"
	keyvaultVersion  = "2023-02-01"
	storageVersion   = "2022-09-01"
)

// definitions is the table. Api-versions and names are azure-native 2.92.3's. What forces a replacement, beyond the
// path, is what does with that provider: its list of exceptions (provider/pkg/gen/replacement.go) and properties that
// are published with x-ms-mutability and without update. What else Azure refuses to change is the program's business.
var definitions = []definition{
	{
		token: "resources:ResourceGroup", arm: "Microsoft.Resources/resourceGroups", version: "2022-09-01",
		path: group, nested: true,
		replace: []string{"location"},
	},

	{
		token: "storage:StorageAccount", arm: "Microsoft.Storage/storageAccounts", version: storageVersion,
		path: storageAcc,
		renames: map[string]string{
			"properties.isNfsV3Enabled":                                "enableNfsV3",
			"properties.supportsHttpsTrafficOnly":                      "enableHttpsTrafficOnly",
			"properties.networkAcls":                                   "networkRuleSet",
			"properties.networkAcls.ipRules.value":                     "iPAddressOrRange",
			"properties.networkAcls.virtualNetworkRules.id":            "virtualNetworkResourceId",
			"properties.encryption.identity":                           "encryptionIdentity",
			"properties.encryption.identity.federatedIdentityClientId": "encryptionFederatedIdentityClientId",
			"properties.encryption.identity.userAssignedIdentity":      "encryptionUserAssignedIdentity",
			"properties.encryption.keyvaultproperties":                 "keyVaultProperties",
			"properties.encryption.keyvaultproperties.keyname":         "keyName",
			"properties.encryption.keyvaultproperties.keyvaulturi":     "keyVaultUri",
			"properties.encryption.keyvaultproperties.keyversion":      "keyVersion",
		},
		defaults: map[string]any{"networkRuleSet": map[string]any{
			"bypass": "AzureServices", "defaultAction": "Allow", "ipRules": []any{}, "virtualNetworkRules": []any{},
		}},
		replace: []string{"location", "isHnsEnabled"},
	},
	{
		token: "storage:BlobServiceProperties", arm: "Microsoft.Storage/storageAccounts/blobServices",
		version:   storageVersion,
		path:      storageAcc + "/blobServices/{blobServicesName}",
		singleton: true, implicit: map[string]any{},
	},
	{
		token: "storage:BlobContainer", arm: "Microsoft.Storage/storageAccounts/blobServices/containers",
		version: storageVersion,
		path:    storageAcc + "/blobServices/default/containers/{containerName}",
	},
	{
		token: "storage:BlobContainerImmutabilityPolicy", version: storageVersion,
		arm: "Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies",
		path: storageAcc +
			"/blobServices/default/containers/{containerName}/immutabilityPolicies/{immutabilityPolicyName}",
		implicit: map[string]any{"immutabilityPeriodSinceCreationInDays": 0.0},
	},
	{
		token: "storage:ManagementPolicy", arm: "Microsoft.Storage/storageAccounts/managementPolicies",
		version: storageVersion,
		path:    storageAcc + "/managementPolicies/{managementPolicyName}",
	},

	{
		token: "keyvault:Vault", arm: "Microsoft.KeyVault/vaults", version: keyvaultVersion,
		path: vault, nested: true,
		readOnly: []string{"properties.provisioningState", "properties.vaultUri"},
		lists:    []string{"properties.accessPolicies"},
	},
	{
		token: "keyvault:Secret", arm: "Microsoft.KeyVault/vaults/secrets", version: keyvaultVersion,
		path: vault + "/secrets/{secretName}", nested: true,
		renames: map[string]string{"properties.attributes.exp": "expires", "properties.attributes.nbf": "notBefore"},
	},

	{
		token: "authorization:RoleAssignment", arm: "Microsoft.Authorization/roleAssignments", version: "2022-04-01",
		path:    "/{scope}/providers/Microsoft.Authorization/roleAssignments/{roleAssignmentName}",
		replace: []string{"principalId"},
	},

	{
		token: "managedidentity:UserAssignedIdentity", arm: "Microsoft.ManagedIdentity/userAssignedIdentities",
		version: identityVersion,
		path:    assigned,
		replace: []string{"location"},
	},
	{
		token: "managedidentity:FederatedIdentityCredential", version: identityVersion,
		arm:  "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
		path: assigned + "/federatedIdentityCredentials/{federatedIdentityCredentialResourceName}",
	},

	{
		token: "datashare:Account", arm: "Microsoft.DataShare/accounts", version: datashareVersion,
		path: shareAcc,
	},
	{
		token: "datashare:Share", arm: "Microsoft.DataShare/accounts/shares", version: datashareVersion,
		path: share,
	},
	{
		token: "datashare:BlobDataSet", arm: "Microsoft.DataShare/accounts/shares/dataSets", version: datashareVersion,
		path: share + "/dataSets/{dataSetName}", variant: "Blob",
	},
	{
		token: "datashare:BlobFolderDataSet", arm: "Microsoft.DataShare/accounts/shares/dataSets",
		version: datashareVersion,
		path:    share + "/dataSets/{dataSetName}", variant: "BlobFolder",
	},
	{
		token: "datashare:BlobContainerDataSet", arm: "Microsoft.DataShare/accounts/shares/dataSets",
		version: datashareVersion,
		path:    share + "/dataSets/{dataSetName}", variant: "Container",
	},
	{
		token: "datashare:ScheduledSynchronizationSetting", version: datashareVersion,
		arm:  "Microsoft.DataShare/accounts/shares/synchronizationSettings",
		path: share + "/synchronizationSettings/{synchronizationSettingName}", variant: "ScheduleBased",
	},
	{
		token: "datashare:Invitation", arm: "Microsoft.DataShare/accounts/shares/invitations",
		version: datashareVersion,
		path:    share + "/invitations/{invitationName}",
	},
	{
		token: "datashare:ShareSubscription", arm: "Microsoft.DataShare/accounts/shareSubscriptions",
		version: datashareVersion,
		path:    received,
	},
	{
		token: "datashare:BlobDataSetMapping", arm: "Microsoft.DataShare/accounts/shareSubscriptions/dataSetMappings",
		version: datashareVersion,
		path:    received + "/dataSetMappings/{dataSetMappingName}", variant: "Blob",
	},
	{
		token: "datashare:BlobFolderDataSetMapping",
		arm:   "Microsoft.DataShare/accounts/shareSubscriptions/dataSetMappings", version: datashareVersion,
		path: received + "/dataSetMappings/{dataSetMappingName}", variant: "BlobFolder",
	},
	{
		token: "datashare:BlobContainerDataSetMapping",
		arm:   "Microsoft.DataShare/accounts/shareSubscriptions/dataSetMappings", version: datashareVersion,
		path: received + "/dataSetMappings/{dataSetMappingName}", variant: "Container",
	},
	{
		token: "datashare:ScheduledTrigger", arm: "Microsoft.DataShare/accounts/shareSubscriptions/triggers",
		version: datashareVersion,
		path:    received + "/triggers/{triggerName}", variant: "ScheduleBased",
	},

	{
		token: "servicefabric:ManagedCluster", arm: "Microsoft.ServiceFabric/managedClusters", version: fabricVersion,
		path:    cluster,
		replace: []string{"location"},
	},
	{
		token: "servicefabric:NodeType", arm: "Microsoft.ServiceFabric/managedClusters/nodeTypes",
		version: fabricVersion,
		path:    cluster + "/nodeTypes/{nodeTypeName}",
	},
	{
		token: "servicefabric:ManagedClusterApplicationType",
		arm:   "Microsoft.ServiceFabric/managedClusters/applicationTypes", version: fabricVersion,
		path: cluster + "/applicationTypes/{applicationTypeName}",
	},
	{
		token: "servicefabric:ManagedClusterApplicationTypeVersion", version: fabricVersion,
		arm:  "Microsoft.ServiceFabric/managedClusters/applicationTypes/versions",
		path: cluster + "/applicationTypes/{applicationTypeName}/versions/{version}",
	},
	{
		token: "servicefabric:ManagedClusterApplication", arm: "Microsoft.ServiceFabric/managedClusters/applications",
		version: fabricVersion,
		path:    cluster + "/applications/{applicationName}",
	},
	{
		token: "servicefabric:ManagedClusterService",
		arm:   "Microsoft.ServiceFabric/managedClusters/applications/services", version: fabricVersion,
		path: cluster + "/applications/{applicationName}/services/{serviceName}", nested: true,
	},

	{
		token: "operationalinsights:Workspace", arm: "Microsoft.OperationalInsights/workspaces", version: "2022-10-01",
		path:    workspace,
		replace: []string{"location"},
	},
	{
		token: "operationalinsights:SavedSearch", arm: "Microsoft.OperationalInsights/workspaces/savedSearches",
		version: "2020-08-01",
		path:    workspace + "/savedSearches/{savedSearchId}",
	},

	{
		token: "insights:DiagnosticSetting", arm: "Microsoft.Insights/diagnosticSettings",
		version: "2021-05-01-preview",
		path:    "/{resourceUri}/providers/Microsoft.Insights/diagnosticSettings/{name}",
	},
	{
		token: "insights:ActionGroup", arm: "Microsoft.Insights/actionGroups", version: "2023-01-01",
		path:    insights + "/actionGroups/{actionGroupName}",
		replace: []string{"location"},
	},
	{
		token: "insights:ScheduledQueryRule", arm: "Microsoft.Insights/scheduledQueryRules",
		version: "2023-03-15-preview",
		path:    insights + "/scheduledQueryRules/{ruleName}",
		replace: []string{"location"},
	},
	{
		token: "insights:ActivityLogAlert", arm: "Microsoft.Insights/activityLogAlerts", version: "2020-10-01",
		path:    insights + "/activityLogAlerts/{activityLogAlertName}",
		replace: []string{"location"},
	},
	{
		token: "insights:Workbook", arm: "Microsoft.Insights/workbooks", version: "2022-04-01",
		path:    insights + "/workbooks/{resourceName}",
		replace: []string{"location"},
	},
}

// blobToken is the one resource without an ARM type: a blob, made through the data plane.
const blobToken = "storage:Blob"

// blobShape is what the official provider's custom resource takes. It has no published type.
var blobShape = &azuretypes.Shape{Kind: azuretypes.Object, Props: map[string]*azuretypes.Property{
	"accessTier":  {Shape: &azuretypes.Shape{Kind: azuretypes.String, Enum: []string{"Hot", "Cool", "Archive"}}},
	"contentMd5":  {Shape: &azuretypes.Shape{Kind: azuretypes.String}},
	"contentType": {Shape: &azuretypes.Shape{Kind: azuretypes.String}},
	"metadata":    {Shape: &azuretypes.Shape{Kind: azuretypes.Map, Items: &azuretypes.Shape{Kind: azuretypes.String}}},
	"source":      {Shape: &azuretypes.Shape{Kind: azuretypes.Any}, WriteOnly: true},
	"type": {Shape: &azuretypes.Shape{Kind: azuretypes.String, Enum: []string{"Block", "Append"}},
		Required: true},
	"url": {Shape: &azuretypes.Shape{Kind: azuretypes.String}, ReadOnly: true},
}}

// blobDefinition gives the blob its id. The path is no ARM resource, but the official provider's notion of one.
var blobDefinition = definition{
	token:   blobToken,
	path:    storageAcc + "/blobServices/default/containers/{containerName}/blobs/{blobName}",
	replace: []string{"contentMd5", "source", "type"},
}
