package components

import (
	"github.com/pulumi/pulumi-azure-native-sdk/storage/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// newStorageAccount registers the account with its blob service and lifecycle policy. keep is among the options of what
// holds data only. Nothing is to be written to the account before the service is there: what is written earlier has no
// versions and cannot be restored.
func newStorageAccount(
	ctx *pulumi.Context, name string, group pulumi.StringInput, args boundaryArgs, child, keep pulumi.ResourceOption,
) (*storage.StorageAccount, *storage.BlobServiceProperties, error) {
	sku, tier := args.storage.SKU, args.storage.AccessTier
	if sku == nil {
		sku = pulumi.String(storage.SkuName_Standard_LRS)
	}
	if tier == nil {
		tier = storage.AccessTierHot
	}
	account, err := storage.NewStorageAccount(ctx, autoNamed(name, storageAccountNameMax, alphanumeric),
		&storage.StorageAccountArgs{
			ResourceGroupName:           group,
			Location:                    args.location,
			Kind:                        pulumi.String(storage.KindStorageV2),
			Sku:                         storage.SkuArgs{Name: sku},
			AccessTier:                  tier,
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

	days := pulumi.Int(args.storage.SoftDeleteDays)
	if days == 0 {
		days = 7
	}
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

// storageNetwork closes an account to all but ranges, if there are any. Sources are uploaded from wherever the program
// runs, so without ranges the network stays open and access is a matter of keys and roles. The bypass lets Data Share
// in (learn.microsoft.com/azure/storage/common/storage-network-security-trusted-azure-services).
func storageNetwork(ranges []string) storage.NetworkRuleSetArgs {
	rules := storage.NetworkRuleSetArgs{
		Bypass:        pulumi.String(storage.BypassAzureServices),
		DefaultAction: storage.DefaultActionAllow,
		// Azure answers empty lists, and what it answers beyond the inputs counts as changed on refresh.
		IpRules:             storage.IPRuleArray{},
		VirtualNetworkRules: storage.VirtualNetworkRuleArray{},
	}
	if len(ranges) == 0 {
		return rules
	}
	rules.DefaultAction = storage.DefaultActionDeny
	allowed := make(storage.IPRuleArray, len(ranges))
	for i, addresses := range ranges {
		allowed[i] = storage.IPRuleArgs{IPAddressOrRange: pulumi.String(addresses), Action: storage.ActionAllow}
	}
	rules.IpRules = allowed
	return rules
}

// lifecycleRules are the rules that args asks for, if any: Azure refuses a policy without rules.
func lifecycleRules(args StorageArgs) storage.ManagementPolicyRuleArray {
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
	ctx *pulumi.Context, name string, group, account pulumi.StringInput, container string,
	opts ...pulumi.ResourceOption,
) (*storage.BlobContainer, error) {
	return storage.NewBlobContainer(ctx, name, &storage.BlobContainerArgs{
		ResourceGroupName: group,
		AccountName:       account,
		ContainerName:     pulumi.String(container),
		PublicAccess:      storage.PublicAccessNone,
	}, opts...)
}
