package storage_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/storage/armstorage"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/armtest"
	"github.com/crossorg/crossorg/internal/azure/roles"
)

func TestAnAccountHasWhatAzureComputes(t *testing.T) {
	c := newCloud(t)
	a := c.create("contosodata", object{"allowBlobPublicAccess": false, "minimumTlsVersion": "TLS1_2"})
	p := a["properties"].(object)
	assert.Equal(t, "Succeeded", p["provisioningState"])
	assert.Equal(t, c.blobs.URL+"/contosodata/", at(p, "primaryEndpoints", "blob"))
	assert.Equal(t, "eastus", p["primaryLocation"])
	assert.Equal(t, "available", p["statusOfPrimary"])
	assert.Equal(t, "TLS1_2", p["minimumTlsVersion"])
	assert.Equal(t, true, p["supportsHttpsTrafficOnly"])
	assert.Equal(t, "Hot", p["accessTier"])
	assert.Equal(t, "Allow", at(p, "networkAcls", "defaultAction"))
	assert.Equal(t, "AzureServices", at(p, "networkAcls", "bypass"))
	assert.Equal(t, true, at(p, "encryption", "services", "blob", "enabled"))
	assert.Equal(t, "Microsoft.Storage", at(p, "encryption", "keySource"))
	assert.NotEmpty(t, p["creationTime"])
	assert.NotEmpty(t, at(p, "keyCreationTime", "key1"))
	assert.Equal(t, "Standard", at(a, "sku", "tier"))
	assert.Nil(t, p["secondaryLocation"])
	status, again := c.do("GET", accounts+"contosodata", nil)
	assert.Equal(t, 200, status)
	assert.Equal(t, a, again)
	_, same := c.do("PUT", accounts+"contosodata",
		account(object{"allowBlobPublicAccess": false, "minimumTlsVersion": "TLS1_2"}))
	assert.Equal(t, a["properties"], same["properties"], "an equal PUT changes nothing")
	raw, err := json.Marshal(a)
	require.NoError(t, err)
	_, keys := c.do("POST", accounts+"contosodata/listKeys", nil)
	assert.NotContains(t, string(raw), keys["keys"].([]any)[0].(object)["value"])
}

func TestAGeoRedundantAccountHasASecondary(t *testing.T) {
	c := newCloud(t)
	body := account(nil)
	body["sku"] = object{"name": "Standard_RAGRS"}
	_, a := c.do("PUT", accounts+"contosogeo", body)
	assert.Equal(t, "westus", at(a, "properties", "secondaryLocation"))
	assert.Equal(t, c.blobs.URL+"/contosogeo-secondary/", at(a, "properties", "secondaryEndpoints", "blob"))
}

func TestAccountNamesAreCheckedAndUniqueOverAllTenants(t *testing.T) {
	c := newCloud(t)
	c.refused(400, "AccountNameInvalid", "PUT", accounts+"Contoso-Data", account(nil))
	c.refused(400, "AccountNameInvalid", "PUT", accounts+"ab", account(nil))
	c.create("contosodata", nil)
	theirs := strings.Replace(accounts, armtest.Subscription, armtest.OtherSubscription, 1) + "contosodata"
	status, out := c.as(c.Fabrikam.Caller, "PUT", theirs, account(nil))
	assert.Equal(t, 409, status)
	assert.Equal(t, "StorageAccountAlreadyTaken", at(out, "error", "code"))
	status, _ = c.do("PUT", "/subscriptions/"+armtest.Subscription+"/resourceGroups/h", object{"location": "eastus"})
	require.Equal(t, 201, status)
	c.refused(409, "StorageAccountInAnotherResourceGroup", "PUT",
		strings.Replace(accounts, armtest.GroupName, "h", 1)+"contosodata", account(nil))

	check := func(name string) object {
		status, out := c.do("POST",
			"/subscriptions/"+armtest.Subscription+"/providers/Microsoft.Storage/checkNameAvailability",
			object{"name": name, "type": "Microsoft.Storage/storageAccounts"})
		require.Equal(t, 200, status)
		return out
	}
	assert.Equal(t, "AlreadyExists", check("contosodata")["reason"])
	assert.Equal(t, "AccountNameInvalid", check("NO")["reason"])
	assert.Equal(t, true, check("contosofree")["nameAvailable"])
	status, _ = c.do("DELETE", accounts+"contosodata", nil)
	assert.Equal(t, 200, status)
	status, _ = c.do("DELETE", accounts+"contosodata", nil)
	assert.Equal(t, 204, status)
	status, _ = c.as(c.Fabrikam.Caller, "PUT", theirs, account(nil))
	assert.Equal(t, 200, status, "a deleted account's name is free")
}

