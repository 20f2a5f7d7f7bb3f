package components_test

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	azurenative "github.com/pulumi/pulumi-azure-native-sdk/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/components"
	"github.com/crossorg/crossorg/tests/azuremock"
)

// sharing is a program in which contoso shares with consumers, each with a login of its own.
type sharing struct {
	name       string
	consumers  []string
	invitees   map[string]*components.ShareInvitee
	args       components.ShareWithDatasetArgs
	containers []string
	files      []components.SourceFiles
	preview    bool
	assignedOn time.Time
	// late gives arguments as outputs.
	late bool
	// providers are the share's option, by default every organization's provider under its name. providerURN is what a
	// consumer's party says of its provider, by default what the organization says.
	providers   func(contoso pulumi.ProviderResource, all map[string]pulumi.ProviderResource) pulumi.ResourceOption
	providerURN func(own pulumi.StringOutput) pulumi.StringPtrInput
	// provider and parties are the sides, share is what the program made of them, deliveries what it reports.
	provider   *components.ProviderOrg
	parties    map[string]*components.ConsumerOrg
	share      *components.ShareWithDataset
	deliveries map[string]components.ShareDelivery
}

func newSharing(consumers ...string) *sharing {
	return &sharing{
		name:       "financial",
		consumers:  consumers,
		containers: []string{"shared-datasets"},
		args: components.ShareWithDatasetArgs{
			ShareName:   pulumi.String("financial"),
			Description: pulumi.String("Finance data"),
			Terms:       pulumi.String("Internal use only"),
			Schedule: components.ShareSchedule{Interval: pulumi.String("Day"),
				Start: pulumi.String("2025-02-01T03:00:00+01:00")},
			DataSets: map[string]components.ShareDataSet{
				"transactions": {Kind: components.BlobKind, Container: "shared-datasets",
					Path: "2025/transactions.csv"},
			},
		},
	}
}

func (s *sharing) run() (*azuremock.Azure, error) {
	return azuremock.Run(s.program, azuremock.Options{Preview: s.preview, RoleAssignedOn: s.assignedOn})
}

func (s *sharing) mustRun(t *testing.T) *azuremock.Azure {
	t.Helper()
	a, err := s.run()
	require.NoError(t, err)
	return a
}

func (s *sharing) program(ctx *pulumi.Context) error {
	azure, err := contoso(ctx)
	if err != nil {
		return err
	}
	s.provider, err = components.NewProviderOrg(ctx, "contoso-provider", &components.ProviderOrgArgs{
		Location: pulumi.String("eastus"), Containers: s.containers, Files: s.files,
	}, pulumi.Provider(azure))
	if err != nil {
		return err
	}
	args := s.args
	args.DataSets = maps.Clone(args.DataSets)
	args.Provider = s.provider.Party()
	args.Consumers = map[string]components.ShareConsumer{}
	s.parties = map[string]*components.ConsumerOrg{}
	azures := map[string]pulumi.ProviderResource{"azure-native": azure}
	for _, name := range s.consumers {
		if azures[name], err = s.addConsumer(ctx, name); err != nil {
			return err
		}
		party := s.parties[name].Party()
		if s.providerURN != nil {
			party.ProviderURN = s.providerURN(s.parties[name].ProviderURN)
		}
		args.Consumers[name] = components.ShareConsumer{
			Party: party, LandingContainer: s.parties[name].LandingContainer, Invitee: s.invitees[name],
		}
	}
	if s.late {
		late(reflect.ValueOf(&args))
	}
	option := pulumi.ProviderMap(azures)
	if s.providers != nil {
		option = s.providers(azure, azures)
	}
	if s.share, err = components.NewShareWithDataset(ctx, s.name, &args, option); err != nil {
		return err
	}
	known, err := internals.UnsafeAwaitOutput(ctx.Context(), s.share.Deliveries)
	s.deliveries, _ = known.Value.(map[string]components.ShareDelivery)
	return err
}

