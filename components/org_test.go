package components_test

import (
	"testing"

	azurenative "github.com/pulumi/pulumi-azure-native-sdk/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/components"
	"github.com/crossorg/crossorg/tests/azuremock"
)

const (
	contosoSubscription = "11111111-0000-0000-0000-000000000001"
	contosoTenant       = "11111111-0000-0000-0000-000000000002"
)

// contoso signs in as contoso.
func contoso(ctx *pulumi.Context) (*azurenative.Provider, error) {
	return azurenative.NewProvider(ctx, "contoso", &azurenative.ProviderArgs{
		SubscriptionId: pulumi.String(contosoSubscription),
		TenantId:       pulumi.String(contosoTenant),
		ClientId:       pulumi.String("contoso-deployer"),
	})
}

func providerOrg(t *testing.T, args components.ProviderOrgArgs) *azuremock.Azure {
	t.Helper()
	return azuremock.MustRun(t, func(ctx *pulumi.Context) error {
		azure, err := contoso(ctx)
		if err != nil {
			return err
		}
		if args.Location == nil {
			args.Location = pulumi.String("eastus")
		}
		if args.Containers == nil {
			args.Containers = []string{"shared-datasets"}
		}
		_, err = components.NewProviderOrg(ctx, "contoso-provider", &args, pulumi.Provider(azure))
		return err
	}, azuremock.Options{})
}

func consumerOrg(t *testing.T, args components.ConsumerOrgArgs) *azuremock.Azure {
	t.Helper()
	return azuremock.MustRun(t, func(ctx *pulumi.Context) error {
		azure, err := contoso(ctx)
		if err != nil {
			return err
		}
		args.Location = pulumi.String("eastus")
		_, err = components.NewConsumerOrg(ctx, "contoso-consumer", &args, pulumi.Provider(azure))
		return err
	}, azuremock.Options{})
}

// Ensure an organization's names keep within Azure's limits and stay recognizable.
func TestProviderOrgNames(t *testing.T) {
	a := providerOrg(t, components.ProviderOrgArgs{})
	for kind, want := range map[string]string{
		"resources:ResourceGroup": "contoso-provider-rg" + azuremock.AutoName,
		"storage:StorageAccount":  "contosoprovider" + azuremock.AutoName,
		"keyvault:Vault":          "contoso-provider" + azuremock.AutoName,
		"datashare:Account":       "contoso-provider-share" + azuremock.AutoName,
		"storage:BlobContainer":   "shared-datasets",
	} {
		made := a.OfType(kind)
		require.Len(t, made, 1, kind)
		assert.Equal(t, want, made[0].Output("name"), kind)
	}
}

// Ensure everything of an organization is its component's child and managed by its provider.
func TestProviderOrgKeepsToItsProvider(t *testing.T) {
	a := providerOrg(t, components.ProviderOrgArgs{})
	component := a.Get(t, "index:ProviderOrg", "contoso-provider")
	assert.Equal(t, "crossorg:index:ProviderOrg", component.Type)
	assert.Equal(t, "eastus", component.Input("location"))
	var children int
	for _, r := range a.Resources() {
		if !r.Custom || r.Name == "contoso" {
			continue
		}
		children++
		assert.Equal(t, component.URN, r.Parent, r.URN)
		assert.Equal(t, "contoso", r.Provider, r.URN)
		assert.Contains(t, r.ID, contosoSubscription, r.URN)
	}
	assert.Equal(t, 7, children, "group, storage account, blob service, container, vault, Data Share account, role")
}

func TestProviderOrgStorageIsClosedToStrangers(t *testing.T) {
	a := providerOrg(t, components.ProviderOrgArgs{})
	account := a.OfType("storage:StorageAccount")[0]
	for path, want := range map[string]any{
		"kind":                        "StorageV2",
		"sku.name":                    "Standard_LRS",
		"accessTier":                  "Hot",
		"enableHttpsTrafficOnly":      true,
		"minimumTlsVersion":           "TLS1_2",
		"allowBlobPublicAccess":       false,
		"allowSharedKeyAccess":        true,
		"allowCrossTenantReplication": false,
		"networkRuleSet": map[string]any{
			"bypass": "AzureServices", "defaultAction": "Allow", "ipRules": []any{}, "virtualNetworkRules": []any{},
		},
		"encryption.requireInfrastructureEncryption": true,
	} {
		assert.Equal(t, want, account.Input(path), path)
	}
	assert.Equal(t, "None", a.OfType("storage:BlobContainer")[0].Input("publicAccess"))
}

