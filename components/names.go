package components

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// autoNameSuffix is how many random characters azure-native adds to the logical name of a top-level resource.
const autoNameSuffix = 8

// alphabet says which characters a kind of Azure name is made of, beside lowercase letters and digits.
type alphabet int

const (
	alphanumeric alphabet = iota // storage accounts
	hyphenated                   // vaults, containers: single hyphens between letters and digits, a letter first
)

// boundedName turns name into one of at most limit characters that Azure accepts: lowercased, stripped of what the
// alphabet lacks. When that loses more than hyphens and case, the last characters are a digest of the original, so that
// names which differ only in what was lost stay apart.
func boundedName(name string, limit int, allowed alphabet) string {
	var b strings.Builder
	lost, last := false, '-'
	for _, r := range strings.ToLower(name) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
		case r == '-' || r == '_' || r == ' ' || r == '.':
			lost = lost || r != '-'
			if allowed == alphanumeric || last == '-' {
				continue
			}
			r = '-'
		default:
			lost = true
			continue
		}
		if allowed == hyphenated && b.Len() == 0 && r <= '9' {
			b.WriteByte('n') // vault names begin with a letter
		}
		b.WriteRune(r)
		last = r
	}
	out := strings.TrimRight(b.String(), "-")
	if !lost && out != "" && len(out) <= limit {
		return out
	}
	sum := sha256.Sum256([]byte(name))
	digest := hex.EncodeToString(sum[:])[:4]
	if len(out) > limit-len(digest) {
		out = strings.TrimRight(out[:limit-len(digest)], "-")
	}
	if out == "" {
		out = "n"
	}
	return out + digest
}

// autoNamed bounds a logical name so that it still fits once auto-naming has added its random characters.
func autoNamed(name string, limit int, allowed alphabet) string {
	return boundedName(name, limit-autoNameSuffix, allowed)
}
