package blob_test

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/blob"
	"github.com/crossorg/crossorg/internal/azure/store"
)

// Whatever happens to the file of a blob, no read hands out a byte that was not written: of the whole, of a range, for
// the first time or again, and none that makes a blob of it.
func TestDamagedContentIsNeverServed(t *testing.T) {
	random := rand.New(rand.NewPCG(8, 2))
	for _, size := range []int{1, 700, 1 << 20, 1<<20 + 1, 5<<20 + 77} {
		for _, kind := range []string{"flipped", "truncated", "emptied", "longer", "deleted"} {
			r := newRoom(t)
			key := blob.Key{Account: "a", Container: "c", Name: "b"}
			content := make([]byte, size)
			for i := range content {
				content[i] = byte(random.Uint32())
			}
			_, err := r.content.Put(t.Context(), key, bytes.NewReader(content), blob.PutOptions{})
			require.NoError(t, err)
			if random.IntN(2) == 0 { // read before, and remembered
				require.Equal(t, string(content), r.read(key))
			}
			var reported []error
			r.content.ReportDamage(func(err error) { reported = append(reported, err) })
			path := filepath.Join(r.folder(), r.files()[0])
			spoil(t, path, kind, random.IntN(size))

			for range 2 {
				f, _, err := r.content.Open(key)
				var got []byte
				if err == nil {
					got, err = io.ReadAll(f)
					require.NoError(t, f.Close())
				}
				require.ErrorIs(t, err, store.ErrDamaged, "%s of %d", kind, size)
				require.True(t, bytes.HasPrefix(content, got))
			}
			require.Len(t, reported, 1)
			require.ErrorContains(t, reported[0], path)
			_, err = r.content.Copy(t.Context(), key, blob.Key{Account: "a", Container: "c", Name: "copy"})
			require.ErrorIs(t, err, store.ErrDamaged)

			// Written again, it is whole.
			_, err = r.content.Put(t.Context(), key, bytes.NewReader(content), blob.PutOptions{})
			require.NoError(t, err)
			require.Equal(t, string(content), r.read(key))
		}
	}
}

func spoil(t *testing.T, path, kind string, at int) {
	t.Helper()
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	switch kind {
	case "flipped":
		raw[at] ^= 0x10
	case "truncated":
		raw = raw[:at]
	case "emptied":
		raw = nil
	case "longer":
		raw = append(raw, 'x')
	case "deleted":
		require.NoError(t, os.Remove(path))
		return
	}
	require.NoError(t, os.WriteFile(path, raw, 0o600))
}

// Over HTTP damage is an internal error before the first byte, in the form of the service.
func TestDamagedContentIsAnInternalError(t *testing.T) {
	r := newRoom(t)
	e := &estate{content: r.content, st: r.st, accounts: map[string]blob.Account{"a": {ID: "/a", Name: "a",
		PublicAccess: true}}, containers: map[string]blob.Container{"a/c": {Name: "c", PublicAccess: blob.PublicBlob}}}
	content := bytes.Repeat([]byte("0123456789abcdef"), 200_000)
	_, err := r.content.Put(context.Background(), blob.Key{Account: "a", Container: "c", Name: "b"},
		bytes.NewReader(content), blob.PutOptions{})
	require.NoError(t, err)
	server := httptest.NewServer(blob.NewHandler(r.content, e, time.Now))
	defer server.Close()
	get := func(byteRange string) (int, string, []byte) {
		req, err := http.NewRequest(http.MethodGet, server.URL+"/a/c/b", nil)
		require.NoError(t, err)
		if byteRange != "" {
			req.Header.Set("Range", byteRange)
		}
		resp, err := server.Client().Do(req)
		require.NoError(t, err)
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return resp.StatusCode, resp.Header.Get("x-ms-error-code"), body
	}
	status, _, body := get("")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, content, body)

	spoil(t, filepath.Join(r.folder(), r.files()[0]), "flipped", 3_000_000)
	for _, damaged := range []string{"", "bytes=2999999-3000001", "bytes=2900000-", "bytes=0-3100000"} {
		status, code, body := get(damaged)
		require.Equal(t, http.StatusInternalServerError, status, damaged)
		require.Equal(t, "InternalError", code)
		require.Contains(t, string(body), "<Code>InternalError</Code>")
	}
	// What is whole is still there, as far as it can be told apart.
	status, _, body = get("bytes=0-99")
	require.Equal(t, http.StatusPartialContent, status)
	require.Equal(t, content[:100], body)
}
