// Command crossorg is the Pulumi program: governed data sharing between organizations on Azure, as the stack's
// configuration describes it. It knows nothing of where it runs.
package main

import (
	"maps"
	"slices"

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
	t, err := compose(ctx, s)
	if err != nil {
		return err
	}
	outputs := t.outputs()
	for _, name := range sorted(outputs) {
		ctx.Export(name, outputs[name])
	}
	return nil
}

// compose registers everything that the settings describe.
func compose(ctx *pulumi.Context, s *settings.Settings) (*topology, error) {
	t := &topology{
		settings:  s,
		azure:     map[string]*azurenative.Provider{},
		providers: map[string]*components.ProviderOrg{},
		consumers: map[string]*components.ConsumerOrg{},
		shares:    map[string]*components.ShareWithDataset{},
	}
	for _, name := range sorted(s.Organizations) {
		if err := t.addOrganization(ctx, name); err != nil {
			return nil, err
		}
	}
	for _, name := range sorted(s.Shares) {
		if err := t.addShare(ctx, name); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// topology is what stands so far, by the names of the stack file.
type topology struct {
	settings  *settings.Settings
	azure     map[string]*azurenative.Provider
	providers map[string]*components.ProviderOrg
	consumers map[string]*components.ConsumerOrg
	shares    map[string]*components.ShareWithDataset
}

// addOrganization signs in for an organization and adds the side, or both sides, that it has in shares.
func (t *topology) addOrganization(ctx *pulumi.Context, name string) error {
	azure, err := azurenative.NewProvider(ctx, name, signIn(t.settings.Organizations[name]))
	if err != nil {
		return err
	}
	t.azure[name] = azure

	if containers := sharedContainers(t.settings, name); len(containers) > 0 {
		t.providers[name], err = components.NewProviderOrg(ctx, name+"-provider", &components.ProviderOrgArgs{
			Location:   pulumi.String(t.settings.Organizations[name].Location),
			Tags:       t.tags(name),
			Containers: containers,
			Storage:    storageArgs(t.settings.Storage),
			KeyVault:   vaultArgs(t.settings.KeyVault),
			Protect:    t.settings.Protect,
		}, pulumi.Provider(azure))
		if err != nil {
			return err
		}
	}
	if consumes(t.settings, name) {
		t.consumers[name], err = components.NewConsumerOrg(ctx, name+"-consumer", &components.ConsumerOrgArgs{
			Location: pulumi.String(t.settings.Organizations[name].Location),
			Tags:     t.tags(name),
			Storage:  storageArgs(t.settings.Storage),
			KeyVault: vaultArgs(t.settings.KeyVault),
			Protect:  t.settings.Protect,
		}, pulumi.Provider(azure))
	}
	return err
}

// addShare carries a share's data sets from its provider to its consumers.
func (t *topology) addShare(ctx *pulumi.Context, name string) error {
	share := t.settings.Shares[name]
	consumers := map[string]components.ShareConsumerArgs{}
	for _, c := range share.Consumers {
		consumers[c] = components.ShareConsumerArgs{
			Party:            t.consumers[c].Party(t.azure[c]),
			LandingContainer: t.consumers[c].LandingContainer,
			Invitee:          components.ShareInvitee(share.Invitees[c]),
		}
	}
	var err error
	t.shares[name], err = components.NewShareWithDataset(ctx, name, &components.ShareWithDatasetArgs{
		ShareName:       name,
		Description:     share.Description,
		Terms:           share.Terms,
		Schedule:        components.ShareSchedule(share.Schedule),
		Expiration:      share.Expiration,
		DataSets:        dataSetArgs(share.DataSets),
		Provider:        t.providers[share.Provider].Party(t.azure[share.Provider]),
		Consumers:       consumers,
		RolePropagation: t.settings.RolePropagation,
		Protect:         t.settings.Protect,
	}, pulumi.Provider(t.azure[share.Provider]))
	return err
}

// sorted is a map's keys in order, so that every run registers in the same order.
func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
