package storage_test

import (
	"context"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/armtest"
	"github.com/crossorg/crossorg/internal/azure/roles"
	"github.com/crossorg/crossorg/internal/azure/store"
)

// key asks for a user delegation key, as a caller, for a time.
func (c *cloud) key(
	by *armtest.Caller, account string, holds time.Duration,
) (*service.UserDelegationCredential, error) {
	client, err := service.NewClient(c.blobs.URL+"/"+account+"/", by,
		&service.ClientOptions{ClientOptions: c.options()})
	require.NoError(c.T, err)
	now := c.Clock.Now().UTC()
	return client.GetUserDelegationCredential(context.Background(), service.KeyInfo{
		Start: to.Ptr(now.Format(sas.TimeFormat)), Expiry: to.Ptr(now.Add(holds).Format(sas.TimeFormat))}, nil)
}

// delegated is a client with a user delegation SAS for the container data.
func (c *cloud) delegated(
	key *service.UserDelegationCredential, account, version string, permissions sas.ContainerPermissions,
) *azblob.Client {
	query, err := sas.BlobSignatureValues{
		Version: version, ContainerName: "data", Permissions: permissions.String(), Protocol: sas.ProtocolHTTPS,
		ExpiryTime: c.Clock.Now().UTC().Add(time.Hour), ContentType: "text/plain",
	}.SignWithUserDelegation(key)
	require.NoError(c.T, err)
	client, err := azblob.NewClientWithNoCredential(c.blobs.URL+"/"+account+"/?"+query.Encode(),
		&azblob.ClientOptions{ClientOptions: c.options()})
	require.NoError(c.T, err)
	return client
}

func read(client *azblob.Client) error {
	_, err := client.DownloadStream(context.Background(), "data", "x", nil)
	return err
}

func write(client *azblob.Client) error {
	_, err := client.UploadBuffer(context.Background(), "data", "y", []byte("y"), nil)
	return err
}

func withData(t *testing.T, name string, props object) *cloud {
	c := newCloud(t)
	c.create(name, nil)
	client := c.data(name, 0)
	_, err := client.CreateContainer(context.Background(), "data", nil)
	require.NoError(t, err)
	_, err = client.UploadBuffer(context.Background(), "data", "x", []byte("x"), nil)
	require.NoError(t, err)
	if props != nil {
		status, out := c.do("PATCH", accounts+name, object{"properties": props})
		require.Less(t, status, 300, "%v", out)
	}
	return c
}

var readAndWrite = sas.ContainerPermissions{Read: true, Write: true, Create: true}

func refusedWith(t *testing.T, err error, code bloberror.Code, why string) {
	t.Helper()
	assert.True(t, bloberror.HasCode(err, code), "%s: %v", why, err)
}

// A user delegation SAS permits what it says and what its principal's roles permit at the time of use, no more.
// Source: https://learn.microsoft.com/rest/api/storageservices/create-user-delegation-sas
func TestAUserDelegationSASPermitsWhatItsPrincipalMayDo(t *testing.T) {
	c := withData(t, "delegating", object{"allowSharedKeyAccess": false})
	p := c.Principal(armtest.Tenant, "reader")
	c.Grant(p, roles.BlobDataReader, accounts+"delegating")
	key, err := c.key(c.As(p), "delegating", time.Hour)
	require.NoError(t, err)
	client := c.delegated(key, "delegating", "", readAndWrite)

	require.NoError(t, read(client), "Ensure signatures without an account key are taken where keys are not")
	refusedWith(t, write(client), bloberror.AuthorizationPermissionMismatch, "the principal may only read")
	c.Grant(p, roles.BlobDataContributor, accounts+"delegating")
	require.NoError(t, write(client), "Ensure the roles at the time of use count")
	refusedWith(t, write(c.delegated(key, "delegating", "", sas.ContainerPermissions{Read: true})),
		bloberror.AuthorizationPermissionMismatch, "the signature is for reading")
	c.Revoke(p, roles.BlobDataReader, accounts+"delegating")
	c.Revoke(p, roles.BlobDataContributor, accounts+"delegating")
	refusedWith(t, read(client), bloberror.AuthorizationPermissionMismatch, "the roles are gone")

	c.Grant(p, roles.BlobDataReader, accounts+"delegating")
	require.NoError(t, read(client))
	require.NoError(t, c.Store.Update(func(tx *store.Tx) error { return c.Directory.RemovePrincipal(tx, p.ObjectID) }))
	refusedWith(t, read(client), bloberror.AuthorizationPermissionMismatch, "the principal is gone")
}

