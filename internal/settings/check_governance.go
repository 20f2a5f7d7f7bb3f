package settings

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/crossorg/crossorg/internal/rules"
)

func (c *collector) checkGovernance(s *Settings, options Options) {
	at, g := path{keyGovernance}, s.Governance
	host := at.with("organization")
	if c.organization(host, g.Organization, s) && !takesPart(s, g.Organization) && !c.sharesBroken() {
		c.add(host, g.Organization, "takes part in no share, and so has no vault for the cluster",
			"name the provider or a consumer of a share, or set "+Namespace+":"+keyGovernance+" to {}")
	}

	if c.oneOf(at.with("sku"), g.SKU, rules.ClusterSKUs()...) {
		if least := rules.LeastNodes(g.SKU); g.NodeCount < least {
			c.add(at.with("nodeCount"), g.NodeCount, fmt.Sprintf("too few nodes for the sku %s", g.SKU),
				fmt.Sprintf("use at least %d", least))
		} else if g.NodeCount > rules.MostNodes {
			c.add(at.with("nodeCount"), g.NodeCount, "too many nodes", fmt.Sprintf("use at most %d", rules.MostNodes))
		}
	}
	if c.required(at.with("vmSize"), g.VMSize, "set a size, such as Standard_D2s_v3") && !vmSize.MatchString(g.VMSize) {
		c.add(at.with("vmSize"), g.VMSize, "not the name of a VM size",
			"use one such as Standard_D2s_v3; az vm list-sizes lists them")
	}
	image := at.with("image")
	c.imagePart(image.with("publisher"), g.Image.Publisher, "MicrosoftWindowsServer")
	c.imagePart(image.with("offer"), g.Image.Offer, "WindowsServer")
	c.imagePart(image.with("sku"), g.Image.SKU, "2019-Datacenter")
	c.imagePart(image.with("version"), g.Image.Version, "latest")

	c.adminUser(at.with("adminUser"), g.AdminUser)
	c.adminPassword(g.AdminPassword)
	c.checkAdministrators(at, g)
	c.addresses(at.with("allowedAddressRanges"), g.AllowedAddressRanges, rules.ClusterAddressRules, c.clusterRange)
	c.checkNodeCertificates(at.with("nodeCertificates"), g.NodeCertificates, s.KeyVault)
	if g.Package != nil {
		c.checkPackage(at.with("package"), g.Package, options.Root)
		// The cluster fetches the package from its host's account, whose region it is in: address rules do not let
		// machines of the same region in, and Service Fabric is not a trusted service
		// (learn.microsoft.com/azure/storage/common/storage-network-security).
		if ranges := (path{keyStorage, "allowedAddressRanges"}); len(s.Storage.AllowedAddressRanges) > 0 {
			c.add(ranges, nil,
				"closes the storage account that the cluster fetches "+at.with("package").String()+" from",
				"remove one of the two")
		}
	}
}

// plainName is made of what is safe in a resource id: letters, digits, hyphens, dots and underscores.
var plainName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// imagePart checks a part of the name of a marketplace image (az vm image list shows them).
func (c *collector) imagePart(at path, value, example string) {
	if c.required(at, value, "set it, such as "+example) {
		c.plain(at, value, rules.MaxImagePart, "use one such as "+example+"; az vm image list shows them")
	}
}

// plain reports a text that is longer than it may be, or not safe in a resource id.
func (c *collector) plain(at path, value string, most int, remedy string) {
	if len(value) > most || !plainName.MatchString(value) || strings.HasSuffix(value, ".") {
		c.add(at, value, fmt.Sprintf("not a name of at most %d letters, digits, hyphens, dots and underscores", most),
			remedy)
	}
}

// sharesBroken reports whether shares have problems, which leave their participants uncertain.
func (c *collector) sharesBroken() bool {
	shares := path{keyShares}.String()
	return slices.ContainsFunc(c.problems, func(p Problem) bool { return strings.HasPrefix(p.Key, shares) })
}

// takesPart reports whether an organization is on one of the sides of a share.
func takesPart(s *Settings, organization string) bool {
	for _, share := range s.Shares {
		if share.Provider == organization || slices.Contains(share.Consumers, organization) {
			return true
		}
	}
	return false
}

// Names that Azure refuses for the administrator of a Windows virtual machine, and characters that Windows refuses in
// user names (learn.microsoft.com/azure/virtual-machines/windows/faq, osProfile.adminUsername of the REST API).
var refusedUsers = []string{
	"1", "123", "a", "actuser", "adm", "admin", "admin1", "admin2", "administrator", "aspnet", "backup", "console",
	"david", "guest", "john", "owner", "root", "server", "sql", "support", "support_388945a0", "sys", "test", "test1",
	"test2", "test3", "user", "user1", "user2", "user3", "user4", "user5",
}

const notInUser = `\/"[]:|<>+=;,?*@&`

