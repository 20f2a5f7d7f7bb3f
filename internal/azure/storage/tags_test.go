package storage_test

import (
	"context"
	"fmt"
	"testing"
	"time"

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

	"github.com/crossorg/crossorg/internal/azure/armtest"
	"github.com/crossorg/crossorg/internal/azure/roles"
)

func tagsOf(t *testing.T, b *blockblob.Client) map[string]string {
	got, err := b.GetTags(context.Background(), nil)
	require.NoError(t, err)
	out := map[string]string{}
	for _, tag := range got.BlobTagSet {
		out[*tag.Key] = *tag.Value
	}
	return out
}

// Tags come with a blob or are set afterwards, which leaves its ETag as it is; an overwritten blob loses them.
// Source: https://learn.microsoft.com/rest/api/storageservices/set-blob-tags
func TestBlobsHaveTags(t *testing.T) {
	c := withData(t, "tagging", nil)
	ctx := context.Background()
	client := c.data("tagging", 0)
	b := client.ServiceClient().NewContainerClient("data").NewBlockBlobClient("x")
	_, err := b.UploadBuffer(ctx, []byte("x"), &blockblob.UploadBufferOptions{
		Tags: map[string]string{"Status": "to do", "a/b": "c=d"}})
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"Status": "to do", "a/b": "c=d"}, tagsOf(t, b))
	before, err := b.GetProperties(ctx, nil)
	require.NoError(t, err)
	assert.EqualValues(t, 2, *before.TagCount)

	_, err = b.SetTags(ctx, map[string]string{"Status": "done"}, nil)
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"Status": "done"}, tagsOf(t, b))
	after, err := b.GetProperties(ctx, nil)
	require.NoError(t, err)
	assert.Equal(t, before.ETag, after.ETag)
	page, err := client.NewListBlobsFlatPager("data", &azblob.ListBlobsFlatOptions{
		Include: azblob.ListBlobsInclude{Tags: true}}).NextPage(ctx)
	require.NoError(t, err)
	require.NotNil(t, page.Segment.BlobItems[0].BlobTags)
	assert.Equal(t, "done", *page.Segment.BlobItems[0].BlobTags.BlobTagSet[0].Value)

	_, err = b.UploadBuffer(ctx, []byte("again"), nil)
	require.NoError(t, err)
	assert.Empty(t, tagsOf(t, b))

	many := map[string]string{}
	for i := range 11 {
		many[fmt.Sprint(i)] = ""
	}
	for code, wrong := range map[bloberror.Code]map[string]string{
		"TagsTooLarge": many, "InvalidTag": {"a!": "b"}, "EmptyTagName": {"": "b"},
	} {
		_, err = b.SetTags(ctx, wrong, nil)
		refusedWith(t, err, code, fmt.Sprint(wrong))
	}
}

// A request goes on if its condition fits the blob's tags.
// Source: https://learn.microsoft.com/azure/storage/blobs/storage-manage-find-blobs
func TestConditionsOnTags(t *testing.T) {
	c := withData(t, "tagging", nil)
	ctx := context.Background()
	b := c.data("tagging", 0).ServiceClient().NewContainerClient("data").NewBlockBlobClient("x")
	_, err := b.SetTags(ctx, map[string]string{"Status": "done", "Priority": "05"}, nil)
	require.NoError(t, err)
	for where, fits := range map[string]bool{
		`"Status" = 'done'`:                                     true,
		`Status = 'done' AND Priority > '04'`:                   true,
		`"Status"='done' and "Priority"<'05'`:                   false,
		`"Status" <> 'done' OR "Priority" <= '05'`:              true,
		`"Other" = ''`:                                          false,
		`"Other" <> 'x'`:                                        true,
		`"Priority" >= '06' OR "Status" = 'x'`:                  false,
		`"Priority" >= '06' AND "a" = 'b' OR "Status" = 'done'`: true,
	} {
		conditions := &azblobblob.AccessConditions{
			ModifiedAccessConditions: &azblobblob.ModifiedAccessConditions{IfTags: &where}}
		uses := map[string]func() error{
			"get": func() error {
				_, err := b.DownloadStream(ctx, &azblobblob.DownloadStreamOptions{AccessConditions: conditions})
				return err
			},
			"set metadata": func() error {
				_, err := b.SetMetadata(ctx, map[string]*string{"a": to.Ptr("b")},
					&azblobblob.SetMetadataOptions{AccessConditions: conditions})
				return err
			},
			"set tags": func() error {
				_, err := b.SetTags(ctx, map[string]string{"Status": "done", "Priority": "05"},
					&azblobblob.SetTagsOptions{AccessConditions: conditions})
				return err
			},
		}
		for name, use := range uses {
			if err := use(); fits {
				assert.NoError(t, err, "%s if %s", name, where)
			} else {
				refusedWith(t, err, bloberror.ConditionNotMet, name+" if "+where)
			}
		}
	}
	for _, wrong := range []string{"x", `"a" = b`, `"a" = 'b' XOR "c" = 'd'`, `@container = 'data'`, `"a" = 'b' AND`} {
		_, err := b.GetProperties(ctx, &azblobblob.GetPropertiesOptions{AccessConditions: &azblobblob.AccessConditions{
			ModifiedAccessConditions: &azblobblob.ModifiedAccessConditions{IfTags: &wrong}}})
		refusedWith(t, err, bloberror.InvalidHeaderValue, wrong)
	}
}

