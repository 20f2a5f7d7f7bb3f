package blob

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/crossorg/crossorg/internal/azure/store"
)

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

// page lists a part of a container, from its first name on. Blobs in a group are skipped without decoding them.
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
