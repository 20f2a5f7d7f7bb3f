package components

import (
	"github.com/pulumi/pulumi-azure-native-sdk/keyvault/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// newVault registers the organization's Key Vault: roles instead of access policies, soft delete always.
func newVault(ctx *pulumi.Context, name string, group, tenant pulumi.StringInput, args boundaryArgs, opts ...pulumi.ResourceOption) (*keyvault.Vault, error) {
	sku, days := args.vault.SKU, args.vault.SoftDeleteDays
	if sku == nil {
		sku = keyvault.SkuNameStandard
	}
	if days == 0 {
		days = 90
	}
	properties := keyvault.VaultPropertiesArgs{
		TenantId:                     tenant,
		Sku:                          keyvault.SkuArgs{Family: pulumi.String(keyvault.SkuFamilyA), Name: sku},
		EnableRbacAuthorization:      pulumi.Bool(true),
		EnableSoftDelete:             pulumi.Bool(true),
		SoftDeleteRetentionInDays:    pulumi.Int(days),
		EnabledForDeployment:         pulumi.Bool(args.vault.EnabledForDeployment),
		EnabledForTemplateDeployment: pulumi.Bool(args.vault.EnabledForTemplateDeployment),
		NetworkAcls: keyvault.NetworkRuleSetArgs{
			Bypass:        pulumi.String(keyvault.NetworkRuleBypassOptionsAzureServices),
			DefaultAction: pulumi.String(keyvault.NetworkRuleActionAllow),
		},
		PublicNetworkAccess: pulumi.String(keyvault.PublicNetworkAccessEnabled),
	}
	// Azure refuses an explicit false.
	if args.vault.PurgeProtection {
		properties.EnablePurgeProtection = pulumi.Bool(true)
	}
	return keyvault.NewVault(ctx, autoNamed(name, vaultNameMax, hyphenated), &keyvault.VaultArgs{
		ResourceGroupName: group,
		Location:          args.location,
		Properties:        properties,
		Tags:              args.tags,
	}, opts...)
}
