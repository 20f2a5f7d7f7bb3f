package components

import (
	"errors"
	"fmt"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// MonitoringArgs describes how one organization is watched. Plain values decide which resources there are.
type MonitoringArgs struct {
	// ResourceGroupName holds the workspace, the alerts and the workbook. Required.
	ResourceGroupName pulumi.StringInput
	// Location is the Azure region. Required.
	Location pulumi.StringInput
	// Tags go on everything taggable.
	Tags pulumi.StringMapInput

	// SKU is the workspace's price plan; empty means PerGB2018.
	SKU string
	// RetentionDays is how long logs are kept, 30 to 730; 0 means 30.
	RetentionDays int
	// DailyQuotaGB stops the collection of logs for the rest of a day; 0 or less means no cap.
	DailyQuotaGB float64
	// Recipients are the e-mail addresses that alerts go to. Without any there are alerts, but nobody gets a mail.
	Recipients []string

	// Provider and Consumer are what is watched: the organization's sides in data shares. At least one is required.
	Provider *MonitoredSide
	Consumer *MonitoredSide

	// Protect refuses the deletion of the workspace, which holds the audit logs.
	Protect bool
}

// MonitoredSide is one side of an organization. All ids are ARM ids.
type MonitoredSide struct {
	DataShareAccountID pulumi.StringInput
	StorageAccountID   pulumi.StringInput
	VaultID            pulumi.StringInput
	// SnapshotInterval is the shortest interval, "Hour" or "Day", among the schedules of the account's shares. Empty
	// means that no snapshots are expected.
	SnapshotInterval string
	// SnapshotStart is when the first snapshot is due: none is missed before. The zero time means at once.
	SnapshotStart time.Time
}

// withDefaults is a copy with the defaults in place.
func (a MonitoringArgs) withDefaults() *MonitoringArgs {
	orElse(&a.SKU, "PerGB2018")
	if a.RetentionDays == 0 {
		a.RetentionDays = 30
	}
	return &a
}

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

func (a *MonitoringArgs) check() error {
	var errs []error
	problem := func(format string, v ...any) { errs = append(errs, fmt.Errorf(format, v...)) }
	if a.ResourceGroupName == nil {
		problem("ResourceGroupName is missing: set the group that holds the workspace")
	}
	if a.Location == nil {
		problem("Location is missing: set an Azure region, such as \"eastus\"")
	}
	// learn.microsoft.com/azure/azure-monitor/logs/data-retention-configure
	if a.RetentionDays < 30 || a.RetentionDays > 730 {
		problem("RetentionDays is %d: set 30 to 730", a.RetentionDays)
	}
	if len(a.sides()) == 0 {
		problem("Provider and Consumer are missing, so there is nothing to watch: set at least one")
	}
	for _, side := range a.sides() {
		if side.DataShareAccountID == nil || side.StorageAccountID == nil || side.VaultID == nil {
			problem("the %s side lacks an id: set DataShareAccountID, StorageAccountID and VaultID", side.name)
		}
		if _, known := overdueAfter[side.SnapshotInterval]; !known && side.SnapshotInterval != "" {
			problem("the %s side's SnapshotInterval is %q: set Hour or Day, or leave it empty", side.name,
				side.SnapshotInterval)
		}
	}
	return errors.Join(errs...)
}

// inputs are the component's inputs as recorded in the stack's state.
func (a *MonitoringArgs) inputs() pulumi.Map {
	in := pulumi.Map{
		"location":      a.Location,
		"sku":           pulumi.String(a.SKU),
		"retentionDays": pulumi.Int(a.RetentionDays),
		"recipients":    pulumi.ToStringArray(a.Recipients),
		"protect":       pulumi.Bool(a.Protect),
	}
	if a.DailyQuotaGB > 0 {
		in["dailyQuotaGb"] = pulumi.Float64(a.DailyQuotaGB)
	}
	if a.Tags != nil {
		in["tags"] = a.Tags
	}
	return in
}
