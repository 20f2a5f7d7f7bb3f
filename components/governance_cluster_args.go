package components

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/crossorg/crossorg/internal/rules"
)

// GovernanceClusterArgs describes a Service Fabric managed cluster and what runs on it.
type GovernanceClusterArgs struct {
	// Name of the resource group that the cluster is put into.
	ResourceGroupName pulumi.StringInput `pulumi:"resourceGroupName"`
	// Azure region of the cluster, such as "eastus".
	Location pulumi.StringInput `pulumi:"location"`
	// The tags of everything in the cluster that Azure keeps tags for.
	Tags pulumi.StringMapInput `pulumi:"tags,optional"`

	// "Basic", for tests, or "Standard"
	// (learn.microsoft.com/azure/service-fabric/overview-managed-cluster#service-fabric-managed-cluster-skus). Default:
	// "Standard".
	SKU pulumi.StringPtrInput `pulumi:"sku,optional"`
	// Number of nodes in the primary node type: at least 3 with Basic, at least 5 with Standard
	// (learn.microsoft.com/azure/service-fabric/overview-managed-cluster#service-fabric-managed-cluster-skus). Default:
	// as few as the SKU allows.
	NodeCount pulumi.IntPtrInput `pulumi:"nodeCount,optional"`
	// Size of the nodes' virtual machines. Default: "Standard_D2s_v3".
	VMSize pulumi.StringPtrInput `pulumi:"vmSize,optional"`
	// The image of the nodes. Default: Windows Server 2022 Datacenter in its latest version.
	Image *ClusterImage `pulumi:"image,optional"`
	// Size of each node's data disk in GB. Default: 128.
	DataDiskGB pulumi.IntPtrInput `pulumi:"dataDiskGb,optional"`
	// How soon after its release a Service Fabric runtime is applied: "Wave0" at once, "Wave1" a week and "Wave2" two
	// weeks later (learn.microsoft.com/azure/service-fabric/service-fabric-cluster-upgrade). Default: "Wave0".
	UpgradeCadence pulumi.StringPtrInput `pulumi:"upgradeCadence,optional"`

	// User name of the administrator of the nodes' virtual machines.
	AdminUserName pulumi.StringInput `pulumi:"adminUserName"`
	// Password of that administrator. It is kept as a secret.
	AdminPassword pulumi.StringInput `pulumi:"adminPassword" provider:"secret"`
	// Client certificate that may administer the cluster. One of adminCertificate and azureActiveDirectory is required.
	AdminCertificate *ClusterCertificate `pulumi:"adminCertificate,optional"`
	// Directory whose users may administer the cluster. One of adminCertificate and azureActiveDirectory is required.
	AzureAD *ClusterDirectory `pulumi:"azureActiveDirectory,optional"`
	// IPv4 ranges, such as "203.0.113.0/24", that may reach the management ports 19000 and 19080. Without any nobody
	// outside of the cluster's network does, but Azure itself.
	AllowedAddressRanges pulumi.StringArrayInput `pulumi:"allowedAddressRanges,optional"`

	// Certificates that are installed on every node. They come from the vault vaultId.
	NodeCertificates []ClusterNodeCertificate `pulumi:"nodeCertificates,optional"`
	// ARM id of the vault that nodeCertificates come from, which has to be enabled for deployment. Required with them.
	VaultID pulumi.StringPtrInput `pulumi:"vaultId,optional"`

	// The governance application. Left out, the cluster stays empty.
	Package *ClusterPackage `pulumi:"package,optional"`
	// Name of the storage account, in the cluster's resource group, that the package is uploaded to. Required with a
	// package.
	StorageAccountName pulumi.StringPtrInput `pulumi:"storageAccountName,optional"`
}

