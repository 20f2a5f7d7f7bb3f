package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// contents are what a state file was found to have.
type contents struct {
	meta  meta
	head  *head // nil when there is none
	tally tally
	// plain counts records of an earlier format, which have no digests.
	plain int
	// problems are what is wrong with it.
	problems []string
}

// inspect reads a state file as a whole and trusts no byte of it. ErrLocked when another process writes to it.
func inspect(path string) (*contents, error) {
	// bbolt's shared lock keeps writers away. Where bbolt cannot open the file, it had the lock before it found out.
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: lockPatience})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, ErrLocked
	}
	if err == nil {
		defer func() { _ = db.Close() }() // opened for reading only
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	c := &contents{}
	if c.meta, err = readPages(file, c.record); err != nil {
		c.problems = append(c.problems, err.Error())
	}
	return c, nil
}

// record takes one record in.
func (c *contents) record(table, key string, record []byte) error {
	if len(record) > 0 && record[0] != recordMark && json.Valid(record) {
		c.plain++
		return nil
	}
	document, d, err := openRecord(table, key, record)
	if err != nil {
		c.problems = append(c.problems, err.Error())
		return nil
	}
	if table != headTable {
		c.tally.add(d)
		return nil
	}
	c.head = &head{}
	if key != headKey || json.Unmarshal(document, c.head) != nil {
		c.problems = append(c.problems, "it has a head that does not decode")
	}
	return nil
}

// judge adds what contradicts the head and the seal.
func (c *contents) judge(s *seal) {
	if len(c.problems) > 0 {
		return // the rest would only repeat it
	}
	found := func(format string, args ...any) { c.problems = append(c.problems, fmt.Sprintf(format, args...)) }
	switch {
	case c.head == nil:
		found("its head is missing, which counts the records")
	case c.head.ID != s.ID:
		found("it belongs to another home: its id is %s and should be %s", c.head.ID, s.ID)
	case c.head.Sequence < s.Sequence:
		found("it is an older copy: it ends with update %d, and update %d was made", c.head.Sequence, s.Sequence)
	case c.plain > 0:
		found("%d records have no digest", c.plain)
	case c.head.Records != c.tally.records:
		found("it has %d records and should have %d", c.tally.records, c.head.Records)
	case !slices.Equal(c.head.Digest, c.tally.digest[:]):
		found("its records are not those that were written last")
	}
}

// Check reads a state file and its seal as a whole, changes neither, and returns every damage. ErrLocked when another
// process has it open.
func Check(path string) ([]Damage, error) {
	s, err := readSeal(path)
	var broken *Damage
	if errors.As(err, &broken) {
		return []Damage{*broken}, nil
	}
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return []Damage{{path, "it is missing"}}, nil
	case err != nil:
		return nil, err
	case info.Size() == 0:
		return []Damage{{path, "it is empty"}}, nil
	}
	c, err := inspect(path)
	if err != nil {
		return nil, err
	}
	if s != nil {
		c.judge(s)
	} else if c.head != nil {
		return []Damage{{SealPath(path), "it is missing"}}, nil
	}
	if len(c.problems) == 0 && s != nil && s.Status == sealClosed {
		if err := c.compare(path, s); err != nil {
			return nil, err
		}
	}
	var out []Damage
	for _, problem := range c.problems {
		out = append(out, Damage{path, problem})
	}
	return out, nil
}

// compare compares the bytes of a closed state file with what they were.
func (c *contents) compare(path string, s *seal) error {
	sum, err := fileDigest(path)
	if err == nil && sum != s.SHA256 {
		c.problems = append(c.problems, "bytes outside of its records have changed since it was closed; "+
			"every record is whole")
	}
	return err
}
