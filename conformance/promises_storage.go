package conformance

import (
	"net/http"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/storage/armstorage"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/stretchr/testify/require"
)

const (
	immutability     = containers + "/immutabilityPolicies"
	docsBlobCodes    = "https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes"
	docsStorageCodes = "https://learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes"
	docsImmutable    = "https://learn.microsoft.com/azure/storage/blobs/immutable-time-based-retention-policy-overview"
	docsSharedKey    = "https://learn.microsoft.com/azure/storage/common/shared-key-authorization-prevent"
	docsAnonymous    = "https://learn.microsoft.com/azure/storage/blobs/anonymous-read-access-prevent"
	// docsKeyCode shows the service's answer; the page about the setting tells its status only.
	docsKeyCode    = "https://github.com/Azure/terraform-azurerm-avm-res-storage-storageaccount/issues/184"
	docsRegenerate = "https://learn.microsoft.com/rest/api/storagerp/storage-accounts/regenerate-key"
)

// protected is a container with an unlocked immutability policy of a day, and the policy's etag.
func (t *T) protected(o *Org) (container, etag string) {
	t.Helper()
	container = t.container(o)
	res, err := t.keepFor(o, container, 1, nil)
	require.NoError(t, err)
	require.Equal(t, armstorage.ImmutabilityPolicyStateUnlocked, *res.Properties.State)
	return container, *res.Etag
}

// keepFor puts the container's immutability policy: a period, and the etag to match if there is one.
func (t *T) keepFor(
	o *Org, container string, days int32, etag *string,
) (armstorage.BlobContainersClientCreateOrUpdateImmutabilityPolicyResponse, error) {
	t.Helper()
	return t.storage(o).NewBlobContainersClient().CreateOrUpdateImmutabilityPolicy(t.ctx(), groupOf(container),
		segment(container, "storageAccounts"), nameOf(container),
		&armstorage.BlobContainersClientCreateOrUpdateImmutabilityPolicyOptions{IfMatch: etag,
			Parameters: period(days)})
}

func period(days int32) *armstorage.ImmutabilityPolicy {
	return &armstorage.ImmutabilityPolicy{Properties: &armstorage.ImmutabilityPolicyProperty{
		ImmutabilityPeriodSinceCreationInDays: &days}}
}