// ClusterImage is a marketplace image of Windows for a cluster's nodes.
type ClusterImage struct {
	// The publisher of the image. Default: "MicrosoftWindowsServer".
	Publisher pulumi.StringPtrInput `pulumi:"publisher,optional"`
	// The offer of the image. Default: "WindowsServer".
	Offer pulumi.StringPtrInput `pulumi:"offer,optional"`
	// The SKU of the image. Default: "2022-Datacenter".
	SKU pulumi.StringPtrInput `pulumi:"sku,optional"`
	// The version of the image. Azure keeps nodes up to date by itself with "latest" only
	// (learn.microsoft.com/azure/service-fabric/how-to-managed-cluster-upgrade-os). Default: "latest".
	Version pulumi.StringPtrInput `pulumi:"version,optional"`
}

// ClusterCertificate names a client certificate: by its thumbprint, or by its common name together with its issuer's
// thumbprint, never both.
type ClusterCertificate struct {
	// SHA-1 thumbprint of the certificate, 40 hexadecimal digits.
	Thumbprint pulumi.StringPtrInput `pulumi:"thumbprint,optional"`
	// Common name in the certificate's subject.
	CommonName pulumi.StringPtrInput `pulumi:"commonName,optional"`
	// SHA-1 thumbprint of the certificate's issuer; several have commas between them.
	IssuerThumbprint pulumi.StringPtrInput `pulumi:"issuerThumbprint,optional"`
}

// ClusterDirectory lets users of a Microsoft Entra (Azure AD) tenant administer a cluster
// (learn.microsoft.com/azure/service-fabric/service-fabric-cluster-creation-setup-aad).
type ClusterDirectory struct {
	// Id (GUID) of the tenant.
	TenantID pulumi.StringInput `pulumi:"tenantId"`
	// Application (client) id (GUID) that stands for the cluster.
	ClusterApplication pulumi.StringInput `pulumi:"clusterApplication"`
	// Application (client) id (GUID) that clients of the cluster sign in to.
	ClientApplication pulumi.StringInput `pulumi:"clientApplication"`
}

// ClusterNodeCertificate is a certificate that is installed on every node of a cluster.
type ClusterNodeCertificate struct {
	// Id of the certificate's secret with its version: https://<vault>.vault.azure.net/secrets/<name>/<version>.
	URL pulumi.StringInput `pulumi:"url"`
	// Windows certificate store, below LocalMachine, that it is put into. Default: "My".
	Store pulumi.StringPtrInput `pulumi:"store,optional"`
}

// ClusterPackage is a Service Fabric application package and the stateless services to start from it. To change what
// runs, change its version: Azure fetches a package when its version is created, and never again.
type ClusterPackage struct {
	// The path of the local .sfpkg file; a relative one begins at the folder of the project.
	Path string `pulumi:"path"`
	// Name of the application type, as in the package's ApplicationManifest.xml.
	TypeName pulumi.StringInput `pulumi:"typeName"`
	// The version of the application type, as in the package's ApplicationManifest.xml.
	Version string `pulumi:"version"`
	// The services to start, by name: at least one.
	Services map[string]ClusterService `pulumi:"services"`
}

// ClusterService is a stateless service of an application package.
type ClusterService struct {
	// Name of the service type, as in the service's ServiceManifest.xml.
	TypeName pulumi.StringInput `pulumi:"typeName"`
	// Number of instances, or -1 for one on every node. Default: -1.
	InstanceCount pulumi.IntPtrInput `pulumi:"instanceCount,optional"`
}

const (
	defaultVMSize     = "Standard_D2s_v3"
	defaultDataDiskGB = 128
	defaultCadence    = "Wave0"
)

// check reports all problems of what is known of the arguments.
func (a *GovernanceClusterArgs) check() error {
	var p problems
	p.required("resourceGroupName", a.ResourceGroupName, "the group of the organization that hosts the cluster")
	p.required("location", a.Location, `an Azure region, such as "eastus"`)
	a.checkNodes(&p)
	p.required("adminUserName", a.AdminUserName, "the administrator of the machines")
	p.required("adminPassword", a.AdminPassword, "the password of the machines' administrator")
	a.checkAdministrators(&p)
	if all, known := texts(a.AllowedAddressRanges); known {
		if err := checkRanges(all); err != nil {
			p.add("%w", err)
		}
	}
	for i, c := range a.NodeCertificates {
		p.required(fmt.Sprintf("nodeCertificates[%d].url", i), c.URL, "the id of the certificate's secret")
	}
	if len(a.NodeCertificates) > 0 {
		p.required("vaultId", a.VaultID, "the ARM id of the vault that nodeCertificates come from")
	}
	if a.Package != nil {
		a.Package.check(&p)
		p.required("storageAccountName", a.StorageAccountName, "the account that the package is uploaded to")
	}
	return p.err()
}

