package components

import (
	"strings"

	"github.com/pulumi/pulumi-azure-native-sdk/keyvault/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// newVault registers the organization's Key Vault: roles instead of access policies, soft delete always, and closed to
// the internet but for the ranges of args.
func newVault(
	ctx *pulumi.Context, name string, group, tenant pulumi.StringInput, args boundaryArgs,
	opts ...pulumi.ResourceOption,
) (*keyvault.Vault, error) {
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
		NetworkAcls:                  vaultNetwork(args.vault.AllowedAddressRanges),
		PublicNetworkAccess:          pulumi.String(keyvault.PublicNetworkAccessEnabled), // which address rules are for
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

// vaultNetwork closes a vault to all but ranges and Azure's trusted services: virtual machines and Azure Resource
// Manager are among those (learn.microsoft.com/azure/key-vault/general/overview-vnet-service-endpoints).
func vaultNetwork(ranges []string) keyvault.NetworkRuleSetArgs {
	// Azure answers empty lists, and what it answers beyond the inputs counts as changed on refresh.
	allowed := make(keyvault.IPRuleArray, len(ranges))
	for i, addresses := range ranges {
		// Azure answers a single address with its prefix, which would count as changed too.
		if !strings.Contains(addresses, "/") {
			addresses += "/32"
		}
		allowed[i] = keyvault.IPRuleArgs{Value: pulumi.String(addresses)}
	}
	return keyvault.NetworkRuleSetArgs{
		Bypass:              pulumi.String(keyvault.NetworkRuleBypassOptionsAzureServices),
		DefaultAction:       pulumi.String(keyvault.NetworkRuleActionDeny),
		IpRules:             allowed,
		VirtualNetworkRules: keyvault.VirtualNetworkRuleArray{},
	}
}