func TestWhatIsFixedAtCreationIsRefusedAndTheRestUpdated(t *testing.T) {
	c := newCloud(t)
	created := c.create("contosodata", nil)
	moved := account(nil)
	moved["location"] = "westus"
	c.refused(409, "InvalidResourceLocation", "PUT", accounts+"contosodata", moved)
	other := account(nil)
	other["kind"] = "Storage"
	c.refused(409, "AccountPropertyCannotBeUpdated", "PUT", accounts+"contosodata", other)
	c.refused(409, "AccountPropertyCannotBeUpdated", "PUT", accounts+"contosodata",
		account(object{"isHnsEnabled": true}))
	status, out := c.do("PATCH", accounts+"contosodata",
		object{"tags": object{"purpose": "changed"}, "properties": object{"accessTier": "Cool", "isHnsEnabled": false}})
	assert.Equal(t, 200, status)
	assert.Equal(t, "Cool", at(out, "properties", "accessTier"))
	assert.Equal(t, "changed", at(out, "tags", "purpose"))
	assert.Equal(t, at(created, "properties", "creationTime"), at(out, "properties", "creationTime"))

	c.create("contosolake", object{"isHnsEnabled": true})
	kept := c.create("contosolake", nil)
	assert.Equal(t, true, at(kept, "properties", "isHnsEnabled"), "left out: as it was")
	c.refused(409, "AccountPropertyCannotBeUpdated", "PATCH", accounts+"contosolake",
		object{"properties": object{"isHnsEnabled": false}})
}

// An account is updated between redundancies of the same kind alone: zones and premium storage are for conversions.
func TestRedundancyIsUpdatedWithinItsKind(t *testing.T) {
	c := newCloud(t)
	local := []string{"Standard_LRS", "Standard_GRS", "Standard_RAGRS"}
	zonal := []string{"Standard_GZRS", "Standard_RAGZRS"}
	all := slices.Concat(local, zonal, []string{"Standard_ZRS", "Premium_LRS", "Premium_ZRS"})
	sku := func(name string) object {
		body := account(nil)
		body["sku"] = object{"name": name}
		return body
	}
	for i, was := range all {
		name := accounts + fmt.Sprintf("contosodata%d", i)
		status, out := c.do("PUT", name, sku(was))
		require.Equal(t, 200, status, out)
		for j, is := range all {
			same := was == is || slices.Contains(local, was) && slices.Contains(local, is) ||
				slices.Contains(zonal, was) && slices.Contains(zonal, is)
			method, body := "PUT", sku(is)
			if (i+j)%2 == 1 {
				method, body = "PATCH", object{"sku": object{"name": is}}
			}
			if !same {
				c.refused(409, "AccountPropertyCannotBeUpdated", method, name, body)
			} else if status, out := c.do(method, name, body); assert.Equal(t, 200, status, out) {
				c.do("PUT", name, sku(was))
			}
		}
	}
}

func TestAnAccountsIdentityIsKeptAndGivenUp(t *testing.T) {
	c := newCloud(t)
	body := account(nil)
	body["identity"] = object{"type": "SystemAssigned"}
	_, a := c.do("PUT", accounts+"contosodata", body)
	principal, _ := at(a, "identity", "principalId").(string)
	require.NotEmpty(t, principal)
	assert.Equal(t, armtest.Tenant, at(a, "identity", "tenantId"))
	_, a = c.do("PUT", accounts+"contosodata", body)
	assert.Equal(t, principal, at(a, "identity", "principalId"))
	body["identity"] = object{"type": "None"}
	_, a = c.do("PUT", accounts+"contosodata", body)
	assert.Nil(t, at(a, "identity", "principalId"))
	require.NoError(t, c.Server().View(func(call *arm.Call) error {
		_, ok := c.Directory.Principal(call.Tx, principal)
		assert.False(t, ok)
		return nil
	}))
}