// addConsumer adds an organization with a login of its own, and returns the login.
func (s *sharing) addConsumer(ctx *pulumi.Context, name string) (pulumi.ProviderResource, error) {
	azure, err := azurenative.NewProvider(ctx, name, &azurenative.ProviderArgs{
		SubscriptionId: pulumi.String(name + "-subscription"),
		TenantId:       pulumi.String(name + "-tenant"),
		ClientId:       pulumi.String(name + "-deployer"),
	})
	if err != nil {
		return nil, err
	}
	s.parties[name], err = components.NewConsumerOrg(ctx, name+"-consumer", &components.ConsumerOrgArgs{
		Location: pulumi.String("westeurope"),
	}, pulumi.Provider(azure))
	return azure, err
}

func TestShareIsOfferedOnTheProvidersSide(t *testing.T) {
	a := newSharing("fabrikam").mustRun(t)
	account := a.Get(t, "datashare:Account", "contoso-provider-share")

	share := a.OfType("datashare:Share")[0]
	assert.Equal(t, account.ID+"/shares/financial", share.ID)
	assert.Equal(t, "contoso", share.Provider)
	assert.Equal(t, "CopyBased", share.Input("shareKind"))
	assert.Equal(t, "Finance data", share.Input("description"))
	assert.Equal(t, "Internal use only", share.Input("terms"))

	setting := a.OfType("datashare:ScheduledSynchronizationSetting")[0]
	assert.Equal(t, "ScheduleBased", setting.Input("kind"))
	assert.Equal(t, "Day", setting.Input("recurrenceInterval"))
	assert.Equal(t, "2025-02-01T02:00:00Z", setting.Input("synchronizationTime"), "schedules are UTC")

	set := a.OfType("datashare:BlobDataSet")[0]
	assert.Equal(t, share.ID+"/dataSets/transactions", set.ID)
	assert.Equal(t, "Blob", set.Input("kind"))
	assert.Equal(t, contosoSubscription, set.Input("subscriptionId"))
	assert.Equal(t, a.Get(t, "storage:StorageAccount", "contosoprovider").Output("name"),
		set.Input("storageAccountName"))
	assert.Equal(t, "shared-datasets", set.Input("containerName"))
	assert.Equal(t, "2025/transactions.csv", set.Input("filePath"))
}

// Ensure each consumer accepts, maps and triggers under its own login, and is invited by that login's ids.
func TestEveryConsumerAcceptsAsItself(t *testing.T) {
	s := newSharing("fabrikam", "adatum")
	a := s.mustRun(t)
	accounts := map[string]string{"fabrikam": "fabrikamconsumer", "adatum": "adatumconsumer"}
	for _, name := range s.consumers {
		invitation := a.Get(t, "datashare:Invitation", "financial-"+name+"-invitation")
		assert.Equal(t, "contoso", invitation.Provider)
		assert.Equal(t, name+"-tenant", invitation.Input("targetActiveDirectoryId"))
		assert.NotEmpty(t, invitation.Input("targetObjectId"))
		assert.Nil(t, invitation.Input("targetEmail"), "ids and e-mail exclude each other")
		assert.Nil(t, invitation.Input("expirationDate"))

		subscription := a.Get(t, "datashare:ShareSubscription", "financial-"+name+"-subscription")
		assert.Equal(t, name, subscription.Provider)
		assert.Equal(t, "financial", subscription.Output("name"))
		assert.Equal(t, invitation.Output("invitationId"), subscription.Input("invitationId"))
		assert.Equal(t, "eastus", subscription.Input("sourceShareLocation"),
			"the provider's region, not the consumer's")

		mapping := a.Get(t, "datashare:BlobDataSetMapping", "financial-"+name+"-transactions")
		assert.Equal(t, name, mapping.Provider)
		assert.Equal(t, a.OfType("datashare:BlobDataSet")[0].Output("dataSetId"), mapping.Input("dataSetId"))
		assert.Equal(t, name+"-subscription", mapping.Input("subscriptionId"))
		assert.Equal(t, a.Get(t, "storage:StorageAccount", accounts[name]).Output("name"),
			mapping.Input("storageAccountName"))
		assert.Equal(t, "landing", mapping.Input("containerName"))
		assert.Equal(t, "financial/shared-datasets/2025/transactions.csv", mapping.Input("filePath"))

		trigger := a.Get(t, "datashare:ScheduledTrigger", "financial-"+name+"-trigger")
		assert.Equal(t, name, trigger.Provider)
		assert.Equal(t, "Day", trigger.Input("recurrenceInterval"))
		assert.Equal(t, "2025-02-01T02:00:00Z", trigger.Input("synchronizationTime"))
		assert.Equal(t, "Incremental", trigger.Input("synchronizationMode"))

		d := s.deliveries[name]
		assert.Equal(t, subscription.ID, d.SubscriptionID)
		assert.Equal(t, invitation.Output("invitationId"), d.InvitationID)
		assert.Equal(t, []string{"Accepted", "Active", "Active"},
			[]string{d.InvitationStatus, d.SubscriptionStatus, d.TriggerStatus})
	}
	objects := []any{}
	for _, i := range a.OfType("datashare:Invitation") {
		objects = append(objects, i.Input("targetObjectId"))
	}
	assert.NotEqual(t, objects[0], objects[1])
}

