package conformance

import (
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/storage/armstorage"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"
	"github.com/stretchr/testify/require"
)

const (
	docsVersions      = "https://learn.microsoft.com/azure/storage/blobs/versioning-overview"
	docsBlobDelete    = "https://learn.microsoft.com/azure/storage/blobs/soft-delete-blob-overview"
	docsContainers    = "https://learn.microsoft.com/azure/storage/blobs/soft-delete-container-overview"
	docsLifecycle     = "https://learn.microsoft.com/azure/storage/blobs/lifecycle-management-overview"
	docsNetwork       = "https://learn.microsoft.com/azure/storage/common/storage-network-security"
	docsNetworkDenied = "https://learn.microsoft.com/troubleshoot/azure/azure-storage/blobs/authentication/storage-troubleshoot-403-errors"
)

// keeper is a container of an account of its own whose blob service has the properties, with the clients for both.
func (t *T) keeper(properties object) (id string, all *azblob.Client, in *container.Client) {
	t.Helper()
	o := t.Env.Provider
	account := t.ownAccount(o)
	t.made(o, account+"/blobServices/default", storageVersion, object{"properties": properties})
	id = t.containerIn(o, account)
	all = t.blobs(o, account)
	return id, all, all.ServiceClient().NewContainerClient(nameOf(id))
}

// written writes a blob and returns its version.
func (t *T) written(b *blockblob.Client, content string) string {
	t.Helper()
	res, err := b.Upload(t.ctx(), readSeekCloser{strings.NewReader(content)}, nil)
	require.NoError(t, err)
	if res.VersionID == nil {
		return ""
	}
	return *res.VersionID
}

// reads asserts what a blob holds.
func (t *T) reads(want string, b *blockblob.Client) {
	t.Helper()
	res, err := b.DownloadStream(t.ctx(), nil)
	require.NoError(t, err)
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Equal(t, want, string(got))
}

// listedBlobs lists a container with its versions and what was deleted.
func (t *T) listedBlobs(c *container.Client, include container.ListBlobsInclude) []*container.BlobItem {
	t.Helper()
	return collect(t, c.NewListBlobsFlatPager(&container.ListBlobsFlatOptions{Include: include}),
		func(p container.ListBlobsFlatResponse) []*container.BlobItem { return p.Segment.BlobItems })
}

// deletedContainers lists an account's deleted containers.
func (t *T) deletedContainers(c *azblob.Client) (out []*service.ContainerItem) {
	t.Helper()
	for _, item := range collect(t,
		c.NewListContainersPager(&azblob.ListContainersOptions{Include: azblob.ListContainersInclude{Deleted: true}}),
		func(p azblob.ListContainersResponse) []*service.ContainerItem { return p.ContainerItems }) {
		if item.Deleted != nil && *item.Deleted {
			out = append(out, item)
		}
	}
	return out
}

var keepsContainers = object{"containerDeleteRetentionPolicy": object{"enabled": true, "days": 7}}

