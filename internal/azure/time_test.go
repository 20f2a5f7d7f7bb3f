package azure_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure"
)

// principal is the default principal of an embedded Azure.
type principal struct {
	t      *testing.T
	azure  *azure.Azure
	client *http.Client
}

func newPrincipal(t *testing.T, a *azure.Azure) *principal {
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: a.RootCAs()}}
	t.Cleanup(transport.CloseIdleConnections)
	return &principal{t: t, azure: a, client: &http.Client{Transport: transport}}
}

func (c *principal) token() string {
	id := c.azure.DefaultCredentials()
	resp, err := c.client.PostForm(c.azure.Authority()+"/"+id.TenantID+"/oauth2/v2.0/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {id.ClientID}, "client_secret": {id.ClientSecret},
		"scope": {"https://management.azure.com/.default"},
	})
	require.NoError(c.t, err)
	defer resp.Body.Close()
	var out struct {
		Token string `json:"access_token"`
	}
	require.NoError(c.t, json.NewDecoder(resp.Body).Decode(&out))
	return out.Token
}

// arm sends a request to Resource Manager; path is below the default subscription.
func (c *principal) arm(method, path, version string, body any) map[string]any {
	c.t.Helper()
	raw, err := json.Marshal(body)
	require.NoError(c.t, err)
	req, err := http.NewRequest(method,
		c.azure.Management()+"/subscriptions/"+c.azure.DefaultCredentials().SubscriptionID+path+"?api-version="+version,
		bytes.NewReader(raw))
	require.NoError(c.t, err)
	req.Header.Set("Authorization", "Bearer "+c.token())
	resp, err := c.client.Do(req)
	require.NoError(c.t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(c.t, err)
	require.Less(c.t, resp.StatusCode, 300, "%s %s: %s", method, path, text)
	var out map[string]any
	if len(text) > 0 {
		require.NoError(c.t, json.Unmarshal(text, &out))
	}
	return out
}

func TestSignaturesExpireWithTheClockAndSignedRequestsDoNot(t *testing.T) {
	ctx := context.Background()
	a := openAt(t, t.TempDir())
	c := newPrincipal(t, a)
	const account = "/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/contosoclock"
	c.arm("PUT", "/resourceGroups/rg", "2022-09-01", map[string]any{"location": "westeurope"})
	c.arm("PUT", account, "2022-09-01",
		map[string]any{"location": "westeurope", "kind": "StorageV2", "sku": map[string]any{"name": "Standard_LRS"}})
	keys := c.arm("POST", account+"/listKeys", "2022-09-01", map[string]any{})["keys"].([]any)
	key, err := azblob.NewSharedKeyCredential("contosoclock", keys[0].(map[string]any)["value"].(string))
	require.NoError(t, err)
	blobs, err := azblob.NewClientWithSharedKeyCredential(a.Blob()+"/contosoclock", key,
		&azblob.ClientOptions{ClientOptions: azcore.ClientOptions{Transport: c.client}})
	require.NoError(t, err)
	_, err = blobs.CreateContainer(ctx, "data", nil)
	require.NoError(t, err)
	_, err = blobs.UploadBuffer(ctx, "data", "a.csv", []byte("a,b"), nil)
	require.NoError(t, err)
	signed, err := sas.BlobSignatureValues{
		Protocol: sas.ProtocolHTTPS, ContainerName: "data", BlobName: "a.csv",
		ExpiryTime: time.Now().Add(24 * time.Hour), Permissions: (&sas.BlobPermissions{Read: true}).String(),
	}.SignWithSharedKey(key)
	require.NoError(t, err)
	read := func() int {
		resp, err := c.client.Get(a.Blob() + "/contosoclock/data/a.csv?" + signed.Encode())
		require.NoError(t, err)
		resp.Body.Close()
		return resp.StatusCode
	}
	require.Equal(t, http.StatusOK, read())

	_, err = a.Advance(ctx, 23*time.Hour)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, read(), "an hour before its end")
	_, err = a.Advance(ctx, 2*time.Hour)
	require.NoError(t, err)

	require.Equal(t, http.StatusForbidden, read())
	_, err = blobs.UploadBuffer(ctx, "data", "b.csv", []byte("later"), nil)
	require.NoError(t, err, "clients date their requests by the machine's clock")
	props, err := blobs.ServiceClient().NewContainerClient("data").NewBlobClient("b.csv").GetProperties(ctx, nil)
	require.NoError(t, err)
	require.WithinDuration(t, time.Now().Add(25*time.Hour), *props.LastModified, time.Minute,
		"what is written now is dated by the embedded Azure's")
}

func TestRolesOfTheDeployersAreInEffectUnderLatency(t *testing.T) {
	a, err := azure.Open(azure.Options{Dir: t.TempDir(),
		Latency: azure.Latency{Profile: azure.LatencyAzure, Scale: 0.05}})
	require.NoError(t, err)
	defer a.Close()
	c := newPrincipal(t, a)
	out := c.arm("PUT", "/resourceGroups/rg", "2022-09-01", map[string]any{"location": "westeurope"})
	require.True(t, strings.HasSuffix(out["id"].(string), "/resourceGroups/rg"))
}
