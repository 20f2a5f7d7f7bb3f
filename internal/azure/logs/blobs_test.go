package logs_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/logs"
)

// What a blob endpoint is asked is logged by operation, caller, sizes and outcome, never with a signature.
func TestBlobEndpointIsLogged(t *testing.T) {
	a := newAzure(t)
	a.watch(blobService, "", "StorageRead", "StorageWrite", "StorageDelete")
	endpoint := logs.Blobs(a.server, func(name string) (string, bool) { return storage, name == "data" },
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("x-ms-request-id", "42")
			if strings.HasSuffix(r.URL.Path, "/secret") {
				w.Header().Set("x-ms-error-code", "AuthorizationPermissionMismatch")
				w.WriteHeader(http.StatusForbidden)
				return
			}
			_, _ = io.WriteString(w, "content")
		}))
	token := "Bearer " + a.token(a.deployer, "https://storage.azure.com")
	for _, c := range []struct {
		method, path, authorization, body string
		want                              string
	}{
		{"GET", "/data/c/a/b.csv", token, "", "StorageRead|GetBlob|200|Success|OAuth|" + a.deployer.ObjectID + "|0|7"},
		{"HEAD", "/data/c/a/b.csv?sv=1&sig=c2VjcmV0", "", "", "StorageRead|GetBlobProperties|200|Success|SAS||0|7"},
		{"GET", "/data/c/secret", token, "", "StorageRead|GetBlob|403|AuthorizationPermissionMismatch|OAuth|" +
			a.deployer.ObjectID + "|0|0"},
		{"PUT", "/data/c/a", "SharedKey data:abc", "12345", "StorageWrite|PutBlob|200|Success|AccountKey||5|7"},
		{"PUT", "/data/c/a?comp=block&blockid=1", "SharedKey data:abc", "1",
			"StorageWrite|PutBlock|200|Success|AccountKey||1|7"},
		{"PUT", "/data/c/a?comp=blocklist", "SharedKey data:abc", "",
			"StorageWrite|PutBlockList|200|Success|AccountKey||0|7"},
		{"PUT", "/data/c/a?comp=metadata", "SharedKey data:abc", "",
			"StorageWrite|SetBlobMetadata|200|Success|AccountKey||0|7"},
		{"DELETE", "/data/c/a", "SharedKey data:abc", "", "StorageDelete|DeleteBlob|200|Success|AccountKey||0|7"},
		{"GET", "/data/c?restype=container&comp=list", "", "", "StorageRead|ListBlobs|200|Success|Anonymous||0|7"},
		{"PUT", "/data/c?restype=container", "SharedKey data:abc", "",
			"StorageWrite|CreateContainer|200|Success|AccountKey||0|7"},
		{"DELETE", "/data/c?restype=container", "SharedKey data:abc", "",
			"StorageDelete|DeleteContainer|200|Success|AccountKey||0|7"},
		{"GET", "/data/?comp=list", "SharedKey data:abc", "", "StorageRead|ListContainers|200|Success|AccountKey||0|7"},
	} {
		r := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
		if c.authorization != "" {
			r.Header.Set("Authorization", c.authorization)
		}
		endpoint.ServeHTTP(httptest.NewRecorder(), r)
		row := a.rows(`StorageBlobLogs | top 1 by TimeGenerated | project strcat(Category, "|", OperationName, "|", StatusCode, "|", StatusText, "|",
			AuthenticationType, "|", RequesterObjectId, "|", RequestBodySize, "|", ResponseBodySize)`)
		require.Equal(t, [][]any{{c.want}}, row, "%s %s", c.method, c.path)
	}
	endpoint.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/other/c/a", nil))
	require.Len(t, a.rows("StorageBlobLogs"), 12, "Ensure an unknown account logs nothing")
	require.Empty(t, a.rows(`StorageBlobLogs | where Uri contains "c2VjcmV0"`))
	require.Equal(t, [][]any{{12.0}}, a.rows(`StorageBlobLogs | where CorrelationId == "42" | count`))
}
