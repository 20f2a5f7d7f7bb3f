package conformance

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"
	"github.com/stretchr/testify/require"
)

const (
	areaBlobs   = "Blob data plane"
	docsBlobAPI = "https://learn.microsoft.com/rest/api/storageservices/"
)

// bearerBlobs is the SDK's blob client with a token.
func (t *T) bearerBlobs(o *Org, endpoint string) *azblob.Client {
	t.Helper()
	c, err := azblob.NewClient(endpoint, o.Credential, &azblob.ClientOptions{ClientOptions: t.clientOptions()})
	require.NoError(t, err)
	return c
}

// anonymousBlobs is the SDK's blob client for an URL that is open, or that has a signature.
func (t *T) anonymousBlobs(endpoint string) *azblob.Client {
	t.Helper()
	c, err := azblob.NewClientWithNoCredential(endpoint, &azblob.ClientOptions{ClientOptions: t.clientOptions()})
	require.NoError(t, err)
	return c
}

// blobbed is a new container with its client.
func (t *T) blobbed() (c string, client *container.Client) {
	t.Helper()
	c = t.container(t.Env.Provider)
	return c, t.blobs(t.Env.Provider, accountOf(c)).ServiceClient().NewContainerClient(nameOf(c))
}

// signed is a client for a blob by an URL with a signature.
func (t *T) signed(client *container.Client, name string, p sas.BlobPermissions, until time.Time) *blockblob.Client {
	t.Helper()
	url, err := client.NewBlobClient(name).GetSASURL(p, until, nil)
	require.NoError(t, err)
	return t.byURL(url)
}

func (t *T) byURL(url string) *blockblob.Client {
	t.Helper()
	c, err := blockblob.NewClientWithNoCredential(url, &blockblob.ClientOptions{ClientOptions: t.clientOptions()})
	require.NoError(t, err)
	return c
}

func put(t *T, c *blockblob.Client, content string, o *blockblob.UploadOptions) error {
	_, err := c.Upload(t.ctx(), readSeekCloser{strings.NewReader(content)}, o)
	return err
}

type readSeekCloser struct{ io.ReadSeeker }

func (readSeekCloser) Close() error { return nil }

