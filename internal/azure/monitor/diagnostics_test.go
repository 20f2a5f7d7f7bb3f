package monitor_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/monitor/armmonitor"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/armtest"
)

const (
	diagnosticsVersion = "2021-05-01-preview"
	shareAccount       = providers + "Microsoft.DataShare/accounts/exchange"
	vault              = providers + "Microsoft.KeyVault/vaults/contoso-vault"
	storageAccount     = providers + "Microsoft.Storage/storageAccounts/contosodata"
	blobService        = storageAccount + "/blobServices/default"
	settings           = "/providers/Microsoft.Insights/diagnosticSettings/"
)

// watched is an Azure with a workspace and things to watch.
func watched(t *testing.T) *azure {
	a := newAzure(t)
	a.workspace()
	for _, id := range []string{shareAccount, vault, storageAccount} {
		a.Plant(id)
	}
	return a
}

// toWorkspace is the body of a setting that sends categories to a workspace.
func toWorkspace(workspace string, categories ...string) string {
	var logs []string
	for _, c := range categories {
		logs = append(logs, fmt.Sprintf(`{"category":%q,"enabled":true}`, c))
	}
	return fmt.Sprintf(`{"properties":{"workspaceId":%q,"logs":[%s]}}`, workspace, strings.Join(logs, ","))
}

// sending is the body of a setting that sends the workspace what entries say: a list of JSON objects.
func sending(what, entries string) string {
	return fmt.Sprintf(`{"properties":{"workspaceId":%q,%q:[%s]}}`, workspaceID, what, entries)
}

func TestEachAuditedResourceOffersItsCategories(t *testing.T) {
	a := watched(t)
	for target, body := range map[string]string{
		shareAccount: toWorkspace(workspaceID, "Shares", "ShareSubscriptions", "SentShareSnapshots",
			"ReceivedShareSnapshots"),
		vault: toWorkspace(workspaceID, "AuditEvent",
			"AzurePolicyEvaluationDetails"),
		blobService: toWorkspace(workspaceID, "StorageRead", "StorageWrite",
			"StorageDelete"),
		workspaceID:                              toWorkspace(workspaceID, "Audit"),
		storageAccount:                           sending("metrics", `{"category":"Transaction","enabled":true}`),
		"/subscriptions/" + armtest.Subscription: toWorkspace(workspaceID, "Administrative"),
	} {
		put := a.ok(http.MethodPut, target+settings+"audit", diagnosticsVersion, body)
		got := a.ok(http.MethodGet, target+settings+"audit", diagnosticsVersion, "")
		assert.Equal(t, put, got, target)
		assert.Equal(t, "audit", got["name"])
		assert.NotContains(t, got, "location")
		a.ok(http.MethodDelete, target+settings+"audit", diagnosticsVersion, "")
		status := a.do(http.MethodGet, target+settings+"audit", diagnosticsVersion, "").Status
		assert.Equal(t, http.StatusNotFound, status, target)
	}
}

func TestASettingIsRefusedAsAzureRefusesIt(t *testing.T) {
	a := watched(t)
	gone := workspaces + "no-such-logs"
	elsewhere := "/subscriptions/" + armtest.OtherSubscription +
		"/resourceGroups/other/providers/Microsoft.OperationalInsights/workspaces/theirs"
	a.Plant(elsewhere)
	for name, c := range map[string]struct{ target, body, code, message string }{
		"no destination": {vault, `{"properties":{"logs":[{"category":"AuditEvent","enabled":true}]}}`,
			"BadRequest", "At least one data sink needs to be specified."},
		"unknown workspace": {vault, toWorkspace(gone, "AuditEvent"), "ResourceNotFound", "no-such-logs"},
		"another tenant's": {vault, toWorkspace(elsewhere, "AuditEvent"), "LinkedAuthorizationFailed",
			"Microsoft.OperationalInsights/workspaces/sharedKeys/action"},
		"no workspace at all": {vault, toWorkspace(vault, "AuditEvent"), "LinkedInvalidPropertyId",
			"properties.workspaceId"},
		"another's category": {vault, toWorkspace(workspaceID, "StorageRead"), "BadRequest",
			"Category 'StorageRead' is not supported."},
		"logs on the account": {storageAccount, toWorkspace(workspaceID, "StorageRead"), "BadRequest",
			"Category 'StorageRead' is not supported."},
		"unknown metric": {vault,
			sending("metrics", `{"category":"Capacity","enabled":true}`),
			"BadRequest", "Metric category 'Capacity' is not supported, supported categories are: 'AllMetrics'"},
		"category and group": {vault,
			sending("logs", `{"category":"AuditEvent","categoryGroup":"audit","enabled":true}`),
			"BadRequest", "either a category or a categoryGroup"},
		"categories mixed with groups": {vault,
			sending("logs", `{"category":"AuditEvent","enabled":true},{"categoryGroup":"audit","enabled":true}`),
			"BadRequest", "cannot mix"},
		"retention": {vault, sending("logs",
			`{"category":"AuditEvent","enabled":true,"retentionPolicy":{"enabled":true,"days":30}}`),
			"BadRequest", "Diagnostic settings does not support retention for new diagnostic settings."},
		"the same twice": {vault, toWorkspace(workspaceID, "AuditEvent", "auditevent"), "BadRequest",
			"more than once"},
		"nothing to send": {vault, toWorkspace(workspaceID), "BadRequest", "At least one log or metric category"},
		"its own logs": {blobService,
			fmt.Sprintf(`{"properties":{"storageAccountId":%q,"logs":[{"category":"StorageRead","enabled":true}]}}`,
				storageAccount), "BadRequest", "its own logs"},
		"nothing to watch": {armtest.Group, toWorkspace(workspaceID, "AuditEvent"), "ResourceTypeNotSupported",
			"does not support diagnostic settings"},
		"no such resource": {vault + "-gone", toWorkspace(workspaceID, "AuditEvent"), "ResourceNotFound",
			"contoso-vault-gone"},
	} {
		code, message := a.refused(http.MethodPut, c.target+settings+"audit", diagnosticsVersion, c.body)
		assert.Equal(t, c.code, code, name)
		assert.Contains(t, message, c.message, name)
	}
}

