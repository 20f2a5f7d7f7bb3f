package components_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/components"
	"github.com/crossorg/crossorg/tests/azuremock"
)

// side is what is watched of a side, with made-up ids.
func side(name string) *components.MonitoredSide {
	group := "/subscriptions/" + contosoSubscription + "/resourceGroups/" + name + "/providers/"
	return &components.MonitoredSide{
		DataShareAccountID: pulumi.String(group + "Microsoft.DataShare/accounts/" + name),
		StorageAccountID:   pulumi.String(group + "Microsoft.Storage/storageAccounts/" + name),
		VaultID:            pulumi.String(group + "Microsoft.KeyVault/vaults/" + name),
		SnapshotInterval:   "Day",
		SnapshotStart:      pulumi.String("2025-02-01T03:00:00+01:00"),
	}
}

// monitoring is a program that watches contoso, changed by change. What turns out is put into see.
func monitoring(change func(*components.MonitoringArgs), see map[string]any) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		azure, err := contoso(ctx)
		if err != nil {
			return err
		}
		args := &components.MonitoringArgs{
			ResourceGroupName: pulumi.String("watched"),
			Location:          pulumi.String("eastus"),
			Tags:              pulumi.ToStringMap(map[string]string{"purpose": "test"}),
			Recipients:        []string{"oncall@contoso.example", "governance@contoso.example"},
			Provider:          side("provider"),
		}
		if change != nil {
			change(args)
		}
		m, err := components.NewMonitoring(ctx, "contoso-monitoring", args, pulumi.Provider(azure))
		if err != nil {
			return err
		}
		look(see, pulumi.Map{
			"workspaceId": m.WorkspaceID, "workspaceName": m.WorkspaceName, "customerId": m.CustomerID,
			"workbookId": m.WorkbookID, "actionGroupId": m.ActionGroupID, "alertIds": m.AlertIDs,
		})
		return nil
	}
}

func mustMonitor(t *testing.T, change func(*components.MonitoringArgs)) *azuremock.Azure {
	t.Helper()
	return azuremock.MustRun(t, monitoring(change, nil), azuremock.Options{})
}

func bothSides(a *components.MonitoringArgs) { a.Consumer = side("consumer") }

func TestMonitoringWorkspace(t *testing.T) {
	workspace := mustMonitor(t, nil).OfType("operationalinsights:Workspace")[0]
	for path, want := range map[string]any{
		"sku.name":                  "PerGB2018",
		"retentionInDays":           30.0,
		"workspaceCapping":          nil,
		"features.disableLocalAuth": true,
		"features.enableLogAccessUsingOnlyResourcePermissions": true,
		"tags.purpose": "test",
	} {
		assert.Equal(t, want, workspace.Input(path), path)
	}
	assert.Equal(t, "contoso-monitoring"+azuremock.AutoName, workspace.Output("name"))
	assert.False(t, workspace.Protect)

	workspace = mustMonitor(t, func(a *components.MonitoringArgs) {
		a.RetentionDays, a.DailyQuotaGB, a.Protect = pulumi.Int(365), pulumi.Float64(0.5), true
	}).OfType("operationalinsights:Workspace")[0]
	assert.Equal(t, 365.0, workspace.Input("retentionInDays"))
	assert.Equal(t, 0.5, workspace.Input("workspaceCapping.dailyQuotaGb"))
	assert.True(t, workspace.Protect, "audit logs are data")

	workspace = mustMonitor(t, func(a *components.MonitoringArgs) {
		a.DailyQuotaGB = pulumi.Float64(-1)
	}).OfType("operationalinsights:Workspace")[0]
	assert.Nil(t, workspace.Input("workspaceCapping"), "-1 is no cap")
}

// Ensure everything auditable of both sides sends all its audit logs to the workspace.
func TestMonitoringDiagnosticSettings(t *testing.T) {
	a := mustMonitor(t, bothSides)
	workspace := a.OfType("operationalinsights:Workspace")[0]
	categories := map[string][]string{}
	for _, setting := range a.OfType("insights:DiagnosticSetting") {
		assert.Equal(t, workspace.ID, setting.Input("workspaceId"))
		target := setting.Input("resourceUri").(string)
		for _, log := range setting.Input("logs").([]any) {
			log := log.(map[string]any)
			assert.Equal(t, true, log["enabled"])
			assert.NotContains(t, log, "retentionPolicy", "Azure has retired it")
			categories[target] = append(categories[target], log["category"].(string))
		}
		// Tables of their own, which the queries read; blob logs have one in any case.
		if !strings.HasSuffix(target, "/blobServices/default") {
			assert.Equal(t, "Dedicated", setting.Input("logAnalyticsDestinationType"), target)
		}
	}
	want := map[string][]string{}
	for _, name := range []string{"provider", "consumer"} {
		group := "/subscriptions/" + contosoSubscription + "/resourceGroups/" + name + "/providers/"
		want[group+"Microsoft.DataShare/accounts/"+name] = []string{
			"Shares", "ShareSubscriptions", "SentShareSnapshots", "ReceivedShareSnapshots"}
		want[group+"Microsoft.KeyVault/vaults/"+name] = []string{"AuditEvent"}
		want[group+"Microsoft.Storage/storageAccounts/"+name+"/blobServices/default"] = []string{
			"StorageRead", "StorageWrite", "StorageDelete"}
	}
	assert.Equal(t, want, categories)
}

