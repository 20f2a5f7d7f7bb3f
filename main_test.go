package main

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/settings"
	"github.com/crossorg/crossorg/internal/stackfile"
	"github.com/crossorg/crossorg/tests/azuremock"
)

// stacks are the names of the committed stack files.
func stacks(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("Pulumi.*.yaml")
	require.NoError(t, err)
	var names []string
	for _, file := range files {
		names = append(names, strings.TrimSuffix(strings.TrimPrefix(file, "Pulumi."), ".yaml"))
	}
	require.Subset(t, names, []string{"dev", "staging", "prod", "hub"})
	return names
}

// configuration is a committed stack's, with what a person adds to it: the administrator's certificate and password.
func configuration(t *testing.T, stack string, changes map[string]string) azuremock.Options {
	t.Helper()
	t.Setenv(settings.RolePropagationVariable, "0s")
	values, err := stackfile.Values("Pulumi." + stack + ".yaml")
	require.NoError(t, err)
	maps.Copy(values, changes)
	if text := values["governance"]; text != "" && text != "{}" {
		var governance map[string]any
		require.NoError(t, json.Unmarshal([]byte(text), &governance))
		if governance["adminCertificate"] == nil {
			governance["adminCertificate"] = map[string]any{"thumbprint": strings.Repeat("A1", 20)}
		}
		complete, err := json.Marshal(governance)
		require.NoError(t, err)
		values["governance"] = string(complete)
		values["adminPassword"] = "correct-Horse-7-battery"
	}
	config := map[string]string{}
	for key, value := range values {
		config[settings.Namespace+":"+key] = value
	}
	return azuremock.Options{Stack: stack, Config: config, Secrets: []string{
		settings.Namespace + ":adminPassword", settings.Namespace + ":principalSecrets",
	}}
}

// names are the logical names of all resources of a type.
func names(a *azuremock.Azure, kind string) []string {
	var all []string
	for _, r := range a.OfType(kind) {
		all = append(all, r.Name)
	}
	return all
}

func TestTwoOrganizationsShareOneDataSet(t *testing.T) {
	for _, stack := range []string{"dev", "staging", "prod"} {
		t.Run(stack, func(t *testing.T) {
			a := azuremock.MustRun(t, program, configuration(t, stack, nil))
			assert.Equal(t, []string{"contoso", "fabrikam"}, names(a, "providers:azure-native"))
			assert.Equal(t, []string{"contoso-provider"}, names(a, "index:ProviderOrg"))
			assert.Equal(t, []string{"fabrikam-consumer"}, names(a, "index:ConsumerOrg"))
			assert.Equal(t, []string{"financial-collaboration-share"}, names(a, "index:ShareWithDataset"))

			share := a.OfType("datashare:Share")[0]
			assert.Equal(t, "Cross-organization financial data sharing for analytics", share.Input("description"))
			assert.Equal(t, "Data for internal use only. No redistribution allowed.", share.Input("terms"))
			blob := a.OfType("storage:Blob")[0]
			assert.Equal(t, "shared-datasets", blob.Input("containerName"))
			assert.Equal(t, "financial_transactions_2025.csv", blob.Input("blobName"))
			assert.Equal(t, "data/financial_transactions_2025.csv", blob.Inputs["source"].AssetValue().Path)
			assert.Equal(t, []string{"financial-collaboration-share-fabrikam-trigger"},
				names(a, "datashare:ScheduledTrigger"))
		})
	}
}

func TestHubSharesWithThree(t *testing.T) {
	a := azuremock.MustRun(t, program, configuration(t, "hub", nil))
	assert.Equal(t, []string{"contoso-provider"}, names(a, "index:ProviderOrg"))
	assert.Equal(t, []string{"adatum-consumer", "fabrikam-consumer", "northwind-consumer"},
		names(a, "index:ConsumerOrg"))
	assert.Len(t, a.OfType("datashare:Share"), 1)
	for _, kind := range []string{"datashare:Invitation", "datashare:ShareSubscription", "datashare:BlobDataSetMapping",
		"datashare:ScheduledTrigger"} {
		assert.Len(t, a.OfType(kind), 3, kind)
	}
}

