package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/google/uuid"
)

// A seal lies beside the state file and knows what must be in it. So a state file that is missing, empty, another one
// or an older copy is noticed, and after a clean end every changed byte.
type seal struct {
	// ID is the state's; its head has the same.
	ID     string     `json:"id"`
	Status sealStatus `json:"status"`
	// Sequence is that of the last update when the seal was written.
	Sequence uint64 `json:"sequence"`
	// SHA256 is that of the whole state file, when it is closed.
	SHA256 string `json:"sha256,omitempty"`
	// Reserve is the size of the reserve, when it is closed.
	Reserve int64 `json:"reserve,omitempty"`
	// Check is the SHA-256 of the seal itself, with an empty Check.
	Check string `json:"check"`
}

// sealStatus is what a state file is going through.
type sealStatus string

const (
	// sealCreating says that the state file is being made: it may be missing or in parts, as it holds nothing yet.
	sealCreating sealStatus = "creating"
	// sealConverting says that records of an earlier format are being given digests.
	sealConverting sealStatus = "converting"
	// sealOpen says that a process has it open, or had when it died.
	sealOpen sealStatus = "open"
	// sealClosed says that it was closed, and has not changed since.
	sealClosed sealStatus = "closed"
)

// sealSize is the size of a seal's file: one sector, so that it is written whole, and in place, which needs no space on
// a full disk.
const sealSize = 512

// SealPath is where the seal of a state file lies.
func SealPath(path string) string { return path + ".seal" }

func newSeal(status sealStatus) *seal { return &seal{ID: uuid.NewString(), Status: status} }

// encode is the content of a seal's file.
func (s seal) encode() ([]byte, error) {
	s.Check = ""
	raw, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(raw)
	s.Check = hex.EncodeToString(sum[:])
	if raw, err = json.Marshal(s); err != nil {
		return nil, err
	}
	out := bytes.Repeat([]byte{' '}, sealSize)
	out[sealSize-1] = '\n'
	if copy(out, raw) > sealSize-1 {
		return nil, errors.New("the seal is too long")
	}
	return out, nil
}

// readSeal reads the seal of a state file; nil when there is none.
func readSeal(path string) (*seal, error) {
	raw, err := os.ReadFile(SealPath(path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var s seal
	if json.Unmarshal(raw, &s) == nil {
		if again, err := s.encode(); err == nil && bytes.Equal(raw, again) {
			return &s, nil
		}
	}
	return nil, &Damage{File: SealPath(path), What: "it is not as it was written"}
}

// write puts the seal on disk.
func (s *seal) write(path string) error {
	raw, err := s.encode()
	if err != nil {
		return err
	}
	f, err := os.OpenFile(SealPath(path), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("seal the state: %w", err)
	}
	_, err = f.WriteAt(raw, 0)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("seal the state: %w", err)
	}
	return nil
}

// fileDigest is the SHA-256 of a file in hexadecimal.
func fileDigest(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
