package conformance

import (
	"net/http"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/storage/armstorage"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/stretchr/testify/require"
)

const (
	docsBlobCodes    = "https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes"
	docsStorageCodes = "https://learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes"
	docsSharedKey    = "https://learn.microsoft.com/azure/storage/common/shared-key-authorization-prevent"
	docsAnonymous    = "https://learn.microsoft.com/azure/storage/blobs/anonymous-read-access-prevent"
	// docsKeyCode shows the service's answer; the page about the setting tells its status only.
	docsKeyCode    = "https://github.com/Azure/terraform-azurerm-avm-res-storage-storageaccount/issues/184"
	docsRegenerate = "https://learn.microsoft.com/rest/api/storagerp/storage-accounts/regenerate-key"
)

// storagePromises are about storage accounts and containers beyond their lifecycles.
func storagePromises() []Promise {
	return []Promise{
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
			Name: "redundancy", Area: storageType, Undocumented: true,
			Source: "https://learn.microsoft.com/rest/api/storagerp/storage-accounts/update",
			Statement: "An account is updated between LRS, GRS and RA-GRS; not to zone-redundant or premium storage, " +
				"by PUT or by PATCH.",
			Test: func(t *T) {
				o := t.Env.Provider
				account := t.ownAccount(o)
				t.made(o, account, storageVersion, with(t.accountBody(), "Standard_GRS", "sku", "name"))
				for _, sku := range []string{"Standard_ZRS", "Premium_LRS"} {
					_, err := t.put(o, account, storageVersion, with(t.accountBody(), sku, "sku", "name"))
					t.refusedSomehow(err)
					t.refusedSomehow(t.patch(o, account, storageVersion, object{"sku": object{"name": sku}}))
				}
				require.Equal(t, "Standard_GRS", text(t.there(o, account, storageVersion), "sku", "name"))
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