// storagePromises are about storage accounts and containers beyond their lifecycles.
func storagePromises() []Promise {
	return []Promise{
		{
			Name: "create and read", Area: immutability,
			Source:    "https://learn.microsoft.com/rest/api/storagerp/blob-containers/create-or-update-immutability-policy",
			Statement: "A container's immutability policy is created unlocked, and shown with the container.",
			Test: func(t *T) {
				c, _ := t.protected(t.Env.Provider)
				shown, err := t.storage(t.Env.Provider).NewBlobContainersClient().Get(t.ctx(), groupOf(c),
					segment(c, "storageAccounts"), nameOf(c), nil)
				require.NoError(t, err)
				require.True(t, *shown.ContainerProperties.HasImmutabilityPolicy)
				require.Equal(t, int32(1),
					*shown.ContainerProperties.ImmutabilityPolicy.Properties.ImmutabilityPeriodSinceCreationInDays)
			},
		},
		{
			Name: "update", Area: immutability,
			Source:    "https://learn.microsoft.com/rest/api/storagerp/blob-containers/create-or-update-immutability-policy",
			Statement: "An unlocked immutability policy can be shortened and prolonged.",
			Test: func(t *T) {
				o := t.Env.Provider
				c, etag := t.protected(o)
				client := t.storage(o).NewBlobContainersClient()
				for _, days := range []int32{3, 2} {
					changed, err := t.keepFor(o, c, days, &etag)
					require.NoError(t, err)
					etag = *changed.Etag
					got, err := client.GetImmutabilityPolicy(t.ctx(), groupOf(c), segment(c, "storageAccounts"),
						nameOf(c), nil)
					require.NoError(t, err)
					require.Equal(t, days, *got.Properties.ImmutabilityPeriodSinceCreationInDays)
				}
				shown, err := client.Get(t.ctx(), groupOf(c), segment(c, "storageAccounts"), nameOf(c), nil)
				require.NoError(t, err)
				require.True(t, *shown.ContainerProperties.HasImmutabilityPolicy)
				require.Equal(t, int32(2),
					*shown.ContainerProperties.ImmutabilityPolicy.Properties.ImmutabilityPeriodSinceCreationInDays)
			},
		},
		{
			Name: "invalid update", Area: immutability, Source: docsImmutable, Undocumented: true,
			Statement: "A change of the retention period to 0 or more than 146,000 days is refused and changes " +
				"nothing.",
			Test: func(t *T) {
				o := t.Env.Provider
				c, etag := t.protected(o)
				t.Cleanup(func() {
					got, err := t.storage(o).NewBlobContainersClient().GetImmutabilityPolicy(t.ctx(), groupOf(c),
						segment(c, "storageAccounts"), nameOf(c), nil)
					require.NoError(t, err)
					require.Equal(t, int32(1), *got.Properties.ImmutabilityPeriodSinceCreationInDays)
				})
				for _, days := range []int32{0, 146001} {
					_, err := t.keepFor(o, c, days, &etag)
					t.refusedSomehow(err)
				}
			},
		},
		{
			Name: "recreate", Area: immutability,
			Source:    "https://learn.microsoft.com/rest/api/storagerp/blob-containers/create-or-update-immutability-policy",
			Statement: "A deleted immutability policy can be created again, and starts unlocked.",
			Test: func(t *T) {
				o := t.Env.Provider
				c, etag := t.protected(o)
				client := t.storage(o).NewBlobContainersClient()
				_, err := client.DeleteImmutabilityPolicy(t.ctx(), groupOf(c), segment(c, "storageAccounts"), nameOf(c),
					etag, nil)
				require.NoError(t, err)
				again, err := t.keepFor(o, c, 5, nil)
				require.NoError(t, err)
				require.Equal(t, armstorage.ImmutabilityPolicyStateUnlocked, *again.Properties.State)
				require.Equal(t, int32(5), *again.Properties.ImmutabilityPeriodSinceCreationInDays)
			},
		},
		{
			Name: "delete of its parent", Area: immutability,
			Source:    "https://learn.microsoft.com/azure/storage/blobs/immutable-container-level-worm-policies",
			Statement: "An empty container can be deleted although it has an immutability policy, which is deleted with it.",
			Test: func(t *T) {
				o := t.Env.Provider
				c, _ := t.protected(o)
				require.NoError(t, t.remove(o, c, storageVersion))
				_, err := t.storage(o).NewBlobContainersClient().GetImmutabilityPolicy(t.ctx(), groupOf(c),
					segment(c, "storageAccounts"), nameOf(c), nil)
				require.Equal(t, http.StatusNotFound, t.response(err).StatusCode)
			},
		},
		{
			Name: "period", Area: immutability, Source: docsImmutable, Undocumented: true,
			Statement: "A retention period of 0 or more than 146,000 days is refused.",
			Test: func(t *T) {
				o := t.Env.Provider
				c := t.container(o)
				for _, days := range []int32{0, 146001} {
					_, err := t.keepFor(o, c, days, nil)
					t.refusedSomehow(err)
				}
			},
		},
		{
			Name: "delete", Area: immutability,
			Source:    "https://learn.microsoft.com/rest/api/storagerp/blob-containers/delete-immutability-policy",
			Statement: "An unlocked immutability policy can be deleted with its etag; the container then has none.",
			Test: func(t *T) {
				o := t.Env.Provider
				c, etag := t.protected(o)
				client := t.storage(o).NewBlobContainersClient()
				_, err := client.DeleteImmutabilityPolicy(t.ctx(), groupOf(c), segment(c, "storageAccounts"), nameOf(c),
					etag, nil)
				require.NoError(t, err)
				shown, err := client.Get(t.ctx(), groupOf(c), segment(c, "storageAccounts"), nameOf(c), nil)
				require.NoError(t, err)
				require.False(t, *shown.ContainerProperties.HasImmutabilityPolicy)
			},
		},
		{
			Name: "locked", Area: immutability, Source: docsImmutable, Undocumented: true,
			Statement: "A locked immutability policy can be extended, and neither shortened nor deleted.",
			Test: func(t *T) {
				o := t.Env.Provider
				c, etag := t.protected(o) // without blobs the container can still be deleted
				client := t.storage(o).NewBlobContainersClient()
				group, account, name := groupOf(c), segment(c, "storageAccounts"), nameOf(c)
				locked, err := client.LockImmutabilityPolicy(t.ctx(), group, account, name, etag, nil)
				require.NoError(t, err)
				require.Equal(t, armstorage.ImmutabilityPolicyStateLocked, *locked.Properties.State)
				extended, err := client.ExtendImmutabilityPolicy(t.ctx(), group, account, name, *locked.Etag,
					&armstorage.BlobContainersClientExtendImmutabilityPolicyOptions{Parameters: period(2)})
				require.NoError(t, err)
				require.Equal(t, int32(2), *extended.Properties.ImmutabilityPeriodSinceCreationInDays)
				_, err = client.ExtendImmutabilityPolicy(t.ctx(), group, account, name, *extended.Etag,
					&armstorage.BlobContainersClientExtendImmutabilityPolicyOptions{Parameters: period(1)})
				t.refusedSomehow(err)
				_, err = t.keepFor(o, c, 1, extended.Etag)
				t.refusedSomehow(err)
				_, err = client.DeleteImmutabilityPolicy(t.ctx(), group, account, name, *extended.Etag, nil)
				t.refusedSomehow(err)
				got, err := client.GetImmutabilityPolicy(t.ctx(), group, account, name, nil)
				require.NoError(t, err)
				require.Equal(t, armstorage.ImmutabilityPolicyStateLocked, *got.Properties.State)
			},
		},
		{
			Name: "blobs", Area: immutability, Source: docsBlobCodes, Code: "BlobImmutableDueToPolicy",
			Statement: "Under an immutability policy a blob can be written once and read, and neither overwritten " +
				"nor deleted, with the account's key either.",
			Test: func(t *T) {
				o := t.Env.Provider
				c, etag := t.protected(o)
				t.Cleanup(func() { // so that the account can be deleted
					_, err := t.storage(o).NewBlobContainersClient().DeleteImmutabilityPolicy(t.ctx(), groupOf(c),
						segment(c, "storageAccounts"), nameOf(c), etag, nil)
					require.NoError(t, err)
				})
				t.upload(o, c, "a.txt", "first")
				blobs := t.blobs(o, accountOf(c))
				_, err := blobs.UploadBuffer(t.ctx(), nameOf(c), "a.txt", []byte("second"), nil)
				t.refused(err, http.StatusConflict, "BlobImmutableDueToPolicy")
				_, err = blobs.DeleteBlob(t.ctx(), nameOf(c), "a.txt", nil)
				t.refused(err, http.StatusConflict, "BlobImmutableDueToPolicy")
				content, ok := t.download(o, c, "a.txt")
				require.True(t, ok)
				require.Equal(t, "first", content)
			},
		},
		{
			Name: "container with blobs", Area: immutability, Source: docsImmutable, Undocumented: true,
			Statement: "A container whose policy protects blobs cannot be deleted.",
			Test: func(t *T) {
				o := t.Env.Provider
				c, etag := t.protected(o)
				t.upload(o, c, "a.txt", "first")
				require.Equal(t, http.StatusConflict, t.response(t.remove(o, c, storageVersion)).StatusCode)
				_, err := t.storage(o).NewBlobContainersClient().DeleteImmutabilityPolicy(t.ctx(), groupOf(c),
					segment(c, "storageAccounts"), nameOf(c), etag, nil)
				require.NoError(t, err)
				require.NoError(t, t.remove(o, c, storageVersion))
			},
		},
		{
			Name: "keys", Area: storageType, Source: docsRegenerate,
			Statement: "An account has two keys that open it; making one of them anew ends what the old one opened, " +
				"and leaves the other.",
			Test: regenerated,
		},
		{
			Name: "shared key off", Area: storageType, Source: docsSharedKey,
			Code: "KeyBasedAuthenticationNotPermitted", CodeSource: docsKeyCode,
			Statement: "With allowSharedKeyAccess off, the account's keys open nothing.",
			Test: func(t *T) {
				o := t.Env.Provider
				account := t.ownAccount(o)
				c := t.containerIn(o, account)
				t.upload(o, c, "a.txt", "a")
				blobs := t.blobs(o, account)
				require.NoError(t, t.patch(o, account, storageVersion,
					object{"properties": object{"allowSharedKeyAccess": false}}))
				t.eventually("keys to be refused", func() bool {
					_, err := blobs.DownloadStream(t.ctx(), nameOf(c), "a.txt", nil)
					if err == nil {
						return false
					}
					t.refused(err, http.StatusForbidden, "KeyBasedAuthenticationNotPermitted")
					return true
				})
			},
		},
		{
			Name: "public access off", Area: storageType, Source: docsAnonymous, Undocumented: true,
			Statement: "With allowBlobPublicAccess off, nobody reads a blob without authorization.",
			Test: func(t *T) {
				o := t.Env.Provider
				c := t.container(o)
				t.upload(o, c, "a.txt", "a")
				_, err := t.anonymousBlobs(t.blobEndpoint(o, accountOf(c))).DownloadStream(t.ctx(), nameOf(c), "a.txt",
					nil)
				t.refusedSomehow(err)
			},
		},
		{
			Name: "public access on", Area: storageType,
			Source: "https://learn.microsoft.com/azure/storage/blobs/anonymous-read-access-configure",
			Statement: "With allowBlobPublicAccess on, a container opens to everyone when it says so itself, and " +
				"only then.",
			Test: func(t *T) {
				o := t.Env.Provider
				account := t.ownAccountWith(o, with(t.accountBody(), true, "properties", "allowBlobPublicAccess"))
				closed := t.containerIn(o, account)
				t.upload(o, closed, "a.txt", "a")
				anyone := t.anonymousBlobs(t.blobEndpoint(o, account))
				_, err := anyone.DownloadStream(t.ctx(), nameOf(closed), "a.txt", nil)
				require.Equal(t, http.StatusNotFound, t.response(err).StatusCode)
				t.made(o, closed, storageVersion, object{"properties": object{"publicAccess": "Blob"}})
				t.eventually("the container to be public", func() bool {
					res, err := anyone.DownloadStream(t.ctx(), nameOf(closed), "a.txt", nil)
					return err == nil && res.Body.Close() == nil
				})
			},
		},
		{
			Name: "fixed at creation", Area: storageType,
			Source: "https://learn.microsoft.com/rest/api/storagerp/storage-accounts/update", Undocumented: true,
			Statement: "Whether an account has a hierarchical namespace cannot be changed.",
			Test: func(t *T) {
				o := t.Env.Provider
				account := t.ownAccount(o)
				_, err := t.put(o, account, storageVersion, with(t.accountBody(), true, "properties", "isHnsEnabled"))
				t.refusedSomehow(err)
			},
		},
		{
			Name: "secure by default", Area: storageType,
			Source: "https://learn.microsoft.com/rest/api/storagerp/storage-accounts/create",
			Statement: "A new account takes HTTPS only, is encrypted, admits all networks by default, and says " +
				"where its blobs are.",
			Test: func(t *T) {
				o := t.Env.Provider
				id := t.ownAccountWith(o,
					object{"location": t.Env.Location, "kind": "StorageV2", "sku": object{"name": "Standard_LRS"}})
				got := t.there(o, id, storageVersion)
				require.Equal(t, true, at(got, "properties", "supportsHttpsTrafficOnly"))
				require.Equal(t, "Microsoft.Storage", at(got, "properties", "encryption", "keySource"))
				require.Equal(t, "Allow", at(got, "properties", "networkAcls", "defaultAction"))
				require.Equal(t, "Hot", at(got, "properties", "accessTier"))
				require.Equal(t, "available", at(got, "properties", "statusOfPrimary"))
				require.True(t, strings.HasPrefix(t.blobEndpoint(o, id), "https://"))
			},
		},
		{
			Name: "name", Area: containers,
			Source: "https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata", Undocumented: true,
			Statement: "A container's name has 3 to 63 lowercase letters, digits and single hyphens.",
			Test: func(t *T) {
				o := t.Env.Provider
				for _, name := range []string{"ab", "Upper", "two--hyphens", "-first", strings.Repeat("a", 64)} {
					_, err := t.put(o, t.storageAccount(o)+"/blobServices/default/containers/"+name, storageVersion,
						object{"properties": object{}})
					t.refusedSomehow(err)
				}
			},
		},
		{
			Name: "delete of its parent", Area: containers, Source: docsChildren,
			Statement: "A container goes when its storage account is deleted.",
			Test: func(t *T) {
				o := t.Env.Provider
				account := t.inGroup(o, storageType, t.name(20))
				t.made(o, account, storageVersion, t.accountBody())
				c := t.containerIn(o, account)
				require.NoError(t, t.remove(o, account, storageVersion))
				t.gone(o, c, storageVersion)
			},
		},
		{
			Name: "delete takes its blobs", Area: containers,
			Source: "https://learn.microsoft.com/rest/api/storagerp/blob-containers/delete",
			Code:   "ContainerNotFound", CodeSource: docsBlobCodes,
			Statement: "A container's blobs go with it.",
			Test: func(t *T) {
				o := t.Env.Provider
				c := t.container(o)
				t.upload(o, c, "a.txt", "a")
				require.NoError(t, t.remove(o, c, storageVersion))
				_, err := t.blobs(o, accountOf(c)).DownloadStream(t.ctx(), nameOf(c), "a.txt", nil)
				t.refused(err, http.StatusNotFound, "ContainerNotFound")
			},
		},
	}
}

