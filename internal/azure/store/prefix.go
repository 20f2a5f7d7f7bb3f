package store

import (
	"encoding/json"
	"fmt"
)

// All decodes the values of all keys that start with prefix, in key order.
func All[T any](t *Tx, table, prefix string) ([]*T, error) {
	var out []*T
	err := t.Scan(table, prefix, func(key string, raw []byte) error {
		v := new(T)
		if err := json.Unmarshal(raw, v); err != nil {
			return fmt.Errorf("decode %s %q: %w", table, key, err)
		}
		out = append(out, v)
		return nil
	})
	return out, err
}

// DeleteAll removes all keys that start with prefix.
func (t *Tx) DeleteAll(table, prefix string) error {
	var keys []string
	if err := t.Scan(table, prefix, func(key string, _ []byte) error {
		keys = append(keys, key)
		return nil
	}); err != nil {
		return err
	}
	for _, key := range keys {
		if err := t.Delete(table, key); err != nil {
			return err
		}
	}
	return nil
}
