package components

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/crossorg/crossorg/internal/rules"
)

// Kinds of data sets.
const (
	// BlobKind is one blob.
	BlobKind = rules.Blob
	// FolderKind is every blob whose name begins with a path and a slash.
	FolderKind = rules.Folder
	// ContainerKind is a whole container.
	ContainerKind = rules.Container
)

// ShareWithDatasetArgs describes a share.
type ShareWithDatasetArgs struct {
	// Name of the share at the provider and of the share subscription at each consumer.
	ShareName pulumi.StringInput `pulumi:"shareName"`
	// What an invited consumer reads about the data before accepting.
	Description pulumi.StringPtrInput `pulumi:"description,optional"`
	// The terms of use that a consumer accepts with the invitation.
	Terms pulumi.StringPtrInput `pulumi:"terms,optional"`
	// When snapshots run.
	Schedule ShareSchedule `pulumi:"schedule"`
	// Time at which invitations and share subscriptions end, in RFC 3339, such as "2027-01-01T00:00:00Z". Default:
	// never.
	Expiration pulumi.StringPtrInput `pulumi:"expiration,optional"`
	// What is shared, by data set name: at least one data set.
	DataSets map[string]ShareDataSet `pulumi:"dataSets"`
	// The side that offers the data.
	Provider ShareParty `pulumi:"provider"`
	// Who receives the data, by names of your choice: at least one consumer. The names are those of the invitations,
	// and the keys under which the component looks for the consumers' azure-native providers in its `providers` option.
	Consumers map[string]ShareConsumer `pulumi:"consumers"`
	// How long after its assignment the role of a Data Share account is waited for before it is relied on, as a
	// duration such as "10m". Azure may take ten minutes to let a new assignment take effect
	// (learn.microsoft.com/azure/role-based-access-control/troubleshooting). Default: "0s", which does not wait.
	RolePropagation pulumi.StringPtrInput `pulumi:"rolePropagation,optional"`
	// Refuses the deletion of the containers that receive whole containers. Default: false.
	Protect bool `pulumi:"protect,optional"`
}

// ShareSchedule says when the snapshots of a share run.
type ShareSchedule struct {
	// How often: "Hour" or "Day" (learn.microsoft.com/azure/data-share/share-your-data).
	Interval pulumi.StringInput `pulumi:"interval"`
	// Time of the first snapshot, in RFC 3339, such as "2026-01-01T02:00:00Z". Azure keeps it in UTC, and the later
	// snapshots run at the same minute, or the same time of day.
	Start pulumi.StringInput `pulumi:"start"`
}

// ShareDataSet is one data set of a share.
type ShareDataSet struct {
	// What the data set is: "blob" for one blob, "folder" for every blob below a path, "container" for a whole
	// container.
	Kind string `pulumi:"kind"`
	// Name of the provider's container that holds the data.
	Container string `pulumi:"container"`
	// Name of the blob, or of the folder without a slash at its end. Left out for a whole container.
	Path string `pulumi:"path,optional"`
	// Local file (for a blob) or folder (for the other kinds) that is uploaded before the data set is made; a relative
	// path begins at the folder of the project. Left out, the data has to be there already, or be among the files of
	// the organization. A file that several shares have belongs there: one share alone may upload it.
	Source string `pulumi:"source,optional"`
}

// ShareParty is one side of a share. An organization has an output for each of its properties, under the same name.
type ShareParty struct {
	// Logical name of the organization, with which the logical names of the share's sources begin. It tells files of
	// several organizations apart.
	Name pulumi.StringPtrInput `pulumi:"name,optional"`
	// URN of the azure-native provider that manages this side, as the organization's output says it. It counts where
	// the component's `providers` option has no entry for the side; without either, the side is managed by the
	// component's own azure-native provider.
	ProviderURN pulumi.StringPtrInput `pulumi:"providerUrn,optional"`
	// Name of the resource group that holds the Data Share account and the storage account.
	ResourceGroupName pulumi.StringInput `pulumi:"resourceGroupName"`
	// Azure region of the Data Share account.
	Location pulumi.StringInput `pulumi:"location"`
	// Id (GUID) of the Azure subscription of the storage account.
	SubscriptionID pulumi.StringInput `pulumi:"subscriptionId"`
	// Name of the Data Share account.
	DataShareAccountName pulumi.StringInput `pulumi:"dataShareAccountName"`
	// Name of the storage account.
	StorageAccountName pulumi.StringInput `pulumi:"storageAccountName"`
	// ARM id of the storage account, which the share repeats among its outputs.
	StorageAccountID pulumi.StringInput `pulumi:"storageAccountId"`
	// URL of the account's blob service, which the share repeats among its outputs.
	BlobEndpoint pulumi.StringInput `pulumi:"blobEndpoint"`
	// Names of the side's containers, each under its own name and known once the container exists. A data set names one
	// of the provider's containers, a consumer's landing container is one of the consumer's.
	Containers pulumi.StringMapInput `pulumi:"containers"`
	// Names of the blobs that the organization uploads, each under "<container>/<name>" and known once the blob exists.
	// A data set of the providing side waits for those that belong to it.
	Files pulumi.StringMapInput `pulumi:"files,optional"`
	// Time at which the Data Share account was given its role on the storage account, in RFC 3339. Left out, the role
	// is taken to be in effect.
	RoleAssignedOn pulumi.StringPtrInput `pulumi:"roleAssignedOn,optional"`
}

