package blob_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	azblobblob "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/blob"
	"github.com/crossorg/crossorg/internal/azure/store"
)

// estate is a set of accounts in memory.
type estate struct {
	mu         sync.Mutex
	content    *blob.Content
	st         *store.Store
	accounts   map[string]blob.Account
	containers map[string]blob.Container
	grants     map[string]bool // principal + " " + action
}

func (e *estate) Account(name string) (blob.Account, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	a, ok := e.accounts[name]
	return a, ok
}

func (e *estate) Container(_ *store.Tx, of blob.Account, name string) (blob.Container, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	c, ok := e.containers[of.Name+"/"+name]
	return c, ok
}

func (e *estate) Containers(of blob.Account) (out []blob.Container, _ error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for k, c := range e.containers {
		if strings.HasPrefix(k, of.Name+"/") {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b blob.Container) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

func (e *estate) CreateContainer(of blob.Account, c blob.Container) (blob.Container, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	account := of.Name
	if _, ok := e.containers[account+"/"+c.Name]; ok {
		return c, blob.ErrContainerExists
	}
	c.ETag, c.LastModified = "0x1", time.Now().UTC().Truncate(time.Second)
	e.containers[account+"/"+c.Name] = c
	return c, nil
}

func (e *estate) ChangeContainer(
	of blob.Account, name string, change func(c *blob.Container) error,
) (blob.Container, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	c, ok := e.containers[of.Name+"/"+name]
	if !ok {
		return c, blob.ErrContainerNotFound
	}
	if err := change(&c); err != nil {
		return c, err
	}
	e.containers[of.Name+"/"+name] = c
	return c, nil
}

func (e *estate) DeleteContainer(of blob.Account, name string, check func(c blob.Container) error) error {
	e.mu.Lock()
	c, ok := e.containers[of.Name+"/"+name]
	if !ok {
		e.mu.Unlock()
		return blob.ErrContainerNotFound
	}
	if err := check(c); err != nil {
		e.mu.Unlock()
		return err
	}
	delete(e.containers, of.Name+"/"+name)
	e.mu.Unlock()
	return e.st.Update(func(tx *store.Tx) error { return e.content.DropContainer(tx, of.Name, name) })
}

func (e *estate) DelegationSecret(blob.Account) ([]byte, error) { return nil, errors.New("no secret") }

func (e *estate) DeletedContainers(blob.Account) ([]blob.Container, error) { return nil, nil }

func (e *estate) RestoreContainer(blob.Account, string, string, string) (blob.Container, error) {
	return blob.Container{}, blob.ErrContainerNotFound
}

func (e *estate) Bearer(token string) (blob.Caller, error) {
	caller := e.Claimed(token)
	if caller.TenantID == "" {
		return blob.Caller{}, errors.New("no such token")
	}
	return caller, nil
}

// Claimed reads a token of these tests: principal@tenant.
func (e *estate) Claimed(token string) blob.Caller {
	principal, tenant, _ := strings.Cut(token, "@")
	return blob.Caller{ObjectID: principal, TenantID: tenant, ClientID: "app-" + principal}
}

func (e *estate) Allowed(principal, scope, action string, _ bool) bool {
	return strings.HasPrefix(scope, "/subscriptions/") && e.grants[principal+" "+action]
}

func (e *estate) change(name string, change func(*blob.Account)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	a := e.accounts[name]
	change(&a)
	e.accounts[name] = a
}

// dataPlane is the data plane over TLS with one account, and a container in it.
type dataPlane struct {
	*room
	t      *testing.T
	http   *httptest.Server
	estate *estate
	key    string
	client *azblob.Client
}

const bytesOfKey = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func newDataPlane(t *testing.T) *dataPlane {
	r := newRoom(t)
	e := &estate{content: r.content, st: r.st, containers: map[string]blob.Container{}, grants: map[string]bool{},
		accounts: map[string]blob.Account{}}
	for _, name := range []string{"contoso", "fabrikam"} {
		e.accounts[name] = blob.Account{
			Name: name, ID: "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/" + name,
			TenantID: "t1",
			Keys:     [][]byte{[]byte("the first key is not the one in use"), []byte(bytesOfKey)}, SharedKey: true,
			HTTPSOnly: true, SKU: "Standard_LRS", Kind: "StorageV2", AccessTier: "Hot",
		}
		e.containers[name+"/data"] = blob.Container{Name: "data", ETag: "0x1",
			LastModified: time.Now().UTC().Truncate(time.Second), PublicAccess: blob.PublicNone}
	}
	s := httptest.NewTLSServer(blob.NewHandler(r.content, e, nil))
	t.Cleanup(s.Close)
	d := &dataPlane{room: r, t: t, http: s, estate: e, key: base64.StdEncoding.EncodeToString([]byte(bytesOfKey))}
	d.client = d.as("contoso", d.key)
	return d
}

func (d *dataPlane) options() azcore.ClientOptions {
	return azcore.ClientOptions{Transport: d.http.Client(), Retry: policy.RetryOptions{MaxRetries: -1}}
}

func (d *dataPlane) as(account, key string) *azblob.Client {
	cred, err := azblob.NewSharedKeyCredential(account, key)
	require.NoError(d.t, err)
	c, err := azblob.NewClientWithSharedKeyCredential(d.http.URL+"/"+account+"/", cred,
		&azblob.ClientOptions{ClientOptions: d.options()})
	require.NoError(d.t, err)
	return c
}

func (d *dataPlane) withSAS(query string) *azblob.Client {
	c, err := azblob.NewClientWithNoCredential(d.http.URL+"/contoso/?"+query,
		&azblob.ClientOptions{ClientOptions: d.options()})
	require.NoError(d.t, err)
	return c
}

func (d *dataPlane) upload(c *azblob.Client, name, text string) error {
	_, err := c.UploadBuffer(context.Background(), "data", name, []byte(text), nil)
	return err
}

func (d *dataPlane) download(c *azblob.Client, name string) (string, error) {
	resp, err := c.DownloadStream(context.Background(), "data", name, nil)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return string(b), err
}

func requireCode(t *testing.T, err error, status int, code string) {
	t.Helper()
	var e *azcore.ResponseError
	require.ErrorAs(t, err, &e)
	assert.Equal(t, code, e.ErrorCode)
	assert.Equal(t, status, e.StatusCode)
}

func TestTheOfficialClientWritesReadsAndDeletesBlobs(t *testing.T) {
	d := newDataPlane(t)
	ctx := context.Background()
	name := "folder/with space/ünï+co&de=?#%41.csv"
	_, err := d.client.UploadBuffer(ctx, "data", name, []byte("a,b\n1,2\n"), &azblob.UploadBufferOptions{
		HTTPHeaders: &azblobblob.HTTPHeaders{BlobContentType: to.Ptr("text/csv"), BlobCacheControl: to.Ptr("no-cache")},
		Metadata:    map[string]*string{"owner": to.Ptr("contoso"), "a_b": to.Ptr("1"), "a1": to.Ptr("2")},
		AccessTier:  to.Ptr(azblobblob.AccessTierCool),
	})
	require.NoError(t, err)
	got, err := d.download(d.client, name)
	require.NoError(t, err)
	assert.Equal(t, "a,b\n1,2\n", got)

	b := d.client.ServiceClient().NewContainerClient("data").NewBlobClient(name)
	p, err := b.GetProperties(ctx, nil)
	require.NoError(t, err)
	sum := md5.Sum([]byte(got))
	assert.Equal(t, sum[:], p.ContentMD5)
	assert.Equal(t, int64(8), *p.ContentLength)
	assert.Equal(t, "text/csv", *p.ContentType)
	assert.Equal(t, "no-cache", *p.CacheControl)
	assert.Equal(t, "Cool", *p.AccessTier)
	assert.Equal(t, azblobblob.BlobTypeBlockBlob, *p.BlobType)
	assert.Len(t, p.Metadata, 3)
	assert.WithinDuration(t, time.Now(), *p.LastModified, time.Minute)

	part, err := b.DownloadStream(ctx,
		&azblobblob.DownloadStreamOptions{Range: azblobblob.HTTPRange{Offset: 2, Count: 3},
			RangeGetContentMD5: to.Ptr(true)})
	require.NoError(t, err)
	text, err := io.ReadAll(part.Body)
	require.NoError(t, err)
	assert.Equal(t, "b\n1", string(text))
	sum = md5.Sum(text)
	assert.Equal(t, sum[:], part.ContentMD5)
	assert.Equal(t, "bytes 2-4/8", *part.ContentRange)

	_, err = b.SetMetadata(ctx, map[string]*string{"purpose": to.Ptr("test")}, nil)
	require.NoError(t, err)
	_, err = b.SetHTTPHeaders(ctx, azblobblob.HTTPHeaders{BlobContentType: to.Ptr("text/plain")}, nil)
	require.NoError(t, err)
	_, err = b.SetTier(ctx, azblobblob.AccessTierCold, nil)
	require.NoError(t, err)
	after, err := b.GetProperties(ctx, nil)
	require.NoError(t, err)
	assert.Equal(t, "text/plain", *after.ContentType)
	assert.Nil(t, after.CacheControl)
	assert.Equal(t, "Cold", *after.AccessTier)
	assert.Equal(t, "test", *after.Metadata["Purpose"])
	assert.NotEqual(t, *p.ETag, *after.ETag)

	_, err = d.client.DeleteBlob(ctx, "data", name, nil)
	require.NoError(t, err)
	_, err = d.download(d.client, name)
	requireCode(t, err, http.StatusNotFound, "BlobNotFound")
	_, err = b.GetProperties(ctx, nil)
	requireCode(t, err, http.StatusNotFound, "BlobNotFound")
	_, err = d.client.DeleteBlob(ctx, "data", name, nil)
	requireCode(t, err, http.StatusNotFound, "BlobNotFound")
	_, err = d.client.UploadBuffer(ctx, "missing", "x", []byte("x"), nil)
	requireCode(t, err, http.StatusNotFound, "ContainerNotFound")
}

func TestAnEmptyBlobRoundTrips(t *testing.T) {
	d := newDataPlane(t)
	require.NoError(t, d.upload(d.client, "empty", ""))
	got, err := d.download(d.client, "empty")
	require.NoError(t, err)
	assert.Empty(t, got)
}

func TestTheOfficialClientUploadsInBlocks(t *testing.T) {
	d := newDataPlane(t)
	ctx := context.Background()
	data := bytes.Repeat([]byte("0123456789abcdef"), 300_000) // 4.8 MB
	_, err := d.client.UploadStream(ctx, "data", "big", bytes.NewReader(data),
		&azblob.UploadStreamOptions{BlockSize: 1 << 20, Concurrency: 3})
	require.NoError(t, err)
	got := make([]byte, len(data))
	n, err := d.client.DownloadBuffer(ctx, "data", "big", got, &azblob.DownloadBufferOptions{BlockSize: 1 << 20})
	require.NoError(t, err)
	assert.Equal(t, int64(len(data)), n)
	assert.True(t, bytes.Equal(data, got))

	bb := d.client.ServiceClient().NewContainerClient("data").NewBlockBlobClient("big")
	id := base64.StdEncoding.EncodeToString([]byte("late"))
	_, err = bb.StageBlock(ctx, id, streaming("tail"), nil)
	require.NoError(t, err)
	list, err := bb.GetBlockList(ctx, blockblob.BlockListTypeAll, nil)
	require.NoError(t, err)
	assert.Len(t, list.CommittedBlocks, 5)
	require.Len(t, list.UncommittedBlocks, 1)
	assert.Equal(t, id, *list.UncommittedBlocks[0].Name)
	_, err = bb.CommitBlockList(ctx, []string{id, *list.CommittedBlocks[0].Name}, nil)
	require.NoError(t, err)
	text, err := d.download(d.client, "big")
	require.NoError(t, err)
	assert.Equal(t, "tail"+string(data[:1<<20]), text)
	_, err = bb.CommitBlockList(ctx, []string{base64.StdEncoding.EncodeToString([]byte("none"))}, nil)
	requireCode(t, err, http.StatusBadRequest, "InvalidBlockList")
}

type stream struct{ *bytes.Reader }

func (stream) Close() error { return nil }

func streaming(text string) io.ReadSeekCloser { return stream{bytes.NewReader([]byte(text))} }

func TestListsArePagedByPrefixAndGroupedByDelimiter(t *testing.T) {
	d := newDataPlane(t)
	ctx := context.Background()
	names := []string{"a/1", "a/2", "a/b/3", "c", "d/4", "e\x01f"}
	for _, n := range names {
		d.put(key(n), n)
	}
	var flat []string
	pages := 0
	for p := d.client.NewListBlobsFlatPager("data",
		&azblob.ListBlobsFlatOptions{MaxResults: to.Ptr[int32](2)}); p.More(); pages++ {
		page, err := p.NextPage(ctx)
		require.NoError(t, err)
		for _, b := range page.Segment.BlobItems {
			flat = append(flat, *b.Name)
			assert.NotEmpty(t, *b.Properties.ETag)
			assert.Equal(t, int64(len(*b.Name)), *b.Properties.ContentLength)
			assert.Equal(t, "Hot", string(*b.Properties.AccessTier))
		}
	}
	assert.Equal(t, names, flat)
	assert.Equal(t, 3, pages)

	var blobs, prefixes []string
	cc := d.client.ServiceClient().NewContainerClient("data")
	for p := cc.NewListBlobsHierarchyPager("/",
		&container.ListBlobsHierarchyOptions{MaxResults: to.Ptr[int32](1)}); p.More(); {
		page, err := p.NextPage(ctx)
		require.NoError(t, err)
		for _, b := range page.Segment.BlobItems {
			blobs = append(blobs, *b.Name)
		}
		for _, b := range page.Segment.BlobPrefixes {
			prefixes = append(prefixes, *b.Name)
		}
	}
	assert.Equal(t, []string{"c", "e\x01f"}, blobs)
	assert.Equal(t, []string{"a/", "d/"}, prefixes)

	p := cc.NewListBlobsHierarchyPager("/", &container.ListBlobsHierarchyOptions{Prefix: to.Ptr("a/")})
	page, err := p.NextPage(ctx)
	require.NoError(t, err)
	assert.Len(t, page.Segment.BlobItems, 2)
	assert.Len(t, page.Segment.BlobPrefixes, 1)
}

func TestTheOfficialClientManagesContainers(t *testing.T) {
	d := newDataPlane(t)
	ctx := context.Background()
	_, err := d.client.CreateContainer(ctx, "landing",
		&azblob.CreateContainerOptions{Metadata: map[string]*string{"stage": to.Ptr("raw")}})
	require.NoError(t, err)
	_, err = d.client.CreateContainer(ctx, "landing", nil)
	requireCode(t, err, http.StatusConflict, "ContainerAlreadyExists")
	_, err = d.client.CreateContainer(ctx, "No--Good", nil)
	requireCode(t, err, http.StatusBadRequest, "InvalidResourceName")
	_, err = d.client.CreateContainer(ctx, "public",
		&azblob.CreateContainerOptions{Access: to.Ptr(azblob.PublicAccessTypeBlob)})
	requireCode(t, err, http.StatusConflict, "PublicAccessNotPermitted")
	cc := d.client.ServiceClient().NewContainerClient("landing")
	p, err := cc.GetProperties(ctx, nil)
	require.NoError(t, err)
	assert.Equal(t, "raw", *p.Metadata["Stage"])
	_, err = cc.SetMetadata(ctx, &container.SetMetadataOptions{Metadata: map[string]*string{"stage": to.Ptr("clean")}})
	require.NoError(t, err)

	var names []string
	pager := d.client.NewListContainersPager(&azblob.ListContainersOptions{
		MaxResults: to.Ptr[int32](1), Include: azblob.ListContainersInclude{Metadata: true},
	})
	for pager.More() {
		page, err := pager.NextPage(ctx)
		require.NoError(t, err)
		for _, c := range page.ContainerItems {
			names = append(names, *c.Name)
			if *c.Name == "landing" {
				assert.Equal(t, "clean", *c.Metadata["stage"])
			}
		}
	}
	assert.Equal(t, []string{"data", "landing"}, names)
	_, err = d.client.DeleteContainer(ctx, "landing", nil)
	require.NoError(t, err)
	_, err = cc.GetProperties(ctx, nil)
	requireCode(t, err, http.StatusNotFound, "ContainerNotFound")
}

func TestConditionsAreCheckedInTheWrite(t *testing.T) {
	d := newDataPlane(t)
	ctx := context.Background()
	bb := d.client.ServiceClient().NewContainerClient("data").NewBlockBlobClient("x")
	conditional := func(match, noneMatch *azcore.ETag) *azblobblob.AccessConditions {
		return &azblobblob.AccessConditions{ModifiedAccessConditions: &azblobblob.ModifiedAccessConditions{
			IfMatch: match, IfNoneMatch: noneMatch}}
	}
	put := func(c *azblobblob.AccessConditions) (blockblob.UploadResponse, error) {
		return bb.Upload(ctx, streaming("x"), &blockblob.UploadOptions{AccessConditions: c})
	}
	_, err := put(conditional(to.Ptr(azcore.ETag(`"0x1"`)), nil))
	requireCode(t, err, http.StatusPreconditionFailed, "ConditionNotMet")
	first, err := put(conditional(nil, to.Ptr(azcore.ETagAny)))
	require.NoError(t, err)
	_, err = put(conditional(nil, to.Ptr(azcore.ETagAny)))
	requireCode(t, err, http.StatusConflict, "BlobAlreadyExists")
	second, err := put(conditional(first.ETag, nil))
	require.NoError(t, err)
	_, err = put(conditional(first.ETag, nil))
	requireCode(t, err, http.StatusPreconditionFailed, "ConditionNotMet")
	_, err = bb.DownloadStream(ctx, &azblobblob.DownloadStreamOptions{AccessConditions: conditional(first.ETag, nil)})
	requireCode(t, err, http.StatusPreconditionFailed, "ConditionNotMet")
	same, err := bb.DownloadStream(ctx,
		&azblobblob.DownloadStreamOptions{AccessConditions: conditional(nil, second.ETag)})
	require.NoError(t, err, "the client takes 304 for an answer")
	assert.Equal(t, "ConditionNotMet", *same.ErrorCode)
	assert.Equal(t, *second.ETag, *same.ETag)
	_, err = bb.Delete(ctx, &azblobblob.DeleteOptions{AccessConditions: conditional(first.ETag, nil)})
	requireCode(t, err, http.StatusPreconditionFailed, "ConditionNotMet")

	var won sync.Map
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if _, err := put(conditional(second.ETag, nil)); err == nil {
				won.Store(i, true)
			}
		}()
	}
	wg.Wait()
	winners := 0
	won.Range(func(any, any) bool { winners++; return true })
	assert.Equal(t, 1, winners, "one writer wins")
}

