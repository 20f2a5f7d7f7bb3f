package settings

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/crossorg/crossorg/internal/stackfile"
)

// Namespace is the Pulumi project's name, and so the prefix of every configuration key.
const Namespace = "crossorg"

// RolePropagationVariable is the environment variable that overrides crossorg:rolePropagation.
const RolePropagationVariable = "CROSSORG_ROLE_PROPAGATION"

// The configuration keys, without the namespace.
const (
	keyEnvironment      = "environment"
	keyTags             = "tags"
	keyProtect          = "protect"
	keyRolePropagation  = "rolePropagation"
	keyOrganizations    = "organizations"
	keyShares           = "shares"
	keySourceFolders    = "sourceFolders"
	keyStorage          = "storage"
	keyKeyVault         = "keyVault"
	keyGovernance       = "governance"
	keyMonitoring       = "monitoring"
	keyAdminPassword    = "adminPassword"
	keyPrincipalSecrets = "principalSecrets"
)

// Keys are all configuration keys, without the namespace, sorted.
func Keys() []string {
	keys := []string{
		keyEnvironment, keyTags, keyProtect, keyRolePropagation, keyOrganizations, keyShares, keySourceFolders,
		keyStorage,
		keyKeyVault, keyGovernance, keyMonitoring, keyAdminPassword, keyPrincipalSecrets,
	}
	slices.Sort(keys)
	return keys
}

// SecretKeys are the configuration keys, without the namespace, that hold secrets.
func SecretKeys() []string { return []string{keyAdminPassword, keyPrincipalSecrets} }

// Options say what Parse may not ask the machine itself.
type Options struct {
	// Now decides whether an expiration lies in the future; the zero time means the clock's.
	Now time.Time
	// Root is the folder that source files and packages are relative to; empty means the working directory.
	Root string
	// Stack is the stack's name, the environment where the configuration names none.
	Stack string
	// Getenv reads environment variables; nil means an empty environment.
	Getenv func(string) string
}

// Parse reads and checks configuration values. Keys come without the namespace, but for those of other namespaces;
// structured values are JSON text, and an empty text counts as absent. The error is Problems, with everything that is
// wrong; it never holds a secret.
func Parse(values map[string]string, options Options) (*Settings, error) {
	return newCollector().parse(values, options)
}

// parse is Parse with the problems that are known already.
func (c *collector) parse(values map[string]string, options Options) (*Settings, error) {
	if options.Now.IsZero() {
		options.Now = time.Now()
	}
	if options.Getenv == nil {
		options.Getenv = func(string) string { return "" }
	}
	c.secretTexts = secretTexts(values)
	c.keys(values)

	s := &Settings{Environment: values[keyEnvironment]}
	s.setDefaults()
	if isStructure(s.Environment) {
		c.add(path{keyEnvironment}, nil, "not text", "give a single value")
	}
	if s.Environment == "" {
		s.Environment = options.Stack
	}
	c.structured(values, keyTags, &s.Tags)
	c.structured(values, keyProtect, &s.Protect)
	c.structured(values, keyOrganizations, &s.Organizations)
	c.structured(values, keyShares, &s.Shares)
	c.structured(values, keySourceFolders, &s.SourceFolders)
	c.structured(values, keyStorage, &s.Storage)
	c.structured(values, keyKeyVault, &s.KeyVault)
	if text := strings.TrimSpace(values[keyGovernance]); text == "null" || !isEmptyObject(text) {
		c.structured(values, keyGovernance, &s.Governance)
	}
	c.structured(values, keyMonitoring, &s.Monitoring)
	s.RolePropagation = c.rolePropagation(values[keyRolePropagation], options.Getenv(RolePropagationVariable))
	c.secrets(values, s)

	check(c, s, options)
	if err := c.err(); err != nil {
		return nil, err
	}
	return s, nil
}

// secretTexts are the texts in the values of the secret keys, but for those that are too short to be told from others.
func secretTexts(values map[string]string) []string {
	const shortest = 6
	var found []string
	var texts func(value any)
	texts = func(value any) {
		switch value := value.(type) {
		case string:
			if len(value) >= shortest {
				found = append(found, value)
			}
		case []any:
			for _, item := range value {
				texts(item)
			}
		case map[string]any:
			for _, item := range value {
				texts(item)
			}
		}
	}
	for _, key := range SecretKeys() {
		texts(values[key])
		var parts any
		if json.Unmarshal([]byte(values[key]), &parts) == nil {
			texts(parts)
		}
	}
	return found
}

