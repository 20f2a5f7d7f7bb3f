package azuretypes_test

import (
	"encoding/json"
	"testing"

	"github.com/crossorg/crossorg/internal/azuretypes"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// body decodes JSON as an HTTP server would.
func body(t *testing.T, text string) map[string]any {
	t.Helper()
	var b map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &b))
	return b
}

func lookup(t *testing.T, resourceType, version string) *azuretypes.Resource {
	t.Helper()
	r, ok := azuretypes.Lookup(resourceType, version)
	require.True(t, ok, "%s@%s is not published", resourceType, version)
	return r
}

const (
	storageAccount = `{"location":"eastus","kind":"StorageV2","sku":{"name":"Standard_LRS"},
		"tags":{"purpose":"sharing"},
		"properties":{"accessTier":"Hot","supportsHttpsTrafficOnly":true,"minimumTlsVersion":"TLS1_2",
		"allowBlobPublicAccess":false,
		"networkAcls":{"bypass":"AzureServices","defaultAction":"Allow"},
		"encryption":{"keySource":"Microsoft.Storage","services":{"blob":{"enabled":true,"keyType":"Account"}}}}}`
	blobService = `{"properties":{"isVersioningEnabled":true,"deleteRetentionPolicy":{"enabled":true,"days":30},
		"containerDeleteRetentionPolicy":{"enabled":true,"days":7},"changeFeed":{"enabled":true,"retentionInDays":90}}}`
	container        = `{"properties":{"publicAccess":"None","metadata":{"owner":"contoso"}}}`
	immutability     = `{"properties":{"immutabilityPeriodSinceCreationInDays":30,"allowProtectedAppendWrites":true}}`
	managementPolicy = `{"properties":{"policy":{"rules":[{"name":"age","type":"Lifecycle","enabled":true,"definition":{
		"filters":{"blobTypes":["blockBlob"],"prefixMatch":["shared-datasets/"]},
		"actions":{"baseBlob":{"tierToCool":{"daysAfterModificationGreaterThan":30},
		"delete":{"daysAfterModificationGreaterThan":365.0}},
		"version":{"delete":{"daysAfterCreationGreaterThan":90}}}}}]}}}`
	vault = `{"location":"eastus","tags":{},"properties":{"tenantId":"11111111-2222-3333-4444-555555555555",
		"sku":{"family":"A","name":"standard"},
		"enabledForDeployment":true,"enabledForTemplateDeployment":true,"enableRbacAuthorization":true,
		"enableSoftDelete":true,
		"softDeleteRetentionInDays":90,"networkAcls":{"bypass":"AzureServices","defaultAction":"Allow"}}}`
	secret = `{"tags":{"a":"b"},"properties":{"value":"s3cret","contentType":"text/plain",
		"attributes":{"enabled":true,"exp":1767225600}}}`
	managedIdentity = `{"location":"eastus","tags":{"purpose":"services"}}`
	federated       = `{"properties":{"issuer":"https://issuer.example","subject":"a",
		"audiences":["api://AzureADTokenExchange"]}}`
	dataShareAccount = `{"location":"eastus","identity":{"type":"SystemAssigned"},"tags":{"purpose":"sharing"}}`
	share            = `{"properties":{"shareKind":"CopyBased","description":"Quarterly figures",
		"terms":"Internal use"}}`
	blobDataSet = `{"kind":"Blob","properties":{"containerName":"shared","filePath":"a.csv","resourceGroup":"rg",
		"storageAccountName":"contoso",
		"subscriptionId":"11111111-2222-3333-4444-555555555555"}}`
	invitation = `{"properties":{"targetActiveDirectoryId":"t","targetObjectId":"o",
		"expirationDate":"2027-01-01T00:00:00Z"}}`
	setting = `{"kind":"ScheduleBased","properties":{"recurrenceInterval":"Day",
		"synchronizationTime":"2026-01-01T00:00:00Z"}}`
	subscription = `{"properties":{"invitationId":"11111111-2222-3333-4444-555555555555",
		"sourceShareLocation":"eastus"}}`
	blobMapping = `{"kind":"BlobFolder","properties":{"containerName":"landing","dataSetId":"d","prefix":"in",
		"resourceGroup":"rg","storageAccountName":"fabrikam","subscriptionId":"s"}}`
	trigger = `{"kind":"ScheduleBased","properties":{"recurrenceInterval":"Hour",
		"synchronizationMode":"Incremental","synchronizationTime":"2026-01-01T00:00:00Z"}}`
	cluster = `{"location":"eastus","sku":{"name":"Standard"},"tags":{"environment":"dev"},
		"properties":{"dnsName":"contoso","adminUserName":"operator",
		"adminPassword":"N0t-a-real-one","clientConnectionPort":19000,"httpGatewayConnectionPort":19080,
		"clusterUpgradeMode":"Automatic",
		"addonFeatures":["DnsService"],"clients":[{"isAdmin":true,"commonName":"admin.contoso.com",
		"issuerThumbprint":"00"}],
		"fabricSettings":[{"name":"Security","parameters":[{"name":"X","value":"1"}]}],
		"loadBalancingRules":[{"frontendPort":443,"backendPort":443,"protocol":"tcp","probeProtocol":"https",
		"probeRequestPath":"/"}],
		"networkSecurityRules":[{"name":"ops","access":"allow","direction":"inbound","protocol":"tcp","priority":1000,
		"sourceAddressPrefix":"203.0.113.0/24",
		"sourcePortRange":"*","destinationAddressPrefix":"*","destinationPortRange":"19080"}]}}`
	nodeType = `{"sku":{"name":"Standard_P1","tier":"Standard","capacity":5},"properties":{"isPrimary":true,
		"vmInstanceCount":5,"vmSize":"Standard_D2s_v3",
		"vmImagePublisher":"MicrosoftWindowsServer","vmImageOffer":"WindowsServer","vmImageSku":"2019-Datacenter",
		"vmImageVersion":"latest",
		"dataDiskSizeGB":128,"dataDiskType":"StandardSSD_LRS","dataDiskLetter":"S",
		"applicationPorts":{"startPort":20000,"endPort":30000},
		"vmSecrets":[{"sourceVault":{"id":"/v"},"vaultCertificates":[{"certificateStore":"My","certificateUrl":"https://v"}]}],
		"vmExtensions":[{"name":"monitor","properties":{"publisher":"Contoso","type":"Agent","typeHandlerVersion":"1.0",
		"settings":{"a":1},"protectedSettings":{"key":"k"}}}]}}`
	application = `{"location":"eastus","properties":{"version":"/v","parameters":{"Instances":"2"},
		"upgradePolicy":{"upgradeMode":"Monitored","forceRestart":false,
		"instanceCloseDelayDuration":60,"applicationHealthPolicy":{"considerWarningAsError":true,
		"maxPercentUnhealthyDeployedApplications":0},
		"rollingUpgradeMonitoringPolicy":{"failureAction":"Rollback","healthCheckWaitDuration":"00:01:00",
		"healthCheckStableDuration":"00:02:00",
		"healthCheckRetryTimeout":"00:10:00","upgradeTimeout":"01:00:00","upgradeDomainTimeout":"00:20:00"}}}}`
	service = `{"location":"eastus","properties":{"serviceKind":"Stateless","serviceTypeName":"AuditType",
		"instanceCount":-1,
		"partitionDescription":{"partitionScheme":"Singleton"},
		"servicePlacementPolicies":[{"type":"NonPartiallyPlaceService"}],
		"scalingPolicies":[{"scalingMechanism":{"kind":"ScalePartitionInstanceCount","minInstanceCount":1,
		"maxInstanceCount":3,"scaleIncrement":1},
		"scalingTrigger":{"kind":"AverageServiceLoadTrigger","metricName":"cpu","lowerLoadThreshold":0.5,
		"upperLoadThreshold":1,"scaleInterval":"00:01:00","useOnlyPrimaryLoad":false}}]}}`
	workspace = `{"location":"eastus","tags":{},"properties":{"sku":{"name":"PerGB2018"},"retentionInDays":30,
		"workspaceCapping":{"dailyQuotaGb":0.5},"features":{"enableLogAccessUsingOnlyResourcePermissions":true,
		"somethingNewer":1}}}`
	search = `{"properties":{"category":"Sharing","displayName":"Failed","query":"T | take 1","version":2,
		"tags":[{"name":"Group","value":"crossorg"}]}}`
	diagnostic = `{"properties":{"workspaceId":"/w","logAnalyticsDestinationType":"Dedicated",
		"logs":[{"categoryGroup":"audit","enabled":true},{"category":"Shares","enabled":true}],
		"metrics":[{"category":"AllMetrics","enabled":false,"retentionPolicy":{"enabled":false,"days":0}}]}}`
	actionGroup = `{"location":"Global","properties":{"enabled":true,"groupShortName":"crossorg",
		"emailReceivers":[{"name":"ops","emailAddress":"ops@contoso.com","useCommonAlertSchema":true}]}}`
	queryRule = `{"location":"eastus","kind":"LogAlert","properties":{"severity":1,"enabled":true,"scopes":["/w"],
		"evaluationFrequency":"PT5M","windowSize":"PT15M",
		"criteria":{"allOf":[{"query":"T","timeAggregation":"Count","operator":"GreaterThan","threshold":0,
		"dimensions":[{"name":"d","operator":"Include","values":["*"]}],
		"failingPeriods":{"numberOfEvaluationPeriods":1,"minFailingPeriodsToAlert":1}}]},
		"actions":{"actionGroups":["/a"],"customProperties":{"k":"v"}},"autoMitigate":true}}`
	workbook = `{"location":"eastus","kind":"shared","properties":{"displayName":"Governance",
		"category":"workbook","sourceId":"/w","serializedData":"{}"}}`
	roleAssignment = `{"properties":{"roleDefinitionId":"/r","principalId":"p","principalType":"ServicePrincipal"}}`
	roleDefinition = `{"properties":{"roleName":"Reader of shares","type":"CustomRole","assignableScopes":["/s"],
		"permissions":[{"actions":["*/read"],"notActions":[]}]}}`
	lock          = `{"properties":{"level":"CanNotDelete","notes":"holds data"}}`
	resourceGroup = `{"location":"eastus","tags":{"environment":"dev"}}`
	bare          = `{"location":"eastus","tags":{}}`
	typeVersion   = `{"location":"eastus","properties":{"appPackageUrl":"https://contoso.blob.core.windows.net/p/a.sfpkg?sv=1&sig=abc"}}`
)

