package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/storage/armstorage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// estate is an organization that is a tenant of its own.
type estate struct{ organization, side, tenant, subscription, client string }

// TestTwoTenantsStayApart: the data crosses the border between two tenants, and nothing else does.
func TestTwoTenantsStayApart(t *testing.T) {
	t.Parallel()
	estates := []estate{
		{"contoso", "provider", "10000000-0000-4000-8000-000000000001", "10000000-0000-4000-8000-000000000002",
			"10000000-0000-4000-8000-000000000003"},
		{"fabrikam", "consumer", "20000000-0000-4000-8000-000000000001", "20000000-0000-4000-8000-000000000002",
			"20000000-0000-4000-8000-000000000003"},
	}
	c := newHome(t, "dev")
	c.configure(func(config map[string]any) {
		organizations := map[string]any{}
		for _, e := range estates {
			organizations[e.organization] = map[string]any{
				"location": "eastus", "tenantId": e.tenant, "subscriptionId": e.subscription,
				"principal": map[string]any{"clientId": e.client},
			}
		}
		config["crossorg:organizations"] = organizations
	})
	up := c.do("up")
	c.assertDelivered(up, "fabrikam")
	assert.Zero(t, c.do("up").changed())
	c.do("refresh", "--expect-no-changes")

	var values map[string]struct {
		Value string `json:"value"`
	}
	require.NoError(t, json.Unmarshal([]byte(c.pulumi("config", "--show-secrets", "--json")), &values))
	var secrets map[string]string
	require.NoError(t, json.Unmarshal([]byte(values["crossorg:principalSecrets"].Value), &secrets))

	served := c.serve()
	for i, own := range estates {
		other := estates[1-i]
		credential := served.signIn(own.tenant, own.client, secrets[own.organization])
		assert.NoError(t, readAccount(served, credential, storageAccount(t, up, own)),
			"%s reads its own account", own.organization)
		assertDenied(t, readAccount(served, credential, storageAccount(t, up, other)),
			own.organization+" reads the other's account")
		assertDenied(t, listKeys(served, credential, storageAccount(t, up, other)),
			own.organization+" lists the other's keys")
		assertDenied(t, listGroups(served, credential, other.subscription),
			own.organization+" lists the other's groups")
	}
	served.stop()

	c.do("destroy")
}

// storageAccount is the resource id of an organization's storage account, from the stack's outputs.
func storageAccount(t *testing.T, d document, e estate) *arm.ResourceID {
	t.Helper()
	organization := d.Outputs["organizations"].(map[string]any)[e.organization].(map[string]any)
	id, err := arm.ParseResourceID(organization[e.side].(map[string]any)["storageAccountId"].(string))
	require.NoError(t, err)
	assert.Equal(t, e.subscription, id.SubscriptionID)
	return id
}

func readAccount(s *served, credential azcore.TokenCredential, id *arm.ResourceID) error {
	client, err := armstorage.NewAccountsClient(id.SubscriptionID, credential, s.armOptions())
	if err != nil {
		return err
	}
	_, err = client.GetProperties(context.Background(), id.ResourceGroupName, id.Name, nil)
	return err
}

func listKeys(s *served, credential azcore.TokenCredential, id *arm.ResourceID) error {
	client, err := armstorage.NewAccountsClient(id.SubscriptionID, credential, s.armOptions())
	if err != nil {
		return err
	}
	_, err = client.ListKeys(context.Background(), id.ResourceGroupName, id.Name, nil)
	return err
}

func listGroups(s *served, credential azcore.TokenCredential, subscription string) error {
	client, err := armresources.NewResourceGroupsClient(subscription, credential, s.armOptions())
	if err != nil {
		return err
	}
	_, err = client.NewListPager(nil).NextPage(context.Background())
	return err
}

// assertDenied checks that Azure refused: 401 for a token of another tenant, 403 without a role, 404 for what the
// caller is not to know of.
func assertDenied(t *testing.T, err error, what string) {
	t.Helper()
	var response *azcore.ResponseError
	if assert.True(t, errors.As(err, &response), "%s: %v", what, err) {
		assert.Contains(t, []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound},
			response.StatusCode, what)
	}
}
