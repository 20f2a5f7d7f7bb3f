package statebackend

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// update is one run of the engine on a stack, as apitype.UpdateInfo has it.
type update struct {
	Kind        string                     `json:"kind"`
	StartTime   int64                      `json:"startTime"`
	Message     string                     `json:"message"`
	Environment map[string]string          `json:"environment"`
	Config      map[string]json.RawMessage `json:"config"`
	// Result is "in-progress", "succeeded" or "failed".
	Result          string         `json:"result"`
	EndTime         int64          `json:"endTime"`
	Version         int            `json:"version"`
	ResourceChanges map[string]int `json:"resourceChanges,omitempty"`
}

// finish records how an update ended. One whose engine died has failed.
func (u *update) finish(end journalEnd) {
	u.Result, u.EndTime, u.ResourceChanges = end.result, time.Now().Unix(), end.changes
	if u.Result == "" {
		u.Result = "failed"
	}
}

// remember adds an update to the stack's history, once.
func (s *store) remember(n stackName, u update) error {
	updates, err := s.updates(n)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(updates, func(old update) bool { return old.Version == u.Version }) {
		return nil
	}
	raw, err := json.Marshal(u)
	if err != nil {
		return err
	}
	path := s.history(n)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	whole, err := endsWithLine(file)
	if err == nil {
		if !whole {
			raw = append([]byte("\n"), raw...)
		}
		_, err = file.Write(append(raw, '\n'))
	}
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// endsWithLine reports whether a file is empty or ends with a line break. A crash may have cut off its last line.
func endsWithLine(file *os.File) (bool, error) {
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil || size == 0 {
		return true, err
	}
	last := make([]byte, 1)
	_, err = file.ReadAt(last, size-1)
	return last[0] == '\n', err
}

// updates are the stack's history, oldest first: what was remembered here, after what the file backend left. A line
// that a crash cut off is left out, as its update is remembered again.
func (s *store) updates(n stackName) ([]update, error) {
	all, err := s.inherited(n)
	if err != nil {
		return nil, err
	}
	file, err := os.Open(s.history(n))
	if errors.Is(err, fs.ErrNotExist) {
		return all, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	const longest = 16 << 20
	lines.Buffer(nil, longest)
	for lines.Scan() {
		var u update
		if json.Unmarshal(lines.Bytes(), &u) == nil {
			all = append(all, u)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read %s: %w", s.history(n), err)
	}
	return all, nil
}

// inherited is the history that Pulumi's file backend kept of a stack, oldest first. The names of its files have the
// time in them.
func (s *store) inherited(n stackName) ([]update, error) {
	pattern := filepath.Join(s.dir, ".pulumi", "history", n.project, n.stack, "*.history.json")
	paths, err := filepath.Glob(pattern)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(paths, strings.Compare)
	var all []update
	for i, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		var u update
		if json.Unmarshal(raw, &u) != nil {
			continue // a file that a kill cut off says nothing about the state
		}
		u.Version = i + 1
		all = append(all, u)
	}
	return all, nil
}

// nextVersion is the number of the stack's next update.
func (s *store) nextVersion(n stackName) (int, error) {
	updates, err := s.updates(n)
	return lastVersion(updates) + 1, err
}

// lastVersion is the number of the last update of a history; 0 for an empty one.
func lastVersion(updates []update) int {
	if len(updates) == 0 {
		return 0
	}
	return updates[len(updates)-1].Version
}
