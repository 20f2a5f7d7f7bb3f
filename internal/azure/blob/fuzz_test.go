package blob_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/blob"
	"github.com/crossorg/crossorg/internal/azure/store"
)

// guarded is a handler over one blob, /contoso/data/x.
func guarded(f *testing.F) http.Handler {
	dir := f.TempDir()
	st, err := store.Open(dir + "/state")
	require.NoError(f, err)
	content, err := blob.NewContent(st, dir+"/content")
	require.NoError(f, err)
	f.Cleanup(func() {
		assert.NoError(f, content.Close())
		assert.NoError(f, st.Close())
	})
	_, err = content.Put(context.Background(), blob.Key{Account: "contoso", Container: "data", Name: "x"}, http.NoBody,
		blob.PutOptions{})
	require.NoError(f, err)
	return blob.NewHandler(content,
		&estate{content: content, st: st, containers: map[string]blob.Container{"contoso/data": {Name: "data"}},
			grants: map[string]bool{},
			accounts: map[string]blob.Account{"contoso": {Name: "contoso", Keys: [][]byte{[]byte(bytesOfKey)},
				SharedKey: true}}}, nil)
}

func ask(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	r.Body, r.RemoteAddr, r.Host = http.NoBody, "127.0.0.1:1", "h"
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// FuzzSharedKey looks for an Authorization header, date or header that is accepted without a key.
func FuzzSharedKey(f *testing.F) {
	h := guarded(f)
	now := time.Now().UTC().Format(http.TimeFormat)
	for _, seed := range []string{
		"SharedKey contoso:", "SharedKey contoso:AAAA", "SharedKey :AAAA", "SharedKey contoso",
		"sharedkey fabrikam:AAAA", "SharedKey contoso:=", "SharedKeyLite contoso:AAAA",
		"Bearer ", "Bearer x@t1", " ", "SharedKey contoso:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
		"SharedKey contoso:\x00",
	} {
		f.Add("/contoso/data/x", seed, now, "x-ms-meta-a", "b")
		f.Add("/contoso/data/x?versionid=2025-01-01T00:00:00.0000000Z", seed, "Mon, 02 Jan 2006 15:04:05 GMT", "x-ms-_",
			"\t")
	}
	f.Fuzz(func(t *testing.T, target, authorization, date, name, value string) {
		u, err := url.Parse(target)
		if err != nil {
			return
		}
		r := &http.Request{Method: http.MethodGet, URL: u, Header: http.Header{"Authorization": {authorization},
			"X-Ms-Date": {date}, "X-Ms-Version": {blob.SASVersion}}}
		r.Header.Add(name, value)
		w := ask(h, r)
		assert.GreaterOrEqual(t, w.Code, 400, "a request without a key is refused")
		assert.NotEqual(t, http.StatusInternalServerError, w.Code)
	})
}

// FuzzSAS changes a signature's query: only one that says the same as what was signed lets its bearer in.
func FuzzSAS(f *testing.F) {
	h := guarded(f)
	expiry := time.Date(2199, 1, 1, 0, 0, 0, 0, time.UTC) // one for all of the fuzzer's processes
	signed := blob.SignServiceSAS("contoso", []byte(bytesOfKey),
		blob.SASParams{Container: "data", Blob: "x", Permissions: "r", Expiry: expiry})
	foreign := blob.SignServiceSAS("contoso", []byte("another key"),
		blob.SASParams{Container: "data", Blob: "x", Permissions: "r", Expiry: expiry})
	require.Equal(f, http.StatusOK,
		ask(h, &http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/contoso/data/x", RawQuery: signed},
			Header: http.Header{"X-Ms-Version": {blob.SASVersion}}}).Code)
	for _, seed := range []string{signed, foreign, signed + "&sp=rw", signed + "&si=policy", signed + "&ss=b&srt=o",
		signed + "&sip=127.0.0.1", signed + "&skoid=x", "sig=", "sv=&sig=%00", signed + "&versionid=x",
		signed + "&st=2999-01-01"} {
		f.Add("/contoso/data/x", seed)
		f.Add("/contoso/data/y", seed)
		f.Add("/contoso/%64ata/x", seed)
	}
	original, err := url.ParseQuery(signed)
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, path, query string) {
		u, err := url.Parse(path)
		if err != nil {
			return
		}
		u.RawQuery = query
		w := ask(h, &http.Request{Method: http.MethodGet, URL: u,
			Header: http.Header{"X-Ms-Version": {blob.SASVersion}}})
		assert.NotEqual(t, http.StatusInternalServerError, w.Code)
		if w.Code >= 400 {
			return
		}
		assert.Equal(t, "contoso/data/x", strings.TrimPrefix(u.Path, "/"))
		got := u.Query()
		for _, name := range []string{"sv", "sr", "sp", "se", "sig", "st", "spr", "sip", "si"} {
			assert.Equal(t, original.Get(name), got.Get(name), "a signature that was changed in %s is refused",
				name)
		}
	})
}