// Ensure stacks differ by what their files say: promotion is the same program under another one.
func TestStacksDifferByConfiguration(t *testing.T) {
	for stack, want := range map[string]struct {
		sku   string
		purge any
	}{
		"dev": {"Standard_LRS", nil}, "staging": {"Standard_ZRS", nil}, "prod": {"Standard_ZRS", true},
		"hub": {"Standard_LRS", nil},
	} {
		a := azuremock.MustRun(t, program, configuration(t, stack, nil))
		for _, account := range a.OfType("storage:StorageAccount") {
			assert.Equal(t, want.sku, account.Input("sku.name"), stack)
		}
		for _, vault := range a.OfType("keyvault:Vault") {
			assert.Equal(t, want.purge, vault.Input("properties.enablePurgeProtection"), stack)
			assert.Equal(t, true, vault.Input("properties.enabledForDeployment"), stack)
			assert.Equal(t, true, vault.Input("properties.enabledForTemplateDeployment"), stack)
		}
	}
}

// Ensure address ranges of the stack file reach every storage account and every vault.
func TestAllowedAddressRanges(t *testing.T) {
	a := azuremock.MustRun(t, program, configuration(t, "hub", map[string]string{
		"storage":  `{"allowedAddressRanges": ["203.0.113.0/24"]}`,
		"keyVault": `{"allowedAddressRanges": ["198.51.100.0/28"]}`,
	}))
	accounts, vaults := a.OfType("storage:StorageAccount"), a.OfType("keyvault:Vault")
	require.Len(t, accounts, 4)
	require.Len(t, vaults, 4)
	for i := range accounts {
		assert.Equal(t, "Deny", accounts[i].Input("networkRuleSet.defaultAction"), accounts[i].URN)
		assert.Equal(t, []any{map[string]any{"iPAddressOrRange": "203.0.113.0/24", "action": "Allow"}},
			accounts[i].Input("networkRuleSet.ipRules"), accounts[i].URN)
		assert.Equal(t, []any{map[string]any{"value": "198.51.100.0/28"}},
			vaults[i].Input("properties.networkAcls.ipRules"), vaults[i].URN)
	}
}

// shares is two shares in opposite directions.
const shares = `{
  "out": {
    "provider": "contoso", "consumers": ["fabrikam"], "schedule": {"interval": "Day", "start": "2025-02-01T02:00:00Z"},
    "dataSets": {
      "yearly": {"kind": "folder", "container": "reports", "path": "2025"},
      "trained": {"kind": "container", "container": "models"}
    }
  },
  "back": {
    "provider": "fabrikam", "consumers": ["contoso"], "schedule": {"interval": "Hour", "start": "2025-02-01T02:00:00Z"},
    "dataSets": {"reply": {"kind": "blob", "container": "answers", "path": "c.json"}}
  }
}`

// Ensure a second share in the other direction is an edit of the stack file: both organizations get both sides.
func TestSharesInBothDirections(t *testing.T) {
	a := azuremock.MustRun(t, program, configuration(t, "dev", map[string]string{"shares": shares}))
	assert.Equal(t, []string{"contoso-provider", "fabrikam-provider"}, names(a, "index:ProviderOrg"))
	assert.Equal(t, []string{"contoso-consumer", "fabrikam-consumer"}, names(a, "index:ConsumerOrg"))
	assert.Equal(t, []string{"contoso-consumer-landing", "fabrikam-consumer-landing"},
		keep(names(a, "storage:BlobContainer"), "landing"))
	assert.Equal(t, []string{"contoso-provider-models", "contoso-provider-reports", "fabrikam-provider-answers"},
		keep(names(a, "storage:BlobContainer"), "provider"))
	assert.Equal(t, "fabrikam", a.Get(t, "datashare:Invitation", "back-contoso-invitation").Provider)
	assert.Equal(t, "contoso", a.Get(t, "datashare:ShareSubscription", "back-contoso-subscription").Provider)
}

func keep(all []string, part string) []string {
	var kept []string
	for _, s := range all {
		if strings.Contains(s, part) {
			kept = append(kept, s)
		}
	}
	return kept
}