// Azure's fixed sets (learn.microsoft.com/azure/azure-monitor/alerts/alerts-create-log-alert-rule).
var windows = map[string]time.Duration{
	"PT5M": 5 * time.Minute, "PT10M": 10 * time.Minute, "PT15M": 15 * time.Minute, "PT30M": 30 * time.Minute,
	"PT45M": 45 * time.Minute,
	"PT1H":  time.Hour, "PT2H": 2 * time.Hour, "PT3H": 3 * time.Hour, "PT6H": 6 * time.Hour, "P1D": 24 * time.Hour,
	"P2D": 48 * time.Hour,
}

// Ensure every alert watches the workspace, notifies somebody, and is timed as Azure allows.
func TestMonitoringAlerts(t *testing.T) {
	a := mustMonitor(t, bothSides)
	workspace, group := a.OfType("operationalinsights:Workspace")[0], a.OfType("insights:ActionGroup")[0]
	severities := map[string]any{}
	for _, rule := range a.OfType("insights:ScheduledQueryRule") {
		severities[strings.TrimPrefix(rule.Name, "contoso-monitoring-")] = rule.Input("severity")
		assert.Equal(t, []any{workspace.ID}, rule.Input("scopes"), rule.Name)
		assert.Equal(t, []any{group.ID}, rule.Input("actions.actionGroups"), rule.Name)
		assert.Equal(t, "LogAlert", rule.Input("kind"), rule.Name)
		assert.Equal(t, true, rule.Input("enabled"), rule.Name)
		assert.Equal(t, true, rule.Input("skipQueryValidation"), "a new workspace has no tables yet")
		assert.NotEmpty(t, rule.Input("displayName"), rule.Name)
		assert.NotEmpty(t, rule.Input("description"), rule.Name)
		assert.Equal(t, "test", rule.Input("tags.purpose"), rule.Name)
		window, frequency := windows[rule.Input("windowSize").(string)],
			windows[rule.Input("evaluationFrequency").(string)]
		assert.Positive(t, frequency, rule.Name)
		assert.LessOrEqual(t, frequency, 24*time.Hour, rule.Name)
		assert.Greater(t, window, frequency, "logs arrive late, so evaluations overlap: %s", rule.Name)

		conditions := rule.Input("criteria.allOf").([]any)
		require.Len(t, conditions, 1, rule.Name)
		condition := conditions[0].(map[string]any)
		assert.Equal(t, []any{"Count", "GreaterThan", 0.0},
			[]any{condition["timeAggregation"], condition["operator"], condition["threshold"]}, rule.Name)
	}
	assert.Equal(t, map[string]any{
		"snapshot-failed": 1.0, "consumer-subscription-revoked": 2.0, "vault-access-denied": 1.0,
		"provider-snapshot-overdue": 2.0, "consumer-snapshot-overdue": 2.0,
	}, severities)
}

// Ensure a missing snapshot is noticed after the time that its schedule allows, and not before the first one is due.
func TestMonitoringNoticesMissingSnapshots(t *testing.T) {
	a := mustMonitor(t, func(a *components.MonitoringArgs) {
		bothSides(a)
		a.Consumer.SnapshotInterval = "Hour"
	})
	for name, c := range map[string]struct {
		table, begin string
		tolerance    time.Duration
	}{
		"provider": {"MicrosoftDataShareSentSnapshotLog",
			"let tolerance = 30h;\nlet since = datetime(2025-02-01T02:00:00Z);\n", 30 * time.Hour},
		"consumer": {"MicrosoftDataShareReceivedSnapshotLog",
			"let tolerance = 2h;\nlet since = datetime(2025-02-01T02:00:00Z);\n", 2 * time.Hour},
	} {
		rule := a.Get(t, "insights:ScheduledQueryRule", "contoso-monitoring-"+name+"-snapshot-overdue")
		query := rule.Input("criteria.allOf").([]any)[0].(map[string]any)["query"].(string)
		assert.True(t, strings.HasPrefix(query, c.begin), query)
		assert.Contains(t, query, c.table)
		assert.GreaterOrEqual(t, windows[rule.Input("windowSize").(string)], c.tolerance,
			"the query sees that far back")
	}

	a = mustMonitor(t, func(a *components.MonitoringArgs) { a.Provider.SnapshotInterval = "" })
	for _, rule := range a.OfType("insights:ScheduledQueryRule") {
		assert.NotContains(t, rule.Name, "overdue", "without a schedule nothing is missed")
	}
}

