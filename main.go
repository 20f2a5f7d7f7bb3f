// Command crossorg is the Pulumi program: governed data sharing between organizations on Azure, as the stack's
// configuration describes it. It knows nothing of where it runs.
package main

import (
	"fmt"
	"maps"
	"slices"
	"time"

	azurenative "github.com/pulumi/pulumi-azure-native-sdk/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/crossorg/crossorg/components"
	"github.com/crossorg/crossorg/internal/settings"
)

func main() { pulumi.Run(program) }

// program composes the topology:
//
//	contoso-provider ──┐                                  ┌──> fabrikam-consumer
//	  storage, vault,  ├── financial-collaboration-share ─┤      storage, vault,
//	  Data Share       │   data sets, schedule            │      Data Share
//	                   │   invitation ──> subscription    │
//	contoso-governance ┘   mapping, trigger               └──> ...
//	contoso-monitoring                                         fabrikam-monitoring
func program(ctx *pulumi.Context) error {
	s, err := settings.Load(ctx)
	if err != nil {
		return err
	}
	if err := follows(ctx, s); err != nil {
		return err
	}
	t, err := compose(ctx, s)
	if err != nil {
		return err
	}
	outputs := t.outputs()
	for _, name := range slices.Sorted(maps.Keys(outputs)) {
		ctx.Export(name, outputs[name])
	}
	return nil
}