func TestDigestsOfARequestAreChecked(t *testing.T) {
	d := newDataPlane(t)
	ctx := context.Background()
	bb := d.client.ServiceClient().NewContainerClient("data").NewBlockBlobClient("x")
	good := md5.Sum([]byte("hello"))
	_, err := bb.Upload(ctx, streaming("hello"),
		&blockblob.UploadOptions{TransactionalValidation: azblobblob.TransferValidationTypeMD5(good[:])})
	require.NoError(t, err)
	_, err = bb.Upload(ctx, streaming("hellO"),
		&blockblob.UploadOptions{TransactionalValidation: azblobblob.TransferValidationTypeMD5(good[:])})
	requireCode(t, err, http.StatusBadRequest, "Md5Mismatch")
	_, err = bb.Upload(ctx, streaming("hello"),
		&blockblob.UploadOptions{TransactionalValidation: azblobblob.TransferValidationTypeComputeCRC64()})
	require.NoError(t, err)
	_, err = bb.Upload(ctx, streaming("hello"),
		&blockblob.UploadOptions{TransactionalValidation: azblobblob.TransferValidationTypeCRC64(42)})
	requireCode(t, err, http.StatusBadRequest, "Crc64Mismatch")
	got, err := d.download(d.client, "x")
	require.NoError(t, err)
	assert.Equal(t, "hello", got)
}