// Ensure what Azure needs first is created first, and so deleted last.
func TestShareOrder(t *testing.T) {
	s := newSharing("fabrikam")
	s.args.DataSets["whole"] = components.ShareDataSet{Kind: components.ContainerKind,
		Container: "shared-datasets"}
	a := s.mustRun(t)

	providerRole := a.Get(t, "authorization:RoleAssignment", "contoso-provider-role")
	consumerRole := a.Get(t, "authorization:RoleAssignment", "fabrikam-consumer-role")
	set := a.OfType("datashare:BlobDataSet")[0]
	whole := a.OfType("datashare:BlobContainerDataSet")[0]
	setting := a.OfType("datashare:ScheduledSynchronizationSetting")[0]
	invitation := a.OfType("datashare:Invitation")[0]
	subscription := a.OfType("datashare:ShareSubscription")[0]
	mapping := a.OfType("datashare:BlobDataSetMapping")[0]
	wholeMapping := a.OfType("datashare:BlobContainerDataSetMapping")[0]
	trigger := a.OfType("datashare:ScheduledTrigger")[0]

	for name, pair := range map[string][2]azuremock.Resource{
		"a data set needs the role": {set, providerRole},
		"a data set needs its container": {set,
			a.Get(t, "storage:BlobContainer", "contoso-provider-shared-datasets")},
		"an invitation shows every data set":     {invitation, set},
		"an invitation shows every data set too": {invitation, whole},
		"an invitation comes with a schedule":    {invitation, setting},
		"a subscription accepts an invitation":   {subscription, invitation},
		"a mapping needs the subscription":       {mapping, subscription},
		"a mapping needs the consumer's role":    {mapping, consumerRole},
		"a mapping needs the landing container": {mapping,
			a.Get(t, "storage:BlobContainer", "fabrikam-consumer-landing")},
		"a mapping needs a container of its own": {wholeMapping,
			a.Get(t, "storage:BlobContainer", "financial-fabrikam-shared-datasets")},
		"the first snapshot needs every mapping":     {trigger, mapping},
		"the first snapshot needs every mapping too": {trigger, wholeMapping},
	} {
		assert.True(t, a.Waits(pair[0], pair[1]), name)
	}
	assert.False(t, a.Waits(a.OfType("datashare:Share")[0], consumerRole), "a share does not wait for its consumers")
}

