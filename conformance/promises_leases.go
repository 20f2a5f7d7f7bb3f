package conformance

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/lease"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"
	"github.com/stretchr/testify/require"
)

const (
	docsLeaseBlob = docsBlobAPI + "lease-blob"
	docsTags      = "https://learn.microsoft.com/azure/storage/blobs/storage-manage-find-blobs"
)

// lockOf is the lease client of a blob, with a lease id of its own.
func (t *T) lockOf(b *blockblob.Client) *lease.BlobClient {
	t.Helper()
	l, err := lease.NewBlobClient(b, nil)
	require.NoError(t, err)
	return l
}

// leasePromises are about leases, snapshots, tags and user delegation.
func leasePromises() []Promise {
	return []Promise{
		{
			Name: "lease on a blob", Area: areaBlobs, Source: docsLeaseBlob, Code: "LeaseIdMissing",
			CodeSource: docsBlobCodes,
			Statement: "A leased blob is written and deleted with its lease's id alone, and read without it; after " +
				"the " +
				"lease is released anyone may write.",
			Test: leasedBlob,
		},
		{
			Name: "one lease at a time", Area: areaBlobs, Source: docsLeaseBlob, Code: "LeaseAlreadyPresent",
			CodeSource: docsBlobCodes,
			Statement:  "A leased blob gives no second lease until the first is broken.",
			Test: func(t *T) {
				_, client := t.blobbed()
				b := client.NewBlockBlobClient("a.txt")
				require.NoError(t, put(t, b, "a", nil))
				first, second := t.lockOf(b), t.lockOf(b)
				_, err := first.AcquireLease(t.ctx(), -1, nil)
				require.NoError(t, err)
				_, err = second.AcquireLease(t.ctx(), 15, nil)
				t.refused(err, http.StatusConflict, "LeaseAlreadyPresent")
				_, err = second.BreakLease(t.ctx(), &lease.BlobBreakOptions{BreakPeriod: to.Ptr[int32](0)})
				require.NoError(t, err)
				_, err = second.AcquireLease(t.ctx(), 15, nil)
				require.NoError(t, err)
				_, err = second.ReleaseLease(t.ctx(), nil)
				require.NoError(t, err)
			},
		},
		{
			Name: "lease on a container", Area: areaBlobs, Source: docsBlobAPI + "lease-container",
			Code: "LeaseIdMissing", CodeSource: docsBlobCodes,
			Statement: "A leased container is deleted with its lease's id alone; its blobs are written all the same.",
			Test: func(t *T) {
				_, client := t.blobbed()
				l, err := lease.NewContainerClient(client, nil)
				require.NoError(t, err)
				_, err = l.AcquireLease(t.ctx(), -1, nil)
				require.NoError(t, err)
				_, err = client.Delete(t.ctx(), nil)
				t.refused(err, http.StatusPreconditionFailed, "LeaseIdMissing")
				require.NoError(t, put(t, client.NewBlockBlobClient("a.txt"), "a", nil))
				_, err = l.ReleaseLease(t.ctx(), nil)
				require.NoError(t, err)
			},
		},
		{
			Name: "snapshots", Area: areaBlobs, Source: docsBlobAPI + "snapshot-blob", Code: "SnapshotsPresent",
			CodeSource: docsBlobCodes,
			Statement: "A snapshot reads as the blob was when it was taken, is listed on request, and keeps the blob " +
				"from " +
				"being deleted without it.",
			Test: snapshotted,
		},
		{
			Name: "tags", Area: areaBlobs, Source: docsBlobAPI + "set-blob-tags",
			Statement: "Tags are set with a blob or afterwards, which leaves the etag as it is.",
			Test: func(t *T) {
				_, client := t.blobbed()
				b := client.NewBlockBlobClient("a.txt")
				require.NoError(t, put(t, b, "a", &blockblob.UploadOptions{Tags: map[string]string{"stage": "raw"}}))
				before, err := b.GetProperties(t.ctx(), nil)
				require.NoError(t, err)
				require.EqualValues(t, 1, *before.TagCount)
				_, err = b.SetTags(t.ctx(), map[string]string{"stage": "done", "year": "2025"}, nil)
				require.NoError(t, err)
				after, err := b.GetTags(t.ctx(), nil)
				require.NoError(t, err)
				require.Len(t, after.BlobTagSet, 2)
				p, err := b.GetProperties(t.ctx(), nil)
				require.NoError(t, err)
				require.Equal(t, before.ETag, p.ETag)
			},
		},
		{
			Name: "condition on tags", Area: areaBlobs, Source: docsTags, Code: "ConditionNotMet",
			CodeSource: docsBlobCodes,
			Statement:  "With x-ms-if-tags a request goes on if the expression fits the blob's tags.",
			Test: func(t *T) {
				_, client := t.blobbed()
				b := client.NewBlockBlobClient("a.txt")
				require.NoError(t, put(t, b, "a", &blockblob.UploadOptions{Tags: map[string]string{"stage": "raw"}}))
				mark := func(where string) error {
					_, err := b.SetMetadata(t.ctx(), map[string]*string{"seen": to.Ptr("yes")},
						&blob.SetMetadataOptions{AccessConditions: &blob.AccessConditions{
							ModifiedAccessConditions: &blob.ModifiedAccessConditions{IfTags: &where}}})
					return err
				}
				require.NoError(t, mark(`"stage" = 'raw'`))
				t.refused(mark(`"stage" = 'done'`), http.StatusPreconditionFailed, "ConditionNotMet")
			},
		},
		{
			Name: "find by tags", Area: areaBlobs, Source: docsBlobAPI + "find-blobs-by-tags-container",
			Statement: "A container's blobs are found by an expression over their tags.",
			Test: func(t *T) {
				_, client := t.blobbed()
				for name, day := range map[string]string{"a.txt": "01", "b.txt": "02", "c.txt": "03"} {
					require.NoError(t, put(t, client.NewBlockBlobClient(name), name,
						&blockblob.UploadOptions{Tags: map[string]string{"day": day}}))
				}
				require.NoError(t, t.until(func() error { // the index follows the blobs
					found, err := client.FilterBlobs(t.ctx(), `"day" >= '02'`, nil)
					if err != nil || len(found.Blobs) != 2 {
						return fmt.Errorf("%d blobs are found: %w", len(found.Blobs), err)
					}
					return nil
				}))
			},
		},
		{
			Name: "user delegation", Area: areaBlobs, Source: docsBlobAPI + "create-user-delegation-sas",
			Code: "AuthorizationPermissionMismatch", CodeSource: docsClientCodes, Needs: []Need{Stranger},
			Statement: "A signature made with a user delegation key permits what both it and the roles of the key's " +
				"principal permit.",
			Test: delegated,
		},
	}
}

