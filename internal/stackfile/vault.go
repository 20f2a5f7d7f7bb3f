package stackfile

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

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
