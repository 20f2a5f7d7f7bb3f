package blob

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/crossorg/crossorg/internal/azure/store"
)

// ErrSnapshotsPresent refuses to delete a blob without its snapshots.
var ErrSnapshotsPresent = errors.New("the blob has snapshots")

// snapshotID is the id in the history of a snapshot taken at a time. Ids of versions begin with another character.
func snapshotID(at string) string { return "0" + at }

// row is the row of the history for the version or the snapshot that the key names.
func (k Key) row() string {
	if k.Snapshot != "" {
		return historyKey(k, snapshotID(k.Snapshot))
	}
	return historyKey(k, k.Version)
}

// TakeSnapshot keeps a blob as it is under the time of the snapshot, which is in the result. Metadata replaces the
// blob's if set. check, if set, decides in the same transaction.
// Source: https://learn.microsoft.com/rest/api/storageservices/snapshot-blob
func (c *Content) TakeSnapshot(
	key Key, now time.Time, metadata map[string]string, check func(tx *store.Tx, p *Properties) error,
) (Properties, error) {
	var out Properties
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
		out = *p
		tag := c.nextETag(present(now))
		if out.Snapshot, err = tagTime(tag); err != nil {
			return err
		}
		out.Lease, out.VersionID = nil, ""
		if metadata != nil {
			out.Metadata, out.ETag, out.LastModified = metadata, tag, present(now).UTC().Truncate(time.Second)
		}
		if err := retain(tx, out.SHA256); err != nil {
			return err
		}
		key.Snapshot = out.Snapshot
		return tx.Put(tableHistory, key.row(), out)
	})
	return out, err
}

// Snapshots says what a deletion does with the snapshots of a blob.
type Snapshots int

const (
	// KeepSnapshots refuses to delete a blob that has snapshots.
	KeepSnapshots Snapshots = iota
	// WithSnapshots deletes them with the blob.
	WithSnapshots
	// OnlySnapshots deletes them and leaves the blob.
	OnlySnapshots
)

// delete deletes a blob's snapshots as the choice says; done says that the blob itself stays.
func (s Snapshots) delete(tx *store.Tx, key Key, now time.Time, days int) (done bool, err error) {
	rows := map[string]Properties{}
	if err := tx.Scan(tableHistory, historyKey(key, snapshotID("")), func(row string, raw []byte) error {
		var p Properties
		if err := json.Unmarshal(raw, &p); err != nil {
			return fmt.Errorf("decode blob %q: %w", row, err)
		}
		if p.Deleted == nil {
			rows[row] = p
		}
		return nil
	}); err != nil {
		return false, err
	}
	if s == KeepSnapshots && len(rows) > 0 {
		return false, ErrSnapshotsPresent
	}
	for row, p := range rows {
		if err := end(tx, row, p, now, days); err != nil {
			return false, err
		}
	}
	return s == OnlySnapshots, nil
}

// end deletes a row of the history, or keeps it as deleted for days.
func end(tx *store.Tx, row string, p Properties, now time.Time, days int) error {
	if days > 0 {
		p.markDeleted(now, days)
		return tx.Put(tableHistory, row, p)
	}
	return forget(tx, row, p.SHA256)
}

// snapshotBlob is Snapshot Blob: https://learn.microsoft.com/rest/api/storageservices/snapshot-blob
func (x *exchange) snapshotBlob() error {
	metadata, e := metadataOf(x.r.Header)
	if e != nil {
		return e
	}
	c, e := conditionsOf(x.r.Header, "")
	if e != nil {
		return e
	}
	if _, err := x.containerIn(nil); err != nil {
		return err
	}
	p, err := x.content.TakeSnapshot(x.t.key(), x.at, metadata, func(tx *store.Tx, p *Properties) error {
		if err := x.mayStage(tx); err != nil {
			return err
		}
		if e := c.write(p); e != nil {
			return errConditionNotMet
		}
		return x.mayUse(p, false)
	})
	if err != nil {
		return err
	}
	x.stamp(p)
	x.w.Header().Set("x-ms-snapshot", p.Snapshot)
	x.w.Header().Set("x-ms-request-server-encrypted", "true")
	x.w.WriteHeader(http.StatusCreated)
	return nil
}

// snapshots reads what a request to delete a blob wants done with its snapshots.
func (x *exchange) snapshots() (Snapshots, *Error) {
	choice := x.r.Header.Get("x-ms-delete-snapshots")
	switch {
	case choice == "":
		return KeepSnapshots, nil
	case x.q.Has("snapshot") || x.q.Has("versionid"): // the header is about all snapshots
		return 0, errInvalidInput
	case choice == "include":
		return WithSnapshots, nil
	case choice == "only":
		return OnlySnapshots, nil
	}
	return 0, errHeaderValue("x-ms-delete-snapshots")
}