// ShareConsumer is one consumer of a share.
type ShareConsumer struct {
	// The receiving side.
	Party ShareParty `pulumi:"party"`
	// Name of the party's container that blobs and folders land in.
	LandingContainer pulumi.StringInput `pulumi:"landingContainer"`
	// Who is invited. Default: the principal that the party's provider signs in as.
	Invitee *ShareInvitee `pulumi:"invitee,optional"`
}

// ShareInvitee names who may accept an invitation: by e-mail, or by tenant and object, never both
// (learn.microsoft.com/azure/data-share/share-your-data).
type ShareInvitee struct {
	// E-mail address of the person who is invited.
	Email pulumi.StringPtrInput `pulumi:"email,optional"`
	// Id (GUID) of the Microsoft Entra tenant of who is invited.
	TenantID pulumi.StringPtrInput `pulumi:"tenantId,optional"`
	// Object id (GUID) of the user or service principal that is invited.
	ObjectID pulumi.StringPtrInput `pulumi:"objectId,optional"`
}

// check reports all problems of what is known of the arguments.
func (a *ShareWithDatasetArgs) check() error {
	var p problems
	p.required("shareName", a.ShareName, "a name")
	a.Schedule.check(&p)
	p.text("expiration", a.Expiration, azureTime)
	p.text("rolePropagation", a.RolePropagation, checkedDuration)
	if len(a.DataSets) == 0 {
		p.add("dataSets is empty: add at least one")
	}
	if len(a.Consumers) == 0 {
		p.add("consumers is empty: add at least one")
	}
	a.Provider.check(&p, "provider")
	for _, name := range slices.Sorted(maps.Keys(a.DataSets)) {
		a.DataSets[name].check(&p, fmt.Sprintf("dataSets[%q]", name), a.Provider)
	}
	if _, taken := a.Consumers[azureNative]; taken {
		p.add("consumers[%q] has the key of the providing side's azure-native provider: choose another name",
			azureNative)
	}
	for _, name := range slices.Sorted(maps.Keys(a.Consumers)) {
		a.Consumers[name].check(&p, fmt.Sprintf("consumers[%q]", name))
	}
	return p.err()
}

func (s ShareSchedule) check(p *problems) {
	p.required("schedule.interval", s.Interval, strings.Join(rules.Intervals(), " or "))
	p.text("schedule.interval", s.Interval, checkedInterval)
	p.required("schedule.start", s.Start, "the time of the first run")
	p.text("schedule.start", s.Start, azureTime)
}

func (ds ShareDataSet) check(p *problems, argument string, provider ShareParty) {
	switch {
	case !slices.Contains(rules.DataSetKinds(), ds.Kind):
		p.add("%s.kind is %q: set blob, folder or container", argument, ds.Kind)
	case ds.Kind == ContainerKind && ds.Path != "":
		p.add("%s.path is %q: leave it out, a container is shared whole", argument, ds.Path)
	case ds.Kind != ContainerKind && ds.Path == "":
		p.add("%s.path is missing: name the %s", argument, ds.Kind)
	}
	p.required(argument+".container", pulumi.String(ds.Container), "one of the provider's containers")
	if name, known := provider.lacks(pulumi.String(ds.Container)); known {
		p.add("%s.container is %q, which the provider does not have: add it to the provider's containers", argument,
			name)
	}
}

