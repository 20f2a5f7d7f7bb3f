package rules

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// The names below are built in one place, so that the configuration can be checked for two things of one name.

// LandingContainer is the container of a consumer that blobs and folders land in.
const LandingContainer = "landing"

// PackageContainer is the container of application packages, in the storage account of the organization that hosts the
// cluster.
const PackageContainer = "governance-packages"

// ArrivalContainer is the name of the container that a whole container of a share arrives in at a consumer.
func ArrivalContainer(share, container string) string {
	return BoundedName(share+"-"+container, ContainerName.Max, Hyphenated)
}

// ArrivalPath is the name that a blob or folder of a share has in a consumer's landing container.
func ArrivalPath(share, container, path string) string { return share + "/" + container + "/" + path }

// DataSetName is the logical name of a share's data set. Resources of one type need different logical names.
func DataSetName(share, dataSet string) string { return share + "-" + dataSet }

// DeliveryName begins the logical names of what a share has at a consumer.
func DeliveryName(share, consumer string) string { return share + "-" + consumer }

// MappingName is the logical name of a data set's mapping, in a delivery by its name.
func MappingName(delivery, dataSet string) string { return delivery + "-" + dataSet }

// ArrivalName is the logical name of the container that a whole container arrives in, in a delivery by its name.
func ArrivalName(delivery, container string) string { return delivery + "-" + container }

// Alphabet says which characters a kind of Azure name is made of, beside lowercase letters and digits.
type Alphabet int

// The alphabets of names.
const (
	// Alphanumeric is that of storage accounts: nothing else.
	Alphanumeric Alphabet = iota
	// Hyphenated is that of vaults and containers: single hyphens between letters and digits, a letter first.
	Hyphenated
)

// BoundedName turns name into one of at most limit characters that Azure accepts: lowercased, stripped of what the
// alphabet lacks. When that loses more than hyphens and case, the last characters are a digest of the original, so that
// names which differ only in what was lost stay apart.
func BoundedName(name string, limit int, allowed Alphabet) string {
	var b strings.Builder
	lost, last := false, '-'
	for _, r := range strings.ToLower(name) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
		case r == '-' || r == '_' || r == ' ' || r == '.':
			lost = lost || r != '-'
			if allowed == Alphanumeric || last == '-' {
				continue
			}
			r = '-'
		default:
			lost = true
			continue
		}
		if allowed == Hyphenated && b.Len() == 0 && r <= '9' {
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
