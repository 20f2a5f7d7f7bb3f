package components

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi-azure-native-sdk/servicefabric/v2"
	"github.com/pulumi/pulumi-azure-native-sdk/storage/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/crossorg/crossorg/internal/rules"
)

const (
	// packageSuffix is how the names of application packages end.
	packageSuffix = ".sfpkg"
	// packageLinkLife is how long Azure may take to fetch a package.
	packageLinkLife = 4 * time.Hour
)

// newGovernanceApplication uploads the package and starts the application with its services.
//
// Another version is another package, another type version and an upgrade of the application from one to the other; the
// old version is deleted last. So what belongs to a version carries it in its logical name.
func newGovernanceApplication(
	ctx *pulumi.Context, name string, args *GovernanceClusterArgs, cluster *servicefabric.ManagedCluster,
	nodes *servicefabric.NodeType, g *GovernanceCluster,
) error {
	p := args.Package
	account := stringOr(args.StorageAccountName, "")
	packages, err := newContainer(ctx, name+"-packages", args.ResourceGroupName, account,
		pulumi.String(rules.PackageContainer), pulumi.Parent(g))
	if err != nil {
		return err
	}
	upload, err := storage.NewBlob(ctx, name+"-package-"+p.Version, &storage.BlobArgs{
		ResourceGroupName: args.ResourceGroupName,
		AccountName:       account,
		ContainerName:     packages.Name,
		BlobName:          p.blobName(),
		Type:              storage.BlobTypeBlock,
		ContentType:       pulumi.String(contentType(packageSuffix)),
		Source:            pulumi.NewFileAsset(p.Path),
	}, pulumi.Parent(g))
	if err != nil {
		return err
	}
	appType, err := servicefabric.NewManagedClusterApplicationType(ctx, name+"-type",
		&servicefabric.ManagedClusterApplicationTypeArgs{
			ResourceGroupName:   args.ResourceGroupName,
			ClusterName:         cluster.Name,
			ApplicationTypeName: p.TypeName.ToStringOutput(),
			Location:            args.Location.ToStringOutput(),
			Tags:                args.Tags,
		}, inCluster(g, cluster, pulumi.DependsOn([]pulumi.Resource{nodes}),
			replaced("servicefabric:ManagedClusterApplicationType"))...)
	if err != nil {
		return err
	}
	version, err := servicefabric.NewManagedClusterApplicationTypeVersion(ctx, name+"-type-"+p.Version,
		&servicefabric.ManagedClusterApplicationTypeVersionArgs{
			ResourceGroupName:   args.ResourceGroupName,
			ClusterName:         cluster.Name,
			ApplicationTypeName: appType.Name,
			Version:             pulumi.String(p.Version),
			AppPackageUrl:       packageLink(ctx, args, upload, appType, g),
			Location:            args.Location.ToStringOutput(),
			Tags:                args.Tags,
			// Azure fetches the package when the version is created. Later runs sign other links, which change nothing.
		}, inCluster(g, cluster, pulumi.IgnoreChanges([]string{"appPackageUrl"}),
			pulumi.AdditionalSecretOutputs([]string{"appPackageUrl"}),
			replaced("servicefabric:ManagedClusterApplicationTypeVersion"))...)
	if err != nil {
		return err
	}
	application, err := servicefabric.NewManagedClusterApplication(ctx, name+"-app",
		&servicefabric.ManagedClusterApplicationArgs{
			ResourceGroupName: args.ResourceGroupName,
			ClusterName:       cluster.Name,
			ApplicationName:   p.TypeName.ToStringOutput().ApplyT(applicationName).(pulumi.StringOutput),
			Version:           version.ID().ToStringOutput(),
			UpgradePolicy:     rollingUpgrade(),
			Location:          args.Location.ToStringOutput(),
			Tags:              args.Tags,
		}, inCluster(g, cluster, replaced("servicefabric:ManagedClusterApplication"))...)
	if err != nil {
		return err
	}
	g.ApplicationID = application.ID().ToStringOutput().ToStringPtrOutput()
	services := pulumi.StringMap{}
	for _, key := range slices.Sorted(maps.Keys(p.Services)) {
		service, err := newStatelessService(ctx, name+"-"+key, key, args, cluster, application, g)
		if err != nil {
			return err
		}
		services[key] = service.ID().ToStringOutput()
	}
	g.ServiceIDs = services.ToStringMapOutput()
	return nil
}

// blobName is the package's in its container.
func (p *ClusterPackage) blobName() pulumi.StringOutput {
	return pulumi.Sprintf("%s/%s%s", p.TypeName, p.Version, packageSuffix)
}

// applicationName makes the application of type GovernanceType appear as fabric:/Governance.
func applicationName(typeName string) string {
	if short := strings.TrimSuffix(typeName, "Type"); short != "" {
		return short
	}
	return typeName
}

