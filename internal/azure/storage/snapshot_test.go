package storage_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	azblobblob "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// itemsOf are the snapshots and blobs of the container data: "name@" for a snapshot, "name" for a blob, with "-" before
// what is deleted.
func itemsOf(t *testing.T, client *azblob.Client, include azblob.ListBlobsInclude) (out []string) {
	pager := client.NewListBlobsFlatPager("data", &azblob.ListBlobsFlatOptions{Include: include,
		MaxResults: to.Ptr[int32](2)})
	for pager.More() {
		page, err := pager.NextPage(context.Background())
		require.NoError(t, err)
		for _, item := range page.Segment.BlobItems {
			name := *item.Name
			if item.Snapshot != nil && *item.Snapshot != "" {
				name += "@"
			}
			if item.Deleted != nil && *item.Deleted {
				name = "-" + name
			}
			out = append(out, name)
		}
	}
	return out
}

// A snapshot is the blob as it was; it is read, listed, copied and deleted by its time.
// Source: https://learn.microsoft.com/rest/api/storageservices/snapshot-blob
func TestSnapshotsKeepABlobAsItWas(t *testing.T) {
	c := withData(t, "snapshots", nil)
	ctx := context.Background()
	client := c.data("snapshots", 0)
	one := client.ServiceClient().NewContainerClient("data")
	b := one.NewBlockBlobClient("x")
	first, err := b.CreateSnapshot(ctx, nil)
	require.NoError(t, err)
	second, err := b.CreateSnapshot(ctx, &azblobblob.CreateSnapshotOptions{
		Metadata: map[string]*string{"of": to.Ptr("second")}})
	require.NoError(t, err)
	require.NotEqual(t, *first.Snapshot, *second.Snapshot)
	_, err = b.UploadBuffer(ctx, []byte("changed"), nil)
	require.NoError(t, err)

	text := func(snapshot string) string {
		at, err := b.WithSnapshot(snapshot)
		require.NoError(t, err)
		got, err := at.DownloadStream(ctx, nil)
		require.NoError(t, err)
		defer got.Body.Close()
		raw, err := io.ReadAll(got.Body)
		require.NoError(t, err)
		return string(raw)
	}
	assert.Equal(t, "x", text(*first.Snapshot))
	assert.Equal(t, "changed", text(""))
	at, err := b.WithSnapshot(*second.Snapshot)
	require.NoError(t, err)
	p, err := at.GetProperties(ctx, nil)
	require.NoError(t, err)
	assert.Equal(t, "second", *p.Metadata["Of"])
	assert.Equal(t, []string{"x"}, itemsOf(t, client, azblob.ListBlobsInclude{}))
	assert.Equal(t, []string{"x@", "x@", "x"}, itemsOf(t, client, azblob.ListBlobsInclude{Snapshots: true}))

	_, err = b.StartCopyFromURL(ctx, b.URL()+"?snapshot="+*first.Snapshot, nil)
	require.NoError(t, err)
	assert.Equal(t, "x", text(""), "Ensure a snapshot is promoted by copying it")
	_, err = at.SetMetadata(ctx, nil, nil)
	assert.Error(t, err, "Ensure a snapshot cannot be changed")
	_, err = one.NewBlobClient("none").CreateSnapshot(ctx, nil)
	refusedWith(t, err, bloberror.BlobNotFound, "a snapshot of nothing")

	_, err = at.Delete(ctx, nil)
	require.NoError(t, err)
	_, err = at.GetProperties(ctx, nil)
	assert.Error(t, err)
	assert.Equal(t, []string{"x@", "x"}, itemsOf(t, client, azblob.ListBlobsInclude{Snapshots: true}))
}

// A blob that has snapshots is deleted together with them, or they alone.
// Source: https://learn.microsoft.com/rest/api/storageservices/delete-blob
func TestABlobIsDeletedWithItsSnapshotsOrNotAtAll(t *testing.T) {
	c := withData(t, "snapshots", nil)
	ctx := context.Background()
	client := c.data("snapshots", 0)
	b := client.ServiceClient().NewContainerClient("data").NewBlockBlobClient("x")
	remove := func(choice *azblobblob.DeleteSnapshotsOptionType) error {
		_, err := b.Delete(ctx, &azblobblob.DeleteOptions{DeleteSnapshots: choice})
		return err
	}
	for range 2 {
		_, err := b.CreateSnapshot(ctx, nil)
		require.NoError(t, err)
	}
	refusedWith(t, remove(nil), bloberror.SnapshotsPresent, "without a choice")
	require.NoError(t, remove(to.Ptr(azblobblob.DeleteSnapshotsOptionTypeOnly)))
	assert.Equal(t, []string{"x"}, itemsOf(t, client, azblob.ListBlobsInclude{Snapshots: true}))
	_, err := b.CreateSnapshot(ctx, nil)
	require.NoError(t, err)

	status, _ := c.do("PUT", accounts+"snapshots/blobServices/default",
		object{"properties": object{"deleteRetentionPolicy": object{"enabled": true, "days": 3}}})
	require.Equal(t, 200, status)
	require.NoError(t, remove(to.Ptr(azblobblob.DeleteSnapshotsOptionTypeInclude)))
	assert.Empty(t, itemsOf(t, client, azblob.ListBlobsInclude{Snapshots: true}))
	assert.Equal(t, []string{"-x@", "-x"}, itemsOf(t, client, azblob.ListBlobsInclude{Snapshots: true, Deleted: true}))
	_, err = b.Undelete(ctx, nil)
	require.NoError(t, err)
	assert.Equal(t, []string{"x@", "x"}, itemsOf(t, client, azblob.ListBlobsInclude{Snapshots: true}),
		"Ensure a blob is restored with its snapshots")
	require.NoError(t, remove(to.Ptr(azblobblob.DeleteSnapshotsOptionTypeInclude)))
	c.Advance(5 * 24 * time.Hour)
	assert.Empty(t, itemsOf(t, client, azblob.ListBlobsInclude{Snapshots: true, Deleted: true}))
	c.Advance(24 * time.Hour)
	assert.Empty(t, c.files(), "Ensure the content goes with the last that refers to it")
}

