package identity_test

import (
	"context"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/store"
)

// Clients recognize AD FS and look for no other host, without DisableInstanceDiscovery.
func TestAClientSignsInWithoutNamingItsTenant(t *testing.T) {
	f := newFixture(t)
	signIn := func(clientID, secret string) (azcore.AccessToken, error) {
		cred, err := azidentity.NewClientSecretCredential("adfs", clientID, secret,
			&azidentity.ClientSecretCredentialOptions{ClientOptions: azcore.ClientOptions{Transport: f.srv.Client(),
				Retry: policy.RetryOptions{MaxRetries: -1},
				Cloud: cloud.Configuration{ActiveDirectoryAuthorityHost: f.srv.URL}}})
		require.NoError(t, err)
		return cred.GetToken(context.Background(), policy.TokenRequestOptions{Scopes: []string{arm + "/.default"}})
	}
	token, err := signIn(client, "right")
	require.NoError(t, err)
	p, err := f.verify(t, token.Token, arm)
	require.NoError(t, err)
	assert.Equal(t, f.p.ObjectID, p.ObjectID)

	_, err = signIn(client, "wrong")
	require.ErrorContains(t, err, "AADSTS7000215")
	_, err = signIn("dddddddd-1111-1111-1111-111111111111", "right")
	require.ErrorContains(t, err, "AADSTS700016")

	require.NoError(t, f.st.Update(func(tx *store.Tx) error {
		_, err := f.dir.AddServicePrincipal(tx, "aaaaaaaa-0000-0000-0000-2d7cd011db47", client, "other", "right")
		return err
	}))
	_, err = signIn(client, "right")
	require.ErrorContains(t, err, "AADSTS700016", "Ensure a client of two tenants has to name one")
}
