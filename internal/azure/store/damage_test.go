package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"
)

// filled makes a closed state file with enough records for branch pages, pages with overflow, and free pages.
func filled(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "state.db")
	s, err := Open(path)
	require.NoError(t, err)
	for round := range 3 {
		require.NoError(t, s.Update(func(tx *Tx) error {
			for i := range 400 {
				value := fmt.Sprintf("value %d of round %d", i, round)
				if err := tx.Put("things", fmt.Sprintf("%04d", i), value); err != nil {
					return err
				}
			}
			return errors.Join(tx.Put("other", "large", strings.Repeat("x", 20_000)), tx.Put("other", "small", round))
		}))
	}
	require.NoError(t, s.Update(func(tx *Tx) error { return tx.DeleteAll("things", "02") }))
	require.NoError(t, s.Close())
	return path
}

// refused holds that a state file is called damaged by Check and by Open, and that neither changes it.
func refused(t *testing.T, path, text string) {
	t.Helper()
	before, _ := os.ReadFile(path)
	sealBefore, _ := os.ReadFile(SealPath(path))
	damages, err := Check(path)
	require.NoError(t, err)
	require.NotEmpty(t, damages)
	require.Contains(t, damages[0].Error(), text)
	_, err = Open(path)
	require.ErrorIs(t, err, ErrDamaged)
	require.ErrorContains(t, err, text)
	after, _ := os.ReadFile(path)
	sealAfter, _ := os.ReadFile(SealPath(path))
	require.Equal(t, before, after)
	require.Equal(t, sealBefore, sealAfter)
}

func TestASoundStateIsCalledSound(t *testing.T) {
	path := filled(t)
	damages, err := Check(path)
	require.NoError(t, err)
	require.Empty(t, damages)
	s, err := Open(path)
	require.NoError(t, err)
	_, err = Check(path)
	require.ErrorIs(t, err, ErrLocked)
	require.NoError(t, s.Close())
}

// Every changed byte of a closed file is noticed, wherever it is, and every cut.
func TestEveryChangedByteIsNoticed(t *testing.T) {
	path := filled(t)
	sound, err := os.ReadFile(path)
	require.NoError(t, err)
	random := rand.New(rand.NewPCG(8, 5))
	for range 300 {
		raw := append([]byte(nil), sound...)
		switch random.IntN(4) {
		case 0:
			raw = raw[:random.IntN(len(raw))]
		case 1:
			page := random.IntN(len(raw)/4096) * 4096
			for i := range 4096 {
				raw[page+i] ^= byte(1 + random.IntN(255))
			}
		default:
			raw[random.IntN(len(raw))] ^= 1 << random.IntN(8)
		}
		require.NoError(t, os.WriteFile(path, raw, 0o600))
		refused(t, path, "state.db")
	}
}

