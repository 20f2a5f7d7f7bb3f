package azure

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/blob"
	"github.com/crossorg/crossorg/internal/azure/storage"
	"github.com/crossorg/crossorg/internal/azure/store"
)

// Checked is what Check has read.
type Checked struct {
	// Records are those of the state, Files and Bytes the blobs' content.
	Records, Files int
	Bytes          int64
	// Damages are what is not as it was written, Leftovers what a process left that died and nothing needs.
	Damages, Leftovers []store.Damage
}

// ownFiles are what a folder holds.
var ownFiles = []string{stateFile, stateFile + ".seal", stateFile + ".reserve", estateFile, caFile, caKeyFile,
	blobFolder}

// Check reads everything that a folder holds and changes nothing. It returns ErrInUse when a process has the folder
// open.
func Check(ctx context.Context, dir string) (*Checked, error) {
	c := &Checked{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		switch name := entry.Name(); {
		case slices.Contains(ownFiles, name):
		case strings.HasPrefix(name, ".new-"):
			c.Leftovers = append(c.Leftovers, store.Damage{File: path, What: "a file that was not written whole"})
		default:
			c.Damages = append(c.Damages, store.Damage{File: path, What: "it does not belong here"})
		}
	}
	if err := c.files(dir); err != nil {
		return nil, err
	}
	state := filepath.Join(dir, stateFile)
	damages, err := store.Check(state)
	if errors.Is(err, store.ErrLocked) {
		return nil, ErrInUse
	}
	if err != nil {
		return nil, err
	}
	reserve, err := store.CheckReserve(state)
	if err != nil {
		return nil, err
	}
	c.Damages = append(c.Damages, reserve...)
	if c.Damages = append(c.Damages, damages...); len(damages) > 0 {
		return c, nil // what it says about other files is not to be trusted
	}
	err = store.View(state, func(tx *store.Tx) error { return c.state(ctx, tx, dir) })
	if errors.Is(err, store.ErrLocked) {
		return nil, ErrInUse
	}
	return c, err
}

// files checks the estate and the authority.
func (c *Checked) files(dir string) error {
	_, err := readEstate(dir)
	if errors.Is(err, os.ErrNotExist) {
		err = &store.Damage{File: filepath.Join(dir, estateFile), What: "it is missing"}
	}
	_, caErr := loadAuthority(dir, true)
	for _, err := range []error{err, caErr} {
		var damage *store.Damage
		switch {
		case errors.As(err, &damage):
			c.Damages = append(c.Damages, *damage)
		case err != nil:
			return err
		}
	}
	return nil
}

// state checks what the records refer to.
func (c *Checked) state(ctx context.Context, tx *store.Tx, dir string) error {
	found := func(what string) {
		c.Damages = append(c.Damages, store.Damage{File: filepath.Join(dir, stateFile), What: what})
	}
	tables, err := tx.Tables()
	if err != nil {
		return err
	}
	for _, table := range tables {
		if err := tx.Scan(table, "", func(string, []byte) error { c.Records++; return nil }); err != nil {
			return err
		}
	}
	if err := arm.CheckState(tx, found); err != nil {
		return err
	}
	content, err := blob.CheckContent(ctx, tx, filepath.Join(dir, blobFolder))
	if err != nil {
		return err
	}
	c.Files, c.Bytes = content.Files, content.Bytes
	c.Damages, c.Leftovers = append(c.Damages, content.Damages...), append(c.Leftovers, content.Leftovers...)
	return storage.CheckState(tx, content.Containers, found)
}
