// Package store keeps the embedded Azure's state: durable transactions over one file.
//
// It sits at the bottom: it knows keys and JSON, nothing of Azure. A write is on disk (fsync) before Update returns.
package store

import (
	"encoding/json"
	"fmt"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// ErrLocked is returned by Open when another process holds the file.
var ErrLocked = fmt.Errorf("the state file is in use by another process")

// Store is one state file. Its methods are safe for concurrent use.
type Store struct{ db *bbolt.DB }

// Open opens or creates the file at path (mode 0600). It returns ErrLocked when another process has it open.
func Open(path string) (*Store, error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: 200 * time.Millisecond})
	if err == bolterrors.ErrTimeout {
		return nil, ErrLocked
	}
	if err != nil {
		return nil, fmt.Errorf("open state %s: %w", path, err)
	}
	return &Store{db: db}, nil
}

// Close releases the file.
func (s *Store) Close() error { return s.db.Close() }

// View runs fn in a read-only transaction.
func (s *Store) View(fn func(*Tx) error) error {
	return s.db.View(func(tx *bbolt.Tx) error { return fn(&Tx{tx: tx}) })
}

// Update runs fn in a read-write transaction; all its writes are durable when Update returns nil, none when it returns an error.
func (s *Store) Update(fn func(*Tx) error) error {
	return s.db.Update(func(tx *bbolt.Tx) error { return fn(&Tx{tx: tx}) })
}

// Tx is a transaction. Values are JSON documents in named tables, ordered by key.
type Tx struct{ tx *bbolt.Tx }

// Get decodes the value at key into v and reports whether it was there.
func (t *Tx) Get(table, key string, v any) (bool, error) {
	b := t.tx.Bucket([]byte(table))
	if b == nil {
		return false, nil
	}
	raw := b.Get([]byte(key))
	if raw == nil {
		return false, nil
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return false, fmt.Errorf("decode %s %q: %w", table, key, err)
	}
	return true, nil
}

// Has reports whether key is in the table.
func (t *Tx) Has(table, key string) bool {
	b := t.tx.Bucket([]byte(table))
	return b != nil && b.Get([]byte(key)) != nil
}

// Put stores v as JSON.
func (t *Tx) Put(table, key string, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode %s %q: %w", table, key, err)
	}
	b, err := t.tx.CreateBucketIfNotExists([]byte(table))
	if err != nil {
		return err
	}
	return b.Put([]byte(key), raw)
}

// Delete removes key; a missing key is no error.
func (t *Tx) Delete(table, key string) error {
	b := t.tx.Bucket([]byte(table))
	if b == nil {
		return nil
	}
	return b.Delete([]byte(key))
}

// Scan calls fn, in key order, for every key that starts with prefix. fn must not write to the same table. raw is valid only during the call.
func (t *Tx) Scan(table, prefix string, fn func(key string, raw []byte) error) error {
	return t.ScanFrom(table, prefix, prefix, fn)
}

// ScanFrom is Scan without the keys before from, which are not looked at.
func (t *Tx) ScanFrom(table, prefix, from string, fn func(key string, raw []byte) error) error {
	b := t.tx.Bucket([]byte(table))
	if b == nil {
		return nil
	}
	c := b.Cursor()
	for k, v := c.Seek([]byte(max(prefix, from))); k != nil && len(k) >= len(prefix) && string(k[:len(prefix)]) == prefix; k, v = c.Next() {
		if err := fn(string(k), v); err != nil {
			return err
		}
	}
	return nil
}