// A file that a killed process left has a seal that knows no digest of it. Still no changed byte of a record or of the
// structure passes, and what passes reads as it was written.
func TestAChangedByteOfAFileThatWasNotClosedNeverReadsAsAnother(t *testing.T) {
	path := filled(t)
	read := func() (out map[string]string, err error) {
		out = map[string]string{}
		return out, View(path, func(tx *Tx) error {
			tables, err := tx.Tables()
			if err != nil {
				return err
			}
			for _, table := range tables {
				if err := tx.Scan(table, "", func(key string, raw []byte) error {
					out[table+" "+key] = string(raw)
					return nil
				}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	s, err := readSeal(path)
	require.NoError(t, err)
	s.Status, s.SHA256 = sealOpen, ""
	require.NoError(t, s.write(path))
	sound, err := os.ReadFile(path)
	require.NoError(t, err)
	want, err := read()
	require.NoError(t, err)
	require.Len(t, want, 302)
	random := rand.New(rand.NewPCG(8, 6))
	found := 0
	for range 300 {
		raw := append([]byte(nil), sound...)
		raw[random.IntN(len(raw))] ^= 1 << random.IntN(8)
		require.NoError(t, os.WriteFile(path, raw, 0o600))
		damages, err := Check(path)
		require.NoError(t, err)
		if len(damages) > 0 {
			found++
			continue
		}
		got, err := read()
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	require.Greater(t, found, 20)
}

func TestAStateThatIsNotThereOrAnotherIsNoticed(t *testing.T) {
	other := filled(t)
	for name, spoil := range map[string]func(t *testing.T, path string){
		"it is missing": func(t *testing.T, path string) { require.NoError(t, os.Remove(path)) },
		"it is empty":   func(t *testing.T, path string) { require.NoError(t, os.Truncate(path, 0)) },
		"seal: it is missing": func(t *testing.T, path string) {
			require.NoError(t, os.Remove(SealPath(path)))
		},
		"seal: it is not as it was written": func(t *testing.T, path string) {
			raw, err := os.ReadFile(SealPath(path))
			require.NoError(t, err)
			raw[sealSize-5] = '\t'
			require.NoError(t, os.WriteFile(SealPath(path), raw, 0o600))
		},
		"it belongs to another home": func(t *testing.T, path string) { copyFile(t, other, path) },
		"it is an older copy": func(t *testing.T, path string) {
			copyFile(t, path, path+".old")
			s, err := Open(path)
			require.NoError(t, err)
			require.NoError(t, s.Update(func(tx *Tx) error { return tx.Put("t", "k", 1) }))
			require.NoError(t, s.Close())
			copyFile(t, path+".old", path)
		},
		"it has 301 records and should have 302": bolt(func(tx *bbolt.Tx) error {
			return tx.Bucket([]byte("other")).Delete([]byte("small"))
		}),
		"it has 303 records and should have 302": bolt(func(tx *bbolt.Tx) error {
			record, _ := sealRecord("other", "new", []byte("1"))
			return tx.Bucket([]byte("other")).Put([]byte("new"), record)
		}),
		"its records are not those that were written last": bolt(func(tx *bbolt.Tx) error {
			record, _ := sealRecord("other", "small", []byte("1"))
			return tx.Bucket([]byte("other")).Put([]byte("small"), record)
		}),
		`record other "small" does not match its digest`: bolt(func(tx *bbolt.Tx) error {
			b := tx.Bucket([]byte("things"))
			return tx.Bucket([]byte("other")).Put([]byte("small"), append([]byte(nil), b.Get([]byte("0001"))...))
		}),
		"its head is missing": bolt(func(tx *bbolt.Tx) error { return tx.DeleteBucket([]byte(headTable)) }),
	} {
		t.Run(name, func(t *testing.T) {
			path := filled(t)
			spoil(t, path)
			refused(t, path, name)
		})
	}
}

func bolt(change func(*bbolt.Tx) error) func(*testing.T, string) {
	return func(t *testing.T, path string) {
		db, err := bbolt.Open(path, 0o600, nil)
		require.NoError(t, err)
		require.NoError(t, db.Update(change))
		require.NoError(t, db.Close())
	}
}

func copyFile(t *testing.T, from, to string) {
	raw, err := os.ReadFile(from)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(to, raw, 0o600))
}

// A state of an earlier version, whose records have no digests, is taken over with all that it has.
func TestAnEarlierVersionsStateIsTakenOver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	db, err := bbolt.Open(path, 0o600, nil)
	require.NoError(t, err)
	require.NoError(t, db.Update(func(tx *bbolt.Tx) error {
		for _, table := range []string{"a", "b"} {
			b, err := tx.CreateBucketIfNotExists([]byte(table))
			if err != nil {
				return err
			}
			for i := range 100 {
				raw, _ := json.Marshal(fmt.Sprint(table, i))
				if err := b.Put(fmt.Append(nil, i), raw); err != nil {
					return err
				}
			}
		}
		return nil
	}))
	require.NoError(t, db.Close())
	for range 2 {
		s, err := Open(path)
		require.NoError(t, err)
		require.NoError(t, s.View(func(tx *Tx) error {
			var got string
			found, err := tx.Get("b", "42", &got)
			require.True(t, found)
			require.Equal(t, "b42", got)
			return err
		}))
		require.NoError(t, s.Close())
		damages, err := Check(path)
		require.NoError(t, err)
		require.Empty(t, damages)
	}
}

// A process that dies while it makes its first state leaves one that can be made.
func TestAStateThatWasBegunIsMade(t *testing.T) {
	for name, content := range map[string][]byte{"missing": nil, "empty": {}, "in part": make([]byte, 5000)} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "state.db")
			require.NoError(t, newSeal(sealCreating).write(path))
			if content != nil {
				require.NoError(t, os.WriteFile(path, content, 0o600))
			}
			s, err := Open(path)
			require.NoError(t, err)
			require.NoError(t, s.Close())
		})
	}
}

// What a process that runs finds damaged is an error of the reading, and no panic.
func TestDamageWhileOpenIsAnError(t *testing.T) {
	path := filled(t)
	s, err := Open(path)
	require.NoError(t, err)
	defer s.Close()
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = f.WriteAt(make([]byte, len(raw)-2*4096), 2*4096)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	err = s.View(func(tx *Tx) error {
		return tx.Scan("things", "", func(string, []byte) error { return nil })
	})
	require.Error(t, err)
	err = s.Update(func(tx *Tx) error { return tx.Put("things", "0001", 1) })
	require.Error(t, err)
}
