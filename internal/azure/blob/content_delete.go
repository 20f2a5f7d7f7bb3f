package blob

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/crossorg/crossorg/internal/azure/store"
)

// Delete removes a blob and the blocks staged for it, or returns ErrNotFound. Where the account keeps versions or
// deleted blobs, the blob is kept as one.
func (c *Content) Delete(key Key) error { return c.DeleteIf(key, time.Now(), nil) }

// DeleteIf is Delete at a time, with a check in the same transaction; its error refuses the deletion. A blob that has
// snapshots is refused with ErrSnapshotsPresent.
func (c *Content) DeleteIf(key Key, now time.Time, check func(tx *store.Tx, old *Properties) error) error {
	return c.DeleteWith(key, KeepSnapshots, now, check)
}

// DeleteWith is DeleteIf with a choice about the blob's snapshots.
func (c *Content) DeleteWith(
	key Key, snapshots Snapshots, now time.Time, check func(tx *store.Tx, old *Properties) error,
) error {
	err := c.st.Update(func(tx *store.Tx) error {
		tx.MakesRoom()
		p, err := stat(tx, key)
		if err != nil {
			return err
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
		if done, err := snapshots.delete(tx, key, now, keep.DeletedDays); done || err != nil {
			return err
		}
		switch {
		case keep.Versions:
			err = keepVersion(tx, key, *p)
		case keep.DeletedDays > 0:
			err = keepDeleted(tx, key, *p, now, keep.DeletedDays)
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
	if err := tx.Delete(tableRetention, account); err != nil {
		return err
	}
	for _, table := range deletedTables {
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