func TestProviderOrgKeepsDeletedAndChangedBlobs(t *testing.T) {
	settings := &components.StorageSettings{SoftDeleteDays: pulumi.Int(30)}
	a := providerOrg(t, components.ProviderOrgArgs{Storage: settings})
	service := a.OfType("storage:BlobServiceProperties")[0]
	for path, want := range map[string]any{
		"blobServicesName":                       "default",
		"isVersioningEnabled":                    true,
		"deleteRetentionPolicy.enabled":          true,
		"deleteRetentionPolicy.days":             30.0,
		"containerDeleteRetentionPolicy.enabled": true,
		"containerDeleteRetentionPolicy.days":    30.0,
		"changeFeed.retentionInDays":             30.0,
	} {
		assert.Equal(t, want, service.Input(path), path)
	}
	for _, container := range a.OfType("storage:BlobContainer") {
		assert.True(t, a.Waits(container, service), "a blob that is written before has no versions")
	}
}

// Ensure there is a lifecycle policy exactly when it has rules, as Azure refuses an empty one.
func TestProviderOrgLifecycle(t *testing.T) {
	assert.Empty(t, providerOrg(t, components.ProviderOrgArgs{}).OfType("storage:ManagementPolicy"))

	a := providerOrg(t, components.ProviderOrgArgs{Storage: &components.StorageSettings{CoolAfterDays: 30,
		DeleteVersionsAfterDays: 90}})
	policies := a.OfType("storage:ManagementPolicy")
	require.Len(t, policies, 1)
	rules, _ := policies[0].Input("policy.rules").([]any)
	require.Len(t, rules, 2)
	cool := map[string]any{"daysAfterModificationGreaterThan": 30.0}
	assert.Equal(t, map[string]any{"baseBlob": map[string]any{"tierToCool": cool}},
		rules[0].(map[string]any)["definition"].(map[string]any)["actions"])
	old := map[string]any{"delete": map[string]any{"daysAfterCreationGreaterThan": 90.0}}
	assert.Equal(t, map[string]any{"version": old, "snapshot": old},
		rules[1].(map[string]any)["definition"].(map[string]any)["actions"])
	assert.True(t, a.Waits(policies[0], a.OfType("storage:BlobServiceProperties")[0]),
		"one change of an account at a time")
}

func TestProviderOrgVault(t *testing.T) {
	vault := providerOrg(t, components.ProviderOrgArgs{}).OfType("keyvault:Vault")[0]
	for path, want := range map[string]any{
		"properties.tenantId":                  contosoTenant,
		"properties.sku.family":                "A",
		"properties.sku.name":                  "standard",
		"properties.enableRbacAuthorization":   true,
		"properties.enableSoftDelete":          true,
		"properties.softDeleteRetentionInDays": 90.0,
		"properties.enablePurgeProtection":     nil, // Azure refuses false
		"properties.enabledForDeployment":      false,
		"properties.publicNetworkAccess":       "Enabled",
		"properties.networkAcls": map[string]any{
			"bypass": "AzureServices", "defaultAction": "Deny", "ipRules": []any{}, "virtualNetworkRules": []any{},
		},
	} {
		assert.Equal(t, want, vault.Input(path), path)
	}

	vault = providerOrg(t, components.ProviderOrgArgs{KeyVault: &components.VaultSettings{
		PurgeProtection: pulumi.Bool(true), EnabledForDeployment: pulumi.Bool(true),
		EnabledForTemplateDeployment: pulumi.Bool(true), SoftDeleteDays: pulumi.Int(7),
	}}).OfType("keyvault:Vault")[0]
	for path, want := range map[string]any{
		"properties.enablePurgeProtection":        true,
		"properties.enabledForDeployment":         true,
		"properties.enabledForTemplateDeployment": true,
		"properties.softDeleteRetentionInDays":    7.0,
	} {
		assert.Equal(t, want, vault.Input(path), path)
	}
}

// Ensure ranges close a storage account and open a vault, without shutting out Azure's trusted services.
func TestOrganizationsAllowedAddressRanges(t *testing.T) {
	ranges := pulumi.ToStringArray([]string{"203.0.113.0/24", "198.51.100.7"})
	storage, vault := &components.StorageSettings{AllowedAddressRanges: ranges},
		&components.VaultSettings{AllowedAddressRanges: ranges}
	for _, a := range []*azuremock.Azure{
		providerOrg(t, components.ProviderOrgArgs{Storage: storage, KeyVault: vault}),
		consumerOrg(t, components.ConsumerOrgArgs{Storage: storage, KeyVault: vault}),
	} {
		account := a.OfType("storage:StorageAccount")[0]
		assert.Equal(t, "Enabled", account.Input("publicNetworkAccess"))
		assert.Equal(t, map[string]any{
			"bypass": "AzureServices", "defaultAction": "Deny", "virtualNetworkRules": []any{},
			"ipRules": []any{
				map[string]any{"iPAddressOrRange": "203.0.113.0/24", "action": "Allow"},
				map[string]any{"iPAddressOrRange": "198.51.100.7", "action": "Allow"}, // storage refuses a prefix here
			},
		}, account.Input("networkRuleSet"))
		assert.Equal(t, map[string]any{
			"bypass": "AzureServices", "defaultAction": "Deny", "virtualNetworkRules": []any{},
			"ipRules": []any{
				map[string]any{"value": "203.0.113.0/24"},
				map[string]any{"value": "198.51.100.7/32"}, // as Key Vault answers it
			},
		}, a.OfType("keyvault:Vault")[0].Input("properties.networkAcls"))
	}
}

