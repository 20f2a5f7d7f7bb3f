package identity

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"sync"

	"github.com/crossorg/crossorg/internal/azure/store"
)

// signer is the key that signs tokens, and its id.
type signer struct {
	key *rsa.PrivateKey
	kid string
}

// openSigner reads the signing key, or starts to make one in the background. Making a key takes as long as hundreds of
// requests, so only callers that need it wait.
func (d *Directory) openSigner() error {
	var der []byte
	err := d.st.View(func(tx *store.Tx) error {
		_, err := tx.Get(tableKeys, "rs256", &der)
		return err
	})
	if err != nil {
		return err
	}
	if der != nil {
		parsed, err := x509.ParsePKCS8PrivateKey(der)
		if err != nil {
			return err
		}
		made := newSigner(parsed.(*rsa.PrivateKey))
		d.made.Store(made)
		d.signer = func() (*signer, error) { return made, nil }
		return nil
	}
	d.signer = sync.OnceValues(d.makeSigner)
	go func() { _, _ = d.signer() }() // callers that need the key get the error
	return nil
}

// makeSigner makes a key and stores it before its first use.
func (d *Directory) makeSigner() (*signer, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	if err := d.st.Update(func(tx *store.Tx) error { return tx.Put(tableKeys, "rs256", der) }); err != nil {
		return nil, err
	}
	made := newSigner(key)
	d.made.Store(made)
	return made, nil
}

func newSigner(key *rsa.PrivateKey) *signer {
	sum := sha256.Sum256(x509.MarshalPKCS1PublicKey(&key.PublicKey))
	return &signer{key: key, kid: base64.RawURLEncoding.EncodeToString(sum[:12])}
}
