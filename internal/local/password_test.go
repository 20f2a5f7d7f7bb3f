package local

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPasswordsSuitWindowsAndDiffer(t *testing.T) {
	seen := map[string]bool{}
	for range 50 {
		password, err := newPassword()
		require.NoError(t, err)
		assert.False(t, seen[password])
		seen[password] = true
		assert.Len(t, password, 28)
		for _, kind := range []string{`[A-Z]`, `[a-z]`, `[0-9]`, `[^A-Za-z0-9]`} {
			assert.Regexp(t, regexp.MustCompile(kind), password)
		}
	}
}