func TestCopyTakesContentFromThisServerOnly(t *testing.T) {
	d := newDataPlane(t)
	ctx := context.Background()
	d.put(key("source"), "copied")
	d.put(blob.Key{Account: "fabrikam", Container: "data", Name: "theirs"}, "theirs")
	b := d.client.ServiceClient().NewContainerClient("data").NewBlobClient("target")
	resp, err := b.StartCopyFromURL(ctx, d.http.URL+"/contoso/data/source", nil)
	require.NoError(t, err)
	assert.Equal(t, azblobblob.CopyStatusTypeSuccess, *resp.CopyStatus)
	got, err := d.download(d.client, "target")
	require.NoError(t, err)
	assert.Equal(t, "copied", got)

	_, err = b.StartCopyFromURL(ctx, d.http.URL+"/contoso/data/missing", nil)
	requireCode(t, err, http.StatusNotFound, "CannotVerifyCopySource")
	_, err = b.StartCopyFromURL(ctx, d.http.URL+"/fabrikam/data/theirs", nil)
	require.Error(t, err, "another account's blob needs a permission of its own")
	_, err = b.StartCopyFromURL(ctx, "https://elsewhere.invalid/contoso/data/source", nil)
	requireCode(t, err, http.StatusNotFound, "CannotVerifyCopySource")
	token := blob.SignServiceSAS("fabrikam", []byte(bytesOfKey),
		blob.SASParams{Container: "data", Blob: "theirs", Permissions: "r", Expiry: time.Now().Add(time.Hour)})
	_, err = b.CopyFromURL(ctx, d.http.URL+"/fabrikam/data/theirs?"+token, nil)
	require.NoError(t, err)
	got, err = d.download(d.client, "target")
	require.NoError(t, err)
	assert.Equal(t, "theirs", got)
	p, err := b.GetProperties(ctx, nil)
	require.NoError(t, err)
	assert.Equal(t, d.http.URL+"/fabrikam/data/theirs", *p.CopySource, "the signature is not kept")
}

