package components

import (
	"strings"

	"github.com/pulumi/pulumi-azure-native-sdk/keyvault/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/crossorg/crossorg/internal/rules"
)

// VaultSettings describes an organization's Key Vault.
type VaultSettings struct {
	// "standard" or "premium", which keeps keys in hardware (learn.microsoft.com/azure/key-vault/general/overview).
	// Default: "standard".
	SKU pulumi.StringPtrInput `pulumi:"sku,optional"`
	// Lets virtual machines fetch certificates from the vault. A cluster whose node certificates come from it needs
	// this. Default: false.
	EnabledForDeployment pulumi.BoolPtrInput `pulumi:"enabledForDeployment,optional"`
	// Lets Azure Resource Manager read secrets of the vault. Default: false.
	EnabledForTemplateDeployment pulumi.BoolPtrInput `pulumi:"enabledForTemplateDeployment,optional"`
	// Keeps a deleted vault until its retention ends. Azure cannot switch it off again
	// (learn.microsoft.com/azure/key-vault/general/soft-delete-overview). Default: false.
	PurgeProtection pulumi.BoolPtrInput `pulumi:"purgeProtection,optional"`
	// For how many days a deleted vault can be recovered: 7 to 90, fixed once set
	// (learn.microsoft.com/azure/key-vault/general/soft-delete-overview). Default: 90.
	SoftDeleteDays pulumi.IntPtrInput `pulumi:"softDeleteDays,optional"`
	// Public IPv4 addresses and CIDR ranges, at most 1,000, that may reach what the vault holds, beside Azure's trusted
	// services such as virtual machines and Azure Resource Manager
	// (learn.microsoft.com/azure/key-vault/general/network-security). Without any only those services may.
	AllowedAddressRanges pulumi.StringArrayInput `pulumi:"allowedAddressRanges,optional"`
}

func (s *VaultSettings) check(p *problems) {
	p.days("keyVault.softDeleteDays", s.SoftDeleteDays, rules.VaultSoftDeleteDays)
	p.atMost("keyVault.allowedAddressRanges", s.AllowedAddressRanges, rules.VaultAddressRules.Most)
}

// defaultVaultSoftDeleteDays is for how many days a deleted vault can be recovered where VaultSettings do not say.
const defaultVaultSoftDeleteDays = 90

// newVault registers the organization's Key Vault: roles instead of access policies, soft delete always, and closed to
// the internet but for the ranges of args.
func newVault(
	ctx *pulumi.Context, name string, group, tenant pulumi.StringInput, args boundaryArgs,
	opts ...pulumi.ResourceOption,
) (*keyvault.Vault, error) {
	settings := args.vault
	sku := keyvault.SkuArgs{Family: pulumi.String(keyvault.SkuFamilyA), Name: vaultSKU(settings.SKU)}
	return keyvault.NewVault(ctx, autoNamed(name, rules.VaultName.Max, rules.Hyphenated), &keyvault.VaultArgs{
		ResourceGroupName: group,
		Location:          args.location.ToStringOutput(),
		Properties: keyvault.VaultPropertiesArgs{
			TenantId:                     tenant,
			Sku:                          sku,
			EnableRbacAuthorization:      pulumi.Bool(true),
			EnableSoftDelete:             pulumi.Bool(true),
			SoftDeleteRetentionInDays:    intOr(settings.SoftDeleteDays, defaultVaultSoftDeleteDays).ToIntOutput(),
			EnabledForDeployment:         boolOr(settings.EnabledForDeployment, false).ToBoolOutput(),
			EnabledForTemplateDeployment: boolOr(settings.EnabledForTemplateDeployment, false).ToBoolOutput(),
			EnablePurgeProtection:        purgeProtection(settings.PurgeProtection),
			NetworkAcls:                  vaultNetwork(settings.AllowedAddressRanges),
			// Address rules are for public access.
			PublicNetworkAccess: pulumi.String(keyvault.PublicNetworkAccessEnabled),
		},
		Tags: args.tags,
	}, append(opts, replaced("keyvault:Vault"))...)
}

// vaultSKU is the SKU as the SDK types it.
func vaultSKU(in pulumi.StringPtrInput) keyvault.SkuNameInput {
	sku := stringOr(in, string(keyvault.SkuNameStandard))
	if text, known := literal[string](sku); known {
		return keyvault.SkuName(text)
	}
	return sku.ToStringOutput().ApplyT(func(text string) keyvault.SkuName {
		return keyvault.SkuName(text)
	}).(keyvault.SkuNameOutput)
}

// purgeProtection is true or left out: Azure refuses an explicit false.
func purgeProtection(in pulumi.BoolPtrInput) pulumi.BoolPtrInput {
	yes := boolOr(in, false)
	if on, known := literal[bool](yes); known {
		if !on {
			return nil
		}
		return pulumi.Bool(true)
	}
	return yes.ToBoolOutput().ApplyT(func(on bool) *bool {
		if !on {
			return nil
		}
		return &on
	}).(pulumi.BoolPtrOutput)
}

// vaultNetwork closes a vault to all but ranges and Azure's trusted services: virtual machines and Azure Resource
// Manager are among those (learn.microsoft.com/azure/key-vault/general/overview-vnet-service-endpoints).
func vaultNetwork(ranges pulumi.StringArrayInput) keyvault.NetworkRuleSetPtrInput {
	if all, known := texts(ranges); known {
		return vaultRules(all)
	}
	return ranges.ToStringArrayOutput().ApplyT(func(all []string) keyvault.NetworkRuleSetPtrOutput {
		return vaultRules(all).ToNetworkRuleSetPtrOutput()
	}).(keyvault.NetworkRuleSetPtrOutput)
}

func vaultRules(ranges []string) keyvault.NetworkRuleSetArgs {
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
