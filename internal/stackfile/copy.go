package stackfile

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"

	"gopkg.in/yaml.v3"
)

// Copy is a stack file for a run in another place, with secrets that are encrypted by a passphrase of that place.
type Copy struct {
	file   *File
	config *yaml.Node
	// before is the configuration of the copy that stands already; nil without one.
	before  *yaml.Node
	vault   *vault
	secrets []string
}

// Copy begins a copy of the file. Secrets that a copy at path has already keep their ciphertext there, so that a run
// which changes nothing changes nothing here. Nothing is written before the caller writes what Marshal returns.
func (f *File) Copy(path, passphrase string) (*Copy, error) {
	raw, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	document, err := decode(path, raw)
	if err != nil {
		return nil, err
	}
	before := mapping()
	if document != nil {
		before = document.Content[0]
	}
	c := &Copy{file: f, config: copyNode(f.config), before: lookup(before, "config"),
		vault: &vault{passphrase: passphrase}}
	if err := c.vault.open(scalar(lookup(before, "encryptionsalt"))); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// Generate sets a secret at a key that has no value: the secret of the earlier copy, or a new one from generate.
func (c *Copy) Generate(name string, generate func() (string, error)) error {
	key := c.file.key(name)
	if lookup(c.config, key) != nil {
		return nil
	}
	if kept := lookup(c.before, key); isSecure(kept) {
		set(c.config, key, kept)
		return nil
	}
	secret, err := generate()
	if err != nil {
		return err
	}
	ciphertext, err := c.vault.encrypt(secret)
	if err != nil {
		return err
	}
	set(c.config, key, secure(ciphertext))
	c.secrets = append(c.secrets, secret)
	return nil
}

// PutSecrets sets fields of a key's object to secrets. Its other fields stay.
func (c *Copy) PutSecrets(name string, secrets map[string]string) error {
	if len(secrets) == 0 {
		return nil
	}
	key := c.file.key(name)
	object := mapping()
	for _, field := range slices.Sorted(maps.Keys(secrets)) {
		value, err := c.vault.keepOrEncrypt(lookup(lookup(c.before, key), field), secrets[field])
		if err != nil {
			return err
		}
		set(object, field, value)
		c.secrets = append(c.secrets, secrets[field])
	}
	if said := lookup(c.config, key); said != nil && said.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(said.Content); i += 2 {
			if lookup(object, said.Content[i].Value) == nil {
				set(object, said.Content[i].Value, said.Content[i+1])
			}
		}
	}
	set(c.config, key, object)
	return nil
}

// Put sets a field of a key's object; the path is the key and the names down to the field. The default counts where the
// stack file says nothing of the key. Where there is no object to put it into, nothing changes.
func (c *Copy) Put(value any, path ...string) error {
	var node yaml.Node
	if err := node.Encode(value); err != nil {
		return err
	}
	if object := c.object(path); object != nil {
		set(object, path[len(path)-1], &node)
	}
	return nil
}

// Remove takes a field out of a key's object, if it is there; the path is as with Put.
func (c *Copy) Remove(path ...string) {
	if object := c.object(path); object != nil {
		remove(object, path[len(path)-1])
	}
}

// object is what holds the last name of a path, for changes; nil if it is no object.
func (c *Copy) object(path []string) *yaml.Node {
	key := c.file.key(path[0])
	if lookup(c.config, key) == nil {
		declared := lookup(c.file.defaults, path[0])
		if declared == nil {
			return nil
		}
		set(c.config, key, copyNode(declared))
	}
	object := lookup(c.config, key)
	for _, name := range path[1 : len(path)-1] {
		object = lookup(object, name)
	}
	if object == nil || object.Kind != yaml.MappingNode {
		return nil
	}
	return object
}

// Secrets are the secrets that were generated or compared, for redaction.
func (c *Copy) Secrets() []string { return c.secrets }

// Marshal is the copy as YAML.
func (c *Copy) Marshal() ([]byte, error) {
	document := mapping()
	set(document, "encryptionsalt", text(c.vault.salt))
	set(document, "config", c.config)
	return yaml.Marshal(document)
}

func scalar(n *yaml.Node) string {
	if n == nil || n.Kind != yaml.ScalarNode {
		return ""
	}
	return n.Value
}
