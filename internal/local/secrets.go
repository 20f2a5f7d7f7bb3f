package local

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // Service Fabric names certificates by their SHA-1 thumbprint.
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"gopkg.in/yaml.v3"
)

// vault encrypts configuration values as Pulumi's passphrase provider does, in process: asking the CLI would cost a
// third of a second for each value. The state that proves the passphrase right is "v1:<salt>:<encrypted word>".
type vault struct {
	passphrase string
	salt       string
	crypter    config.Crypter
}

// verifier is the word that Pulumi encrypts beside the salt, to notice a wrong passphrase.
const verifier = "pulumi"

// open takes a stack's existing salt, or makes a new one when it is empty. Deriving the key takes a third of a second,
// so it waits until something has to be encrypted or decrypted.
func (v *vault) open(salt string) error {
	v.salt, v.crypter = salt, nil
	if salt != "" {
		return nil
	}
	random := make([]byte, 8)
	if _, err := rand.Read(random); err != nil {
		return err
	}
	crypter := config.NewSymmetricCrypterFromPassphrase(v.passphrase, random)
	proof, err := crypter.EncryptValue(context.Background(), verifier)
	if err != nil {
		return err
	}
	v.crypter = crypter
	v.salt = "v1:" + base64.StdEncoding.EncodeToString(random) + ":" + proof
	return nil
}

func (v *vault) unlock() (config.Crypter, error) {
	if v.crypter != nil {
		return v.crypter, nil
	}
	parts := strings.SplitN(v.salt, ":", 3)
	if len(parts) != 3 || parts[0] != "v1" {
		return nil, errors.New("encryptionsalt is not one of Pulumi's: remove the local stack file, or run local reset")
	}
	salt, err := base64.StdEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, fmt.Errorf("encryptionsalt: %w", err)
	}
	crypter := config.NewSymmetricCrypterFromPassphrase(v.passphrase, salt)
	if word, err := crypter.DecryptValue(context.Background(), parts[2]); err != nil || word != verifier {
		return nil, errors.New("the home's passphrase does not open this stack: was the passphrase file replaced? " +
			"run local reset to start anew")
	}
	v.crypter = crypter
	return crypter, nil
}

func (v *vault) encrypt(plaintext string) (string, error) {
	crypter, err := v.unlock()
	if err != nil {
		return "", err
	}
	return crypter.EncryptValue(context.Background(), plaintext)
}

// keepOrEncrypt returns kept when it is the encryption of plaintext, else a new encryption.
func (v *vault) keepOrEncrypt(kept *yaml.Node, plaintext string) (*yaml.Node, error) {
	if isSecure(kept) {
		crypter, err := v.unlock()
		if err != nil {
			return nil, err
		}
		if old, err := crypter.DecryptValue(context.Background(), lookup(kept, "secure").Value); err == nil &&
			old == plaintext {
			return kept, nil
		}
	}
	ciphertext, err := v.encrypt(plaintext)
	if err != nil {
		return nil, err
	}
	return secure(ciphertext), nil
}

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
	// The characters that guarantee the kinds must not stand at known places.
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

// adminCertificate returns the thumbprint of the home's administrator certificate, which it makes on first use:
// certs/admin.pem and its key certs/admin.key, both readable by their owner only.
func (h *Home) adminCertificate() (string, error) {
	certFile, keyFile := filepath.Join(h.CertsDir(), "admin.pem"), filepath.Join(h.CertsDir(), "admin.key")
	raw, err := os.ReadFile(certFile)
	if err == nil {
		block, _ := pem.Decode(raw)
		if block == nil {
			return "", fmt.Errorf("%s is no PEM certificate: remove it, and the next run makes a new one", certFile)
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return "", fmt.Errorf("%s: %w", certFile, err)
		}
		return thumbprint(cert.Raw), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	// An RSA key, as Service Fabric on Azure wants one and cert makes it, would hold up a home's first run.
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return "", err
	}
	now := time.Now().Add(-time.Hour)
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: "crossorg local administrator"},
		NotBefore:    now,
		NotAfter:     now.AddDate(10, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return "", err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", err
	}
	if err := writeFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})); err != nil {
		return "", err
	}
	if err := writeFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})); err != nil {
		return "", err
	}
	return thumbprint(der), nil
}

// thumbprint is a certificate's name on Windows and in Service Fabric: SHA-1 in capital hexadecimal.
func thumbprint(der []byte) string {
	sum := sha1.Sum(der)
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}