func (a *GovernanceClusterArgs) checkNodes(p *problems) {
	sku, known := literal[string](stringOr(a.SKU, rules.Standard))
	if !known {
		return
	}
	count, _ := literal[int](a.NodeCount)
	if _, err := nodesOf(sku, count); err != nil {
		p.add("%w", err)
	}
}

// nodes is how many nodes the cluster has.
func (a *GovernanceClusterArgs) nodes() pulumi.IntOutput {
	sku, count := stringOr(a.SKU, rules.Standard), intOr(a.NodeCount, 0)
	return pulumi.All(sku, count).ApplyT(func(known []any) (int, error) {
		return nodesOf(known[0].(string), known[1].(int))
	}).(pulumi.IntOutput)
}

// nodesOf is how many nodes a cluster with a SKU has: as few as the SKU allows where count is 0.
func nodesOf(sku string, count int) (int, error) {
	least := rules.LeastNodes(sku)
	switch {
	case least == 0:
		return 0, fmt.Errorf("sku is %q: set %s", sku, strings.Join(rules.ClusterSKUs(), " or "))
	case count == 0:
		return least, nil
	case count < least:
		return 0, fmt.Errorf("nodeCount is %d: a %s cluster needs at least %d nodes", count, sku, least)
	}
	return count, nil
}

func (a *GovernanceClusterArgs) checkAdministrators(p *problems) {
	if a.AdminCertificate == nil && a.AzureAD == nil {
		p.add("adminCertificate and azureActiveDirectory are missing, " +
			"so nobody could administer the cluster: set one of them")
	}
	if c := a.AdminCertificate; c != nil {
		thumbprint, name, issuer := isSet(c.Thumbprint), isSet(c.CommonName), isSet(c.IssuerThumbprint)
		if name != issuer || thumbprint == name {
			p.add("adminCertificate needs either thumbprint, or commonName with issuerThumbprint")
		}
	}
	if d := a.AzureAD; d != nil {
		p.required("azureActiveDirectory.tenantId", d.TenantID, "the id of the tenant")
		p.required("azureActiveDirectory.clusterApplication", d.ClusterApplication, "the cluster's application id")
		p.required("azureActiveDirectory.clientApplication", d.ClientApplication, "the client's application id")
	}
}

// checkRanges refuses everything that is no IPv4 range.
func checkRanges(ranges []string) error {
	var p problems
	for _, addresses := range ranges {
		if prefix, err := netip.ParsePrefix(addresses); err != nil || !prefix.Addr().Is4() {
			p.add("allowedAddressRanges has %q: the cluster has IPv4 only, so write a range such as 203.0.113.0/24",
				addresses)
		}
	}
	return p.err()
}

func (p *ClusterPackage) check(found *problems) {
	if p.Path == "" {
		found.add("package.path is missing: name the .sfpkg file")
	}
	found.required("package.typeName", p.TypeName, "that of ApplicationManifest.xml")
	if p.Version == "" {
		found.add("package.version is missing: set that of ApplicationManifest.xml")
	}
	if len(p.Services) == 0 {
		found.add("package.services is empty: name at least one service of the package")
	}
	for _, name := range slices.Sorted(maps.Keys(p.Services)) {
		service, argument := p.Services[name], fmt.Sprintf("package.services[%q]", name)
		found.required(argument+".typeName", service.TypeName, "that of ServiceManifest.xml")
		if n, known := literal[int](service.InstanceCount); known && !rules.InstanceCount(n) {
			found.add("%s.instanceCount is %d: set 1 or more, or -1 for every node", argument, n)
		}
	}
}
