package blob

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/crossorg/crossorg/internal/azure/store"
)

// checkedBlock is the number of bytes that are read and checked at a time.
const checkedBlock = 1 << 20

// blockDigest is the SHA-256 of a block.
type blockDigest = [sha256.Size]byte

// blockDigests are those of content with a size.
type blockDigests struct {
	size    int64
	digests []blockDigest
}

// contentFile reads content, and no byte of it that is not as it was written: a block is in memory and has been
// compared with its digest before any of it is handed out. It is for one reader at a time.
type contentFile struct {
	files *files
	sha   string
	file  *os.File
	size  int64
	// digests are those of the blocks.
	digests []blockDigest
	// block is the block with number at, which has been checked; nil at first.
	block []byte
	at    int64
	// read is how far Read has come.
	read int64
}

// openContent opens content by its digest. An error is fs.ErrNotExist or a store.Damage; only a system that fails gives
// others.
func (f *files) openContent(sha string) (*contentFile, error) {
	file, err := os.Open(f.path(sha))
	if err != nil {
		return nil, err
	}
	c := &contentFile{files: f, sha: sha, file: file}
	info, err := file.Stat()
	if err == nil {
		c.size = info.Size()
		err = c.digest()
	}
	if err == nil && len(c.digests) == 1 {
		err = c.load(0)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return c, nil
}

// damage makes the error for content that is not as it was written, and reports it.
func (f *files) damage(sha, what string) error {
	d := &store.Damage{File: f.path(sha), What: what}
	f.mu.Lock()
	known := f.damaged[sha]
	f.damaged[sha] = true
	report := f.report
	f.mu.Unlock()
	if !known && report != nil {
		report(d)
	}
	return d
}

// digest finds the digests of the blocks. The name says that of a single one. Of more it takes those that an earlier
// reading found while it compared the whole with the name: they follow from it, so they stay right.
func (c *contentFile) digest() error {
	if c.size <= checkedBlock {
		raw, err := hex.DecodeString(c.sha)
		if err != nil || len(raw) != sha256.Size {
			return c.files.damage(c.sha, "its name is no digest")
		}
		c.digests = []blockDigest{blockDigest(raw)}
		return nil
	}
	c.files.mu.Lock()
	known, ok := c.files.digests[c.sha]
	c.files.mu.Unlock()
	if ok {
		c.digests = known.digests
		if known.size != c.size {
			return c.files.damage(c.sha, fmt.Sprintf("it has %d bytes and should have %d", c.size, known.size))
		}
		return nil
	}
	whole, buffer := sha256.New(), make([]byte, checkedBlock)
	var digests []blockDigest
	for {
		n, err := io.ReadFull(c.file, buffer)
		if n > 0 {
			whole.Write(buffer[:n])
			digests = append(digests, sha256.Sum256(buffer[:n]))
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		if err != nil {
			return c.files.damage(c.sha, "it cannot be read: "+err.Error())
		}
	}
	if hex.EncodeToString(whole.Sum(nil)) != c.sha {
		return c.files.damage(c.sha, "its content does not match its digest")
	}
	c.digests = digests
	c.files.mu.Lock()
	c.files.digests[c.sha] = blockDigests{c.size, digests}
	c.files.mu.Unlock()
	return nil
}

// load has the block with a number in memory, checked.
func (c *contentFile) load(number int64) error {
	if c.block != nil && c.at == number {
		return nil
	}
	block := make([]byte, min(checkedBlock, c.size-number*checkedBlock))
	if _, err := c.file.ReadAt(block, number*checkedBlock); err != nil && !errors.Is(err, io.EOF) {
		return c.files.damage(c.sha, "it cannot be read: "+err.Error())
	}
	if sha256.Sum256(block) != c.digests[number] {
		return c.files.damage(c.sha, "its content does not match its digest")
	}
	c.block, c.at = block, number
	return nil
}

// check reads a range, so that damage is found before the first byte of it goes out.
func (c *contentFile) check(from, length int64) error {
	end := min(from+length, c.size)
	for at := from / checkedBlock * checkedBlock; at < end; at += checkedBlock {
		if err := c.load(at / checkedBlock); err != nil {
			return err
		}
	}
	return nil
}

// ReadAt implements io.ReaderAt.
func (c *contentFile) ReadAt(p []byte, from int64) (n int, err error) {
	for n < len(p) {
		at := from + int64(n)
		if at >= c.size {
			return n, io.EOF
		}
		if err := c.load(at / checkedBlock); err != nil {
			return n, err
		}
		n += copy(p[n:], c.block[at%checkedBlock:])
	}
	return n, nil
}

// Read implements io.Reader.
func (c *contentFile) Read(p []byte) (int, error) {
	n, err := c.ReadAt(p, c.read)
	c.read += int64(n)
	if n > 0 && errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

// Close implements io.Closer.
func (c *contentFile) Close() error { return c.file.Close() }

// missing makes a damage of the error for content that a blob has and the folder has not.
func (f *files) missing(sha string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return f.damage(sha, "it is missing")
	}
	return err
}

// ReportDamage has report called with every damage that reading content finds, once for each file.
func (c *Content) ReportDamage(report func(error)) { c.files.report = report }