func TestAWrongKeyIsRefused(t *testing.T) {
	d := newDataPlane(t)
	d.put(key("x"), "secret")
	intruder := d.as("contoso", base64.StdEncoding.EncodeToString([]byte("some other key")))
	_, err := d.download(intruder, "x")
	requireCode(t, err, http.StatusForbidden, "AuthenticationFailed")
	requireCode(t, d.upload(intruder, "x", "overwritten"), http.StatusForbidden, "AuthenticationFailed")
	assert.Equal(t, "secret", d.read(key("x")))
	assert.NotContains(t, err.Error(), d.key)
	d.estate.change("contoso", func(a *blob.Account) { a.SharedKey = false })
	_, err = d.download(d.client, "x")
	requireCode(t, err, http.StatusForbidden, "KeyBasedAuthenticationNotPermitted")
}

// captured lets requests through once and keeps them, so that a test can send them again with a change.
type captured struct {
	next http.RoundTripper
	last *http.Request
}

func (c *captured) Do(r *http.Request) (*http.Response, error) {
	c.last = r.Clone(context.Background())
	return c.next.RoundTrip(r)
}

func TestASignedRequestCannotBeChangedOrReplayedLater(t *testing.T) {
	d := newDataPlane(t)
	d.put(key("x"), "secret")
	d.put(key("y"), "other")
	cred, err := azblob.NewSharedKeyCredential("contoso", d.key)
	require.NoError(t, err)
	tap := &captured{next: d.http.Client().Transport}
	c, err := azblob.NewClientWithSharedKeyCredential(d.http.URL+"/contoso/", cred,
		&azblob.ClientOptions{ClientOptions: azcore.ClientOptions{Transport: tap}})
	require.NoError(t, err)
	_, err = c.DownloadStream(context.Background(), "data", "x", nil)
	require.NoError(t, err)
	for what, change := range map[string]func(*http.Request){
		"path":      func(r *http.Request) { r.URL.Path = "/contoso/data/y" },
		"method":    func(r *http.Request) { r.Method = http.MethodDelete },
		"query":     func(r *http.Request) { r.URL.RawQuery = "comp=metadata" },
		"header":    func(r *http.Request) { r.Header.Set("x-ms-range", "bytes=0-1") },
		"condition": func(r *http.Request) { r.Header.Set("If-Match", "*") },
		"date": func(r *http.Request) {
			r.Header.Set("x-ms-date", time.Now().Add(time.Second).UTC().Format(http.TimeFormat))
		},
		"account": func(r *http.Request) { r.URL.Path = "/fabrikam/data/x" },
	} {
		r := tap.last.Clone(context.Background())
		change(r)
		resp, err := d.http.Client().Transport.RoundTrip(r)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, http.StatusForbidden, resp.StatusCode, what)
		assert.Equal(t, "AuthenticationFailed", resp.Header.Get("x-ms-error-code"), what)
	}
	old := httptest.NewTLSServer(blob.NewHandler(d.content, d.estate,
		func() time.Time { return time.Now().Add(16 * time.Minute) }))
	defer old.Close()
	r := tap.last.Clone(context.Background())
	r.URL.Host = strings.TrimPrefix(old.URL, "https://")
	resp, err := old.Client().Transport.RoundTrip(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	assert.Equal(t, http.StatusForbidden, resp.StatusCode)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	var e struct{ Code, Message, AuthenticationErrorDetail string }
	require.NoError(t, xml.Unmarshal(body, &e))
	assert.Equal(t, "AuthenticationFailed", e.Code)
	assert.Contains(t, e.Message, resp.Header.Get("x-ms-request-id"))
	assert.Contains(t, e.AuthenticationErrorDetail, "too old")
}