func TestACategoryGoesToAWorkspaceOnce(t *testing.T) {
	a := watched(t)
	a.ok(http.MethodPut, vault+settings+"audit", diagnosticsVersion, toWorkspace(workspaceID, "AuditEvent"))
	a.ok(http.MethodPut, vault+settings+"audit", diagnosticsVersion, toWorkspace(workspaceID, "AuditEvent"))

	code, message := a.refused(http.MethodPut, vault+settings+"again", diagnosticsVersion,
		toWorkspace(strings.ToUpper(workspaceID[:20])+workspaceID[20:], "AuditEvent"))
	assert.Equal(t, "Conflict", code)
	assert.Contains(t, message, "is already used in diagnostic setting 'audit' for category 'AuditEvent'")
	code, _ = a.refused(http.MethodPut, vault+settings+"again", diagnosticsVersion,
		sending("logs", `{"categoryGroup":"allLogs","enabled":true}`))
	assert.Equal(t, "Conflict", code, "a group includes the category")

	a.ok(http.MethodPut, vault+settings+"again", diagnosticsVersion,
		toWorkspace(workspaceID, "AzurePolicyEvaluationDetails"))
}

func TestAResourceHasAtMostFiveSettings(t *testing.T) {
	a := watched(t)
	for i := range 6 {
		id := fmt.Sprintf("%slogs-%d", workspaces, i)
		a.ok(http.MethodPut, id, workspaceVersion, `{"location":"eastus"}`)
		target := fmt.Sprintf("%s%ss%d", vault, settings, i)
		if i < 5 {
			a.ok(http.MethodPut, target, diagnosticsVersion, toWorkspace(id, "AuditEvent"))
			continue
		}
		code, message := a.refused(http.MethodPut, target, diagnosticsVersion, toWorkspace(id, "AuditEvent"))
		assert.Equal(t, "BadRequest", code)
		assert.Contains(t, message, "has 5 diagnostic settings")
	}
}

func TestTheOfficialDiagnosticSettingsClientWorks(t *testing.T) {
	a := watched(t)
	ctx := context.Background()
	a.ok(http.MethodPut, vault+settings+"audit", diagnosticsVersion, toWorkspace(workspaceID, "AuditEvent"))
	client, err := armmonitor.NewDiagnosticSettingsClient(a.Contoso, a.ClientOptions())
	require.NoError(t, err)
	made, err := client.CreateOrUpdate(ctx, strings.TrimPrefix(vault, "/"), "audit",
		armmonitor.DiagnosticSettingsResource{
			Properties: &armmonitor.DiagnosticSettings{
				WorkspaceID: to.Ptr(workspaceID),
				Logs:        []*armmonitor.LogSettings{{CategoryGroup: to.Ptr("audit"), Enabled: to.Ptr(true)}},
			},
		}, nil)
	require.NoError(t, err)
	assert.Equal(t, workspaceID, *made.Properties.WorkspaceID)
	require.Len(t, made.Properties.Logs, 1)
	assert.False(t, *made.Properties.Logs[0].RetentionPolicy.Enabled)
	pager := client.NewListPager(strings.TrimPrefix(vault, "/"), nil)
	page, err := pager.NextPage(ctx)
	require.NoError(t, err)
	require.Len(t, page.Value, 1)
	assert.Equal(t, "audit", *page.Value[0].Name)
}
