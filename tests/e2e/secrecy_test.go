package e2e

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/operationalinsights/armoperationalinsights"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/storage/armstorage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// governancePackage is a small Service Fabric application.
func governancePackage(t *testing.T) string {
	t.Helper()
	var raw bytes.Buffer
	w := zip.NewWriter(&raw)
	for name, content := range map[string]string{
		"ApplicationManifest.xml": `<ApplicationManifest xmlns="http://schemas.microsoft.com/2011/01/fabric" ApplicationTypeName="GovernanceType" ApplicationTypeVersion="1.0.0">
			<ServiceManifestImport>
				<ServiceManifestRef ServiceManifestName="AuditPkg" ServiceManifestVersion="1.0" />
			</ServiceManifestImport>
		</ApplicationManifest>`,
		"AuditPkg/ServiceManifest.xml": `<ServiceManifest xmlns="http://schemas.microsoft.com/2011/01/fabric" Name="AuditPkg" Version="1.0">
			<ServiceTypes>
				<StatelessServiceType ServiceTypeName="AuditServiceType" UseImplicitHost="true" />
			</ServiceTypes>
			<CodePackage Name="Code" Version="1.0">
				<EntryPoint><ExeHost><Program>audit.exe</Program></ExeHost></EntryPoint>
			</CodePackage>
		</ServiceManifest>`,
		"AuditPkg/Code/audit.exe": "MZ",
	} {
		f, err := w.Create(name)
		require.NoError(t, err)
		_, err = f.Write([]byte(content))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	path := filepath.Join(t.TempDir(), "governance.sfpkg")
	require.NoError(t, os.WriteFile(path, raw.Bytes(), 0o600))
	return path
}

// token is what access tokens look like.
var token = regexp.MustCompile(`eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}`)

// Whatever a person sees of a run, the request log and what the Pulumi CLI keeps hold none of the secrets that the run
// made or used; and where secrets are kept, nobody but their owner can look, whatever the umask.
func TestSecretsAreKept(t *testing.T) {
	t.Parallel()
	c := newHome(t, "dev")
	c.configure(func(config map[string]any) {
		config["crossorg:governance"].(map[string]any)["package"] = map[string]any{
			"path": governancePackage(t), "typeName": "GovernanceType", "version": "1.0.0",
			"services": map[string]any{"audit": map[string]any{"typeName": "AuditServiceType"}},
		}
	})
	log := filepath.Join(t.TempDir(), "arm.jsonl")
	shown := map[string]string{}
	for _, arguments := range [][]string{
		c.arguments("up", "--arm-log", log), c.arguments("outputs", "--json"), c.arguments("refresh"),
		c.arguments("pulumi", "--", "stack", "export"),
		c.arguments("pulumi", "--", "up", "--yes", "--show-config", "--show-reads", "--logtostderr", "-v=5"),
	} {
		what := strings.Join(arguments[1:2], " ") + " " + arguments[len(arguments)-1]
		shown[what] = careless(t, arguments)
	}
	raw, err := os.ReadFile(log)
	require.NoError(t, err)
	shown["the request log"] = string(raw)
	for _, asked := range []string{"/listKeys?", "/ListServiceSas?", "appPackageUrl"} {
		assert.Contains(t, shown["the request log"], asked, "the run handled this kind of secret")
	}
	for _, kept := range []string{"state", "project", "program", "pulumi"} {
		require.NoError(t, filepath.WalkDir(filepath.Join(c.dir, kept),
			func(path string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				raw, err := os.ReadFile(path)
				shown[path] = string(raw)
				return err
			}))
	}

	secrets := c.secrets()
	for where, text := range shown {
		for what, secret := range secrets {
			for _, written := range []string{secret, url.QueryEscape(secret)} {
				assert.False(t, strings.Contains(text, written), "%s holds %s", where, what)
			}
		}
		assert.False(t, token.MatchString(text), "%s holds a token", where)
	}

	if runtime.GOOS == "windows" {
		return // files have no mode there
	}
	for _, from := range []string{c.dir, log} {
		require.NoError(t, filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := d.Info()
			if err == nil && info.Mode()&fs.ModeSymlink == 0 {
				assert.Zero(t, info.Mode().Perm()&0o077, "%s has mode %v", path, info.Mode())
			}
			return err
		}))
	}
}

