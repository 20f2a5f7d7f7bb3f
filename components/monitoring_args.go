package components

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/crossorg/crossorg/internal/rules"
)

// MonitoringArgs describes how one organization is watched.
type MonitoringArgs struct {
	// Name of the resource group that the workspace, the alerts and the workbook are put into.
	ResourceGroupName pulumi.StringInput `pulumi:"resourceGroupName"`
	// Azure region of the workspace, the alerts and the workbook, such as "eastus".
	Location pulumi.StringInput `pulumi:"location"`
	// The tags of everything that Azure keeps tags for.
	Tags pulumi.StringMapInput `pulumi:"tags,optional"`

	// Price plan of the workspace (learn.microsoft.com/azure/azure-monitor/logs/cost-logs). Default: "PerGB2018".
	SKU pulumi.StringPtrInput `pulumi:"sku,optional"`
	// For how many days logs are kept: 30 to 730
	// (learn.microsoft.com/azure/azure-monitor/logs/data-retention-configure). Default: 30.
	RetentionDays pulumi.IntPtrInput `pulumi:"retentionDays,optional"`
	// How many GB of logs a day takes before their collection stops for the rest of it, from 0.023
	// (learn.microsoft.com/azure/azure-monitor/logs/daily-cap). 0 or less means no cap. Default: no cap.
	DailyQuotaGB pulumi.Float64PtrInput `pulumi:"dailyQuotaGb,optional"`
	// E-mail addresses that alerts go to. Without any there are alerts, but nobody gets a mail.
	Recipients []string `pulumi:"recipients,optional"`

	// The organization's side that offers data. One of provider and consumer is required.
	Provider *MonitoredSide `pulumi:"provider,optional"`
	// The organization's side that receives data. One of provider and consumer is required.
	Consumer *MonitoredSide `pulumi:"consumer,optional"`

	// Refuses the deletion of the workspace, which holds the audit logs. Default: false.
	Protect bool `pulumi:"protect,optional"`
}

// MonitoredSide is one side of an organization. An organization has outputs of the same names for the ids.
type MonitoredSide struct {
	// ARM id of the side's Data Share account.
	DataShareAccountID pulumi.StringInput `pulumi:"dataShareAccountId"`
	// ARM id of the side's storage account.
	StorageAccountID pulumi.StringInput `pulumi:"storageAccountId"`
	// ARM id of the side's Key Vault.
	VaultID pulumi.StringInput `pulumi:"vaultId"`
	// Shortest interval, "Hour" or "Day", among the schedules of the account's shares. An alert is raised when no
	// snapshot succeeds for longer. Left out, no snapshots are expected.
	SnapshotInterval string `pulumi:"snapshotInterval,optional"`
	// Time from which on snapshots are due, in RFC 3339: the later of the schedule's start and the trigger's creation.
	// None is missed before. Default: snapshots are due at once.
	SnapshotStart pulumi.StringPtrInput `pulumi:"snapshotStart,optional"`
}

// Defaults of a workspace.
const (
	defaultWorkspaceSKU  = "PerGB2018"
	defaultRetentionDays = 30
)

// sides are the sides that are there, by what the organization does with data, in a fixed order.
func (a *MonitoringArgs) sides() []namedSide {
	var sides []namedSide
	if a.Provider != nil {
		sides = append(sides, namedSide{"provider", a.Provider})
	}
	if a.Consumer != nil {
		sides = append(sides, namedSide{"consumer", a.Consumer})
	}
	return sides
}

type namedSide struct {
	name string
	*MonitoredSide
}

// check reports all problems of what is known of the arguments.
func (a *MonitoringArgs) check() error {
	var p problems
	p.required("resourceGroupName", a.ResourceGroupName, "the group that holds the workspace")
	p.required("location", a.Location, `an Azure region, such as "eastus"`)
	p.days("retentionDays", a.RetentionDays, rules.LogRetentionDays)
	if len(a.sides()) == 0 {
		p.add("provider and consumer are missing, so there is nothing to watch: set at least one")
	}
	for _, side := range a.sides() {
		side.check(&p)
	}
	return p.err()
}

func (s namedSide) check(p *problems) {
	p.required(s.name+".dataShareAccountId", s.DataShareAccountID, "the ARM id of the Data Share account")
	p.required(s.name+".storageAccountId", s.StorageAccountID, "the ARM id of the storage account")
	p.required(s.name+".vaultId", s.VaultID, "the ARM id of the vault")
	if s.SnapshotInterval != "" && rules.Period(s.SnapshotInterval) == 0 {
		p.add("%s.snapshotInterval is %q: set %s, or leave it out", s.name, s.SnapshotInterval,
			strings.Join(rules.Intervals(), " or "))
	}
	p.text(s.name+".snapshotStart", s.SnapshotStart, azureTime)
}

// start is the time from which on snapshots are due, as queries take it.
func (s namedSide) start() pulumi.StringOutput {
	// A time before there were shares.
	start := stringOr(s.SnapshotStart, "0001-01-01T00:00:00Z")
	return converted(s.name+".snapshotStart", start, azureTime).ToStringOutput()
}
