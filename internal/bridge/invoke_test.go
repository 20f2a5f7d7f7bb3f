package bridge_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

func invoke(t *testing.T, p pulumirpc.ResourceProviderClient, token string, args m) (m, error) {
	t.Helper()
	resp, err := p.Invoke(t.Context(), &pulumirpc.InvokeRequest{Tok: "azure-native:" + token, Args: pack(t, args)})
	if err != nil {
		return nil, err
	}
	return unpack(t, resp.GetReturn()), nil
}

// The provider reports its principal, with the object id from its tokens.
func TestInvokeClientConfig(t *testing.T) {
	p := newARM(t).configured(t)
	got, err := invoke(t, p, "authorization:getClientConfig", m{})
	require.NoError(t, err)
	assert.Equal(t, m{"clientId": text(clientID), "objectId": text(objectID), "subscriptionId": text(subscription),
		"tenantId": text(tenant)}, got)
	got, err = invoke(t, p, "authorization:getClientToken", m{})
	require.NoError(t, err)
	assert.NotEmpty(t, got["token"].StringValue())
}

// Each type of the table has a getter, with the resource's outputs and its id.
func TestInvokeGetters(t *testing.T) {
	arm := newARM(t)
	p := arm.configured(t)
	arm.put(groupID, map[string]any{"location": "eastus"})
	arm.put(accountID, map[string]any{"location": "eastus",
		"properties": map[string]any{"supportsHttpsTrafficOnly": true}})
	got, err := invoke(t, p, "resources:getResourceGroup", m{"resourceGroupName": text("contoso")})
	require.NoError(t, err)
	assert.Equal(t, text(groupID), got["id"])
	assert.Equal(t, text("eastus"), got["location"])
	got, err = invoke(t, p, "storage:getStorageAccount",
		m{"resourceGroupName": text("contoso"), "accountName": text("contosodata")})
	require.NoError(t, err)
	assert.True(t, got["enableHttpsTrafficOnly"].BoolValue())

	_, err = invoke(t, p, "storage:getStorageAccount",
		m{"resourceGroupName": text("contoso"), "accountName": text("nobody")})
	require.ErrorContains(t, err, `Code="ResourceNotFound"`)
	_, err = invoke(t, p, "storage:getStorageAccount", m{"resourceGroupName": text("contoso")})
	require.ErrorContains(t, err, "accountName")
	_, err = invoke(t, p, "network:getVirtualNetwork", m{})
	require.ErrorContains(t, err, "network:getVirtualNetwork not found")
}

// Keys and signatures are asked of the account with the REST API's names, and returned as they are: Go's plain invokes
// fail on secret results.
func TestInvokeActions(t *testing.T) {
	arm := newARM(t)
	p := arm.configured(t)
	arm.on("POST", accountID+"/listKeys", func(w http.ResponseWriter, _ *http.Request, _ map[string]any) bool {
		writeJSON(w, http.StatusOK,
			map[string]any{"keys": []any{map[string]any{"keyName": "key1", "value": "c2VjcmV0"}}})
		return true
	})
	arm.on("POST", accountID+"/ListServiceSas", func(w http.ResponseWriter, _ *http.Request, _ map[string]any) bool {
		writeJSON(w, http.StatusOK, map[string]any{"serviceSasToken": "sv=1&sig=2"})
		return true
	})
	got, err := invoke(t, p, "storage:listStorageAccountKeys",
		m{"resourceGroupName": text("contoso"), "accountName": text("contosodata")})
	require.NoError(t, err)
	assert.Equal(t, text("c2VjcmV0"), got["keys"].ArrayValue()[0].ObjectValue()["value"])

	got, err = invoke(t, p, "storage:listStorageAccountServiceSAS", m{
		"resourceGroupName": text("contoso"), "accountName": text("contosodata"),
		"canonicalizedResource": text("/blob/contosodata/packages"),
		"resource":              text("c"), "permissions": text("r"), "protocols": text("https"),
		"contentType":           text("application/zip"),
		"sharedAccessStartTime": text("2025-01-01"), "sharedAccessExpiryTime": text("2030-01-01"),
	})
	require.NoError(t, err)
	assert.Equal(t, text("sv=1&sig=2"), got["serviceSasToken"])
	assert.Equal(t, map[string]any{
		"canonicalizedResource": "/blob/contosodata/packages", "signedResource": "c", "signedPermission": "r",
		"signedProtocol": "https",
		"rsct":           "application/zip", "signedStart": "2025-01-01", "signedExpiry": "2030-01-01",
	}, arm.seen("POST")[1].body)
}