// Blobs are found by their tags in an account and in a container, page by page.
// Source: https://learn.microsoft.com/rest/api/storageservices/find-blobs-by-tags
func TestBlobsAreFoundByTags(t *testing.T) {
	c := withData(t, "tagging", nil)
	ctx := context.Background()
	client := c.data("tagging", 0)
	_, err := client.CreateContainer(ctx, "more", nil)
	require.NoError(t, err)
	for name, day := range map[string]string{"data/a": "01", "data/b": "02", "more/a": "02", "more/c": "03"} {
		_, err := client.UploadBuffer(ctx, name[:4], name[5:], []byte(name), &azblob.UploadBufferOptions{
			Tags: map[string]string{"day": day}})
		require.NoError(t, err)
	}
	find := func(where string) (found []string) {
		options := &service.FilterBlobsOptions{MaxResults: to.Ptr[int32](1)}
		for {
			page, err := client.ServiceClient().FilterBlobs(ctx, where, options)
			require.NoError(t, err)
			for _, b := range page.Blobs {
				found = append(found, *b.ContainerName+"/"+*b.Name+" "+*b.Tags.BlobTagSet[0].Value)
			}
			if page.NextMarker == nil || *page.NextMarker == "" {
				return found
			}
			options.Marker = page.NextMarker
		}
	}
	assert.Equal(t, []string{"data/b 02", "more/a 02", "more/c 03"}, find(`"day" >= '02'`))
	assert.Equal(t, []string{"data/b 02"}, find(`"day" >= '02' AND @container = 'data'`))
	assert.Empty(t, find(`"day" > '03'`))
	within, err := client.ServiceClient().NewContainerClient("more").FilterBlobs(ctx, `"day" = '02'`,
		&container.FilterBlobsOptions{})
	require.NoError(t, err)
	require.Len(t, within.Blobs, 1)
	_, err = client.ServiceClient().FilterBlobs(ctx, `"day" = '02' OR "day" = '03'`, nil)
	refusedWith(t, err, bloberror.InvalidQueryParameterValue, "a search has no OR")
}

// Tags have permissions of their own: a contributor to the data has none, its owner has them.
// Source: https://learn.microsoft.com/azure/storage/blobs/storage-manage-find-blobs#permissions-and-authorization
func TestTagsHavePermissionsOfTheirOwn(t *testing.T) {
	c := withData(t, "tagging", nil)
	ctx := context.Background()
	tags := map[string]string{"a": "b"}
	use := func(client *azblob.Client) map[string]error {
		b := client.ServiceClient().NewContainerClient("data").NewBlockBlobClient("x")
		_, get := b.GetTags(ctx, nil)
		_, set := b.SetTags(ctx, tags, nil)
		_, put := b.UploadBuffer(ctx, []byte("x"), &blockblob.UploadBufferOptions{Tags: tags})
		_, conditional := b.GetProperties(ctx, &azblobblob.GetPropertiesOptions{
			AccessConditions: &azblobblob.AccessConditions{
				ModifiedAccessConditions: &azblobblob.ModifiedAccessConditions{IfTags: to.Ptr(`"a" = 'b'`)}}})
		_, list := client.NewListBlobsFlatPager("data", &azblob.ListBlobsFlatOptions{
			Include: azblob.ListBlobsInclude{Tags: true}}).NextPage(ctx)
		return map[string]error{"get": get, "set": set, "put": put, "if tags": conditional, "list": list}
	}
	for role, allowed := range map[string]bool{roles.BlobDataContributor: false, roles.BlobDataOwner: true} {
		p := c.Principal(armtest.Tenant, role)
		c.Grant(p, role, accounts+"tagging")
		client, err := azblob.NewClient(c.blobs.URL+"/tagging/", c.As(p),
			&azblob.ClientOptions{ClientOptions: c.options()})
		require.NoError(t, err)
		for name, err := range use(client) {
			if allowed {
				assert.NoError(t, err, name)
			} else {
				refusedWith(t, err, bloberror.AuthorizationPermissionMismatch, name)
			}
		}
	}
	_, keys := c.do("POST", accounts+"tagging/listKeys", nil)
	key, err := azblob.NewSharedKeyCredential("tagging", keys["keys"].([]any)[0].(object)["value"].(string))
	require.NoError(t, err)
	for _, with := range []bool{false, true} {
		query, err := sas.BlobSignatureValues{Version: "2022-11-02", ContainerName: "data",
			ExpiryTime: time.Now().Add(time.Hour).UTC(),
			Permissions: (&sas.ContainerPermissions{Read: true, Write: true, Create: true, List: true,
				Tag: with}).String(),
		}.SignWithSharedKey(key)
		require.NoError(t, err)
		client, err := azblob.NewClientWithNoCredential(c.blobs.URL+"/tagging/?"+query.Encode(),
			&azblob.ClientOptions{ClientOptions: c.options()})
		require.NoError(t, err)
		for name, err := range use(client) {
			if with {
				assert.NoError(t, err, name)
			} else {
				refusedWith(t, err, bloberror.AuthorizationPermissionMismatch, name)
			}
		}
	}
}

