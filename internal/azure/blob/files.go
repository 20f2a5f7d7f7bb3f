package blob

import (
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

	"github.com/google/uuid"

	"github.com/crossorg/crossorg/internal/azure/store"
)

const (
	tableRefs    = "blob.refs"    // sha → number of blobs and blocks that have this content
	tableGarbage = "blob.garbage" // sha → true: content without a reference, whose file is to be removed
	tempPrefix   = ".receiving-"
)

// files keeps content in files named by SHA-256.
//
// A file is complete and durable before a transaction refers to it, and is removed only after the transaction that took
// its last reference. A crash in between can leave a file that nothing refers to, but never a missing one.
type files struct {
	st  *store.Store
	dir string
	// sync puts a file, or a folder's list of files, on disk. Tests watch it.
	sync func(*os.File) error

	mu sync.Mutex
	// content that must not be removed now: it is being read, or its reference is not committed yet
	pinned map[string]int
	// digests are of content of several blocks, as far as it has been read; damaged is content that is known to be so.
	digests  map[string]blockDigests
	damaged  map[string]bool
	report   func(error)
	dirty    bool
	sweeping bool
	sweepers sync.WaitGroup
}

func (f *files) open(st *store.Store, dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("blob content: %w", err)
	}
	left, err := filepath.Glob(filepath.Join(dir, tempPrefix+"*"))
	if err != nil {
		return fmt.Errorf("blob content: %w", err)
	}
	for _, name := range left {
		if err := os.Remove(name); err != nil {
			return fmt.Errorf("blob content: %w", err)
		}
	}
	f.st, f.dir, f.sync, f.pinned = st, dir, (*os.File).Sync, map[string]int{}
	f.digests, f.damaged = map[string]blockDigests{}, map[string]bool{}
	f.sweep()
	return nil
}

func (f *files) close() { f.sweepers.Wait() }

func (f *files) path(sha string) string { return filepath.Join(f.dir, sha) }

// received is content that has arrived in a temporary file.
type received struct {
	files *files
	temp  string
	sha   string
	md5   []byte
	size  int64
	kept  bool
	used  bool // a reference has been committed
}

// receive writes r to a temporary file and digests it. The caller calls done.
func (f *files) receive(ctx context.Context, r io.Reader) (*received, error) {
	file, err := os.CreateTemp(f.dir, tempPrefix+"*") // mode 0600
	if err != nil {
		return nil, fmt.Errorf("blob content: %w", err)
	}
	out := &received{files: f, temp: file.Name()}
	sum, check := sha256.New(), md5.New()
	out.size, err = io.Copy(io.MultiWriter(file, sum, check), &contextReader{ctx, r})
	if err == nil {
		err = f.sync(file)
	}
	err = errors.Join(err, file.Close())
	if err != nil {
		out.done()
		return nil, fmt.Errorf("blob content: %w", err)
	}
	out.sha, out.md5 = hex.EncodeToString(sum.Sum(nil)), check.Sum(nil)
	return out, nil
}

// keep moves the content to its place; until done it is safe from removal, from then on only if a reference has been
// committed.
func (r *received) keep() error {
	r.files.pin(r.sha)
	r.kept = true
	if err := os.Rename(r.temp, r.files.path(r.sha)); err != nil {
		return fmt.Errorf("blob content: %w", err)
	}
	return r.files.syncDir()
}

// done ends the transfer and starts the removal of content that has lost its last reference.
func (r *received) done() {
	if !r.kept {
		_ = os.Remove(r.temp) // a file left behind is removed at the next start
		return
	}
	r.files.unpin(r.sha)
	if !r.used { // refused: the file is removed unless something else has the same content
		_ = r.files.st.Update(func(tx *store.Tx) error { // on failure an unreferenced file stays
			if tx.Has(tableRefs, r.sha) {
				return nil
			}
			return tx.Put(tableGarbage, r.sha, true)
		})
	}
	r.files.sweep()
}

// pin keeps content from removal until unpin. Content that still has a reference after pin has returned is in its
// place.
func (f *files) pin(shas ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, sha := range shas {
		f.pinned[sha]++
	}
}

