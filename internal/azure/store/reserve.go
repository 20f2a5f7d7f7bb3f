package store

import (
	"bytes"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// The reserve is a file beside the state that takes up space on the disk. Updates that make room (Tx.MakesRoom) need a
// little space before they give any back; on a full disk the reserve shrinks for them.
const (
	reserveSize = 1 << 20
	// reserveStep is what an update gets, more than one needs: pages that it frees serve the next.
	reserveStep = 128 << 10
	// scarce is the free space below which the reserve shrinks, plenty the one above which it is made.
	scarce = 2 * reserveStep
	plenty = 16 * reserveSize
)

// ReservePath is where the reserve of a state file lies.
func ReservePath(path string) string { return path + ".reserve" }

// IsFull reports whether an error means that the disk, or the user's share of it, is full.
func IsFull(err error) bool {
	// bbolt keeps the text alone when its file cannot grow.
	return err != nil && (errors.Is(err, syscall.ENOSPC) || strings.Contains(err.Error(), syscall.ENOSPC.Error()))
}

// MakesRoom says that the update removes more than it adds, or finishes what was accepted: on a full disk it may use
// the reserve.
func (t *Tx) MakesRoom() { t.makesRoom = true }

// reserveContent is what a reserve has: bytes that no file system stores in less space than they take.
func reserveContent() []byte {
	out := make([]byte, reserveSize)
	random := rand.New(rand.NewPCG(0, 0))
	for i := range out {
		out[i] = byte(random.Uint32())
	}
	return out
}

// reserved is the size of the reserve; 0 without one.
func reserved(path string) int64 {
	info, err := os.Stat(ReservePath(path))
	if err != nil {
		return 0
	}
	return info.Size()
}

// keepReserve makes the reserve whole where there is plenty of space. Without one, deletions may fail on a full disk.
func keepReserve(path string) {
	free, known := freeSpace(filepath.Dir(path))
	if !known || free < plenty || reserved(path) == reserveSize {
		return
	}
	_ = os.WriteFile(ReservePath(path), reserveContent(), 0o600)
}

// shrinkReserve gives a step of the reserve back where space is scarce.
func shrinkReserve(path string) {
	size := reserved(path)
	if size == 0 {
		return
	}
	if free, known := freeSpace(filepath.Dir(path)); known && free < scarce {
		// Where that fails, the update says that the disk is full.
		_ = os.Truncate(ReservePath(path), max(0, size-reserveStep))
	}
}

// CheckReserve finds damage of the reserve of a state file, which costs no more than the reserve itself.
func CheckReserve(path string) ([]Damage, error) {
	s, err := readSeal(path)
	if err != nil || s == nil {
		return nil, nil // Check says so
	}
	raw, err := os.ReadFile(ReservePath(path))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	switch {
	case s.Status == sealClosed && int64(len(raw)) != s.Reserve:
		return []Damage{{ReservePath(path), "it has not the size that it had"}}, nil
	case len(raw) > reserveSize || !bytes.HasPrefix(reserveContent(), raw):
		return []Damage{{ReservePath(path), "its content has changed"}}, nil
	}
	return nil, nil
}