func (c *collector) adminUser(at path, user string) {
	switch {
	case !c.required(at, user, "name the administrator of the nodes"):
	case utf8.RuneCountInString(user) > 20:
		c.add(at, user, "too long for Windows", "use at most 20 characters")
	case slices.Contains(refusedUsers, strings.ToLower(user)):
		c.add(at, user, "a user name that Azure refuses", "choose one that is less common")
	case strings.HasSuffix(user, "."):
		c.add(at, user, "a dot at the end", "leave it out")
	case strings.ContainsAny(user, notInUser) || strings.ContainsFunc(user, unicode.IsControl) ||
		strings.Contains(user, " "):
		c.add(at, user, "a character that Windows refuses in user names", "leave out spaces and "+notInUser)
	}
}

// Passwords that Azure refuses although they fit its rule (osProfile.adminPassword of the REST API).
var refusedPasswords = []string{
	"abc@123", "P@$$w0rd", "P@ssw0rd", "P@ssword123", "Pa$$word", "pass@word1", "Password!", "Password1", "Password22",
	"iloveyou!",
}

// adminPassword holds the password against Azure's rule for Windows: 8 to 123 characters, three of four classes
// (learn.microsoft.com/rest/api/compute/virtual-machines/create-or-update#osprofile). It is never shown.
func (c *collector) adminPassword(secret Secret) {
	at, password := path{keyAdminPassword}, secret.Reveal()
	remedy := "run pulumi config set --secret " + at.String()
	if !secret.IsSet() {
		c.add(at, nil, "missing, though there is a cluster to administer", remedy)
		return
	}
	if isStructure(password) {
		c.add(at, nil, "an object or a list, and a password is one text", remedy)
		return
	}
	var reasons []string
	if n := utf8.RuneCountInString(password); n < 8 || n > 123 {
		reasons = append(reasons, "not 8 to 123 characters long")
	}
	if classes(password) < 3 {
		reasons = append(reasons, "not of three of the classes lowercase, uppercase, digit and special character")
	}
	if slices.Contains(refusedPasswords, password) {
		reasons = append(reasons, "one of the well-known passwords that Azure refuses")
	}
	if len(reasons) > 0 {
		c.add(at, nil, strings.Join(reasons, " and "), remedy)
	}
}

// classes counts the classes of characters in a password.
func classes(password string) int {
	var lower, upper, digit, special int
	for _, r := range password {
		switch {
		case unicode.IsLower(r):
			lower = 1
		case unicode.IsUpper(r):
			upper = 1
		case unicode.IsDigit(r):
			digit = 1
		default:
			special = 1
		}
	}
	return lower + upper + digit + special
}

// checkAdministrators: without a client certificate or a directory nobody could open the cluster
// (learn.microsoft.com/azure/service-fabric/how-to-managed-cluster-configuration).
func (c *collector) checkAdministrators(at path, g *Governance) {
	if g.AdminCertificate == nil && g.AzureAD == nil {
		c.add(at.with("adminCertificate"), nil,
			"missing, and so is azureActiveDirectory: nobody could administer the cluster",
			"run pulumi config set --path "+at.with("adminCertificate").with("thumbprint").String()+" "+
				"with the certificate's SHA-1 thumbprint")
	}
	if certificate := g.AdminCertificate; certificate != nil {
		c.checkCertificate(at.with("adminCertificate"), *certificate)
	}
	if directory := g.AzureAD; directory != nil {
		here := at.with("azureActiveDirectory")
		for _, field := range []struct{ name, value string }{
			{"tenantId", directory.TenantID},
			{"clusterApplication", directory.ClusterApplication},
			{"clientApplication", directory.ClientApplication},
		} {
			remedy := "set the application (client) id"
			if field.name == "tenantId" {
				remedy = "set the id of the directory"
			}
			if c.required(here.with(field.name), field.value, remedy) {
				c.guid(here.with(field.name), field.value, remedy)
			}
		}
	}
}

func (c *collector) checkCertificate(at path, certificate Certificate) {
	switch {
	case certificate.Thumbprint != "" && certificate.CommonName != "":
		c.add(at, nil, "both a thumbprint and a common name", "keep one of them")
	case certificate.Thumbprint == "" && certificate.CommonName == "" && certificate.IssuerThumbprint == "":
		c.add(at, nil, "names no certificate", "set thumbprint, or commonName with issuerThumbprint")
	case certificate.Thumbprint != "":
		c.thumbprint(at.with("thumbprint"), certificate.Thumbprint)
		if certificate.IssuerThumbprint != "" {
			c.add(at.with("issuerThumbprint"), certificate.IssuerThumbprint, "only goes with commonName", "remove it")
		}
	default:
		if c.required(at.with("commonName"), certificate.CommonName,
			"set the subject's common name, or use thumbprint") {
			c.text(at.with("commonName"), certificate.CommonName, rules.MaxCommonName)
		}
		issuer := at.with("issuerThumbprint")
		if c.required(issuer, certificate.IssuerThumbprint,
			"set the issuer's thumbprint: any issuer could sign that name otherwise") {
			// Azure takes several issuers, separated by commas.
			for one := range strings.SplitSeq(certificate.IssuerThumbprint, ",") {
				c.thumbprint(issuer, one)
			}
		}
	}
}