// accepted has a body as a client would send it for every type crossorg uses, under every api-version it is used with.
var accepted = []struct{ resourceType, version, body string }{
	{"Microsoft.Resources/resourceGroups", "2022-09-01", resourceGroup},
	{"Microsoft.Resources/resourceGroups", "2021-04-01", resourceGroup},
	{"Microsoft.Storage/storageAccounts", "2022-09-01", storageAccount},
	{"Microsoft.Storage/storageAccounts", "2024-01-01", storageAccount},
	{"Microsoft.Storage/storageAccounts/blobServices", "2022-09-01", blobService},
	{"Microsoft.Storage/storageAccounts/blobServices", "2024-01-01", blobService},
	{"Microsoft.Storage/storageAccounts/blobServices/containers", "2022-09-01", container},
	{"Microsoft.Storage/storageAccounts/blobServices/containers", "2024-01-01", container},
	{"Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies", "2022-09-01", immutability},
	{"Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies", "2024-01-01", immutability},
	{"Microsoft.Storage/storageAccounts/managementPolicies", "2022-09-01", managementPolicy},
	{"Microsoft.Storage/storageAccounts/managementPolicies", "2024-01-01", managementPolicy},
	{"Microsoft.KeyVault/vaults", "2023-02-01", vault},
	{"Microsoft.KeyVault/vaults", "2023-07-01", vault},
	{"Microsoft.KeyVault/vaults/secrets", "2023-02-01", secret},
	{"Microsoft.KeyVault/vaults/secrets", "2023-07-01", secret},
	{"Microsoft.ManagedIdentity/userAssignedIdentities", "2023-01-31", managedIdentity},
	{"Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials", "2023-01-31", federated},
	{"Microsoft.DataShare/accounts", "2021-08-01", dataShareAccount},
	{"Microsoft.DataShare/accounts", "2020-09-01", dataShareAccount},
	{"Microsoft.DataShare/accounts/shares", "2021-08-01", share},
	{"Microsoft.DataShare/accounts/shares", "2020-09-01", share},
	{"Microsoft.DataShare/accounts/shares/dataSets", "2021-08-01", blobDataSet},
	{"Microsoft.DataShare/accounts/shares/dataSets", "2020-09-01", blobDataSet},
	{"Microsoft.DataShare/accounts/shares/invitations", "2021-08-01", invitation},
	{"Microsoft.DataShare/accounts/shares/invitations", "2020-09-01", invitation},
	{"Microsoft.DataShare/accounts/shares/synchronizationSettings", "2021-08-01", setting},
	{"Microsoft.DataShare/accounts/shares/synchronizationSettings", "2020-09-01", setting},
	{"Microsoft.DataShare/accounts/shareSubscriptions", "2021-08-01", subscription},
	{"Microsoft.DataShare/accounts/shareSubscriptions", "2020-09-01", subscription},
	{"Microsoft.DataShare/accounts/shareSubscriptions/dataSetMappings", "2021-08-01", blobMapping},
	{"Microsoft.DataShare/accounts/shareSubscriptions/dataSetMappings", "2020-09-01", blobMapping},
	{"Microsoft.DataShare/accounts/shareSubscriptions/triggers", "2021-08-01", trigger},
	{"Microsoft.DataShare/accounts/shareSubscriptions/triggers", "2020-09-01", trigger},
	{"Microsoft.ServiceFabric/managedClusters", "2023-03-01-preview", cluster},
	{"Microsoft.ServiceFabric/managedClusters/nodeTypes", "2023-03-01-preview", nodeType},
	{"Microsoft.ServiceFabric/managedClusters/applicationTypes", "2023-03-01-preview", bare},
	{"Microsoft.ServiceFabric/managedClusters/applicationTypes/versions", "2023-03-01-preview", typeVersion},
	{"Microsoft.ServiceFabric/managedClusters/applications", "2023-03-01-preview", application},
	{"Microsoft.ServiceFabric/managedClusters/applications/services", "2023-03-01-preview", service},
	{"Microsoft.OperationalInsights/workspaces", "2022-10-01", workspace},
	{"Microsoft.OperationalInsights/workspaces", "2021-06-01", workspace},
	{"Microsoft.OperationalInsights/workspaces", "2020-08-01", workspace},
	{"Microsoft.OperationalInsights/workspaces/savedSearches", "2020-08-01", search},
	{"Microsoft.Insights/diagnosticSettings", "2021-05-01-preview", diagnostic},
	{"Microsoft.Insights/actionGroups", "2023-01-01", actionGroup},
	{"Microsoft.Insights/scheduledQueryRules", "2023-03-15-preview", queryRule},
	{"Microsoft.Insights/scheduledQueryRules", "2022-08-01-preview", queryRule},
	{"Microsoft.Insights/workbooks", "2022-04-01", workbook},
	{"Microsoft.Authorization/roleAssignments", "2022-04-01", roleAssignment},
	{"Microsoft.Authorization/roleDefinitions", "2022-04-01", roleDefinition},
	{"Microsoft.Authorization/roleDefinitions", "2022-05-01-preview", roleDefinition},
	{"Microsoft.Authorization/locks", "2020-05-01", lock},
}

