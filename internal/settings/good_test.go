package settings_test

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/settings"
	"github.com/crossorg/crossorg/internal/stackfile"
)

// project is the folder of Pulumi.yaml, seen from this package.
var project = filepath.Join("..", "..")

// Every value of a configuration arrives, beside the defaults of what it leaves out.
func TestGoodConfigurationArrives(t *testing.T) {
	got, err := parse(t, good())
	require.NoError(t, err)

	want := &settings.Settings{
		Environment:     "dev",
		Tags:            map[string]string{"purpose": "sharing"},
		Protect:         true,
		RolePropagation: 90 * time.Second,
		Organizations: map[string]settings.Organization{
			"contoso": {
				Location: "eastus", SubscriptionID: guid, TenantID: otherGUID,
				Tags:      map[string]string{"owner": "finance"},
				Principal: &settings.Principal{ClientID: guid, ClientSecret: settings.NewSecret(clientSecret)},
			},
			"fabrikam": {
				Location: "westeurope", SubscriptionID: otherGUID, TenantID: guid,
				Principal: &settings.Principal{ClientID: otherGUID, UseOIDC: true},
			},
			"adatum": {Location: "southeastasia"},
		},
		Shares: map[string]settings.Share{"ledger": {
			Provider: "contoso", Consumers: []string{"fabrikam", "adatum"}, Description: "d", Terms: "t",
			Kind:       "CopyBased",
			Expiration: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC),
			Schedule:   settings.Schedule{Interval: "Day", Start: time.Date(2025, 2, 1, 2, 0, 0, 0, time.UTC)},
			DataSets: map[string]settings.DataSet{
				"entries": {Kind: "blob", Container: "books", Path: "2025/a.csv", Source: "a.csv"},
				"scans":   {Kind: "folder", Container: "books", Path: "scans", Source: "folder"},
				"archive": {Kind: "container", Container: "archive"},
			},
			Invitees: map[string]settings.Invitee{"adatum": {Email: "data@adatum.example"}},
		}},
		Storage: settings.Storage{
			SKU: "Standard_GZRS", AccessTier: "Cool", SoftDeleteDays: 365, CoolAfterDays: 30,
			DeleteVersionsAfterDays: 90,
		},
		KeyVault: settings.KeyVault{
			SKU: "premium", EnabledForDeployment: true, EnabledForTemplateDeployment: true, SoftDeleteDays: 7,
			AllowedAddressRanges: []string{"203.0.113.0/24", "198.51.100.7", "192.0.2.6/31"},
		},
		Governance: &settings.Governance{
			Organization: "contoso", SKU: "Basic", NodeCount: 3, VMSize: "Standard_D2s_v3",
			Image: settings.Image{
				Publisher: "MicrosoftWindowsServer", Offer: "WindowsServer", SKU: "2019-Datacenter", Version: "latest",
			},
			AdminUser: "operator", AdminPassword: settings.NewSecret(password),
			AdminCertificate:     &settings.Certificate{Thumbprint: thumb},
			AllowedAddressRanges: []string{"203.0.113.0/24", "198.51.100.0/24"},
			NodeCertificates:     []settings.NodeCertificate{{URL: nodeSecretURL, Store: "My"}},
			Package: &settings.Package{
				Path: "app.sfpkg", TypeName: "AppType", Version: "1.0.0",
				Services: map[string]settings.Service{
					"audit":  {TypeName: "AuditType", InstanceCount: -1},
					"policy": {TypeName: "PolicyType", InstanceCount: 2},
				},
			},
		},
		Monitoring: settings.Monitoring{
			SKU: "PerGB2018", RetentionDays: 730, DailyQuotaGB: 0.5, Recipients: []string{"oncall@contoso.example"},
		},
	}
	assert.Equal(t, want, got)
}

