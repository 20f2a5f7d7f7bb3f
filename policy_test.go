package main

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/tests/azuremock"
)

// everyResource checks every resource of every committed stack.
func everyResource(t *testing.T, check func(t *testing.T, a *azuremock.Azure, r azuremock.Resource)) {
	t.Helper()
	for _, stack := range stacks(t) {
		t.Run(stack, func(t *testing.T) {
			a := azuremock.MustRun(t, program, configuration(t, stack, nil))
			require.NotEmpty(t, a.Resources())
			for _, r := range a.Resources() {
				check(t, a, r)
			}
		})
	}
}

// untaggable are the types that Azure keeps no tags for; everything else has to have them.
var untaggable = map[string]bool{
	"authorization:RoleAssignment": true, "storage:BlobServiceProperties": true, "storage:ManagementPolicy": true,
	"storage:BlobContainer": true, "storage:Blob": true, "datashare:Share": true, "datashare:Invitation": true,
	"datashare:ScheduledSynchronizationSetting": true, "datashare:BlobDataSet": true,
	"datashare:BlobFolderDataSet":    true,
	"datashare:BlobContainerDataSet": true, "datashare:ShareSubscription": true, "datashare:BlobDataSetMapping": true,
	"datashare:BlobFolderDataSetMapping": true, "datashare:BlobContainerDataSetMapping": true,
	"datashare:ScheduledTrigger": true,
	"insights:DiagnosticSetting": true, "operationalinsights:SavedSearch": true,
}

func TestPolicyEverythingTaggableIsTagged(t *testing.T) {
	everyResource(t, func(t *testing.T, _ *azuremock.Azure, r azuremock.Resource) {
		kind, ours := strings.CutPrefix(r.Type, "azure-native:")
		if !ours || untaggable[kind] {
			return
		}
		assert.NotEmpty(t, r.Input("tags.purpose"), r.URN)
		assert.NotEmpty(t, r.Input("tags.environment"), r.URN)
	})
}

func TestPolicyStorageTakesOnlyModernTLSAndNoAnonymousReaders(t *testing.T) {
	everyResource(t, func(t *testing.T, _ *azuremock.Azure, r azuremock.Resource) {
		switch r.Type {
		case "azure-native:storage:StorageAccount":
			assert.Equal(t, true, r.Input("enableHttpsTrafficOnly"), r.URN)
			assert.Equal(t, "TLS1_2", r.Input("minimumTlsVersion"), r.URN)
			assert.Equal(t, false, r.Input("allowBlobPublicAccess"), r.URN)
			assert.Equal(t, "StorageV2", r.Input("kind"), r.URN)
		case "azure-native:storage:BlobContainer":
			assert.Equal(t, "None", r.Input("publicAccess"), r.URN)
		}
	})
}

// Ensure vaults are closed to the internet, and Azure's own services shut out of neither vaults nor storage accounts:
// Data Share and the cluster's nodes come in as such.
func TestPolicyNetworksLetTrustedServicesIn(t *testing.T) {
	everyResource(t, func(t *testing.T, _ *azuremock.Azure, r azuremock.Resource) {
		switch r.Type {
		case "azure-native:storage:StorageAccount":
			assert.Equal(t, "AzureServices", r.Input("networkRuleSet.bypass"), r.URN)
		case "azure-native:keyvault:Vault":
			assert.Equal(t, "AzureServices", r.Input("properties.networkAcls.bypass"), r.URN)
			assert.Equal(t, "Deny", r.Input("properties.networkAcls.defaultAction"), r.URN)
			assert.Empty(t, r.Input("properties.networkAcls.ipRules"), r.URN)
		}
	})
}

func TestPolicyDeletedDataCanBeRecovered(t *testing.T) {
	everyResource(t, func(t *testing.T, a *azuremock.Azure, r azuremock.Resource) {
		switch r.Type {
		case "azure-native:storage:StorageAccount":
			var kept bool
			for _, service := range a.OfType("storage:BlobServiceProperties") {
				kept = kept || service.Input("accountName") == r.Output("name") &&
					service.Input("isVersioningEnabled") == true &&
					service.Input("deleteRetentionPolicy.enabled") == true &&
					service.Input("containerDeleteRetentionPolicy.enabled") == true
			}
			assert.True(t, kept, "%s has neither versions nor soft delete", r.URN)
		case "azure-native:keyvault:Vault":
			assert.Equal(t, true, r.Input("properties.enableSoftDelete"), r.URN)
			assert.Equal(t, true, r.Input("properties.enableRbacAuthorization"), r.URN)
		}
	})
}