func TestValidateWriteAccepts(t *testing.T) {
	covered := map[string]bool{}
	for _, test := range accepted {
		covered[test.resourceType+"@"+test.version] = true
		t.Run(test.resourceType+"@"+test.version, func(t *testing.T) {
			assert.Empty(t, lookup(t, test.resourceType, test.version).ValidateWrite(body(t, test.body)))
		})
	}
	t.Run("Ensure no published resource is left out of this test", func(t *testing.T) {
		for _, r := range azuretypes.All() {
			assert.True(t, covered[r.Type+"@"+r.APIVersion], "%s@%s has no accepted body", r.Type, r.APIVersion)
		}
	})
}

func TestValidateWriteTolerates(t *testing.T) {
	account := lookup(t, "Microsoft.Storage/storageAccounts", "2022-09-01")

	t.Run("Ensure a resource can be sent back as it was read", func(t *testing.T) {
		b := body(t, storageAccount)
		b["id"], b["name"], b["type"], b["etag"] = "/x", "contoso", account.Type, "W/1"
		b["apiVersion"], b["systemData"] = "2022-09-01", map[string]any{"createdBy": "someone"}
		b["properties"].(map[string]any)["primaryEndpoints"] = map[string]any{"blob": "https://contoso", "unheardOf": 1}
		b["properties"].(map[string]any)["creationTime"] = "2026-01-01T00:00:00Z"
		assert.Empty(t, account.ValidateWrite(b))
	})
	t.Run("Ensure null counts as absent", func(t *testing.T) {
		b := body(t, storageAccount)
		b["identity"] = nil
		b["properties"].(map[string]any)["accessTier"] = nil
		assert.Empty(t, account.ValidateWrite(b))

		b["location"] = nil
		assert.Equal(t, []azuretypes.Violation{{Path: "location", Code: azuretypes.MissingProperty,
			Detail: "is required"}}, account.ValidateWrite(b))
	})
	t.Run("Ensure enumerations are compared without regard to case", func(t *testing.T) {
		b := body(t, storageAccount)
		b["kind"] = "storagev2"
		assert.Empty(t, account.ValidateWrite(b))
		set := body(t, blobDataSet)
		set["kind"] = "blob"
		assert.Empty(t, lookup(t, "Microsoft.DataShare/accounts/shares/dataSets", "2021-08-01").ValidateWrite(set))
	})
	t.Run("Ensure every form of a whole number passes for an integer", func(t *testing.T) {
		service := lookup(t, "Microsoft.Storage/storageAccounts/blobServices", "2022-09-01")
		for _, days := range []any{30.0, json.Number("30"), 30, int64(30)} {
			b := map[string]any{"properties": map[string]any{"deleteRetentionPolicy": map[string]any{"days": days}}}
			assert.Empty(t, service.ValidateWrite(b), "%T", days)
		}
	})
}

