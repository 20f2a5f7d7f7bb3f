package components

import (
	"github.com/pulumi/pulumi-azure-native-sdk/insights/v2"
	"github.com/pulumi/pulumi-azure-native-sdk/operationalinsights/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// workspaceNameMax is the longest name of a workspace
// (learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules).
const workspaceNameMax = 63

// Monitoring watches one organization: a Log Analytics workspace that collects the audit logs of both its sides, alerts
// on them, saved queries, and a workbook.
//
// A Service Fabric managed cluster is not among what is watched, as it has no resource logs
// (learn.microsoft.com/azure/azure-monitor/reference/logs-index).
type Monitoring struct {
	pulumi.ResourceState

	// WorkspaceID is the workspace's ARM id, WorkspaceName its name, CustomerID the id that queries go to.
	WorkspaceID   pulumi.StringOutput `pulumi:"workspaceId"`
	WorkspaceName pulumi.StringOutput `pulumi:"workspaceName"`
	CustomerID    pulumi.StringOutput `pulumi:"customerId"`
	// WorkbookID is the ARM id of the governance workbook.
	WorkbookID pulumi.StringOutput `pulumi:"workbookId"`
	// ActionGroupID is the ARM id of what alerts notify; nil without recipients.
	ActionGroupID pulumi.StringPtrOutput `pulumi:"actionGroupId"`
	// AlertIDs are the ARM ids of the alert rules by what they watch for: "snapshot-failed", "subscription-revoked",
	// "vault-access-denied", and "provider-snapshot-overdue" or "consumer-snapshot-overdue" where snapshots are
	// expected.
	AlertIDs pulumi.StringMapOutput `pulumi:"alertIds"`
}

// NewMonitoring registers the monitoring. Give the organization's azure-native provider among the options.
func NewMonitoring(
	ctx *pulumi.Context, name string, args *MonitoringArgs, opts ...pulumi.ResourceOption,
) (*Monitoring, error) {
	if args == nil {
		args = &MonitoringArgs{}
	}
	m, err := newMonitoring(ctx, name, args.withDefaults(), opts)
	if err != nil {
		return nil, inComponent("Monitoring", name, err)
	}
	return m, nil
}

func newMonitoring(
	ctx *pulumi.Context, name string, args *MonitoringArgs, opts []pulumi.ResourceOption,
) (*Monitoring, error) {
	if err := args.check(); err != nil {
		return nil, err
	}
	m := &Monitoring{}
	if err := ctx.RegisterComponentResourceV2("crossorg:index:Monitoring", name, args.inputs(), m,
		opts...); err != nil {
		return nil, err
	}
	workspace, err := newWorkspace(ctx, name, args, m)
	if err != nil {
		return nil, err
	}
	m.WorkspaceID = workspace.ID().ToStringOutput()
	m.WorkspaceName = workspace.Name
	m.CustomerID = workspace.CustomerId
	for _, side := range args.sides() {
		if err := newDiagnostics(ctx, name+"-"+side.name, side, m); err != nil {
			return nil, err
		}
	}
	if err := newAlerts(ctx, name, args, m); err != nil {
		return nil, err
	}
	if err := newSavedQueries(ctx, name, args, m); err != nil {
		return nil, err
	}
	if err := newWorkbook(ctx, name, args, m); err != nil {
		return nil, err
	}
	return m, ctx.RegisterResourceOutputs(m, pulumi.Map{
		"workspaceId":   m.WorkspaceID,
		"workspaceName": m.WorkspaceName,
		"customerId":    m.CustomerID,
		"workbookId":    m.WorkbookID,
		"actionGroupId": m.ActionGroupID,
		"alertIds":      m.AlertIDs,
	})
}

func newWorkspace(
	ctx *pulumi.Context, name string, args *MonitoringArgs, m *Monitoring,
) (*operationalinsights.Workspace, error) {
	properties := &operationalinsights.WorkspaceArgs{
		ResourceGroupName: args.ResourceGroupName,
		Location:          args.Location.ToStringOutput(),
		Sku:               operationalinsights.WorkspaceSkuArgs{Name: pulumi.String(args.SKU)},
		RetentionInDays:   pulumi.Int(args.RetentionDays),
		Features: operationalinsights.WorkspaceFeaturesArgs{
			// Nothing writes with workspace keys: resource logs come through Azure Monitor itself.
			DisableLocalAuth: pulumi.Bool(true),
			// Who may read a resource may read its logs, and only those.
			EnableLogAccessUsingOnlyResourcePermissions: pulumi.Bool(true),
		},
		Tags: args.Tags,
	}
	if args.DailyQuotaGB > 0 {
		properties.WorkspaceCapping = operationalinsights.WorkspaceCappingArgs{DailyQuotaGb: pulumi.Float64(args.DailyQuotaGB)}
	}
	return operationalinsights.NewWorkspace(ctx, autoNamed(name, workspaceNameMax, hyphenated), properties,
		pulumi.Parent(m), pulumi.Protect(args.Protect))
}

// newDiagnostics sends the audit logs of one side to the workspace
// (categories: learn.microsoft.com/azure/azure-monitor/reference/logs-index).
func newDiagnostics(ctx *pulumi.Context, name string, side namedSide, m *Monitoring) error {
	for _, target := range []struct {
		name       string
		id         pulumi.StringInput
		dedicated  bool
		categories []string
	}{
		{"share-logs", side.DataShareAccountID, true,
			[]string{"Shares", "ShareSubscriptions", "SentShareSnapshots", "ReceivedShareSnapshots"}},
		{"vault-logs", side.VaultID, true, []string{"AuditEvent"}},
		// Storage logs are on each service of an account, and have tables of their own in any case.
		{"blob-logs", pulumi.Sprintf("%s/blobServices/default", side.StorageAccountID), false,
			[]string{"StorageRead", "StorageWrite", "StorageDelete"}},
	} {
		logs := insights.LogSettingsArray{}
		for _, category := range target.categories {
			logs = append(logs, insights.LogSettingsArgs{Category: pulumi.String(category), Enabled: pulumi.Bool(true)})
		}
		setting := &insights.DiagnosticSettingArgs{
			ResourceUri: target.id,
			WorkspaceId: m.WorkspaceID,
			Logs:        logs,
		}
		if target.dedicated {
			setting.LogAnalyticsDestinationType = pulumi.String("Dedicated")
		}
		if _, err := insights.NewDiagnosticSetting(ctx, name+"-"+target.name, setting, pulumi.Parent(m)); err != nil {
			return err
		}
	}
	return nil
}
