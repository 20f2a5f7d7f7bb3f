package azure_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure"
)

// caller asks an embedded Azure as its default principal, signed in with the official client.
type caller struct {
	t          *testing.T
	a          *azure.Azure
	client     *http.Client
	credential *azidentity.ClientSecretCredential
}

func callerOf(t *testing.T, a *azure.Azure) *caller {
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: a.RootCAs()}}}
	c := a.DefaultCredentials()
	credential, err := azidentity.NewClientSecretCredential(c.TenantID, c.ClientID, c.ClientSecret,
		&azidentity.ClientSecretCredentialOptions{
			ClientOptions: azcore.ClientOptions{Transport: client,
				Cloud: cloud.Configuration{ActiveDirectoryAuthorityHost: a.Authority()}},
			DisableInstanceDiscovery: true,
		})
	require.NoError(t, err)
	return &caller{t, a, client, credential}
}

// send asks base+path with a token for an audience.
func (c *caller) send(method, url, audience string, body any) (int, map[string]any) {
	c.t.Helper()
	token, err := c.credential.GetToken(context.Background(),
		policy.TokenRequestOptions{Scopes: []string{audience + "/.default"}})
	require.NoError(c.t, err)
	var raw []byte
	if body != nil {
		raw, err = json.Marshal(body)
		require.NoError(c.t, err)
	}
	req, err := http.NewRequest(method, url, bytes.NewReader(raw))
	require.NoError(c.t, err)
	req.Header.Set("Authorization", "Bearer "+token.Token)
	req.Header.Set("x-ms-version", "2023-11-03")
	res, err := c.client.Do(req)
	require.NoError(c.t, err)
	defer res.Body.Close()
	out := map[string]any{}
	if res.Header.Get("Content-Type") == "application/json; charset=utf-8" {
		require.NoError(c.t, json.NewDecoder(res.Body).Decode(&out))
	}
	return res.StatusCode, out
}

// put makes a resource.
func (c *caller) put(path, version string, body any) map[string]any {
	c.t.Helper()
	status, out := c.send(http.MethodPut, c.a.Management()+path+"?api-version="+version, "https://management.azure.com",
		body)
	require.Less(c.t, status, 300, "%v", out)
	return out
}

// What a blob endpoint is asked is found by a query of the workspace that asked for it, with a token for the query API.
func TestBlobRequestsAreFoundByAQuery(t *testing.T) {
	type m = map[string]any
	a := openAt(t, t.TempDir())
	c := callerOf(t, a)
	group := "/subscriptions/" + a.DefaultCredentials().SubscriptionID + "/resourceGroups/watch"
	account := group + "/providers/Microsoft.Storage/storageAccounts/contosodata"
	workspace := group + "/providers/Microsoft.OperationalInsights/workspaces/watch"
	c.put(group, "2022-09-01", m{"location": "eastus"})
	made := c.put(workspace, "2022-10-01", m{"location": "eastus", "properties": m{}})
	c.put(account, "2022-09-01",
		m{"location": "eastus", "kind": "StorageV2", "sku": m{"name": "Standard_LRS"}, "properties": m{}})
	require.Eventually(t, func() bool {
		status, _ := c.send(http.MethodGet, a.Management()+account+"/blobServices/default?api-version=2022-09-01",
			"https://management.azure.com", nil)
		return status == http.StatusOK
	}, 10*time.Second, 10*time.Millisecond)
	c.put(account+"/blobServices/default/providers/Microsoft.Insights/diagnosticSettings/reads", "2021-05-01-preview",
		m{"properties": m{"workspaceId": workspace, "logs": []m{{"category": "StorageRead", "enabled": true}}}})

	status, _ := c.send(http.MethodGet, a.Blob()+"/contosodata/absent/a.csv", "https://storage.azure.com", nil)
	require.GreaterOrEqual(t, status, 400)
	customer := made["properties"].(m)["customerId"].(string)
	status, out := c.send(http.MethodPost, a.Management()+"/v1/workspaces/"+customer+"/query",
		"https://api.loganalytics.io",
		m{"query": "StorageBlobLogs | project OperationName, ObjectKey, StatusCode, RequesterAppId"})
	require.Equal(t, http.StatusOK, status, "%v", out)
	rows := out["tables"].([]any)[0].(m)["rows"].([]any)
	require.Len(t, rows, 1)
	require.Equal(t, []any{"GetBlob", `"/contosodata/absent/a.csv"`}, rows[0].([]any)[:2])
	require.Equal(t, a.DefaultCredentials().ClientID, rows[0].([]any)[3])

	status, out = c.send(http.MethodPost, a.Management()+"/v1/workspaces/"+customer+"/query",
		"https://management.azure.com", m{"query": "StorageBlobLogs"})
	require.Equal(t, http.StatusUnauthorized, status)
	require.Equal(t, "InvalidTokenError", out["error"].(m)["code"])
}
