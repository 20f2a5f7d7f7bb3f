package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/crossorg/crossorg/internal/azure/store"
)

const (
	tableBlobs  = "blobs"       // account/container/name → Properties
	tableBlocks = "blob.blocks" // account/container/name NUL block id → staged
)

// Content keeps blobs. Its methods are safe for concurrent use.
//
// A blob is visible as a whole or not at all, and once a write has returned it survives a crash. Equal content is kept
// once.
type Content struct {
	st    *store.Store
	files files
	ticks atomic.Int64
}

// NewContent opens the content kept in dir (made with mode 0700) and st. Close it before the store.
func NewContent(st *store.Store, dir string) (*Content, error) {
	c := &Content{st: st}
	if err := c.files.open(st, dir); err != nil {
		return nil, err
	}
	return c, nil
}

// Close waits for the removal of unreferenced files in progress.
func (c *Content) Close() error {
	c.files.close()
	return nil
}

// Put writes a blob from r, replacing the one of that name; blocks staged for the name are discarded.
func (c *Content) Put(ctx context.Context, key Key, r io.Reader, opts PutOptions) (Properties, error) {
	if err := key.check(); err != nil {
		return Properties{}, err
	}
	f, err := c.files.receive(ctx, r)
	if err != nil {
		return Properties{}, err
	}
	defer f.done()
	if len(opts.MD5) > 0 && string(opts.MD5) != string(f.md5) {
		return Properties{}, ErrMD5Mismatch
	}
	if err := f.keep(); err != nil {
		return Properties{}, err
	}
	h := opts.Headers
	if len(h.ContentMD5) == 0 {
		h.ContentMD5 = f.md5
	}
	var out Properties
	err = c.st.Update(func(tx *store.Tx) error {
		out = Properties{
			Headers: h, Size: f.size, SHA256: f.sha, Metadata: opts.Metadata, Tags: opts.Tags,
			Tier:       opts.Tier,
			CopySource: opts.CopySource,
		}
		return c.replace(tx, key, &out, opts)
	})
	f.used = err == nil
	return out, err
}

// Copy makes dst a copy of src: content, headers, metadata and tier. No bytes move, but they are compared with their
// digest. ErrNotFound when src is not there.
func (c *Content) Copy(ctx context.Context, src, dst Key) (Properties, error) {
	return c.CopyWith(ctx, src, dst, PutOptions{})
}

// CopyWith is Copy with a check, a time and a recorded source. Tags are those of opts; Metadata replaces the source's
// if set. Headers and MD5
// of opts are ignored.
func (c *Content) CopyWith(ctx context.Context, src, dst Key, opts PutOptions) (Properties, error) {
	if err := dst.check(); err != nil {
		return Properties{}, err
	}
	if err := ctx.Err(); err != nil {
		return Properties{}, err
	}
	if err := c.verify(src); err != nil && !errors.Is(err, ErrNotFound) {
		return Properties{}, err
	}
	var out Properties
	err := c.st.Update(func(tx *store.Tx) error {
		from, err := stat(tx, src)
		if err != nil {
			return err
		}
		out = *from
		out.CreatedAt, out.CopySource, out.CopyID = time.Time{}, opts.CopySource, ""
		out.VersionID, out.Snapshot = "", ""
		out.Tags = opts.Tags
		if opts.Metadata != nil {
			out.Metadata = opts.Metadata
		}
		if opts.Tier != "" {
			out.Tier = opts.Tier
		}
		return c.replace(tx, dst, &out, opts)
	})
	c.files.sweep()
	return out, err
}

// replace makes p the blob at key: the one place where a blob's content changes. It completes p.
func (c *Content) replace(tx *store.Tx, key Key, p *Properties, opts PutOptions) error {
	old, err := stat(tx, key)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	if opts.Check != nil {
		if err := opts.Check(tx, old); err != nil {
			return err
		}
	}
	c.stamp(p, opts.Now)
	p.CreatedAt, p.Lease = p.LastModified, nil
	if p.CopySource != "" {
		p.CopyID = newID()
	}
	if err := retain(tx, p.SHA256); err != nil {
		return err
	}
	keep, err := c.Retention(tx, key.Account)
	if err != nil {
		return err
	}
	if keep.Versions {
		if err := newVersion(p); err != nil {
			return err
		}
	}
	if old != nil {
		p.CreatedAt, p.Lease = old.CreatedAt, old.Lease.afterWrite(present(opts.Now))
		end := func() error { return release(tx, old.SHA256) }
		if keep.Versions {
			end = func() error { return keepVersion(tx, key, *old) }
		}
		if err := end(); err != nil {
			return err
		}
	}
	if err := dropBlocks(tx, key.String()+"\x00"); err != nil {
		return err
	}
	return tx.Put(tableBlobs, key.String(), p)
}

// present is the time of a write that may give none.
func present(now time.Time) time.Time {
	if now.IsZero() {
		return time.Now()
	}
	return now
}

