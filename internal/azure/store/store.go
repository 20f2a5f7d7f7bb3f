// Package store keeps the embedded Azure's state: durable transactions over one file.
//
// It sits at the bottom: it knows keys and JSON, nothing of Azure. A write is on disk (fsync) before Update returns.
package store

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"

	"go.etcd.io/bbolt"
)

// ErrLocked is returned by Open when another process holds the file.
var ErrLocked = fmt.Errorf("the state file is in use by another process")

// Store is one state file. Its methods are safe for concurrent use.
type Store struct {
	db   *bbolt.DB
	path string
	seal *seal

	// waiting counts calls of Update that have not had their turn.
	waiting atomic.Int64
	// turn is held by the Update that runs; batch is the transaction that it joins, or nil. head and tally are of what
	// is on disk.
	turn   sync.Mutex
	batch  *batch
	head   head
	tally  tally
	closed bool
}

// View runs fn in a read-only transaction.
func (s *Store) View(fn func(*Tx) error) error {
	return s.db.View(func(tx *bbolt.Tx) error { return fn(&Tx{tx: tx, path: s.path}) })
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
		b = &batch{tx: tx, tally: s.tally, done: make(chan struct{})}
		s.batch = b
	}
	t := &Tx{tx: b.tx, path: s.path, tally: &b.tally}
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
	tally   tally
	updates int
	// makesRoom says that one of the updates may use the reserve.
	makesRoom bool
	done      chan struct{}
	err       error
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
		b.makesRoom = b.makesRoom || t.makesRoom
		// Whoever waits takes the next turn, so the last one always gets here.
		if b.updates++; s.waiting.Load() == 0 || b.updates >= maxBatch || b.err != nil {
			if b.err == nil {
				b.err = s.commit(b)
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

// commit writes a batch to disk, with a head that fits it.
func (s *Store) commit(b *batch) error {
	h := head{ID: s.head.ID, Sequence: s.head.Sequence + 1, Records: b.tally.records, Digest: b.tally.digest[:]}
	err := guard(s.path, func() error { return h.put(b.tx) })
	if err != nil {
		_ = b.tx.Rollback() // err says more
		return err
	}
	if b.makesRoom {
		shrinkReserve(s.path)
	}
	if err := guard(s.path, b.tx.Commit); err != nil {
		return err
	}
	s.head, s.tally = h, b.tally
	return nil
}

// Tx is a transaction. Values are JSON documents in named tables, ordered by key.
type Tx struct {
	tx   *bbolt.Tx
	path string
	// tally counts what an update writes; nil in a reading transaction.
	tally *tally
	undos []replaced
	// makesRoom lets the update use the reserve.
	makesRoom bool
	// committed are to be called once the writes are durable.
	committed []func()
}

// guard turns a panic of bbolt, which trusts what its pages say, into a Damage, and so a fault at an address that a
// truncated file no longer has.
func guard(path string, fn func() error) (err error) {
	before := debug.SetPanicOnFault(true)
	defer func() {
		debug.SetPanicOnFault(before)
		if r := recover(); r != nil {
			err = &Damage{File: path, What: fmt.Sprintf("it cannot be read: %v", r)}
		}
	}()
	return fn()
}

// AfterCommit has fn called when the update's writes are durable, before Update returns; never when it fails.
func (t *Tx) AfterCommit(fn func()) { t.committed = append(t.committed, fn) }

// replaced is a record before a write; nil when there was none.
type replaced struct {
	table, key string
	record     []byte
}

// set puts a record, or removes it when record is nil, and keeps what was there.
func (t *Tx) set(table, key string, record []byte) error {
	return guard(t.path, func() error {
		b, err := t.tx.CreateBucketIfNotExists([]byte(table))
		if err != nil {
			return err
		}
		before := bytes.Clone(b.Get([]byte(key)))
		if err := put(b, key, record); err != nil {
			return err
		}
		t.tally.replace(before, record)
		t.undos = append(t.undos, replaced{table, key, before})
		return nil
	})
}

func put(b *bbolt.Bucket, key string, record []byte) error {
	if record == nil {
		return b.Delete([]byte(key))
	}
	return b.Put([]byte(key), record)
}

// undo takes all writes back.
func (t *Tx) undo() error {
	return guard(t.path, func() error {
		for _, r := range slices.Backward(t.undos) {
			b := t.tx.Bucket([]byte(r.table))
			now := bytes.Clone(b.Get([]byte(r.key)))
			if err := put(b, r.key, r.record); err != nil {
				return err
			}
			t.tally.replace(now, r.record)
		}
		return nil
	})
}

// document reads and checks the document at key; nil when there is none. It is valid as long as the transaction.
func (t *Tx) document(table, key string) (document []byte, err error) {
	err = guard(t.path, func() error {
		b := t.tx.Bucket([]byte(table))
		if b == nil {
			return nil
		}
		record := b.Get([]byte(key))
		if record == nil {
			return nil
		}
		document, err = t.open(table, key, record)
		return err
	})
	return document, err
}

func (t *Tx) open(table, key string, record []byte) ([]byte, error) {
	document, _, err := openRecord(table, key, record)
	if err != nil {
		return nil, &Damage{File: t.path, What: err.Error()}
	}
	return document, nil
}

// Get decodes the value at key into v and reports whether it was there.
func (t *Tx) Get(table, key string, v any) (bool, error) {
	document, err := t.document(table, key)
	if document == nil || err != nil {
		return false, err
	}
	if err := json.Unmarshal(document, v); err != nil {
		return false, fmt.Errorf("decode %s %q: %w", table, key, err)
	}
	return true, nil
}

// Has reports whether key is in the table.
func (t *Tx) Has(table, key string) bool {
	found := false
	// A page that cannot be read has no key; whoever reads the value hears of the damage.
	_ = guard(t.path, func() error {
		b := t.tx.Bucket([]byte(table))
		found = b != nil && b.Get([]byte(key)) != nil
		return nil
	})
	return found
}

// Put stores v as JSON.
func (t *Tx) Put(table, key string, v any) error {
	document, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode %s %q: %w", table, key, err)
	}
	record, _ := sealRecord(table, key, document)
	return t.set(table, key, record)
}

// Delete removes key; a missing key is no error.
func (t *Tx) Delete(table, key string) error {
	if !t.Has(table, key) {
		return nil
	}
	return t.set(table, key, nil)
}

// Scan calls fn, in key order, for every key that starts with prefix. fn must not write to the same table. raw is valid
// only during the call.
func (t *Tx) Scan(table, prefix string, fn func(key string, raw []byte) error) error {
	return t.ScanFrom(table, prefix, prefix, fn)
}

// ScanFrom is Scan without the keys before from, which are not looked at.
func (t *Tx) ScanFrom(table, prefix, from string, fn func(key string, raw []byte) error) error {
	var c *bbolt.Cursor
	var k, v []byte
	var key string
	var document []byte
	// next moves to a key, and reads and checks its record.
	next := func(move func()) error {
		return guard(t.path, func() (err error) {
			move()
			if k != nil && bytes.HasPrefix(k, []byte(prefix)) {
				key = string(k)
				document, err = t.open(table, key, v)
			}
			return err
		})
	}
	err := next(func() {
		if b := t.tx.Bucket([]byte(table)); b != nil {
			c = b.Cursor()
			k, v = c.Seek([]byte(max(prefix, from)))
		}
	})
	for err == nil && k != nil && bytes.HasPrefix(k, []byte(prefix)) {
		if err := fn(key, document); err != nil {
			return err
		}
		err = next(func() { k, v = c.Next() })
	}
	return err
}

// Tables lists the tables.
func (t *Tx) Tables() (names []string, err error) {
	err = guard(t.path, func() error {
		return t.tx.ForEach(func(name []byte, _ *bbolt.Bucket) error {
			if string(name) != headTable {
				names = append(names, string(name))
			}
			return nil
		})
	})
	return names, err
}
