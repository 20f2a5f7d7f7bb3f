package statebackend

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
)

// Check reads the journals that killed runs left in the folder dir, and changes nothing. It returns what is damaged.
// The checkpoints are the caller's to check, as their format is Pulumi's.
func Check(dir string) ([]*DamageError, error) {
	s := &store{dir: dir}
	names, err := s.list("journals/*/*.journal")
	if err != nil {
		return nil, err
	}
	var found []*DamageError
	for _, n := range names {
		err := s.checkJournal(n)
		var damage *DamageError
		switch {
		case errors.As(err, &damage):
			found = append(found, damage)
		case err != nil:
			return found, err
		}
	}
	return found, nil
}

// checkJournal reads a journal and compares what it says of its checkpoint with that.
func (s *store) checkJournal(n stackName) error {
	path := s.journal(n)
	raw, err := os.ReadFile(s.checkpoint(n))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	now := digest(raw)
	fits := false
	_, err = readJournal(path, func(h header) error {
		fits = h.Base == now
		return nil
	}, func(r record) error {
		fits = fits || r.Applied == now
		if r.Applied != "" {
			return nil
		}
		var e entry
		if err := json.Unmarshal(r.Entry, &e); err != nil {
			return &DamageError{Path: path, Problem: err.Error()}
		}
		return nil
	})
	if err != nil && !errors.Is(err, errNoHeader) {
		return err
	}
	if err == nil && !fits {
		return &DamageError{Path: path, Problem: "it belongs to another state than " + s.checkpoint(n)}
	}
	return nil
}