// What is allowed at the edges of the rules passes.
func TestEdgesPass(t *testing.T) {
	cases := []struct {
		name  string
		path  []string
		value any
	}{
		{"hosted by a consumer", []string{"governance", "organization"}, "adatum"},
		{"no cluster, by an empty object", []string{"governance"}, object{}},
		{"no cap", []string{"monitoring", "dailyQuotaGb"}, -1},
		{"smallest cap", []string{"monitoring", "dailyQuotaGb"}, 0.023},
		{"cap as the CLI writes it", []string{"monitoring", "dailyQuotaGb"}, "0.5"},
		{"whole number with a fraction of nothing", []string{"governance", "nodeCount"}, 5.0},
		{"no expiration", share("expiration"), absent},
		{"no roles to wait for", []string{"rolePropagation"}, "0s"},
		{"an hour to wait", []string{"rolePropagation"}, "1h"},
		{"hourly", share("schedule", "interval"), "Hour"},
		{"zero offset is UTC", share("schedule", "start"), "2025-02-01T02:00:00+00:00"},
		{"shortest names", share("dataSets", "abc"), object{"kind": "container", "container": "xyz"}},
		{"longest blob name", share("dataSets", "entries", "path"), strings.Repeat("x", 1011)},
		{"files that two shares upload", []string{"shares", "journal"}, func() any {
			other := good()["shares"].(object)["ledger"].(object)
			other["dataSets"] = object{"one": object{"kind": "blob", "container": "books",
				"path": "scans/deep/b.csv", "source": "folder/deep/b.csv"}}
			return other
		}()},
		{"folder beside one with the same beginning", share("dataSets", "more"),
			object{"kind": "folder", "container": "books", "path": "scans-old"}},
		{"the same path in another container", share("dataSets", "more"),
			object{"kind": "blob", "container": "films", "path": "2025/a.csv"}},
		{"directory and object", share("invitees", "adatum"), object{"tenantId": guid, "objectId": otherGUID}},
		{"common name and issuers", []string{"governance", "adminCertificate"},
			object{"commonName": "admin", "issuerThumbprint": thumb + "," + thumb}},
		{"directory instead of a certificate", []string{"governance", "azureActiveDirectory"},
			object{"tenantId": guid, "clusterApplication": guid, "clientApplication": guid}},
		{"a share in the other direction", []string{"shares", "returns"}, object{
			"provider": "fabrikam", "consumers": list{"contoso"},
			"schedule": object{"interval": "Day", "start": "2025-02-01T02:00:00Z"},
			"dataSets": object{"entries": object{"kind": "blob", "container": "books", "path": "2025/a.csv",
				"source": "a.csv"}}}},
		{"a second share of the same blob that does not upload it", []string{"shares", "again"}, object{
			"provider": "contoso", "consumers": list{"adatum"},
			"schedule": object{"interval": "Day", "start": "2025-02-01T02:00:00Z"},
			"dataSets": object{"entries": object{"kind": "blob", "container": "books", "path": "2025/a.csv"}}}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := parse(t, set(good(), c.value, c.path...))
			assert.NoError(t, err)
		})
	}
}

// A storage account takes 400 rules, the smallest range being /30.
func TestStorageAddressesArrive(t *testing.T) {
	ranges := append(addresses(398), "203.0.113.4/30", "11.0.0.0/8")
	configuration := set(good(), ranges, "storage", "allowedAddressRanges")
	got, err := parse(t, set(configuration, absent, "governance", "package"))
	require.NoError(t, err)
	require.Len(t, got.Storage.AllowedAddressRanges, 400)
	assert.Equal(t, []string{"203.0.113.4/30", "11.0.0.0/8"}, got.Storage.AllowedAddressRanges[398:])
}

// Everything that is wrong comes in one error, sorted by key, one line each.
func TestAllProblemsTogether(t *testing.T) {
	configuration := good()
	set(configuration, "Premium_LRS", "storage", "sku")
	set(configuration, absent, "organizations", "adatum", "location")
	set(configuration, list{}, "monitoring", "recipients")
	set(configuration, "abc", "adminPassword")
	set(configuration, 1, "shares", "ledger", "consumer")
	_, err := parse(t, configuration)
	require.EqualError(t, err, strings.Join([]string{
		`5 problems in the configuration:`,
		`  crossorg:adminPassword: ` +
			`not 8 to 123 characters long and not of three of the classes lowercase, uppercase, digit and ` +
			`special character; run pulumi config set --secret crossorg:adminPassword`,
		`  crossorg:monitoring.recipients: missing, though crossorg:protect is set; name who gets the alerts, such ` +
			`as data-oncall@example.com`,
		`  crossorg:organizations.adatum.location: missing; set an Azure region, such as eastus`,
		`  crossorg:shares.ledger.consumer: unknown key; did you mean "consumers"?`,
		`  crossorg:storage.sku = "Premium_LRS": not allowed; ` +
			`use Standard_LRS, Standard_ZRS, Standard_GRS, Standard_RAGRS, ` +
			`Standard_GZRS or Standard_RAGZRS`,
	}, "\n"))
}