// keepingPromises are about what a blob service keeps of what is overwritten, deleted or grows old.
func keepingPromises() []Promise {
	return []Promise{
		{
			Name: "versions", Area: areaBlobs, Source: docsVersions,
			Statement: "With versioning every write makes a version, which is listed, read by its id and copied " +
				"back; a deletion leaves the versions.",
			Test: keptVersions,
		},
		{
			Name: "current version", Area: areaBlobs, Source: docsBlobAPI + "delete-blob",
			Code: "OperationNotAllowedOnRootBlob", CodeSource: docsClientCodes,
			Statement: "The current version of a blob is not deleted by its version id.",
			Test: func(t *T) {
				_, _, c := t.keeper(object{"isVersioningEnabled": true})
				b := c.NewBlockBlobClient("a.txt")
				current, err := b.WithVersionID(t.written(b, "one"))
				require.NoError(t, err)
				_, err = current.Delete(t.ctx(), nil)
				t.refused(err, http.StatusForbidden, "OperationNotAllowedOnRootBlob")
				t.reads("one", b)
			},
		},
		{
			Name: "deleted blobs", Area: areaBlobs, Source: docsBlobDelete, Code: "BlobNotFound",
			CodeSource: docsBlobCodes,
			Statement: "With soft delete a deleted blob is not there, is listed when asked for, and is restored with " +
				"its content and metadata.",
			Test: func(t *T) {
				_, _, c := t.keeper(object{"deleteRetentionPolicy": object{"enabled": true, "days": 7}})
				b := c.NewBlockBlobClient("a.txt")
				require.NoError(t, put(t, b, "one",
					&blockblob.UploadOptions{Metadata: map[string]*string{"owner": to.Ptr("audit")}}))
				_, err := b.Delete(t.ctx(), nil)
				require.NoError(t, err)
				_, err = b.GetProperties(t.ctx(), nil)
				require.Equal(t, http.StatusNotFound, t.response(err).StatusCode)
				_, err = b.DownloadStream(t.ctx(), nil)
				t.refused(err, http.StatusNotFound, "BlobNotFound")
				require.Empty(t, t.listedBlobs(c, container.ListBlobsInclude{}))
				gone := t.listedBlobs(c, container.ListBlobsInclude{Deleted: true})
				require.Len(t, gone, 1)
				require.True(t, *gone[0].Deleted)
				_, err = b.Undelete(t.ctx(), nil)
				require.NoError(t, err)
				t.reads("one", b)
				back, err := b.GetProperties(t.ctx(), nil)
				require.NoError(t, err)
				require.Len(t, back.Metadata, 1)
				for name, value := range back.Metadata { // headers have their own letter case
					require.True(t, strings.EqualFold("owner", name))
					require.Equal(t, "audit", *value)
				}
			},
		},
		{
			Name: "retention of deleted blobs ends", Area: areaBlobs, Source: docsBlobDelete, Code: "BlobNotFound",
			CodeSource: docsBlobCodes, Needs: []Need{Clock},
			Statement: "A deleted blob can be restored until its retention has ended; then it is gone for good.",
			Test: func(t *T) {
				_, _, c := t.keeper(object{"deleteRetentionPolicy": object{"enabled": true, "days": 7}})
				b := c.NewBlockBlobClient("a.txt")
				t.written(b, "one")
				for _, wait := range []time.Duration{6 * day, 8 * day} {
					_, err := b.Delete(t.ctx(), nil)
					require.NoError(t, err)
					t.pass(wait)
					_, err = b.Undelete(t.ctx(), nil)
					if wait < 7*day {
						require.NoError(t, err)
						t.reads("one", b)
						continue
					}
					t.refused(err, http.StatusNotFound, "BlobNotFound")
				}
			},
		},
		{
			Name: "deleted containers", Area: containers, Source: docsContainers, Code: "ContainerNotFound",
			CodeSource: docsBlobCodes,
			Statement: "With soft delete for containers a deleted container is not there, is listed when asked for, " +
				"and is restored with its blobs.",
			Test: func(t *T) {
				id, account, c := t.keeper(keepsContainers)
				t.written(c.NewBlockBlobClient("a.txt"), "one")
				require.NoError(t, t.remove(t.Env.Provider, id, storageVersion))
				_, err := c.GetProperties(t.ctx(), nil)
				require.Equal(t, http.StatusNotFound, t.response(err).StatusCode)
				_, err = c.NewBlockBlobClient("a.txt").DownloadStream(t.ctx(), nil)
				t.refused(err, http.StatusNotFound, "ContainerNotFound")
				listed := t.deletedContainers(account)
				require.Len(t, listed, 1)
				require.Equal(t, nameOf(id), *listed[0].Name)
				require.NotEmpty(t, *listed[0].Version)
				require.NotNil(t, listed[0].Properties.DeletedTime)
				require.Positive(t, *listed[0].Properties.RemainingRetentionDays)
				_, err = account.ServiceClient().RestoreContainer(t.ctx(), nameOf(id), *listed[0].Version, nil)
				require.NoError(t, err)
				t.reads("one", c.NewBlockBlobClient("a.txt"))
				require.Empty(t, t.deletedContainers(account))
			},
		},
		{
			Name: "deleted containers of the management plane", Area: containers,
			Source:    "https://learn.microsoft.com/rest/api/storagerp/blob-containers/list",
			Statement: "The list of containers has the deleted ones, marked, with $include=deleted, and none without.",
			Test: func(t *T) {
				o := t.Env.Provider
				id, _, _ := t.keeper(keepsContainers)
				require.NoError(t, t.remove(o, id, storageVersion))
				list := func(include *armstorage.ListContainersInclude) []*armstorage.ListContainerItem {
					client := t.storage(o).NewBlobContainersClient()
					return pages[*armstorage.ListContainerItem](t, client.NewListPager(groupOf(id),
						segment(id, "storageAccounts"), &armstorage.BlobContainersClientListOptions{Include: include}))
				}
				require.Empty(t, list(nil))
				gone := list(to.Ptr(armstorage.ListContainersIncludeDeleted))
				require.Len(t, gone, 1)
				require.True(t, *gone[0].Properties.Deleted)
				require.NotNil(t, gone[0].Properties.DeletedTime)
				require.NotEmpty(t, *gone[0].Properties.Version)
			},
		},
		{
			Name: "restore over another container", Area: containers, Source: docsContainers,
			Code: "ContainerAlreadyExists", CodeSource: docsBlobCodes,
			Statement: "A deleted container is not restored while another one has its name.",
			Test: func(t *T) {
				id, account, _ := t.keeper(keepsContainers)
				require.NoError(t, t.remove(t.Env.Provider, id, storageVersion))
				listed := t.deletedContainers(account)
				require.Len(t, listed, 1)
				t.eventually("the name is free", func() bool { // Azure needs half a minute for that
					_, err := t.put(t.Env.Provider, id, storageVersion, object{"properties": object{}})
					return err == nil
				})
				_, err := account.ServiceClient().RestoreContainer(t.ctx(), nameOf(id), *listed[0].Version, nil)
				t.refused(err, http.StatusConflict, "ContainerAlreadyExists")
			},
		},
		{
			Name: "retention of deleted containers ends", Area: containers, Source: docsContainers,
			Code: "ContainerNotFound", CodeSource: docsBlobCodes, Needs: []Need{Clock},
			Statement: "A deleted container can be restored until its retention has ended; then it is gone for good.",
			Test: func(t *T) {
				id, account, c := t.keeper(keepsContainers)
				t.written(c.NewBlockBlobClient("a.txt"), "one")
				for _, wait := range []time.Duration{6 * day, 8 * day} {
					require.NoError(t, t.remove(t.Env.Provider, id, storageVersion))
					version := *t.deletedContainers(account)[0].Version
					t.pass(wait)
					_, err := account.ServiceClient().RestoreContainer(t.ctx(), nameOf(id), version, nil)
					if wait < 7*day {
						require.NoError(t, err)
						t.reads("one", c.NewBlockBlobClient("a.txt"))
						continue
					}
					t.refused(err, http.StatusNotFound, "ContainerNotFound")
					require.Empty(t, t.deletedContainers(account))
				}
			},
		},
		{
			Name: "runs", Area: storageType + "/managementPolicies", Source: docsLifecycle, Needs: []Need{Clock},
			Statement: "A lifecycle policy moves blobs to the cool tier and deletes them when they are old enough, " +
				"those of its prefix only, within two days.",
			Test: lifecycleRuns,
		},
		{
			Name: "network rules", Area: storageType, Source: docsNetwork, Code: "AuthorizationFailure",
			CodeSource: docsNetworkDenied, Needs: []Need{Address},
			Statement: "An account that denies by default serves the addresses of its rules and refuses all others, " +
				"whatever key they have.",
			Test: func(t *T) {
				o := t.Env.Provider
				id, _, c := t.keeper(object{})
				b := c.NewBlockBlobClient("a.txt")
				t.written(b, "one")
				rules := func(addresses ...any) {
					acls := object{"defaultAction": "Deny", "ipRules": addresses}
					require.NoError(t, t.patch(o, accountOf(id), storageVersion,
						object{"properties": object{"networkAcls": acls}}))
				}
				served := func() bool {
					_, err := b.GetProperties(t.ctx(), nil)
					return err == nil
				}
				rules()
				t.eventually("the rules hold", func() bool { return !served() })
				_, err := b.DownloadStream(t.ctx(), nil)
				t.refused(err, http.StatusForbidden, "AuthorizationFailure")
				rules(object{"value": t.Env.Address.String(), "action": "Allow"})
				t.eventually("the address is admitted", served)
			},
		},
		{
			Name: "public network access", Area: storageType, Source: docsNetwork, Code: "AuthorizationFailure",
			CodeSource: docsNetworkDenied, Needs: []Need{Address},
			Statement: "An account without public network access refuses every public address, also one of its rules.",
			Test: func(t *T) {
				o := t.Env.Provider
				id, _, c := t.keeper(object{})
				b := c.NewBlockBlobClient("a.txt")
				t.written(b, "one")
				acls := object{"defaultAction": "Deny", "ipRules": []any{object{"value": t.Env.Address.String()}}}
				require.NoError(t, t.patch(o, accountOf(id), storageVersion,
					object{"properties": object{"publicNetworkAccess": "Disabled", "networkAcls": acls}}))
				t.eventually("the account is closed", func() bool {
					_, err := b.GetProperties(t.ctx(), nil)
					return err != nil
				})
				_, err := b.DownloadStream(t.ctx(), nil)
				t.refused(err, http.StatusForbidden, "AuthorizationFailure")
			},
		},
	}
}

