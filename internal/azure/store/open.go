package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// lockPatience is how long Open waits for another process to release the file.
const lockPatience = 200 * time.Millisecond

// Open opens or creates the file at path (mode 0600), with a seal beside it (SealPath). It reads the whole file first:
// a file that is missing although its seal is there, or not as it was written, is a Damage, and is left as it is. It
// returns ErrLocked when another process has the file open. A file of an earlier version gets a seal, and its records
// their digests.
func Open(path string) (*Store, error) {
	s, err := readSeal(path)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	empty := err != nil || info.Size() == 0
	switch {
	case s == nil && empty:
		s = newSeal(sealCreating)
	case s == nil || s.Status == sealConverting:
		return convert(path, s)
	case s.Status != sealCreating:
		return reopen(path, s)
	}
	return create(path, s)
}

// create makes a state file, or takes up one that a process left when it died before it was of use.
func create(path string, s *seal) (*Store, error) {
	if err := s.write(path); err != nil {
		return nil, err
	}
	if info, err := os.Stat(path); err == nil && info.Size() > 0 {
		c, err := inspect(path)
		if err != nil {
			return nil, err
		}
		if len(c.problems) > 0 {
			if err := os.Remove(path); err != nil {
				return nil, err
			}
		}
	}
	db, err := openFile(path)
	if err != nil {
		return nil, err
	}
	return start(path, db, s, head{ID: s.ID})
}

// reopen opens a state file that has a seal.
func reopen(path string, s *seal) (*Store, error) {
	for range 3 {
		damages, err := Check(path)
		if err != nil {
			return nil, err
		}
		if len(damages) > 0 {
			return nil, &damages[0]
		}
		db, err := openFile(path)
		if err != nil {
			return nil, err
		}
		h, err := readHead(db)
		if err != nil {
			return nil, errors.Join(err, db.Close())
		}
		now, err := readSeal(path)
		if err != nil || now == nil {
			return nil, errors.Join(err, db.Close())
		}
		if *now == *s {
			return start(path, db, s, *h)
		}
		s = now // another process had it open in between, so what was checked is not what is there
		if err := db.Close(); err != nil {
			return nil, err
		}
	}
	return nil, ErrLocked
}

// convert gives the records of an earlier version their digests. s is nil the first time.
func convert(path string, s *seal) (*Store, error) {
	c, err := inspect(path)
	if err != nil {
		return nil, err
	}
	if s == nil && c.head != nil {
		return nil, &Damage{File: SealPath(path), What: "it is missing"}
	}
	if len(c.problems) > 0 {
		return nil, &Damage{File: path, What: c.problems[0]}
	}
	if s == nil {
		s = newSeal(sealConverting)
		if err := s.write(path); err != nil {
			return nil, err
		}
	}
	db, err := openFile(path)
	if err != nil {
		return nil, err
	}
	h := head{ID: s.ID}
	if c.head == nil {
		err = db.Update(func(tx *bbolt.Tx) error { return addDigests(tx, &h) })
	} else {
		h = *c.head
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("convert %s: %w", path, err), db.Close())
	}
	return start(path, db, s, h)
}

// addDigests rewrites all records and writes the head.
func addDigests(tx *bbolt.Tx, h *head) error {
	var sum tally
	err := tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
		table := string(name)
		documents := map[string][]byte{}
		if err := b.ForEach(func(k, v []byte) error { documents[string(k)] = v; return nil }); err != nil {
			return err
		}
		for key, document := range documents {
			record, d := sealRecord(table, key, document)
			if err := b.Put([]byte(key), record); err != nil {
				return err
			}
			sum.add(d)
		}
		return nil
	})
	if err != nil {
		return err
	}
	h.Records, h.Digest = sum.records, sum.digest[:]
	return h.put(tx)
}

func openFile(path string) (*bbolt.DB, error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockPatience})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, ErrLocked
	}
	if err != nil {
		return nil, fmt.Errorf("open state %s: %w", path, err)
	}
	return db, nil
}

func readHead(db *bbolt.DB) (h *head, err error) {
	h = &head{}
	return h, db.View(func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte(headTable))
		if b == nil {
			return &Damage{File: db.Path(), What: "its head is missing"}
		}
		document, _, err := openRecord(headTable, headKey, b.Get([]byte(headKey)))
		if err != nil {
			return &Damage{File: db.Path(), What: err.Error()}
		}
		return json.Unmarshal(document, h)
	})
}

// start makes a store of an open file. A new one gets its head before its seal says that it must have one.
func start(path string, db *bbolt.DB, s *seal, h head) (*Store, error) {
	st := &Store{db: db, path: path, seal: s, head: h}
	st.tally.records = h.Records
	copy(st.tally.digest[:], h.Digest)
	err := func() error {
		if s.Status == sealCreating {
			st.head.Digest = st.tally.digest[:]
			if err := db.Update(st.head.put); err != nil {
				return err
			}
		}
		keepReserve(path)
		s.Status, s.Sequence, s.SHA256, s.Reserve = sealOpen, h.Sequence, "", 0
		return s.write(path)
	}()
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return st, nil
}

// Close seals the file and releases it.
func (s *Store) Close() error {
	s.turn.Lock()
	for s.batch != nil { // updates are on their way to the disk
		done := s.batch.done
		s.turn.Unlock()
		<-done
		s.turn.Lock()
	}
	defer s.turn.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	sum, err := fileDigest(s.path)
	if err == nil {
		s.seal.Status, s.seal.Sequence, s.seal.SHA256 = sealClosed, s.head.Sequence, sum
		s.seal.Reserve = reserved(s.path)
		// A seal that cannot be written, as on a failing disk, still says that the file is open, which promises less.
		_ = s.seal.write(s.path)
	}
	return s.db.Close()
}

// View runs fn in a read-only transaction on the state file at path, which it neither checks as a whole nor changes.
// ErrLocked when another process has it open.
func View(path string, fn func(*Tx) error) error {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: lockPatience})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return ErrLocked
	}
	if err != nil {
		return fmt.Errorf("read state %s: %w", path, err)
	}
	err = db.View(func(tx *bbolt.Tx) error { return fn(&Tx{tx: tx, path: path}) })
	return errors.Join(err, db.Close())
}