func (c *collector) thumbprint(at path, value string) {
	if !thumbprint.MatchString(value) {
		c.add(at, value, "not a certificate thumbprint",
			"use the SHA-1 thumbprint: 40 hexadecimal digits without separators")
	}
}

var (
	// learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates#object-identifiers
	certificateSecret = regexp.MustCompile(`^/secrets/[0-9a-zA-Z-]{1,127}/[0-9a-fA-F]{32}$`)
	// The names of vaults and the domains of Azure's clouds
	// (learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates#dns-suffixes-for-base-url).
	vaultHost    = regexp.MustCompile(`(?i)^[a-z0-9-]{3,24}\.vault\.(azure\.net|azure\.cn|usgovcloudapi\.net)$`)
	windowsStore = regexp.MustCompile(`^[A-Za-z]+$`)
)

func (c *collector) checkNodeCertificates(at path, certificates []NodeCertificate, vault KeyVault) {
	for i, certificate := range certificates {
		here := at.with(i).with("url")
		const remedy = "use the secret id of a certificate's version: " +
			"https://<vault>.vault.azure.net/secrets/<name>/<version>"
		if c.required(here, certificate.URL, remedy) {
			address, err := url.Parse(certificate.URL)
			if err != nil || address.Scheme != "https" || !vaultHost.MatchString(address.Host) ||
				address.RawQuery != "" || address.Fragment != "" || address.User != nil ||
				!certificateSecret.MatchString(address.Path) {
				c.add(here, certificate.URL, "not the URL of a certificate's secret", remedy)
			}
		}
		if !windowsStore.MatchString(certificate.Store) || len(certificate.Store) > rules.MaxStoreName {
			c.add(at.with(i).with("store"), certificate.Store, "not a Windows certificate store", "use My")
		}
	}
	// learn.microsoft.com/azure/key-vault/general/vault-create-template: virtual machines may fetch certificates only
	// then.
	if len(certificates) > 0 && !vault.EnabledForDeployment {
		c.add(path{keyKeyVault, "enabledForDeployment"}, vault.EnabledForDeployment,
			"nodes could not fetch "+at.String(), "set it to true")
	}
}

// checkPackage checks what the application's resources are made of
// (learn.microsoft.com/azure/service-fabric/how-to-managed-cluster-app-deployment-template).
func (c *collector) checkPackage(at path, p *Package, root string) {
	file := at.with("path")
	if c.required(file, p.Path, "name the .sfpkg file") {
		c.packageFile(file, p, root)
	}
	if remedy := "set ApplicationTypeName of ApplicationManifest.xml"; c.required(at.with("typeName"), p.TypeName,
		remedy) {
		c.plain(at.with("typeName"), p.TypeName, rules.MaxPackageName, remedy)
	}
	if remedy := "set ApplicationTypeVersion of ApplicationManifest.xml"; c.required(at.with("version"), p.Version,
		remedy) {
		c.plain(at.with("version"), p.Version, rules.MaxPackageName, remedy)
	}
	services := at.with("services")
	if len(p.Services) == 0 {
		c.add(services, nil, "missing", "name at least one service of the package")
	}
	for _, name := range slices.Sorted(maps.Keys(p.Services)) {
		here := services.with(name)
		if !serviceName.MatchString(name) {
			c.add(here, nil, "not a valid service name", "use 1 to 63 letters, digits, hyphens, dots and "+
				"underscores, a letter or digit first")
		}
		c.required(here.with("typeName"), p.Services[name].TypeName, "set ServiceTypeName of ServiceManifest.xml")
		if n := p.Services[name].InstanceCount; !rules.InstanceCount(n) {
			c.add(here.with("instanceCount"), n, "out of range", "use -1 for every node, or 1 and more")
		}
	}
	c.serviceNames(services, p.Services)
}

// packageFile checks the file of a package, and the configuration against what it says.
func (c *collector) packageFile(at path, p *Package, root string) {
	info, ok := c.stat(at, p.Path, root)
	switch {
	case !ok:
	case !info.Mode().IsRegular():
		c.add(at, p.Path, "not a file", "name the .sfpkg file, not the folder that it is made of")
	case !readable(inProject(root, p.Path)):
		c.add(at, p.Path, "may not be read by you", "see who may read it")
	default:
		app, reason, remedy := readPackage(inProject(root, p.Path))
		if reason != "" {
			c.add(at, p.Path, reason, remedy)
			return
		}
		c.matches(at[:len(at)-1], p, app)
	}
}

// serviceName keeps to what is safe in a resource id and in Service Fabric's fabric:/ names.
var serviceName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)