// Ensure every rule reads its own workspace, and nothing that another reading of Microsoft's pages would refuse: each
// table is named with the workspace, and an empty one stands in for those that have no rows.
func TestMonitoringAlertsResolveWithoutTables(t *testing.T) {
	a := mustMonitor(t, bothSides)
	workspace := a.OfType("operationalinsights:Workspace")[0].ID
	for _, rule := range a.OfType("insights:ScheduledQueryRule") {
		query := rule.Input("criteria.allOf").([]any)[0].(map[string]any)["query"].(string)
		assert.NotContains(t, query, "{{", rule.Name)
		assert.Contains(t, query, "union isfuzzy=true\n    (datatable(", rule.Name)
		assert.Contains(t, query, `(workspace("`+workspace+`").`, rule.Name)
		for table := range tables {
			assert.Equal(t, strings.Count(query, table), strings.Count(query, `(workspace("`+workspace+`").`+table),
				"%s reads %s", rule.Name, table)
		}
	}
	former := a.Get(t, "insights:ScheduledQueryRule", "contoso-monitoring-consumer-subscription-revoked")
	assert.Equal(t, []string{"contoso-monitoring-subscription-revoked"}, former.Aliases)
}

// Ensure a provider's revocations are seen in the activity log of its Data Share account.
func TestMonitoringSeesRevocations(t *testing.T) {
	a := mustMonitor(t, nil)
	rule := a.Get(t, "insights:ActivityLogAlert", "contoso-monitoring-provider-subscription-revoked")
	assert.Equal(t, "global", rule.Input("location"))
	assert.Equal(t, true, rule.Input("enabled"))
	assert.Equal(t, "test", rule.Input("tags.purpose"))
	assert.NotEmpty(t, rule.Input("description"))
	assert.Equal(t, []any{"/subscriptions/" + contosoSubscription + "/resourceGroups/provider/providers/" +
		"Microsoft.DataShare/accounts/provider"}, rule.Input("scopes"))
	assert.Equal(t, []any{
		map[string]any{"field": "category", "equals": "Administrative"},
		map[string]any{"field": "operationName",
			"equals": "Microsoft.DataShare/accounts/shares/providerShareSubscriptions/revoke/action"},
		map[string]any{"anyOf": []any{map[string]any{"field": "status", "equals": "Succeeded"},
			map[string]any{"field": "status", "equals": "Accepted"}}},
	}, rule.Input("condition.allOf"))
	group := a.OfType("insights:ActionGroup")[0]
	assert.Equal(t, []any{map[string]any{"actionGroupId": group.ID}}, rule.Input("actions.actionGroups"))

	a = mustMonitor(t, func(a *components.MonitoringArgs) { a.Recipients = nil })
	assert.Empty(t, a.OfType("insights:ActivityLogAlert")[0].Input("actions.actionGroups"))
	a = mustMonitor(t, func(a *components.MonitoringArgs) { a.Provider, a.Consumer = nil, side("consumer") })
	assert.Empty(t, a.OfType("insights:ActivityLogAlert"), "who only receives revokes nothing")
}

func TestMonitoringActionGroup(t *testing.T) {
	group := mustMonitor(t, nil).OfType("insights:ActionGroup")[0]
	assert.Equal(t, "global", group.Input("location"))
	assert.Equal(t, true, group.Input("enabled"))
	assert.LessOrEqual(t, len(group.Input("groupShortName").(string)), 12)
	assert.Equal(t, "test", group.Input("tags.purpose"))
	assert.Equal(t, []any{
		map[string]any{"name": "recipient-1", "emailAddress": "oncall@contoso.example", "useCommonAlertSchema": true},
		map[string]any{"name": "recipient-2", "emailAddress": "governance@contoso.example",
			"useCommonAlertSchema": true},
	}, group.Input("emailReceivers"))

	a := mustMonitor(t, func(a *components.MonitoringArgs) { a.Recipients = nil })
	assert.Empty(t, a.OfType("insights:ActionGroup"), "nobody to tell")
	for _, rule := range a.OfType("insights:ScheduledQueryRule") {
		assert.Nil(t, rule.Input("actions"), rule.Name)
	}
}