func TestARegeneratedKeyReplacesTheOld(t *testing.T) {
	c := newCloud(t)
	c.create("contosodata", nil)
	first, second := c.data("contosodata", 0), c.data("contosodata", 1)
	_, err := first.CreateContainer(context.Background(), "data", nil)
	require.NoError(t, err)
	c.refused(400, "InvalidValuesForRequestParameters", "POST", accounts+"contosodata/regenerateKey",
		object{"keyName": "key3"})
	status, _ := c.do("POST", accounts+"contosodata/regenerateKey", object{"keyName": "key1"})
	assert.Equal(t, 200, status)
	_, err = first.UploadBuffer(context.Background(), "data", "x", []byte("x"), nil)
	require.ErrorContains(t, err, "AuthenticationFailed")
	_, err = second.UploadBuffer(context.Background(), "data", "x", []byte("x"), nil)
	require.NoError(t, err)
	_, err = c.data("contosodata", 0).UploadBuffer(context.Background(), "data", "x", []byte("x"), nil)
	require.NoError(t, err)
}

func TestContainersAreTheSameInBothPlanes(t *testing.T) {
	c := newCloud(t)
	ctx := context.Background()
	c.create("contosodata", nil)
	containers := accounts + "contosodata/blobServices/default/containers"
	status, made := c.do("PUT", containers+"/landing", object{"properties": object{"metadata": object{"stage": "raw"}}})
	assert.Equal(t, 201, status)
	assert.Equal(t, "None", at(made, "properties", "publicAccess"))
	assert.Equal(t, "Available", at(made, "properties", "leaseState"))
	assert.Equal(t, false, at(made, "properties", "hasImmutabilityPolicy"))
	status, again := c.do("PUT", containers+"/landing",
		object{"properties": object{"metadata": object{"stage": "raw"}}})
	assert.Equal(t, 200, status)
	assert.Equal(t, made, again)
	client := c.data("contosodata", 0)
	p, err := client.ServiceClient().NewContainerClient("landing").GetProperties(ctx, nil)
	require.NoError(t, err)
	assert.Equal(t, made["etag"], string(*p.ETag))
	assert.Equal(t, "raw", *p.Metadata["Stage"])

	_, err = client.CreateContainer(ctx, "viadata",
		&azblob.CreateContainerOptions{Metadata: map[string]*string{"a": to.Ptr("b")}})
	require.NoError(t, err)
	status, seen := c.do("GET", containers+"/viadata", nil)
	assert.Equal(t, 200, status)
	assert.Equal(t, "b", at(seen, "properties", "metadata", "a"))
	_, list := c.do("GET", containers, nil)
	assert.Len(t, list["value"], 2)
	_, err = client.UploadBuffer(ctx, "viadata", "x", []byte("x"), nil)
	require.NoError(t, err)
	status, _ = c.do("DELETE", containers+"/viadata", nil)
	assert.Equal(t, 200, status)
	_, err = client.CreateContainer(ctx, "viadata", nil)
	require.NoError(t, err)
	_, err = client.DownloadStream(ctx, "viadata", "x", nil)
	require.ErrorContains(t, err, "BlobNotFound")
	_, err = client.DeleteContainer(ctx, "viadata", nil)
	require.NoError(t, err)
	c.refused(404, "ResourceNotFound", "GET", containers+"/viadata", nil)

	c.refused(400, "InvalidResourceName", "PUT", containers+"/No_Good", object{})
	c.refused(400, "OutOfRangeInput", "PUT", containers+"/ab", object{})
	c.refused(400, "InvalidMetadata", "PUT", containers+"/fine",
		object{"properties": object{"metadata": object{"not an identifier": "x"}}})
	c.refused(409, "PublicAccessNotPermitted", "PUT", containers+"/open",
		object{"properties": object{"publicAccess": "Blob"}})
	c.refused(404, "ParentResourceNotFound", "PUT", accounts+"nobody/blobServices/default/containers/data", object{})
	c.create("contosodata", object{"allowBlobPublicAccess": true})
	status, _ = c.do("PUT", containers+"/open", object{"properties": object{"publicAccess": "Blob"}})
	assert.Equal(t, 201, status)
}

