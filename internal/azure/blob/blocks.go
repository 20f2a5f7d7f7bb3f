package blob

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/crossorg/crossorg/internal/azure/store"
)

// staged is a block that has been put and not committed.
type staged struct {
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// BlockSource says where a block list takes a block from.
type BlockSource int

const (
	// Latest takes the staged block, or the committed one if none is staged.
	Latest BlockSource = iota
	// Committed takes the block from the blob as it is.
	Committed
	// Uncommitted takes the staged block.
	Uncommitted
)

// BlockRef is one line of a block list.
type BlockRef struct {
	ID     string
	Source BlockSource
}

// PutBlock stages a block for the blob at key; of opts, MD5 and Check count (old is the committed blob, nil if none).
func (c *Content) PutBlock(ctx context.Context, key Key, id string, r io.Reader, opts PutOptions) error {
	if err := key.check(); err != nil {
		return err
	}
	f, err := c.files.receive(ctx, r)
	if err != nil {
		return err
	}
	defer f.done()
	if len(opts.MD5) > 0 && string(opts.MD5) != string(f.md5) {
		return ErrMD5Mismatch
	}
	if err := f.keep(); err != nil {
		return err
	}
	err = c.st.Update(func(tx *store.Tx) error {
		if opts.Check != nil {
			old, err := stat(tx, key)
			if err != nil && !errors.Is(err, ErrNotFound) {
				return err
			}
			if err := opts.Check(tx, old); err != nil {
				return err
			}
		}
		row := key.String() + "\x00" + id
		var prev staged
		had, err := tx.Get(tableBlocks, row, &prev)
		if err != nil {
			return err
		}
		if err := retain(tx, f.sha); err != nil {
			return err
		}
		if had {
			if err := release(tx, prev.SHA256); err != nil {
				return err
			}
		}
		return tx.Put(tableBlocks, row, staged{Size: f.size, SHA256: f.sha})
	})
	f.used = err == nil
	return err
}

// Blocks returns the committed blocks of the blob at key and those staged for it, the latter in order of their ids. It
// returns ErrNotFound without a blob and without staged blocks.
func (c *Content) Blocks(key Key) (blob *Properties, uncommitted []Block, err error) {
	err = c.st.View(func(tx *store.Tx) error {
		p, err := stat(tx, key)
		if err == nil {
			blob = p
		} else if !errors.Is(err, ErrNotFound) {
			return err
		}
		missing := err
		if err := scanBlocks(tx, key, func(id string, b staged) {
			uncommitted = append(uncommitted, Block{ID: id, Size: b.Size})
		}); err != nil {
			return err
		}
		if blob == nil && len(uncommitted) == 0 {
			return missing
		}
		return nil
	})
	return blob, uncommitted, err
}

// PutBlockList makes the blob at key out of blocks, in the order given, and discards the staged blocks left over.
// ErrInvalidBlock when one of them is not where the list says.
func (c *Content) PutBlockList(ctx context.Context, key Key, list []BlockRef, opts PutOptions) (Properties, error) {
	if err := key.check(); err != nil {
		return Properties{}, err
	}
	parts, blocks, unpin, err := c.locate(key, list)
	if err != nil {
		return Properties{}, err
	}
	defer unpin()
	joined := &partReader{files: &c.files, parts: parts}
	defer joined.close()
	f, err := c.files.receive(ctx, joined)
	if err != nil {
		return Properties{}, err
	}
	defer f.done()
	if err := f.keep(); err != nil {
		return Properties{}, err
	}
	var out Properties
	err = c.st.Update(func(tx *store.Tx) error {
		// The service does not compute the MD5 of a blob made of blocks; it keeps the one it is given, if any.
		out = Properties{
			Headers: opts.Headers, Size: f.size, SHA256: f.sha, Metadata: opts.Metadata, Tags: opts.Tags,
			Tier:   opts.Tier,
			Blocks: blocks,
		}
		return c.replace(tx, key, &out, opts)
	})
	f.used = err == nil
	return out, err
}

// part is where a block's bytes lie.
type part struct {
	sha          string
	offset, size int64
}

// partReader reads parts one after the other, with one file open at a time.
type partReader struct {
	files *files
	parts []part
	file  *contentFile
	left  *io.SectionReader
}

func (r *partReader) Read(p []byte) (int, error) {
	for {
		if r.left != nil {
			n, err := r.left.Read(p)
			if n > 0 || !errors.Is(err, io.EOF) {
				return n, err
			}
			r.left = nil
			if err := r.file.Close(); err != nil {
				return 0, err
			}
		}
		if len(r.parts) == 0 {
			return 0, io.EOF
		}
		next := r.parts[0]
		r.parts = r.parts[1:]
		var err error
		if r.file, err = r.files.openContent(next.sha); err != nil {
			return 0, r.files.missing(next.sha, err)
		}
		r.left = io.NewSectionReader(r.file, next.offset, next.size)
	}
}

// close releases the open file after a read that did not reach the end.
func (r *partReader) close() {
	if r.left != nil {
		_ = r.file.Close() // a failed close of a file opened for reading loses no data
	}
}

// locate finds the blocks of a list and keeps their content in place until unpin is called.
func (c *Content) locate(key Key, list []BlockRef) (parts []part, blocks []Block, unpin func(), err error) {
	pending, committed := map[string]part{}, map[string]part{}
	err = c.st.View(func(tx *store.Tx) error {
		old, err := stat(tx, key)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		if old != nil {
			var at int64
			for _, b := range old.Blocks {
				committed[b.ID] = part{old.SHA256, at, b.Size}
				at += b.Size
			}
		}
		return scanBlocks(tx, key, func(id string, b staged) { pending[id] = part{b.SHA256, 0, b.Size} })
	})
	if err != nil {
		return nil, nil, nil, err
	}
	var shas []string
	for _, ref := range list {
		at, ok := part{}, false
		if ref.Source != Committed {
			at, ok = pending[ref.ID]
		}
		if !ok && ref.Source != Uncommitted {
			at, ok = committed[ref.ID]
		}
		if !ok {
			return nil, nil, nil, fmt.Errorf("%w: %q", ErrInvalidBlock, ref.ID)
		}
		parts, shas = append(parts, at), append(shas, at.sha)
		blocks = append(blocks, Block{ID: ref.ID, Size: at.size})
	}
	c.files.pin(shas...)
	unpin = func() {
		c.files.unpin(shas...)
		c.files.sweep()
	}
	err = c.st.View(func(tx *store.Tx) error {
		for i, sha := range shas {
			if !tx.Has(tableRefs, sha) { // the blob was replaced meanwhile: the list no longer fits
				return fmt.Errorf("%w: %q", ErrInvalidBlock, list[i].ID)
			}
		}
		return nil
	})
	if err != nil {
		unpin()
		return nil, nil, nil, err
	}
	return parts, blocks, unpin, nil
}

func scanBlocks(tx *store.Tx, key Key, fn func(id string, b staged)) error {
	prefix := key.String() + "\x00"
	return tx.Scan(tableBlocks, prefix, func(row string, raw []byte) error {
		var b staged
		if err := json.Unmarshal(raw, &b); err != nil {
			return fmt.Errorf("decode block %q: %w", row, err)
		}
		fn(row[len(prefix):], b)
		return nil
	})
}

// dropBlocks discards the staged blocks whose rows start with prefix.
func dropBlocks(tx *store.Tx, prefix string) error {
	var rows, shas []string
	err := tx.Scan(tableBlocks, prefix, func(row string, raw []byte) error {
		var b staged
		if err := json.Unmarshal(raw, &b); err != nil {
			return fmt.Errorf("decode block %q: %w", row, err)
		}
		rows, shas = append(rows, row), append(shas, b.SHA256)
		return nil
	})
	if err != nil {
		return err
	}
	for i, row := range rows {
		if err := tx.Delete(tableBlocks, row); err != nil {
			return err
		}
		if err := release(tx, shas[i]); err != nil {
			return err
		}
	}
	return nil
}
