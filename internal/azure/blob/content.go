package blob

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/crossorg/crossorg/internal/azure/store"
)

// Errors of Content. They are wrapped: compare with errors.Is.
var (
	// ErrNotFound says that there is no such blob.
	ErrNotFound = errors.New("the blob does not exist")
	// ErrMD5Mismatch says that the bytes received do not have the MD5 that was announced.
	ErrMD5Mismatch = errors.New("the bytes do not have the announced MD5")
	// ErrInvalidName says that a key has an empty or impossible part.
	ErrInvalidName = errors.New("the blob name is not valid")
	// ErrInvalidBlock says that a block list names a block that is not there.
	ErrInvalidBlock = errors.New("the block list names an unknown block")
)

// Key names a blob, or with Version one of its versions.
type Key struct{ Account, Container, Name, Version string }

// String renders the key as account/container/name, without the version.
func (k Key) String() string { return k.Account + "/" + k.Container + "/" + k.Name }

// check refuses keys that would not round-trip through the table: accounts and containers hold no slash, a name is
// 1 to 1024 characters
// (learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata).
func (k Key) check() error {
	switch {
	case k.Account == "" || k.Container == "" || strings.ContainsAny(k.Account+k.Container, "/\x00"):
		return fmt.Errorf("%w: %q", ErrInvalidName, k)
	case k.Name == "" || len([]rune(k.Name)) > 1024 || strings.ContainsRune(k.Name, 0):
		return fmt.Errorf("%w: %q", ErrInvalidName, k)
	}
	return nil
}

// Headers are the HTTP headers that are stored with a blob and given back when it is read.
type Headers struct {
	ContentType        string `json:"contentType,omitempty"`
	ContentEncoding    string `json:"contentEncoding,omitempty"`
	ContentLanguage    string `json:"contentLanguage,omitempty"`
	ContentDisposition string `json:"contentDisposition,omitempty"`
	CacheControl       string `json:"cacheControl,omitempty"`
	// ContentMD5 is the MD5 kept with the blob: computed when it was written in one piece, the writer's own otherwise.
	ContentMD5 []byte `json:"contentMD5,omitempty"`
}

// Block is one committed or staged block of a block blob.
type Block struct {
	// ID is the block's base64 name.
	ID   string `json:"id"`
	Size int64  `json:"size"`
}

// Properties describe a stored blob.
type Properties struct {
	Headers
	// Size is in bytes.
	Size int64 `json:"size"`
	// SHA256 is the content's digest in lower-case hexadecimal.
	SHA256 string `json:"sha256"`
	// ETag is without quotes, and differs between any two writes.
	ETag string `json:"etag"`
	// CreatedAt is when a blob of this name was first written; LastModified when it last was (content, headers or
	// metadata).
	CreatedAt    time.Time         `json:"createdAt"`
	LastModified time.Time         `json:"lastModified"`
	Metadata     map[string]string `json:"metadata,omitempty"`
	// Tier is the access tier that was set on the blob; empty when it follows the account's.
	Tier string `json:"tier,omitempty"`
	// Blocks are the committed blocks in order; none for a blob written in one piece.
	Blocks []Block `json:"blocks,omitempty"`
	// CopySource and CopyID tell of the copy that made the blob, if one did.
	CopySource string `json:"copySource,omitempty"`
	CopyID     string `json:"copyId,omitempty"`
	// VersionID is the version's id where the account keeps versions, else empty.
	VersionID string `json:"versionId,omitempty"`
	// Deleted and Purge are when it was deleted and until when it can be restored; nil for what was not deleted.
	Deleted *time.Time `json:"deleted,omitempty"`
	Purge   *time.Time `json:"purge,omitempty"`
}

// Item is one blob in a listing.
type Item struct {
	Name string
	Properties
	// Current says, in listings with versions, that this is the blob itself.
	Current bool
}

// PutOptions say how a blob is written. The zero value is a plain overwrite.
type PutOptions struct {
	Headers  Headers
	Metadata map[string]string
	Tier     string
	// CopySource is recorded with the blob as the place that it was copied from.
	CopySource string
	// MD5, if set, must be the MD5 of the bytes, or the write fails with ErrMD5Mismatch.
	MD5 []byte
	// Check, if set, runs in the transaction that makes the write visible, with the blob that it replaces (nil if
	// none). Its error refuses the write. Conditional requests and the container's existence are decided here.
	Check func(tx *store.Tx, old *Properties) error
	// Now is the time of the write; zero means the present.
	Now time.Time
}

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
		out = Properties{Headers: h, Size: f.size, SHA256: f.sha, Metadata: opts.Metadata, Tier: opts.Tier,
			CopySource: opts.CopySource}
		return c.replace(tx, key, &out, opts)
	})
	f.used = err == nil
	return out, err
}