func keptVersions(t *T) {
	_, _, c := t.keeper(object{"isVersioningEnabled": true})
	b := c.NewBlockBlobClient("a.txt")
	first, second := t.written(b, "one"), t.written(b, "two")
	require.NotEmpty(t, first)
	require.NotEqual(t, first, second)
	old, err := b.WithVersionID(first)
	require.NoError(t, err)
	t.reads("two", b)
	t.reads("one", old)

	listed := t.listedBlobs(c, container.ListBlobsInclude{Versions: true})
	require.Len(t, listed, 2)
	require.Equal(t, first, *listed[0].VersionID, "the oldest is listed first")
	require.Equal(t, second, *listed[1].VersionID)
	require.True(t, *listed[1].IsCurrentVersion)
	require.Len(t, t.listedBlobs(c, container.ListBlobsInclude{}), 1)

	_, err = b.Delete(t.ctx(), nil)
	require.NoError(t, err)
	_, err = b.GetProperties(t.ctx(), nil)
	require.Equal(t, http.StatusNotFound, t.response(err).StatusCode)
	t.reads("one", old)
	_, err = b.StartCopyFromURL(t.ctx(), old.URL(), nil)
	require.NoError(t, err)
	t.reads("one", b)
	require.Len(t, t.listedBlobs(c, container.ListBlobsInclude{Versions: true}), 3)
}