// Ensure every kind of data set has a mapping of the same kind, in a place of its own.
func TestKindsAndWhereTheyLand(t *testing.T) {
	s := newSharing("fabrikam")
	s.containers = []string{"reports", "shared-datasets"}
	s.args.Protect = true
	s.args.DataSets["folder"] = components.ShareDataSet{Kind: components.FolderKind,
		Container: "reports",
		Path:      "2025/q1/"}
	s.args.DataSets["whole"] = components.ShareDataSet{Kind: components.ContainerKind,
		Container: "reports"}
	a := s.mustRun(t)

	folder, folderMapping := a.OfType("datashare:BlobFolderDataSet")[0],
		a.OfType("datashare:BlobFolderDataSetMapping")[0]
	assert.Equal(t, "BlobFolder", folder.Input("kind"))
	assert.Equal(t, "2025/q1", folder.Input("prefix"))
	assert.Equal(t, "BlobFolder", folderMapping.Input("kind"))
	assert.Equal(t, "landing", folderMapping.Input("containerName"))
	assert.Equal(t, "financial/reports/2025/q1", folderMapping.Input("prefix"))
	assert.Equal(t, folder.Output("dataSetId"), folderMapping.Input("dataSetId"))

	whole, wholeMapping := a.OfType("datashare:BlobContainerDataSet")[0],
		a.OfType("datashare:BlobContainerDataSetMapping")[0]
	assert.Equal(t, "Container", whole.Input("kind"))
	assert.Equal(t, "reports", whole.Input("containerName"))
	assert.Equal(t, "Container", wholeMapping.Input("kind"))
	assert.Equal(t, "financial-reports", wholeMapping.Input("containerName"))
	assert.Equal(t, whole.Output("dataSetId"), wholeMapping.Input("dataSetId"))

	container := a.Get(t, "storage:BlobContainer", "financial-fabrikam-reports")
	assert.Equal(t, []string{"financial-fabrikam-whole"}, container.Aliases, "the name began with the data set once")
	assert.Equal(t, "fabrikam", container.Provider)
	assert.Equal(t, "None", container.Input("publicAccess"))
	assert.True(t, container.Protect)

	routes := s.deliveries["fabrikam"].DataSets
	assert.Equal(t, "folder", routes["folder"].Kind)
	assert.Equal(t, "2025/q1", routes["folder"].Source.Path)
	assert.Equal(t, "financial/reports/2025/q1", routes["folder"].Target.Path)
	assert.Equal(t, "reports", routes["whole"].Source.Container)
	assert.Equal(t, "financial-reports", routes["whole"].Target.Container)
	assert.Empty(t, routes["whole"].Target.Path)
}

// Ensure local files become blobs before the data set that shares them, and land under their names.
func TestSourcesAreUploaded(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "deep", "er"), 0o755))
	for _, name := range []string{"b.JSON", "a.csv", "deep/er/c"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), []byte(name), 0o644))
	}
	s := newSharing("fabrikam")
	s.args.DataSets = map[string]components.ShareDataSet{
		"one": {Kind: components.BlobKind, Container: "shared-datasets", Path: "one.csv",
			Source: filepath.Join(dir, "a.csv")},
		"folder": {Kind: components.FolderKind, Container: "shared-datasets", Path: "reports",
			Source: dir},
	}
	a := s.mustRun(t)
	blobs := map[any]any{}
	for _, b := range a.OfType("storage:Blob") {
		blobs[b.Input("blobName")] = b.Input("contentType")
		assert.Equal(t, "contoso", b.Provider)
	}
	assert.Equal(t, map[any]any{
		"one.csv": "text/csv", "reports/a.csv": "text/csv", "reports/b.JSON": "application/json",
		"reports/deep/er/c": "application/octet-stream",
	}, blobs)
	one := a.Get(t, "storage:Blob", "contoso-provider/shared-datasets/one.csv")
	assert.Equal(t, filepath.Join(dir, "a.csv"), one.Inputs["source"].AssetValue().Path)
	assert.Equal(t, []string{"financial-one"}, one.Aliases, "the name began with the share once")
	assert.Equal(t, []string{"financial-folder-reports/deep/er/c"},
		a.Get(t, "storage:Blob", "contoso-provider/shared-datasets/reports/deep/er/c").Aliases)
	for _, b := range a.OfType("storage:Blob") {
		set := a.OfType("datashare:BlobFolderDataSet")[0]
		if b.Name == one.Name {
			set = a.OfType("datashare:BlobDataSet")[0]
		}
		assert.True(t, a.Waits(set, b), b.Name)
	}
}

