package bridge_test

import (
	"crypto/md5"
	"encoding/base64"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/asset"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"github.com/crossorg/crossorg/internal/bridge"
)

const blobID = accountID + "/blobServices/default/containers/shared/blobs/2025%2Fdata.csv"

// fakeBlobs is a data plane that takes Shared Key requests below /data and keeps blobs.
type fakeBlobs struct {
	next  http.Handler
	mu    sync.Mutex
	blobs map[string]*fakeBlob
}

type fakeBlob struct {
	content           []byte
	contentType, tier string
	md5               string
	metadata          map[string]string
}

// withBlobs gives the scripted Azure a storage account with a data plane.
func withBlobs(arm *fakeARM) *fakeBlobs {
	b := &fakeBlobs{next: arm.Config.Handler, blobs: map[string]*fakeBlob{}}
	arm.Config.Handler = b
	endpoints := map[string]any{"blob": arm.URL + "/data/contosodata/"}
	arm.put(accountID, map[string]any{"properties": map[string]any{"primaryEndpoints": endpoints}})
	arm.on("POST", accountID+"/listKeys", func(w http.ResponseWriter, _ *http.Request, _ map[string]any) bool {
		key := map[string]any{"keyName": "key1", "value": base64.StdEncoding.EncodeToString([]byte("key"))}
		writeJSON(w, http.StatusOK, map[string]any{"keys": []any{key}})
		return true
	})
	return b
}

func (b *fakeBlobs) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, ours := strings.CutPrefix(r.URL.Path, "/data/contosodata/")
	if !ours {
		b.next.ServeHTTP(w, r)
		return
	}
	if !strings.HasPrefix(r.Header.Get("Authorization"), "SharedKey contosodata:") {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	found := b.blobs[path]
	if found == nil && r.Method != http.MethodPut {
		w.Header().Set("x-ms-error-code", "BlobNotFound")
		w.WriteHeader(http.StatusNotFound)
		return
	}
	metadata := map[string]string{}
	for name := range r.Header {
		if key, ok := strings.CutPrefix(name, "X-Ms-Meta-"); ok {
			metadata[key] = r.Header.Get(name)
		}
	}
	switch comp := r.URL.Query().Get("comp"); {
	case r.Method == http.MethodHead:
		h := w.Header()
		h.Set("Content-Type", found.contentType)
		h.Set("Content-MD5", found.md5)
		h.Set("x-ms-blob-type", "BlockBlob")
		h.Set("x-ms-access-tier", found.tier)
		for name, v := range found.metadata {
			h.Set("x-ms-meta-"+name, v)
		}
	case r.Method == http.MethodDelete:
		delete(b.blobs, path)
		w.WriteHeader(http.StatusAccepted)
	case comp == "properties":
		found.contentType, found.md5 = r.Header.Get("x-ms-blob-content-type"), r.Header.Get("x-ms-blob-content-md5")
	case comp == "metadata":
		found.metadata = metadata
	case comp == "tier":
		found.tier = r.Header.Get("x-ms-access-tier")
	default:
		content, _ := io.ReadAll(r.Body)
		sum := md5.Sum(content)
		b.blobs[path] = &fakeBlob{
			content: content, contentType: r.Header.Get("x-ms-blob-content-type"), tier: "Hot",
			md5: base64.StdEncoding.EncodeToString(sum[:]), metadata: metadata,
		}
		w.WriteHeader(http.StatusCreated)
	}
}

func (b *fakeBlobs) get(path string) *fakeBlob {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.blobs[path]
}

// blob are inputs of a blob.
func blob(t *testing.T, content string, more m) m {
	t.Helper()
	source, err := asset.FromText(content)
	require.NoError(t, err)
	inputs := m{
		"accountName": text("contosodata"), "resourceGroupName": text("contoso"), "containerName": text("shared"),
		"blobName": text("2025/data.csv"), "type": text("Block"), "source": resource.NewAssetProperty(source),
	}
	for k, v := range more {
		inputs[k] = v
	}
	return inputs
}

// A blob is uploaded with the account's key to the endpoint that the account has.
func TestBlobCreate(t *testing.T) {
	arm := newARM(t)
	blobs := withBlobs(arm)
	p := arm.configured(t)
	id, props := create(t, p, "storage:Blob", blob(t, "a,b\n1,2\n", m{
		"contentType": text("text/csv"), "metadata": object(m{"owner": text("contoso")}), "accessTier": text("Cool"),
	}))
	assert.Equal(t, blobID, id)
	stored := blobs.get("shared/2025/data.csv")
	require.NotNil(t, stored)
	assert.Equal(t, "a,b\n1,2\n", string(stored.content))
	assert.Equal(t, "text/csv", stored.contentType)
	assert.Equal(t, "Cool", stored.tier)

	state := unpack(t, props)
	assert.Equal(t, text(arm.URL+"/data/contosodata/shared/2025/data.csv"), state["url"])
	assert.Equal(t, text("2025/data.csv"), state["name"])
	assert.Equal(t, text("Block"), state["type"])
	assert.Equal(t, text("text/csv"), state["contentType"])
	assert.Equal(t, text(stored.md5), state["contentMd5"])
	assert.Equal(t, text("contoso"), state["metadata"].ObjectValue()["Owner"])
	assert.NotContains(t, state, resource.PropertyKey("source"))

	_, err := p.Create(t.Context(),
		&pulumirpc.CreateRequest{Urn: urn("storage:Blob", "res"), Properties: pack(t, blob(t, "x", nil))})
	require.ErrorContains(t, err, "cannot create already existing resource")
}

