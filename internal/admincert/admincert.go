// Package admincert makes and keeps the client certificate with which a person administers the governance cluster.
package admincert

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // Service Fabric names certificates by their SHA-1 thumbprint.
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Certificate is a client certificate with its key, both PEM.
type Certificate struct {
	Certificate, Key []byte
	// Thumbprint is the SHA-1 of the certificate in capital hexadecimal: its name on Windows and in Service Fabric.
	Thumbprint string
	NotBefore  time.Time
	NotAfter   time.Time
}

// New makes a self-signed certificate for a number of days. The key is RSA with 2048 bits, which every tool of Service
// Fabric takes.
func New(commonName string, days int, now time.Time) (*Certificate, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	return selfSigned(key, commonName, days, now)
}

// NewQuick is New with an elliptic curve's key, which is made at once: for an embedded Azure, where no tool signs in.
func NewQuick(commonName string, days int, now time.Time) (*Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	return selfSigned(key, commonName, days, now)
}

func selfSigned(key crypto.Signer, commonName string, days int, now time.Time) (*Certificate, error) {
	if days < 1 || days > 3650 {
		return nil, fmt.Errorf("a certificate for %d days: choose 1 to 3650", days)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	// Other clocks may be behind this one.
	begin := now.Add(-time.Hour)
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: commonName},
		NotBefore:    begin,
		NotAfter:     now.AddDate(0, 0, days),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return parse(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}))
}

func parse(certificate, key []byte) (*Certificate, error) {
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return nil, err
	}
	sum := sha1.Sum(pair.Leaf.Raw)
	return &Certificate{
		Certificate: certificate, Key: key, Thumbprint: strings.ToUpper(hex.EncodeToString(sum[:])),
		NotBefore: pair.Leaf.NotBefore, NotAfter: pair.Leaf.NotAfter,
	}, nil
}

// Files are where a folder keeps the certificate of a name, and its key.
func Files(dir, name string) (certificate, key string) {
	return filepath.Join(dir, name+".pem"), filepath.Join(dir, name+".key")
}

// Load reads the certificate of a name; nil without one. An expired certificate and a missing key are
// errors.
func Load(dir, name string, now time.Time) (*Certificate, error) {
	certificateFile, keyFile := Files(dir, name)
	certificate, certErr := os.ReadFile(certificateFile)
	key, keyErr := os.ReadFile(keyFile)
	if errors.Is(certErr, os.ErrNotExist) && errors.Is(keyErr, os.ErrNotExist) {
		return nil, nil
	}
	if err := errors.Join(certErr, keyErr); err != nil {
		return nil, fmt.Errorf("certificate and key belong together: "+
			"remove what is left of them, or choose another --name: %w", err)
	}
	c, err := parse(certificate, key)
	if err != nil {
		return nil, fmt.Errorf("%s with %s: %w", certificateFile, keyFile, err)
	}
	if !now.Before(c.NotAfter) {
		return nil, fmt.Errorf("%s has expired on %s: remove it with its key, or choose another --name",
			certificateFile, c.NotAfter.Format(time.DateOnly))
	}
	return c, nil
}

// Write writes certificate and key, readable by their owner only, and makes the folder if it is missing.
func (c *Certificate) Write(dir, name string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	certificateFile, keyFile := Files(dir, name)
	// The key comes first, because a certificate without its key is useless.
	if err := write(keyFile, c.Key); err != nil {
		return err
	}
	return write(certificateFile, c.Certificate)
}

// write replaces a file as a whole; the new one is never readable by others, whatever the old one was.
func write(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(content)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