// ChangeKind is the part of a blob that Change alters. It decides whether ETag, time and version become new.
type ChangeKind int

const (
	// ChangeTier, of the tier, the lease or the tags, leaves ETag and time as they are.
	ChangeTier ChangeKind = iota
	// ChangeHeaders gives the blob a new ETag and time.
	ChangeHeaders
	// ChangeMetadata gives the blob a new ETag and time and, where versions are kept, makes a new version.
	ChangeMetadata
)

// Change alters a blob's headers, metadata, tags, tier or lease in place; change must leave size, digest and blocks
// alone.
func (c *Content) Change(
	key Key, now time.Time, kind ChangeKind, change func(tx *store.Tx, p *Properties) error,
) (Properties, error) {
	var out Properties
	err := c.st.Update(func(tx *store.Tx) error {
		p, err := stat(tx, key)
		if err != nil {
			return err
		}
		old := *p
		if err := change(tx, p); err != nil {
			return err
		}
		if kind != ChangeTier {
			p.Lease = p.Lease.afterWrite(present(now))
			c.stamp(p, now)
		}
		keep, err := c.Retention(tx, key.Account)
		if err != nil {
			return err
		}
		if kind == ChangeMetadata && keep.Versions {
			if err := errors.Join(retain(tx, old.SHA256), keepVersion(tx, key, old), newVersion(p)); err != nil {
				return err
			}
		}
		out = *p
		return tx.Put(tableBlobs, key.String(), p)
	})
	return out, err
}

// Open opens a blob for reading; the caller closes it. The blob is read as it was at the call, also when it is replaced
// or deleted before the end. Content that is not as it was written is a store.Damage, of Open or of a read before the
// first wrong byte.
func (c *Content) Open(key Key) (io.ReadCloser, Properties, error) {
	f, p, err := c.open(key)
	if err != nil {
		return nil, p, err
	}
	return f, p, nil
}

// verify reads a blob's content as a whole and compares it with its digest.
func (c *Content) verify(key Key) error {
	f, p, err := c.open(key)
	if err != nil {
		return err
	}
	return errors.Join(f.check(0, p.Size), f.Close())
}

func (c *Content) open(key Key) (*contentFile, Properties, error) {
	for {
		p, err := c.Stat(key)
		if err != nil {
			return nil, Properties{}, err
		}
		f, err := c.files.openContent(p.SHA256)
		if err == nil {
			return f, p, nil
		}
		if !errors.Is(err, os.ErrNotExist) {
			return nil, Properties{}, err
		}
		// The file may have been removed because the blob was replaced after Stat; then Stat finds another one now.
		again, err2 := c.Stat(key)
		if err2 != nil {
			return nil, Properties{}, err2
		}
		if again.SHA256 == p.SHA256 && again.ETag == p.ETag {
			return nil, Properties{}, c.files.missing(p.SHA256, err)
		}
	}
}

// Stat returns a blob's properties, or ErrNotFound.
func (c *Content) Stat(key Key) (Properties, error) {
	var out Properties
	err := c.st.View(func(tx *store.Tx) error {
		p, err := stat(tx, key)
		if err == nil {
			out = *p
		}
		return err
	})
	return out, err
}

func stat(tx *store.Tx, key Key) (*Properties, error) {
	var p Properties
	ok, err := tx.Get(tableBlobs, key.String(), &p)
	if err != nil {
		return nil, err
	}
	if key.Snapshot != "" || key.Version != "" && (!ok || p.VersionID != key.Version) {
		p = Properties{}
		if ok, err = tx.Get(tableHistory, key.row(), &p); err != nil {
			return nil, err
		}
		ok = ok && p.Deleted == nil
	}
	if !ok {
		return nil, fmt.Errorf("%w: %s", ErrNotFound, key)
	}
	return &p, nil
}

// stamp gives p a time and an ETag of its own: the service's ETags are the time of the write in ticks of 100 ns.
func (c *Content) stamp(p *Properties, now time.Time) {
	now = present(now)
	p.LastModified = now.UTC().Truncate(time.Second)
	p.ETag = c.nextETag(now)
}

func (c *Content) nextETag(now time.Time) string {
	t := ticks(now)
	for {
		last := c.ticks.Load()
		if t <= last {
			t = last + 1
		}
		if c.ticks.CompareAndSwap(last, t) {
			return fmt.Sprintf("0x%X", t)
		}
	}
}

// ETag is the ETag, without quotes, that the service would give to something written at t.
func ETag(t time.Time) string { return fmt.Sprintf("0x%X", ticks(t)) }

// epochTicks is 1970-01-01.
const epochTicks = 621355968000000000

// ticks are units of 100 ns since the year 1.
func ticks(t time.Time) int64 {
	return epochTicks + t.Unix()*10_000_000 + int64(t.Nanosecond())/100
}