// packageLink is the package's URL with a signature that lets its bearer read it, and nothing else, for a few hours. It
// is signed once the cluster is about to fetch: a new cluster may take longer to get there than the signature lives.
func packageLink(
	ctx *pulumi.Context, args *GovernanceClusterArgs, upload *storage.Blob,
	appType *servicefabric.ManagedClusterApplicationType, g *GovernanceCluster,
) pulumi.StringOutput {
	account := stringOr(args.StorageAccountName, "")
	ready := pulumi.All(account, args.Package.blobName(), appType.ID())
	resource := ready.ApplyT(func(known []any) string {
		return fmt.Sprintf("/blob/%s/%s/%s", known[0], rules.PackageContainer, known[1])
	}).(pulumi.StringOutput)
	expiry := ready.ApplyT(func([]any) string {
		return time.Now().Add(packageLinkLife).UTC().Format(time.RFC3339)
	}).(pulumi.StringOutput)
	signed := storage.ListStorageAccountServiceSASOutput(ctx, storage.ListStorageAccountServiceSASOutputArgs{
		ResourceGroupName:      args.ResourceGroupName,
		AccountName:            account,
		CanonicalizedResource:  resource,
		Resource:               pulumi.String(storage.SignedResourceB),
		Permissions:            pulumi.String(storage.PermissionsR),
		Protocols:              storage.HttpProtocolHttps,
		SharedAccessExpiryTime: expiry,
		KeyToSign:              pulumi.String("key1"),
	}, pulumi.Parent(g))
	link := pulumi.Sprintf("%s?%s", upload.Url, signed.ServiceSasToken())
	return pulumi.ToSecret(link).(pulumi.StringOutput)
}

// rollingUpgrade upgrades one upgrade domain after the other, waits for health in each, and goes back when it does not
// come (learn.microsoft.com/azure/service-fabric/service-fabric-application-upgrade-parameters). Nothing unhealthy is
// tolerated: governance services are few.
func rollingUpgrade() servicefabric.ApplicationUpgradePolicyArgs {
	return servicefabric.ApplicationUpgradePolicyArgs{
		UpgradeMode:                   pulumi.String(servicefabric.RollingUpgradeModeMonitored),
		ForceRestart:                  pulumi.Bool(false),
		UpgradeReplicaSetCheckTimeout: pulumi.Float64(900),
		RollingUpgradeMonitoringPolicy: servicefabric.RollingUpgradeMonitoringPolicyArgs{
			FailureAction:             pulumi.String(servicefabric.FailureActionRollback),
			HealthCheckWaitDuration:   pulumi.String("00:02:00"),
			HealthCheckStableDuration: pulumi.String("00:05:00"),
			HealthCheckRetryTimeout:   pulumi.String("00:10:00"),
			UpgradeDomainTimeout:      pulumi.String("00:30:00"),
			UpgradeTimeout:            pulumi.String("03:00:00"),
		},
		ApplicationHealthPolicy: servicefabric.ApplicationHealthPolicyArgs{
			ConsiderWarningAsError:                  pulumi.Bool(false),
			MaxPercentUnhealthyDeployedApplications: pulumi.Int(0),
			DefaultServiceTypeHealthPolicy: servicefabric.ServiceTypeHealthPolicyArgs{
				MaxPercentUnhealthyServices:             pulumi.Int(0),
				MaxPercentUnhealthyPartitionsPerService: pulumi.Int(0),
				MaxPercentUnhealthyReplicasPerPartition: pulumi.Int(0),
			},
		},
	}
}

func newStatelessService(
	ctx *pulumi.Context, name, key string, args *GovernanceClusterArgs, cluster *servicefabric.ManagedCluster,
	application *servicefabric.ManagedClusterApplication, g *GovernanceCluster,
) (*servicefabric.ManagedClusterService, error) {
	service := args.Package.Services[key]
	return servicefabric.NewManagedClusterService(ctx, name, &servicefabric.ManagedClusterServiceArgs{
		ResourceGroupName: args.ResourceGroupName,
		ClusterName:       cluster.Name,
		ApplicationName:   application.Name,
		ServiceName:       pulumi.String(key),
		Properties: servicefabric.StatelessServicePropertiesArgs{
			ServiceKind:     pulumi.String(servicefabric.ServiceKindStateless),
			ServiceTypeName: service.TypeName,
			InstanceCount:   intOr(service.InstanceCount, rules.EveryNode).ToIntOutput(),
			PartitionDescription: servicefabric.SingletonPartitionSchemeArgs{
				PartitionScheme: pulumi.String(servicefabric.PartitionSchemeSingleton),
			},
		},
		Location: args.Location.ToStringOutput(),
		Tags:     args.Tags,
	}, inCluster(g, cluster, replaced("servicefabric:ManagedClusterService"))...)
}