// Nothing that is wrong makes a secret show.
func TestSecretsNeverShow(t *testing.T) {
	const secret = "s3cret-Value-that-must-not-show"
	for name, broken := range map[string]map[string]string{
		"no JSON":              {"principalSecrets": secret},
		"cut off":              {"principalSecrets": `{"contoso": "` + secret},
		"list":                 {"principalSecrets": `["` + secret + `"]`},
		"nested":               {"principalSecrets": `{"contoso": {"value": "` + secret + `"}}`},
		"unknown organization": {"principalSecrets": `{"nobody": "` + secret + `"}`},
		"no principal":         {"principalSecrets": `{"adatum": "` + secret + `"}`},
		"useOidc":              {"principalSecrets": `{"fabrikam": "` + secret + `"}`},
		"password too long":    {"adminPassword": strings.Repeat(secret, 10)},
		"password too simple":  {"adminPassword": strings.ToLower(strings.ReplaceAll(secret, "3", ""))},
	} {
		t.Run(name, func(t *testing.T) {
			given := values(t, good())
			for key, value := range broken {
				given[key] = value
			}
			_, err := settings.Parse(given, settings.Options{Now: now, Root: root(t)})
			require.Error(t, err)
			assert.NotContains(t, strings.ToLower(err.Error()), "value-that-must-not-show")
			for _, problem := range err.(settings.Problems) {
				assert.Empty(t, problem.Value, problem.Key)
			}
		})
	}
}

// A secret formats as a placeholder however it is printed.
func TestSecretHidesItself(t *testing.T) {
	got, err := parse(t, good())
	require.NoError(t, err)
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		assert.NotContains(t, sprintf(format, *got.Governance, got.Governance.AdminPassword), password, format)
	}
	assert.Equal(t, password, got.Governance.AdminPassword.Reveal())
}

// Empty keys count as absent, and the stack's name stands in for the environment.
func TestAbsentKeysHaveDefaults(t *testing.T) {
	got, err := settings.Parse(map[string]string{
		"organizations": `{"contoso": {"location": "eastus"}}`, "environment": "", "shares": "{}",
		"adminPassword": "", "principalSecrets": "",
	}, settings.Options{Stack: "trial"})
	require.NoError(t, err)
	assert.Equal(t, "trial", got.Environment)
	assert.Equal(t, 10*time.Minute, got.RolePropagation)
	assert.Equal(t, "Standard_LRS", got.Storage.SKU)
	assert.Nil(t, got.Governance)
}

// The environment variable wins over the configuration, and is named when it is wrong.
func TestRolePropagationFromTheEnvironment(t *testing.T) {
	environment := func(value string) func(string) string {
		return func(name string) string {
			return map[string]string{"CROSSORG_ROLE_PROPAGATION": value}[name]
		}
	}
	options := settings.Options{Now: now, Root: root(t), Getenv: environment("0s")}
	got, err := settings.Parse(values(t, good()), options)
	require.NoError(t, err)
	assert.Zero(t, got.RolePropagation)

	options.Getenv = environment("soon")
	_, err = settings.Parse(values(t, good()), options)
	assert.Equal(t, []string{`crossorg:rolePropagation = "soon": not a duration (from the environment variable ` +
		`CROSSORG_ROLE_PROPAGATION); write a number with its unit, such as "5m" or "90s"`}, lines(t, err))
}

// Paths of sources that are absolute do not depend on the root.
func TestAbsoluteSource(t *testing.T) {
	file := filepath.Join(root(t), "a.csv")
	allowed := set(good(), list{filepath.Dir(file)}, "sourceFolders")
	_, err := parse(t, set(allowed, file, "shares", "ledger", "dataSets", "entries", "source"))
	assert.NoError(t, err)
}

// stack reads a committed stack file with what the local verbs add to it.
func stack(t *testing.T, name string) map[string]string {
	t.Helper()
	given, err := stackfile.Values(filepath.Join(project, "Pulumi."+name+".yaml"))
	require.NoError(t, err)
	given["adminPassword"] = password
	given["governance"] = strings.Replace(given["governance"], "{",
		`{"adminCertificate":{"thumbprint":"`+thumb+`"},`, 1)
	return given
}

