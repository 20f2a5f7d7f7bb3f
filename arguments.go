package main

import (
	"cmp"
	"maps"
	"slices"
	"time"

	azurenative "github.com/pulumi/pulumi-azure-native-sdk/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/crossorg/crossorg/components"
	"github.com/crossorg/crossorg/internal/rules"
	"github.com/crossorg/crossorg/internal/settings"
)

// signIn says how an organization's resources are managed. What the stack leaves out comes from the environment, as
// with any azure-native provider: az login or ARM_* variables.
func signIn(o settings.Organization) *azurenative.ProviderArgs {
	args := &azurenative.ProviderArgs{}
	if o.SubscriptionID != "" {
		args.SubscriptionId = pulumi.String(o.SubscriptionID)
	}
	if o.TenantID != "" {
		args.TenantId = pulumi.String(o.TenantID)
	}
	if p := o.Principal; p != nil {
		args.ClientId = pulumi.String(p.ClientID)
		if p.UseOIDC {
			args.UseOidc = pulumi.Bool(true)
		}
		if p.ClientSecret.IsSet() {
			args.ClientSecret = pulumi.ToSecret(pulumi.StringPtr(p.ClientSecret.Reveal())).(pulumi.StringPtrOutput)
		}
	}
	return args
}

// tags are the stack's, overlaid with the organization's.
func (t *topology) tags(organization string) pulumi.StringMap {
	all := maps.Clone(t.settings.Tags)
	if all == nil {
		all = map[string]string{}
	}
	all["environment"] = t.settings.Environment
	maps.Copy(all, t.settings.Organizations[organization].Tags)
	return pulumi.ToStringMap(all)
}

// provided are the shares that an organization offers, by name order.
func provided(s *settings.Settings, organization string) []settings.Share {
	return sharesWhere(s, func(share settings.Share) bool { return share.Provider == organization })
}

// consumed are the shares that an organization receives, by name order.
func consumed(s *settings.Settings, organization string) []settings.Share {
	return sharesWhere(s, func(share settings.Share) bool { return slices.Contains(share.Consumers, organization) })
}

func sharesWhere(s *settings.Settings, is func(settings.Share) bool) []settings.Share {
	var found []settings.Share
	for _, name := range slices.Sorted(maps.Keys(s.Shares)) {
		if is(s.Shares[name]) {
			found = append(found, s.Shares[name])
		}
	}
	return found
}