// Ensure nothing auditable goes unwatched: all its categories reach a workspace of the same organization.
func TestPolicyEverythingAuditableHasDiagnostics(t *testing.T) {
	auditable := map[string]struct {
		suffix     string
		categories []any
	}{
		"azure-native:datashare:Account": {"",
			[]any{"Shares", "ShareSubscriptions", "SentShareSnapshots", "ReceivedShareSnapshots"}},
		"azure-native:keyvault:Vault": {"", []any{"AuditEvent"}},
		"azure-native:storage:StorageAccount": {"/blobServices/default",
			[]any{"StorageRead", "StorageWrite", "StorageDelete"}},
	}
	everyResource(t, func(t *testing.T, a *azuremock.Azure, r azuremock.Resource) {
		want, is := auditable[r.Type]
		if !is {
			return
		}
		var enabled []any
		for _, d := range a.OfType("insights:DiagnosticSetting") {
			if d.Input("resourceUri") != r.ID+want.suffix {
				continue
			}
			assert.Contains(t, workspaces(a, r.Provider), d.Input("workspaceId"), d.URN)
			logs, _ := d.Input("logs").([]any)
			for _, entry := range logs {
				if log, ok := entry.(map[string]any); ok && log["enabled"] == true {
					enabled = append(enabled, log["category"])
				}
			}
		}
		assert.ElementsMatch(t, want.categories, enabled, r.URN)
	})
}

// workspaces are the ids of the workspaces that a login manages.
func workspaces(a *azuremock.Azure, login string) []any {
	var ids []any
	for _, w := range a.OfType("operationalinsights:Workspace") {
		if w.Provider == login {
			ids = append(ids, w.ID)
		}
	}
	return ids
}

// Ensure what is secret in the configuration is secret in the stack's state too.
func TestPolicySecretsStaySecret(t *testing.T) {
	everyResource(t, func(t *testing.T, _ *azuremock.Azure, r azuremock.Resource) {
		for _, key := range []string{"adminPassword", "clientSecret", "appPackageUrl"} {
			if value, ok := r.Inputs[resource.PropertyKey(key)]; ok {
				assert.True(t, value.IsSecret(), "%s of %s", key, r.URN)
			}
		}
	})
}

// Ensure no role reaches beyond one storage account, and none goes to a person.
func TestPolicyRolesAreScopedToAStorageAccount(t *testing.T) {
	everyResource(t, func(t *testing.T, a *azuremock.Azure, r azuremock.Resource) {
		if r.Type != "azure-native:authorization:RoleAssignment" {
			return
		}
		var scopes []any
		for _, account := range a.OfType("storage:StorageAccount") {
			scopes = append(scopes, account.ID)
		}
		assert.Contains(t, scopes, r.Input("scope"), r.URN)
		assert.Equal(t, "ServicePrincipal", r.Input("principalType"), r.URN)
	})
}

// Ensure prod refuses to lose what holds data, and that the other stacks can be taken down.
func TestPolicyProtection(t *testing.T) {
	holdsData := map[string]bool{
		"azure-native:resources:ResourceGroup": true, "azure-native:storage:StorageAccount": true,
		"azure-native:storage:BlobContainer": true, "azure-native:keyvault:Vault": true,
		"azure-native:datashare:Account":             true,
		"azure-native:operationalinsights:Workspace": true,
	}
	for _, stack := range stacks(t) {
		for _, r := range azuremock.MustRun(t, program, configuration(t, stack, nil)).Resources() {
			assert.Equal(t, stack == "prod" && holdsData[r.Type], r.Protect, "%s: %s", stack, r.URN)
		}
	}
}

// Ensure every resource of Azure is managed by its organization's explicit login, never by the ambient one.
func TestPolicyEveryResourceHasAnExplicitProvider(t *testing.T) {
	everyResource(t, func(t *testing.T, _ *azuremock.Azure, r azuremock.Resource) {
		if strings.HasPrefix(r.Type, "azure-native:") {
			assert.NotEmpty(t, r.Provider, r.URN)
			assert.Contains(t, r.Parent, "crossorg:index:", "%s belongs to no component", r.URN)
		}
	})
}