// Ensure a file has one identity, whoever uploads and shares it: the names of files say whose they are and where they
// lie, and nothing else.
func TestFilesAreNamedByWhereTheyLie(t *testing.T) {
	for name, change := range map[string]func(*sharing){
		"as it is": func(*sharing) {},
		"another data set": func(s *sharing) {
			s.args.DataSets = map[string]components.ShareDataSet{"renamed": s.args.DataSets["transactions"]}
		},
		"another share": func(s *sharing) { s.name = "renamed" },
		"another kind": func(s *sharing) {
			s.args.DataSets["transactions"] = components.ShareDataSet{Kind: components.FolderKind,
				Container: "shared-datasets", Path: "2025", Source: filepath.Join("testdata", "sources")}
		},
		"two data sets": func(s *sharing) {
			s.args.DataSets["again"] = s.args.DataSets["transactions"]
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSharing("fabrikam")
			s.args.DataSets["transactions"] = components.ShareDataSet{Kind: components.BlobKind,
				Container: "shared-datasets", Path: "2025/transactions.csv",
				Source: filepath.Join("testdata", "sources", "transactions.csv")}
			change(s)
			blobs := s.mustRun(t).OfType("storage:Blob")
			require.Len(t, blobs, 1)
			assert.Equal(t, "contoso-provider/shared-datasets/2025/transactions.csv", blobs[0].Name)
		})
	}
}

// Ensure data sets wait for the organization's files that they have, and for no others.
func TestDataSetsWaitForTheOrganizationsFiles(t *testing.T) {
	file := filepath.Join("testdata", "sources", "transactions.csv")
	for _, allAtOnce := range []bool{false, true} {
		s := newSharing("fabrikam")
		s.files = []components.SourceFiles{
			{Container: "shared-datasets", Path: "2025/transactions.csv", Source: file},
			{Container: "shared-datasets", Path: "reports", Source: filepath.Dir(file)},
		}
		s.late = allAtOnce
		s.args.DataSets["folder"] = components.ShareDataSet{Kind: components.FolderKind, Container: "shared-datasets",
			Path: "reports"}
		a := s.mustRun(t)
		one := a.Get(t, "storage:Blob", "contoso-provider/shared-datasets/2025/transactions.csv")
		inFolder := a.Get(t, "storage:Blob", "contoso-provider/shared-datasets/reports/transactions.csv")
		assert.Contains(t, one.Parent, "ProviderOrg")
		set, folder := a.OfType("datashare:BlobDataSet")[0], a.OfType("datashare:BlobFolderDataSet")[0]
		assert.True(t, a.Waits(set, one))
		assert.True(t, a.Waits(folder, inFolder))
		assert.Equal(t, allAtOnce, a.Waits(set, inFolder), "files that come as one output come together")
	}
}

func TestInviteesCanBeNamed(t *testing.T) {
	s := newSharing("fabrikam", "northwind")
	s.args.Expiration = pulumi.String("2027-01-01T00:00:00Z")
	s.invitees = map[string]*components.ShareInvitee{
		"fabrikam":  {Email: pulumi.String("data@fabrikam.example")},
		"northwind": {TenantID: pulumi.String("some-tenant"), ObjectID: pulumi.String("some-object")},
	}
	a := s.mustRun(t)
	byMail := a.Get(t, "datashare:Invitation", "financial-fabrikam-invitation")
	assert.Equal(t, "data@fabrikam.example", byMail.Input("targetEmail"))
	assert.Nil(t, byMail.Input("targetActiveDirectoryId"))
	assert.Nil(t, byMail.Input("targetObjectId"))
	byID := a.Get(t, "datashare:Invitation", "financial-northwind-invitation")
	assert.Nil(t, byID.Input("targetEmail"))
	assert.Equal(t, "some-tenant", byID.Input("targetActiveDirectoryId"))
	assert.Equal(t, "some-object", byID.Input("targetObjectId"))
	for _, kind := range []string{"datashare:Invitation", "datashare:ShareSubscription"} {
		for _, r := range a.OfType(kind) {
			assert.Equal(t, "2027-01-01T00:00:00Z", r.Input("expirationDate"), r.URN)
		}
	}
}

// Ensure a fresh role assignment holds up the data sets and mappings that rely on it, once on each side, and neither an
// old one nor a preview does.
func TestShareWaitsForFreshRolesOnly(t *testing.T) {
	for name, c := range map[string]struct {
		age     time.Duration
		preview bool
		waits   []time.Duration
	}{
		"fresh":               {time.Minute, false, []time.Duration{9 * time.Minute, 9 * time.Minute, 9 * time.Minute}},
		"old":                 {time.Hour, false, nil},
		"fresh, in a preview": {time.Minute, true, nil},
	} {
		t.Run(name, func(t *testing.T) {
			waits := components.StopClock(t, nil)
			s := newSharing("fabrikam", "northwind")
			s.args.DataSets["whole"] = components.ShareDataSet{Kind: components.ContainerKind,
				Container: "shared-datasets"}
			s.args.RolePropagation, s.preview, s.assignedOn = pulumi.String("10m"), c.preview,
				components.Noon.Add(-c.age)
			s.mustRun(t)
			assert.Equal(t, c.waits, waits.All())
		})
	}
}