// sharedContainers are the containers that shares take their data sets from.
func sharedContainers(shares []settings.Share) []string {
	names := map[string]bool{}
	for _, share := range shares {
		for _, ds := range share.DataSets {
			names[ds.Container] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// files are what shares upload. They are the organization's, so that it does not matter which share has a file.
func files(shares []settings.Share) []components.SourceFiles {
	var all []components.SourceFiles
	for _, share := range shares {
		for _, name := range slices.Sorted(maps.Keys(share.DataSets)) {
			if ds := share.DataSets[name]; ds.Source != "" {
				all = append(all, components.SourceFiles{Container: ds.Container, Path: ds.Path, Source: ds.Source})
			}
		}
	}
	return all
}

func storageSettings(s settings.Storage) *components.StorageSettings {
	return &components.StorageSettings{
		SKU:                     pulumi.String(s.SKU),
		AccessTier:              pulumi.String(s.AccessTier),
		SoftDeleteDays:          pulumi.Int(s.SoftDeleteDays),
		CoolAfterDays:           s.CoolAfterDays,
		DeleteVersionsAfterDays: s.DeleteVersionsAfterDays,
		AllowedAddressRanges:    pulumi.ToStringArray(s.AllowedAddressRanges),
	}
}

func vaultSettings(v settings.KeyVault) *components.VaultSettings {
	return &components.VaultSettings{
		SKU:                          pulumi.String(v.SKU),
		EnabledForDeployment:         pulumi.Bool(v.EnabledForDeployment),
		EnabledForTemplateDeployment: pulumi.Bool(v.EnabledForTemplateDeployment),
		PurgeProtection:              pulumi.Bool(v.PurgeProtection),
		SoftDeleteDays:               pulumi.Int(v.SoftDeleteDays),
		AllowedAddressRanges:         pulumi.ToStringArray(v.AllowedAddressRanges),
	}
}

func dataSets(sets map[string]settings.DataSet) map[string]components.ShareDataSet {
	all := map[string]components.ShareDataSet{}
	for name, ds := range sets {
		all[name] = components.ShareDataSet{
			Kind: ds.Kind, Container: ds.Container, Path: ds.Path,
		}
	}
	return all
}

func scheduleOf(s settings.Schedule) components.ShareSchedule {
	return components.ShareSchedule{Interval: pulumi.String(s.Interval), Start: optionalTime(s.Start)}
}

// invitee is who is invited when the stack file names somebody.
func invitee(i settings.Invitee) *components.ShareInvitee {
	if i == (settings.Invitee{}) {
		return nil
	}
	return &components.ShareInvitee{
		Email: pulumi.String(i.Email), TenantID: pulumi.String(i.TenantID), ObjectID: pulumi.String(i.ObjectID),
	}
}

// optionalTime is a time in RFC 3339; the zero time is the empty text, which counts as left out.
func optionalTime(t time.Time) pulumi.String {
	if t.IsZero() {
		return ""
	}
	return pulumi.String(t.UTC().Format(time.RFC3339))
}

// governanceArgs are the cluster's own properties, without where it stands.
func governanceArgs(g *settings.Governance) *components.GovernanceClusterArgs {
	args := &components.GovernanceClusterArgs{
		SKU:       pulumi.String(g.SKU),
		NodeCount: pulumi.Int(g.NodeCount),
		VMSize:    pulumi.String(g.VMSize),
		Image: &components.ClusterImage{
			Publisher: pulumi.String(g.Image.Publisher),
			Offer:     pulumi.String(g.Image.Offer),
			SKU:       pulumi.String(g.Image.SKU),
			Version:   pulumi.String(g.Image.Version),
		},
		AdminUserName:        pulumi.String(g.AdminUser),
		AdminPassword:        pulumi.ToSecret(pulumi.String(g.AdminPassword.Reveal())).(pulumi.StringOutput),
		AllowedAddressRanges: pulumi.ToStringArray(g.AllowedAddressRanges),
	}
	if c := g.AdminCertificate; c != nil {
		args.AdminCertificate = &components.ClusterCertificate{
			Thumbprint:       pulumi.String(c.Thumbprint),
			CommonName:       pulumi.String(c.CommonName),
			IssuerThumbprint: pulumi.String(c.IssuerThumbprint),
		}
	}
	if d := g.AzureAD; d != nil {
		args.AzureAD = &components.ClusterDirectory{
			TenantID:           pulumi.String(d.TenantID),
			ClusterApplication: pulumi.String(d.ClusterApplication),
			ClientApplication:  pulumi.String(d.ClientApplication),
		}
	}
	for _, c := range g.NodeCertificates {
		args.NodeCertificates = append(args.NodeCertificates, components.ClusterNodeCertificate{
			URL: pulumi.String(c.URL), Store: pulumi.String(c.Store),
		})
	}
	if p := g.Package; p != nil {
		args.Package = clusterPackage(*p)
	}
	return args
}

func clusterPackage(p settings.Package) *components.ClusterPackage {
	services := map[string]components.ClusterService{}
	for name, service := range p.Services {
		services[name] = components.ClusterService{
			TypeName: pulumi.String(service.TypeName), InstanceCount: pulumi.Int(service.InstanceCount),
		}
	}
	return &components.ClusterPackage{
		Path: p.Path, TypeName: pulumi.String(p.TypeName), Version: p.Version, Services: services,
	}
}

// monitoringArgs are the workspace's own properties, without what it watches.
func monitoringArgs(m settings.Monitoring) *components.MonitoringArgs {
	return &components.MonitoringArgs{
		SKU:           pulumi.String(m.SKU),
		RetentionDays: pulumi.Int(m.RetentionDays),
		DailyQuotaGB:  pulumi.Float64(m.DailyQuotaGB),
		Recipients:    m.Recipients,
	}
}

// monitoredSide is one side of an organization with what to expect of its shares' snapshots: those of the shortest
// interval, from since on.
func monitoredSide(b *components.Boundary, interval string, since pulumi.StringPtrInput) *components.MonitoredSide {
	return &components.MonitoredSide{
		DataShareAccountID: b.DataShareAccountID,
		StorageAccountID:   b.StorageAccountID,
		VaultID:            b.VaultID,
		SnapshotInterval:   interval,
		SnapshotStart:      since,
	}
}

// shortestInterval is the shortest interval of shares.
func shortestInterval(shares []settings.Share) string {
	return slices.MinFunc(shares, func(a, b settings.Share) int {
		return cmp.Compare(rules.Period(a.Schedule.Interval), rules.Period(b.Schedule.Interval))
	}).Schedule.Interval
}

// running is a schedule with the times, in RFC 3339, at which the triggers were created that follow it.
type running struct {
	start    time.Time
	triggers []string
}

// dueSince is when the first snapshot of several schedules is due: the earliest, among all triggers, of the later of
// the schedule's start and the trigger's creation. A creation that cannot be read does not count.
func dueSince(schedules []running) string {
	var first time.Time
	for _, s := range schedules {
		for _, text := range s.triggers {
			due := s.start
			if created, err := time.Parse(time.RFC3339, text); err == nil && created.After(due) {
				due = created
			}
			if first.IsZero() || due.Before(first) {
				first = due
			}
		}
	}
	return first.UTC().Format(time.RFC3339)
}
