package blob

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/crossorg/crossorg/internal/azure/store"
)

const (
	// tableBuried holds the blobs of deleted containers: account/container/version/name → Properties;
	// tableBuriedHistory what tableHistory held of them.
	tableBuried        = "blob.buried"
	tableBuriedHistory = "blob.buried.history"
)

// graves are where the rows of a deleted container go.
var graves = map[string]string{tableBlobs: tableBuried, tableHistory: tableBuriedHistory}

func grave(account, container, version string) string {
	return account + "/" + container + "/" + version + "/"
}

// BuryContainer takes all blobs of a container out of sight with the transaction, to be brought back by ExhumeContainer
// under the same version. Blocks that were staged are dropped.
// Source: https://learn.microsoft.com/azure/storage/blobs/soft-delete-container-overview
func (c *Content) BuryContainer(tx *store.Tx, account, container, version string) error {
	if account == "" || container == "" || version == "" {
		return fmt.Errorf("%w: %q/%q", ErrInvalidName, account, container)
	}
	live := account + "/" + container + "/"
	for from, to := range graves {
		if err := move(tx, from, live, to, grave(account, container, version)); err != nil {
			return err
		}
	}
	return dropBlocks(tx, live)
}

// ExhumeContainer makes the blobs of a deleted container those of the container destination, which has none.
func (c *Content) ExhumeContainer(tx *store.Tx, account, container, version, destination string) error {
	for to, from := range graves {
		if err := move(tx, from, grave(account, container, version), to, account+"/"+destination+"/"); err != nil {
			return err
		}
	}
	return nil
}

// DropBuried removes the blobs of a deleted container for good.
func (c *Content) DropBuried(tx *store.Tx, account, container, version string) error {
	for _, table := range graves {
		if err := dropRows(tx, table, grave(account, container, version)); err != nil {
			return err
		}
	}
	c.files.sweep()
	return nil
}

// move moves the rows whose keys start with prefix to another table and prefix. What they refer to stays referred to.
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

// DeletedVersion names a container that is deleted at t, as the service does: 16 hexadecimal digits, here of the time.
func DeletedVersion(t time.Time) string {
	const filetime = 504911232000000000 // ticks at 1601-01-01, from which the service counts
	return fmt.Sprintf("%016X", ticks(t)-filetime)
}