// Deletions by a lifecycle rule are of snapshots by their own age, and of a blob only when it has none.
// Source: https://learn.microsoft.com/azure/storage/blobs/lifecycle-management-policy-structure
func TestALifecycleRuleDeletesSnapshotsByTheirAge(t *testing.T) {
	c := withData(t, "snapshots", nil)
	ctx := context.Background()
	client := c.data("snapshots", 0)
	b := client.ServiceClient().NewContainerClient("data").NewBlockBlobClient("x")
	_, err := b.CreateSnapshot(ctx, nil)
	require.NoError(t, err)
	rule := func(name string, actions object) object {
		return object{"name": name, "type": "Lifecycle", "definition": object{
			"filters": object{"blobTypes": []any{"blockBlob"}}, "actions": actions}}
	}
	status, out := c.do("PUT", accounts+"snapshots/managementPolicies/default", object{"properties": object{
		"policy": object{"rules": []any{
			rule("snapshots", object{"snapshot": object{"delete": object{"daysAfterCreationGreaterThan": 10}}}),
			rule("blobs", object{"baseBlob": object{"delete": object{"daysAfterModificationGreaterThan": 2}}})}}}})
	require.Equal(t, 200, status, "%v", out)
	c.Advance(5 * 24 * time.Hour)
	assert.Equal(t, []string{"x@", "x"}, itemsOf(t, client, azblob.ListBlobsInclude{Snapshots: true}),
		"Ensure a blob stays while it has snapshots")
	c.Advance(8 * 24 * time.Hour)
	assert.Empty(t, itemsOf(t, client, azblob.ListBlobsInclude{Snapshots: true}))
}

// A signature is for the blob, or for one snapshot of it, or for the container with all.
// Source: https://learn.microsoft.com/rest/api/storageservices/create-service-sas
func TestASignatureIsForTheBlobOrForItsSnapshot(t *testing.T) {
	c := withData(t, "snapshots", nil)
	ctx := context.Background()
	b := c.data("snapshots", 0).ServiceClient().NewContainerClient("data").NewBlockBlobClient("x")
	taken, err := b.CreateSnapshot(ctx, nil)
	require.NoError(t, err)
	at, err := time.Parse("2006-01-02T15:04:05.0000000Z", *taken.Snapshot)
	require.NoError(t, err)
	_, keys := c.do("POST", accounts+"snapshots/listKeys", nil)
	key, err := azblob.NewSharedKeyCredential("snapshots", keys["keys"].([]any)[0].(object)["value"].(string))
	require.NoError(t, err)
	get := func(values sas.BlobSignatureValues, snapshot bool) int {
		values.Version, values.ContainerName, values.ExpiryTime = "2022-11-02", "data", time.Now().UTC().Add(time.Hour)
		values.Permissions = "r"
		query, err := values.SignWithSharedKey(key)
		require.NoError(t, err)
		url := c.blobs.URL + "/snapshots/data/x?" + query.Encode()
		if snapshot && !strings.Contains(url, "snapshot=") {
			url += "&snapshot=" + *taken.Snapshot
		}
		request, err := http.NewRequest(http.MethodGet, url, nil)
		require.NoError(t, err)
		response, err := c.blobs.Client().Do(request)
		require.NoError(t, err)
		response.Body.Close()
		return response.StatusCode
	}
	assert.Equal(t, 200, get(sas.BlobSignatureValues{BlobName: "x"}, false))
	assert.Equal(t, 403, get(sas.BlobSignatureValues{BlobName: "x"}, true))
	assert.Equal(t, 200, get(sas.BlobSignatureValues{BlobName: "x", SnapshotTime: at}, true))
	assert.Equal(t, 403, get(sas.BlobSignatureValues{BlobName: "x", SnapshotTime: at.Add(time.Second)}, true))
	assert.Equal(t, 403, get(sas.BlobSignatureValues{BlobName: "x", SnapshotTime: at}, false))
	assert.Equal(t, 200, get(sas.BlobSignatureValues{}, true))
}