// What is signed has grown with the versions of the service.
func TestUserDelegationSignaturesByVersion(t *testing.T) {
	c := withData(t, "delegating", nil)
	p := c.Principal(armtest.Tenant, "reader")
	c.Grant(p, roles.BlobDataReader, accounts+"delegating")
	key, err := c.key(c.As(p), "delegating", time.Hour)
	require.NoError(t, err)
	// The official client signs as its own version does.
	require.NoError(t, read(c.delegated(key, "delegating", "2025-07-05", readAndWrite)))
	refusedWith(t, read(c.delegated(key, "delegating", "2022-11-02", readAndWrite)), bloberror.AuthenticationFailed,
		"an older version signs fewer fields")
}

// Keys are given to principals with the permission on the account, for seven days at most.
// Source: https://learn.microsoft.com/rest/api/storageservices/get-user-delegation-key
func TestUserDelegationKeysAreGivenToThoseWhoMayDelegate(t *testing.T) {
	c := withData(t, "delegating", nil)
	nobody := c.As(c.Principal(armtest.Tenant, "nobody"))
	_, err := c.key(nobody, "delegating", time.Hour)
	refusedWith(t, err, bloberror.AuthorizationPermissionMismatch, "without a role")
	_, err = c.key(c.Fabrikam.Caller, "delegating", time.Hour)
	refusedWith(t, err, bloberror.InvalidAuthenticationInfo, "of another tenant")
	below := c.Principal(armtest.Tenant, "below")
	c.Grant(below, roles.BlobDataReader, accounts+"delegating/blobServices/default/containers/data")
	_, err = c.key(c.As(below), "delegating", time.Hour)
	refusedWith(t, err, bloberror.AuthorizationPermissionMismatch, "with a role on a container alone")
	c.Grant(below, roles.BlobDelegator, accounts+"delegating")
	key, err := c.key(c.As(below), "delegating", 7*24*time.Hour)
	require.NoError(t, err)
	require.NoError(t, read(c.delegated(key, "delegating", "", readAndWrite)))
	_, err = c.key(c.As(below), "delegating", 8*24*time.Hour)
	refusedWith(t, err, bloberror.InvalidXMLNodeValue, "for more than seven days")

	_, keys := c.do("POST", accounts+"delegating/listKeys", nil)
	shared, err := service.NewSharedKeyCredential("delegating", keys["keys"].([]any)[0].(object)["value"].(string))
	require.NoError(t, err)
	client, err := service.NewClientWithSharedKeyCredential(c.blobs.URL+"/delegating/", shared,
		&service.ClientOptions{ClientOptions: c.options()})
	require.NoError(t, err)
	_, err = client.GetUserDelegationCredential(context.Background(), service.KeyInfo{
		Start: to.Ptr("2020-01-01T00:00:00Z"), Expiry: to.Ptr("2020-01-02T00:00:00Z")}, nil)
	refusedWith(t, err, bloberror.AuthenticationFailed, "with an account key")
}

// Signatures end with their key, with its revocation, and with the account.
func TestUserDelegationSignaturesEnd(t *testing.T) {
	c := withData(t, "delegating", nil)
	p := c.Principal(armtest.Tenant, "reader")
	c.Grant(p, roles.BlobDataReader, armtest.Group)
	made := func(holds time.Duration) *azblob.Client {
		key, err := c.key(c.As(p), "delegating", holds)
		require.NoError(t, err)
		client := c.delegated(key, "delegating", "", readAndWrite)
		require.NoError(t, read(client))
		return client
	}
	short := made(10 * time.Minute)
	c.Advance(11 * time.Minute)
	refusedWith(t, read(short), bloberror.AuthenticationFailed, "the key has expired before the signature")

	revoked := made(time.Hour)
	status, _ := c.do("POST", accounts+"delegating/revokeUserDelegationKeys", nil)
	assert.Equal(t, 200, status)
	refusedWith(t, read(revoked), bloberror.AuthenticationFailed, "the account's keys were revoked")

	old := made(time.Hour)
	status, _ = c.do("DELETE", accounts+"delegating", nil)
	require.Less(t, status, 300)
	c.create("delegating", nil)
	client := c.data("delegating", 0)
	_, err := client.CreateContainer(context.Background(), "data", nil)
	require.NoError(t, err)
	_, err = client.UploadBuffer(context.Background(), "data", "x", []byte("x"), nil)
	require.NoError(t, err)
	made(time.Hour)
	refusedWith(t, read(old), bloberror.AuthenticationFailed, "the account is another one")
}
