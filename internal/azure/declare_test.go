package azure

import (
	"crypto/tls"
	"net/http"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources"
	"github.com/stretchr/testify/require"
)

// A subscription that was declared in the wrong tenant, by a preview for instance, moves while nothing stands in it.
func TestASubscriptionMovesToAnotherTenantWhileItIsEmpty(t *testing.T) {
	const (
		wrong, right = "aaaaaaaa-0000-0000-0000-000000000001", "aaaaaaaa-0000-0000-0000-000000000002"
		subscription = "bbbbbbbb-0000-0000-0000-000000000001"
	)
	dir := t.TempDir()
	open := func(tenant string) (*Azure, error) {
		return Open(Options{Dir: dir, Declared: []Declared{
			{TenantID: tenant, SubscriptionID: subscription, ClientID: "cccccccc-0000-0000-0000-000000000001"}}})
	}
	a, err := open(wrong)
	require.NoError(t, err)
	require.NoError(t, a.Close())
	a, err = open(right)
	require.NoError(t, err)
	_, err = a.Credentials(right, "")
	require.NoError(t, err)
	_, err = a.Credentials(wrong, "")
	require.Error(t, err, "the mistyped tenant is gone")
	createGroup(t, a, right, subscription)
	require.NoError(t, a.Close())

	_, err = open(wrong)
	require.ErrorContains(t, err, "holds resources in this home")
	require.ErrorContains(t, err, "crossorg:organizations")
	a, err = open(right)
	require.NoError(t, err, "the refused declaration left nothing behind")
	require.NoError(t, a.Close())

	_, err = Open(Options{Dir: t.TempDir(), Declared: []Declared{{TenantID: right}}})
	require.ErrorContains(t, err, "set subscriptionId beside tenantId")
}

// createGroup makes a resource group as the tenant's principal.
func createGroup(t *testing.T, a *Azure, tenant, subscription string) {
	t.Helper()
	i := &identityTest{T: t, azure: a, client: &http.Client{
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: a.RootCAs(), MinVersion: tls.VersionTLS12}}}}
	c, err := a.Credentials(tenant, "")
	require.NoError(t, err)
	owner, err := azidentity.NewClientSecretCredential(c.TenantID, c.ClientID, c.ClientSecret,
		&azidentity.ClientSecretCredentialOptions{ClientOptions: i.options(), DisableInstanceDiscovery: true})
	require.NoError(t, err)
	groups, err := armresources.NewResourceGroupsClient(subscription, owner, i.armOptions())
	require.NoError(t, err)
	_, err = groups.CreateOrUpdate(t.Context(), "rg", armresources.ResourceGroup{Location: to.Ptr("eastus")}, nil)
	require.NoError(t, err)
}