func lifecycleRuns(t *T) {
	o := t.Env.Provider
	id, _, c := t.keeper(object{})
	action := func(prefix, action string) object {
		return object{"name": action, "enabled": true, "type": "Lifecycle", "definition": object{
			"filters": object{"blobTypes": []any{"blockBlob"}, "prefixMatch": []any{nameOf(id) + "/" + prefix}},
			"actions": object{"baseBlob": object{action: object{"daysAfterModificationGreaterThan": 5}}},
		}}
	}
	t.made(o, accountOf(id)+"/managementPolicies/default", storageVersion,
		object{"properties": object{"policy": object{"rules": []any{action("logs/", "delete"),
			action("data/", "tierToCool")}}}})
	for _, name := range []string{"logs/a", "data/a", "a"} {
		t.written(c.NewBlockBlobClient(name), name)
	}
	tier := func(name string) string {
		p, err := c.NewBlockBlobClient(name).GetProperties(t.ctx(), nil)
		if err != nil {
			require.Equal(t, http.StatusNotFound, t.response(err).StatusCode)
			return "gone"
		}
		return *p.AccessTier
	}
	t.pass(4 * day)
	for _, name := range []string{"logs/a", "data/a", "a"} {
		require.Equal(t, string(blob.AccessTierHot), tier(name), "%s is not old enough", name)
	}
	t.pass(4 * day)
	require.Equal(t, "gone", tier("logs/a"))
	require.Equal(t, string(blob.AccessTierCool), tier("data/a"))
	require.Equal(t, string(blob.AccessTierHot), tier("a"), "no rule is about it")
	t.reads("data/a", c.NewBlockBlobClient("data/a"))
}