// isStructure reports whether a text is a list or an object in JSON, as Pulumi hands over those of a stack file.
func isStructure(text string) bool {
	text = strings.TrimSpace(text)
	return (strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[")) && json.Valid([]byte(text))
}

// keys reports keys that nothing reads.
func (c *collector) keys(values map[string]string) {
	for _, key := range slices.Sorted(maps.Keys(values)) {
		c.noteName(key)
		reason, remedy := stackfile.MisplacedKey(key, Namespace)
		_, name, foreign := strings.Cut(key, ":")
		switch {
		case reason != "":
			c.problems = append(c.problems, Problem{Key: oneLine(key), Reason: reason, Remedy: remedy})
			// The key that was meant does not count as missing.
			c.seen[path{name}.String()] = true
		case !foreign && !slices.Contains(Keys(), key):
			c.unknown(path{key}, key, Keys())
		}
	}
	// These have defaults that are not empty, so that an empty text is what the stack file says.
	for _, key := range []string{keyTags, keyProtect, keyRolePropagation, keySourceFolders, keyStorage, keyKeyVault,
		keyGovernance, keyMonitoring} {
		if text, said := values[key]; said && strings.TrimSpace(text) == "" {
			c.add(path{key}, nil, "without a value", "write one, or leave the key out")
		}
	}
	if text := strings.TrimSpace(values[keyShares]); text == "" || text == "null" {
		c.add(path{keyShares}, nil, "missing",
			"describe what is shared below config: in the stack file; {} stands for no shares")
	}
}

// structured decodes the value of a key over target, when there is one.
func (c *collector) structured(values map[string]string, key string, target any) {
	if text := values[key]; strings.TrimSpace(text) != "" {
		c.decode(path{key}, text, target)
	}
}

// secrets puts the values of the secret keys where they are used. Problems here never show a value.
func (c *collector) secrets(values map[string]string, s *Settings) {
	if s.Governance != nil {
		s.Governance.AdminPassword = NewSecret(values[keyAdminPassword])
	}
	var secrets map[string]string
	c.structured(values, keyPrincipalSecrets, &secrets)
	for _, name := range slices.Sorted(maps.Keys(secrets)) {
		at := path{keyPrincipalSecrets, name}
		organization, known := s.Organizations[name]
		switch {
		case len(s.Organizations) == 0 || c.broken(at):
		case !known:
			c.add(at, nil, "no such organization", unknownOrganization(name, s))
		case organization.Principal == nil:
			c.add(at, nil, "organization "+name+" has no principal that would use it",
				"set "+Namespace+":organizations."+name+".principal.clientId or remove the secret")
		case organization.Principal.UseOIDC && secrets[name] != "":
			c.add(at, nil,
				"the principal of "+name+" signs in with a federated token (useOidc), which excludes a secret",
				"remove the secret, or set useOidc to false")
		default:
			organization.Principal.ClientSecret = NewSecret(secrets[name])
		}
	}
}

// maxRolePropagation is far above the ten minutes that Azure names, and keeps a typing mistake from parking a
// deployment.
const maxRolePropagation = time.Hour

// rolePropagation reads the window; the environment's value wins.
func (c *collector) rolePropagation(configured, environment string) time.Duration {
	at, text := path{keyRolePropagation}, configured
	overridden := environment != ""
	if overridden {
		text = environment
	}
	if text == "" {
		return defaultRolePropagation
	}
	window, reason := propagation(text)
	if overridden {
		if reason != "" {
			reason += " (from the environment variable " + RolePropagationVariable + ")"
		} else if configured != "" {
			// The next run may be without the variable.
			text = configured
			_, reason = propagation(configured)
		}
	}
	if reason != "" {
		c.add(at, text, reason, `write a number with its unit, such as "5m" or "90s"`)
	}
	return window
}

// propagation reads a window; the reason says what is wrong with it.
func propagation(text string) (window time.Duration, reason string) {
	window, err := time.ParseDuration(text)
	switch {
	case err != nil:
		return 0, "not a duration"
	case window < 0 || window > maxRolePropagation:
		return 0, "outside 0s to 1h"
	}
	return window, ""
}
