package admincert_test

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/admincert"
)

func TestCertificateIsForClientsOnlyAndKept(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	made, err := admincert.New("admin", 30, now)
	require.NoError(t, err)
	block, _ := pem.Decode(made.Certificate)
	cert, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	assert.Equal(t, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, cert.ExtKeyUsage)
	assert.Equal(t, now.AddDate(0, 0, 30), cert.NotAfter)
	assert.Regexp(t, `^[0-9A-F]{40}$`, made.Thumbprint)

	dir := filepath.Join(t.TempDir(), "new")
	require.NoError(t, made.Write(dir, "a"))
	certificateFile, keyFile := admincert.Files(dir, "a")
	for _, file := range []string{certificateFile, keyFile} {
		info, err := os.Stat(file)
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	}
	kept, err := admincert.Load(dir, "a", now)
	require.NoError(t, err)
	assert.Equal(t, made.Thumbprint, kept.Thumbprint)

	_, err = admincert.Load(dir, "a", now.AddDate(1, 0, 0))
	assert.ErrorContains(t, err, "expired")
	none, err := admincert.Load(dir, "other", now)
	require.NoError(t, err)
	assert.Nil(t, none)
	require.NoError(t, os.Remove(keyFile))
	_, err = admincert.Load(dir, "a", now)
	assert.Error(t, err, "a certificate without its key is not used again, nor overwritten")
}

func TestDaysAreBounded(t *testing.T) {
	for _, days := range []int{0, -1, 3651} {
		_, err := admincert.New("admin", days, time.Now())
		assert.Error(t, err, days)
	}
}
