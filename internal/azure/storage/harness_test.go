package storage_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/armtest"
	"github.com/crossorg/crossorg/internal/azure/authorization"
	"github.com/crossorg/crossorg/internal/azure/blob"
	"github.com/crossorg/crossorg/internal/azure/storage"
)

const accounts = armtest.Group + "/providers/Microsoft.Storage/storageAccounts/"

// cloud is a control plane, and a blob data plane beside it.
type cloud struct {
	*armtest.Azure
	blobs *httptest.Server
}

func newCloud(t *testing.T) *cloud {
	mux := http.NewServeMux()
	c := &cloud{blobs: httptest.NewTLSServer(mux)}
	c.Azure = armtest.New(t, armtest.Config{
		APIVersion: "2022-09-01",
		Providers: func(a *armtest.Azure) []*arm.Provider {
			return []*arm.Provider{authorization.New(a.Directory), storage.New(a.Content())}
		},
		Control: func(o *arm.Options) { o.Endpoints.Blob = c.blobs.URL },
	})
	t.Cleanup(c.blobs.Close)
	mux.Handle("/", c.dataPlane())
	return c
}

// dataPlane is a blob service over the accounts of the control plane.
func (c *cloud) dataPlane() *blob.Handler {
	return blob.NewHandler(c.Content(), storage.NewAccounts(c.Server(), c.Content()), c.Clock.Now).ClientClock(time.Now)
}

// as sends a request of a caller and waits for its operation; header are names and values in turn.
func (c *cloud) as(by *armtest.Caller, method, path string, body any, header ...string) (int, map[string]any) {
	c.T.Helper()
	r := by.Do(method, path, body, header...).Wait()
	return r.Status, r.Body
}

func (c *cloud) do(method, path string, body any, header ...string) (int, map[string]any) {
	c.T.Helper()
	return c.as(c.Contoso.Caller, method, path, body, header...)
}

func (c *cloud) refused(status int, code, method, path string, body any, header ...string) {
	c.T.Helper()
	got, out := c.do(method, path, body, header...)
	assert.Equal(c.T, status, got)
	assert.Equal(c.T, code, at(out, "error", "code"), "%v", out)
}

func at(v any, path ...string) any {
	for _, p := range path {
		m, _ := v.(map[string]any)
		v = m[p]
	}
	return v
}

type object = map[string]any

// account is a request body; props replace the defaults.
func account(props object) object {
	return object{"location": "eastus", "kind": "StorageV2", "sku": object{"name": "Standard_LRS"},
		"tags": object{"purpose": "test"}, "properties": props}
}

func (c *cloud) create(name string, props object) object {
	c.T.Helper()
	status, out := c.do("PUT", accounts+name, account(props))
	require.Equal(c.T, 200, status, "%v", out)
	return out
}

func (c *cloud) data(name string, key int) *azblob.Client {
	_, keys := c.do("POST", accounts+name+"/listKeys", nil)
	cred, err := azblob.NewSharedKeyCredential(name, keys["keys"].([]any)[key].(object)["value"].(string))
	require.NoError(c.T, err)
	client, err := azblob.NewClientWithSharedKeyCredential(c.blobs.URL+"/"+name+"/", cred,
		&azblob.ClientOptions{ClientOptions: c.options()})
	require.NoError(c.T, err)
	return client
}

func (c *cloud) options() azcore.ClientOptions {
	return azcore.ClientOptions{Transport: c.blobs.Client(), Retry: policy.RetryOptions{MaxRetries: -1}}
}