func TestSignaturesAreTheOfficialOnes(t *testing.T) {
	cred, err := azblob.NewSharedKeyCredential("contoso", base64.StdEncoding.EncodeToString([]byte(bytesOfKey)))
	require.NoError(t, err)
	start, end := time.Date(2025, 1, 15, 8, 0, 0, 0, time.UTC), time.Date(2025, 2, 15, 8, 0, 0, 0, time.UTC)
	official, err := sas.BlobSignatureValues{
		Version: blob.SASVersion, Protocol: sas.ProtocolHTTPS, StartTime: start, ExpiryTime: end, Permissions: "r",
		ContainerName: "data", BlobName: "a b/ü.csv",
		IPRange: sas.IPRange{Start: []byte{127, 0, 0, 1}, End: []byte{127, 0, 0, 9}}, ContentType: "text/plain",
		ContentDisposition: "attachment; filename=x",
		CacheControl:       "no-store", ContentEncoding: "gzip", ContentLanguage: "de",
	}.SignWithSharedKey(cred)
	require.NoError(t, err)
	sameQuery(t, official.Encode(), blob.SignServiceSAS("contoso", []byte(bytesOfKey), blob.SASParams{
		Protocol: "https", Start: start, Expiry: end, Permissions: "r", Container: "data", Blob: "a b/ü.csv",
		IP:          "127.0.0.1-127.0.0.9",
		ContentType: "text/plain", ContentDisposition: "attachment; filename=x", CacheControl: "no-store",
		ContentEncoding: "gzip", ContentLanguage: "de",
	}))
	official, err = sas.BlobSignatureValues{Version: blob.SASVersion, ExpiryTime: end, Permissions: "rl",
		ContainerName: "data"}.SignWithSharedKey(cred)
	require.NoError(t, err)
	sameQuery(t, official.Encode(), blob.SignServiceSAS("contoso", []byte(bytesOfKey),
		blob.SASParams{Expiry: end, Permissions: "rl", Container: "data"}))
	account, err := sas.AccountSignatureValues{Version: blob.SASVersion, ExpiryTime: end, Permissions: "rwl",
		ResourceTypes: "sco"}.SignWithSharedKey(cred)
	require.NoError(t, err)
	sameQuery(t, account.Encode(), blob.SignAccountSAS("contoso", []byte(bytesOfKey),
		blob.SASParams{Expiry: end, Permissions: "rwl", Services: "b", ResourceTypes: "sco"}))
}

