package components

import (
	"github.com/pulumi/pulumi-azure-native-sdk/storage/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/crossorg/crossorg/internal/rules"
)

// StorageSettings describes an organization's storage account.
type StorageSettings struct {
	// Redundancy, such as "Standard_LRS" or "Standard_ZRS"
	// (learn.microsoft.com/azure/storage/common/storage-redundancy). Default: "Standard_LRS".
	SKU pulumi.StringPtrInput `pulumi:"sku,optional"`
	// Tier of blobs that have none of their own, "Hot" or "Cool"
	// (learn.microsoft.com/azure/storage/blobs/access-tiers-overview). Default: "Hot".
	AccessTier pulumi.StringPtrInput `pulumi:"accessTier,optional"`
	// For how many days deleted blobs and containers, and the change feed, are kept: 1 to 365
	// (learn.microsoft.com/azure/storage/blobs/soft-delete-blob-overview). Default: 7.
	SoftDeleteDays pulumi.IntPtrInput `pulumi:"softDeleteDays,optional"`
	// After how many days without a change blobs move to the cool tier, up to 99999; 0 means never
	// (learn.microsoft.com/azure/storage/blobs/lifecycle-management-policy-structure). Default: 0.
	CoolAfterDays int `pulumi:"coolAfterDays,optional"`
	// After how many days previous versions of blobs are deleted, up to 99999; 0 means never
	// (learn.microsoft.com/azure/storage/blobs/lifecycle-management-policy-structure). Default: 0.
	DeleteVersionsAfterDays int `pulumi:"deleteVersionsAfterDays,optional"`
	// Public IPv4 addresses and CIDR ranges up to /30, at most 400, that may reach the account's data beside Azure's
	// trusted services, of which Data Share is one
	// (learn.microsoft.com/azure/storage/common/storage-network-security). Sources are uploaded from such an address.
	// Without any the network is open, and access is a matter of keys and roles.
	AllowedAddressRanges pulumi.StringArrayInput `pulumi:"allowedAddressRanges,optional"`
}

func (s *StorageSettings) check(p *problems) {
	p.days("storage.softDeleteDays", s.SoftDeleteDays, rules.BlobSoftDeleteDays)
	p.days("storage.coolAfterDays", pulumi.Int(s.CoolAfterDays), rules.LifecycleDays)
	p.days("storage.deleteVersionsAfterDays", pulumi.Int(s.DeleteVersionsAfterDays), rules.LifecycleDays)
	p.atMost("storage.allowedAddressRanges", s.AllowedAddressRanges, rules.StorageAddressRules.Most)
}

// defaultSoftDeleteDays is for how many days a storage account keeps what is deleted where StorageSettings do not say.
const defaultSoftDeleteDays = 7

// newStorageAccount registers the account with its blob service and lifecycle policy. keep is among the options of what
// holds data only. Nothing is to be written to the account before the service is there: what is written earlier has no
// versions and cannot be restored.
func newStorageAccount(
	ctx *pulumi.Context, name string, group pulumi.StringInput, args boundaryArgs, child, keep pulumi.ResourceOption,
) (*storage.StorageAccount, *storage.BlobServiceProperties, error) {
	sku := stringOr(args.storage.SKU, string(storage.SkuName_Standard_LRS))
	account, err := storage.NewStorageAccount(ctx, autoNamed(name, rules.StorageAccountName.Max, rules.Alphanumeric),
		&storage.StorageAccountArgs{
			ResourceGroupName:           group,
			Location:                    args.location.ToStringOutput(),
			Kind:                        pulumi.String(storage.KindStorageV2),
			Sku:                         storage.SkuArgs{Name: sku},
			AccessTier:                  accessTier(args.storage.AccessTier),
			EnableHttpsTrafficOnly:      pulumi.Bool(true),
			MinimumTlsVersion:           pulumi.String(storage.MinimumTlsVersion_TLS1_2),
			AllowBlobPublicAccess:       pulumi.Bool(false),
			AllowCrossTenantReplication: pulumi.Bool(false),
			// Uploads of sources sign with the account key.
			AllowSharedKeyAccess:         pulumi.Bool(true),
			DefaultToOAuthAuthentication: pulumi.Bool(true),
			PublicNetworkAccess:          pulumi.String(storage.PublicNetworkAccessEnabled),
			NetworkRuleSet:               storageNetwork(args.storage.AllowedAddressRanges),
			Encryption: storage.EncryptionArgs{
				KeySource:                       pulumi.String(storage.KeySource_Microsoft_Storage),
				RequireInfrastructureEncryption: pulumi.Bool(true),
				Services: storage.EncryptionServicesArgs{
					Blob: storage.EncryptionServiceArgs{Enabled: pulumi.Bool(true),
						KeyType: pulumi.String(storage.KeyTypeAccount)},
					File: storage.EncryptionServiceArgs{Enabled: pulumi.Bool(true),
						KeyType: pulumi.String(storage.KeyTypeAccount)},
				},
			},
			Tags: args.tags,
		}, child, keep)
	if err != nil {
		return nil, nil, err
	}

	days := intOr(args.storage.SoftDeleteDays, defaultSoftDeleteDays).ToIntOutput()
	service, err := storage.NewBlobServiceProperties(ctx, name+"-blobs", &storage.BlobServicePropertiesArgs{
		ResourceGroupName:              group,
		AccountName:                    account.Name,
		BlobServicesName:               pulumi.String("default"),
		IsVersioningEnabled:            pulumi.Bool(true),
		ChangeFeed:                     storage.ChangeFeedArgs{Enabled: pulumi.Bool(true), RetentionInDays: days},
		DeleteRetentionPolicy:          storage.DeleteRetentionPolicyArgs{Enabled: pulumi.Bool(true), Days: days},
		ContainerDeleteRetentionPolicy: storage.DeleteRetentionPolicyArgs{Enabled: pulumi.Bool(true), Days: days},
	}, child)
	if err != nil {
		return nil, nil, err
	}
	if rules := lifecycleRules(args.storage); len(rules) > 0 {
		_, err = storage.NewManagementPolicy(ctx, name+"-lifecycle", &storage.ManagementPolicyArgs{
			ResourceGroupName:    group,
			AccountName:          account.Name,
			ManagementPolicyName: pulumi.String("default"),
			Policy:               storage.ManagementPolicySchemaArgs{Rules: rules},
			// One after the other: Azure refuses two changes of one account at a time.
		}, child, pulumi.DependsOn([]pulumi.Resource{service}))
	}
	return account, service, err
}