// blobPromises are about the data plane of blobs.
func blobPromises() []Promise {
	return []Promise{
		{
			Name: "write and read", Area: areaBlobs, Source: docsBlobAPI + "put-blob",
			Statement: "A blob reads back as it was written, with its length, type, MD5, metadata and an etag; part " +
				"of it, too.",
			Test: writtenAndRead,
		},
		{
			Name: "list", Area: areaBlobs, Source: docsBlobAPI + "list-blobs",
			Statement: "The list of a container has its blobs in order of their names, those of a prefix on request, " +
				"folders in place of what lies in them with a delimiter.",
			Test: listed,
		},
		{
			Name: "blocks", Area: areaBlobs, Source: docsBlobAPI + "put-block-list",
			Statement: "Blocks become a blob when they are committed, in the order of the list; before that there is " +
				"none.",
			Test: func(t *T) {
				_, client := t.blobbed()
				b := client.NewBlockBlobClient("big.bin")
				id := func(n string) string { return base64.StdEncoding.EncodeToString([]byte(n)) }
				for n, content := range map[string]string{"one": "first ", "two": "second"} {
					_, err := b.StageBlock(t.ctx(), id(n), readSeekCloser{strings.NewReader(content)}, nil)
					require.NoError(t, err)
				}
				_, err := b.GetProperties(t.ctx(), nil)
				require.Equal(t, http.StatusNotFound, t.response(err).StatusCode)
				_, err = b.CommitBlockList(t.ctx(), []string{id("one"), id("two")}, nil)
				require.NoError(t, err)
				var buffer bytes.Buffer
				res, err := b.DownloadStream(t.ctx(), nil)
				require.NoError(t, err)
				defer res.Body.Close()
				_, err = buffer.ReadFrom(res.Body)
				require.NoError(t, err)
				require.Equal(t, "first second", buffer.String())
				_, err = b.CommitBlockList(t.ctx(), []string{id("no such block")}, nil)
				t.refused(err, http.StatusBadRequest, "InvalidBlockList")
			},
			Code: "InvalidBlockList", CodeSource: docsBlobCodes,
		},
		{
			Name: "not there", Area: areaBlobs, Source: docsBlobCodes, Code: "BlobNotFound",
			Statement: "A blob that is not there, or no more, answers 404 BlobNotFound.",
			Test: func(t *T) {
				_, client := t.blobbed()
				b := client.NewBlockBlobClient("a.txt")
				_, err := b.DownloadStream(t.ctx(), nil)
				t.refused(err, http.StatusNotFound, "BlobNotFound")
				require.NoError(t, put(t, b, "a", nil))
				_, err = b.Delete(t.ctx(), nil)
				require.NoError(t, err)
				_, err = b.DownloadStream(t.ctx(), nil)
				t.refused(err, http.StatusNotFound, "BlobNotFound")
				_, err = b.Delete(t.ctx(), nil)
				t.refused(err, http.StatusNotFound, "BlobNotFound")
			},
		},
		{
			Name: "container not there", Area: areaBlobs, Source: docsBlobCodes, Code: "ContainerNotFound",
			Statement: "Writing into a container that is not there answers 404 ContainerNotFound.",
			Test: func(t *T) {
				_, err := t.blobs(t.Env.Provider, t.storageAccount(t.Env.Provider)).UploadBuffer(t.ctx(), t.name(20),
					"a.txt", []byte("a"), nil)
				t.refused(err, http.StatusNotFound, "ContainerNotFound")
			},
		},
		{
			Name: "create only", Area: areaBlobs, Source: docsBlobCodes, Code: "BlobAlreadyExists",
			Statement: "With If-None-Match: * a blob is written only if it is not there yet.",
			Test: func(t *T) {
				_, client := t.blobbed()
				b := client.NewBlockBlobClient("a.txt")
				only := uploadIf(blob.ModifiedAccessConditions{IfNoneMatch: to.Ptr(azcore.ETagAny)})
				require.NoError(t, put(t, b, "a", only))
				t.refused(put(t, b, "b", only), http.StatusConflict, "BlobAlreadyExists")
			},
		},
		{
			Name: "etag", Area: areaBlobs, Source: docsStorageCodes, Code: "ConditionNotMet",
			Statement: "With If-Match a blob is written only if nobody has written it since.",
			Test: func(t *T) {
				_, client := t.blobbed()
				b := client.NewBlockBlobClient("a.txt")
				require.NoError(t, put(t, b, "a", nil))
				p, err := b.GetProperties(t.ctx(), nil)
				require.NoError(t, err)
				match := uploadIf(blob.ModifiedAccessConditions{IfMatch: p.ETag})
				require.NoError(t, put(t, b, "b", match))
				t.refused(put(t, b, "c", match), http.StatusPreconditionFailed, "ConditionNotMet")
			},
		},
		{
			Name: "MD5", Area: areaBlobs, Source: docsStorageCodes, Code: "Md5Mismatch",
			Statement: "Content that does not have the MD5 that it was sent with is refused.",
			Test: func(t *T) {
				_, client := t.blobbed()
				sum := md5.Sum([]byte("something else"))
				err := put(t, client.NewBlockBlobClient("a.txt"), "a",
					&blockblob.UploadOptions{TransactionalValidation: blob.TransferValidationTypeMD5(sum[:])})
				t.refused(err, http.StatusBadRequest, "Md5Mismatch")
			},
		},
		{
			Name: "copy", Area: areaBlobs, Source: docsBlobAPI + "copy-blob",
			Statement: "A blob can be copied within an account, with its content and type.",
			Test: func(t *T) {
				c, client := t.blobbed()
				b := client.NewBlockBlobClient("a.txt")
				require.NoError(t, put(t, b, "content",
					&blockblob.UploadOptions{HTTPHeaders: &blob.HTTPHeaders{BlobContentType: to.Ptr("text/csv")}}))
				copied := client.NewBlockBlobClient("copy.txt")
				_, err := copied.StartCopyFromURL(t.ctx(), b.URL(), nil)
				require.NoError(t, err)
				t.eventually("the copy to end", func() bool {
					p, err := copied.GetProperties(t.ctx(), nil)
					require.NoError(t, err)
					require.Equal(t, "text/csv", *p.ContentType)
					return *p.CopyStatus == blob.CopyStatusTypeSuccess
				})
				content, ok := t.download(t.Env.Provider, c, "copy.txt")
				require.True(t, ok)
				require.Equal(t, "content", content)
			},
		},
		{
			Name: "wrong key", Area: areaBlobs, Source: docsStorageCodes, Code: "AuthenticationFailed",
			Statement: "A request signed with another key is refused.",
			Test: func(t *T) {
				account := t.storageAccount(t.Env.Provider)
				key, err := azblob.NewSharedKeyCredential(nameOf(account),
					base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 64)))
				require.NoError(t, err)
				c, err := azblob.NewClientWithSharedKeyCredential(t.blobEndpoint(t.Env.Provider, account), key,
					&azblob.ClientOptions{ClientOptions: t.clientOptions()})
				require.NoError(t, err)
				_, err = c.DownloadStream(t.ctx(), t.name(20), "a.txt", nil)
				t.refused(err, http.StatusForbidden, "AuthenticationFailed")
			},
		},
		{
			Name: "SAS", Area: areaBlobs, Source: docsBlobAPI + "create-service-sas",
			Code: "AuthorizationPermissionMismatch", CodeSource: docsClientCodes,
			Statement: "A shared access signature permits what it says on its blob, and nothing else.",
			Test: func(t *T) {
				_, client := t.blobbed()
				require.NoError(t, put(t, client.NewBlockBlobClient("a.txt"), "a", nil))
				reader := t.signed(client, "a.txt", sas.BlobPermissions{Read: true}, time.Now().Add(time.Hour))
				res, err := reader.DownloadStream(t.ctx(), nil)
				require.NoError(t, err)
				require.NoError(t, res.Body.Close())
				t.refused(put(t, reader, "b", nil), http.StatusForbidden, "AuthorizationPermissionMismatch")
				_, err = reader.Delete(t.ctx(), nil)
				t.refused(err, http.StatusForbidden, "AuthorizationPermissionMismatch")
				writer := t.signed(client, "new.txt", sas.BlobPermissions{Create: true, Write: true},
					time.Now().Add(time.Hour))
				require.NoError(t, put(t, writer, "b", nil))
			},
		},
		{
			Name: "SAS of another blob", Area: areaBlobs, Source: docsBlobAPI + "create-service-sas",
			Code: "AuthenticationFailed", CodeSource: docsStorageCodes,
			Statement: "A shared access signature opens no other blob, and none once a character of it was changed.",
			Test: func(t *T) {
				_, client := t.blobbed()
				for _, name := range []string{"a.txt", "b.txt"} {
					require.NoError(t, put(t, client.NewBlockBlobClient(name), name, nil))
				}
				url, err := client.NewBlobClient("a.txt").GetSASURL(sas.BlobPermissions{Read: true},
					time.Now().Add(time.Hour), nil)
				require.NoError(t, err)
				for _, forged := range []string{strings.Replace(url, "a.txt", "b.txt", 1),
					strings.Replace(url, "sp=r", "sp=rw", 1)} {
					_, err = t.byURL(forged).DownloadStream(t.ctx(), nil)
					t.refused(err, http.StatusForbidden, "AuthenticationFailed")
				}
			},
		},
		{
			Name: "SAS that has expired", Area: areaBlobs, Source: docsBlobAPI + "create-service-sas",
			Code: "AuthenticationFailed", CodeSource: docsStorageCodes,
			Statement: "A shared access signature opens nothing after its expiry.",
			Test: func(t *T) {
				_, client := t.blobbed()
				require.NoError(t, put(t, client.NewBlockBlobClient("a.txt"), "a", nil))
				_, err := t.signed(client, "a.txt", sas.BlobPermissions{Read: true},
					time.Now().Add(-time.Minute)).DownloadStream(t.ctx(), nil)
				t.refused(err, http.StatusForbidden, "AuthenticationFailed")
			},
		},
	}
}

