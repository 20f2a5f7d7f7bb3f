package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"slices"
)

// The format of bbolt's files, as far as it takes to read one without trusting it: bbolt itself follows what a page
// says, and a damaged page makes it panic or read outside of the file.
// Source: internal/common/{page,meta,bucket}.go of go.etcd.io/bbolt v1.5.0.
const (
	pageMagic     = 0xED0CDAED
	pageVersion   = 2
	pageHeader    = 16
	branchPage    = 0x01
	leafPage      = 0x02
	metaPage      = 0x04
	freelistPage  = 0x10
	elementSize   = 16
	bucketHeader  = 16
	bucketFlag    = 0x01
	metaSize      = 64 // with the checksum
	longFreelist  = 0xFFFF
	maxDepth      = 64
	smallestPage  = 512
	largestPage   = 1 << 16
	noFreelistEnd = ^uint64(0)
)

// errPages is a damage of the file's structure; the text says which.
var errPages = errors.New("page")

// meta is one of the two heads of a bbolt file.
type meta struct {
	pageSize       int
	root, freelist uint64
	pages          uint64 // number of pages in use, free ones included
	transaction    uint64
}

// pageReader reads a bbolt file from its pages and trusts none.
type pageReader struct {
	file io.ReaderAt
	size int64
	meta meta
	// used says for each page what it is for: nothing yet, the heads, the tree, the list of free pages, or free.
	used []bool
	// record is called for each key of each table.
	record func(table, key string, value []byte) error
}

// readPages reads every page in use of a bbolt file that nobody writes to, and calls record for each key of each
// table, in order. Errors are descriptions of damage.
func readPages(file *os.File, record func(table, key string, value []byte) error) (meta, error) {
	info, err := file.Stat()
	if err != nil {
		return meta{}, err
	}
	r := &pageReader{file: file, size: info.Size(), record: record}
	if err := r.readMetas(); err != nil {
		return meta{}, err
	}
	if int64(r.meta.pages)*int64(r.meta.pageSize) > r.size {
		return r.meta, fmt.Errorf("the file has %d bytes and should have %d: its end is missing", r.size,
			int64(r.meta.pages)*int64(r.meta.pageSize))
	}
	r.used = make([]bool, r.meta.pages)
	r.used[0], r.used[1] = true, true
	if err := r.readTree(r.meta.root, nil, 0, &walk{each: r.table}); err != nil {
		return r.meta, err
	}
	return r.meta, r.readFreelist()
}

// readMetas reads both heads and takes the newer one. Each is written whole, so both are valid in a sound file.
func (r *pageReader) readMetas() error {
	head := make([]byte, pageHeader+metaSize)
	if _, err := r.file.ReadAt(head, 0); err != nil {
		return errors.New("the file ends within its first page")
	}
	first, err := parseMeta(head, 0)
	if err != nil {
		return fmt.Errorf("page 0: %w", err)
	}
	if _, err := r.file.ReadAt(head, int64(first.pageSize)); err != nil {
		return errors.New("the file ends within its second page")
	}
	second, err := parseMeta(head, 1)
	if err != nil {
		return fmt.Errorf("page 1: %w", err)
	}
	if first.pageSize != second.pageSize {
		return errors.New("page 1: its page size differs from that of page 0")
	}
	r.meta = first
	if second.transaction > first.transaction {
		r.meta = second
	}
	if r.meta.pages < 4 {
		return errors.New("the file's head counts too few pages")
	}
	return nil
}

func parseMeta(raw []byte, id uint64) (m meta, err error) {
	le := binary.LittleEndian
	if le.Uint64(raw) != id || le.Uint16(raw[8:]) != metaPage {
		return m, errors.New("it is no head of a state file")
	}
	b := raw[pageHeader:]
	sum := fnv.New64a()
	sum.Write(b[:metaSize-8])
	if le.Uint32(b) != pageMagic || le.Uint32(b[4:]) != pageVersion || le.Uint64(b[metaSize-8:]) != sum.Sum64() {
		return m, errors.New("the head does not match its checksum")
	}
	m = meta{pageSize: int(le.Uint32(b[8:])), root: le.Uint64(b[16:]), freelist: le.Uint64(b[32:]),
		pages: le.Uint64(b[40:]), transaction: le.Uint64(b[48:])}
	if m.pageSize < smallestPage || m.pageSize > largestPage {
		return m, errors.New("the head has no usable page size")
	}
	return m, nil
}

// take reads a page with its overflow, and marks it as used.
func (r *pageReader) take(id uint64, flags uint16) (raw []byte, count int, err error) {
	if id < 2 || id >= r.meta.pages {
		return nil, 0, fmt.Errorf("%w %d is outside of the file", errPages, id)
	}
	header := make([]byte, pageHeader)
	at := int64(id) * int64(r.meta.pageSize)
	if _, err := r.file.ReadAt(header, at); err != nil {
		return nil, 0, fmt.Errorf("%w %d: %w", errPages, id, err)
	}
	le := binary.LittleEndian
	if got := le.Uint64(header); got != id || le.Uint16(header[8:])&^flags != 0 || le.Uint16(header[8:]) == 0 {
		return nil, 0, fmt.Errorf("%w %d is not what it should be", errPages, id)
	}
	overflow := uint64(le.Uint32(header[12:]))
	if overflow >= r.meta.pages-id {
		return nil, 0, fmt.Errorf("%w %d goes beyond the end of the file", errPages, id)
	}
	for i := id; i <= id+overflow; i++ {
		if r.used[i] {
			return nil, 0, fmt.Errorf("%w %d is used twice", errPages, i)
		}
		r.used[i] = true
	}
	raw = make([]byte, (overflow+1)*uint64(r.meta.pageSize))
	if _, err := r.file.ReadAt(raw, at); err != nil {
		return nil, 0, fmt.Errorf("%w %d: %w", errPages, id, err)
	}
	return raw, int(le.Uint16(header[10:])), nil
}