// accessTier is the tier as the SDK types it.
func accessTier(in pulumi.StringPtrInput) storage.AccessTierPtrInput {
	tier := stringOr(in, string(storage.AccessTierHot))
	if text, known := literal[string](tier); known {
		return storage.AccessTier(text)
	}
	return tier.ToStringOutput().ApplyT(func(text string) *storage.AccessTier {
		return (*storage.AccessTier)(&text)
	}).(storage.AccessTierPtrOutput)
}

// storageNetwork opens an account to ranges alone. Without ranges the network stays open and keys and roles decide
// about access, because the program may upload sources from any address. The bypass lets Data Share in
// (learn.microsoft.com/azure/storage/common/storage-network-security-trusted-azure-services).
func storageNetwork(ranges pulumi.StringArrayInput) storage.NetworkRuleSetPtrInput {
	if all, known := texts(ranges); known {
		return storageRules(all)
	}
	return ranges.ToStringArrayOutput().ApplyT(func(all []string) storage.NetworkRuleSetPtrOutput {
		return storageRules(all).ToNetworkRuleSetPtrOutput()
	}).(storage.NetworkRuleSetPtrOutput)
}

func storageRules(ranges []string) storage.NetworkRuleSetArgs {
	set := storage.NetworkRuleSetArgs{
		Bypass:        pulumi.String(storage.BypassAzureServices),
		DefaultAction: storage.DefaultActionAllow,
		// Azure answers empty lists, and what it answers beyond the inputs counts as changed on refresh.
		IpRules:             storage.IPRuleArray{},
		VirtualNetworkRules: storage.VirtualNetworkRuleArray{},
	}
	if len(ranges) == 0 {
		return set
	}
	set.DefaultAction = storage.DefaultActionDeny
	allowed := make(storage.IPRuleArray, len(ranges))
	for i, addresses := range ranges {
		allowed[i] = storage.IPRuleArgs{IPAddressOrRange: pulumi.String(addresses), Action: storage.ActionAllow}
	}
	set.IpRules = allowed
	return set
}

// lifecycleRules are the rules that args asks for, if any: Azure refuses a policy without rules.
func lifecycleRules(args StorageSettings) storage.ManagementPolicyRuleArray {
	var rules storage.ManagementPolicyRuleArray
	add := func(name string, actions storage.ManagementPolicyActionArgs) {
		rules = append(rules, storage.ManagementPolicyRuleArgs{
			Name:    pulumi.String(name),
			Enabled: pulumi.Bool(true),
			Type:    pulumi.String(storage.RuleTypeLifecycle),
			Definition: storage.ManagementPolicyDefinitionArgs{
				Actions: actions,
				Filters: storage.ManagementPolicyFilterArgs{BlobTypes: pulumi.ToStringArray([]string{"blockBlob"})},
			},
		})
	}
	if days := args.CoolAfterDays; days > 0 {
		add("cool", storage.ManagementPolicyActionArgs{
			BaseBlob: storage.ManagementPolicyBaseBlobArgs{
				TierToCool: storage.DateAfterModificationArgs{DaysAfterModificationGreaterThan: pulumi.Float64(days)},
			},
		})
	}
	if days := args.DeleteVersionsAfterDays; days > 0 {
		old := storage.DateAfterCreationArgs{DaysAfterCreationGreaterThan: pulumi.Float64(days)}
		add("endversions", storage.ManagementPolicyActionArgs{
			Version:  storage.ManagementPolicyVersionArgs{Delete: old},
			Snapshot: storage.ManagementPolicySnapShotArgs{Delete: old},
		})
	}
	return rules
}

// newContainer registers a private container. Its name is data, so it is given and not auto-named.
func newContainer(
	ctx *pulumi.Context, name string, group, account, container pulumi.StringInput,
	opts ...pulumi.ResourceOption,
) (*storage.BlobContainer, error) {
	return storage.NewBlobContainer(ctx, name, &storage.BlobContainerArgs{
		ResourceGroupName: group,
		AccountName:       account,
		ContainerName:     container.ToStringOutput(),
		PublicAccess:      storage.PublicAccessNone,
	}, opts...)
}