func TestDeletingAnAccountDropsItsBlobs(t *testing.T) {
	c := newCloud(t)
	ctx := context.Background()
	c.create("contosodata", nil)
	client := c.data("contosodata", 0)
	_, err := client.CreateContainer(ctx, "data", nil)
	require.NoError(t, err)
	_, err = client.UploadBuffer(ctx, "data", "x", []byte("x"), nil)
	require.NoError(t, err)
	c.do("DELETE", accounts+"contosodata", nil)
	_, err = client.DownloadStream(ctx, "data", "x", nil)
	require.ErrorContains(t, err, "ResourceNotFound")
	c.create("contosodata", nil)
	items, err := c.Content().List("contosodata", "data", "")
	require.NoError(t, err)
	assert.Empty(t, items)
	_, list := c.do("GET", accounts+"contosodata/blobServices/default/containers", nil)
	assert.Empty(t, list["value"])
}

func TestTheBlobServiceIsThereWithItsAccount(t *testing.T) {
	c := newCloud(t)
	c.create("contosodata", nil)
	path := accounts + "contosodata/blobServices/default"
	status, s := c.do("GET", path, nil)
	assert.Equal(t, 200, status)
	assert.Equal(t, false, at(s, "properties", "deleteRetentionPolicy", "enabled"))
	assert.Equal(t, "Standard_LRS", at(s, "sku", "name"))
	status, s = c.do("PUT", path,
		object{"properties": object{"isVersioningEnabled": true,
			"deleteRetentionPolicy": object{"enabled": true, "days": 7}}})
	assert.Equal(t, 200, status)
	assert.Equal(t, true, at(s, "properties", "isVersioningEnabled"))
	assert.EqualValues(t, 7, at(s, "properties", "deleteRetentionPolicy", "days"))
	c.refused(400, "InvalidRequestPropertyValue", "PUT", path,
		object{"properties": object{"deleteRetentionPolicy": object{"enabled": true}}})
	c.refused(409, "ConflictFeatureEnabled", "PUT", path,
		object{"properties": object{"restorePolicy": object{"enabled": true, "days": 6}}})
	c.refused(400, "InvalidResourceName", "PUT", accounts+"contosodata/blobServices/other",
		object{"properties": object{}})
}

func TestAnImmutabilityPolicyProtectsBlobsAndTheirContainer(t *testing.T) {
	c := newCloud(t)
	ctx := context.Background()
	c.create("contosodata", nil)
	container := accounts + "contosodata/blobServices/default/containers/evidence"
	path := container + "/immutabilityPolicies/default"
	period := func(days int) object {
		return object{"properties": object{"immutabilityPeriodSinceCreationInDays": days}}
	}
	c.do("PUT", container, object{})
	c.refused(400, "InvalidRequestPropertyValue", "PUT", path, period(0))
	status, p := c.do("PUT", path, period(3))
	assert.Less(t, status, 300)
	assert.Equal(t, "Unlocked", at(p, "properties", "state"))
	_, shown := c.do("GET", container, nil)
	assert.Equal(t, true, at(shown, "properties", "hasImmutabilityPolicy"))
	client := c.data("contosodata", 0)
	_, err := client.UploadBuffer(ctx, "evidence", "x", []byte("x"), nil)
	require.NoError(t, err)
	_, err = client.UploadBuffer(ctx, "evidence", "x", []byte("y"), nil)
	require.ErrorContains(t, err, "BlobImmutableDueToPolicy")
	c.refused(409, "ContainerProtectedFromDeletion", "DELETE", container, nil)
	_, err = client.DeleteContainer(ctx, "evidence", nil)
	require.ErrorContains(t, err, "ContainerProtectedFromDeletion")
	status, p = c.do("POST", path+"/lock", nil, "If-Match", p["etag"].(string))
	assert.Equal(t, 200, status)
	assert.Equal(t, "Locked", at(p, "properties", "state"))
	c.refused(409, "ContainerImmutabilityPolicyFailure", "PUT", path, period(9), "If-Match", p["etag"].(string))
	c.refused(409, "ContainerImmutabilityPolicyFailure", "DELETE", path, nil, "If-Match", p["etag"].(string))
	c.refused(409, "ContainerImmutabilityPolicyFailure", "POST", path+"/extend", period(1), "If-Match",
		p["etag"].(string))
	status, p = c.do("POST", path+"/extend", period(5), "If-Match", p["etag"].(string))
	assert.Equal(t, 200, status)
	assert.EqualValues(t, 5, at(p, "properties", "immutabilityPeriodSinceCreationInDays"))
	c.refused(409, "ContainerProtectedFromDeletion", "DELETE", accounts+"contosodata", nil)
}