func TestMonitoringSavedQueries(t *testing.T) {
	a := mustMonitor(t, nil)
	titles := map[any]any{}
	for _, saved := range a.OfType("operationalinsights:SavedSearch") {
		titles[saved.Output("name")] = saved.Input("displayName")
		assert.Equal(t, a.OfType("operationalinsights:Workspace")[0].Output("name"), saved.Input("workspaceName"))
		assert.Equal(t, "Data sharing", saved.Input("category"))
		assert.NotEmpty(t, saved.Input("query"))
	}
	assert.Equal(t, map[any]any{
		"who-received-what":       "Who received what",
		"snapshot-history":        "Snapshot history",
		"snapshot-failures":       "Snapshot failures",
		"share-changes":           "Changes of shares and subscriptions",
		"vault-access-denied":     "Denied access to key vaults",
		"blob-reads-by-principal": "Blob reads by principal",
		"blob-changes":            "Blob writes and deletes",
	}, titles)
}

// Ensure the workbook is one that Azure accepts, reads the organization's workspace, and is the same on every run.
func TestMonitoringWorkbook(t *testing.T) {
	a := mustMonitor(t, nil)
	workbook, workspace := a.OfType("insights:Workbook")[0], a.OfType("operationalinsights:Workspace")[0]
	name := workbook.Output("name").(string)
	assert.NoError(t, uuid.Validate(name))
	assert.Equal(t, name, mustMonitor(t, nil).OfType("insights:Workbook")[0].Output("name"))
	for path, want := range map[string]any{
		"kind": "shared", "category": "workbook", "version": "Notebook/1.0", "displayName": "Data sharing governance",
		"sourceId": strings.ToLower(workspace.ID), "tags.purpose": "test",
	} {
		assert.Equal(t, want, workbook.Input(path), path)
	}
	var content struct {
		Version             string
		FallbackResourceIDs []string `json:"fallbackResourceIds"`
		Items               []json.RawMessage
	}
	require.NoError(t, json.Unmarshal([]byte(workbook.Input("serializedData").(string)), &content))
	assert.Equal(t, "Notebook/1.0", content.Version)
	assert.Equal(t, []string{workspace.ID}, content.FallbackResourceIDs)
	assert.NotEmpty(t, content.Items)
}

func TestMonitoringKeepsToItsProvider(t *testing.T) {
	a := mustMonitor(t, bothSides)
	component := a.Get(t, "index:Monitoring", "contoso-monitoring")
	var children int
	for _, r := range a.Resources() {
		if !r.Custom || r.Name == "contoso" {
			continue
		}
		children++
		assert.Equal(t, component.URN, r.Parent, r.URN)
		assert.Equal(t, "contoso", r.Provider, r.URN)
	}
	assert.Equal(t, 22, children, "workspace, 6 settings, action group, 6 alerts, 7 queries, workbook")
}

func TestMonitoringOutputs(t *testing.T) {
	see := map[string]any{}
	a := azuremock.MustRun(t, monitoring(nil, see), azuremock.Options{})
	workspace, group := a.OfType("operationalinsights:Workspace")[0], a.OfType("insights:ActionGroup")[0]
	assert.Equal(t, workspace.ID, see["workspaceId"])
	assert.Equal(t, workspace.Output("name"), see["workspaceName"])
	assert.Equal(t, workspace.Output("customerId"), see["customerId"])
	assert.Equal(t, a.OfType("insights:Workbook")[0].ID, see["workbookId"])
	assert.Equal(t, &group.ID, see["actionGroupId"])
	alerts := see["alertIds"].(map[string]string)
	assert.Len(t, alerts, 4)
	assert.Equal(t, a.Get(t, "insights:ScheduledQueryRule", "contoso-monitoring-snapshot-failed").ID,
		alerts["snapshot-failed"])

	azuremock.MustRun(t, monitoring(func(a *components.MonitoringArgs) { a.Recipients = nil }, see),
		azuremock.Options{})
	assert.Nil(t, see["actionGroupId"])
}

func TestMonitoringReportsAllItsArgumentsProblems(t *testing.T) {
	_, err := azuremock.Run(func(ctx *pulumi.Context) error {
		_, err := components.NewMonitoring(ctx, "contoso-monitoring",
			&components.MonitoringArgs{RetentionDays: pulumi.Int(7)})
		return err
	}, azuremock.Options{})
	for _, want := range []string{
		`Monitoring "contoso-monitoring"`, "resourceGroupName is missing", "location is missing",
		"retentionDays is 7: set 30 to 730", "provider and consumer are missing",
	} {
		require.ErrorContains(t, err, want)
	}
	_, err = azuremock.Run(monitoring(func(a *components.MonitoringArgs) {
		a.Provider.SnapshotInterval = "Week"
		a.Consumer = &components.MonitoredSide{}
	}, nil), azuremock.Options{})
	require.ErrorContains(t, err, `provider.snapshotInterval is "Week": set Hour or Day`)
	require.ErrorContains(t, err, "consumer.vaultId is missing")

	_, err = azuremock.Run(func(ctx *pulumi.Context) error {
		_, err := components.NewMonitoring(ctx, "contoso-monitoring", nil)
		return err
	}, azuremock.Options{})
	require.Error(t, err)
}