// regenerated makes an account's first key anew.
func regenerated(t *T) {
	o := t.Env.Provider
	account := t.ownAccount(o)
	c := t.containerIn(o, account)
	t.upload(o, c, "a.txt", "a")
	client := t.storage(o).NewAccountsClient()
	keys, err := client.ListKeys(t.ctx(), groupOf(account), nameOf(account), nil)
	require.NoError(t, err)
	require.Len(t, keys.Keys, 2)
	endpoint := t.blobEndpoint(o, account)
	reads := func(key string) error {
		cred, err := azblob.NewSharedKeyCredential(nameOf(account), key)
		require.NoError(t, err)
		blobs, err := azblob.NewClientWithSharedKeyCredential(endpoint, cred,
			&azblob.ClientOptions{ClientOptions: t.clientOptions()})
		require.NoError(t, err)
		res, err := blobs.DownloadStream(t.ctx(), nameOf(c), "a.txt", nil)
		if err == nil {
			return res.Body.Close()
		}
		return err
	}
	first, second := *keys.Keys[0], *keys.Keys[1]
	require.NoError(t, reads(*first.Value))
	require.NoError(t, reads(*second.Value))
	renewed, err := client.RegenerateKey(t.ctx(), groupOf(account), nameOf(account),
		armstorage.AccountRegenerateKeyParameters{KeyName: first.KeyName}, nil)
	require.NoError(t, err)
	require.NotEqual(t, *first.Value, *renewed.Keys[0].Value)
	require.Equal(t, *second.Value, *renewed.Keys[1].Value)
	t.eventually("the old key to end", func() bool {
		err := reads(*first.Value)
		if err != nil {
			t.refused(err, http.StatusForbidden, "AuthenticationFailed")
		}
		return err != nil
	})
	require.NoError(t, reads(*renewed.Keys[0].Value))
	require.NoError(t, reads(*second.Value))
}
