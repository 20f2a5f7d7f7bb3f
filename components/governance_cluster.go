package components

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/pulumi/pulumi-azure-native-sdk/servicefabric/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/crossorg/crossorg/internal/rules"
)

const (
	// clusterNameMax keeps the names that Azure derives from the cluster's within limits.
	clusterNameMax = 23
	// dnsLabelMax is the longest label of a domain name.
	dnsLabelMax = 63

	// Service Fabric's own choice of management ports: client connections and HTTP gateway.
	clientPort  = 19000
	gatewayPort = 19080

	// primaryNodeType is at most 9 characters long: it begins the computer names of the nodes.
	primaryNodeType = "primary"
)

// GovernanceCluster is a Service Fabric managed cluster with its primary node type and, when there is a package, the
// governance application with its services.
//
// On Azure a new cluster takes about half an hour until it is ready for an application.
type GovernanceCluster struct {
	pulumi.ResourceState

	// ARM id of the cluster.
	ClusterID pulumi.StringOutput `pulumi:"clusterId"`
	// Name of the cluster.
	ClusterName pulumi.StringOutput `pulumi:"clusterName"`
	// Domain name of the cluster's public load balancer.
	FQDN pulumi.StringOutput `pulumi:"fqdn"`
	// URL of Service Fabric Explorer.
	ManagementEndpoint pulumi.StringOutput `pulumi:"managementEndpoint"`
	// The state of the cluster as of its last update or refresh: "WaitingForNodes", "Deploying", "BaselineUpgrade",
	// "Ready", "Upgrading" or "UpgradeFailed". Right after its creation it is WaitingForNodes, as nodes come
	// afterwards.
	State pulumi.StringOutput `pulumi:"state"`
	// ARM id of the primary node type.
	NodeTypeID pulumi.StringOutput `pulumi:"nodeTypeId"`
	// ARM id of the governance application; null without a package.
	ApplicationID pulumi.StringPtrOutput `pulumi:"applicationId"`
	// ARM ids of the governance services by name; empty without a package.
	ServiceIDs pulumi.StringMapOutput `pulumi:"serviceIds"`
}

// NewGovernanceCluster registers the cluster. Give the azure-native provider of the hosting organization among the
// options. The cluster's name and domain name begin with name, shortened where Azure's limits demand.
func NewGovernanceCluster(
	ctx *pulumi.Context, name string, args *GovernanceClusterArgs, opts ...pulumi.ResourceOption,
) (*GovernanceCluster, error) {
	if args == nil {
		args = &GovernanceClusterArgs{}
	}
	cluster, err := newGovernanceCluster(ctx, name, args, opts)
	if err != nil {
		return nil, inComponent("GovernanceCluster", name, err)
	}
	return cluster, nil
}

func newGovernanceCluster(
	ctx *pulumi.Context, name string, args *GovernanceClusterArgs, opts []pulumi.ResourceOption,
) (*GovernanceCluster, error) {
	if err := args.check(); err != nil {
		return nil, err
	}
	g := &GovernanceCluster{}
	if err := ctx.RegisterComponentResourceV2(token("GovernanceCluster"), name, knownInputs(args),
		g, opts...); err != nil {
		return nil, err
	}
	cluster, err := newManagedCluster(ctx, name, args, g)
	if err != nil {
		return nil, err
	}
	nodes, err := newPrimaryNodeType(ctx, name, args, cluster, g)
	if err != nil {
		return nil, err
	}
	g.ClusterID = cluster.ID().ToStringOutput()
	g.ClusterName = cluster.Name
	g.FQDN = cluster.Fqdn
	g.ManagementEndpoint = pulumi.Sprintf("https://%s:%d/Explorer", cluster.Fqdn, gatewayPort)
	g.State = cluster.ClusterState
	g.NodeTypeID = nodes.ID().ToStringOutput()
	g.ApplicationID = none()
	g.ServiceIDs = pulumi.StringMap{}.ToStringMapOutput()
	if args.Package != nil {
		if err := newGovernanceApplication(ctx, name, args, cluster, nodes, g); err != nil {
			return nil, err
		}
	}
	return g, ctx.RegisterResourceOutputs(g, outputs(g))
}

