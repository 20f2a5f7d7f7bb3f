package blob

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/crossorg/crossorg/internal/azure/store"
)

const (
	// tableHistory holds previous versions and deleted blobs: account/container/name NUL version id → Properties. A
	// deleted blob of an account without versioning has the id deletedID.
	tableHistory = "blob.history"
	// tableRetention holds what accounts keep: account → Retention.
	tableRetention = "blob.keeping"
	deletedID      = "deleted"
)

// ErrCurrentVersion refuses to delete a blob's current version by its version id.
var ErrCurrentVersion = errors.New("the current version cannot be deleted by its id")

// Retention says what an account keeps of blobs that are overwritten or deleted.
// Sources: https://learn.microsoft.com/azure/storage/blobs/versioning-overview and
// https://learn.microsoft.com/azure/storage/blobs/soft-delete-blob-overview
type Retention struct {
	// Versions makes every write and every deletion keep the state before it as a version.
	Versions bool `json:"versions,omitempty"`
	// DeletedDays is the number of days for which a deleted blob or version can be restored; 0 keeps none.
	DeletedDays int `json:"deletedDays,omitempty"`
}

// Retention returns the retention of an account.
func (c *Content) Retention(tx *store.Tx, account string) (k Retention, err error) {
	_, err = tx.Get(tableRetention, account, &k)
	return k, err
}

// SetRetention sets the retention of an account from now on. An equal one writes nothing.
func (c *Content) SetRetention(tx *store.Tx, account string, k Retention) error {
	was, err := c.Retention(tx, account)
	if err != nil || was == k {
		return err
	}
	return tx.Put(tableRetention, account, k)
}

func historyKey(key Key, id string) string { return key.String() + "\x00" + id }

// versionTime is the layout of version ids: the time of the write in ticks of 100 ns.
const versionTime = "2006-01-02T15:04:05.0000000Z"

// checkVersion reports whether a version id has the form that the service gives them.
func checkVersion(id string) bool {
	_, err := time.Parse(versionTime, id)
	return err == nil
}

// VersionCreated is when a version or a snapshot was made; the time of its last change if it is none.
func (p *Properties) VersionCreated() time.Time {
	if t, err := time.Parse(versionTime, p.Snapshot); err == nil {
		return t
	}
	if t, err := time.Parse(versionTime, p.VersionID); err == nil {
		return t
	}
	return p.LastModified
}

// newVersion gives p the version id that goes with its ETag, which no other write has.
func newVersion(p *Properties) (err error) {
	p.VersionID, err = tagTime(p.ETag)
	return err
}

// tagTime is the time of an ETag as ids of versions and snapshots have it.
func tagTime(etag string) (string, error) {
	var t int64
	if _, err := fmt.Sscanf(etag, "0x%X", &t); err != nil {
		return "", err
	}
	return time.Unix(0, 0).Add(time.Duration(t-epochTicks) * 100).UTC().Format(versionTime), nil
}

// keepVersion keeps the state of a blob that a write or a deletion ends, with its reference to the content.
func keepVersion(tx *store.Tx, key Key, old Properties) error {
	if old.VersionID == "" { // written before versions were kept
		if err := newVersion(&old); err != nil {
			return err
		}
	}
	old.Lease = nil
	return tx.Put(tableHistory, historyKey(key, old.VersionID), old)
}

// keepDeleted keeps a deleted blob of an account without versioning. It replaces an earlier deleted one.
func keepDeleted(tx *store.Tx, key Key, old Properties, now time.Time, days int) error {
	var before Properties
	had, err := tx.Get(tableHistory, historyKey(key, deletedID), &before)
	if err != nil {
		return err
	}
	if had {
		if err := release(tx, before.SHA256); err != nil {
			return err
		}
	}
	old.Lease = nil
	old.markDeleted(now, days)
	return tx.Put(tableHistory, historyKey(key, deletedID), old)
}

func (p *Properties) markDeleted(now time.Time, days int) {
	purge := now.AddDate(0, 0, days)
	p.Deleted, p.Purge = &now, &purge
}

// expired reports whether p was deleted and its retention has ended. It is purged later, and not shown until then.
func (p *Properties) expired(now time.Time) bool { return p.Deleted != nil && !now.Before(*p.Purge) }

// DeleteVersion deletes a version other than the current one, or a snapshot, by the key; check decides in the same
// transaction. Where deleted blobs are kept it can be restored.
func (c *Content) DeleteVersion(key Key, now time.Time, check func(tx *store.Tx, old *Properties) error) error {
	err := c.st.Update(func(tx *store.Tx) error {
		tx.MakesRoom()
		p, err := stat(tx, key)
		if err != nil {
			return err
		}
		row := key.row()
		if !tx.Has(tableHistory, row) {
			return ErrCurrentVersion
		}
		if check != nil {
			if err := check(tx, p); err != nil {
				return err
			}
		}
		keep, err := c.Retention(tx, key.Account)
		if err != nil {
			return err
		}
		return end(tx, row, *p, now, keep.DeletedDays)
	})
	c.files.sweep()
	return err
}

func forget(tx *store.Tx, row, sha string) error {
	if err := tx.Delete(tableHistory, row); err != nil {
		return err
	}
	return release(tx, sha)
}

