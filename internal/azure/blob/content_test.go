package blob_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/blob"
	"github.com/crossorg/crossorg/internal/azure/store"
)

// room is a state file and a content folder that can be closed and opened again.
type room struct {
	t       *testing.T
	dir     string
	st      *store.Store
	content *blob.Content
}

func newRoom(t *testing.T) *room {
	r := &room{t: t, dir: t.TempDir()}
	r.open()
	t.Cleanup(r.close)
	return r
}

func (r *room) open() {
	var err error
	r.st, err = store.Open(filepath.Join(r.dir, "state"))
	require.NoError(r.t, err)
	r.content, err = blob.NewContent(r.st, r.folder())
	require.NoError(r.t, err)
}

func (r *room) close() {
	assert.NoError(r.t, r.content.Close())
	assert.NoError(r.t, r.st.Close())
}

func (r *room) folder() string { return filepath.Join(r.dir, "content") }

// files waits for the sweeper and names the content files.
func (r *room) files() []string {
	require.NoError(r.t, r.content.Close())
	entries, err := os.ReadDir(r.folder())
	require.NoError(r.t, err)
	names := []string{}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func (r *room) put(key blob.Key, text string) blob.Properties {
	p, err := r.content.Put(context.Background(), key, strings.NewReader(text), blob.PutOptions{})
	require.NoError(r.t, err)
	return p
}

func (r *room) read(key blob.Key) string {
	f, _, err := r.content.Open(key)
	require.NoError(r.t, err)
	defer f.Close()
	b, err := io.ReadAll(f)
	require.NoError(r.t, err)
	return string(b)
}

func sha(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func key(name string) blob.Key {
	return blob.Key{Account: "contoso", Container: "data", Name: name}
}

func TestPutIsReadBackWithItsDigestsAndHeaders(t *testing.T) {
	r := newRoom(t)
	sum := md5.Sum([]byte("hello"))
	p, err := r.content.Put(context.Background(), key("a/b.txt"), strings.NewReader("hello"), blob.PutOptions{
		Headers: blob.Headers{ContentType: "text/plain"}, Metadata: map[string]string{"owner": "contoso"}, MD5: sum[:],
	})
	require.NoError(t, err)
	assert.Equal(t, int64(5), p.Size)
	assert.Equal(t, sha("hello"), p.SHA256)
	assert.Equal(t, sum[:], p.ContentMD5)
	again, err := r.content.Stat(key("a/b.txt"))
	require.NoError(t, err)
	assert.Equal(t, p, again)
	assert.Equal(t, "text/plain", again.ContentType)
	assert.Equal(t, "contoso", again.Metadata["owner"])
	assert.Equal(t, "hello", r.read(key("a/b.txt")))
}

func TestBlobsSurviveReopening(t *testing.T) {
	r := newRoom(t)
	p := r.put(key("kept"), "kept over a restart")
	r.close()
	r.open()
	again, err := r.content.Stat(key("kept"))
	require.NoError(t, err)
	assert.Equal(t, p, again)
	assert.Equal(t, "kept over a restart", r.read(key("kept")))
}

func TestWhatACrashLeavesBehindIsClearedAndDoesNoHarm(t *testing.T) {
	r := newRoom(t)
	r.put(key("kept"), "kept")
	r.close()
	// a transfer that was cut off, and content in place before the commit of its blob
	require.NoError(t, os.WriteFile(filepath.Join(r.folder(), ".receiving-123"), []byte("half"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(r.folder(), sha("orphan")), []byte("orphan"), 0o600))
	r.open()
	assert.NotContains(t, r.files(), ".receiving-123")
	r.put(key("late"), "orphan")
	assert.Equal(t, "orphan", r.read(key("late")))
	assert.Equal(t, "kept", r.read(key("kept")))
	require.NoError(t, r.content.Delete(key("late")))
	assert.Equal(t, []string{sha("kept")}, r.files())
}

func TestFilesAreForTheOwnerOnly(t *testing.T) {
	r := newRoom(t)
	p := r.put(key("x"), "x")
	dir, err := os.Stat(r.folder())
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o700), dir.Mode().Perm())
	file, err := os.Stat(filepath.Join(r.folder(), p.SHA256))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), file.Mode().Perm())
}

func TestEqualContentIsKeptOnceAndGoesWithItsLastBlob(t *testing.T) {
	r := newRoom(t)
	r.put(key("one"), "same")
	r.put(key("two"), "same")
	_, err := r.content.Copy(context.Background(), key("one"),
		blob.Key{Account: "fabrikam", Container: "landing", Name: "three"})
	require.NoError(t, err)
	assert.Equal(t, []string{sha("same")}, r.files())
	require.NoError(t, r.content.Delete(key("one")))
	r.put(key("two"), "other")
	assert.ElementsMatch(t, []string{sha("same"), sha("other")}, r.files())
	assert.Equal(t, "same", r.read(blob.Key{Account: "fabrikam", Container: "landing", Name: "three"}))
	require.NoError(t, r.st.Update(func(tx *store.Tx) error { return r.content.DropAccount(tx, "fabrikam") }))
	assert.Equal(t, []string{sha("other")}, r.files())
}