func TestLifecycleRulesAreChecked(t *testing.T) {
	c := newCloud(t)
	c.create("contosodata", nil)
	path := accounts + "contosodata/managementPolicies/default"
	rule := func(name string, filters, actions object) object {
		return object{"name": name, "type": "Lifecycle", "definition": object{"filters": filters, "actions": actions}}
	}
	policy := func(rules ...any) object {
		return object{"properties": object{"policy": object{"rules": append([]any{}, rules...)}}}
	}
	block := object{"blobTypes": []any{"blockBlob"}}
	cool := object{"baseBlob": object{"tierToCool": object{"daysAfterModificationGreaterThan": 30}}}
	status, p := c.do("PUT", path, policy(rule("age", block, cool)))
	assert.Less(t, status, 300)
	assert.NotEmpty(t, at(p, "properties", "lastModifiedTime"))
	for what, bad := range map[string]object{
		"no rules":       policy(),
		"no blob types":  policy(rule("a", object{"blobTypes": []any{}}, cool)),
		"page blobs":     policy(rule("a", object{"blobTypes": []any{"pageBlob"}}, cool)),
		"no action":      policy(rule("a", block, object{})),
		"no condition":   policy(rule("a", block, object{"baseBlob": object{"delete": object{}}})),
		"equal names":    policy(rule("a", block, cool), rule("a", block, cool)),
		"tiering append": policy(rule("a", object{"blobTypes": []any{"appendBlob"}}, cool)),
	} {
		status, out := c.do("PUT", path, bad)
		assert.Equal(t, 400, status, what)
		assert.Equal(t, "InvalidRequestPropertyValue", at(out, "error", "code"), what)
	}
}

func TestASASOfTheControlPlaneOpensTheDataPlane(t *testing.T) {
	c := newCloud(t)
	ctx := context.Background()
	c.create("contosodata", nil)
	owner := c.data("contosodata", 0)
	_, err := owner.CreateContainer(ctx, "packages", nil)
	require.NoError(t, err)
	_, err = owner.UploadBuffer(ctx, "packages", "app.sfpkg", []byte("package"), nil)
	require.NoError(t, err)
	ask := object{
		"canonicalizedResource": "/blob/contosodata/packages/app.sfpkg", "signedResource": "b", "signedPermission": "r",
		"signedProtocol": "https",
		"signedExpiry":   time.Now().Add(time.Hour).UTC().Format(time.RFC3339), "keyToSign": "key2",
	}
	status, out := c.do("POST", accounts+"contosodata/ListServiceSas", ask)
	require.Equal(t, 200, status)
	anyone, err := azblob.NewClientWithNoCredential(c.blobs.URL+"/contosodata/?"+out["serviceSasToken"].(string),
		&azblob.ClientOptions{ClientOptions: c.options()})
	require.NoError(t, err)
	resp, err := anyone.DownloadStream(ctx, "packages", "app.sfpkg", nil)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	_, err = anyone.UploadBuffer(ctx, "packages", "app.sfpkg", []byte("other"), nil)
	require.ErrorContains(t, err, "AuthorizationPermissionMismatch")
	c.do("POST", accounts+"contosodata/regenerateKey", object{"keyName": "key2"})
	_, err = anyone.DownloadStream(ctx, "packages", "app.sfpkg", nil)
	require.ErrorContains(t, err, "AuthenticationFailed", "a new key ends what the old one has signed")

	for name, value := range map[string]any{
		"canonicalizedResource": "/blob/someoneelse/packages/app.sfpkg", "signedResource": "x",
		"signedPermission": "rz", "signedExpiry": "tomorrow", "keyToSign": "key9", "signedProtocol": "http",
	} {
		bad := object{}
		for k, v := range ask {
			bad[k] = v
		}
		bad[name] = value
		c.refused(400, "InvalidValuesForRequestParameters", "POST", accounts+"contosodata/ListServiceSas", bad)
	}
	status, out = c.do("POST", accounts+"contosodata/listAccountSas", object{
		"signedServices": "b", "signedResourceTypes": "sco", "signedPermission": "rl",
		"signedExpiry": time.Now().Add(time.Hour).UTC().Format(time.RFC3339),
	})
	require.Equal(t, 200, status)
	anyone, err = azblob.NewClientWithNoCredential(c.blobs.URL+"/contosodata/?"+out["accountSasToken"].(string),
		&azblob.ClientOptions{ClientOptions: c.options()})
	require.NoError(t, err)
	_, err = anyone.NewListContainersPager(nil).NextPage(ctx)
	require.NoError(t, err)
}

