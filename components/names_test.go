package components

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/crossorg/crossorg/internal/rules"
)

// Ensure a logical name plus auto-naming's characters is a name that Azure accepts, and readable where it can be.
func TestAutoNamedFitsAzure(t *testing.T) {
	account := regexp.MustCompile(`^[a-z0-9]{3,24}$`)
	vault := regexp.MustCompile(`^[a-zA-Z](-?[a-zA-Z0-9]){2,23}$`)
	for _, name := range []string{
		"contoso-provider", "a", "9lives", "-", "--a--b--", "UPPER_case.name", "größe", "株式会社",
		"abcdefghijkl-mno-pqrstuvwxyz",
		strings.Repeat("x", 200), "abcdefghij-provider", "1234567890-123456", "a_b", "9-a-very-long-name-indeed",
	} {
		assert.Regexp(t, account, autoNamed(name, rules.StorageAccountName.Max, rules.Alphanumeric)+"0a1b2c3d",
			"account of %q",
			name)
		assert.Regexp(t, vault, autoNamed(name, rules.VaultName.Max, rules.Hyphenated)+"0a1b2c3d", "vault of %q", name)
	}
	assert.Equal(t, "contosoprovider", autoNamed("contoso-provider", rules.StorageAccountName.Max, rules.Alphanumeric))
	assert.Equal(t, "contoso-provider", autoNamed("contoso-provider", rules.VaultName.Max, rules.Hyphenated))
}

// Ensure names stay apart when they differ only in what the alphabet or the limit takes away.
func TestBoundedNamesStayApart(t *testing.T) {
	seen := map[string]string{}
	for _, name := range []string{
		"abcdefghijklmnop-one", "abcdefghijklmnop-two", "größe", "grüße", "gre", "a_b", "a.b", "ab", "株式", "会社",
	} {
		got := rules.BoundedName(name, 16, rules.Alphanumeric)
		assert.NotContains(t, seen, got, "%q and %q", name, seen[got])
		seen[got] = name
	}
}
