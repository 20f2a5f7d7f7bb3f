package blob_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/blob"
)

// A record has the operation, the caller, the outcome and the bytes in both directions.
func TestRequestsAreRecorded(t *testing.T) {
	d := newDataPlane(t)
	records := make(chan blob.Record, 1)
	s := httptest.NewTLSServer(blob.NewHandler(d.content, d.estate, nil).
		RecordTo(func(r blob.Record) { records <- r }))
	defer s.Close()
	d.estate.grants["reader Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"] = true
	signature := blob.SignServiceSAS("contoso", []byte(bytesOfKey),
		blob.SASParams{Container: "data", Permissions: "rcwdl", Expiry: time.Now().Add(time.Hour)})
	for _, c := range []struct {
		method, path, token, body string
		want                      string
	}{
		{"PUT", "/data/a/b.csv?" + signature, "", "content", "StorageWrite|PutBlob|201||SAS||7|0|data|a/b.csv"},
		{"GET", "/data/a/b.csv", "reader@t1", "",
			"StorageRead|GetBlob|200||OAuth|reader app-reader t1|0|7|data|a/b.csv"},
		{"HEAD", "/data/a/b.csv?" + signature, "", "", "StorageRead|GetBlobProperties|200||SAS||0|0|data|a/b.csv"},
		{"PUT", "/data/a?comp=block&blockid=AAAA&" + signature, "", "1",
			"StorageWrite|PutBlock|201||SAS||1|0|data|a"},
		{"PUT", "/data/a?comp=metadata", "reader@t1", "",
			"StorageWrite|SetBlobMetadata|403|AuthorizationPermissionMismatch|OAuth|reader app-reader t1|0|*|data|a"},
		{"GET", "/data/a/b.csv", "reader@t2", "",
			"StorageRead|GetBlob|401|InvalidAuthenticationInfo|OAuth|reader app-reader t2|0|*|data|a/b.csv"},
		{"GET", "/data?restype=container&comp=list", "", "",
			"StorageRead|ListBlobs|409|PublicAccessNotPermitted|Anonymous||0|*|data|"},
		{"DELETE", "/data/a/b.csv?" + signature, "", "", "StorageDelete|DeleteBlob|202||SAS||0|0|data|a/b.csv"},
	} {
		u, err := url.Parse(s.URL + "/contoso" + c.path)
		require.NoError(t, err)
		r, err := http.NewRequestWithContext(t.Context(), c.method, u.String(), strings.NewReader(c.body))
		require.NoError(t, err)
		r.Header.Set("x-ms-version", blob.SASVersion)
		r.Header.Set("x-ms-blob-type", "BlockBlob")
		if c.token != "" {
			r.Header.Set("Authorization", "Bearer "+c.token)
		}
		res, err := s.Client().Do(r)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		got := <-records
		caller := strings.TrimSpace(got.Caller.ObjectID + " " + got.Caller.ClientID + " " + got.Caller.TenantID)
		answered := fmt.Sprint(got.ResponseBytes)
		if strings.Contains(c.want, "|*|") { // an error's text, of which HEAD alone has none
			assert.Positive(t, got.ResponseBytes)
			answered = "*"
		}
		shown := fmt.Sprintf("%s|%s|%d|%s|%s|%s|%d|%s|%s|%s", got.Category, got.Name, got.Status, got.Code,
			got.Authentication, caller, got.RequestBytes, answered, got.Container, got.Blob)
		assert.Equal(t, c.want, shown)
		assert.Equal(t, res.Header.Get("x-ms-request-id"), got.RequestID)
		assert.Equal(t, d.estate.accounts["contoso"].ID, got.AccountID)
		assert.Equal(t, u.String(), got.URI)
		assert.Equal(t, blob.SASVersion, got.Version)
	}
}

// The secondary endpoint has the same content, and no log.
func TestReadsOfTheSecondaryAreNotRecorded(t *testing.T) {
	d := newDataPlane(t)
	require.NoError(t, d.upload(d.client, "x", "replicated"))
	d.estate.change("contoso", func(a *blob.Account) { a.ReadableSecondary, a.HTTPSOnly = true, false })
	signature := blob.SignServiceSAS("contoso", []byte(bytesOfKey),
		blob.SASParams{Container: "data", Permissions: "r", Expiry: time.Now().Add(time.Hour)})
	recorded := 0
	h := blob.NewHandler(d.content, d.estate, nil).RecordTo(func(blob.Record) { recorded++ })
	for account, records := range map[string]int{"contoso": 1, "contoso-secondary": 0} {
		recorded = 0
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/"+account+"/data/x?"+signature, nil))
		assert.Equal(t, http.StatusOK, w.Code, "%s: %s", account, w.Body)
		assert.Equal(t, records, recorded, account)
	}
}
