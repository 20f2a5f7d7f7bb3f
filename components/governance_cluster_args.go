package components

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// GovernanceClusterArgs describes a Service Fabric managed cluster and what runs on it. Plain values decide which
// resources there are.
type GovernanceClusterArgs struct {
	// ResourceGroupName is the group of the organization that hosts the cluster. Required.
	ResourceGroupName pulumi.StringInput
	// Location is the Azure region. Required.
	Location pulumi.StringInput
	// Tags go on everything taggable.
	Tags pulumi.StringMapInput

	// SKU is "Basic" or "Standard" (the default).
	SKU string
	// NodeCount is the size of the primary node type: at least 3 with Basic, 5 with Standard; 0 means just that.
	NodeCount int
	// VMSize of the nodes; nil means Standard_D2s_v3.
	VMSize pulumi.StringInput
	// Image of the nodes; what is left empty is Windows Server 2022 Datacenter in its latest version, the only version
	// that Azure keeps up to date by itself.
	Image ClusterImage
	// DataDiskGB is the size of each node's data disk; 0 means 128.
	DataDiskGB int
	// UpgradeCadence says how soon after its release a Service Fabric runtime is applied: "Wave0" (the default) at
	// once, "Wave1" a week and "Wave2" two weeks later.
	UpgradeCadence string

	// AdminUserName and AdminPassword are those of the machines. Required; the password becomes a secret here.
	AdminUserName pulumi.StringInput
	AdminPassword pulumi.StringInput
	// AdminCertificate and AzureAD say who may administer the cluster; at least one is required.
	AdminCertificate *ClusterCertificate
	AzureAD          *ClusterDirectory
	// AllowedAddressRanges may reach the management ports (IPv4, CIDR). Everyone else outside of the cluster's network
	// is refused, so without a range only Azure itself gets there.
	AllowedAddressRanges []string

	// NodeCertificates are installed on every node. They come from the vault with ARM id VaultID, which must be enabled
	// for deployment.
	NodeCertificates []ClusterNodeCertificate
	VaultID          pulumi.StringInput

	// Package is the governance application; nil leaves the cluster empty. It is uploaded to the account
	// StorageAccountName of the same resource group.
	Package            *ClusterPackage
	StorageAccountName pulumi.StringInput
}

// ClusterImage is a marketplace image of Windows.
type ClusterImage struct {
	Publisher string
	Offer     string
	SKU       string
	Version   string
}

// ClusterCertificate names a client certificate: by its SHA-1 thumbprint, or by its common name together with the
// thumbprint of its issuer (several with commas between).
type ClusterCertificate struct {
	Thumbprint       string
	CommonName       string
	IssuerThumbprint string
}

// ClusterDirectory lets users of a Microsoft Entra (Azure AD) tenant sign in: the tenant's id, and the application ids
// of cluster and client.
type ClusterDirectory struct {
	TenantID           string
	ClusterApplication string
	ClientApplication  string
}

// ClusterNodeCertificate is a certificate for every node.
type ClusterNodeCertificate struct {
	// URL is the id of the certificate's secret with its version:
	// https://<vault>.vault.azure.net/secrets/<name>/<version>.
	URL string
	// Store is the Windows certificate store below LocalMachine; empty means My.
	Store string
}

// ClusterPackage is a Service Fabric application package and the stateless services to start from it. To change what
// runs, change Version with the package: Azure fetches a package when its version is created, and never again.
type ClusterPackage struct {
	// Path of the local .sfpkg file.
	Path string
	// TypeName and Version must equal those of the package's ApplicationManifest.xml.
	TypeName string
	Version  string
	// Services by name; at least one.
	Services map[string]ClusterService
}

// ClusterService is a stateless service.
type ClusterService struct {
	// TypeName must equal that of the ServiceManifest.xml.
	TypeName string
	// InstanceCount is positive, or -1 for one instance on every node.
	InstanceCount int
}

// leastNodes is how many nodes the primary node type needs, by cluster SKU
// (learn.microsoft.com/azure/service-fabric/overview-managed-cluster#service-fabric-managed-cluster-skus).
var leastNodes = map[string]int{"Basic": 3, "Standard": 5}