// Ensure no data set or mapping is registered while its role may not be in effect.
func TestShareStopsWhenTheWaitIsInterrupted(t *testing.T) {
	components.StopClock(t, context.Canceled)
	s := newSharing("fabrikam")
	s.args.RolePropagation, s.assignedOn = pulumi.String("1m"), components.Noon
	a, err := s.run()
	require.ErrorIs(t, err, context.Canceled)
	assert.Empty(t, a.OfType("datashare:BlobDataSet"))
	assert.Empty(t, a.OfType("datashare:BlobDataSetMapping"))
	assert.NotEmpty(t, a.OfType("datashare:Share"), "only what relies on the role is held up")
}

func TestShareReportsAllItsArgumentsProblems(t *testing.T) {
	for name, c := range map[string]struct {
		change   func(*sharing)
		problems []string
	}{
		"nothing": {func(s *sharing) { s.args = components.ShareWithDatasetArgs{}; s.consumers = nil }, []string{
			`ShareWithDataset "financial"`, "shareName is missing", "schedule.interval is missing",
			"schedule.start is missing", "dataSets is empty", "consumers is empty",
		}},
		"an unknown kind": {func(s *sharing) {
			s.args.DataSets["x"] = components.ShareDataSet{Kind: "table", Container: "shared-datasets"}
		}, []string{`dataSets["x"].kind is "table"`}},
		"an unknown container": {func(s *sharing) {
			s.args.DataSets["x"] = components.ShareDataSet{Kind: "container", Container: "nowhere"}
		}, []string{`dataSets["x"].container is "nowhere", which the provider does not have`}},
		"paths that contradict the kind": {func(s *sharing) {
			s.args.DataSets["x"] = components.ShareDataSet{Kind: "container",
				Container: "shared-datasets",
				Path:      "p"}
			s.args.DataSets["y"] = components.ShareDataSet{Kind: "folder", Container: "shared-datasets"}
		}, []string{`dataSets["x"].path is "p"`, `dataSets["y"].path is missing: name the folder`}},
		"an invitee by mail and by id": {func(s *sharing) {
			s.invitees = map[string]*components.ShareInvitee{"fabrikam": {Email: pulumi.String("a@b.example"),
				ObjectID: pulumi.String("o")}}
		}, []string{`consumers["fabrikam"].invitee has both`}},
		"a missing source": {func(s *sharing) {
			s.args.DataSets["x"] = components.ShareDataSet{Kind: "blob", Container: "shared-datasets",
				Path:   "p",
				Source: "nowhere.csv"}
		}, []string{`data set "x"`, "nowhere.csv"}},
		"a folder where a file should be": {func(s *sharing) {
			s.args.DataSets["x"] = components.ShareDataSet{Kind: "blob", Container: "shared-datasets",
				Path:   "p",
				Source: "."}
		}, []string{`data set "x"`, "is not a file"}},
		"a folder without files": {func(s *sharing) {
			s.args.DataSets["x"] = components.ShareDataSet{Kind: "folder", Container: "shared-datasets",
				Path:   "p",
				Source: t.TempDir()}
		}, []string{`data set "x"`, "has no files"}},
		"two sources for one blob": {func(s *sharing) {
			s.args.DataSets["x"] = components.ShareDataSet{Kind: "blob", Container: "shared-datasets",
				Path:   "p",
				Source: "names.go"}
			s.args.DataSets["y"] = components.ShareDataSet{Kind: "blob", Container: "shared-datasets",
				Path:   "p",
				Source: "doc.go"}
		}, []string{`data set "y"`,
			"shared-datasets/p would be uploaded from names.go and from doc.go: leave one of them out"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSharing("fabrikam")
			c.change(s)
			_, err := s.run()
			for _, problem := range c.problems {
				require.ErrorContains(t, err, problem)
			}
		})
	}
}
