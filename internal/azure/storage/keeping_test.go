package storage_test

import (
	"context"
	"io"
	"net/http/httptest"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	azblobblob "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var ctx = context.Background()

// keeper is an account with container "data" whose blob service has the properties.
func (c *cloud) keeper(kept object) *azblob.Client {
	c.create("contosodata", object{})
	status, out := c.do("PUT", accounts+"contosodata/blobServices/default", object{"properties": kept})
	require.Equal(c.T, 200, status, "%v", out)
	status, out = c.do("PUT", accounts+"contosodata/blobServices/default/containers/data", object{})
	require.Equal(c.T, 201, status, "%v", out)
	return c.data("contosodata", 0)
}

func (c *cloud) advance(by time.Duration) {
	c.T.Helper()
	for _, ran := range c.Advance(by).Ran {
		require.Empty(c.T, ran.Error, "%s of %s", ran.Job, ran.Resource)
	}
}

// files are the names of the files that hold content, once those without a blob are gone.
func (c *cloud) files() (out []string) {
	c.T.Helper()
	require.NoError(c.T, c.Content().Close()) // waits for their removal
	entries, err := os.ReadDir(c.ContentFolder())
	require.NoError(c.T, err)
	for _, e := range entries {
		if !e.IsDir() {
			out = append(out, e.Name())
		}
	}
	return out
}

func put(t *testing.T, client *azblob.Client, name, text string) string {
	t.Helper()
	res, err := client.UploadBuffer(ctx, "data", name, []byte(text), nil)
	require.NoError(t, err)
	if res.VersionID == nil {
		return ""
	}
	return *res.VersionID
}

func body(t *testing.T, b *blockblob.Client) string {
	t.Helper()
	res, err := b.DownloadStream(ctx, nil)
	require.NoError(t, err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return string(raw)
}

// listed are the blobs that a list shows with what it is to include.
func listed(
	t *testing.T, client *azblob.Client, size int32, include azblob.ListBlobsInclude,
) (out []*container.BlobItem) {
	t.Helper()
	for pager := client.NewListBlobsFlatPager("data",
		&azblob.ListBlobsFlatOptions{Include: include, MaxResults: &size}); pager.More(); {
		page, err := pager.NextPage(ctx)
		require.NoError(t, err)
		out = append(out, page.Segment.BlobItems...)
	}
	return out
}

func blobOf(client *azblob.Client, name string) *blockblob.Client {
	return client.ServiceClient().NewContainerClient("data").NewBlockBlobClient(name)
}

var bothKept = object{"isVersioningEnabled": true, "deleteRetentionPolicy": object{"enabled": true, "days": 7}}

// https://learn.microsoft.com/azure/storage/blobs/versioning-overview
func TestVersionsAreMadeListedReadAndPromoted(t *testing.T) {
	c := newCloud(t)
	client := c.keeper(object{"isVersioningEnabled": true})
	first := put(t, client, "x", "one")
	second := put(t, client, "x", "two")
	require.NotEqual(t, first, second)
	put(t, client, "x-neighbour", "other")
	at := func(version string) *blockblob.Client {
		b, err := blobOf(client, "x").WithVersionID(version)
		require.NoError(t, err)
		return b
	}
	assert.Equal(t, "one", body(t, at(first)))
	assert.Equal(t, "two", body(t, blobOf(client, "x")))
	assert.Len(t, listed(t, client, 5000, azblob.ListBlobsInclude{}), 2)
	items := listed(t, client, 1, azblob.ListBlobsInclude{Versions: true})
	require.Len(t, items, 3)
	assert.Equal(t, first, *items[0].VersionID)
	assert.Nil(t, items[0].IsCurrentVersion)
	assert.Equal(t, second, *items[1].VersionID)
	assert.True(t, *items[1].IsCurrentVersion)

	_, err := blobOf(client, "x").Delete(ctx, nil)
	require.NoError(t, err)
	_, err = blobOf(client, "x").GetProperties(ctx, nil)
	require.ErrorContains(t, err, "BlobNotFound")
	assert.Equal(t, "two", body(t, at(second)), "Ensure a deleted blob's last state is a version")
	_, err = blobOf(client, "x").CopyFromURL(ctx, at(first).URL(), nil)
	require.NoError(t, err)
	assert.Equal(t, "one", body(t, blobOf(client, "x")), "Ensure a version that is copied over the blob becomes the "+
		"blob")

	current := listed(t, client, 5000, azblob.ListBlobsInclude{Versions: true})[2]
	_, err = at(*current.VersionID).Delete(ctx, nil)
	require.ErrorContains(t, err, "OperationNotAllowedOnRootBlob")
	_, err = at(second).Delete(ctx, nil)
	require.NoError(t, err)
	_, err = at(second).GetProperties(ctx, nil)
	require.ErrorContains(t, err, "BlobNotFound")
	_, err = blobOf(client, "x").SetMetadata(ctx, nil, nil)
	require.NoError(t, err)
	_, err = blobOf(client, "x").SetTier(ctx, azblobblob.AccessTierCool, nil)
	require.NoError(t, err)
	assert.Len(t, listed(t, client, 5000, azblob.ListBlobsInclude{Versions: true}), 4,
		"Ensure metadata makes a version and a tier none")
}

// https://learn.microsoft.com/azure/storage/blobs/soft-delete-blob-overview
func TestADeletedBlobIsRestoredUntilItsRetentionEnds(t *testing.T) {
	c := newCloud(t)
	client := c.keeper(object{"deleteRetentionPolicy": object{"enabled": true, "days": 7}})
	put(t, client, "x", "one")
	remove := func() {
		_, err := blobOf(client, "x").Delete(ctx, nil)
		require.NoError(t, err)
	}
	remove()
	assert.Empty(t, listed(t, client, 5000, azblob.ListBlobsInclude{}))
	items := listed(t, client, 5000, azblob.ListBlobsInclude{Deleted: true})
	require.Len(t, items, 1)
	assert.True(t, *items[0].Deleted)
	assert.EqualValues(t, 6, *items[0].Properties.RemainingRetentionDays)
	_, err := blobOf(client, "x").Undelete(ctx, nil)
	require.NoError(t, err)
	assert.Equal(t, "one", body(t, blobOf(client, "x")))

	remove()
	put(t, client, "x", "two")
	assert.Len(t, listed(t, client, 1, azblob.ListBlobsInclude{Deleted: true}), 2,
		"Ensure pages end between equal names")
	remove()
	c.advance(6 * 24 * time.Hour)
	assert.Len(t, listed(t, client, 5000, azblob.ListBlobsInclude{Deleted: true}), 1)
	c.advance(24 * time.Hour)
	assert.Empty(t, listed(t, client, 5000, azblob.ListBlobsInclude{Deleted: true}))
	_, err = blobOf(client, "x").Undelete(ctx, nil)
	require.ErrorContains(t, err, "BlobNotFound")
}

func TestADeletedVersionIsRestored(t *testing.T) {
	c := newCloud(t)
	client := c.keeper(bothKept)
	first := put(t, client, "x", "one")
	put(t, client, "x", "two")
	old, err := blobOf(client, "x").WithVersionID(first)
	require.NoError(t, err)
	_, err = old.Delete(ctx, nil)
	require.NoError(t, err)
	_, err = old.GetProperties(ctx, nil)
	require.ErrorContains(t, err, "BlobNotFound")
	_, err = blobOf(client, "x").Undelete(ctx, nil)
	require.NoError(t, err)
	assert.Equal(t, "one", body(t, old))
}

// https://learn.microsoft.com/azure/storage/blobs/lifecycle-management-overview
func TestTheLifecyclePolicyMovesAndDeletesByAge(t *testing.T) {
	c := newCloud(t)
	client := c.keeper(object{"isVersioningEnabled": true})
	first := put(t, client, "x", "one")
	put(t, client, "x", "two")
	put(t, client, "logs/y", "three")
	filters := func(prefix ...any) object { return object{"blobTypes": []any{"blockBlob"}, "prefixMatch": prefix} }
	status, out := c.do("PUT", accounts+"contosodata/managementPolicies/default",
		object{"properties": object{"policy": object{"rules": []any{
			object{"name": "cool", "type": "Lifecycle",
				"definition": object{"filters": filters("data/"), "actions": object{
					"baseBlob": object{"tierToCool": object{"daysAfterModificationGreaterThan": 3}},
					"version":  object{"delete": object{"daysAfterCreationGreaterThan": 5}}}}},
			object{"name": "logs", "type": "Lifecycle",
				"definition": object{"filters": filters("data/logs/"), "actions": object{
					"baseBlob": object{"delete": object{"daysAfterModificationGreaterThan": 3}}}}},
		}}}})
	require.Equal(t, 200, status, "%v", out)
	tier := func() string {
		p, err := blobOf(client, "x").GetProperties(ctx, nil)
		require.NoError(t, err)
		return *p.AccessTier
	}
	old, err := blobOf(client, "x").WithVersionID(first)
	require.NoError(t, err)

	c.advance(2 * 24 * time.Hour)
	assert.Equal(t, "Hot", tier())
	c.advance(2 * 24 * time.Hour)
	assert.Equal(t, "Cool", tier())
	_, err = blobOf(client, "logs/y").GetProperties(ctx, nil)
	require.ErrorContains(t, err, "BlobNotFound")
	assert.Equal(t, "one", body(t, old))
	c.advance(2 * 24 * time.Hour)
	_, err = old.GetProperties(ctx, nil)
	require.ErrorContains(t, err, "BlobNotFound")
	assert.Equal(t, "two", body(t, blobOf(client, "x")))
}

func TestAnImmutableBlobsVersionsStayAndExpireByTheClock(t *testing.T) {
	c := newCloud(t)
	client := c.keeper(object{})
	status, out := c.do("PUT", accounts+"contosodata/blobServices/default/containers/data/immutabilityPolicies/default",
		object{"properties": object{"immutabilityPeriodSinceCreationInDays": 2}})
	require.Equal(t, 200, status, "%v", out)
	put(t, client, "x", "one")
	_, err := client.UploadBuffer(ctx, "data", "x", []byte("two"), nil)
	require.ErrorContains(t, err, "BlobImmutableDueToPolicy")
	_, err = blobOf(client, "x").Delete(ctx, nil)
	require.ErrorContains(t, err, "BlobImmutableDueToPolicy")
	c.advance(49 * time.Hour)
	_, err = blobOf(client, "x").Delete(ctx, nil)
	require.NoError(t, err)
}

// https://learn.microsoft.com/azure/storage/common/storage-network-security
func TestNetworkRulesJudgeCallersWithAnAddress(t *testing.T) {
	c := newCloud(t)
	client := c.keeper(object{})
	put(t, client, "x", "one")
	status, out := c.do("PATCH", accounts+"contosodata", object{"properties": object{"networkAcls": object{
		"defaultAction": "Deny", "ipRules": []any{object{"value": "198.51.100.0/24"}}}}})
	require.Equal(t, 200, status, "%v", out)
	put(t, client, "x", "two") // a local caller is the account's operator
	for address, inside := range map[string]bool{"198.51.100.7": true, "203.0.113.9": false} {
		s := httptest.NewTLSServer(c.dataPlane().CallersAt(netip.MustParseAddr(address)))
		c.blobs.URL, s.URL = s.URL, c.blobs.URL
		_, err := c.data("contosodata", 0).UploadBuffer(ctx, "data", "x", []byte("three"), nil)
		c.blobs.URL = s.URL
		s.Close()
		if inside {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, "AuthorizationFailure")
	}
}

// containersOf are the containers that a list shows, deleted ones among them.
func containersOf(t *testing.T, client *azblob.Client, size int32) (out []*service.ContainerItem) {
	t.Helper()
	pager := client.NewListContainersPager(&azblob.ListContainersOptions{
		Include: azblob.ListContainersInclude{Deleted: true, Metadata: true}, MaxResults: &size})
	for pager.More() {
		page, err := pager.NextPage(ctx)
		require.NoError(t, err)
		out = append(out, page.ContainerItems...)
	}
	return out
}

var containersKept = object{"containerDeleteRetentionPolicy": object{"enabled": true, "days": 7},
	"isVersioningEnabled": true}

// https://learn.microsoft.com/azure/storage/blobs/soft-delete-container-overview
func TestADeletedContainerIsRestoredWithItsBlobsUntilItsRetentionEnds(t *testing.T) {
	c := newCloud(t)
	client := c.keeper(containersKept)
	first := put(t, client, "a/b", "one")
	put(t, client, "a/b", "two")
	_, err := client.ServiceClient().NewContainerClient("data").SetMetadata(ctx,
		&container.SetMetadataOptions{Metadata: map[string]*string{"owner": to.Ptr("audit")}})
	require.NoError(t, err)

	_, err = client.DeleteContainer(ctx, "data", nil)
	require.NoError(t, err)
	_, err = blobOf(client, "a/b").GetProperties(ctx, nil)
	require.ErrorContains(t, err, "404")
	gone := containersOf(t, client, 5000)
	require.Len(t, gone, 1)
	assert.True(t, *gone[0].Deleted)
	assert.EqualValues(t, 6, *gone[0].Properties.RemainingRetentionDays)
	require.NotNil(t, gone[0].Properties.DeletedTime)

	// The name is free for another one meanwhile, and taken for the old one then.
	_, err = client.CreateContainer(ctx, "data", nil)
	require.NoError(t, err)
	assert.Empty(t, listed(t, client, 5000, azblob.ListBlobsInclude{Versions: true, Deleted: true}))
	_, err = client.ServiceClient().RestoreContainer(ctx, "data", *gone[0].Version, nil)
	require.ErrorContains(t, err, "ContainerAlreadyExists")
	assert.Len(t, containersOf(t, client, 1), 2, "Ensure pages end between equal names")
	_, err = client.DeleteContainer(ctx, "data", nil)
	require.NoError(t, err)
	assert.Len(t, containersOf(t, client, 5000), 2)

	_, err = client.ServiceClient().RestoreContainer(ctx, "data", "01D60F8BB59A4652", nil)
	require.ErrorContains(t, err, "ContainerNotFound")
	c.advance(6 * 24 * time.Hour)
	_, err = client.ServiceClient().RestoreContainer(ctx, "data", *gone[0].Version, nil)
	require.NoError(t, err)
	assert.Equal(t, "two", body(t, blobOf(client, "a/b")))
	old, err := blobOf(client, "a/b").WithVersionID(first)
	require.NoError(t, err)
	assert.Equal(t, "one", body(t, old), "Ensure versions come back, too")
	back := containersOf(t, client, 5000)
	require.Len(t, back, 2)
	assert.Equal(t, "audit", *back[0].Metadata["owner"])
	assert.Nil(t, back[0].Deleted)

	_, err = client.DeleteContainer(ctx, "data", nil)
	require.NoError(t, err)
	again := containersOf(t, client, 5000)
	c.advance(8 * 24 * time.Hour)
	assert.Empty(t, containersOf(t, client, 5000))
	for _, a := range again {
		_, err = client.ServiceClient().RestoreContainer(ctx, "data", *a.Version, nil)
		require.ErrorContains(t, err, "ContainerNotFound")
	}
	assert.Empty(t, c.files(), "Ensure purged content leaves the disk")
}

func TestAContainerDeletedThroughResourceManagerIsListedThereWhenAskedFor(t *testing.T) {
	c := newCloud(t)
	client := c.keeper(containersKept)
	put(t, client, "x", "one")
	const list = accounts + "contosodata/blobServices/default/containers"
	status, _ := c.do("DELETE", list+"/data", nil)
	require.Equal(t, 200, status)
	status, out := c.do("GET", list, nil)
	require.Equal(t, 200, status)
	require.Empty(t, out["value"])
	status, out = c.do("GET", list+"?$include=deleted", nil)
	require.Equal(t, 200, status)
	require.Len(t, out["value"], 1)
	props := out["value"].([]any)[0].(object)["properties"].(object)
	assert.Equal(t, true, props["deleted"])
	assert.EqualValues(t, 6, props["remainingRetentionDays"])
	_, err := client.ServiceClient().RestoreContainer(ctx, "data", props["version"].(string), nil)
	require.NoError(t, err)
	status, out = c.do("GET", list+"/data", nil)
	require.Equal(t, 200, status)
	assert.Equal(t, false, out["properties"].(object)["deleted"])
	assert.Equal(t, "one", body(t, blobOf(client, "x")))
}

func TestDeletedContainersGoWithTheirAccount(t *testing.T) {
	c := newCloud(t)
	client := c.keeper(containersKept)
	put(t, client, "x", "one")
	_, err := client.DeleteContainer(ctx, "data", nil)
	require.NoError(t, err)
	_, err = client.CreateContainer(ctx, "data", nil)
	require.NoError(t, err)
	put(t, client, "y", "two")
	status, _ := c.do("DELETE", accounts+"contosodata", nil)
	require.Equal(t, 200, status)
	assert.Empty(t, c.files())
	client = c.keeper(containersKept)
	assert.Len(t, containersOf(t, client, 5000), 1, "Ensure an account of the same name starts empty")
}

// https://learn.microsoft.com/rest/api/storagerp/blob-containers/delete-immutability-policy
func TestAnImmutabilityPolicyChangesOnlyWithItsETag(t *testing.T) {
	c := newCloud(t)
	c.keeper(object{})
	const policy = accounts + "contosodata/blobServices/default/containers/data/immutabilityPolicies/default"
	days := func(n int) object { return object{"properties": object{"immutabilityPeriodSinceCreationInDays": n}} }
	status, made := c.do("PUT", policy, days(1))
	require.Equal(t, 200, status)
	for name, request := range map[string]struct {
		method, path string
		body         any
	}{"update": {"PUT", policy, days(2)}, "delete": {"DELETE", policy, nil},
		"lock": {"POST", policy + "/lock", object{}}} {
		status, out := c.do(request.method, request.path, request.body)
		assert.Equal(t, 412, status, name)
		assert.Equal(t, "ContainerImmutabilityPolicyFailure", out["error"].(object)["code"], name)
	}
	status, out := c.do("PUT", policy, days(2), "If-Match", made["etag"].(string))
	require.Equal(t, 200, status, "%v", out)
	status, _ = c.do("DELETE", policy, nil, "If-Match", made["etag"].(string))
	require.Equal(t, 412, status, "Ensure an old etag does not do")
	status, _ = c.do("DELETE", policy, nil, "If-Match", out["etag"].(string))
	require.Equal(t, 200, status)
}
