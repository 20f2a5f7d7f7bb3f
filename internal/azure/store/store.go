// Package store keeps the embedded Azure's state: durable transactions over one file.
//
// It sits at the bottom: it knows keys and JSON, nothing of Azure. A write is on disk (fsync) before Update returns.
package store

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// ErrLocked is returned by Open when another process holds the file.
var ErrLocked = fmt.Errorf("the state file is in use by another process")

// Store is one state file. Its methods are safe for concurrent use.
type Store struct {
	db *bbolt.DB

	// waiting counts calls of Update that have not had their turn.
	waiting atomic.Int64
	// turn is held by the Update that runs; batch is the transaction that it joins, or nil.
	turn  sync.Mutex
	batch *batch
}

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

// Update runs fn in a read-write transaction; all its writes are durable when Update returns nil, none when it returns
// an error.
//
// Updates that come while another one is being written to disk share the next write to disk: it takes far longer than
// they do. Still each runs alone, sees what those before it wrote, and fails without harm to the others.
func (s *Store) Update(fn func(*Tx) error) error {
	s.waiting.Add(1)
	s.turn.Lock()
	s.waiting.Add(-1)
	b := s.batch
	if b == nil {
		tx, err := s.db.Begin(true)
		if err != nil {
			s.turn.Unlock()
			return err
		}
		b = &batch{tx: tx, done: make(chan struct{})}
		s.batch = b
	}
	t := &Tx{tx: b.tx, undoable: true}
	err := s.inTurn(b, t, fn)
	<-b.done
	if err := cmp.Or(b.err, err); err != nil {
		return err
	}
	for _, then := range t.committed {
		then()
	}
	return nil
}

// batch is a transaction that several updates share. err is what became of it, once done is closed.
type batch struct {
	tx      *bbolt.Tx
	updates int
	done    chan struct{}
	err     error
}

// maxBatch bounds how long the first update of a batch waits for the last one.
const maxBatch = 128

// inTurn runs an update and, when nobody waits to join the batch, writes it to disk. A panic of fn is an update that
// failed, and goes on to the caller.
func (s *Store) inTurn(b *batch, t *Tx, fn func(*Tx) error) (err error) {
	failed := true
	defer func() {
		if failed {
			b.err = cmp.Or(b.err, t.undo())
		}
		// Whoever waits takes the next turn, so the last one always gets here.
		if b.updates++; s.waiting.Load() == 0 || b.updates >= maxBatch || b.err != nil {
			if b.err == nil {
				b.err = b.tx.Commit()
			} else {
				_ = b.tx.Rollback() // b.err says more
			}
			s.batch = nil
			close(b.done)
		}
		s.turn.Unlock()
	}()
	err = fn(t)
	failed = err != nil
	return err
}

// Tx is a transaction. Values are JSON documents in named tables, ordered by key.
type Tx struct {
	tx *bbolt.Tx
	// undoable says to keep in undos what writes replace.
	undoable bool
	undos    []replaced
	// committed are to be called once the writes are durable.
	committed []func()
}

// AfterCommit has fn called when the update's writes are durable, before Update returns; never when it fails.
func (t *Tx) AfterCommit(fn func()) { t.committed = append(t.committed, fn) }

// replaced is a value before a write; raw is nil when there was none.
type replaced struct {
	table, key string
	raw        []byte
}

// keep remembers a value that is about to be replaced.
func (t *Tx) keep(b *bbolt.Bucket, table, key string) {
	if t.undoable {
		t.undos = append(t.undos, replaced{table, key, bytes.Clone(b.Get([]byte(key)))})
	}
}

// undo takes all writes back.
func (t *Tx) undo() error {
	for _, r := range slices.Backward(t.undos) {
		b := t.tx.Bucket([]byte(r.table))
		var err error
		if r.raw == nil {
			err = b.Delete([]byte(r.key))
		} else {
			err = b.Put([]byte(r.key), r.raw)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

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
	t.keep(b, table, key)
	return b.Put([]byte(key), raw)
}

// Delete removes key; a missing key is no error.
func (t *Tx) Delete(table, key string) error {
	b := t.tx.Bucket([]byte(table))
	if b == nil {
		return nil
	}
	t.keep(b, table, key)
	return b.Delete([]byte(key))
}

// Scan calls fn, in key order, for every key that starts with prefix. fn must not write to the same table. raw is valid
// only during the call.
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
	for k, v := c.Seek([]byte(max(prefix, from))); k != nil && len(k) >= len(prefix) &&
		string(k[:len(prefix)]) == prefix; k, v = c.Next() {
		if err := fn(string(k), v); err != nil {
			return err
		}
	}
	return nil
}
