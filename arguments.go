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

// signIn says how an organization's resources are managed. What the stack leaves out comes from the environment, as with
// any azure-native provider: az login or ARM_* variables.
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

// sharedContainers are the containers that an organization shares from, none when it provides nothing.
func sharedContainers(s *settings.Settings, organization string) []string {
	names := map[string]bool{}
	for _, share := range s.Shares {
		if share.Provider != organization {
			continue
		}
		for _, ds := range share.DataSets {
			names[ds.Container] = true
		}
	}
	return sorted(names)
}

// consumes reports whether an organization receives a share.
func consumes(s *settings.Settings, organization string) bool {
	for _, share := range s.Shares {
		if slices.Contains(share.Consumers, organization) {
			return true
		}
	}
	return false
}

func storageArgs(s settings.Storage) components.StorageArgs {
	return components.StorageArgs{
		SKU:                     pulumi.String(s.SKU),
		AccessTier:              storage.AccessTier(s.AccessTier),
		SoftDeleteDays:          s.SoftDeleteDays,
		CoolAfterDays:           s.CoolAfterDays,
		DeleteVersionsAfterDays: s.DeleteVersionsAfterDays,
	}
}

func vaultArgs(v settings.KeyVault) components.VaultArgs {
	return components.VaultArgs{
		SKU:                          keyvault.SkuName(v.SKU),
		EnabledForDeployment:         v.EnabledForDeployment,
		EnabledForTemplateDeployment: v.EnabledForTemplateDeployment,
		PurgeProtection:              v.PurgeProtection,
		SoftDeleteDays:               v.SoftDeleteDays,
	}
}

func dataSetArgs(sets map[string]settings.DataSet) map[string]components.ShareDataSetArgs {
	args := map[string]components.ShareDataSetArgs{}
	for name, ds := range sets {
		args[name] = components.ShareDataSetArgs(ds)
	}
	return args
}
