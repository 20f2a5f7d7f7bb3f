package local

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/crossorg/crossorg/internal/stackfile"
)

// overlay is a project with one stack file and a home's copy of it.
type overlay struct {
	t              *testing.T
	project        *stackfile.Project
	source, target string
}

func newOverlay(t *testing.T, pulumiYAML, stackYAML string) *overlay {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi.yaml"), []byte(pulumiYAML), 0o600))
	project, err := stackfile.FindProject(dir)
	require.NoError(t, err)
	o := &overlay{t: t, project: project, source: project.StackFile("dev"),
		target: filepath.Join(t.TempDir(), "Pulumi.dev.yaml")}
	o.write(stackYAML)
	return o
}

func (o *overlay) write(stackYAML string) {
	o.t.Helper()
	require.NoError(o.t, os.WriteFile(o.source, []byte(stackYAML), 0o600))
}

// merge takes the stack file over, as a run does, and returns the copy's configuration.
func (o *overlay) merge(local localValues) map[string]any {
	o.t.Helper()
	file, err := o.project.Read(o.source)
	require.NoError(o.t, err)
	_, err = writeCopy(file, o.target, "correct horse", local)
	require.NoError(o.t, err)
	return o.read()["config"].(map[string]any)
}

func (o *overlay) read() map[string]any {
	o.t.Helper()
	raw, err := os.ReadFile(o.target)
	require.NoError(o.t, err)
	var document map[string]any
	require.NoError(o.t, yaml.Unmarshal(raw, &document))
	return document
}

// decrypt opens an encrypted value with nothing but the passphrase and the salt in the file.
func (o *overlay) decrypt(value any) string {
	o.t.Helper()
	encrypted, ok := value.(map[string]any)
	require.True(o.t, ok, "%v is not encrypted", value)
	parts := strings.SplitN(o.read()["encryptionsalt"].(string), ":", 3)
	salt, err := base64.StdEncoding.DecodeString(parts[1])
	require.NoError(o.t, err)
	plain, err := config.NewSymmetricCrypterFromPassphrase("correct horse", salt).
		DecryptValue(context.Background(), encrypted["secure"].(string))
	require.NoError(o.t, err)
	return plain
}

const plainProject = "name: crossorg\nruntime: go\n"

func TestStackFileIsTakenOverAndNeverWritten(t *testing.T) {
	const stack = "# a comment\nconfig:\n  crossorg:start: 2025-02-01T02:00:00Z\n  crossorg:organizations: " +
		"{contoso: {location: eastus}}\n"
	o := newOverlay(t, plainProject, stack)
	o.merge(localValues{})

	raw, err := os.ReadFile(o.source)
	require.NoError(t, err)
	assert.Equal(t, stack, string(raw), "the repository's file")
	raw, err = os.ReadFile(o.target)
	require.NoError(t, err)
	assert.Contains(t, string(raw), "crossorg:start: 2025-02-01T02:00:00Z", "a date stays as written")
	info, err := os.Stat(o.target)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestPasswordIsGeneratedOnceAndEncrypted(t *testing.T) {
	o := newOverlay(t, plainProject, "config:\n  crossorg:environment: one\n")
	first := o.merge(localValues{})
	password := o.decrypt(first["crossorg:adminPassword"])
	assert.GreaterOrEqual(t, len(password), 12)
	raw, err := os.ReadFile(o.target)
	require.NoError(t, err)
	assert.NotContains(t, string(raw), password)

	before := o.read()
	o.write("config:\n  crossorg:environment: two\n")
	second := o.merge(localValues{})
	assert.Equal(t, "two", second["crossorg:environment"], "a change of the repository's file is taken over")
	assert.Equal(t, first["crossorg:adminPassword"], second["crossorg:adminPassword"], "the password stays")
	assert.Equal(t, before["encryptionsalt"], o.read()["encryptionsalt"], "the salt stays")
}

func TestPrincipalsSignInWithSecretsOfTheLocalDirectory(t *testing.T) {
	o := newOverlay(t, plainProject, `config:
  crossorg:organizations:
    contoso: {location: eastus, principal: {clientId: c1, useOidc: true}}
    fabrikam: {location: eastus}
`)
	first := o.merge(localValues{PrincipalSecrets: map[string]string{"contoso": "the first secret"}})
	secrets := first["crossorg:principalSecrets"].(map[string]any)
	assert.Equal(t, "the first secret", o.decrypt(secrets["contoso"]))
	organizations := first["crossorg:organizations"].(map[string]any)
	assert.Equal(t, map[string]any{"clientId": "c1"}, organizations["contoso"].(map[string]any)["principal"],
		"a federated token cannot be had locally")

	same := o.merge(localValues{PrincipalSecrets: map[string]string{"contoso": "the first secret"}})
	assert.Equal(t, first, same, "an unchanged secret keeps its ciphertext, so the configuration does not change")

	other := o.merge(localValues{PrincipalSecrets: map[string]string{"contoso": "another secret"}})
	assert.Equal(t, "another secret", o.decrypt(other["crossorg:principalSecrets"].(map[string]any)["contoso"]))
}

func TestAdministratorCertificateOnlyWhereNobodyAdministers(t *testing.T) {
	for name, test := range map[string]struct {
		governance string
		needs      bool
	}{
		"no cluster":             {"{}", false},
		"nobody configured":      {"{organization: contoso}", true},
		"null certificate":       {"{organization: contoso, adminCertificate: null}", true},
		"certificate configured": {"{organization: contoso, adminCertificate: {thumbprint: AB}}", false},
		"directory configured":   {"{organization: contoso, azureActiveDirectory: {tenantId: t}}", false},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOverlay(t, plainProject, "config:\n  crossorg:governance: "+test.governance+"\n")
			file, err := o.project.Read(o.source)
			require.NoError(t, err)
			assert.Equal(t, test.needs, needsCertificate(file))
		})
	}
}