// Ensure a Data Share account's identity has one role, of the right kind, on its own storage account and nothing above
// it.
func TestOrganizationsRoles(t *testing.T) {
	for name, c := range map[string]struct {
		azure *azuremock.Azure
		role  string
	}{
		"provider reads":  {providerOrg(t, components.ProviderOrgArgs{}), "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"},
		"consumer writes": {consumerOrg(t, components.ConsumerOrgArgs{}), "ba92f5b4-2d11-453d-a403-e96b0029c9fe"},
	} {
		t.Run(name, func(t *testing.T) {
			assignments := c.azure.OfType("authorization:RoleAssignment")
			require.Len(t, assignments, 1)
			role, account := assignments[0], c.azure.OfType("datashare:Account")[0]
			assert.Equal(t, "SystemAssigned", account.Input("identity.type"))
			assert.Equal(t, account.Output("identity.principalId"), role.Input("principalId"))
			assert.Equal(t, "ServicePrincipal", role.Input("principalType"))
			assert.Equal(t, c.azure.OfType("storage:StorageAccount")[0].ID, role.Input("scope"))
			definitions := "/subscriptions/" + contosoSubscription +
				"/providers/Microsoft.Authorization/roleDefinitions/"
			assert.Equal(t, definitions+c.role, role.Input("roleDefinitionId"))
		})
	}
}

func TestConsumerOrgHasALandingContainer(t *testing.T) {
	container := consumerOrg(t, components.ConsumerOrgArgs{}).OfType("storage:BlobContainer")[0]
	assert.Equal(t, "landing", container.Output("name"))
	assert.Equal(t, "None", container.Input("publicAccess"))

	container = consumerOrg(t, components.ConsumerOrgArgs{LandingContainer: "inbox"}).OfType("storage:BlobContainer")[0]
	assert.Equal(t, "inbox", container.Output("name"))
}

func TestOrganizationsTagEverythingTaggable(t *testing.T) {
	tags := pulumi.ToStringMap(map[string]string{"purpose": "test"})
	for _, a := range []*azuremock.Azure{
		providerOrg(t, components.ProviderOrgArgs{Tags: tags}), consumerOrg(t, components.ConsumerOrgArgs{Tags: tags}),
	} {
		for _, kind := range []string{"resources:ResourceGroup", "storage:StorageAccount", "keyvault:Vault",
			"datashare:Account"} {
			assert.Equal(t, "test", a.OfType(kind)[0].Input("tags.purpose"), kind)
		}
	}
}

// Ensure protection covers what holds data, and leaves the rest replaceable.
func TestOrganizationsProtectWhatHoldsData(t *testing.T) {
	storage := &components.StorageSettings{CoolAfterDays: 1}
	holdsData := map[string]bool{
		"azure-native:resources:ResourceGroup": true, "azure-native:storage:StorageAccount": true,
		"azure-native:storage:BlobContainer": true, "azure-native:keyvault:Vault": true,
		"azure-native:datashare:Account": true,
	}
	for _, a := range []*azuremock.Azure{
		providerOrg(t, components.ProviderOrgArgs{Protect: true, Storage: storage}),
		consumerOrg(t, components.ConsumerOrgArgs{Protect: true, Storage: storage}),
	} {
		for _, r := range a.Resources() {
			assert.Equal(t, holdsData[r.Type], r.Protect, r.URN)
		}
	}
	for _, r := range providerOrg(t, components.ProviderOrgArgs{Storage: storage}).Resources() {
		assert.False(t, r.Protect, r.URN)
	}
}

func TestProviderOrgReportsAllItsArgumentsProblems(t *testing.T) {
	_, err := azuremock.Run(func(ctx *pulumi.Context) error {
		_, err := components.NewProviderOrg(ctx, "contoso-provider", nil)
		return err
	}, azuremock.Options{})
	require.ErrorContains(t, err, `ProviderOrg "contoso-provider"`)
	require.ErrorContains(t, err, "location is missing")
	require.ErrorContains(t, err, "containers is empty")

	_, err = azuremock.Run(func(ctx *pulumi.Context) error {
		_, err := components.NewProviderOrg(ctx, "contoso-provider", &components.ProviderOrgArgs{
			Location: pulumi.String("eastus"), Containers: []string{"a-container", "a-container"},
		})
		return err
	}, azuremock.Options{})
	require.ErrorContains(t, err, `containers names "a-container" twice`)
}