// Undelete restores a deleted blob, unless another has its name now, and its deleted versions. check, if set, decides
// in the same transaction. A version becomes the current one when it is copied. ErrNotFound means that neither a blob
// nor a deleted one exists.
// Source: https://learn.microsoft.com/rest/api/storageservices/undelete-blob
func (c *Content) Undelete(key Key, now time.Time, check func(tx *store.Tx) error) error {
	return c.st.Update(func(tx *store.Tx) error {
		if check != nil {
			if err := check(tx); err != nil {
				return err
			}
		}
		_, err := stat(tx, key)
		exists := err == nil
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		kept, err := history(tx, key.String()+"\x00", now)
		if err != nil {
			return err
		}
		if !exists && len(kept) == 0 {
			return fmt.Errorf("%w: %s", ErrNotFound, key)
		}
		for _, k := range kept {
			switch {
			case k.Deleted == nil:
				continue
			case k.id == deletedID && exists:
				continue
			}
			k.Deleted, k.Purge = nil, nil
			if k.id != deletedID {
				if err := tx.Put(tableHistory, historyKey(key, k.id), k.Properties); err != nil {
					return err
				}
				continue
			}
			if err := tx.Delete(tableHistory, historyKey(key, deletedID)); err != nil {
				return err
			}
			if err := tx.Put(tableBlobs, key.String(), k.Properties); err != nil {
				return err
			}
		}
		return nil
	})
}

// past is one row of the history.
type past struct {
	row, name, id string
	Properties
}

// history reads the rows that start with prefix and are not expired, by name and then by version.
func history(tx *store.Tx, prefix string, now time.Time) (out []past, err error) {
	err = tx.Scan(tableHistory, prefix, func(row string, raw []byte) error {
		p := past{row: row}
		if err := json.Unmarshal(raw, &p.Properties); err != nil {
			return fmt.Errorf("decode blob %q: %w", row, err)
		}
		if p.expired(now) {
			return nil
		}
		parts := strings.SplitN(row, "/", 3)
		p.name, p.id, _ = strings.Cut(parts[len(parts)-1], "\x00")
		out = append(out, p)
		return nil
	})
	return out, err
}

// PurgeDeleted removes an account's deleted blobs and versions whose retention has ended.
func (c *Content) PurgeDeleted(tx *store.Tx, account string, now time.Time) error {
	expired := map[string]string{}
	err := tx.Scan(tableHistory, account+"/", func(row string, raw []byte) error {
		var p Properties
		if err := json.Unmarshal(raw, &p); err != nil {
			return fmt.Errorf("decode blob %q: %w", row, err)
		}
		if p.expired(now) {
			expired[row] = p.SHA256
		}
		return nil
	})
	if err != nil {
		return err
	}
	for row, sha := range expired {
		if err := forget(tx, row, sha); err != nil {
			return err
		}
	}
	c.files.sweep()
	return nil
}

// Versions lists the blobs of a container whose names start with prefix together with their previous versions, their
// snapshots and, with deleted, the deleted ones that can be restored. They are in the order of their names; of one name
// snapshots come first, then versions from the oldest to the current one.
func (c *Content) Versions(account, container, prefix string, deleted bool, now time.Time) ([]Item, error) {
	return c.everything(account, container, prefix, included{versions: true, snapshots: true, deleted: deleted}, now)
}

// included are the parts of the history that a list has beside the blobs.
type included struct{ versions, snapshots, deleted bool }

func (i included) any() bool { return i.versions || i.snapshots || i.deleted }

// has reports whether a row of the history is in the list.
func (i included) has(p Properties) bool {
	switch {
	case p.Snapshot != "":
		return i.snapshots && (p.Deleted == nil || i.deleted)
	case p.Deleted != nil:
		return i.deleted
	}
	return i.versions
}

// id distinguishes the rows of one name.
func (i Item) id() string {
	switch {
	case i.Snapshot != "":
		return snapshotID(i.Snapshot)
	case i.VersionID != "":
		return i.VersionID
	case i.Deleted != nil:
		return deletedID
	}
	return "~" // after its snapshots
}

// pageOfAll is page with versions and deleted blobs. A page begins with a name and a version, joined by NUL.
func (c *Content) pageOfAll(
	account, container string, q pageQuery, with included, now time.Time,
) (page, error) {
	all, err := c.everything(account, container, q.prefix, with, now)
	if err != nil {
		return page{}, err
	}
	var out page
	group := ""
	for i := range all {
		item := &all[i]
		mark := item.Name + "\x00" + item.id()
		if mark < q.from || group != "" && strings.HasPrefix(item.Name, group) {
			continue
		}
		if q.max > 0 && len(out.entries) == q.max {
			out.next = mark
			break
		}
		if q.delimiter != "" {
			if at := strings.Index(item.Name[len(q.prefix):], q.delimiter); at >= 0 {
				group = item.Name[:len(q.prefix)+at+len(q.delimiter)]
				out.entries = append(out.entries, entry{prefix: group})
				continue
			}
		}
		out.entries = append(out.entries, entry{blob: item})
	}
	return out, nil
}

func (c *Content) everything(
	account, container, prefix string, with included, now time.Time,
) (out []Item, err error) {
	if out, err = c.List(account, container, prefix); err != nil {
		return nil, err
	}
	for i := range out {
		out[i].Current = true
	}
	err = c.st.View(func(tx *store.Tx) error {
		kept, err := history(tx, account+"/"+container+"/"+prefix, now)
		for _, k := range kept {
			if with.has(k.Properties) {
				out = append(out, Item{Name: k.name, Properties: k.Properties})
			}
		}
		return err
	})
	slices.SortStableFunc(out, func(a, b Item) int {
		if n := strings.Compare(a.Name, b.Name); n != 0 {
			return n
		}
		return strings.Compare(a.id(), b.id())
	})
	return out, err
}
