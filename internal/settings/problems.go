package settings

import (
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"
	"unicode"

	"github.com/crossorg/crossorg/internal/stackfile"
)

// Problem is one thing that is wrong with a configuration.
type Problem struct {
	// Key is the full path as `pulumi config set --path` takes it, "crossorg:shares.payments.consumers[0]".
	Key string
	// Value is what the key holds, as JSON text on one line; empty for a missing key and for a secret.
	Value string
	// Reason says what is wrong.
	Reason string
	// Remedy says what to do.
	Remedy string
}

// String is the problem on one line.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.Key)
	if p.Value != "" {
		b.WriteString(" = " + p.Value)
	}
	b.WriteString(": " + p.Reason)
	if p.Remedy != "" {
		b.WriteString("; " + p.Remedy)
	}
	return b.String()
}

// Problems are all problems of a configuration, sorted by key.
type Problems []Problem

// Error lists the problems, one line each.
func (ps Problems) Error() string {
	var b strings.Builder
	if len(ps) == 1 {
		b.WriteString("1 problem in the configuration:")
	} else {
		fmt.Fprintf(&b, "%d problems in the configuration:", len(ps))
	}
	for _, p := range ps {
		b.WriteString("\n  " + p.String())
	}
	return b.String()
}

// collector gathers problems, one for each key. Keys below a key with a problem get none: a problem that follows from
// another would hide it.
type collector struct {
	problems Problems
	seen     map[string]bool
	// encrypted are the top-level keys that hold an encrypted value somewhere. None of their values is shown.
	encrypted map[string]bool
	// secretTexts are the secrets that the configuration holds.
	secretTexts []string
	// secretNames are the names in it that may be secrets in the wrong place.
	secretNames []string
}

func newCollector() *collector {
	return &collector{seen: map[string]bool{}, encrypted: map[string]bool{keyAdminPassword: true,
		keyPrincipalSecrets: true}}
}

// add records a problem; a nil value is not shown.
func (c *collector) add(at path, value any, reason, remedy string) {
	if c.broken(at) {
		return
	}
	shown := ""
	if key, _ := at[0].(string); value != nil && !c.encrypted[key] && !c.maybeSecret(value) {
		shown = show(value)
	}
	c.seen[at.String()] = true
	c.problems = append(c.problems,
		Problem{Key: at.String(), Value: shown, Reason: shortened(oneLine(reason)), Remedy: shortened(oneLine(remedy))})
}

// shortened keeps names of a configuration from swamping a line.
func shortened(text string) string {
	const longest = 300
	if runes := []rune(text); len(runes) > longest {
		return string(runes[:longest]) + "…"
	}
	return text
}

// maybeSecret reports whether a value could be a secret in the wrong place, which is not to be shown: it has one of the
// configuration's secrets in it, or looks like a secret. A list or an object may hold anything.
func (c *collector) maybeSecret(value any) bool {
	switch value := value.(type) {
	case string:
		known := func(secret string) bool { return strings.Contains(value, secret) }
		return slices.ContainsFunc(c.secretTexts, known) || stackfile.SecretLike(value)
	case map[string]any, []any:
		return true
	}
	return false
}

// oneLine keeps names that were taken from a configuration from breaking lines.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsGraphic(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// broken reports whether the key, or one above it, has a problem already.
func (c *collector) broken(at path) bool {
	for n := len(at); n > 0; n-- {
		if c.seen[at[:n].String()] {
			return true
		}
	}
	return false
}

// err is nil without problems, else Problems sorted by key.
func (c *collector) err() error {
	if len(c.problems) == 0 {
		return nil
	}
	for i, p := range c.problems {
		c.problems[i] = Problem{Key: c.withoutSecrets(p.Key), Value: p.Value, Reason: c.withoutSecrets(p.Reason),
			Remedy: c.withoutSecrets(p.Remedy)}
	}
	sort.SliceStable(c.problems, func(i, j int) bool { return c.problems[i].Key < c.problems[j].Key })
	return c.problems
}

// withoutSecrets hides names of the configuration that may be secrets in the wrong place.
func (c *collector) withoutSecrets(text string) string {
	for _, name := range c.secretNames {
		text = strings.ReplaceAll(text, name, stackfile.HiddenName)
	}
	return text
}

// noteName notes a name that the configuration uses, if it may be a secret in the wrong place.
func (c *collector) noteName(name string) {
	if stackfile.SecretLike(name) && stackfile.ShownName(name) != name || slices.Contains(c.secretTexts, name) {
		c.secretNames = append(c.secretNames, name)
	}
}

// longestShown keeps a value from swamping the line that it is shown on.
const longestShown = 120

// show renders a value as JSON on one line, cut where it is long.
func show(value any) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return fmt.Sprintf("%q", fmt.Sprint(value))
	}
	text := []rune(strings.TrimSuffix(b.String(), "\n"))
	if len(text) > longestShown {
		return string(text[:longestShown]) + "…"
	}
	return string(text)
}

// path is the way to a value: the top-level key, then a name for each object and an index for each list.
type path []any

func (p path) with(step any) path { return append(p[:len(p):len(p)], step) }

// String writes the path as `pulumi config set --path` takes it.
func (p path) String() string {
	var b strings.Builder
	for i, step := range p {
		switch step := step.(type) {
		case int:
			fmt.Fprintf(&b, "[%d]", step)
		case string:
			switch {
			case i == 0:
				b.WriteString(Namespace + ":" + oneLine(step))
			case step == "" || strings.ContainsAny(step, `.[]" `) || oneLine(step) != step:
				fmt.Fprintf(&b, "[%q]", step)
			default:
				b.WriteString("." + step)
			}
		}
	}
	return b.String()
}