func newManagedCluster(
	ctx *pulumi.Context, name string, args *GovernanceClusterArgs, g *GovernanceCluster,
) (*servicefabric.ManagedCluster, error) {
	client := getClientConfig(ctx, pulumi.Parent(g))
	label := pulumi.All(client.subscriptionID(), args.ResourceGroupName).ApplyT(func(known []any) string {
		return dnsLabel(name, known[0].(string), known[1].(string))
	}).(pulumi.StringOutput)

	properties := &servicefabric.ManagedClusterArgs{
		ResourceGroupName:         args.ResourceGroupName,
		Location:                  args.Location.ToStringOutput(),
		Sku:                       servicefabric.SkuArgs{Name: stringOr(args.SKU, rules.Standard)},
		DnsName:                   label,
		AdminUserName:             args.AdminUserName,
		AdminPassword:             pulumi.ToSecret(args.AdminPassword).(pulumi.StringOutput),
		ClientConnectionPort:      pulumi.Int(clientPort),
		HttpGatewayConnectionPort: pulumi.Int(gatewayPort),
		NetworkSecurityRules:      managementRules(args.AllowedAddressRanges),
		AllowRdpAccess:            pulumi.Bool(false),
		// Together with an image of the latest version.
		EnableAutoOSUpgrade:   pulumi.Bool(true),
		ClusterUpgradeMode:    pulumi.String(servicefabric.ClusterUpgradeModeAutomatic),
		ClusterUpgradeCadence: stringOr(args.UpgradeCadence, defaultCadence).ToStringOutput(),
		AddonFeatures:         pulumi.StringArray{pulumi.String(servicefabric.ManagedClusterAddOnFeatureDnsService)},
		Tags:                  args.Tags,
	}
	if c := args.AdminCertificate; c != nil {
		properties.Clients = servicefabric.ClientCertificateArray{adminClient(*c)}
	}
	if d := args.AzureAD; d != nil {
		properties.AzureActiveDirectory = servicefabric.AzureActiveDirectoryArgs{
			TenantId:           d.TenantID.ToStringOutput(),
			ClusterApplication: d.ClusterApplication.ToStringOutput(),
			ClientApplication:  d.ClientApplication.ToStringOutput(),
		}
	}
	return servicefabric.NewManagedCluster(ctx, autoNamed(name, clusterNameMax, rules.Alphanumeric), properties,
		pulumi.Parent(g), replaced("servicefabric:ManagedCluster"), pulumi.ReplacementTrigger(fixedOfNodes(args)),
		pulumi.AdditionalSecretOutputs([]string{"adminPassword"}))
}

// fixedOfNodes is what Azure does not change of a node type. The primary one cannot be deleted for another either: a
// Basic cluster has no second one, and its last one goes with the cluster alone
// (learn.microsoft.com/azure/service-fabric/how-to-managed-cluster-modify-node-type and
// learn.microsoft.com/azure/service-fabric/service-fabric-scale-up-primary-node-type).
func fixedOfNodes(args *GovernanceClusterArgs) pulumi.Input {
	return pulumi.StringArray{stringOr(args.VMSize, defaultVMSize)}
}

// dnsLabel is the first label of the cluster's domain name: the same on every run, and unlikely to be taken in the
// region, where it has to be unique.
func dnsLabel(name, subscription, group string) string {
	sum := sha256.Sum256([]byte(strings.ToLower(subscription + "/" + group + "/" + name)))
	digest := "-" + hex.EncodeToString(sum[:])[:autoNameSuffix]
	return rules.BoundedName(name, dnsLabelMax-len(digest), rules.Hyphenated) + digest
}

func adminClient(c ClusterCertificate) servicefabric.ClientCertificateArgs {
	client := servicefabric.ClientCertificateArgs{IsAdmin: pulumi.Bool(true)}
	if isSet(c.Thumbprint) {
		client.Thumbprint = c.Thumbprint
	} else {
		client.CommonName = c.CommonName
		client.IssuerThumbprint = c.IssuerThumbprint
	}
	return client
}

// managementRules closes the management ports, which Azure opens to the internet with a rule of its own (priority 3001)
// unless custom ones (1000 to 3000) come before. Azure's resource provider has a rule that comes before all of ours,
// and nodes reach each other within their network
// (learn.microsoft.com/azure/service-fabric/how-to-managed-cluster-networking#nsgrules).
func managementRules(ranges pulumi.StringArrayInput) servicefabric.NetworkSecurityRuleArrayInput {
	if all, known := texts(ranges); known {
		return securityRules(all)
	}
	checked := func(all []string) (servicefabric.NetworkSecurityRuleArrayOutput, error) {
		return securityRules(all).ToNetworkSecurityRuleArrayOutput(), checkRanges(all)
	}
	return ranges.ToStringArrayOutput().ApplyT(checked).(servicefabric.NetworkSecurityRuleArrayOutput)
}