// compose registers everything that the settings describe.
func compose(ctx *pulumi.Context, s *settings.Settings) (*topology, error) {
	t := &topology{
		settings:   s,
		azure:      map[string]*azurenative.Provider{},
		providers:  map[string]*components.ProviderOrg{},
		consumers:  map[string]*components.ConsumerOrg{},
		shares:     map[string]*components.ShareWithDataset{},
		monitoring: map[string]*components.Monitoring{},
		digests:    map[string]map[string]sourceDigest{},
	}
	for _, name := range slices.Sorted(maps.Keys(s.Organizations)) {
		if err := t.addOrganization(ctx, name); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Shares)) {
		if err := t.addShare(ctx, name); err != nil {
			return nil, err
		}
	}
	if s.Governance != nil {
		if err := t.addGovernance(ctx, s.Governance); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Organizations)) {
		if err := t.addMonitoring(ctx, name); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// topology holds what the program has registered so far, by the names of the stack file.
type topology struct {
	settings   *settings.Settings
	azure      map[string]*azurenative.Provider
	providers  map[string]*components.ProviderOrg
	consumers  map[string]*components.ConsumerOrg
	shares     map[string]*components.ShareWithDataset
	governance *components.GovernanceCluster // nil without one
	monitoring map[string]*components.Monitoring
	digests    map[string]map[string]sourceDigest // by share and data set
}

// addOrganization signs in for an organization and adds the side, or both sides, that it has in shares.
func (t *topology) addOrganization(ctx *pulumi.Context, name string) error {
	azure, err := azurenative.NewProvider(ctx, name, signIn(t.settings.Organizations[name]))
	if err != nil {
		return err
	}
	t.azure[name] = azure

	if containers := sharedContainers(provided(t.settings, name)); len(containers) > 0 {
		t.providers[name], err = components.NewProviderOrg(ctx, name+"-provider", &components.ProviderOrgArgs{
			Location:   pulumi.String(t.settings.Organizations[name].Location),
			Tags:       t.tags(name),
			Containers: containers,
			Files:      files(provided(t.settings, name)),
			Storage:    storageSettings(t.settings.Storage),
			KeyVault:   vaultSettings(t.settings.KeyVault),
			Protect:    t.settings.Protect,
		}, pulumi.Provider(azure), formerFiles(ctx, t.settings, name))
		if err != nil {
			return err
		}
	}
	if len(consumed(t.settings, name)) > 0 {
		t.consumers[name], err = components.NewConsumerOrg(ctx, name+"-consumer", &components.ConsumerOrgArgs{
			Location: pulumi.String(t.settings.Organizations[name].Location),
			Tags:     t.tags(name),
			Storage:  storageSettings(t.settings.Storage),
			KeyVault: vaultSettings(t.settings.KeyVault),
			Protect:  t.settings.Protect,
		}, pulumi.Provider(azure))
	}
	return err
}

// addShare carries a share's data sets from its provider to its consumers.
func (t *topology) addShare(ctx *pulumi.Context, name string) error {
	digests, err := sourceDigests(t.settings.Shares[name])
	if err != nil {
		return fmt.Errorf("share %s: %w", name, err)
	}
	t.digests[name] = digests
	share := t.settings.Shares[name]
	azure := map[string]pulumi.ProviderResource{"azure-native": t.azure[share.Provider]}
	consumers := map[string]components.ShareConsumer{}
	for _, c := range share.Consumers {
		azure[c] = t.azure[c]
		consumers[c] = components.ShareConsumer{
			Party:            t.consumers[c].Party(),
			LandingContainer: t.consumers[c].LandingContainer,
			Invitee:          invitee(share.Invitees[c]),
		}
	}
	t.shares[name], err = components.NewShareWithDataset(ctx, name, &components.ShareWithDatasetArgs{
		ShareName:       pulumi.String(name),
		Description:     pulumi.String(share.Description),
		Terms:           pulumi.String(share.Terms),
		Schedule:        scheduleOf(share.Schedule),
		Expiration:      optionalTime(share.Expiration),
		DataSets:        dataSets(share.DataSets),
		Provider:        t.providers[share.Provider].Party(),
		Consumers:       consumers,
		RolePropagation: pulumi.String(t.settings.RolePropagation.String()),
		Protect:         t.settings.Protect,
	}, pulumi.ProviderMap(azure))
	return err
}

// addGovernance adds the cluster to the organization that hosts it.
func (t *topology) addGovernance(ctx *pulumi.Context, g *settings.Governance) error {
	host := t.boundary(g.Organization)
	if host == nil {
		return fmt.Errorf("crossorg:governance.organization is %q, which takes part in no share and so has no vault: "+
			"name an organization of a share", g.Organization)
	}
	args := governanceArgs(g)
	args.ResourceGroupName = host.ResourceGroupName
	args.Location = host.Location
	args.Tags = t.tags(g.Organization)
	args.VaultID = host.VaultID
	args.StorageAccountName = host.StorageAccountName
	var err error
	t.governance, err = components.NewGovernanceCluster(ctx, g.Organization+"-governance", args,
		pulumi.Provider(t.azure[g.Organization]))
	return err
}

// addMonitoring watches every side that an organization has.
func (t *topology) addMonitoring(ctx *pulumi.Context, name string) error {
	home := t.boundary(name)
	if home == nil {
		return nil
	}
	args := monitoringArgs(t.settings.Monitoring)
	args.ResourceGroupName = home.ResourceGroupName
	args.Location = home.Location
	args.Tags = t.tags(name)
	args.Protect = t.settings.Protect
	if org, ok := t.providers[name]; ok {
		interval := shortestInterval(provided(t.settings, name))
		args.Provider = monitoredSide(org.Boundary(), interval, t.dueSince(interval, name, ""))
	}
	if org, ok := t.consumers[name]; ok {
		interval := shortestInterval(consumed(t.settings, name))
		args.Consumer = monitoredSide(org.Boundary(), interval, t.dueSince(interval, "", name))
	}
	var err error
	t.monitoring[name], err = components.NewMonitoring(ctx, name+"-monitoring", args, pulumi.Provider(t.azure[name]))
	return err
}

// dueSince is when the snapshots with an interval are due from on: those that a provider sends, or those that a
// consumer receives; the other name is empty.
func (t *topology) dueSince(interval, provider, consumer string) pulumi.StringPtrInput {
	var starts []time.Time
	var deliveries []any
	for _, name := range slices.Sorted(maps.Keys(t.shares)) {
		share := t.settings.Shares[name]
		if share.Schedule.Interval == interval &&
			(share.Provider == provider || slices.Contains(share.Consumers, consumer)) {
			starts = append(starts, share.Schedule.Start)
			deliveries = append(deliveries, t.shares[name].Deliveries)
		}
	}
	return pulumi.All(deliveries...).ApplyT(func(known []any) *string {
		var schedules []running
		for i, all := range known {
			schedule := running{start: starts[i]}
			for name, d := range all.(map[string]components.ShareDelivery) {
				if consumer == "" || name == consumer {
					schedule.triggers = append(schedule.triggers, d.TriggerCreatedAt)
				}
			}
			schedules = append(schedules, schedule)
		}
		since := dueSince(schedules)
		return &since
	}).(pulumi.StringPtrOutput)
}

// boundary is where an organization keeps what belongs to both its sides: at the providing one, if it has that. It is
// nil for an organization without a side.
func (t *topology) boundary(organization string) *components.Boundary {
	if org, ok := t.providers[organization]; ok {
		return org.Boundary()
	}
	if org, ok := t.consumers[organization]; ok {
		return org.Boundary()
	}
	return nil
}
