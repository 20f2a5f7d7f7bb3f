package components

import (
	"errors"
	"fmt"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Kinds of data sets.
const (
	// BlobKind is one blob.
	BlobKind = "blob"
	// FolderKind is every blob whose name begins with a path and a slash.
	FolderKind = "folder"
	// ContainerKind is a whole container.
	ContainerKind = "container"
)

// ShareWithDatasetArgs describes a share. Maps and plain values decide which resources there are.
type ShareWithDatasetArgs struct {
	// ShareName names the share at the provider and the share subscription at each consumer. Required.
	ShareName string
	// Description and Terms are what an invited consumer reads before accepting.
	Description string
	Terms       string
	// Schedule of the snapshots. Required.
	Schedule ShareSchedule
	// Expiration ends invitations and subscriptions; the zero time means never.
	Expiration time.Time
	// DataSets by name; at least one.
	DataSets map[string]ShareDataSetArgs
	// Provider is the side that offers the data. Required.
	Provider ShareParty
	// Consumers by name; at least one.
	Consumers map[string]ShareConsumerArgs
	// RolePropagation is how long after its assignment a Data Share account's role is waited for; 0 does not wait.
	RolePropagation time.Duration
	// Protect refuses the deletion of the containers that receive whole containers.
	Protect bool
}

// ShareSchedule says when snapshots run. Azure keeps schedules in UTC.
type ShareSchedule struct {
	// Interval is "Hour" or "Day".
	Interval string
	// Start is the time of the first run.
	Start time.Time
}

// ShareDataSetArgs is one data set.
type ShareDataSetArgs struct {
	// Kind is BlobKind, FolderKind or ContainerKind.
	Kind string
	// Container is one of the provider's containers.
	Container string
	// Path is the blob's name, or the folder's without a slash at its end; empty for a whole container.
	Path string
	// Source is an optional local file (BlobKind) or folder (the others) to upload before the data set is made.
	Source string
}

// ShareParty is one side of a share, as [Boundary.Party] gives it.
type ShareParty struct {
	// AzureNative is the azure-native provider that manages the side; nil means the one of the component.
	AzureNative pulumi.ProviderResource
	// ResourceGroupName holds both the Data Share account and the storage account.
	ResourceGroupName pulumi.StringInput
	// Location is the Azure region of the Data Share account.
	Location pulumi.StringInput
	// SubscriptionID is the subscription of the storage account.
	SubscriptionID pulumi.StringInput
	// DataShareAccountName, StorageAccountName: the two accounts.
	DataShareAccountName pulumi.StringInput
	StorageAccountName   pulumi.StringInput
	// StorageAccountID (ARM id) and BlobEndpoint (URL) are reported among the outputs.
	StorageAccountID pulumi.StringInput
	BlobEndpoint     pulumi.StringInput
	// Containers maps names to the same names, known once the container exists.
	Containers pulumi.StringMap
	// RoleAssignedOn is when the Data Share account was given its role on the storage account, in RFC 3339.
	RoleAssignedOn pulumi.StringInput
}

// ShareConsumerArgs is one consumer of a share.
type ShareConsumerArgs struct {
	// Party is the receiving side; its provider accepts the invitation.
	Party ShareParty
	// LandingContainer is one of the party's containers.
	LandingContainer string
	// Invitee overrides who is invited. The zero value invites the principal that the party's provider signs in as.
	Invitee ShareInvitee
}

// ShareInvitee names who may accept an invitation: by e-mail, or by directory and object, never both.
type ShareInvitee struct {
	Email    string
	TenantID string
	ObjectID string
}

func (a *ShareWithDatasetArgs) check() error {
	var errs []error
	problem := func(format string, v ...any) { errs = append(errs, fmt.Errorf(format, v...)) }
	if a.ShareName == "" {
		problem("ShareName is missing: name the share")
	}
	if a.Schedule.Interval != "Hour" && a.Schedule.Interval != "Day" {
		problem("Schedule.Interval is %q: set Hour or Day", a.Schedule.Interval)
	}
	if a.Schedule.Start.IsZero() {
		problem("Schedule.Start is missing: set the time of the first run")
	}
	if len(a.DataSets) == 0 {
		problem("DataSets is empty: add at least one")
	}
	if len(a.Consumers) == 0 {
		problem("Consumers is empty: add at least one")
	}
	for _, name := range sortedKeys(a.DataSets) {
		ds := a.DataSets[name]
		switch {
		case ds.Kind != BlobKind && ds.Kind != FolderKind && ds.Kind != ContainerKind:
			problem("DataSets[%q].Kind is %q: set blob, folder or container", name, ds.Kind)
		case ds.Kind == ContainerKind && ds.Path != "":
			problem("DataSets[%q].Path is %q: leave it empty, a container is shared whole", name, ds.Path)
		case ds.Kind != ContainerKind && ds.Path == "":
			problem("DataSets[%q].Path is missing: name the %s", name, ds.Kind)
		}
		if a.Provider.Containers[ds.Container] == nil {
			problem("DataSets[%q].Container is %q, which the provider does not have: add it to the provider's "+
				"containers", name, ds.Container)
		}
	}
	for _, name := range sortedKeys(a.Consumers) {
		c := a.Consumers[name]
		if c.Party.Containers[c.LandingContainer] == nil {
			problem("Consumers[%q].LandingContainer is %q, which the consumer does not have: name one of its "+
				"containers", name, c.LandingContainer)
		}
		if c.Invitee.Email != "" && (c.Invitee.TenantID != "" || c.Invitee.ObjectID != "") {
			problem("Consumers[%q].Invitee has both an e-mail address and a directory: keep one", name)
		}
	}
	return errors.Join(errs...)
}

// inputs are the component's inputs as recorded in the stack's state. They are the plain ones: with the parties'
// outputs among them, nothing of the share could start before everything of every party is there.
func (a *ShareWithDatasetArgs) inputs() pulumi.Map {
	sets := pulumi.Map{}
	for name, ds := range a.DataSets {
		sets[name] = pulumi.StringMap{
			"kind": pulumi.String(ds.Kind), "container": pulumi.String(ds.Container),
			"path": pulumi.String(ds.Path), "source": pulumi.String(ds.Source),
		}
	}
	in := pulumi.Map{
		"shareName":   pulumi.String(a.ShareName),
		"description": pulumi.String(a.Description),
		"terms":       pulumi.String(a.Terms),
		"schedule": pulumi.StringMap{
			"interval": pulumi.String(a.Schedule.Interval), "start": pulumi.String(azureTime(a.Schedule.Start)),
		},
		"dataSets":  sets,
		"consumers": pulumi.ToStringArray(sortedKeys(a.Consumers)),
	}
	if !a.Expiration.IsZero() {
		in["expiration"] = pulumi.String(azureTime(a.Expiration))
	}
	return in
}

// expirationDate is the expiration as Azure takes it, nil for never.
func (a *ShareWithDatasetArgs) expirationDate() pulumi.StringPtrInput {
	if a.Expiration.IsZero() {
		return nil
	}
	return pulumi.String(azureTime(a.Expiration))
}

// azureTime is a time as Azure Resource Manager writes it.
func azureTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }
