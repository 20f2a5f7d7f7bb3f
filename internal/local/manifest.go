package local

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/crossorg/crossorg/internal/azure"
)

// homeManifest is the file that lists what a home held when its last run ended.
const homeManifest = "manifest.json"

// ManifestFile lists the home's files as its last run left them. Whoever changes files there on purpose removes it.
func (h *Home) ManifestFile() string { return filepath.Join(h.Dir, homeManifest) }

// manifest lists the files of a home but for those of the embedded Azure, which checks its own. While a run is under
// way, or after one that died, it is open, and tells only what runs do not change.
type manifest struct {
	Open bool `json:"open"`
	// Files are by their path in the home, with slashes.
	Files map[string]listed `json:"files"`
	// Check is the SHA-256 of the manifest with an empty Check.
	Check string `json:"check"`
}

// listed is a file, or a folder, which has a mode only.
type listed struct {
	Mode string `json:"mode"`
	Size int64  `json:"size,omitempty"`
	// Modified is the time of the last change, in nanoseconds: a file with another one is read again.
	Modified int64  `json:"modified,omitempty"`
	SHA256   string `json:"sha256,omitempty"`
}

// Finding is something in a home that is not as it should be.
type Finding struct {
	// File is its path.
	File string `json:"file"`
	// Problem says what is wrong with it.
	Problem string `json:"problem"`
}

func (m manifest) encode() ([]byte, error) {
	m.Check = ""
	raw, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(raw)
	m.Check = hex.EncodeToString(sum[:])
	return json.MarshalIndent(m, "", " ")
}

// readManifest reads the home's manifest; nil without one. An error is an azure.ErrDamaged when it was changed.
func (h *Home) readManifest() (*manifest, error) {
	raw, err := os.ReadFile(h.ManifestFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var m manifest
	if json.Unmarshal(raw, &m) == nil {
		if again, err := m.encode(); err == nil && bytes.Equal(raw, again) {
			return &m, nil
		}
	}
	return nil, fmt.Errorf("%w: %s: it is not as it was written", azure.ErrDamaged, h.ManifestFile())
}

func (h *Home) writeManifest(m *manifest) error {
	raw, err := m.encode()
	if err != nil {
		return err
	}
	return writeFile(h.ManifestFile(), raw)
}

// openManifest says that the home's files are about to change.
func (h *Home) openManifest() error {
	m, err := h.readManifest()
	if err != nil {
		return err
	}
	m = cmp.Or(m, &manifest{})
	m.Open = true
	return h.writeManifest(m)
}

// closeManifest lists the home's files as they are now. Files that have not been written since the last time keep
// their digests of then, so that what has changed in them without a write still shows.
func (h *Home) closeManifest() error {
	before, err := h.readManifest()
	if err != nil {
		return err
	}
	m := &manifest{}
	if m.Files, err = h.list(); err != nil {
		return err
	}
	for name, now := range m.Files {
		if now.Mode[0] != '-' {
			continue
		}
		if before != nil {
			if was := before.Files[name]; was.SHA256 != "" && was.Size == now.Size && was.Modified == now.Modified {
				now.SHA256 = was.SHA256
			}
		}
		if now.SHA256 == "" {
			if now.SHA256, err = digestOf(filepath.Join(h.Dir, name)); err != nil {
				return err
			}
		}
		m.Files[name] = now
	}
	return h.writeManifest(m)
}

// list lists the files and folders that runs keep, without digests.
func (h *Home) list() (map[string]listed, error) {
	out := map[string]listed{}
	for _, top := range []string{homeProject, homeState, homeCerts, homeProgram, homePulumi, homePlugins,
		homePassphrase, homeLock} {
		err := filepath.WalkDir(filepath.Join(h.Dir, top), func(path string, entry fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil {
				return err
			}
			info, err := entry.Info()
			if err != nil {
				return err
			}
			name, err := filepath.Rel(h.Dir, path)
			if err != nil {
				return err
			}
			l := listed{Mode: info.Mode().String()}
			if info.Mode().IsRegular() {
				l.Size, l.Modified = info.Size(), info.ModTime().UnixNano()
			}
			out[filepath.ToSlash(name)] = l
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// differences compares the home's files with the manifest, as far as wanted says so by name. checked counts what was
// read.
func (h *Home) differences(m *manifest, wanted func(name string) bool) (found []Finding, checked int, err error) {
	now, err := h.list()
	if err != nil {
		return nil, 0, err
	}
	add := func(name, format string, args ...any) {
		found = append(found, Finding{filepath.Join(h.Dir, filepath.FromSlash(name)), fmt.Sprintf(format, args...)})
	}
	for _, name := range slices.Sorted(maps.Keys(m.Files)) {
		was := m.Files[name]
		is, there := now[name]
		switch {
		case !wanted(name):
			continue
		case !there:
			add(name, "it is missing")
			continue
		case is.Mode != was.Mode && (runtime.GOOS != "windows" || is.Mode[0] != was.Mode[0]):
			add(name, "its mode is %s and was %s", is.Mode, was.Mode)
		}
		if is.Mode[0] != '-' || was.SHA256 == "" {
			continue
		}
		checked++
		sum, err := digestOf(filepath.Join(h.Dir, name))
		switch {
		case err != nil:
			add(name, "it cannot be read: %s", err)
		case is.Size != was.Size:
			add(name, "it has %d bytes and had %d when the last run ended", is.Size, was.Size)
		case sum != was.SHA256:
			add(name, "its content has changed since the last run ended")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(now)) {
		if _, known := m.Files[name]; !known && wanted(name) {
			add(name, "no run made it")
		}
	}
	return found, checked, nil
}

func digestOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// lasting reports whether a file stays the same over runs once it is made.
func lasting(name string) bool {
	return name == homePassphrase || strings.HasPrefix(name, homeCerts+"/")
}

// ofStacks reports whether a file belongs to the stacks' present state.
func ofStacks(name string) bool { return strings.HasPrefix(name, homeState+"/.pulumi/stacks/") }

// whole is an error when files without which runs go wrong are not as the last run left them.
func (h *Home) whole() error {
	m, err := h.readManifest()
	if err != nil {
		return notOpened(h, err)
	}
	var found []Finding
	if m != nil {
		found, _, err = h.differences(m, func(name string) bool {
			_, known := m.Files[name]
			return known && (lasting(name) || ofStacks(name) && !m.Open)
		})
		if err != nil {
			return err
		}
	}
	states, err := h.checkStates()
	if err != nil {
		return err
	}
	if found = append(found, states...); len(found) == 0 {
		return nil
	}
	return notOpened(h, fmt.Errorf("%w: %s: %s. If you changed it yourself, remove %s", azure.ErrDamaged, found[0].File,
		found[0].Problem, h.ManifestFile()))
}
