package local

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sort"

	"gopkg.in/yaml.v3"
)

// Configuration is what the repository says of a stack, with the defaults of Pulumi.yaml where it says nothing.
type Configuration struct {
	namespace string
	path      string
	config    *yaml.Node
	// Undecipherable are the keys whose values are encrypted for somewhere else; a local run leaves them out.
	Undecipherable []string
}

// Organization is what a local run needs to know of an organization of the stack.
type Organization struct {
	SubscriptionID string `yaml:"subscriptionId"`
	TenantID       string `yaml:"tenantId"`
	Principal      *struct {
		ClientID string `yaml:"clientId"`
		UseOIDC  bool   `yaml:"useOidc"`
	} `yaml:"principal"`
}

// ClientID is the organization's own principal, empty when it is deployed by the login of the environment.
func (o Organization) ClientID() string {
	if o.Principal == nil {
		return ""
	}
	return o.Principal.ClientID
}

// ReadConfiguration reads a stack file without changing it. A file that does not exist is an error, because a stack
// without configuration is more likely a misspelt name.
func ReadConfiguration(project *Project, path string) (*Configuration, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		stacks, _ := project.Stacks()
		return nil, fmt.Errorf("there is no stack file %s: choose a stack with --stack (%v), or a file with "+
			"--config-file", path, stacks)
	}
	if err != nil {
		return nil, err
	}
	var document yaml.Node
	if err := yaml.Unmarshal(raw, &document); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	c := &Configuration{namespace: project.Name, path: path, config: mapping()}
	if len(document.Content) > 0 {
		if found := lookup(document.Content[0], "config"); !absent(found) {
			if found.Kind != yaml.MappingNode {
				return nil, fmt.Errorf("%s: config must be a mapping of keys to values", path)
			}
			c.config = copyNode(found)
		}
	}
	c.Undecipherable = dropSecure(c.config, "")
	for _, key := range []string{"organizations", "governance"} {
		if c.get(key) == nil {
			if value := defaultValue(project, key); value != nil {
				c.put(key, copyNode(value))
			}
		}
	}
	return c, nil
}

// defaultValue is the default that Pulumi.yaml declares for a configuration key, with or without the namespace.
func defaultValue(project *Project, key string) *yaml.Node {
	if len(project.document.Content) == 0 {
		return nil
	}
	declared := lookup(project.document.Content[0], "config")
	for _, name := range []string{key, project.Name + ":" + key} {
		if value := lookup(lookup(declared, name), "default"); !absent(value) {
			return value
		}
	}
	return nil
}

func (c *Configuration) get(key string) *yaml.Node { return lookup(c.config, c.namespace+":"+key) }

func (c *Configuration) put(key string, value *yaml.Node) { set(c.config, c.namespace+":"+key, value) }

// Organizations are the stack's organizations by name.
func (c *Configuration) Organizations() (map[string]Organization, error) {
	organizations := map[string]Organization{}
	node := c.get("organizations")
	if absent(node) {
		return organizations, nil
	}
	if err := node.Decode(&organizations); err != nil {
		return nil, fmt.Errorf("%s: %s:organizations: %w", c.path, c.namespace, err)
	}
	return organizations, nil
}

// needsCertificate reports whether the stack has a cluster that nobody is configured to administer.
func (c *Configuration) needsCertificate() bool {
	governance := c.get("governance")
	return governance != nil && governance.Kind == yaml.MappingNode && len(governance.Content) > 0 &&
		absent(lookup(governance, "adminCertificate")) && absent(lookup(governance, "azureActiveDirectory"))
}

// localValues are what a stack gets for local runs alone.
type localValues struct {
	// AdminThumbprint of the generated client certificate; empty when the stack has its own.
	AdminThumbprint string
	// PrincipalSecrets by organization: those of the local directory's principals.
	PrincipalSecrets map[string]string
}

// merge writes the home's copy of the stack file: the repository's values, with the local ones over them. Secrets that
// the copy already has keep their ciphertext, so a run that changes nothing changes nothing here. It returns the
// secrets that went in, for redaction, as far as they had to be decrypted or made.
func (c *Configuration) merge(path string, v *vault, local localValues) ([]string, error) {
	old, err := readMapping(path)
	if err != nil {
		return nil, err
	}
	if err := v.open(scalar(lookup(old, "encryptionsalt"))); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	oldConfig := lookup(old, "config")
	config := copyNode(c.config)
	var secrets []string

	if key := c.namespace + ":adminPassword"; lookup(config, key) == nil {
		if kept := lookup(oldConfig, key); isSecure(kept) {
			set(config, key, kept)
		} else {
			password, err := newPassword()
			if err != nil {
				return nil, err
			}
			value, err := v.encrypt(password)
			if err != nil {
				return nil, err
			}
			set(config, key, secure(value))
			secrets = append(secrets, password)
		}
	}

	if len(local.PrincipalSecrets) > 0 {
		key := c.namespace + ":principalSecrets"
		values := mapping()
		for _, organization := range sortedKeys(local.PrincipalSecrets) {
			secret := local.PrincipalSecrets[organization]
			kept := lookup(lookup(oldConfig, key), organization)
			value, err := v.keepOrEncrypt(kept, secret)
			if err != nil {
				return nil, err
			}
			set(values, organization, value)
			secrets = append(secrets, secret)
		}
		// Secrets that the stack file states in plain stay, unless their organization's principal is a local one.
		if stated := lookup(config, key); stated != nil && stated.Kind == yaml.MappingNode {
			for i := 0; i+1 < len(stated.Content); i += 2 {
				if lookup(values, stated.Content[i].Value) == nil {
					set(values, stated.Content[i].Value, stated.Content[i+1])
				}
			}
		}
		set(config, key, values)
	}

	// A federated token comes from a real directory: locally the principal signs in with its secret.
	organizations := lookup(config, c.namespace+":organizations")
	for organization := range local.PrincipalSecrets {
		remove(lookup(lookup(organizations, organization), "principal"), "useOidc")
	}

	if local.AdminThumbprint != "" {
		certificate := mapping()
		set(certificate, "thumbprint", text(local.AdminThumbprint))
		set(lookup(config, c.namespace+":governance"), "adminCertificate", certificate)
	}

	document := mapping()
	set(document, "encryptionsalt", text(v.salt))
	set(document, "config", config)
	raw, err := yaml.Marshal(document)
	if err != nil {
		return nil, err
	}
	return secrets, writeFile(path, raw)
}

// readMapping reads a YAML file whose top is a mapping; a missing or empty file is an empty mapping.
func readMapping(path string) (*yaml.Node, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return mapping(), nil
	}
	if err != nil {
		return nil, err
	}
	var document yaml.Node
	if err := yaml.Unmarshal(raw, &document); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if len(document.Content) == 0 || document.Content[0].Kind != yaml.MappingNode {
		return mapping(), nil
	}
	return document.Content[0], nil
}

func scalar(n *yaml.Node) string {
	if n == nil || n.Kind != yaml.ScalarNode {
		return ""
	}
	return n.Value
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