func writtenAndRead(t *T) {
	_, client := t.blobbed()
	b := client.NewBlockBlobClient("folder/a b+ü.csv")
	const content = "id,amount\n1,2\n"
	sum := md5.Sum([]byte(content))
	require.NoError(t, put(t, b, content, &blockblob.UploadOptions{
		HTTPHeaders: &blob.HTTPHeaders{BlobContentType: to.Ptr("text/csv")},
		Metadata:    map[string]*string{"Owner": to.Ptr("finance")},
	}))
	p, err := b.GetProperties(t.ctx(), nil)
	require.NoError(t, err)
	require.Equal(t, int64(len(content)), *p.ContentLength)
	require.Equal(t, "text/csv", *p.ContentType)
	require.Equal(t, sum[:], p.ContentMD5)
	require.Equal(t, blob.BlobTypeBlockBlob, *p.BlobType)
	require.NotEmpty(t, *p.ETag)
	for name, value := range p.Metadata { // the service does not keep the case of names
		require.Equal(t, "owner", strings.ToLower(name))
		require.Equal(t, "finance", *value)
	}
	require.Len(t, p.Metadata, 1)
	for _, r := range []blob.HTTPRange{{}, {Offset: 3, Count: 6}} {
		res, err := b.DownloadStream(t.ctx(), &blob.DownloadStreamOptions{Range: r})
		require.NoError(t, err)
		raw, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		want := content
		if r.Count > 0 {
			want = content[r.Offset : r.Offset+r.Count]
		}
		require.Equal(t, want, string(raw))
	}
}

