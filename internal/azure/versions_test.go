package azure

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/armtest"
	"github.com/crossorg/crossorg/internal/azuretypes"
)

func TestEveryTypeTellsItsVersions(t *testing.T) {
	a := wholeAPI(t)
	for _, provider := range a.Contoso.Get("/subscriptions/" + armtest.Subscription + "/providers").OK().Value() {
		for _, resourceType := range provider["resourceTypes"].([]any) {
			versions := resourceType.(map[string]any)["apiVersions"]
			assert.NotEmpty(t, versions, "%s: %v", provider["namespace"], resourceType)
		}
	}
	refused := a.Contoso.Get(armtest.Group+"/providers/Microsoft.KeyVault/vaults/v?api-version=1999-01-01").
		Refused(http.StatusBadRequest, "NoRegisteredProviderFound")
	assert.Contains(t, refused.Message(), "2022-07-01")
}

// resource is a resource to be written in every version that its type has. Properties that a version does not have are
// left out of the body.
type resource struct{ path, body string }

// whole are resources of all types that stand on their own or on one before them.
func whole(a *armtest.Azure) []resource {
	const at, storage = armtest.Group + "/providers/", "Microsoft.Storage/storageAccounts/versions"
	const cluster, account = "Microsoft.ServiceFabric/managedClusters/versions", "Microsoft.DataShare/accounts/versions"
	const workspace = "Microsoft.OperationalInsights/workspaces/versions"
	identity := a.Principal(armtest.Tenant, "versions").ObjectID
	return []resource{
		{"/subscriptions/" + armtest.Subscription + "/resourceGroups/versions", `{"location":"eastus"}`},
		{at + storage, `{"location":"eastus","sku":{"name":"Standard_LRS"},"kind":"BlobStorage","properties":{
			"accessTier":"Hot","minimumTlsVersion":"TLS1_2","allowBlobPublicAccess":false}}`},
		{at + storage + "/blobServices/default", `{"properties":{"deleteRetentionPolicy":{"enabled":true,"days":7}}}`},
		{at + storage + "/blobServices/default/containers/versions", `{"properties":{"publicAccess":"None"}}`},
		{at + storage + "/managementPolicies/default", `{"properties":{"policy":{"rules":[{"name":"r",
			"type":"Lifecycle","definition":{"filters":{"blobTypes":["blockBlob"]},
			"actions":{"baseBlob":{"delete":{"daysAfterModificationGreaterThan":30}}}}}]}}}`},
		{at + "Microsoft.KeyVault/vaults/versions-vault", `{"location":"eastus","properties":{"accessPolicies":[],
			"tenantId":"` + armtest.Tenant + `","sku":{"family":"A","name":"standard"},
			"enableRbacAuthorization":true}}`},
		{at + "Microsoft.KeyVault/vaults/versions-vault/secrets/s", `{"properties":{"value":"x"}}`},
		{at + "Microsoft.ManagedIdentity/userAssignedIdentities/versions", `{"location":"eastus"}`},
		{at + "Microsoft.ManagedIdentity/userAssignedIdentities/versions/federatedIdentityCredentials/fed",
			`{"properties":{"issuer":"https://127.0.0.1","subject":"s","audiences":["a"]}}`},
		{at + workspace, `{"location":"eastus","properties":{"sku":{"name":"PerGB2018"},"retentionInDays":30}}`},
		{at + workspace + "/savedSearches/s", `{"properties":{"category":"c","displayName":"d","query":"Heartbeat"}}`},
		{at + "Microsoft.Insights/actionGroups/versions", `{"location":"global","properties":{"groupShortName":"v",
			"enabled":true,"emailReceivers":[{"name":"a","emailAddress":"a@example.org","status":"Enabled"}]}}`},
		{at + "Microsoft.Insights/workbooks/6f9619ff-8b86-4d01-b42d-00cf4fc964ff", `{"location":"eastus",
			"kind":"shared","properties":{"category":"workbook","displayName":"v",
			"serializedData":"{\"version\":\"Notebook/1.0\"}"}}`},
		{at + account, `{"location":"eastus","identity":{"type":"SystemAssigned"},"properties":{}}`},
		{at + account + "/shares/s", `{"properties":{"shareKind":"CopyBased"}}`},
		{at + "Microsoft.Authorization/locks/versions", `{"properties":{"level":"CanNotDelete"}}`},
		{at + "Microsoft.Authorization/roleAssignments/6f9619ff-8b86-4d01-b42d-00cf4fc964ff", `{"properties":{
			"principalId":"` + identity + `","roleDefinitionId":"/providers/Microsoft.Authorization/roleDefinitions/` +
			`acdd72a7-3385-48ef-bd42-f606fba81ae7"}}`},
		{at + cluster, `{"location":"eastus","sku":{"name":"Standard"},"properties":{"dnsName":"versions",
			"adminUserName":"ada","adminPassword":"Correct-horse-7","sku":{"name":"Standard"}}}`},
		{at + cluster + "/nodeTypes/n", `{"properties":{"isPrimary":true,"vmInstanceCount":5,"vmSize":"Standard_D2s_v3",
			"dataDiskSizeGB":100,"vmImagePublisher":"MicrosoftWindowsServer","vmImageOffer":"WindowsServer",
			"vmImageSku":"2019-Datacenter","vmImageVersion":"latest"}}`},
		{at + cluster + "/applicationTypes/t", `{"location":"eastus"}`},
	}
}

// Every type is written in all of its versions, one after another, and read: what is shown has the version's properties
// and no others.
func TestEveryVersionIsServed(t *testing.T) {
	a := wholeAPI(t)
	for _, r := range whole(a) {
		id, err := arm.ParseID(r.path)
		require.NoError(t, err)
		versions := azuretypes.APIVersions(id.Type())
		require.NotEmpty(t, versions, r.path)
		for _, version := range versions {
			published, ok := azuretypes.Lookup(id.Type(), version)
			require.True(t, ok)
			var body map[string]any
			require.NoError(t, json.Unmarshal([]byte(r.body), &body))
			at := r.path + "?api-version=" + version
			header := []string{}
			if known := a.Contoso.Get(at); known.Status == http.StatusOK && known.Body["etag"] != nil {
				header = []string{"If-Match", fmt.Sprint(known.Body["etag"])}
			}
			put := a.Contoso.Do(http.MethodPut, at, published.Published(body), header...).Wait()
			if !assert.Less(t, put.Status, 300, "%s: %v", at, put.Body) || !assert.Empty(t, put.Code(), at) {
				continue
			}
			shown := a.Contoso.Get(at).OK().Body
			assert.Equal(t, published.Published(shown), shown, at)
			assert.Equal(t, id.Name(), shown["name"], at)
		}
	}
}