func TestGeneratedCertificateGoesIntoTheCluster(t *testing.T) {
	o := newOverlay(t, plainProject+"config:\n  governance:\n    type: object\n    default: {organization: "+
		"contoso, sku: Basic}\n", "config: {}\n")
	got := o.merge(localValues{AdminThumbprint: "ABCD"})["crossorg:governance"]
	assert.Equal(t, map[string]any{
		"organization": "contoso", "sku": "Basic", "adminCertificate": map[string]any{"thumbprint": "ABCD"},
	}, got, "the default of Pulumi.yaml counts where the stack says nothing, and an object replaces it whole")
}

func TestValuesEncryptedElsewhereAreLeftOutAndNamed(t *testing.T) {
	o := newOverlay(t, plainProject, `encryptionsalt: v1:AAAA:v1:BBBB:CCCC
config:
  crossorg:adminPassword:
    secure: v1:x:y
  crossorg:nested: {plain: kept, hidden: {secure: v1:x:y}}
`)
	file, err := o.project.Read(o.source)
	require.NoError(t, err)
	assert.Equal(t, []string{"crossorg:adminPassword", "crossorg:nested.hidden"}, file.Undecipherable)

	merged := o.merge(localValues{})
	assert.NotEmpty(t, o.decrypt(merged["crossorg:adminPassword"]), "a generated one stands in")
	assert.Equal(t, map[string]any{"plain": "kept"}, merged["crossorg:nested"])
	assert.NotContains(t, o.read()["encryptionsalt"], "AAAA")
}

func TestWrongPassphraseIsNamedWithTheRemedy(t *testing.T) {
	o := newOverlay(t, plainProject, "config: {}\n")
	o.merge(localValues{})
	file, err := o.project.Read(o.source)
	require.NoError(t, err)
	_, err = writeCopy(file, o.target, "another", localValues{PrincipalSecrets: map[string]string{"contoso": "secret"}})
	assert.ErrorContains(t, err, "passphrase")
	assert.ErrorContains(t, err, "local reset")
}

func TestAdministratorCertificateIsRealAndStays(t *testing.T) {
	home, err := NewHome(t.TempDir())
	require.NoError(t, err)
	require.NoError(t, home.create())
	first, err := home.adminThumbprint()
	require.NoError(t, err)
	assert.Regexp(t, `^[0-9A-F]{40}$`, first)
	second, err := home.adminThumbprint()
	require.NoError(t, err)
	assert.Equal(t, first, second)

	certFile, keyFile := filepath.Join(home.CertsDir(), "admin.pem"), filepath.Join(home.CertsDir(), "admin.key")
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	require.NoError(t, err, "certificate and key belong together")
	assert.True(t, time.Now().AddDate(9, 0, 0).Before(pair.Leaf.NotAfter), "it need not be renewed soon")
	info, err := os.Stat(keyFile)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}