func (f *files) unpin(shas ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, sha := range shas {
		if f.pinned[sha]--; f.pinned[sha] == 0 {
			delete(f.pinned, sha)
		}
	}
}

func (f *files) syncDir() error {
	d, err := os.Open(f.dir)
	if err != nil {
		return fmt.Errorf("blob content: %w", err)
	}
	if err := errors.Join(f.sync(d), d.Close()); err != nil {
		return fmt.Errorf("blob content: %w", err)
	}
	return nil
}

// contextReader ends a transfer when its context ends.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c *contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// retain counts a reference to content.
func retain(tx *store.Tx, sha string) error {
	n := 0
	if _, err := tx.Get(tableRefs, sha, &n); err != nil {
		return err
	}
	if n == 0 {
		if err := tx.Delete(tableGarbage, sha); err != nil {
			return err
		}
	}
	return tx.Put(tableRefs, sha, n+1)
}

// release takes a reference back and marks content that has lost its last one.
func release(tx *store.Tx, sha string) error {
	n := 0
	if _, err := tx.Get(tableRefs, sha, &n); err != nil {
		return err
	}
	if n > 1 {
		return tx.Put(tableRefs, sha, n-1)
	}
	if err := tx.Delete(tableRefs, sha); err != nil {
		return err
	}
	return tx.Put(tableGarbage, sha, true)
}

// sweep removes unreferenced files in the background.
func (f *files) sweep() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dirty = true
	if f.sweeping {
		return
	}
	f.sweeping = true
	f.sweepers.Add(1)
	go func() {
		defer f.sweepers.Done()
		for {
			f.mu.Lock()
			if !f.dirty {
				f.sweeping = false
				f.mu.Unlock()
				return
			}
			f.dirty = false
			f.mu.Unlock()
			for more := true; more; {
				var err error
				if more, err = f.sweepSome(); err != nil {
					break // the store is closed or the disk fails; the garbage stays on record for the next start
				}
			}
		}
	}()
}

// sweepSome removes a limited number of files, so that it holds the store's only writer for a short time.
//
// Other updates are written to disk together with this one, and that can fail. So only content goes that is already
// unreferenced on disk, as a reading transaction sees it; the rest goes the next time.
func (f *files) sweepSome() (more bool, err error) {
	const limit = 128
	removed, later := 0, false
	err = f.st.Update(func(tx *store.Tx) error {
		tx.MakesRoom()
		garbage := map[string]bool{}
		if err := f.st.View(func(tx *store.Tx) error {
			return tx.Scan(tableGarbage, "", func(sha string, _ []byte) error { garbage[sha] = true; return nil })
		}); err != nil {
			return err
		}
		var shas []string
		if err := tx.Scan(tableGarbage, "", func(sha string, _ []byte) error {
			switch {
			case !garbage[sha]:
				later = true
			case len(shas) < limit:
				shas = append(shas, sha)
			}
			return nil
		}); err != nil {
			return err
		}
		if len(shas) == 0 {
			return errStop // rolls back an empty transaction
		}
		for _, sha := range shas {
			ok, err := f.unlink(sha)
			if err != nil {
				return err
			}
			if !ok {
				continue
			}
			if err := tx.Delete(tableGarbage, sha); err != nil {
				return err
			}
			removed++
		}
		return nil
	})
	if errors.Is(err, errStop) {
		return later, nil
	}
	return later || removed == limit, err
}

// unlink removes a file unless it is pinned. It is called within a write transaction, in which no other can commit a
// reference: an update that adds one has pinned the content before it put the file in place.
func (f *files) unlink(sha string) (bool, error) {
	if strings.ContainsAny(sha, `/\`) {
		return false, fmt.Errorf("blob content: %q is no digest", sha)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.pinned[sha] > 0 {
		return false, nil
	}
	if err := os.Remove(f.path(sha)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return false, err
	}
	delete(f.digests, sha)
	return true, nil
}

func newID() string { return uuid.NewString() }