const (
	principals = `{
  "contoso": {
    "location": "eastus", "subscriptionId": "11111111-1111-4111-8111-111111111111",
    "tenantId": "11111111-1111-4111-8111-111111111112",
    "principal": {"clientId": "11111111-1111-4111-8111-111111111113"}, "tags": {"owner": "finance"}
  },
  "fabrikam": {
    "location": "westeurope", "subscriptionId": "22222222-2222-4222-8222-222222222221",
    "tenantId": "22222222-2222-4222-8222-222222222222",
    "principal": {"clientId": "22222222-2222-4222-8222-222222222223", "useOidc": true}
  }
}`
	principalSecrets = `{"contoso": "hush-hush"}`
)

// Ensure each organization's resources are managed by its own login, in its own subscription and tenant, and that the
// secret of a login stays one.
func TestTwoTenants(t *testing.T) {
	a := azuremock.MustRun(t, program, configuration(t, "dev", map[string]string{
		"organizations": principals, "principalSecrets": principalSecrets,
	}))
	contoso := a.Get(t, "providers:azure-native", "contoso")
	assert.Equal(t, "11111111-1111-4111-8111-111111111111", contoso.Input("subscriptionId"))
	assert.Equal(t, "11111111-1111-4111-8111-111111111112", contoso.Input("tenantId"))
	assert.Equal(t, "hush-hush", contoso.Input("clientSecret"))
	assert.True(t, contoso.Inputs["clientSecret"].IsSecret())
	assert.Nil(t, contoso.Input("useOidc"))
	fabrikam := a.Get(t, "providers:azure-native", "fabrikam")
	assert.Equal(t, true, fabrikam.Input("useOidc"))
	assert.Nil(t, fabrikam.Input("clientSecret"))

	subscriptions := map[string]string{"contoso": "/subscriptions/1111", "fabrikam": "/subscriptions/2222"}
	for _, r := range a.Resources() {
		if r.Custom && r.Type != "pulumi:providers:azure-native" {
			require.Contains(t, subscriptions, r.Provider, r.URN)
			assert.True(t, strings.HasPrefix(r.ID, subscriptions[r.Provider]), "%s is %s", r.URN, r.ID)
		}
	}
	assert.Equal(t, "22222222-2222-4222-8222-222222222222",
		a.OfType("datashare:Invitation")[0].Input("targetActiveDirectoryId"))
	for _, account := range a.OfType("storage:StorageAccount") {
		want := map[string]any{"contoso": "finance"}[account.Provider]
		assert.Equal(t, want, account.Input("tags.owner"), "an organization's tags are its own")
	}
}

// Ensure the cluster stands at the organization that hosts it, with that organization's vault and storage.
func TestGovernanceStandsAtItsHost(t *testing.T) {
	a := azuremock.MustRun(t, program, configuration(t, "dev", nil))
	cluster := a.OfType("servicefabric:ManagedCluster")[0]
	assert.Equal(t, "contoso", cluster.Provider)
	assert.Equal(t, "contoso-provider-rg1a2b3c4d", cluster.Input("resourceGroupName"))
	assert.Equal(t, "Standard", cluster.Input("sku.name"))
	nodes := a.OfType("servicefabric:NodeType")[0]
	assert.Equal(t, 5.0, nodes.Input("vmInstanceCount"))
	assert.Equal(t, "Standard_D2s_v3", nodes.Input("vmSize"))
	assert.Equal(t, "2019-Datacenter", nodes.Input("vmImageSku"))

	a = azuremock.MustRun(t, program, configuration(t, "dev", map[string]string{"governance": "{}"}))
	assert.Empty(t, a.OfType("servicefabric:ManagedCluster"))
}

// governancePackage writes an application package with one service.
func governancePackage(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "governance.sfpkg")
	file, err := os.Create(name)
	require.NoError(t, err)
	defer file.Close()
	archive := zip.NewWriter(file)
	for at, text := range map[string]string{
		"ApplicationManifest.xml": `<ApplicationManifest ApplicationTypeName="GovernanceType"
			ApplicationTypeVersion="1.0.0"><ServiceManifestImport><ServiceManifestRef ServiceManifestName="AuditPkg"
			ServiceManifestVersion="1.0" /></ServiceManifestImport></ApplicationManifest>`,
		"AuditPkg/ServiceManifest.xml": `<ServiceManifest Name="AuditPkg" Version="1.0"><ServiceTypes>
			<StatelessServiceType ServiceTypeName="AuditServiceType" /></ServiceTypes></ServiceManifest>`,
	} {
		part, err := archive.Create(at)
		require.NoError(t, err)
		_, err = part.Write([]byte(text))
		require.NoError(t, err)
	}
	require.NoError(t, archive.Close())
	return name
}

