package statebackend

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// written is a journal with some entries, and what it holds.
func written(t *testing.T, entries int) (string, []byte) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "dev.journal")
	j, err := createJournal(path, header{Format: journalFormat, UpdateID: "u", Base: "b", Engine: "v3",
		Update: newUpdate("update", 1)})
	require.NoError(t, err)
	for i := range entries {
		require.NoError(t, j.append([]json.RawMessage{json.RawMessage(fmt.Sprintf(`{"sequenceID":%d}`, i))}))
	}
	require.NoError(t, j.close())
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	return path, raw
}

// entriesOf reads a journal's entries.
func entriesOf(path string) ([]string, journalTail, error) {
	var found []string
	tail, err := readJournal(path, func(header) error { return nil }, func(r record) error {
		found = append(found, string(r.Entry))
		return nil
	})
	return found, tail, err
}

func TestAJournalHasItsEntriesInOrder(t *testing.T) {
	path, raw := written(t, 3)
	found, tail, err := entriesOf(path)
	require.NoError(t, err)
	assert.Equal(t, []string{`{"sequenceID":0}`, `{"sequenceID":1}`, `{"sequenceID":2}`}, found)
	assert.EqualValues(t, len(raw), tail.size)

	j, err := openJournal(path, tail)
	require.NoError(t, err)
	require.NoError(t, j.append([]json.RawMessage{json.RawMessage(`{"sequenceID":3}`)}))
	require.NoError(t, j.close())
	found, _, err = entriesOf(path)
	require.NoError(t, err)
	assert.Len(t, found, 4)
}

func TestALineThatWasNeverFinishedIsLeftOut(t *testing.T) {
	path, raw := written(t, 2)
	start := bytes.LastIndexByte(raw[:len(raw)-1], '\n') + 1
	for size := start; size < len(raw); size++ {
		require.NoError(t, os.WriteFile(path, raw[:size], 0o600))
		found, tail, err := entriesOf(path)
		require.NoError(t, err)
		assert.Len(t, found, 1)
		assert.EqualValues(t, start, tail.size)
	}
	require.NoError(t, os.WriteFile(path, raw[:3], 0o600))
	_, _, err := entriesOf(path)
	assert.ErrorIs(t, err, errNoHeader)
}

func TestEveryChangedByteOfAJournalIsNoticed(t *testing.T) {
	path, raw := written(t, 3)
	last := len(raw) - 1 // without its line break the last line counts as unfinished
	for i := range last {
		damaged := slices.Clone(raw)
		damaged[i] ^= 0x04
		require.NoError(t, os.WriteFile(path, damaged, 0o600))
		_, _, err := entriesOf(path)
		var damage *DamageError
		require.ErrorAs(t, err, &damage, "byte %d", i)
		assert.Equal(t, path, damage.Path)
	}
}

func TestMissingAndMovedLinesOfAJournalAreNoticed(t *testing.T) {
	path, raw := written(t, 3)
	lines := bytes.SplitAfter(raw, []byte("\n"))
	for name, order := range map[string][]int{
		"missing": {0, 1, 3}, "first entry missing": {0, 2, 3}, "moved": {0, 2, 1, 3}, "twice": {0, 1, 1, 2, 3},
		"no header": {1, 2, 3},
	} {
		var damaged []byte
		for _, i := range order {
			damaged = append(damaged, lines[i]...)
		}
		require.NoError(t, os.WriteFile(path, damaged, 0o600))
		_, _, err := entriesOf(path)
		var damage *DamageError
		assert.ErrorAs(t, err, &damage, name)
	}
}

func TestAJournalOfALaterFormatIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dev.journal")
	j, err := createJournal(path, header{Format: journalFormat + 1})
	require.NoError(t, err)
	require.NoError(t, j.close())
	_, _, err = entriesOf(path)
	assert.ErrorContains(t, err, "use the version that wrote it")
}

func TestAFailedWriteLeavesTheJournalAsItWas(t *testing.T) {
	path, raw := written(t, 1)
	_, tail, err := entriesOf(path)
	require.NoError(t, err)
	j, err := openJournal(path, tail)
	require.NoError(t, err)
	_, err = j.file.WriteString("half a li") // what a full disk leaves
	require.NoError(t, err)
	require.NoError(t, j.undo())
	require.NoError(t, j.append([]json.RawMessage{json.RawMessage(`{"sequenceID":1}`)}))
	require.NoError(t, j.close())
	found, _, err := entriesOf(path)
	require.NoError(t, err)
	assert.Len(t, found, 2)
	assert.True(t, bytes.HasPrefix(mustRead(t, path), raw))

	readOnly, err := os.Open(path)
	require.NoError(t, err)
	j = &journal{path: path, file: readOnly, journalTail: tail}
	assert.Error(t, j.append([]json.RawMessage{json.RawMessage(`{}`)}))
	assert.Equal(t, tail, j.journalTail)
	require.NoError(t, j.close())
}

func TestAnUpdateHasOneJournal(t *testing.T) {
	path, _ := written(t, 1)
	_, err := createJournal(path, header{Format: journalFormat})
	assert.ErrorIs(t, err, os.ErrExist)
	found, _, err := entriesOf(path)
	require.NoError(t, err)
	assert.Len(t, found, 1)
	assert.False(t, errors.Is(err, errNoHeader))
}

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	return raw
}