// The committed stacks are complete but for who may administer the cluster.
func TestCommittedStacks(t *testing.T) {
	consumers := map[string][]string{
		"dev": {"fabrikam"}, "staging": {"fabrikam"}, "prod": {"fabrikam"}, "hub": {"fabrikam", "northwind", "adatum"},
	}
	files, err := filepath.Glob(filepath.Join(project, "Pulumi.*.yaml"))
	require.NoError(t, err)
	require.Len(t, files, len(consumers))
	for name, want := range consumers {
		t.Run(name, func(t *testing.T) {
			got, err := settings.Parse(stack(t, name), settings.Options{Root: project, Stack: "other"})
			require.NoError(t, err)
			assert.Equal(t, name, got.Environment)
			assert.Equal(t, "cross-org-data-sharing", got.Tags["purpose"])

			share := got.Shares["financial-collaboration-share"]
			assert.Equal(t, "contoso", share.Provider)
			assert.Equal(t, want, share.Consumers)
			assert.Equal(t, "Cross-organization financial data sharing for analytics", share.Description)
			assert.Equal(t, "Data for internal use only. No redistribution allowed.", share.Terms)
			assert.Equal(t, "Day", share.Schedule.Interval)
			assert.Equal(t, map[string]settings.DataSet{"financial-transactions": {
				Kind: "blob", Container: "shared-datasets", Path: "financial_transactions_2025.csv",
				Source: "data/financial_transactions_2025.csv",
			}}, share.DataSets)
			assert.True(t, got.KeyVault.EnabledForDeployment && got.KeyVault.EnabledForTemplateDeployment)
			assert.Equal(t, "standard", got.KeyVault.SKU)
			assert.Equal(t, 5, got.Governance.NodeCount)
			assert.Equal(t, "Standard_D2s_v3", got.Governance.VMSize)
			assert.Equal(t, "2019-Datacenter", got.Governance.Image.SKU)
			assert.Equal(t, "PerGB2018", got.Monitoring.SKU)
			for organization, o := range got.Organizations {
				if o.Principal != nil { // it has a tenant of its own
					continue
				}
				assert.Empty(t, o.SubscriptionID, "%s: the login's subscription is used", organization)
				assert.Empty(t, o.TenantID, "%s: the login's tenant is used", organization)
			}
		})
	}
}

// dev is the recipe; prod protects what it holds.
func TestStacksDiffer(t *testing.T) {
	dev, err := settings.Parse(stack(t, "dev"), settings.Options{Root: project})
	require.NoError(t, err)
	assert.Equal(t, "eastus", dev.Organizations["contoso"].Location)
	assert.Equal(t, "Standard_LRS", dev.Storage.SKU)
	assert.Equal(t, "Hot", dev.Storage.AccessTier)
	assert.False(t, dev.Protect)

	prod, err := settings.Parse(stack(t, "prod"), settings.Options{Root: project})
	require.NoError(t, err)
	assert.True(t, prod.Protect)
	assert.True(t, prod.KeyVault.PurgeProtection)
	assert.Equal(t, 90, prod.KeyVault.SoftDeleteDays)
	assert.Contains(t, []string{"Standard_ZRS", "Standard_GZRS"}, prod.Storage.SKU)
	assert.NotEmpty(t, prod.Monitoring.Recipients)
	assert.Greater(t, prod.Monitoring.RetentionDays, dev.Monitoring.RetentionDays)
}

// Without who may administer the cluster, exactly that is asked for.
func TestCommittedStackAsksForItsAdministrator(t *testing.T) {
	given, err := stackfile.Values(filepath.Join(project, "Pulumi.dev.yaml"))
	require.NoError(t, err)
	_, err = settings.Parse(given, settings.Options{Root: project})
	keys := []string{}
	for _, problem := range err.(settings.Problems) {
		keys = append(keys, problem.Key)
	}
	assert.Equal(t, []string{"crossorg:adminPassword", "crossorg:governance.adminCertificate"}, keys)
}

// The defaults that Pulumi.yaml shows are those that an absent field has.
func TestDefaultsOfProjectAndProgramAgree(t *testing.T) {
	dir := t.TempDir()
	manifest, err := os.ReadFile(filepath.Join(project, "Pulumi.yaml"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi.yaml"), manifest, 0o644))
	declared, err := stackfile.Values(filepath.Join(dir, "Pulumi.new.yaml"))
	require.NoError(t, err)
	for _, key := range settings.Keys() {
		assert.Contains(t, declared, key,
			"Pulumi.yaml declares every key with a default: Pulumi demands a value otherwise")
	}
	assert.Len(t, declared, len(settings.Keys()))

	// No stack gets organizations or shares by default: a mangled stack file must not empty a stack.
	_, err = settings.Parse(declared, settings.Options{Stack: "new"})
	assert.Len(t, lines(t, err), 2)
	said := map[string]string{"organizations": `{"contoso": {"location": "eastus"}}`, "shares": "{}"}
	maps.Copy(declared, said)
	fromProject, err := settings.Parse(declared, settings.Options{Stack: "new"})
	require.NoError(t, err)
	fromProgram, err := settings.Parse(said, settings.Options{Stack: "new"})
	require.NoError(t, err)
	fromProgram.Monitoring.Recipients, fromProgram.SourceFolders = []string{}, []string{}
	fromProgram.Storage.AllowedAddressRanges, fromProgram.KeyVault.AllowedAddressRanges = []string{}, []string{}
	assert.Equal(t, fromProgram, fromProject)
}
