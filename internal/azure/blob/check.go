package blob

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/crossorg/crossorg/internal/azure/store"
)

// Checked is what CheckContent has read.
type Checked struct {
	// Files and Bytes are the content's.
	Files int
	Bytes int64
	// Damages are files that are not as they were written, and references that do not fit.
	Damages []store.Damage
	// Containers are those with blobs, such as "account/container", in order.
	Containers []string
	// Leftovers are files that nothing refers to, as a process leaves them that dies while it receives content.
	Leftovers []store.Damage
}

// CheckContent reads all content in dir and compares it with its digests and with the references to it. It changes
// nothing; nobody else may have the folder open.
func CheckContent(ctx context.Context, tx *store.Tx, dir string) (*Checked, error) {
	c := &contentCheck{dir: dir, wanted: map[string]int{}, out: &Checked{}}
	if err := c.references(tx); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	reader := &files{dir: dir, digests: map[string]blockDigests{}, damaged: map[string]bool{}}
	for _, entry := range entries {
		if err := ctx.Err(); err != nil {
			return nil, context.Cause(ctx)
		}
		c.file(tx, reader, entry)
	}
	for sha := range c.wanted {
		if _, err := os.Lstat(filepath.Join(dir, sha)); os.IsNotExist(err) {
			c.damage(sha, "it is missing, and %d blobs or blocks have this content", c.wanted[sha])
		}
	}
	slices.SortFunc(c.out.Damages, func(a, b store.Damage) int { return strings.Compare(a.File, b.File) })
	return c.out, nil
}

type contentCheck struct {
	dir    string
	wanted map[string]int // references by digest
	out    *Checked
}

func (c *contentCheck) damage(name, format string, args ...any) {
	c.out.Damages = append(c.out.Damages,
		store.Damage{File: filepath.Join(c.dir, name), What: fmt.Sprintf(format, args...)})
}

// references counts what blobs, versions, blocks and everything else of this room refer to, and compares it with the
// counts that decide when content goes.
func (c *contentCheck) references(tx *store.Tx) error {
	tables, err := tx.Tables()
	if err != nil {
		return err
	}
	for _, table := range tables {
		if !strings.HasPrefix(table, tableBlobs) && !strings.HasPrefix(table, "blob.") || table == tableRefs ||
			table == tableGarbage {
			continue
		}
		if err := tx.Scan(table, "", func(key string, raw []byte) error {
			if table == tableBlobs {
				account, rest, _ := strings.Cut(key, "/")
				container, _, _ := strings.Cut(rest, "/")
				if name := account + "/" + container; !slices.Contains(c.out.Containers, name) {
					c.out.Containers = append(c.out.Containers, name)
				}
			}
			var row struct {
				SHA256 string `json:"sha256"`
			}
			if json.Unmarshal(raw, &row) == nil && row.SHA256 != "" {
				c.wanted[row.SHA256]++
			}
			return nil
		}); err != nil {
			return err
		}
	}
	counted := map[string]int{}
	err = tx.Scan(tableRefs, "", func(sha string, raw []byte) error {
		n := 0
		err := json.Unmarshal(raw, &n)
		counted[sha] = n
		return err
	})
	if err != nil {
		return err
	}
	for sha, n := range c.wanted {
		if counted[sha] != n {
			c.damage(sha, "%d blobs or blocks have this content, and %d are counted", n, counted[sha])
		}
	}
	for sha, n := range counted {
		if c.wanted[sha] == 0 {
			c.damage(sha, "no blob or block has this content, and %d are counted", n)
		}
	}
	return nil
}

// file checks one entry of the folder.
func (c *contentCheck) file(tx *store.Tx, reader *files, entry fs.DirEntry) {
	name := entry.Name()
	switch {
	case !entry.Type().IsRegular():
		c.damage(name, "it is no file")
		return
	case strings.HasPrefix(name, tempPrefix):
		c.leftover(name, "content that did not arrive whole; the next start removes it")
		return
	}
	f, err := reader.openContent(name)
	if err == nil {
		err = f.check(0, f.size)
		c.out.Files++
		c.out.Bytes += f.size
		_ = f.Close() // opened for reading
	}
	var damage *store.Damage
	switch {
	case errors.As(err, &damage):
		c.damage(name, "%s", damage.What)
	case err != nil:
		c.damage(name, "it cannot be read: %s", err)
	case c.wanted[name] == 0 && !tx.Has(tableGarbage, name):
		c.leftover(name, "no blob or block has this content")
	}
}

func (c *contentCheck) leftover(name, what string) {
	c.out.Leftovers = append(c.out.Leftovers, store.Damage{File: filepath.Join(c.dir, name), What: what})
}
