package main

import (
	"maps"
	"slices"

	"github.com/pulumi/pulumi-azure-native-sdk/keyvault/v2"
	"github.com/pulumi/pulumi-azure-native-sdk/storage/v2"
	azurenative "github.com/pulumi/pulumi-azure-native-sdk/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/crossorg/crossorg/components"
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
	for _, name := range sorted(s.Shares) {
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
	return sorted(names)
}

func storageArgs(s settings.Storage) components.StorageArgs {
	return components.StorageArgs{
		SKU:                     pulumi.String(s.SKU),
		AccessTier:              storage.AccessTier(s.AccessTier),
		SoftDeleteDays:          s.SoftDeleteDays,
		CoolAfterDays:           s.CoolAfterDays,
		DeleteVersionsAfterDays: s.DeleteVersionsAfterDays,
		AllowedAddressRanges:    s.AllowedAddressRanges,
	}
}

func vaultArgs(v settings.KeyVault) components.VaultArgs {
	return components.VaultArgs{
		SKU:                          keyvault.SkuName(v.SKU),
		EnabledForDeployment:         v.EnabledForDeployment,
		EnabledForTemplateDeployment: v.EnabledForTemplateDeployment,
		PurgeProtection:              v.PurgeProtection,
		SoftDeleteDays:               v.SoftDeleteDays,
		AllowedAddressRanges:         v.AllowedAddressRanges,
	}
}

func dataSetArgs(sets map[string]settings.DataSet) map[string]components.ShareDataSetArgs {
	args := map[string]components.ShareDataSetArgs{}
	for name, ds := range sets {
		args[name] = components.ShareDataSetArgs(ds)
	}
	return args
}

// governanceArgs are the cluster's own properties, without where it stands.
func governanceArgs(g *settings.Governance) *components.GovernanceClusterArgs {
	args := &components.GovernanceClusterArgs{
		SKU:                  g.SKU,
		NodeCount:            g.NodeCount,
		VMSize:               pulumi.String(g.VMSize),
		Image:                components.ClusterImage(g.Image),
		AdminUserName:        pulumi.String(g.AdminUser),
		AdminPassword:        pulumi.ToSecret(pulumi.String(g.AdminPassword.Reveal())).(pulumi.StringOutput),
		AdminCertificate:     (*components.ClusterCertificate)(g.AdminCertificate),
		AzureAD:              (*components.ClusterDirectory)(g.AzureAD),
		AllowedAddressRanges: g.AllowedAddressRanges,
	}
	for _, c := range g.NodeCertificates {
		args.NodeCertificates = append(args.NodeCertificates, components.ClusterNodeCertificate(c))
	}
	if p := g.Package; p != nil {
		args.Package = &components.ClusterPackage{
			Path: p.Path, TypeName: p.TypeName, Version: p.Version, Services: map[string]components.ClusterService{},
		}
		for name, service := range p.Services {
			args.Package.Services[name] = components.ClusterService(service)
		}
	}
	return args
}

// monitoringArgs are the workspace's own properties, without what it watches.
func monitoringArgs(m settings.Monitoring) *components.MonitoringArgs {
	return &components.MonitoringArgs{
		SKU:           m.SKU,
		RetentionDays: m.RetentionDays,
		DailyQuotaGB:  m.DailyQuotaGB,
		Recipients:    m.Recipients,
	}
}

// monitoredSide is one side of an organization with what to expect of its shares' snapshots: those of the shortest
// interval, from the first of them on.
func monitoredSide(b *components.Boundary, shares []settings.Share) *components.MonitoredSide {
	side := &components.MonitoredSide{
		DataShareAccountID: b.DataShareAccountID,
		StorageAccountID:   b.StorageAccountID,
		VaultID:            b.VaultID,
		SnapshotInterval:   shares[0].Schedule.Interval,
		SnapshotStart:      shares[0].Schedule.Start,
	}
	for _, share := range shares[1:] {
		when := share.Schedule
		shorter := when.Interval == "Hour" && side.SnapshotInterval != "Hour"
		if shorter || when.Interval == side.SnapshotInterval && when.Start.Before(side.SnapshotStart) {
			side.SnapshotInterval, side.SnapshotStart = when.Interval, when.Start
		}
	}
	return side
}
