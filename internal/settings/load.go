package settings

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Load reads and checks the configuration of the running stack. Source files and packages are relative to the working
// directory, which for a Pulumi program is the project's folder. The error is Problems.
func Load(ctx *pulumi.Context) (*Settings, error) {
	values := map[string]string{}
	for _, key := range Keys() {
		if value, ok := ctx.GetConfig(Namespace + ":" + key); ok {
			values[key] = value
		}
	}
	for _, key := range strayKeys(os.Getenv(pulumi.EnvConfig)) {
		values[key] = ""
	}
	settings, err := Parse(values, Options{Now: time.Now(), Stack: ctx.Stack(), Getenv: os.Getenv})
	return settings, withPlainSecrets(ctx, values, err)
}

// withPlainSecrets adds a problem for every secret that the stack file holds in plain text.
func withPlainSecrets(ctx *pulumi.Context, values map[string]string, err error) error {
	c := newCollector()
	for _, key := range SecretKeys() {
		if values[key] != "" && !isEmptyObject(values[key]) && !ctx.IsConfigSecret(Namespace+":"+key) {
			c.add(path{key}, nil, "a secret in plain text",
				"remove it, set it again with pulumi config set --secret, "+
					"and change the secret itself if the file was shared")
		}
	}
	if len(c.problems) == 0 {
		return err
	}
	if problems, ok := err.(Problems); ok {
		c.problems = append(c.problems, problems...)
	}
	return c.err()
}

// strayKeys are the keys of the namespace that this package does not know. A Pulumi program cannot list its
// configuration, but the engine hands all of it over in one environment variable; a typing mistake in a key would go
// unnoticed otherwise.
func strayKeys(engineConfig string) []string {
	var all map[string]json.RawMessage
	if json.Unmarshal([]byte(engineConfig), &all) != nil {
		return nil
	}
	var stray []string
	for key := range all {
		name, ours := strings.CutPrefix(key, Namespace+":")
		if ours && !slices.Contains(Keys(), name) {
			stray = append(stray, name)
		}
	}
	return stray
}