// walk is the reading of one tree, in the order of its keys.
type walk struct {
	// each is called for every key of a leaf; isBucket marks keys whose values are buckets.
	each func(key, value []byte, isBucket bool) error
	last []byte // the last key of a leaf
	any  bool   // there was one
}

// after reports whether a key comes behind all keys so far.
func (w *walk) after(key []byte) bool { return !w.any || bytes.Compare(w.last, key) < 0 }

// readTree reads the pages below one. No key below it comes before from.
func (r *pageReader) readTree(id uint64, from []byte, depth int, w *walk) error {
	if depth > maxDepth {
		return fmt.Errorf("%w %d is too deep in the tree", errPages, id)
	}
	raw, count, err := r.take(id, branchPage|leafPage)
	if err != nil {
		return err
	}
	if binary.LittleEndian.Uint16(raw[8:]) == leafPage {
		return readLeaf(raw, count, fmt.Sprintf("page %d", id), from, w)
	}
	if count == 0 {
		return fmt.Errorf("%w %d leads nowhere", errPages, id)
	}
	for i := range count {
		at := pageHeader + i*elementSize
		if at+elementSize > len(raw) {
			return fmt.Errorf("%w %d counts more keys than it has", errPages, id)
		}
		e := raw[at : at+elementSize]
		key, ok := slice(raw, at+int(binary.LittleEndian.Uint32(e)), int(binary.LittleEndian.Uint32(e[4:])))
		if !ok || !w.after(key) || bytes.Compare(key, from) < 0 {
			return fmt.Errorf("%w %d has keys out of order", errPages, id)
		}
		if err := r.readTree(binary.LittleEndian.Uint64(e[8:]), key, depth+1, w); err != nil {
			return err
		}
	}
	return nil
}

func readLeaf(raw []byte, count int, where string, from []byte, w *walk) error {
	for i := range count {
		at := pageHeader + i*elementSize
		if at+elementSize > len(raw) {
			return fmt.Errorf("%s counts more keys than it has", where)
		}
		e := raw[at : at+elementSize]
		flags := binary.LittleEndian.Uint32(e)
		pos, ksize, vsize := at+int(binary.LittleEndian.Uint32(e[4:])), int(binary.LittleEndian.Uint32(e[8:])),
			int(binary.LittleEndian.Uint32(e[12:]))
		key, ok := slice(raw, pos, ksize)
		value, ok2 := slice(raw, pos+ksize, vsize)
		if !ok || !ok2 || flags&^bucketFlag != 0 {
			return fmt.Errorf("%s has a key outside of it", where)
		}
		if !w.after(key) || bytes.Compare(key, from) < 0 {
			return fmt.Errorf("%s has keys out of order", where)
		}
		w.last, w.any = key, true
		if err := w.each(key, value, flags == bucketFlag); err != nil {
			return err
		}
	}
	return nil
}

func slice(raw []byte, from, length int) ([]byte, bool) {
	if from < 0 || length < 0 || from > len(raw) || length > len(raw)-from {
		return nil, false
	}
	return raw[from : from+length], true
}

// table reads one table: a bucket in the root.
func (r *pageReader) table(name, value []byte, isBucket bool) error {
	if !isBucket || len(value) < bucketHeader {
		return fmt.Errorf("table %q is none", name)
	}
	each := func(key, value []byte, isBucket bool) error {
		if isBucket {
			return fmt.Errorf("record %s %q is none", name, key)
		}
		return r.record(string(name), string(key), value)
	}
	if root := binary.LittleEndian.Uint64(value); root != 0 {
		return r.readTree(root, nil, 0, &walk{each: each})
	}
	inline := value[bucketHeader:]
	if len(inline) < pageHeader || binary.LittleEndian.Uint16(inline[8:]) != leafPage {
		return fmt.Errorf("table %q has no page", name)
	}
	return readLeaf(inline, int(binary.LittleEndian.Uint16(inline[10:])), fmt.Sprintf("table %q", name), nil,
		&walk{each: each})
}

// readFreelist checks that the free pages are exactly those that nothing else uses.
func (r *pageReader) readFreelist() error {
	if r.meta.freelist == noFreelistEnd {
		return errors.New("the list of free pages is missing")
	}
	raw, count, err := r.take(r.meta.freelist, freelistPage)
	if err != nil {
		return err
	}
	ids := raw[pageHeader:]
	if count == longFreelist {
		n := binary.LittleEndian.Uint64(ids)
		if n > uint64(len(ids)/8) {
			return errors.New("the list of free pages counts more than it has")
		}
		count, ids = int(n), ids[8:]
	}
	if count > len(ids)/8 {
		return errors.New("the list of free pages counts more than it has")
	}
	for i := range count {
		id := binary.LittleEndian.Uint64(ids[i*8:])
		if id < 2 || id >= r.meta.pages || r.used[id] {
			return fmt.Errorf("the list of free pages has page %d, which is not free", id)
		}
		r.used[id] = true
	}
	if lost := slices.Index(r.used, false); lost >= 0 {
		return fmt.Errorf("%w %d is neither used nor free", errPages, lost)
	}
	return nil
}