func TestValidatePatch(t *testing.T) {
	account := lookup(t, "Microsoft.Storage/storageAccounts", "2022-09-01")
	t.Run("Ensure nothing is required", func(t *testing.T) {
		assert.Empty(t, account.ValidatePatch(body(t, `{"tags":{"a":"b"}}`)))
		assert.Empty(t, account.ValidatePatch(body(t, `{"properties":{"networkAcls":{"bypass":"None"}}}`)))
	})
	t.Run("Ensure what is there has to be right", func(t *testing.T) {
		found := account.ValidatePatch(body(t, `{"tag":{"a":"b"},"properties":{"accessTier":"Tepid"}}`))
		require.Len(t, found, 2)
		assert.Equal(t, azuretypes.NotInEnum, found[0].Code)
		assert.Equal(t, azuretypes.UnknownProperty, found[1].Code)
	})
	t.Run("Ensure a variant need not be named again, but is honoured when it is", func(t *testing.T) {
		set := lookup(t, "Microsoft.DataShare/accounts/shares/dataSets", "2021-08-01")
		assert.Empty(t, set.ValidatePatch(map[string]any{}))
		assert.NotEmpty(t, set.ValidatePatch(body(t, `{"kind":"Blob","properties":{"prefix":"x"}}`)))
	})
}
