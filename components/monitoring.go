package components

import (
	diagnostics "github.com/pulumi/pulumi-azure-native-sdk/insights/v2/v20210501preview"
	"github.com/pulumi/pulumi-azure-native-sdk/operationalinsights/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/crossorg/crossorg/internal/rules"
)

// Monitoring watches one organization: a Log Analytics workspace that collects the audit logs of both its sides, alerts
// on them, saved queries, and a workbook.
//
// A Service Fabric managed cluster is not among what is watched, as it has no resource logs
// (learn.microsoft.com/azure/azure-monitor/reference/logs-index).
type Monitoring struct {
	pulumi.ResourceState

	// ARM id of the Log Analytics workspace.
	WorkspaceID pulumi.StringOutput `pulumi:"workspaceId"`
	// Name of the workspace.
	WorkspaceName pulumi.StringOutput `pulumi:"workspaceName"`
	// Workspace id (GUID) that queries are sent to.
	CustomerID pulumi.StringOutput `pulumi:"customerId"`
	// ARM id of the governance workbook.
	WorkbookID pulumi.StringOutput `pulumi:"workbookId"`
	// ARM id of the action group that alerts notify; null without recipients.
	ActionGroupID pulumi.StringPtrOutput `pulumi:"actionGroupId"`
	// ARM ids of the alert rules by what they watch for: "snapshot-failed", "vault-access-denied",
	// "provider-subscription-revoked" or "consumer-subscription-revoked", and "provider-snapshot-overdue" or
	// "consumer-snapshot-overdue" where snapshots are expected. That of the provider's revocations is an activity log
	// alert; the others are log search alerts.
	AlertIDs pulumi.StringMapOutput `pulumi:"alertIds"`
}

// NewMonitoring registers the monitoring. Give the organization's azure-native provider among the options.
func NewMonitoring(
	ctx *pulumi.Context, name string, args *MonitoringArgs, opts ...pulumi.ResourceOption,
) (*Monitoring, error) {
	if args == nil {
		args = &MonitoringArgs{}
	}
	m, err := newMonitoring(ctx, name, args, opts)
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
	if err := ctx.RegisterComponentResourceV2(token("Monitoring"), name, knownInputs(args),
		m, opts...); err != nil {
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
	return m, ctx.RegisterResourceOutputs(m, outputs(m))
}

func newWorkspace(
	ctx *pulumi.Context, name string, args *MonitoringArgs, m *Monitoring,
) (*operationalinsights.Workspace, error) {
	properties := &operationalinsights.WorkspaceArgs{
		ResourceGroupName: args.ResourceGroupName,
		Location:          args.Location.ToStringOutput(),
		Sku:               operationalinsights.WorkspaceSkuArgs{Name: stringOr(args.SKU, defaultWorkspaceSKU)},
		RetentionInDays:   intOr(args.RetentionDays, defaultRetentionDays).ToIntOutput(),
		Features: operationalinsights.WorkspaceFeaturesArgs{
			// Nothing writes with workspace keys: resource logs come through Azure Monitor itself.
			DisableLocalAuth: pulumi.Bool(true),
			// Who may read a resource may read its logs, and only those.
			EnableLogAccessUsingOnlyResourcePermissions: pulumi.Bool(true),
		},
		WorkspaceCapping: dailyCap(args.DailyQuotaGB),
		Tags:             args.Tags,
	}
	return operationalinsights.NewWorkspace(ctx, autoNamed(name, rules.WorkspaceName.Max, rules.Hyphenated), properties,
		pulumi.Parent(m), pulumi.Protect(args.Protect), replaced("operationalinsights:Workspace"))
}

// dailyCap is the cap of a workspace, nil for none.
func dailyCap(quota pulumi.Float64PtrInput) operationalinsights.WorkspaceCappingPtrInput {
	if !isSet(quota) {
		return nil
	}
	if gb, known := literal[float64](quota); known {
		if gb <= 0 {
			return nil
		}
		return operationalinsights.WorkspaceCappingArgs{DailyQuotaGb: pulumi.Float64(gb)}
	}
	return quota.ToFloat64PtrOutput().ApplyT(func(gb *float64) *operationalinsights.WorkspaceCapping {
		if gb == nil || *gb <= 0 {
			return nil
		}
		return &operationalinsights.WorkspaceCapping{DailyQuotaGb: gb}
	}).(operationalinsights.WorkspaceCappingPtrOutput)
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
		logs := diagnostics.LogSettingsArray{}
		for _, category := range target.categories {
			logs = append(logs, diagnostics.LogSettingsArgs{Category: pulumi.String(category),
				Enabled: pulumi.Bool(true)})
		}
		setting := &diagnostics.DiagnosticSettingArgs{
			ResourceUri: target.id,
			WorkspaceId: m.WorkspaceID,
			Logs:        logs,
		}
		if target.dedicated {
			setting.LogAnalyticsDestinationType = pulumi.String("Dedicated")
		}
		_, err := register(ctx, "insights:DiagnosticSetting", name+"-"+target.name, setting,
			&diagnostics.DiagnosticSetting{}, pulumi.Parent(m))
		if err != nil {
			return err
		}
	}
	return nil
}
