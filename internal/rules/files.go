package rules

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
)

// FilesDigest is the SHA-256 of files in hexadecimal, given theirs by name. That of a single file without a name, a
// blob's, is its own; that of a folder is over lines such as sha256sum prints, in the order of the names.
func FilesDigest(byName map[string]string) string {
	if own, single := byName[""]; single && len(byName) == 1 {
		return own
	}
	sum := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		sum.Write([]byte(byName[name] + "  " + name + "\n"))
	}
	return hex.EncodeToString(sum.Sum(nil))
}
