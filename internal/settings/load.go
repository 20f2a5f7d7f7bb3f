package settings

import (
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/crossorg/crossorg/internal/stackfile"
)

// Context is what is asked of the *pulumi.Context of a running program. The tool, which checks settings too, runs no
// program, and its first run need not wait until Pulumi's SDK for programs is compiled.
type Context interface {
	GetConfig(key string) (string, bool)
	IsConfigSecret(key string) bool
	Stack() string
}

// engineConfig is the environment variable in which the engine hands over the configuration, pulumi.EnvConfig.
const engineConfig = "PULUMI_CONFIG"

// Load reads and checks the configuration of the running stack, and the form of its stack file where that lies in the
// working directory, which for a Pulumi program is the project's folder. Source files and packages are relative to it.
// The error is Problems.
func Load(ctx Context) (*Settings, error) {
	values := map[string]string{}
	for _, key := range Keys() {
		if value, ok := ctx.GetConfig(Namespace + ":" + key); ok {
			values[key] = value
		}
	}
	for _, key := range strayKeys(os.Getenv(engineConfig)) {
		values[key] = ""
	}
	c := newCollector()
	c.stackFile(stackfile.StackFile("", ctx.Stack()))
	for _, key := range SecretKeys() {
		if values[key] != "" && !isEmptyObject(values[key]) && !ctx.IsConfigSecret(Namespace+":"+key) {
			c.add(path{key}, nil, "a secret in plain text",
				"remove it, set it again with pulumi config set --secret, "+
					"and change the secret itself if the file was shared")
		}
	}
	for _, key := range Keys() {
		if ctx.IsConfigSecret(Namespace + ":" + key) {
			c.encrypted[key] = true
		}
	}
	return c.parse(values, Options{Now: time.Now(), Stack: ctx.Stack(), Getenv: os.Getenv})
}

// stackFile adds the problems of the form of a stack file. Pulumi hands over what it finds below config: and drops the
// rest without a word, so that a program sees a mangled file as one that leaves things out.
func (c *collector) stackFile(file string) {
	var problems stackfile.Problems
	switch err := stackfile.Check(file, Namespace); {
	case err == nil:
	case errors.As(err, &problems):
		for _, p := range problems {
			c.problems = append(c.problems, Problem{Key: p.Place(), Reason: p.Reason, Remedy: p.Remedy})
		}
	default:
		c.problems = append(c.problems, Problem{Key: file, Reason: "cannot be read", Remedy: "see who may read it"})
	}
}

// strayKeys are the keys of the configuration that are not this package's: without the namespace where they have this
// one, and whole otherwise. A Pulumi program cannot list its configuration, but the engine hands all of it over in one
// environment variable; a typing mistake in a key would go unnoticed otherwise.
func strayKeys(config string) []string {
	var all map[string]json.RawMessage
	if json.Unmarshal([]byte(config), &all) != nil {
		return nil
	}
	var stray []string
	for key := range all {
		name := strings.TrimPrefix(key, Namespace+":")
		if !slices.Contains(Keys(), name) {
			stray = append(stray, name)
		}
	}
	return stray
}