// withDefaults is a copy with the defaults in place.
func (a GovernanceClusterArgs) withDefaults() *GovernanceClusterArgs {
	orElse(&a.SKU, "Standard")
	if a.NodeCount == 0 {
		a.NodeCount = leastNodes[a.SKU]
	}
	if a.VMSize == nil {
		a.VMSize = pulumi.String("Standard_D2s_v3")
	}
	orElse(&a.Image.Publisher, "MicrosoftWindowsServer")
	orElse(&a.Image.Offer, "WindowsServer")
	orElse(&a.Image.SKU, "2022-Datacenter")
	orElse(&a.Image.Version, "latest")
	if a.DataDiskGB == 0 {
		a.DataDiskGB = 128
	}
	orElse(&a.UpgradeCadence, "Wave0")
	return &a
}

func orElse(value *string, otherwise string) {
	if *value == "" {
		*value = otherwise
	}
}

func (a *GovernanceClusterArgs) check() error {
	var errs []error
	problem := func(format string, v ...any) { errs = append(errs, fmt.Errorf(format, v...)) }
	if a.ResourceGroupName == nil {
		problem("ResourceGroupName is missing: set the group of the organization that hosts the cluster")
	}
	if a.Location == nil {
		problem("Location is missing: set an Azure region, such as \"eastus\"")
	}
	if least := leastNodes[a.SKU]; least == 0 {
		problem("SKU is %q: set Basic or Standard", a.SKU)
	} else if a.NodeCount < least {
		problem("NodeCount is %d: a %s cluster needs at least %d nodes", a.NodeCount, a.SKU, least)
	}
	if a.AdminUserName == nil || a.AdminPassword == nil {
		problem("AdminUserName or AdminPassword is missing: set the administrator of the machines")
	}
	if a.AdminCertificate == nil && a.AzureAD == nil {
		problem("AdminCertificate and AzureAD are missing, so nobody could administer the cluster: set one of them")
	}
	if c := a.AdminCertificate; c != nil && (c.Thumbprint == "") == (c.CommonName == "" || c.IssuerThumbprint == "") {
		problem("AdminCertificate needs either Thumbprint, or CommonName with IssuerThumbprint")
	}
	for _, addresses := range a.AllowedAddressRanges {
		if p, err := netip.ParsePrefix(addresses); err != nil || !p.Addr().Is4() {
			problem("AllowedAddressRanges has %q: the cluster has IPv4 only, so write a range such as 203.0.113.0/24",
				addresses)
		}
	}
	if len(a.NodeCertificates) > 0 && a.VaultID == nil {
		problem("VaultID is missing: set the ARM id of the vault that NodeCertificates come from")
	}
	if a.Package != nil {
		if err := a.Package.check(); err != nil {
			errs = append(errs, err)
		}
		if a.StorageAccountName == nil {
			problem("StorageAccountName is missing: set the account that the package is uploaded to")
		}
	}
	return errors.Join(errs...)
}

func (p *ClusterPackage) check() error {
	var errs []error
	problem := func(format string, v ...any) { errs = append(errs, fmt.Errorf(format, v...)) }
	if p.Path == "" {
		problem("Package.Path is missing: name the .sfpkg file")
	}
	if p.TypeName == "" || p.Version == "" {
		problem("Package.TypeName or Package.Version is missing: set those of ApplicationManifest.xml")
	}
	if len(p.Services) == 0 {
		problem("Package.Services is empty: name at least one service of the package")
	}
	for _, name := range sortedKeys(p.Services) {
		if p.Services[name].TypeName == "" {
			problem("Package.Services[%q].TypeName is missing: set that of ServiceManifest.xml", name)
		}
		if n := p.Services[name].InstanceCount; n < 1 && n != -1 {
			problem("Package.Services[%q].InstanceCount is %d: set 1 or more, or -1 for every node", name, n)
		}
	}
	return errors.Join(errs...)
}

// inputs are the component's inputs as recorded in the stack's state: the plain ones, and no password.
func (a *GovernanceClusterArgs) inputs() pulumi.Map {
	in := pulumi.Map{
		"location":             a.Location,
		"sku":                  pulumi.String(a.SKU),
		"nodeCount":            pulumi.Int(a.NodeCount),
		"vmSize":               a.VMSize,
		"allowedAddressRanges": pulumi.ToStringArray(a.AllowedAddressRanges),
	}
	if a.Tags != nil {
		in["tags"] = a.Tags
	}
	if p := a.Package; p != nil {
		in["package"] = pulumi.Map{
			"typeName": pulumi.String(p.TypeName),
			"version":  pulumi.String(p.Version),
			"services": pulumi.ToStringArray(sortedKeys(p.Services)),
		}
	}
	return in
}
