package local

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
)

// isPrivate is an error when others than the owner can enter or read a home: it holds keys and secrets. Windows has no
// mode that would say so.
func (h *Home) isPrivate() error {
	info, err := os.Stat(h.Dir)
	if errors.Is(err, fs.ErrNotExist) || runtime.GOOS == "windows" {
		return nil
	}
	if err != nil {
		return err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return fmt.Errorf("others can read the home folder %s (its mode is %#o), and it holds keys and secrets: "+
			"make it yours alone with: chmod 700 '%s'", h.Dir, mode, h.Dir)
	}
	return nil
}

// makePrivate makes the folder, takes an empty one for its owner alone, and refuses any other that others can read.
func (h *Home) makePrivate() error {
	entries, err := os.ReadDir(h.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return os.MkdirAll(h.Dir, 0o700)
	}
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.Name() != homeLock {
			return h.isPrivate()
		}
	}
	if h.isPrivate() != nil {
		return os.Chmod(h.Dir, 0o700)
	}
	return nil
}
