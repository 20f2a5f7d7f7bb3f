package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sync"
)

// Memo reads values of one table that are read far more often than written: it decodes a value again only when what is
// stored differs from last time. T must not hold what a reader could change, as all readers get the same. The zero
// value is ready to use; its methods are safe for concurrent use.
type Memo[T any] struct {
	mu    sync.Mutex
	known map[string]remembered[T]
}

type remembered[T any] struct {
	raw   []byte
	value T
}

// maxRemembered bounds the memory of a Memo.
const maxRemembered = 4096

// Get is Tx.Get.
func (m *Memo[T]) Get(t *Tx, table, key string) (value T, found bool, err error) {
	raw, err := t.document(table, key)
	if raw == nil || err != nil {
		return value, false, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if r, ok := m.known[key]; ok && bytes.Equal(r.raw, raw) {
		return r.value, true, nil
	}
	if err := json.Unmarshal(raw, &value); err != nil {
		return value, false, fmt.Errorf("decode %s %q: %w", table, key, err)
	}
	if m.known == nil || len(m.known) >= maxRemembered {
		m.known = map[string]remembered[T]{}
	}
	m.known[key] = remembered[T]{bytes.Clone(raw), value}
	return value, true, nil
}
