package blob

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/store"
)

// A blob's bytes, and then the name of the file that has them, are on disk before the state refers to them; a failure
// to put them there fails the write.
func TestBytesAreOnDiskBeforeTheStateNamesThem(t *testing.T) {
	dir := t.TempDir()
	st, err := store.Open(filepath.Join(dir, "state.db"))
	require.NoError(t, err)
	defer st.Close()
	folder := filepath.Join(dir, "blobs")
	c, err := NewContent(st, folder)
	require.NoError(t, err)
	defer c.Close()

	const content = "id,amount\n1,9.99\n"
	var synced []string
	c.files.sync = func(f *os.File) error {
		info, err := f.Stat()
		require.NoError(t, err)
		if info.IsDir() {
			names, err := filepath.Glob(filepath.Join(folder, "*"))
			require.NoError(t, err)
			require.Len(t, names, 1)
			require.NotContains(t, names[0], tempPrefix, "Ensure the file has its name by then")
			synced = append(synced, "folder")
		} else {
			require.EqualValues(t, len(content), info.Size(), "Ensure all of it is there by then")
			synced = append(synced, "file")
		}
		return f.Sync()
	}
	key := Key{Account: "contoso", Container: "data", Name: "report"}
	put := func() error {
		_, err := c.Put(context.Background(), key, strings.NewReader(content),
			PutOptions{Check: func(*store.Tx, *Properties) error {
				assert.Equal(t, []string{"file", "folder"}, synced)
				return nil
			}})
		return err
	}
	require.NoError(t, put())
	require.Len(t, synced, 2)

	require.NoError(t, c.Delete(key))
	c.files.sync = func(*os.File) error { return os.ErrDeadlineExceeded }
	require.ErrorIs(t, put(), os.ErrDeadlineExceeded)
	_, err = c.Stat(key)
	require.ErrorIs(t, err, ErrNotFound)
}