// Relative paths of sources are the program's, not the bridge's.
func TestBlobReadsRelativeSources(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "data.csv"), []byte("from a file"), 0o600))
	arm := newARM(t)
	blobs := withBlobs(arm)
	opts := arm.options()
	opts.Directory = dir
	server, err := bridge.Serve(t.Context(), opts)
	require.NoError(t, err)
	t.Cleanup(func() { _ = server.Close() })
	p := connect(t, server)
	require.NoError(t, configure(t, p, nil))
	source, err := asset.FromPathWithWD("data.csv", dir)
	require.NoError(t, err)
	create(t, p, "storage:Blob", blob(t, "", m{"source": resource.NewAssetProperty(source)}))
	assert.Equal(t, "from a file", string(blobs.get("shared/2025/data.csv").content))
}

// A preview predicts a blob's known outputs and uploads nothing.
func TestBlobPreview(t *testing.T) {
	arm := newARM(t)
	withBlobs(arm)
	p := arm.configured(t)
	resp, err := p.Create(t.Context(), &pulumirpc.CreateRequest{Urn: urn("storage:Blob", "res"), Preview: true,
		Properties: pack(t, blob(t, "x", nil))})
	require.NoError(t, err)
	out := unpack(t, resp.GetProperties())
	assert.Equal(t, text("2025/data.csv"), out["name"])
	assert.Equal(t, text("Block"), out["type"])
	assert.True(t, out["url"].IsComputed())
	assert.Empty(t, arm.seen(""))
}

// Another content, or another place, is another blob; the rest changes in place.
func TestBlobDiff(t *testing.T) {
	p := newARM(t).configured(t)
	for name, c := range map[string]struct {
		olds, news m
		replace    bool
		none       bool
	}{
		"same content":  {blob(t, "a", nil), blob(t, "a", nil), false, true},
		"other content": {blob(t, "a", nil), blob(t, "b", nil), true, false},
		"other place":   {blob(t, "a", nil), blob(t, "a", m{"containerName": text("x")}), true, false},
		"other tier":    {blob(t, "a", nil), blob(t, "a", m{"accessTier": text("Cool")}), false, false},
	} {
		t.Run(name, func(t *testing.T) {
			resp, err := p.Diff(t.Context(), &pulumirpc.DiffRequest{Urn: urn("storage:Blob", "res"), Olds: pack(t, m{}),
				OldInputs: pack(t, c.olds), News: pack(t, c.news)})
			require.NoError(t, err)
			assert.Equal(t, c.none, resp.GetChanges() == pulumirpc.DiffResponse_DIFF_NONE)
			assert.Equal(t, c.replace, len(resp.GetReplaces()) > 0)
		})
	}
}

// Type, metadata and tier change without another upload, and the checksum stays.
func TestBlobUpdate(t *testing.T) {
	arm := newARM(t)
	blobs := withBlobs(arm)
	p := arm.configured(t)
	id, state := create(t, p, "storage:Blob", blob(t, "abc", nil))
	sum := blobs.get("shared/2025/data.csv").md5
	resp, err := p.Update(t.Context(), &pulumirpc.UpdateRequest{
		Urn: urn("storage:Blob", "res"), Id: id, Olds: state,
		News: pack(t, blob(t, "abc", m{"contentType": text("text/plain"), "accessTier": text("Archive"),
			"metadata": object(m{"owner": text("fabrikam")})})),
	})
	require.NoError(t, err)
	out := unpack(t, resp.GetProperties())
	assert.Equal(t, text("text/plain"), out["contentType"])
	assert.Equal(t, text("Archive"), out["accessTier"])
	assert.Equal(t, text(sum), out["contentMd5"])
	assert.Equal(t, text("fabrikam"), out["metadata"].ObjectValue()["Owner"])
	assert.Equal(t, "abc", string(blobs.get("shared/2025/data.csv").content))
}

// A refresh finds no drift in an unchanged blob, finds a change of tier, and finds a blob gone with its account.
func TestBlobRead(t *testing.T) {
	arm := newARM(t)
	blobs := withBlobs(arm)
	p := arm.configured(t)
	given := blob(t, "abc", m{"contentType": text("text/csv")})
	id, state := create(t, p, "storage:Blob", given)
	inputs, outputs := refresh(t, p, "storage:Blob", id, state, given)
	assert.Equal(t, unpack(t, pack(t, given)), inputs)
	assert.Equal(t, unpack(t, state)["url"], outputs["url"])

	blobs.get("shared/2025/data.csv").tier = "Archive"
	inputs, _ = refresh(t, p, "storage:Blob", id, state, given)
	assert.Equal(t, text("Archive"), inputs["accessTier"])

	resp, err := p.Read(t.Context(), &pulumirpc.ReadRequest{Urn: urn("storage:Blob", "res"), Id: id})
	require.NoError(t, err)
	assert.Equal(t, text("2025/data.csv"), unpack(t, resp.GetInputs())["blobName"])

	require.NoError(t, remove(t, p, "storage:Blob", id))
	assert.Nil(t, blobs.get("shared/2025/data.csv"))
	require.NoError(t, remove(t, p, "storage:Blob", id), "gone already")
	for range 2 {
		resp, err := p.Read(t.Context(),
			&pulumirpc.ReadRequest{Urn: urn("storage:Blob", "res"), Id: id, Properties: state})
		require.NoError(t, err)
		assert.Empty(t, resp.GetId())
		arm.forget(accountID)
	}
	require.NoError(t, remove(t, p, "storage:Blob", id), "gone with its account")
}