func TestATokenReadsBlobsWithARoleOnTheAccountOnly(t *testing.T) {
	c := newCloud(t)
	ctx := context.Background()
	a := c.create("contosodata", object{"allowSharedKeyAccess": true})
	owner := c.data("contosodata", 0)
	_, err := owner.CreateContainer(ctx, "data", nil)
	require.NoError(t, err)
	_, err = owner.UploadBuffer(ctx, "data", "x", []byte("x"), nil)
	require.NoError(t, err)
	as := func(caller *armtest.Organization) *azblob.Client {
		client, err := azblob.NewClient(c.blobs.URL+"/contosodata/", caller,
			&azblob.ClientOptions{ClientOptions: c.options()})
		require.NoError(t, err)
		return client
	}
	_, err = as(c.Contoso).DownloadStream(ctx, "data", "x", nil)
	require.ErrorContains(t, err, "AuthorizationPermissionMismatch", "an owner has no data actions")
	for _, o := range []*armtest.Organization{c.Contoso, c.Fabrikam} {
		c.Grant(o.Principal, roles.BlobDataReader, a["id"].(string))
	}
	resp, err := as(c.Contoso).DownloadStream(ctx, "data", "x", nil)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	_, err = as(c.Contoso).UploadBuffer(ctx, "data", "x", []byte("y"), nil)
	require.ErrorContains(t, err, "AuthorizationPermissionMismatch")
	_, err = as(c.Fabrikam).DownloadStream(ctx, "data", "x", nil)
	require.ErrorContains(t, err, "InvalidAuthenticationInfo", "another tenant's token")
}

func TestTheOfficialManagementClientWorks(t *testing.T) {
	c := newCloud(t)
	ctx := context.Background()
	factory, err := armstorage.NewClientFactory(armtest.Subscription, c.Contoso, c.ClientOptions())
	require.NoError(t, err)
	client := factory.NewAccountsClient()
	poller, err := client.BeginCreate(ctx, armtest.GroupName, "contosodata", armstorage.AccountCreateParameters{
		Kind: to.Ptr(armstorage.KindStorageV2), Location: to.Ptr("East US"),
		SKU: &armstorage.SKU{Name: to.Ptr(armstorage.SKUNameStandardZRS)},
	}, nil)
	done := armtest.Must(t, poller, err)
	assert.Equal(t, armstorage.ProvisioningStateSucceeded, *done.Properties.ProvisioningState)
	keys, err := client.ListKeys(ctx, armtest.GroupName, "contosodata", nil)
	require.NoError(t, err)
	assert.Len(t, keys.Keys, 2)
	_, err = factory.NewBlobServicesClient().SetServiceProperties(ctx, armtest.GroupName, "contosodata",
		armstorage.BlobServiceProperties{
			BlobServiceProperties: &armstorage.BlobServicePropertiesProperties{IsVersioningEnabled: to.Ptr(true)},
		}, nil)
	require.NoError(t, err)
	made, err := factory.NewBlobContainersClient().Create(ctx, armtest.GroupName, "contosodata", "data",
		armstorage.BlobContainer{},
		nil)
	require.NoError(t, err)
	assert.NotEmpty(t, *made.Etag)
	page, err := factory.NewBlobContainersClient().NewListPager(armtest.GroupName, "contosodata", nil).NextPage(ctx)
	require.NoError(t, err)
	require.Len(t, page.Value, 1)
	assert.Equal(t, armstorage.LeaseStateAvailable, *page.Value[0].Properties.LeaseState)
	_, err = client.Delete(ctx, armtest.GroupName, "contosodata", nil)
	require.NoError(t, err)
	_, err = client.GetProperties(ctx, armtest.GroupName, "contosodata", nil)
	require.ErrorContains(t, err, "ResourceNotFound")
}