func TestGovernanceRunsItsPackage(t *testing.T) {
	pkg := governancePackage(t)
	text, err := json.Marshal(map[string]any{
		"organization": "fabrikam", "sku": "Basic", "nodeCount": 3,
		"nodeCertificates": []any{map[string]any{"url": "https://fabrikam.vault.azure.net/secrets/node/0123456789abcdef0123456789abcdef"}},
		"package": map[string]any{
			"path": pkg, "typeName": "GovernanceType", "version": "1.0.0",
			"services": map[string]any{"audit": map[string]any{"typeName": "AuditServiceType"}},
		},
	})
	require.NoError(t, err)
	a := azuremock.MustRun(t, program, configuration(t, "dev", map[string]string{"governance": string(text)}))
	cluster := a.OfType("servicefabric:ManagedCluster")[0]
	assert.Equal(t, "fabrikam", cluster.Provider)
	upload := a.Get(t, "storage:Blob", "fabrikam-governance-package-1.0.0")
	assert.Equal(t, a.Get(t, "storage:StorageAccount", "fabrikamconsumer").Output("name"), upload.Input("accountName"))
	service := a.OfType("servicefabric:ManagedClusterService")[0]
	assert.Equal(t, "AuditServiceType", service.Input("properties.serviceTypeName"))
	assert.Equal(t, -1.0, service.Input("properties.instanceCount"))
	theirs := a.OfType("keyvault:Vault")[0]
	require.Equal(t, "fabrikam", theirs.Provider)
	secrets, _ := a.OfType("servicefabric:NodeType")[0].Input("vmSecrets").([]any)
	require.Len(t, secrets, 1)
	assert.Equal(t, theirs.ID, secrets[0].(map[string]any)["sourceVault"].(map[string]any)["id"])
}

// Ensure each organization watches its own sides, and nothing of the other's.
func TestMonitoringWatchesEverySide(t *testing.T) {
	a := azuremock.MustRun(t, program, configuration(t, "dev", map[string]string{"shares": shares}))
	assert.Equal(t, []string{"contoso-monitoring", "fabrikam-monitoring"}, names(a, "index:Monitoring"))
	for _, organization := range []string{"contoso", "fabrikam"} {
		var watched []any
		for _, d := range a.OfType("insights:DiagnosticSetting") {
			if d.Provider == organization {
				watched = append(watched, d.Input("resourceUri"))
			}
		}
		var want []any
		for _, side := range []string{"provider", "consumer"} {
			account := a.Get(t, "datashare:Account", organization+"-"+side+"-share")
			want = append(want, account.ID)
		}
		assert.Subset(t, watched, want, organization)
		assert.Len(t, watched, 6, organization)
	}
}

func TestSnapshotsAreExpectedByTheShortestSchedule(t *testing.T) {
	at := func(day int, interval string) settings.Share {
		return settings.Share{Schedule: settings.Schedule{Interval: interval,
			Start: time.Date(2026, 1, day, 0, 0, 0, 0, time.UTC)}}
	}
	for name, c := range map[string]struct {
		shares   []settings.Share
		interval string
		day      int
	}{
		"one":                      {[]settings.Share{at(3, "Day")}, "Day", 3},
		"the earlier of two":       {[]settings.Share{at(3, "Day"), at(2, "Day")}, "Day", 2},
		"hourly, though later":     {[]settings.Share{at(1, "Day"), at(5, "Hour")}, "Hour", 5},
		"hourly, daily is earlier": {[]settings.Share{at(5, "Hour"), at(1, "Day")}, "Hour", 5},
		"the earlier of two hours": {[]settings.Share{at(5, "Hour"), at(1, "Day"), at(4, "Hour")}, "Hour", 4},
	} {
		assert.Equal(t, c.interval, shortestInterval(c.shares), name)
		var schedules []running
		for _, share := range c.shares {
			if share.Schedule.Interval == c.interval {
				schedules = append(schedules, running{share.Schedule.Start, []string{"2025-01-01T00:00:00Z", ""}})
			}
		}
		assert.Equal(t, fmt.Sprintf("2026-01-%02dT00:00:00Z", c.day), dueSince(schedules), name)
	}
}