func leasedBlob(t *T) {
	_, client := t.blobbed()
	b := client.NewBlockBlobClient("a.txt")
	require.NoError(t, put(t, b, "a", nil))
	l := t.lockOf(b)
	_, err := l.AcquireLease(t.ctx(), -1, nil)
	require.NoError(t, err)
	p, err := b.GetProperties(t.ctx(), nil)
	require.NoError(t, err)
	require.Equal(t, lease.StateTypeLeased, *p.LeaseState)
	require.Equal(t, lease.DurationTypeInfinite, *p.LeaseDuration)

	t.refused(put(t, b, "b", nil), http.StatusPreconditionFailed, "LeaseIdMissing")
	_, err = b.Delete(t.ctx(), nil)
	t.refused(err, http.StatusPreconditionFailed, "LeaseIdMissing")
	with := &blob.AccessConditions{LeaseAccessConditions: &blob.LeaseAccessConditions{LeaseID: l.LeaseID()}}
	require.NoError(t, put(t, b, "b", &blockblob.UploadOptions{AccessConditions: with}))
	t.reads("b", b)
	_, err = l.ReleaseLease(t.ctx(), nil)
	require.NoError(t, err)
	require.NoError(t, put(t, b, "c", nil))
}

func snapshotted(t *T) {
	_, client := t.blobbed()
	b := client.NewBlockBlobClient("a.txt")
	require.NoError(t, put(t, b, "before", nil))
	taken, err := b.CreateSnapshot(t.ctx(), nil)
	require.NoError(t, err)
	require.NoError(t, put(t, b, "after", nil))
	at, err := b.WithSnapshot(*taken.Snapshot)
	require.NoError(t, err)
	t.reads("before", at)
	t.reads("after", b)
	require.Len(t, t.listedBlobs(client, container.ListBlobsInclude{}), 1)
	require.Len(t, t.listedBlobs(client, container.ListBlobsInclude{Snapshots: true}), 2)
	_, err = b.Delete(t.ctx(), nil)
	t.refused(err, http.StatusConflict, "SnapshotsPresent")
	_, err = b.Delete(t.ctx(),
		&blob.DeleteOptions{DeleteSnapshots: to.Ptr(blob.DeleteSnapshotsOptionTypeInclude)})
	require.NoError(t, err)
	require.Empty(t, t.listedBlobs(client, container.ListBlobsInclude{Snapshots: true}))
}

func delegated(t *T) {
	o, s := t.Env.Provider, t.stranger()
	id := t.container(o)
	t.upload(o, id, "a.txt", "a")
	endpoint := t.blobEndpoint(o, accountOf(id))
	client, err := service.NewClient(endpoint, s.Credential, &service.ClientOptions{ClientOptions: t.clientOptions()})
	require.NoError(t, err)
	now := time.Now().UTC()
	info := service.KeyInfo{Start: to.Ptr(now.Add(-time.Minute).Format(sas.TimeFormat)),
		Expiry: to.Ptr(now.Add(time.Hour).Format(sas.TimeFormat))}
	_, err = client.GetUserDelegationCredential(t.ctx(), info, nil)
	t.refused(err, http.StatusForbidden, "AuthorizationPermissionMismatch")

	t.assign(o, accountOf(id), roleBlobReader, s.ObjectID)
	var key *service.UserDelegationCredential
	require.NoError(t, t.until(func() error {
		key, err = client.GetUserDelegationCredential(t.ctx(), info, nil)
		return err
	}))
	query, err := sas.BlobSignatureValues{ContainerName: nameOf(id), ExpiryTime: now.Add(time.Hour),
		Permissions: (&sas.ContainerPermissions{Read: true, Write: true, Create: true}).String(),
	}.SignWithUserDelegation(key)
	require.NoError(t, err)
	signed := t.anonymousBlobs(strings.TrimSuffix(endpoint, "/") + "/?" + query.Encode())
	require.NoError(t, t.until(func() error {
		_, err := signed.DownloadStream(t.ctx(), nameOf(id), "a.txt", nil)
		return err
	}))
	_, err = signed.UploadBuffer(t.ctx(), nameOf(id), "b.txt", []byte("b"), &azblob.UploadBufferOptions{})
	t.refused(err, http.StatusForbidden, "AuthorizationPermissionMismatch")
}