func TestDropTakesOneContainerOrAccountAndNoNeighbour(t *testing.T) {
	r := newRoom(t)
	near := []blob.Key{
		{Account: "contoso", Container: "data", Name: "x"},
		{Account: "contoso", Container: "data2", Name: "x"},
		{Account: "contoso2", Container: "data", Name: "x"},
	}
	for _, k := range near {
		r.put(k, k.String())
	}
	require.NoError(t, r.st.Update(func(tx *store.Tx) error { return r.content.DropContainer(tx, "contoso", "data") }))
	_, err := r.content.Stat(near[0])
	require.ErrorIs(t, err, blob.ErrNotFound)
	assert.Equal(t, near[1].String(), r.read(near[1]))
	require.NoError(t, r.st.Update(func(tx *store.Tx) error { return r.content.DropAccount(tx, "contoso") }))
	_, err = r.content.Stat(near[1])
	require.ErrorIs(t, err, blob.ErrNotFound)
	assert.Equal(t, near[2].String(), r.read(near[2]))
}

func TestADropThatIsRolledBackKeepsEverything(t *testing.T) {
	r := newRoom(t)
	r.put(key("x"), "still here")
	refused := errors.New("refused")
	err := r.st.Update(func(tx *store.Tx) error {
		if err := r.content.DropAccount(tx, "contoso"); err != nil {
			return err
		}
		return refused
	})
	require.ErrorIs(t, err, refused)
	assert.Equal(t, []string{sha("still here")}, r.files())
	assert.Equal(t, "still here", r.read(key("x")))
}

func TestAWriteThatFailsChangesNothing(t *testing.T) {
	r := newRoom(t)
	before := r.put(key("x"), "before")
	_, err := r.content.Put(context.Background(), key("x"), strings.NewReader("after"),
		blob.PutOptions{MD5: make([]byte, 16)})
	require.ErrorIs(t, err, blob.ErrMD5Mismatch)
	broken := errors.New("the line broke")
	_, err = r.content.Put(context.Background(), key("x"),
		io.MultiReader(strings.NewReader("af"), iotest.ErrReader(broken)), blob.PutOptions{})
	require.ErrorIs(t, err, broken)
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = r.content.Put(cancelled, key("x"), strings.NewReader("after"), blob.PutOptions{})
	require.ErrorIs(t, err, context.Canceled)
	refused := errors.New("refused")
	_, err = r.content.Put(context.Background(), key("x"), strings.NewReader("after"), blob.PutOptions{
		Check: func(*store.Tx, *blob.Properties) error { return refused },
	})
	require.ErrorIs(t, err, refused)
	now, err := r.content.Stat(key("x"))
	require.NoError(t, err)
	assert.Equal(t, before, now)
	assert.Equal(t, "before", r.read(key("x")))
	assert.Equal(t, []string{sha("before")}, r.files(), "refused content leaves no file")
}

func TestAReaderKeepsWhatItOpened(t *testing.T) {
	r := newRoom(t)
	r.put(key("x"), "first")
	f, p, err := r.content.Open(key("x"))
	require.NoError(t, err)
	defer f.Close()
	r.put(key("x"), "second")
	assert.Equal(t, []string{sha("second")}, r.files())
	b, err := io.ReadAll(f)
	require.NoError(t, err)
	assert.Equal(t, "first", string(b))
	assert.Equal(t, sha("first"), p.SHA256)
}

func TestListIsByPrefixInNameOrder(t *testing.T) {
	r := newRoom(t)
	for _, n := range []string{"b/2", "a", "b/1", "b", "c"} {
		r.put(key(n), n)
	}
	r.put(blob.Key{Account: "contoso", Container: "data-other", Name: "b/9"}, "elsewhere")
	items, err := r.content.List("contoso", "data", "b/")
	require.NoError(t, err)
	names := []string{}
	for _, i := range items {
		names = append(names, i.Name)
	}
	assert.Equal(t, []string{"b/1", "b/2"}, names)
	all, err := r.content.List("contoso", "data", "")
	require.NoError(t, err)
	assert.Len(t, all, 5)
}

