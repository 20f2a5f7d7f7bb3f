package settings_test

import (
	"archive/zip"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/settings"
)

const (
	password      = "Correct-horse-9-battery"
	clientSecret  = "client~secret~value"
	thumb         = "0123456789abcdef0123456789ABCDEF01234567"
	guid          = "11111111-2222-3333-4444-555555555555"
	otherGUID     = "99999999-8888-7777-6666-555555555555"
	nodeSecretURL = "https://contoso.vault.azure.net/secrets/node/0123456789abcdef0123456789abcdef"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

type object = map[string]any
type list = []any

// good is a configuration with every part in use and nothing wrong.
func good() object {
	return object{
		"environment":     "dev",
		"tags":            object{"purpose": "sharing"},
		"protect":         true,
		"rolePropagation": "90s",
		"organizations": object{
			"contoso": object{
				"location": "eastus", "subscriptionId": guid, "tenantId": otherGUID, "tags": object{"owner": "finance"},
				"principal": object{"clientId": guid},
			},
			"fabrikam": object{
				"location": "westeurope", "subscriptionId": otherGUID, "tenantId": guid,
				"principal": object{"clientId": otherGUID, "useOidc": true},
			},
			"adatum": object{"location": "southeastasia"},
		},
		"shares": object{
			"ledger": object{
				"provider": "contoso", "consumers": list{"fabrikam", "adatum"}, "description": "d", "terms": "t",
				"expiration": "2027-01-01T00:00:00Z",
				"schedule":   object{"interval": "Day", "start": "2025-02-01T02:00:00Z"},
				"dataSets": object{
					"entries": object{"kind": "blob", "container": "books", "path": "2025/a.csv", "source": "a.csv"},
					"scans":   object{"kind": "folder", "container": "books", "path": "scans", "source": "folder"},
					"archive": object{"kind": "container", "container": "archive"},
				},
				"invitees": object{"adatum": object{"email": "data@adatum.example"}},
			},
		},
		"storage": object{"sku": "Standard_GZRS", "accessTier": "Cool", "softDeleteDays": 365},
		"keyVault": object{
			"sku": "premium", "enabledForDeployment": true, "softDeleteDays": 7,
			"allowedAddressRanges": list{"203.0.113.0/24", "198.51.100.7", "192.0.2.6/31"},
		},
		"governance": object{
			"organization": "contoso", "sku": "Basic", "nodeCount": 3, "adminUser": "operator",
			"adminCertificate":     object{"thumbprint": thumb},
			"allowedAddressRanges": list{"203.0.113.0/24", "198.51.100.0/24"},
			"nodeCertificates":     list{object{"url": nodeSecretURL}},
			"package": object{
				"path": "app.sfpkg", "typeName": "AppType", "version": "1.0.0",
				"services": object{"audit": object{"typeName": "AuditType"},
					"policy": object{"typeName": "PolicyType", "instanceCount": 2}},
			},
		},
		"monitoring": object{"retentionDays": 730, "dailyQuotaGb": 0.5,
			"recipients": list{"oncall@contoso.example"}},
		"adminPassword":    password,
		"principalSecrets": object{"contoso": clientSecret},
	}
}

// root is a project folder with the files that good names, and an empty folder.
func root(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "folder", "deep"), 0o755))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "empty"), 0o755))
	writePackage(t, filepath.Join(dir, "app.sfpkg"), map[string]string{
		"ApplicationManifest.xml":         applicationManifest,
		"ServicesPkg/ServiceManifest.xml": serviceManifest,
	})
	for _, name := range []string{"a.csv", filepath.Join("folder", "deep", "b.csv")} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o644))
	}
	return dir
}

const (
	applicationManifest = `<ApplicationManifest ApplicationTypeName="AppType" ApplicationTypeVersion="1.0.0">
		<ServiceManifestImport><ServiceManifestRef ServiceManifestName="ServicesPkg" ServiceManifestVersion="1.0" />
		</ServiceManifestImport></ApplicationManifest>`
	serviceManifest = `<ServiceManifest Name="ServicesPkg" Version="1.0"><ServiceTypes>
		<StatelessServiceType ServiceTypeName="AuditType" /><StatelessServiceType ServiceTypeName="PolicyType" />
		<StatefulServiceType ServiceTypeName="LedgerType" /></ServiceTypes></ServiceManifest>`
)

// writePackage writes an application package.
func writePackage(t *testing.T, name string, content map[string]string) {
	t.Helper()
	file, err := os.Create(name)
	require.NoError(t, err)
	defer file.Close()
	archive := zip.NewWriter(file)
	for at, text := range content {
		part, err := archive.Create(at)
		require.NoError(t, err)
		_, err = part.Write([]byte(text))
		require.NoError(t, err)
	}
	require.NoError(t, archive.Close())
}

// values turns a configuration into what Parse takes: text as it is, all else as JSON.
func values(t *testing.T, configuration object) map[string]string {
	t.Helper()
	out := map[string]string{}
	for key, value := range configuration {
		if text, isText := value.(string); isText {
			out[key] = text
			continue
		}
		text, err := json.Marshal(value)
		require.NoError(t, err)
		out[key] = string(text)
	}
	return out
}

// absent as a value takes a key away.
var absent = new(int)

// set changes the value at the path in a configuration; objects on the way are made when missing.
func set(configuration object, value any, path ...string) object {
	at := configuration
	for _, step := range path[:len(path)-1] {
		next, ok := at[step].(object)
		if !ok {
			next = object{}
			at[step] = next
		}
		at = next
	}
	if last := path[len(path)-1]; value == absent {
		delete(at, last)
	} else {
		at[last] = value
	}
	return configuration
}

func parse(t *testing.T, configuration object) (*settings.Settings, error) {
	t.Helper()
	return settings.Parse(values(t, configuration), settings.Options{Now: now, Root: root(t), Stack: "dev"})
}

// lines are the problems of an error, one line each.
func lines(t *testing.T, err error) []string {
	t.Helper()
	var problems settings.Problems
	require.ErrorAs(t, err, &problems)
	out := make([]string, len(problems))
	for i, problem := range problems {
		out[i] = problem.String()
	}
	return out
}