// Ensure nothing counts as overdue that was not scheduled yet: the later of the schedule's start and the trigger's
// creation counts, and the earliest of those among all triggers.
func TestSnapshotsAreDueOnceScheduleAndTriggerAreThere(t *testing.T) {
	start := time.Date(2026, 1, 10, 2, 0, 0, 0, time.UTC)
	for want, triggers := range map[string][]string{
		"2026-01-10T02:00:00Z": {"2026-01-09T00:00:00Z"},
		"2026-01-20T00:00:00Z": {"2026-01-20T00:00:00.0000000Z", "2026-01-21T00:00:00Z"},
	} {
		assert.Equal(t, want, dueSince([]running{{start, triggers}}))
	}
	assert.Equal(t, "2026-01-12T00:00:00Z", dueSince([]running{
		{start, []string{"2026-01-13T00:00:00Z"}}, {start, []string{"2026-01-12T00:00:00Z"}}}))

	// The dev stack's schedule began before its triggers, which the mocks have created a month later.
	a := azuremock.MustRun(t, program, configuration(t, "dev", nil))
	for rule, table := range map[string]string{
		"contoso-monitoring-provider-snapshot-overdue":  "MicrosoftDataShareSentSnapshotLog",
		"fabrikam-monitoring-consumer-snapshot-overdue": "MicrosoftDataShareReceivedSnapshotLog",
	} {
		condition := a.Get(t, "insights:ScheduledQueryRule", rule).Input("criteria.allOf").([]any)[0].(map[string]any)
		assert.Contains(t, condition["query"], "let since = datetime("+azuremock.TriggerCreatedAt+");\n", rule)
		assert.Contains(t, condition["query"], table, rule)
	}
}

// Ensure resources keep their identities from one version of the program to the next: a stack that stands is updated
// then, and nothing in it is replaced. Where a name has to change, the resource needs an alias, and its line here
// changes with it.
func TestResourcesKeepTheirURNs(t *testing.T) {
	for _, stack := range []string{"dev", "hub"} {
		file := filepath.Join("testdata", "urns-"+stack+".txt")
		want, err := os.ReadFile(file)
		require.NoError(t, err)
		var urns []string
		for _, r := range azuremock.MustRun(t, program, configuration(t, stack, nil)).Resources() {
			urns = append(urns, r.URN)
		}
		assert.Equal(t, strings.Fields(string(want)), urns, file)
	}
}

// Ensure a file goes on as what it was in older stacks, where it belonged to a share and was named after a data set.
func TestFilesKeepTheirFormerURNs(t *testing.T) {
	a := azuremock.MustRun(t, program, configuration(t, "dev", nil))
	file := a.Get(t, "storage:Blob", "contoso-provider/shared-datasets/financial_transactions_2025.csv")
	assert.Equal(t, []string{"urn:pulumi:dev::crossorg::crossorg:index:ShareWithDataset$azure-native:storage:Blob::" +
		"financial-collaboration-share-financial-transactions"}, file.Aliases)
}

// Ensure it does not matter which share or data set has a file: it is the provider's, and there once.
func TestFilesBelongToTheirProvider(t *testing.T) {
	set := `{"kind": "blob", "container": "data", "path": "a.csv", "source": "data/financial_transactions_2025.csv"}`
	shared := func(name, dataSet string) string {
		return fmt.Sprintf(`%q: {"provider": "contoso", "consumers": ["fabrikam"], "schedule": {"interval": "Day",
			"start": "2025-02-01T02:00:00Z"}, "dataSets": {%q: %s}}`, name, dataSet, set)
	}
	for name, shares := range map[string]string{
		"one share":        shared("one", "first"),
		"renamed":          shared("two", "first"),
		"another data set": shared("one", "second"),
		"two shares":       shared("one", "first") + "," + shared("two", "first"),
	} {
		t.Run(name, func(t *testing.T) {
			a := azuremock.MustRun(t, program, configuration(t, "dev", map[string]string{"shares": "{" + shares + "}"}))
			assert.Equal(t, []string{"contoso-provider/data/a.csv"}, names(a, "storage:Blob"))
			for _, set := range a.OfType("datashare:BlobDataSet") {
				assert.True(t, a.Waits(set, a.OfType("storage:Blob")[0]), set.URN)
			}
		})
	}
}

