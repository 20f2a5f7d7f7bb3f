package store

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
)

// ErrDamaged is the kind of every Damage.
var ErrDamaged = errors.New("the state is damaged")

// Damage says that a file is not as it was written.
type Damage struct {
	// File is the path of the damaged file.
	File string
	// What says where in the file, and what is wrong there.
	What string
}

// Error names the file and what is wrong with it.
func (d *Damage) Error() string { return d.File + ": " + d.What }

// Is makes errors.Is(err, ErrDamaged) hold.
func (d *Damage) Is(target error) bool { return target == ErrDamaged }

// A record is kept as a mark, a digest and the JSON document. The digest covers the names of table and key, so a
// document at another's place is seen as well as a changed one.
const (
	recordMark = 0x01
	digestSize = 16
	headerSize = 1 + digestSize
)

// digest is the first half of a SHA-256.
type digest [digestSize]byte

func (d digest) String() string { return hex.EncodeToString(d[:]) }

// toggle adds a record's digest to the digest of a set of records, or takes it out again.
func (d *digest) toggle(record digest) {
	for i := range d {
		d[i] ^= record[i]
	}
}

func digestOf(table, key string, document []byte) (d digest) {
	h := sha256.New()
	h.Write([]byte(table))
	h.Write([]byte{0})
	h.Write([]byte(key))
	h.Write([]byte{0})
	h.Write(document)
	copy(d[:], h.Sum(nil))
	return d
}

// seal makes a record of a document.
func sealRecord(table, key string, document []byte) (record []byte, d digest) {
	d = digestOf(table, key, document)
	record = make([]byte, 0, headerSize+len(document))
	record = append(record, recordMark)
	record = append(record, d[:]...)
	return append(record, document...), d
}

// openRecord checks a record and returns its document, which is a part of it.
func openRecord(table, key string, record []byte) (document []byte, d digest, err error) {
	if len(record) < headerSize || record[0] != recordMark {
		return nil, d, fmt.Errorf("record %s %q is no record", table, key)
	}
	copy(d[:], record[1:headerSize])
	document = record[headerSize:]
	if digestOf(table, key, document) != d {
		return nil, d, fmt.Errorf("record %s %q does not match its digest", table, key)
	}
	return document, d, nil
}