// A lifecycle rule may ask for tags.
// Source: https://learn.microsoft.com/azure/storage/blobs/lifecycle-management-policy-structure
func TestALifecycleRuleAsksForTags(t *testing.T) {
	c := withData(t, "tagging", nil)
	ctx := context.Background()
	client := c.data("tagging", 0)
	for name, stage := range map[string]string{"done": "done", "raw": "raw"} {
		_, err := client.UploadBuffer(ctx, "data", name, []byte(name), &azblob.UploadBufferOptions{
			Tags: map[string]string{"stage": stage}})
		require.NoError(t, err)
	}
	status, out := c.do("PUT", accounts+"tagging/managementPolicies/default", object{"properties": object{
		"policy": object{"rules": []any{object{"name": "done", "type": "Lifecycle", "definition": object{
			"filters": object{"blobTypes": []any{"blockBlob"}, "blobIndexMatch": []any{
				object{"name": "stage", "op": "==", "value": "done"}}},
			"actions": object{"baseBlob": object{"delete": object{"daysAfterModificationGreaterThan": 1}}}}}}}}})
	require.Equal(t, 200, status, "%v", out)
	c.Advance(3 * 24 * time.Hour)
	assert.Equal(t, []string{"raw", "x"}, itemsOf(t, client, azblob.ListBlobsInclude{}))
}

// What is under a lease or kept immutable is left alone by a lifecycle rule that deletes.
func TestALifecycleRuleSparesWhatIsLeasedOrImmutable(t *testing.T) {
	c := withData(t, "tagging", nil)
	client := c.data("tagging", 0)
	c.leased(client, "leased", "available")
	b := client.ServiceClient().NewContainerClient("data").NewBlockBlobClient("leased")
	_, err := leaseOn(c, b, leaseA).AcquireLease(context.Background(), -1, nil)
	require.NoError(t, err)
	status, out := c.do("PUT", accounts+"tagging/managementPolicies/default", object{"properties": object{
		"policy": object{"rules": []any{object{"name": "all", "type": "Lifecycle", "definition": object{
			"filters": object{"blobTypes": []any{"blockBlob"}},
			"actions": object{"baseBlob": object{"delete": object{"daysAfterModificationGreaterThan": 1}}}}}}}}})
	require.Equal(t, 200, status, "%v", out)
	c.Advance(3*24*time.Hour + 12*time.Hour) // half a day from the daily job, so that none runs between two requests
	assert.Equal(t, []string{"leased"}, itemsOf(t, client, azblob.ListBlobsInclude{}))
	_, err = leaseOn(c, b, leaseA).ReleaseLease(context.Background(), nil)
	require.NoError(t, err)
	const policy = accounts + "tagging/blobServices/default/containers/data/immutabilityPolicies/default"
	status, out = c.do("PUT", policy, object{"properties": object{"immutabilityPeriodSinceCreationInDays": 10}},
		"If-Match", "")
	require.Equal(t, 200, status, "%v", out)
	c.Advance(2 * 24 * time.Hour)
	assert.Equal(t, []string{"leased"}, itemsOf(t, client, azblob.ListBlobsInclude{}))
	c.Advance(10 * 24 * time.Hour)
	assert.Empty(t, itemsOf(t, client, azblob.ListBlobsInclude{}))
}
