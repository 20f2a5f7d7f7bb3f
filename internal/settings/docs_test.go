package settings_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/settings"
	"github.com/crossorg/crossorg/internal/stackfile"
)

func document(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(project, "docs", "configuration.md"))
	require.NoError(t, err)
	return string(text)
}

// Every example of the reference, laid over the dev stack, is a good configuration.
func TestDocumentedExamplesAreGood(t *testing.T) {
	manifest, err := os.ReadFile(filepath.Join(project, "Pulumi.yaml"))
	require.NoError(t, err)
	blocks := regexp.MustCompile("(?s)### ([^\n]+)\n|```yaml\n(.*?)```").FindAllStringSubmatch(document(t), -1)
	section, examples := "", 0
	for _, block := range blocks {
		if block[2] == "" {
			section = block[1]
			continue
		}
		examples++
		t.Run(section, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi.yaml"), manifest, 0o644))
			file := filepath.Join(dir, "Pulumi.example.yaml")
			require.NoError(t, os.WriteFile(file, []byte(block[2]), 0o644))
			declared, err := stackfile.Values(filepath.Join(dir, "Pulumi.absent.yaml"))
			require.NoError(t, err)
			example, err := stackfile.Values(file)
			require.NoError(t, err)

			given := stack(t, "dev")
			said := 0
			for key, value := range example {
				if value != declared[key] || strings.Contains(block[2], settings.Namespace+":"+key+":") {
					given[key] = value
					said++
				}
			}
			require.NotZero(t, said, "the example sets nothing")
			given["principalSecrets"] = neededSecrets(t, given["organizations"])
			_, err = settings.Parse(given, settings.Options{Root: project})
			assert.NoError(t, err)
		})
	}
	assert.Greater(t, examples, 12)
}

// neededSecrets is a secret for every principal that needs one.
func neededSecrets(t *testing.T, organizations string) string {
	t.Helper()
	var named map[string]settings.Organization
	require.NoError(t, json.Unmarshal([]byte(organizations), &named))
	secrets := map[string]string{}
	for name, organization := range named {
		if organization.Principal != nil && !organization.Principal.UseOIDC {
			secrets[name] = clientSecret
		}
	}
	text, err := json.Marshal(secrets)
	require.NoError(t, err)
	return string(text)
}

// The reference has a row for every key there is, and for no other.
func TestEveryKeyIsDocumented(t *testing.T) {
	want := map[string]bool{"crossorg:adminPassword": true, "crossorg:principalSecrets.<name>": true}
	keysOf(reflect.TypeFor[settings.Settings](), "", want)
	got := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(crossorg:[^`]+)` \\|").FindAllStringSubmatch(document(t), -1) {
		got[row[1]] = true
	}
	for key := range maps.Keys(want) {
		assert.Contains(t, got, key)
	}
	for key := range maps.Keys(got) {
		assert.Contains(t, want, key)
	}
}

// The reference states the defaults that there are.
func TestDocumentedDefaults(t *testing.T) {
	defaults, err := settings.Parse(map[string]string{
		"organizations": `{"one":{"location":"eastus"},"two":{"location":"eastus"}}`,
		"shares": `{"s-1":{"provider":"one","consumers":["two"],"schedule":{"interval":"Day",` +
			`"start":"2025-02-01T02:00:00Z"},` +
			`"dataSets":{"all":{"kind":"container","container":"all"}}}}`,
		"governance":    `{"organization":"one","adminCertificate":{"thumbprint":"` + thumb + `"}}`,
		"adminPassword": password,
	}, settings.Options{Stack: "x"})
	require.NoError(t, err)
	text := document(t)
	checked := 0
	for section, value := range map[string]any{
		"storage": defaults.Storage, "keyVault": defaults.KeyVault, "monitoring": defaults.Monitoring,
		"governance": *defaults.Governance, "governance.image": defaults.Governance.Image,
	} {
		of := reflect.ValueOf(value)
		for i := range of.NumField() {
			tag := of.Type().Field(i).Tag.Get("json")
			row := regexp.MustCompile("(?m)^\\| `crossorg:" + section + "." + tag +
				"` \\|[^|]*\\| `([^`]*)` \\|").FindStringSubmatch(text)
			if row == nil {
				continue
			}
			checked++
			assert.Equal(t, fmt.Sprint(of.Field(i)), row[1], "%s.%s", section, tag)
		}
	}
	assert.GreaterOrEqual(t, checked, 20)
}

// keysOf adds the keys below a type: its single values, and the objects that may be absent.
func keysOf(of reflect.Type, at string, keys map[string]bool) {
	switch {
	case of.Kind() == reflect.Pointer:
		if strings.Contains(at, ".") {
			keys[at] = true
		}
		keysOf(of.Elem(), at, keys)
	case of.Kind() == reflect.Slice && of.Elem().Kind() == reflect.Struct:
		keysOf(of.Elem(), at+"[]", keys)
	case of.Kind() == reflect.Map && of.Elem().Kind() == reflect.Struct:
		name := "<name>"
		if strings.HasSuffix(at, ".invitees") {
			name = "<consumer>"
		}
		keysOf(of.Elem(), at+"."+name, keys)
	case of.Kind() == reflect.Struct && of != reflect.TypeFor[time.Time]():
		for i := range of.NumField() {
			tag := of.Field(i).Tag.Get("json")
			switch {
			case tag == "-":
			case at == "":
				keysOf(of.Field(i).Type, settings.Namespace+":"+tag, keys)
			default:
				keysOf(of.Field(i).Type, at+"."+tag, keys)
			}
		}
	default:
		keys[at] = true
	}
}