func sameQuery(t *testing.T, want, got string) {
	t.Helper()
	w, err := url.ParseQuery(want)
	require.NoError(t, err)
	g, err := url.ParseQuery(got)
	require.NoError(t, err)
	assert.Equal(t, w, g)
}

func TestAServiceSASGrantsWhatItSaysAndNoMore(t *testing.T) {
	d := newDataPlane(t)
	ctx := context.Background()
	d.put(key("x"), "shared")
	d.put(key("y"), "not shared")
	in := func(p blob.SASParams) *azblob.Client {
		p.Container = "data"
		if p.Expiry.IsZero() {
			p.Expiry = time.Now().Add(time.Hour)
		}
		return d.withSAS(blob.SignServiceSAS("contoso", []byte(bytesOfKey), p))
	}
	read := in(blob.SASParams{Blob: "x", Permissions: "r", ContentType: "text/plain"})
	resp, err := read.DownloadStream(ctx, "data", "x", nil)
	require.NoError(t, err)
	assert.Equal(t, "text/plain", *resp.ContentType)
	require.NoError(t, resp.Body.Close())
	_, err = d.download(read, "y")
	requireCode(t, err, http.StatusForbidden, "AuthenticationFailed")
	requireCode(t, d.upload(read, "x", "changed"), http.StatusForbidden, "AuthorizationPermissionMismatch")
	_, err = read.DeleteBlob(ctx, "data", "x", nil)
	requireCode(t, err, http.StatusForbidden, "AuthorizationPermissionMismatch")
	_, err = read.NewListBlobsFlatPager("data", nil).NextPage(ctx)
	requireCode(t, err, http.StatusForbidden, "AuthenticationFailed")

	list := in(blob.SASParams{Permissions: "rl"})
	_, err = list.NewListBlobsFlatPager("data", nil).NextPage(ctx)
	require.NoError(t, err)
	_, err = d.download(list, "y")
	require.NoError(t, err)
	_, err = list.DeleteContainer(ctx, "data", nil)
	requireCode(t, err, http.StatusForbidden, "AuthorizationFailure")

	create := in(blob.SASParams{Permissions: "c"})
	require.NoError(t, d.upload(create, "new", "new"))
	requireCode(t, d.upload(create, "new", "again"), http.StatusForbidden, "AuthorizationPermissionMismatch")

	for name, p := range map[string]blob.SASParams{
		"AuthenticationFailed expired":        {Permissions: "r", Expiry: time.Now().Add(-time.Second)},
		"AuthenticationFailed early":          {Permissions: "r", Start: time.Now().Add(time.Minute)},
		"AuthenticationFailed policy":         {Permissions: "r", Identifier: "policy"},
		"AuthenticationFailed version":        {Permissions: "r", Version: "2018-11-09"},
		"AuthorizationSourceIPMismatch":       {Permissions: "r", IP: "10.0.0.1"},
		"AuthorizationSourceIPMismatch range": {Permissions: "r", IP: "10.0.0.1-10.0.0.9"},
	} {
		_, err := d.download(in(p), "x")
		code, _, _ := strings.Cut(name, " ")
		requireCode(t, err, http.StatusForbidden, code)
	}
	_, err = d.download(in(blob.SASParams{Permissions: "r", IP: "127.0.0.0-127.0.0.255", Protocol: "https"}), "x")
	require.NoError(t, err)
}

func TestATamperedSASIsRefused(t *testing.T) {
	d := newDataPlane(t)
	d.put(key("x"), "shared")
	good := blob.SignServiceSAS("contoso", []byte(bytesOfKey),
		blob.SASParams{Container: "data", Permissions: "r", Expiry: time.Now().Add(time.Hour), Protocol: "https"})
	_, err := d.download(d.withSAS(good), "x")
	require.NoError(t, err)
	for name, value := range map[string]string{
		"sp": "rwd", "se": time.Now().Add(48 * time.Hour).UTC().Format("2006-01-02T15:04:05Z"), "sr": "b",
		"spr": "https,http", "sig": "AAAA", "rsct": "text/html", "srt": "sco",
	} {
		q, err := url.ParseQuery(good)
		require.NoError(t, err)
		q.Set(name, value)
		_, err = d.download(d.withSAS(q.Encode()), "x")
		requireCode(t, err, http.StatusForbidden, "AuthenticationFailed")
	}
	resp, err := d.http.Client().Get(d.http.URL + "/contoso/data/x?" + good + "&sp=rwd")
	require.NoError(t, err)
	defer resp.Body.Close()
	assert.Equal(t, http.StatusBadRequest, resp.StatusCode, "a parameter given twice")
}