func (c ShareConsumer) check(p *problems, argument string) {
	c.Party.check(p, argument+".party")
	p.required(argument+".landingContainer", c.LandingContainer, "one of the consumer's containers")
	if name, known := c.Party.lacks(c.LandingContainer); known {
		p.add("%s.landingContainer is %q, which the consumer does not have: name one of its containers", argument, name)
	}
	if i := c.Invitee; i != nil {
		if isSet(i.Email) && (isSet(i.TenantID) || isSet(i.ObjectID)) {
			p.add("%s.invitee has both an e-mail address and a tenant or object: keep one", argument)
		}
	}
}

func (s ShareParty) check(p *problems, argument string) {
	var missing []string
	for _, part := range []struct {
		name string
		in   pulumi.Input
	}{
		{"resourceGroupName", s.ResourceGroupName}, {"location", s.Location}, {"subscriptionId", s.SubscriptionID},
		{"dataShareAccountName", s.DataShareAccountName}, {"storageAccountName", s.StorageAccountName},
		{"storageAccountId", s.StorageAccountID}, {"blobEndpoint", s.BlobEndpoint}, {"containers", s.Containers},
	} {
		if !isSet(part.in) {
			missing = append(missing, part.name)
		}
	}
	if len(missing) > 0 {
		p.add("%s lacks %s: set what the organization's outputs of these names say", argument,
			strings.Join(missing, ", "))
	}
}

// lacks reports a container's name when it is known that the party has no such container.
func (s ShareParty) lacks(container pulumi.StringInput) (string, bool) {
	name, nameKnown := literal[string](container)
	names, namesKnown := s.Containers.(pulumi.StringMap)
	return name, nameKnown && name != "" && namesKnown && names[name] == nil
}

// source is the name of a data set's container, known once the container and the organization's files in the data set
// exist.
func (s ShareParty) source(argument string, ds ShareDataSet) pulumi.StringInput {
	container := s.container(argument, pulumi.String(ds.Container))
	known, all := s.Files.(pulumi.StringMap)
	if !all {
		if s.Files == nil {
			return container
		}
		return first(container, s.Files)
	}
	files := pulumi.StringMap{}
	for at, name := range known {
		if ds.holds(at) {
			files[at] = name
		}
	}
	if len(files) == 0 {
		return container
	}
	return first(container, files)
}

// first is text, once it and after are known.
func first(text pulumi.StringInput, after pulumi.Input) pulumi.StringInput {
	return pulumi.All(text, after).ApplyT(func(known []any) string { return known[0].(string) }).(pulumi.StringOutput)
}

// container is the name of one of the party's containers, known once that container exists.
func (s ShareParty) container(argument string, container pulumi.StringInput) pulumi.StringInput {
	if names, known := s.Containers.(pulumi.StringMap); known {
		if name, known := literal[string](container); known {
			return names[name]
		}
	}
	return pulumi.All(s.Containers, container).ApplyT(func(known []any) (string, error) {
		names, name := known[0].(map[string]string), known[1].(string)
		if names[name] == "" {
			return "", fmt.Errorf("%s is %q, which is none of %q", argument, name, slices.Sorted(maps.Keys(names)))
		}
		return names[name], nil
	}).(pulumi.StringOutput)
}

// interval is the schedule's interval, checked.
func (s ShareSchedule) interval() pulumi.StringOutput {
	return converted("schedule.interval", s.Interval, checkedInterval).ToStringOutput()
}

// start is the time of the first snapshot as Azure takes it.
func (s ShareSchedule) start() pulumi.StringOutput {
	return converted("schedule.start", s.Start, azureTime).ToStringOutput()
}

// expirationDate is the expiration as Azure takes it, nil for never.
func (a *ShareWithDatasetArgs) expirationDate() pulumi.StringPtrInput {
	return convertedPtr("expiration", a.Expiration, azureTime)
}

func checkedInterval(interval string) (string, error) {
	if !slices.Contains(rules.Intervals(), interval) {
		return "", fmt.Errorf("is %q: set %s", interval, strings.Join(rules.Intervals(), " or "))
	}
	return interval, nil
}

func checkedDuration(text string) (string, error) {
	if d, err := time.ParseDuration(text); err != nil || d < 0 {
		return "", fmt.Errorf("is %q: set a duration such as \"10m\"", text)
	}
	return text, nil
}

// azureTime is a time in RFC 3339 as Azure Resource Manager writes it: in UTC, without fractions of a second.
func azureTime(text string) (string, error) {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return "", fmt.Errorf("is %q: set a time in RFC 3339, such as \"2026-01-01T02:00:00Z\"", text)
	}
	return t.UTC().Format(time.RFC3339), nil
}
