package local

import (
	"crypto/rand"
	"math/big"
	"strings"
)

// newPassword makes a password that Windows accepts for an administrator: 12 to 123 characters of at least three kinds
// (learn.microsoft.com/azure/virtual-machines/windows/faq).
func newPassword() (string, error) {
	kinds := []string{"ABCDEFGHJKLMNPQRSTUVWXYZ", "abcdefghijkmnpqrstuvwxyz", "23456789", "-_.+=!"}
	all := strings.Join(kinds, "")
	password := make([]byte, 28)
	for i := range password {
		from := all
		if i < len(kinds) {
			from = kinds[i]
		}
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(from))))
		if err != nil {
			return "", err
		}
		password[i] = from[n.Int64()]
	}
	// The characters that guarantee the kinds move to random places.
	for i := len(password) - 1; i > 0; i-- {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(i+1)))
		if err != nil {
			return "", err
		}
		j := int(n.Int64())
		password[i], password[j] = password[j], password[i]
	}
	return string(password), nil
}
