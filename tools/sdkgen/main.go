// Sdkgen generates the Go SDKs under sdks/ from the package schema in schema/, with Pulumi's own
// code generator.
//
//	go run . [-out DIR] [-check]
//
// DIR receives one folder per SDK and is ../../sdks unless it is given. With -check nothing is
// changed: the files that differ from what would be generated are listed, and the exit code is 1 if
// there are any.
//
// It is a module of its own because the code generator belongs to the Pulumi CLI, whose requirements
// reach every cloud's SDK. The program needs none of them.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	out := flag.String("out", filepath.Join("..", "..", "sdks"), "folder that holds one folder per generated SDK")
	check := flag.Bool("check", false, "list the files that differ from the schema and change nothing")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "sdkgen: unexpected argument %q\n", flag.Arg(0))
		os.Exit(2)
	}

	stale := false
	names, err := modules()
	if err != nil {
		fail(err)
	}
	for _, module := range names {
		files, err := generate(module)
		if err != nil {
			fail(err)
		}
		dir := filepath.Join(*out, module)
		differences, err := compare(dir, files)
		if err != nil {
			fail(err)
		}
		if *check {
			for _, d := range differences {
				fmt.Printf("%s: %s\n", filepath.Join(dir, filepath.FromSlash(d.file)), d.reason)
				stale = true
			}
			continue
		}
		if err := apply(dir, files, differences); err != nil {
			fail(err)
		}
	}
	if stale {
		fmt.Println("generated SDKs and schema differ: run `go generate ./...` in the repository root")
		os.Exit(1)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "sdkgen:", err)
	os.Exit(1)
}

// difference is one file that is not as generated; file is slash-separated and relative to the SDK's folder.
type difference struct {
	file   string
	reason string
}

const (
	reasonMissing  = "missing"
	reasonChanged  = "differs"
	reasonLeftover = "not generated"
)

// compare lists, sorted by file, how dir differs from the generated files. A folder that does not
// exist is an empty one.
func compare(dir string, files map[string][]byte) ([]difference, error) {
	var differences []difference
	onDisk := map[string]bool{}
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return nil
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		onDisk[rel] = true
		want, ok := files[rel]
		if !ok {
			differences = append(differences, difference{rel, reasonLeftover})
			return nil
		}
		got, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if !bytes.Equal(got, want) {
			differences = append(differences, difference{rel, reasonChanged})
		}
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for rel := range files {
		if !onDisk[rel] {
			differences = append(differences, difference{rel, reasonMissing})
		}
	}
	slices.SortFunc(differences, func(a, b difference) int { return strings.Compare(a.file, b.file) })
	return differences, nil
}

// apply removes the differences: it writes what is missing or changed and deletes what is left over.
func apply(dir string, files map[string][]byte, differences []difference) error {
	for _, d := range differences {
		name := filepath.Join(dir, filepath.FromSlash(d.file))
		if d.reason == reasonLeftover {
			if err := os.Remove(name); err != nil {
				return err
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, files[d.file], 0o644); err != nil {
			return err
		}
	}
	return nil
}