// Copy makes dst a copy of src: content, headers, metadata and tier. No bytes move. ErrNotFound when src is not there.
func (c *Content) Copy(ctx context.Context, src, dst Key) (Properties, error) {
	return c.CopyWith(ctx, src, dst, PutOptions{})
}

// CopyWith is Copy with a check, a time and a recorded source; Metadata replaces the source's if set. Headers and MD5
// of opts are not looked at.
func (c *Content) CopyWith(ctx context.Context, src, dst Key, opts PutOptions) (Properties, error) {
	if err := dst.check(); err != nil {
		return Properties{}, err
	}
	if err := ctx.Err(); err != nil {
		return Properties{}, err
	}
	var out Properties
	err := c.st.Update(func(tx *store.Tx) error {
		from, err := stat(tx, src)
		if err != nil {
			return err
		}
		out = *from
		out.CreatedAt, out.CopySource, out.CopyID, out.VersionID = time.Time{}, opts.CopySource, "", ""
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
	p.CreatedAt = p.LastModified
	if p.CopySource != "" {
		p.CopyID = newID()
	}
	if err := retain(tx, p.SHA256); err != nil {
		return err
	}
	keep, err := c.Keeping(tx, key.Account)
	if err != nil {
		return err
	}
	if keep.Versions {
		if err := newVersion(p); err != nil {
			return err
		}
	}
	if old != nil {
		p.CreatedAt = old.CreatedAt
		end := func() error { return release(tx, old.SHA256) }
		if keep.Versions {
			end = func() error { return archive(tx, key, *old) }
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

// How much a Change changes.
const (
	// Quiet leaves ETag and time: a change of tier.
	Quiet = iota
	// Touch gives the blob a new ETag and time: a change of headers.
	Touch
	// Anew makes, besides, a new version where versions are kept: a change of metadata.
	Anew
)

// Change alters a blob's headers, metadata or tier in place; change must leave size, digest and blocks alone.
func (c *Content) Change(
	key Key, now time.Time, how int, change func(tx *store.Tx, p *Properties) error,
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
		if how != Quiet {
			c.stamp(p, now)
		}
		keep, err := c.Keeping(tx, key.Account)
		if err != nil {
			return err
		}
		if how == Anew && keep.Versions {
			if err := errors.Join(retain(tx, old.SHA256), archive(tx, key, old), newVersion(p)); err != nil {
				return err
			}
		}
		out = *p
		return tx.Put(tableBlobs, key.String(), p)
	})
	return out, err
}

// Open opens a blob for reading; the caller closes it. What is read is the blob as it was at the call, also when it is
// replaced or deleted meanwhile.
func (c *Content) Open(key Key) (io.ReadCloser, Properties, error) {
	f, p, err := c.open(key)
	if err != nil {
		return nil, p, err
	}
	return f, p, nil
}

func (c *Content) open(key Key) (*os.File, Properties, error) {
	for {
		p, err := c.Stat(key)
		if err != nil {
			return nil, Properties{}, err
		}
		f, err := os.Open(c.files.path(p.SHA256))
		if err == nil {
			return f, p, nil
		}
		if !errors.Is(err, os.ErrNotExist) {
			return nil, Properties{}, err
		}
		// The file may have gone because the blob was replaced after Stat; then Stat says something else by now.
		again, err2 := c.Stat(key)
		if err2 != nil {
			return nil, Properties{}, err2
		}
		if again.SHA256 == p.SHA256 && again.ETag == p.ETag {
			return nil, Properties{}, fmt.Errorf("the content of %s is missing: %w", key, err)
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
	if key.Version != "" && !(ok && p.VersionID == key.Version) {
		p = Properties{}
		if ok, err = tx.Get(tableHistory, historyKey(key, key.Version), &p); err != nil {
			return nil, err
		}
		ok = ok && p.Deleted == nil
	}
	if !ok {
		return nil, fmt.Errorf("%w: %s", ErrNotFound, key)
	}
	return &p, nil
}

// List lists the blobs whose names start with prefix, in name order.
func (c *Content) List(account, container, prefix string) ([]Item, error) {
	p, err := c.page(account, container, pageQuery{prefix: prefix})
	if err != nil {
		return nil, err
	}
	out := make([]Item, len(p.entries))
	for i, e := range p.entries {
		out[i] = *e.blob
	}
	return out, nil
}

type pageQuery struct {
	prefix, delimiter string
	from              string // the first name to list
	max               int    // entries; 0 means all
}

// entry is a blob, or a group of blobs that share a prefix up to a delimiter.
type entry struct {
	blob   *Item
	prefix string
}

type page struct {
	entries []entry
	next    string // from of the next page; empty when this is the last
}

var errStop = errors.New("stop")

// page lists a part of a container, from its first name on. Blobs that a group stands for are passed over undecoded.
func (c *Content) page(account, container string, q pageQuery) (page, error) {
	var out page
	base := account + "/" + container + "/"
	group := ""
	err := c.st.View(func(tx *store.Tx) error {
		return tx.ScanFrom(tableBlobs, base+q.prefix, base+q.from, func(key string, raw []byte) error {
			name := key[len(base):]
			if group != "" && strings.HasPrefix(name, group) {
				return nil
			}
			if q.max > 0 && len(out.entries) == q.max {
				out.next = name
				return errStop
			}
			if q.delimiter != "" {
				if i := strings.Index(name[len(q.prefix):], q.delimiter); i >= 0 {
					group = name[:len(q.prefix)+i+len(q.delimiter)]
					out.entries = append(out.entries, entry{prefix: group})
					return nil
				}
			}
			item := &Item{Name: name}
			if err := json.Unmarshal(raw, &item.Properties); err != nil {
				return fmt.Errorf("decode blob %q: %w", key, err)
			}
			out.entries = append(out.entries, entry{blob: item})
			return nil
		})
	})
	if err != nil && !errors.Is(err, errStop) {
		return page{}, err
	}
	return out, nil
}

// Delete removes a blob and the blocks staged for it, or returns ErrNotFound. Where the account keeps versions or
// deleted blobs, it stays as one.
func (c *Content) Delete(key Key) error { return c.DeleteIf(key, time.Now(), nil) }

// DeleteIf is Delete at a time, with a check in the same transaction; its error refuses the deletion.
func (c *Content) DeleteIf(key Key, now time.Time, check func(tx *store.Tx, old *Properties) error) error {
	err := c.st.Update(func(tx *store.Tx) error {
		p, err := stat(tx, key)
		if err != nil {
			return err
		}
		if check != nil {
			if err := check(tx, p); err != nil {
				return err
			}
		}
		keep, err := c.Keeping(tx, key.Account)
		switch {
		case err != nil:
		case keep.Versions:
			err = archive(tx, key, *p)
		case keep.DeletedDays > 0:
			err = bury(tx, key, *p, now, keep.DeletedDays)
		default:
			err = release(tx, p.SHA256)
		}
		if err != nil {
			return err
		}
		if err := dropBlocks(tx, key.String()+"\x00"); err != nil {
			return err
		}
		return tx.Delete(tableBlobs, key.String())
	})
	c.files.sweep()
	return err
}

// Empty reports whether a container has no blobs, nor versions of blobs, as the transaction sees it.
func (c *Content) Empty(tx *store.Tx, account, container string) (bool, error) {
	for _, table := range []string{tableBlobs, tableHistory} {
		err := tx.Scan(table, account+"/"+container+"/", func(string, []byte) error { return errStop })
		if errors.Is(err, errStop) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
	return true, nil
}

// DropContainer removes all blobs of a container with the transaction.
func (c *Content) DropContainer(tx *store.Tx, account, container string) error {
	if account == "" || container == "" {
		return fmt.Errorf("%w: %q/%q", ErrInvalidName, account, container)
	}
	return c.drop(tx, account+"/"+container+"/")
}

// DropAccount removes all blobs of an account, and those of its deleted containers, with the transaction.
func (c *Content) DropAccount(tx *store.Tx, account string) error {
	if account == "" {
		return fmt.Errorf("%w: no account", ErrInvalidName)
	}
	if err := tx.Delete(tableKeeping, account); err != nil {
		return err
	}
	for _, table := range graves {
		if err := dropRows(tx, table, account+"/"); err != nil {
			return err
		}
	}
	return c.drop(tx, account+"/")
}

func (c *Content) drop(tx *store.Tx, prefix string) error {
	for _, table := range []string{tableBlobs, tableHistory} {
		if err := dropRows(tx, table, prefix); err != nil {
			return err
		}
	}
	if err := dropBlocks(tx, prefix); err != nil {
		return err
	}
	c.files.sweep() // waits for the transaction: the store has one writer
	return nil
}

func dropRows(tx *store.Tx, table, prefix string) error {
	var keys, shas []string
	err := tx.Scan(table, prefix, func(key string, raw []byte) error {
		var p struct {
			SHA256 string `json:"sha256"`
		}
		if err := json.Unmarshal(raw, &p); err != nil {
			return fmt.Errorf("decode blob %q: %w", key, err)
		}
		keys, shas = append(keys, key), append(shas, p.SHA256)
		return nil
	})
	if err != nil {
		return err
	}
	for i, key := range keys {
		if err := tx.Delete(table, key); err != nil {
			return err
		}
		if err := release(tx, shas[i]); err != nil {
			return err
		}
	}
	return nil
}

// stamp gives p a time and an ETag of its own: the service's ETags are the time of the write in ticks of 100 ns.
func (c *Content) stamp(p *Properties, now time.Time) {
	if now.IsZero() {
		now = time.Now()
	}
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