func uploadIf(holds blob.ModifiedAccessConditions) *blockblob.UploadOptions {
	return &blockblob.UploadOptions{AccessConditions: &blob.AccessConditions{ModifiedAccessConditions: &holds}}
}

func listed(t *T) {
	_, client := t.blobbed()
	for _, name := range []string{"b.txt", "in/2.txt", "a.txt", "in/1.txt", "in/deep/3.txt"} {
		require.NoError(t, put(t, client.NewBlockBlobClient(name), name, nil))
	}
	flat := func(o *container.ListBlobsFlatOptions) []string {
		return names(collect(t, client.NewListBlobsFlatPager(o),
			func(p container.ListBlobsFlatResponse) []*container.BlobItem { return p.Segment.BlobItems }))
	}
	require.Equal(t, []string{"a.txt", "b.txt", "in/1.txt", "in/2.txt", "in/deep/3.txt"}, flat(nil))
	require.Equal(t, []string{"in/1.txt", "in/2.txt", "in/deep/3.txt"},
		flat(&container.ListBlobsFlatOptions{Prefix: to.Ptr("in/")}))
	require.Equal(t, flat(nil), flat(&container.ListBlobsFlatOptions{MaxResults: to.Ptr(int32(2))}), "in pages of two")
	tree := collect(t, client.NewListBlobsHierarchyPager("/",
		&container.ListBlobsHierarchyOptions{Prefix: to.Ptr("in/")}),
		func(p container.ListBlobsHierarchyResponse) []*container.BlobHierarchyListSegment {
			return []*container.BlobHierarchyListSegment{p.Segment}
		})
	require.Len(t, tree, 1)
	require.Equal(t, []string{"in/1.txt", "in/2.txt"}, names(tree[0].BlobItems))
	require.Len(t, tree[0].BlobPrefixes, 1)
	require.Equal(t, "in/deep/", *tree[0].BlobPrefixes[0].Name)
}

func names(items []*container.BlobItem) []string {
	return ids(items, func(i *container.BlobItem) *string { return i.Name })
}
