package statebackend

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// journalFormat is the version of the journal's file format.
const journalFormat = 1

// header is the first line of a journal: the update that it belongs to.
type header struct {
	Format   int    `json:"format"`
	UpdateID string `json:"updateId"`
	// Base is the SHA-256 of the checkpoint file that the entries build on, in hex; empty when there was none.
	Base string `json:"base"`
	// Engine is the version of the CLI that writes.
	Engine string `json:"engine"`
	Update update `json:"update"`
}

// record is one line after the header: an entry of the engine, or at the end the checkpoint that came of them.
type record struct {
	Entry json.RawMessage `json:"entry,omitempty"`
	// Applied is the SHA-256 of the checkpoint file that the journal became, in hex.
	Applied string `json:"applied,omitempty"`
}

// DamageError says that a file of the state is damaged.
type DamageError struct {
	// Path is the damaged file.
	Path string
	// Problem is what is wrong with it.
	Problem string
}

// Error implements error.
func (e *DamageError) Error() string {
	return fmt.Sprintf("%s is damaged: %s", e.Path, e.Problem)
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// chain is the checksum of a line that follows one with another checksum, so that a line that is missing or out of
// place is noticed like one that was changed.
func chain(before uint32, line []byte) uint32 {
	return crc32.Update(before, castagnoli, line)
}

// journal is the open journal of a running update. It is not safe for concurrent use.
type journal struct {
	path string
	file *os.File
	journalTail
}

// createJournal makes the journal of an update. It fails with fs.ErrExist when there is one.
func createJournal(path string, h header) (*journal, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	j := &journal{path: path, file: file}
	raw, err := json.Marshal(h)
	if err == nil {
		err = j.write(raw)
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		return nil, errors.Join(err, file.Close(), os.Remove(path))
	}
	return j, nil
}

// append adds entries and returns when they are on disk. After an error the journal is as it was before.
func (j *journal) append(entries []json.RawMessage) error {
	lines := make([][]byte, len(entries))
	for i, entry := range entries {
		raw, err := oneLine(entry)
		if err != nil {
			return err
		}
		lines[i] = slices.Concat([]byte(entryStart), raw, []byte(entryEnd))
	}
	return j.write(lines...)
}

// What stands around an entry in its line, as record is marshalled. Entries are the bulk of everything here, so they
// are not parsed for that.
const (
	entryStart = `{"entry":`
	entryEnd   = `}`
)

// oneLine is JSON without line breaks.
func oneLine(raw json.RawMessage) (json.RawMessage, error) {
	if bytes.IndexByte(raw, '\n') < 0 {
		return raw, nil
	}
	var out bytes.Buffer
	err := json.Compact(&out, raw)
	return out.Bytes(), err
}

// parseRecord reads a line after the header.
func parseRecord(line []byte) (r record, err error) {
	if entry, ok := bytes.CutPrefix(line, []byte(entryStart)); ok {
		return record{Entry: bytes.TrimSuffix(entry, []byte(entryEnd))}, nil
	}
	err = json.Unmarshal(line, &r)
	return r, err
}

// write adds lines, each with its checksum. They have no line breaks.
func (j *journal) write(lines ...[]byte) error {
	var out bytes.Buffer
	sum := j.sum
	for _, line := range lines {
		sum = chain(sum, line)
		fmt.Fprintf(&out, "%08x ", sum)
		out.Write(line)
		out.WriteByte('\n')
	}
	_, err := j.file.Write(out.Bytes())
	if err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		return errors.Join(err, j.undo())
	}
	j.sum, j.size = sum, j.size+int64(out.Len())
	return nil
}

// undo takes back a write that failed halfway.
func (j *journal) undo() error {
	if err := j.file.Truncate(j.size); err != nil {
		return err
	}
	_, err := j.file.Seek(j.size, io.SeekStart)
	return err
}

func (j *journal) close() error { return j.file.Close() }

// openJournal opens an existing journal behind its last whole line; what follows that is removed.
func openJournal(path string, tail journalTail) (*journal, error) {
	file, err := os.OpenFile(path, os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	j := &journal{path: path, file: file, journalTail: tail}
	if err := j.undo(); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return j, nil
}

// readJournal hands the header and then each record of a journal to its callers. A last line without its end was never
// acknowledged, as its writer died while it wrote, and is left out. Whatever else does not agree with its checksum is a
// *DamageError. The end is where another line can be added.
func readJournal(path string, begin func(header) error, next func(record) error) (end journalTail, err error) {
	file, err := os.Open(path)
	if err != nil {
		return end, err
	}
	defer file.Close()
	damage := func(number int, problem string) error {
		return &DamageError{Path: path, Problem: fmt.Sprintf("line %d %s", number, problem)}
	}
	reader := bufio.NewReaderSize(file, 1<<20)
	for number := 1; ; number++ {
		line, err := reader.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			if number == 1 {
				return end, errNoHeader
			}
			return end, nil
		}
		if err != nil {
			return end, err
		}
		stated, content, ok := splitLine(line)
		if !ok {
			return end, damage(number, "has no checksum")
		}
		if end.sum = chain(end.sum, content); end.sum != stated {
			return end, damage(number, "does not agree with its checksum")
		}
		end.size += int64(len(line))
		if number == 1 {
			if err := readHeader(path, content, begin); err != nil {
				return end, err
			}
		} else {
			r, err := parseRecord(content)
			if err != nil {
				return end, damage(number, "is no entry: "+err.Error())
			}
			if err := next(r); err != nil {
				return end, err
			}
		}
	}
}

// journalTail is the end of a journal: the checksum of its last whole line, and its size up to there.
type journalTail struct {
	sum  uint32
	size int64
}

func readHeader(path string, content []byte, begin func(header) error) error {
	var h header
	if err := json.Unmarshal(content, &h); err != nil {
		return &DamageError{Path: path, Problem: "line 1 is no header: " + err.Error()}
	}
	if h.Format != journalFormat {
		return fmt.Errorf("%s has format %d, and this version of crossorg knows %d: use the version that wrote it",
			path, h.Format, journalFormat)
	}
	return begin(h)
}

// errNoHeader says that a journal's writer died before its first line was whole: the update had not begun.
var errNoHeader = errors.New("the journal is empty")

// splitLine parts a line into its checksum and its content.
func splitLine(line []byte) (sum uint32, content []byte, ok bool) {
	const digits = 8
	if len(line) < digits+2 || line[digits] != ' ' {
		return 0, nil, false
	}
	stated, err := strconv.ParseUint(string(line[:digits]), 16, 32)
	if err != nil {
		return 0, nil, false
	}
	return uint32(stated), line[digits+1 : len(line)-1], true
}

// syncDir makes the names in a folder durable.
func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	err = dir.Sync()
	if errors.Is(err, fs.ErrInvalid) || errors.Is(err, errors.ErrUnsupported) {
		err = nil // folders cannot be synchronized on every system
	}
	return errors.Join(err, dir.Close())
}