func TestAnAccountSASIsLimitedToItsResourceTypes(t *testing.T) {
	d := newDataPlane(t)
	ctx := context.Background()
	d.put(key("x"), "shared")
	in := func(p blob.SASParams) *azblob.Client {
		p.Expiry = time.Now().Add(time.Hour)
		return d.withSAS(blob.SignAccountSAS("contoso", []byte(bytesOfKey), p))
	}
	objects := in(blob.SASParams{Services: "b", ResourceTypes: "o", Permissions: "rl"})
	_, err := d.download(objects, "x")
	require.NoError(t, err)
	_, err = objects.NewListBlobsFlatPager("data", nil).NextPage(ctx)
	requireCode(t, err, http.StatusForbidden, "AuthorizationResourceTypeMismatch")
	requireCode(t, d.upload(objects, "x", "y"), http.StatusForbidden, "AuthorizationPermissionMismatch")
	_, err = d.download(in(blob.SASParams{Services: "q", ResourceTypes: "o", Permissions: "r"}), "x")
	requireCode(t, err, http.StatusForbidden, "AuthorizationServiceMismatch")
	all := in(blob.SASParams{Services: "b", ResourceTypes: "sco", Permissions: "rwdlc"})
	_, err = all.CreateContainer(ctx, "made", nil)
	require.NoError(t, err)
	_, err = all.NewListContainersPager(nil).NextPage(ctx)
	require.NoError(t, err)
}

func TestPlainHTTPIsRefusedWhereTLSIsDemanded(t *testing.T) {
	d := newDataPlane(t)
	d.put(key("x"), "shared")
	plain := httptest.NewServer(blob.NewHandler(d.content, d.estate, nil))
	defer plain.Close()
	get := func(p blob.SASParams) *http.Response {
		p.Container, p.Permissions, p.Expiry = "data", "r", time.Now().Add(time.Hour)
		resp, err := http.Get(plain.URL + "/contoso/data/x?" + blob.SignServiceSAS("contoso", []byte(bytesOfKey), p))
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		return resp
	}
	assert.Equal(t, "AccountRequiresHttps", get(blob.SASParams{}).Header.Get("x-ms-error-code"))
	d.estate.change("contoso", func(a *blob.Account) { a.HTTPSOnly = false })
	assert.Equal(t, http.StatusOK, get(blob.SASParams{}).StatusCode)
	assert.Equal(t, "AuthorizationProtocolMismatch",
		get(blob.SASParams{Protocol: "https"}).Header.Get("x-ms-error-code"))
}

type token string

func (k token) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: string(k), ExpiresOn: time.Now().Add(time.Hour)}, nil
}

func TestATokenNeedsARoleAndTheAccountsTenant(t *testing.T) {
	d := newDataPlane(t)
	d.put(key("x"), "shared")
	as := func(k token) *azblob.Client {
		c, err := azblob.NewClient(d.http.URL+"/contoso/", k, &azblob.ClientOptions{ClientOptions: d.options()})
		require.NoError(t, err)
		return c
	}
	d.estate.grants["reader Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"] = true
	got, err := d.download(as("reader@t1"), "x")
	require.NoError(t, err)
	assert.Equal(t, "shared", got)
	requireCode(t, d.upload(as("reader@t1"), "x", "changed"), http.StatusForbidden, "AuthorizationPermissionMismatch")
	_, err = d.download(as("stranger@t1"), "x")
	requireCode(t, err, http.StatusForbidden, "AuthorizationPermissionMismatch")
	_, err = d.download(as("reader@t2"), "x")
	requireCode(t, err, http.StatusUnauthorized, "InvalidAuthenticationInfo")
	_, err = d.download(as("forged"), "x")
	requireCode(t, err, http.StatusUnauthorized, "InvalidAuthenticationInfo")
	only := struct{ blob.Accounts }{d.estate} // no Authorizer
	s := httptest.NewTLSServer(blob.NewHandler(d.content, only, nil))
	defer s.Close()
	options := azcore.ClientOptions{Transport: s.Client(), Retry: policy.RetryOptions{MaxRetries: -1}}
	c, err := azblob.NewClient(s.URL+"/contoso/", token("reader@t1"), &azblob.ClientOptions{ClientOptions: options})
	require.NoError(t, err)
	_, err = d.download(c, "x")
	requireCode(t, err, http.StatusUnauthorized, "InvalidAuthenticationInfo")
}

