package store

import (
	"encoding/json"

	"go.etcd.io/bbolt"
)

// The head is a record about all others.
const (
	headTable = "store"
	headKey   = "head"
)

// head says what the state file has: its count and digests tell whether a record is missing, one too many or an old
// one, its sequence whether the file is an old copy.
type head struct {
	ID       string `json:"id"`
	Sequence uint64 `json:"sequence"`
	Records  int64  `json:"records"`
	// Digest is what all records' digests make together.
	Digest []byte `json:"digest"`
}

func (h *head) put(tx *bbolt.Tx) error {
	document, err := json.Marshal(h)
	if err != nil {
		return err
	}
	b, err := tx.CreateBucketIfNotExists([]byte(headTable))
	if err != nil {
		return err
	}
	record, _ := sealRecord(headTable, headKey, document)
	return b.Put([]byte(headKey), record)
}

// tally counts records and joins their digests.
type tally struct {
	records int64
	digest  digest
}

func (t *tally) add(d digest) { t.records++; t.digest.toggle(d) }

func (t *tally) remove(d digest) { t.records--; t.digest.toggle(d) }

// replace counts a write: what was there before, and what is there now, each nil when nothing is.
func (t *tally) replace(before, after []byte) {
	if len(before) >= headerSize {
		t.remove(digest(before[1:headerSize]))
	}
	if after != nil {
		t.add(digest(after[1:headerSize]))
	}
}
