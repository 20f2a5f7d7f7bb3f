package local

import (
	"crypto/tls"
	"os"
	"path/filepath"
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

func TestAdministratorCertificateIsRealAndStays(t *testing.T) {
	home, err := NewHome(t.TempDir())
	require.NoError(t, err)
	require.NoError(t, home.create())
	first, err := home.adminCertificate()
	require.NoError(t, err)
	assert.Regexp(t, `^[0-9A-F]{40}$`, first)
	second, err := home.adminCertificate()
	require.NoError(t, err)
	assert.Equal(t, first, second)

	certFile, keyFile := filepath.Join(home.CertsDir(), "admin.pem"), filepath.Join(home.CertsDir(), "admin.key")
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	require.NoError(t, err, "certificate and key belong together")
	assert.Equal(t, first, thumbprint(pair.Certificate[0]))
	info, err := os.Stat(keyFile)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestRedaction(t *testing.T) {
	r := &redactor{}
	r.add(`p"ss\word1`, "ab")
	assert.Equal(t, "the [secret] is ab", r.text(`the p"ss\word1 is ab`), "short words would mask too much")
	assert.Equal(t, `{"k":"[secret]"}`, r.text(`{"k":"p\"ss\\word1"}`), "also within JSON text")
	assert.Equal(t, map[string]any{"list": []any{"[secret]", 1.0}},
		r.value(map[string]any{"list": []any{`p"ss\word1`, 1.0}}))
	masked := map[string]any{"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "x"}
	assert.Equal(t, map[string]any{"password": "[secret]"}, r.value(map[string]any{"password": masked}),
		"what the engine marks as secret becomes one mark")
}