func TestAnyoneReadsOnlyWhatIsPublic(t *testing.T) {
	d := newDataPlane(t)
	d.put(key("x"), "open")
	call := func(method, path string) (int, string) {
		r, err := http.NewRequest(method, d.http.URL+path, nil)
		require.NoError(t, err)
		resp, err := d.http.Client().Do(r)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		return resp.StatusCode, resp.Header.Get("x-ms-error-code")
	}
	expect := func(status int, code, method, path string) {
		t.Helper()
		s, c := call(method, path)
		assert.Equal(t, status, s)
		assert.Equal(t, code, c)
	}
	const item, list = "/contoso/data/x", "/contoso/data?restype=container&comp=list"
	expect(409, "PublicAccessNotPermitted", "GET", item)
	d.estate.change("contoso", func(a *blob.Account) { a.PublicAccess = true })
	expect(404, "ResourceNotFound", "GET", item)
	d.estate.containers["contoso/data"] = blob.Container{Name: "data", PublicAccess: blob.PublicBlob}
	expect(200, "", "GET", item)
	expect(404, "ResourceNotFound", "GET", list)
	expect(401, "NoAuthenticationInformation", "DELETE", item)
	expect(401, "NoAuthenticationInformation", "GET", "/contoso?comp=list")
	d.estate.containers["contoso/data"] = blob.Container{Name: "data", PublicAccess: blob.PublicContainer}
	expect(200, "", "GET", list)
	expect(404, "ResourceNotFound", "GET", "/nobody/data/x")
	expect(400, "InvalidUri", "GET", "/")
	expect(400, "InvalidQueryParameterValue", "GET", item+"?comp=nonsense")
	expect(405, "UnsupportedHttpVerb", "POST", item)
	expect(400, "InvalidQueryParameterValue", "GET", item+"?snapshot=yesterday")
	expect(404, "BlobNotFound", "GET", item+"?snapshot=2025-01-15T00:00:00.0000000Z")
}

func TestImmutableBlobsAreNeitherChangedNorDeleted(t *testing.T) {
	d := newDataPlane(t)
	require.NoError(t, d.upload(d.client, "kept", "evidence"))
	d.estate.containers["contoso/data"] = blob.Container{Name: "data", Immutable: 24 * time.Hour}
	requireCode(t, d.upload(d.client, "kept", "forged"), http.StatusConflict, "BlobImmutableDueToPolicy")
	_, err := d.client.DeleteBlob(context.Background(), "data", "kept", nil)
	requireCode(t, err, http.StatusConflict, "BlobImmutableDueToPolicy")
	require.NoError(t, d.upload(d.client, "more", "evidence"))
	d.estate.containers["contoso/data"] = blob.Container{Name: "data"}
	require.NoError(t, d.upload(d.client, "kept", "free again"))
}

func TestTheSecondaryEndpointIsForReading(t *testing.T) {
	d := newDataPlane(t)
	d.put(key("x"), "replicated")
	cred, err := azblob.NewSharedKeyCredential("contoso", d.key)
	require.NoError(t, err)
	c, err := azblob.NewClientWithSharedKeyCredential(d.http.URL+"/contoso-secondary/", cred,
		&azblob.ClientOptions{ClientOptions: d.options()})
	require.NoError(t, err)
	_, err = d.download(c, "x")
	requireCode(t, err, http.StatusNotFound, "ResourceNotFound")
	d.estate.change("contoso", func(a *blob.Account) { a.ReadableSecondary = true })
	got, err := d.download(c, "x")
	require.NoError(t, err)
	assert.Equal(t, "replicated", got)
	requireCode(t, d.upload(c, "x", "y"), http.StatusForbidden, "WriteOperationNotSupportedOnSecondary")
}

func TestAccountInformationIsShown(t *testing.T) {
	d := newDataPlane(t)
	info, err := d.client.ServiceClient().GetAccountInfo(context.Background(), &service.GetAccountInfoOptions{})
	require.NoError(t, err)
	assert.Equal(t, service.SKUNameStandardLRS, *info.SKUName)
	assert.Equal(t, service.AccountKindStorageV2, *info.AccountKind)
}

func TestParallelUploadsOfOneNameLeaveOneOfThem(t *testing.T) {
	d := newDataPlane(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			assert.NoError(t, d.upload(d.client, "contested", fmt.Sprintf("writer %d", i)))
		}()
	}
	wg.Wait()
	got, err := d.download(d.client, "contested")
	require.NoError(t, err)
	assert.Regexp(t, `^writer \d$`, got)
	assert.Equal(t, []string{sha(got)}, d.files())
	assert.True(t, bloberror.HasCode(d.upload(d.as("contoso", "AAAA"), "x", "x"), bloberror.AuthenticationFailed))
}

func FuzzHandler(f *testing.F) {
	for _, seed := range []string{"/contoso/data/x", "/contoso/data/x?comp=block&blockid=AA==",
		"/contoso/data?restype=container&comp=list&marker=%00",
		"/contoso/..%2fx/y?sig=1&sv=2022-11-02&se=2025-01-15&sp=r&sr=b", "/%zz", "//", "/contoso/data/%00"} {
		f.Add("GET", seed, "SharedKey contoso:AAAA", "bytes=0-")
		f.Add("PUT", seed, "", "x")
	}
	h := guarded(f)
	f.Fuzz(func(t *testing.T, method, target, authorization, rng string) {
		u, err := url.Parse(target)
		if err != nil || method == "" {
			return
		}
		r := &http.Request{Method: method, URL: u, Header: http.Header{}, Body: http.NoBody, RemoteAddr: "127.0.0.1:1",
			Host: "h"}
		r.Header.Set("Authorization", authorization)
		r.Header.Set("Range", rng)
		r.Header.Set("x-ms-date", time.Now().UTC().Format(http.TimeFormat))
		r.Header.Set("x-ms-version", blob.SASVersion)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		assert.GreaterOrEqual(t, w.Code, 400, "a request without a signature is refused")
		assert.NotEqual(t, http.StatusInternalServerError, w.Code)
		assert.NotEmpty(t, w.Header().Get("x-ms-error-code"))
	})
}
