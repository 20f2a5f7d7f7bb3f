package blob_test

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/blob"
	"github.com/crossorg/crossorg/internal/azure/store"
)

// At no moment does the state on disk name a blob without its bytes: a file goes only when it is certain that nothing
// refers to it any more. A reading transaction sees the state that a crash would leave.
func TestBytesStayUntilTheirRemovalIsCertain(t *testing.T) {
	dir := t.TempDir()
	st, err := store.Open(filepath.Join(dir, "state.db"))
	require.NoError(t, err)
	defer st.Close()
	c, err := blob.NewContent(st, filepath.Join(dir, "blobs"))
	require.NoError(t, err)
	defer c.Close()
	key := blob.Key{Account: "contoso", Container: "data", Name: "report"}
	for i := range 30 {
		p, err := c.Put(context.Background(), key, strings.NewReader(strings.Repeat("x", i+1)), blob.PutOptions{})
		require.NoError(t, err)
		var others sync.WaitGroup
		require.NoError(t, st.Update(func(tx *store.Tx) error {
			for range 4 {
				others.Go(func() {
					assert.NoError(t, st.Update(func(*store.Tx) error { // while nothing else is written
						if _, err := c.Stat(key); err == nil {
							assert.FileExists(t, filepath.Join(dir, "blobs", p.SHA256))
						}
						return nil
					}))
				})
			}
			err := c.DropContainer(tx, key.Account, key.Container)
			time.Sleep(2 * time.Millisecond) // waiting updates are written to disk with this one
			return err
		}))
		others.Wait()
	}
	require.NoError(t, c.Close())
	left, err := filepath.Glob(filepath.Join(dir, "blobs", "*"))
	require.NoError(t, err)
	assert.Empty(t, left, "Ensure it goes in the end")
}
