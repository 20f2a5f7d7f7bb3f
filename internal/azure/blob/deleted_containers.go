package blob

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/crossorg/crossorg/internal/azure/store"
)

const (
	// tableDeletedBlobs holds the blobs of deleted containers: account/container/version/name → Properties;
	// tableDeletedHistory what tableHistory held of them.
	tableDeletedBlobs   = "blob.buried"
	tableDeletedHistory = "blob.buried.history"
)

// deletedTables holds, by table, the table that rows of a deleted container move to.
var deletedTables = map[string]string{tableBlobs: tableDeletedBlobs, tableHistory: tableDeletedHistory}

func deletedPrefix(account, container, version string) string {
	return account + "/" + container + "/" + version + "/"
}

// KeepDeletedContainer sets all blobs of a deleted container aside, with the transaction, until RestoreContainer brings
// them back under the same version. Blocks that were staged are dropped.
// Source: https://learn.microsoft.com/azure/storage/blobs/soft-delete-container-overview
func (c *Content) KeepDeletedContainer(tx *store.Tx, account, container, version string) error {
	if account == "" || container == "" || version == "" {
		return fmt.Errorf("%w: %q/%q", ErrInvalidName, account, container)
	}
	live := account + "/" + container + "/"
	for from, to := range deletedTables {
		if err := move(tx, from, live, to, deletedPrefix(account, container, version)); err != nil {
			return err
		}
	}
	return dropBlocks(tx, live)
}

// RestoreContainer moves the blobs of a deleted container into the empty container destination.
func (c *Content) RestoreContainer(tx *store.Tx, account, container, version, destination string) error {
	deleted, live := deletedPrefix(account, container, version), account+"/"+destination+"/"
	for to, from := range deletedTables {
		if err := move(tx, from, deleted, to, live); err != nil {
			return err
		}
	}
	return nil
}

// PurgeDeletedContainer removes the blobs that KeepDeletedContainer set aside.
func (c *Content) PurgeDeletedContainer(tx *store.Tx, account, container, version string) error {
	for _, table := range deletedTables {
		if err := dropRows(tx, table, deletedPrefix(account, container, version)); err != nil {
			return err
		}
	}
	c.files.sweep()
	return nil
}

// move moves the rows whose keys start with prefix to another table and prefix. References to content stay as they are.
func move(tx *store.Tx, from, prefix, to, newPrefix string) error {
	rows := map[string]json.RawMessage{}
	err := tx.Scan(from, prefix, func(key string, raw []byte) error {
		rows[key] = append(json.RawMessage(nil), raw...)
		return nil
	})
	if err != nil {
		return err
	}
	for key, raw := range rows {
		if err := tx.Delete(from, key); err != nil {
			return err
		}
		if err := tx.Put(to, newPrefix+key[len(prefix):], raw); err != nil {
			return err
		}
	}
	return nil
}

// DeletedVersion is the version of a container that is deleted at t: 16 hexadecimal digits, as the service has them,
// here of the time.
func DeletedVersion(t time.Time) string {
	const filetime = 504911232000000000 // ticks at 1601-01-01, from which the service counts
	return fmt.Sprintf("%016X", ticks(t)-filetime)
}
