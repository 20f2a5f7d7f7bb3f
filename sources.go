package main

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/crossorg/crossorg/internal/rules"
	"github.com/crossorg/crossorg/internal/settings"
)

// sourceDigest is what the files of a data set were when they were uploaded: their number and their digest
// (rules.FilesDigest). A data set without a source has none.
type sourceDigest struct {
	files  int
	sha256 string
}

// sourceDigests reads the sources of a share's data sets, by data set.
func sourceDigests(share settings.Share) (map[string]sourceDigest, error) {
	out := map[string]sourceDigest{}
	for name, ds := range share.DataSets {
		if ds.Source == "" {
			continue
		}
		digests := map[string]string{}
		err := filepath.WalkDir(ds.Source, func(file string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := os.Stat(file)
			if err != nil || !info.Mode().IsRegular() || file != ds.Source && !entry.Type().IsRegular() {
				return err
			}
			relative, err := filepath.Rel(ds.Source, file)
			if err != nil {
				return err
			}
			if relative = filepath.ToSlash(relative); relative == "." {
				relative = ""
			}
			digests[relative], err = fileDigest(file)
			return err
		})
		if err != nil {
			return nil, err
		}
		out[name] = sourceDigest{len(digests), rules.FilesDigest(digests)}
	}
	return out, nil
}

func fileDigest(path string) (string, error) {
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
