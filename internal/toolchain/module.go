package toolchain

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// CopyModule copies the go.mod and go.sum of the module that the program in programDir belongs to into dir, where
// GoFlags has the go command read and write them: the language host runs "go list -mod=mod", which may write both, and
// a run leaves the module's folder as it was.
func CopyModule(programDir, dir string) error {
	module := nearestWith(programDir, "go.mod")
	for _, name := range []string{"go.mod", "go.sum"} {
		raw, err := os.ReadFile(filepath.Join(module, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), raw, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// GoFlags adds to the user's GOFLAGS that go.mod is the copy in dir (relative paths in it still start at the program),
// and that the program carries no version control stamp: with one, each commit would have it linked anew.
func GoFlags(users, dir string) string {
	modfile := "-modfile=" + filepath.Join(dir, "go.mod")
	if strings.ContainsAny(modfile, " \t") {
		modfile = "'" + modfile + "'"
	}
	return strings.TrimSpace(users + " " + modfile + " -buildvcs=false")
}

// nearestWith is the nearest folder, dir or one above it, in which a path exists. It is dir itself when there is none,
// where its absence is then reported.
func nearestWith(dir string, path ...string) string {
	path = append([]string{""}, path...)
	for at := dir; ; {
		if path[0] = at; exists(filepath.Join(path...)) {
			return at
		}
		up := filepath.Dir(at)
		if up == at {
			return dir
		}
		at = up
	}
}