func securityRules(ranges []string) servicefabric.NetworkSecurityRuleArray {
	rule := func(name, description string, priority int,
		access servicefabric.Access) servicefabric.NetworkSecurityRuleArgs {
		return servicefabric.NetworkSecurityRuleArgs{
			Name:                     pulumi.String(name),
			Description:              pulumi.String(description),
			Priority:                 pulumi.Int(priority),
			Access:                   pulumi.String(access),
			Direction:                pulumi.String(servicefabric.DirectionInbound),
			Protocol:                 pulumi.String(servicefabric.NsgProtocolTcp),
			SourcePortRange:          pulumi.String("*"),
			DestinationAddressPrefix: pulumi.String("VirtualNetwork"),
			DestinationPortRanges:    pulumi.ToStringArray([]string{"19000", "19080"}),
		}
	}
	probes := rule("AllowManagementProbes", "Lets the load balancer see whether nodes answer", 1000,
		servicefabric.AccessAllow)
	probes.SourceAddressPrefix = pulumi.String("AzureLoadBalancer")
	rules := servicefabric.NetworkSecurityRuleArray{probes}
	if len(ranges) > 0 {
		allowed := rule("AllowManagement", "Opens the management ports to administrators", 1001,
			servicefabric.AccessAllow)
		allowed.SourceAddressPrefixes = pulumi.ToStringArray(ranges)
		rules = append(rules, allowed)
	}
	denied := rule("DenyManagement", "Closes the management ports to everyone else", 1002, servicefabric.AccessDeny)
	denied.SourceAddressPrefix = pulumi.String("Internet")
	return append(rules, denied)
}

func newPrimaryNodeType(
	ctx *pulumi.Context, name string, args *GovernanceClusterArgs, cluster *servicefabric.ManagedCluster,
	g *GovernanceCluster,
) (*servicefabric.NodeType, error) {
	image := valueOf(args.Image)
	properties := &servicefabric.NodeTypeArgs{
		ResourceGroupName: args.ResourceGroupName,
		ClusterName:       cluster.Name,
		NodeTypeName:      pulumi.String(primaryNodeType),
		IsPrimary:         pulumi.Bool(true),
		VmInstanceCount:   args.nodes(),
		VmSize:            stringOr(args.VMSize, defaultVMSize).ToStringOutput(),
		VmImagePublisher:  stringOr(image.Publisher, "MicrosoftWindowsServer").ToStringOutput(),
		VmImageOffer:      stringOr(image.Offer, "WindowsServer").ToStringOutput(),
		VmImageSku:        stringOr(image.SKU, "2022-Datacenter").ToStringOutput(),
		VmImageVersion:    stringOr(image.Version, "latest").ToStringOutput(),
		DataDiskSizeGB:    intOr(args.DataDiskGB, defaultDataDiskGB).ToIntOutput(),
		DataDiskType:      pulumi.String(servicefabric.DiskType_StandardSSD_LRS),
		Tags:              args.Tags,
	}
	if len(args.NodeCertificates) > 0 {
		certificates := servicefabric.VaultCertificateArray{}
		for _, c := range args.NodeCertificates {
			certificates = append(certificates, servicefabric.VaultCertificateArgs{
				CertificateUrl:   c.URL,
				CertificateStore: stringOr(c.Store, "My"),
			})
		}
		properties.VmSecrets = servicefabric.VaultSecretGroupArray{servicefabric.VaultSecretGroupArgs{
			SourceVault:       servicefabric.SubResourceArgs{Id: args.VaultID.ToStringPtrOutput()},
			VaultCertificates: certificates,
		}}
	}
	// It is not deleted by itself, as the last primary node type never is: it goes with its cluster.
	return servicefabric.NewNodeType(ctx, name+"-nodes", properties,
		inCluster(g, cluster, pulumi.RetainOnDelete(true), replaced("servicefabric:NodeType"))...)
}

// inCluster is the options of what lives in the cluster and goes with it. Azure refuses to delete a cluster's last
// primary node type, so only the cluster itself can be deleted
// (learn.microsoft.com/azure/service-fabric/how-to-managed-cluster-modify-node-type).
func inCluster(
	g *GovernanceCluster, cluster *servicefabric.ManagedCluster, more ...pulumi.ResourceOption,
) []pulumi.ResourceOption {
	return append([]pulumi.ResourceOption{pulumi.Parent(g), pulumi.DeletedWith(cluster)}, more...)
}

// none is the id of a resource that was not asked for.
func none() pulumi.StringPtrOutput { return pulumi.ToOutput((*string)(nil)).(pulumi.StringPtrOutput) }