// careless runs the tool as somebody whose files everybody may read, and returns all it said.
func careless(t *testing.T, arguments []string) string {
	t.Helper()
	cmd := exec.Command("sh", append([]string{"-c", `umask 0; exec "$0" "$@"`, tool}, arguments...)...)
	if runtime.GOOS == "windows" {
		cmd = exec.Command(tool, arguments...)
	}
	said, err := cmd.CombinedOutput()
	require.NoError(t, err, "%v: %s", arguments, said)
	return string(said)
}

// secrets are all that the home has, by what they are.
func (h *home) secrets() map[string]string {
	h.t.Helper()
	out := map[string]string{}
	var estate struct {
		Default struct{ ClientSecret string }
		Others  []struct{ ClientID, ClientSecret string }
		Control string `json:"controlSecret"`
	}
	read := func(parts ...string) string {
		raw, err := os.ReadFile(filepath.Join(append([]string{h.dir}, parts...)...))
		require.NoError(h.t, err)
		return string(raw)
	}
	require.NoError(h.t, json.Unmarshal([]byte(read("azure", "estate.json")), &estate))
	out["the client secret"], out["the control secret"] = estate.Default.ClientSecret, estate.Control
	for _, o := range estate.Others {
		out["the client secret of "+o.ClientID] = o.ClientSecret
	}
	out["the passphrase"] = strings.TrimSpace(read("passphrase"))
	for _, key := range [][]string{{"azure", "ca-key.pem"}, {"certs", "admin.key"}} {
		out["the key of "+key[1]] = strings.Split(read(key...), "\n")[1]
	}
	var configuration map[string]struct {
		Value  string
		Secret bool
	}
	require.NoError(h.t, json.Unmarshal([]byte(h.pulumi("config", "--show-secrets", "--json")), &configuration))
	require.True(h.t, configuration["crossorg:adminPassword"].Secret)
	for key, c := range configuration {
		if c.Secret {
			out["the value of "+key] = c.Value
		}
	}
	signature := regexp.MustCompile(`sig=([^&"\\]+)`).FindStringSubmatch(h.pulumi("stack", "export", "--show-secrets"))
	require.NotNil(h.t, signature, "the package's link is signed")
	out["a SAS signature"] = signature[1]
	var err error
	out["a SAS signature, unescaped"], err = url.QueryUnescape(signature[1])
	require.NoError(h.t, err)

	s, ctx := h.serve(), context.Background()
	defer s.stop()
	credential := s.signIn(s.TenantID, s.ClientID, s.defaultSecret())
	resources, err := armresources.NewClient(s.SubscriptionID, credential, s.armOptions())
	require.NoError(h.t, err)
	accounts, err := armstorage.NewAccountsClient(s.SubscriptionID, credential, s.armOptions())
	require.NoError(h.t, err)
	workspaces, err := armoperationalinsights.NewSharedKeysClient(s.SubscriptionID, credential, s.armOptions())
	require.NoError(h.t, err)
	for pager := resources.NewListPager(nil); pager.More(); {
		page, err := pager.NextPage(ctx)
		require.NoError(h.t, err)
		for _, r := range page.Value {
			group := strings.Split(*r.ID, "/")[4]
			switch *r.Type {
			case "Microsoft.Storage/storageAccounts":
				keys, err := accounts.ListKeys(ctx, group, *r.Name, nil)
				require.NoError(h.t, err)
				for _, k := range keys.Keys {
					out[*k.KeyName+" of "+*r.Name] = *k.Value
				}
			case "Microsoft.OperationalInsights/workspaces":
				keys, err := workspaces.GetSharedKeys(ctx, group, *r.Name, nil)
				require.NoError(h.t, err)
				out["the shared key of "+*r.Name] = *keys.PrimarySharedKey
			}
		}
	}
	for what, secret := range out {
		require.Greater(h.t, len(secret), 10, what)
	}
	require.Greater(h.t, len(out), 12)
	return out
}