// Ensure nothing is registered when the configuration has a problem.
func TestNothingIsRegisteredForABadConfiguration(t *testing.T) {
	a, err := azuremock.Run(program, configuration(t, "dev", map[string]string{"storage": `{"sku": "Gold"}`}))
	require.ErrorContains(t, err, "Gold")
	assert.Empty(t, a.Resources())
}

// Ensure the outputs have what it takes to follow each data set from blob to blob.
func TestOutputs(t *testing.T) {
	var outputs map[string]any
	azuremock.MustRun(t, func(ctx *pulumi.Context) error {
		s, err := settings.Load(ctx)
		if err != nil {
			return err
		}
		topology, err := compose(ctx, s)
		if err != nil {
			return err
		}
		known, err := internals.UnsafeAwaitOutput(ctx.Context(), topology.outputs().ToMapOutput())
		outputs, _ = known.Value.(map[string]any)
		return err
	}, configuration(t, "dev", nil))

	get := func(path ...string) any {
		var value any = outputs
		for _, part := range path {
			inner, ok := value.(map[string]any)
			require.True(t, ok, "%v has no %s", path, part)
			value = inner[part]
		}
		return value
	}
	rg := "/subscriptions/" + azuremock.DefaultSubscription + "/resourceGroups/"
	provider := rg + "contoso-provider-rg1a2b3c4d/providers/"
	consumer := rg + "fabrikam-consumer-rg1a2b3c4d/providers/"
	offering := provider + "Microsoft.DataShare/accounts/contoso-provider-share1a2b3c4d"
	receiving := consumer + "Microsoft.DataShare/accounts/fabrikam-consumer-share1a2b3c4d"

	share := []string{"shares", "financial-collaboration-share"}
	of := func(path ...string) any { return get(append(share[:2:2], path...)...) }
	assert.Equal(t, "contoso", of("provider"))
	assert.Equal(t, offering, of("accountId"))
	assert.Equal(t, offering+"/shares/financial-collaboration-share", of("shareId"))
	assert.Equal(t, receiving+"/shareSubscriptions/financial-collaboration-share",
		of("consumers", "fabrikam", "subscriptionId"))
	assert.Equal(t, "Accepted", of("consumers", "fabrikam", "invitationStatus"))
	assert.Equal(t, "Active", of("consumers", "fabrikam", "subscriptionStatus"))
	assert.Equal(t, "Active", of("consumers", "fabrikam", "triggerStatus"))
	assert.Equal(t, map[string]any{
		"kind": "blob",
		"source": map[string]any{
			"storageAccountId": provider + "Microsoft.Storage/storageAccounts/contosoprovider1a2b3c4d",
			"blobEndpoint":     "https://contosoprovider1a2b3c4d.blob.core.windows.net/",
			"container":        "shared-datasets",
			"path":             "financial_transactions_2025.csv",
			"files":            1,
			"sha256":           "e9a2755cbe01d68e37b973abde1a849072c5021a63934f6ac9a05ae85a4024d9",
		},
		"target": map[string]any{
			"storageAccountId": consumer + "Microsoft.Storage/storageAccounts/fabrikamconsumer1a2b3c4d",
			"blobEndpoint":     "https://fabrikamconsumer1a2b3c4d.blob.core.windows.net/",
			"container":        "landing",
			"path":             "financial-collaboration-share/shared-datasets/financial_transactions_2025.csv",
		},
	}, of("consumers", "fabrikam", "dataSets", "financial-transactions"))

	assert.Equal(t, "https://contoso-provider1a2b3c4d.vault.azure.net/",
		get("organizations", "contoso", "provider", "vaultUri"))
	assert.Equal(t, "landing", get("organizations", "fabrikam", "consumer", "landingContainer"))
	assert.Equal(t, "https://portal.azure.com/#@"+azuremock.DefaultTenant+"/resource"+provider+"Microsoft.Storage/storageAccounts/contosoprovider1a2b3c4d",
		get("organizations", "contoso", "provider", "portal", "storageAccount"))
	assert.NotContains(t, get("governance"), "state", "it is recorded before there are nodes")
	assert.Contains(t, get("governance", "managementEndpoint"), ".eastus.cloudapp.azure.com:19080")
	assert.Contains(t, get("organizations", "contoso", "monitoring", "portal", "workbook"), "/workbooks/")
}