func TestNamesThatCannotBeKeptAreRefused(t *testing.T) {
	r := newRoom(t)
	for _, k := range []blob.Key{
		{Account: "contoso", Container: "data"}, {Account: "contoso", Name: "x"}, {Container: "data", Name: "x"},
		{Account: "contoso", Container: "da/ta", Name: "x"}, {Account: "contoso", Container: "data", Name: "x\x00y"},
		{Account: "contoso", Container: "data", Name: strings.Repeat("x", 1025)},
	} {
		_, err := r.content.Put(context.Background(), k, strings.NewReader("x"), blob.PutOptions{})
		require.ErrorIs(t, err, blob.ErrInvalidName, "%q", k)
	}
}

func TestEveryWriteHasAnETagOfItsOwn(t *testing.T) {
	r := newRoom(t)
	at := time.Date(2025, 1, 15, 0, 0, 0, 0, time.UTC)
	seen := map[string]bool{}
	for range 20 {
		p, err := r.content.Put(context.Background(), key("x"), strings.NewReader("x"), blob.PutOptions{Now: at})
		require.NoError(t, err)
		assert.False(t, seen[p.ETag], p.ETag)
		seen[p.ETag] = true
		assert.Equal(t, at, p.LastModified)
	}
}

func TestParallelWritesAndDeletesOfEqualContentNeverLoseAFile(t *testing.T) {
	r := newRoom(t)
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range 15 {
				k := key(fmt.Sprintf("%d", w))
				text := fmt.Sprintf("content %d", i%3)
				if _, err := r.content.Put(context.Background(), k, strings.NewReader(text),
					blob.PutOptions{}); !assert.NoError(t, err) {
					return
				}
				f, p, err := r.content.Open(k)
				if !assert.NoError(t, err) {
					return
				}
				var b bytes.Buffer
				_, err = b.ReadFrom(f)
				assert.NoError(t, err)
				assert.NoError(t, f.Close())
				assert.Equal(t, text, b.String())
				assert.Equal(t, p.SHA256, sha(text))
				if i%2 == 0 {
					assert.NoError(t, r.content.Delete(k))
				}
			}
		}()
	}
	wg.Wait()
	items, err := r.content.List("contoso", "data", "")
	require.NoError(t, err)
	for _, i := range items {
		require.NoError(t, r.content.Delete(key(i.Name)))
	}
	assert.Empty(t, r.files())
}

func TestABlockListMakesABlobAndReusesItsCommittedBlocks(t *testing.T) {
	r := newRoom(t)
	ctx := context.Background()
	k := key("blocks")
	for id, text := range map[string]string{"AA==": "one ", "AQ==": "two ", "Ag==": "left over"} {
		require.NoError(t, r.content.PutBlock(ctx, k, id, strings.NewReader(text), blob.PutOptions{}))
	}
	_, err := r.content.Stat(k)
	require.ErrorIs(t, err, blob.ErrNotFound, "staged blocks are no blob yet")
	p, err := r.content.PutBlockList(ctx, k, []blob.BlockRef{{ID: "AQ=="}, {ID: "AA=="}}, blob.PutOptions{})
	require.NoError(t, err)
	assert.Equal(t, "two one ", r.read(k))
	assert.Equal(t, []blob.Block{{ID: "AQ==", Size: 4}, {ID: "AA==", Size: 4}}, p.Blocks)
	_, staged, err := r.content.Blocks(k)
	require.NoError(t, err)
	assert.Empty(t, staged)
	assert.Equal(t, []string{sha("two one ")}, r.files())

	require.NoError(t, r.content.PutBlock(ctx, k, "AA==", strings.NewReader("ONE!"), blob.PutOptions{}))
	_, err = r.content.PutBlockList(ctx, k, []blob.BlockRef{
		{ID: "AA==", Source: blob.Committed}, {ID: "AA==", Source: blob.Uncommitted}, {ID: "AQ==", Source: blob.Latest},
	}, blob.PutOptions{})
	require.NoError(t, err)
	assert.Equal(t, "one ONE!two ", r.read(k))
	_, err = r.content.PutBlockList(ctx, k, []blob.BlockRef{{ID: "Ag=="}}, blob.PutOptions{})
	require.ErrorIs(t, err, blob.ErrInvalidBlock)
	assert.Equal(t, "one ONE!two ", r.read(k))
}

func TestABlobMayHaveMoreBlocksThanFilesCanBeOpen(t *testing.T) {
	r := newRoom(t)
	k := key("many")
	list := []blob.BlockRef{}
	for range 5000 {
		list = append(list, blob.BlockRef{ID: "AA=="})
	}
	require.NoError(t, r.content.PutBlock(context.Background(), k, "AA==", strings.NewReader("x"), blob.PutOptions{}))
	p, err := r.content.PutBlockList(context.Background(), k, list, blob.PutOptions{})
	require.NoError(t, err)
	assert.Equal(t, int64(5000), p.Size)
	assert.Equal(t, strings.Repeat("x", 5000), r.read(k))
	assert.Equal(t, []string{sha(strings.Repeat("x", 5000))}, r.files())
}
