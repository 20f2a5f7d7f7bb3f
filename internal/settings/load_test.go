package settings_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/settings"
	"github.com/crossorg/crossorg/internal/stackfile"
)

func sprintf(format string, values ...any) string {
	return fmt.Sprintf(fmt.Sprintf("%[1]s %[1]s", format), values...)
}

// nothing answers for a program that registers nothing.
type nothing struct{}

func (nothing) NewResource(pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	return "", resource.PropertyMap{}, nil
}

func (nothing) Call(pulumi.MockCallArgs) (resource.PropertyMap, error) {
	return resource.PropertyMap{}, nil
}

// load runs Load in a Pulumi program with the configuration, in its folder.
func load(t *testing.T, configuration map[string]string, secret ...string) (got *settings.Settings, loadError error) {
	t.Helper()
	t.Chdir(root(t))
	prefixed := map[string]string{}
	for key, value := range configuration {
		prefixed["crossorg:"+key] = value
	}
	err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		got, loadError = settings.Load(ctx)
		return nil
	}, pulumi.WithMocks("crossorg", "dev", nothing{}), func(info *pulumi.RunInfo) {
		info.Config, info.ConfigSecretKeys = prefixed, secret
	})
	require.NoError(t, err)
	return got, loadError
}

// Load gives what Parse gives for the stack's configuration.
func TestLoad(t *testing.T) {
	configuration := good()
	set(configuration, absent, "shares", "ledger", "expiration")
	set(configuration, absent, "environment")
	want, err := parse(t, configuration)
	require.NoError(t, err)
	got, err := load(t, values(t, configuration), "crossorg:adminPassword", "crossorg:principalSecrets")
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

// A secret in plain text is refused without showing it, beside all other problems.
func TestLoadRefusesPlainSecrets(t *testing.T) {
	configuration := set(set(good(), absent, "shares", "ledger", "expiration"), 6, "keyVault", "softDeleteDays")
	_, err := load(t, values(t, configuration), "crossorg:principalSecrets")
	assert.Equal(t, []string{
		`crossorg:adminPassword: a secret in plain text; remove it, set it again with pulumi config set --secret, ` +
			`and change the secret itself if the file was shared`,
		`crossorg:keyVault.softDeleteDays = 6: out of range; use 7 to 90 days`,
	}, lines(t, err))
}

// An object of secrets whose last one was removed holds none in plain text.
func TestLoadTakesEmptySecrets(t *testing.T) {
	configuration := set(set(good(), absent, "shares", "ledger", "expiration"), object{}, "principalSecrets")
	set(configuration, absent, "organizations", "contoso", "principal")
	_, err := load(t, values(t, configuration), "crossorg:adminPassword")
	assert.NoError(t, err)
}

// A mistyped key is noticed although a program only ever asks for keys it knows.
func TestLoadNoticesUnknownKeys(t *testing.T) {
	t.Setenv(pulumi.EnvConfig, `{"crossorg:goverance": "{}", "azure-native:location": "eastus"}`)
	configuration := set(good(), absent, "shares", "ledger", "expiration")
	_, err := load(t, values(t, configuration), "crossorg:adminPassword", "crossorg:principalSecrets")
	assert.Equal(t, []string{`crossorg:goverance: unknown key; did you mean "governance"?`}, lines(t, err))
}

// A mistyped namespace is noticed too, and the key that was meant is not called missing beside it.
func TestLoadNoticesUnknownNamespaces(t *testing.T) {
	t.Setenv(pulumi.EnvConfig, `{"crosorg:organizations": "{}", "crosorg:shares": "{}", "pulumi:tags": "{}"}`)
	_, err := load(t, map[string]string{})
	assert.Equal(t, []string{
		`crosorg:organizations: unknown namespace, which nothing reads; did you mean "crossorg:organizations"?`,
		`crosorg:shares: unknown namespace, which nothing reads; did you mean "crossorg:shares"?`,
	}, lines(t, err))
}

// Pulumi drops what does not stand below config:, so the program looks at the stack file itself.
func TestLoadNoticesAMangledStackFile(t *testing.T) {
	configuration := set(good(), absent, "shares", "ledger", "expiration")
	given := values(t, configuration)
	loadBeside := func(stackFile string) error {
		var loadError error
		t.Chdir(root(t))
		require.NoError(t, os.WriteFile("Pulumi.dev.yaml", []byte(stackFile), 0o600))
		prefixed := map[string]string{}
		for key, value := range given {
			prefixed["crossorg:"+key] = value
		}
		err := pulumi.RunErr(func(ctx *pulumi.Context) error {
			_, loadError = settings.Load(ctx)
			return nil
		}, pulumi.WithMocks("crossorg", "dev", nothing{}), func(info *pulumi.RunInfo) {
			info.Config = prefixed
			info.ConfigSecretKeys = []string{"crossorg:adminPassword", "crossorg:principalSecrets"}
		})
		require.NoError(t, err)
		return loadError
	}
	assert.NoError(t, loadBeside("config:\n  crossorg:protect: true\n"))
	err := loadBeside("config:\n  crossorg:protect: true\ncrossorg:governance: {}\n")
	assert.Equal(t, []string{"Pulumi.dev.yaml, line 3: crossorg:governance: at the top of the file, where Pulumi " +
		"does " +
		"not see it; indent it below config:"}, lines(t, err))
}

// A time means the same with and without quotes in a stack file, where YAML takes it for a time of its own.
func TestTimeWithoutQuotes(t *testing.T) {
	for text, want := range map[string]string{
		`"2025-02-01T02:00:00Z"`:    "",
		`2025-02-01T02:00:00Z`:      "",
		`2025-02-01T02:00:00+01:00`: `not in UTC; write it as "2025-02-01T01:00:00Z"`,
		`2 o'clock`:                 `not a time; write it as RFC 3339 in UTC, such as "2025-02-01T02:00:00Z"`,
	} {
		t.Run(text, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi.yaml"),
				[]byte("name: crossorg\nruntime: go\n"), 0o644))
			file := filepath.Join(dir, "Pulumi.x.yaml")
			require.NoError(t, os.WriteFile(file, []byte(`
config:
  crossorg:organizations: {one: {location: eastus}, two: {location: eastus}}
  crossorg:shares:
    ledger:
      provider: one
      consumers: [two]
      schedule: {interval: Day, start: `+text+`}
      dataSets: {all: {kind: container, container: books}}
`), 0o644))
			given, err := stackfile.Values(file)
			require.NoError(t, err)
			got, err := settings.Parse(given, settings.Options{Stack: "x"})
			if want != "" {
				require.ErrorContains(t, err, want)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, time.Date(2025, 2, 1, 2, 0, 0, 0, time.UTC), got.Shares["ledger"].Schedule.Start)
		})
	}
}
