package logs_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/armtest"
	"github.com/crossorg/crossorg/internal/azure/blob"
	"github.com/crossorg/crossorg/internal/azure/logs"
)

// Requests on a blob endpoint are logged with operation, caller, sizes and outcome, and without signatures.
func TestBlobEndpointIsLogged(t *testing.T) {
	a := newAzure(t)
	a.watch(blobService, "", "StorageRead", "StorageWrite", "StorageDelete")
	record := logs.Blobs(a.Server())
	caller := blob.Caller{ObjectID: a.deployer.ObjectID, TenantID: armtest.Tenant, ClientID: a.deployer.ClientID}
	operation := func(name string, category blob.Category) blob.Operation {
		return blob.Operation{Name: name, Category: category}
	}
	requests := []struct {
		operation      blob.Operation
		path           string
		authentication blob.Authentication
		status         int
		code           string
		sent, received int64
		want           string
	}{
		{blob.GetBlob, "/c/a/b.csv", blob.OAuth, 200, "", 0, 7, "StorageRead|GetBlob|200|Success|OAuth|" +
			a.deployer.ObjectID + "|0|7|\"/data/c/a/b.csv\""},
		{operation("GetBlobProperties", blob.StorageRead), "/c/a/b.csv?sv=1&sig=c2VjcmV0", blob.SAS, 200, "", 0, 7,
			"StorageRead|GetBlobProperties|200|Success|SAS||0|7|\"/data/c/a/b.csv\""},
		{blob.GetBlob, "/c/secret", blob.OAuth, 403, "AuthorizationPermissionMismatch", 0, 0, "StorageRead|GetBlob|" +
			"403|AuthorizationPermissionMismatch|OAuth|" + a.deployer.ObjectID + "|0|0|\"/data/c/secret\""},
		{blob.PutBlob, "/c/a", blob.AccountKey, 200, "", 5, 7,
			"StorageWrite|PutBlob|200|Success|AccountKey||5|7|\"/data/c/a\""},
		{operation("DeleteBlob", blob.StorageDelete), "/c/a", blob.AccountKey, 404, "", 0, 7,
			"StorageDelete|DeleteBlob|404|ClientOtherError|AccountKey||0|7|\"/data/c/a\""},
		{operation("ListBlobs", blob.StorageRead), "/c", blob.Anonymous, 200, "", 0, 7,
			"StorageRead|ListBlobs|200|Success|Anonymous||0|7|\"/data/c\""},
		{operation("ListContainers", blob.StorageRead), "/", blob.AccountKey, 200, "", 0, 7,
			"StorageRead|ListContainers|200|Success|AccountKey||0|7|\"/data/\""},
	}
	for _, c := range requests {
		path, _, _ := strings.Cut(c.path, "?")
		container, name, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
		r := blob.Record{Operation: c.operation, AccountID: storage, Container: container, Blob: name,
			Status: c.status, Code: c.code, Authentication: c.authentication, URI: "https://127.0.0.1/data" + c.path,
			CallerIP: "127.0.0.1:5", UserAgent: "tests", Version: "2022-11-02", RequestID: "42", RequestBytes: c.sent,
			ResponseBytes: c.received, Duration: 1500 * time.Microsecond}
		if c.authentication == blob.OAuth {
			r.Caller = caller
		}
		record(r)
		row := a.rows("StorageBlobLogs | top 1 by TimeGenerated | project strcat(Category, '|', OperationName, '|', " +
			"StatusCode, '|', StatusText, '|', AuthenticationType, '|', RequesterObjectId, '|', RequestBodySize, " +
			"'|', ResponseBodySize, '|', ObjectKey)")
		require.Equal(t, [][]any{{c.want}}, row, "%s %s", c.operation.Name, c.path)
	}
	record(blob.Record{Operation: blob.GetBlob, AccountID: "no account", Status: http.StatusOK})
	require.Len(t, a.rows("StorageBlobLogs"), len(requests), "an account id that cannot be read logs nothing")
	require.Empty(t, a.rows(`StorageBlobLogs | where Uri contains "c2VjcmV0"`))
	require.Equal(t, [][]any{{float64(len(requests))}}, a.rows(`StorageBlobLogs
		| where CorrelationId == "42" and DurationMs == 1.5 and UserAgentHeader == "tests" | count`))
}
