package components_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/components"
	"github.com/crossorg/crossorg/tests/azuremock"
)

const (
	adminPassword   = "correct-Horse-7-battery"
	adminThumbprint = "0123456789ABCDEF0123456789ABCDEF01234567"
)

// governance is a program with a cluster of contoso, changed by change, beside contoso's providing side. What the
// cluster turns out to be is put into see.
func governance(change func(*components.GovernanceClusterArgs), see map[string]any) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		azure, err := contoso(ctx)
		if err != nil {
			return err
		}
		org, err := components.NewProviderOrg(ctx, "contoso-provider", &components.ProviderOrgArgs{
			Location: pulumi.String("eastus"), Containers: []string{"shared-datasets"},
		}, pulumi.Provider(azure))
		if err != nil {
			return err
		}
		args := &components.GovernanceClusterArgs{
			ResourceGroupName:  org.ResourceGroupName,
			Location:           pulumi.String("eastus"),
			Tags:               pulumi.ToStringMap(map[string]string{"purpose": "test"}),
			AdminUserName:      pulumi.String("fabricadmin"),
			AdminPassword:      pulumi.String(adminPassword),
			AdminCertificate:   &components.ClusterCertificate{Thumbprint: pulumi.String(adminThumbprint)},
			VaultID:            org.VaultID,
			StorageAccountName: org.StorageAccountName,
		}
		if change != nil {
			change(args)
		}
		cluster, err := components.NewGovernanceCluster(ctx, "contoso-governance", args, pulumi.Provider(azure))
		if err != nil {
			return err
		}
		look(see, pulumi.Map{
			"fqdn": cluster.FQDN, "managementEndpoint": cluster.ManagementEndpoint, "state": cluster.State,
			"applicationId": cluster.ApplicationID, "serviceIds": cluster.ServiceIDs,
		})
		return nil
	}
}

func mustGovern(t *testing.T, change func(*components.GovernanceClusterArgs)) *azuremock.Azure {
	t.Helper()
	return azuremock.MustRun(t, governance(change, nil), azuremock.Options{})
}

// withPackage gives the cluster an application of two services.
func withPackage(t *testing.T, version string) func(*components.GovernanceClusterArgs) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "governance.sfpkg")
	require.NoError(t, os.WriteFile(file, []byte("package"), 0o600))
	return func(a *components.GovernanceClusterArgs) {
		a.Package = &components.ClusterPackage{
			Path: file, TypeName: pulumi.String("GovernanceType"), Version: version,
			Services: map[string]components.ClusterService{
				"PolicyService": {TypeName: pulumi.String("PolicyServiceType"), InstanceCount: pulumi.Int(2)},
				"AuditService":  {TypeName: pulumi.String("AuditServiceType")},
			},
		}
	}
}

// Ensure the least that is given makes a cluster that can become ready, with safe choices for the rest.
func TestGovernanceClusterDefaults(t *testing.T) {
	a := mustGovern(t, nil)
	cluster := a.OfType("servicefabric:ManagedCluster")[0]
	for path, want := range map[string]any{
		"sku.name":                  "Standard",
		"adminUserName":             "fabricadmin",
		"allowRdpAccess":            false,
		"enableAutoOSUpgrade":       true,
		"clusterUpgradeMode":        "Automatic",
		"clusterUpgradeCadence":     "Wave0",
		"clientConnectionPort":      19000.0,
		"httpGatewayConnectionPort": 19080.0,
		"tags.purpose":              "test",
		"azureActiveDirectory":      nil,
	} {
		assert.Equal(t, want, cluster.Input(path), path)
	}
	assert.Equal(t, []any{map[string]any{"isAdmin": true, "thumbprint": adminThumbprint}}, cluster.Input("clients"))

	nodes := a.OfType("servicefabric:NodeType")[0]
	for path, want := range map[string]any{
		"clusterName":      cluster.Output("name"),
		"isPrimary":        true,
		"vmInstanceCount":  5.0,
		"vmSize":           "Standard_D2s_v3",
		"vmImagePublisher": "MicrosoftWindowsServer",
		"vmImageOffer":     "WindowsServer",
		"vmImageSku":       "2022-Datacenter",
		"vmImageVersion":   "latest", // what automatic upgrades need
		"dataDiskSizeGB":   128.0,
		"vmSecrets":        nil,
		"tags.purpose":     "test",
	} {
		assert.Equal(t, want, nodes.Input(path), path)
	}
	assert.True(t, a.Waits(nodes, cluster))
	assert.Empty(t, a.OfType("servicefabric:ManagedClusterApplicationType"), "no package, no application")
}

func TestGovernanceClusterTakesItsArguments(t *testing.T) {
	a := mustGovern(t, func(a *components.GovernanceClusterArgs) {
		a.SKU, a.NodeCount = pulumi.String("Basic"), pulumi.Int(4)
		a.DataDiskGB, a.UpgradeCadence = pulumi.Int(256), pulumi.String("Wave2")
		a.VMSize = pulumi.String("Standard_D4s_v3")
		a.Image = &components.ClusterImage{SKU: pulumi.String("2019-Datacenter"), Version: pulumi.String("17763.1.1")}
		a.AdminCertificate = &components.ClusterCertificate{CommonName: pulumi.String("admin.contoso.example"),
			IssuerThumbprint: pulumi.String(adminThumbprint)}
		a.AzureAD = &components.ClusterDirectory{TenantID: pulumi.String("tenant"),
			ClusterApplication: pulumi.String("cluster"), ClientApplication: pulumi.String("client")}
		a.NodeCertificates = []components.ClusterNodeCertificate{
			{URL: pulumi.String("https://v.vault.azure.net/secrets/c/0")},
		}
	})
	cluster, nodes := a.OfType("servicefabric:ManagedCluster")[0], a.OfType("servicefabric:NodeType")[0]
	assert.Equal(t, "Basic", cluster.Input("sku.name"))
	assert.Equal(t, "Wave2", cluster.Input("clusterUpgradeCadence"))
	assert.Equal(t, []any{map[string]any{"isAdmin": true, "commonName": "admin.contoso.example",
		"issuerThumbprint": adminThumbprint}}, cluster.Input("clients"))
	assert.Equal(t, map[string]any{"tenantId": "tenant", "clusterApplication": "cluster",
		"clientApplication": "client"}, cluster.Input("azureActiveDirectory"))
	for path, want := range map[string]any{
		"vmInstanceCount": 4.0, "vmSize": "Standard_D4s_v3", "vmImageSku": "2019-Datacenter",
		"vmImageVersion": "17763.1.1", "dataDiskSizeGB": 256.0,
		"vmSecrets": []any{map[string]any{
			"sourceVault": map[string]any{"id": a.OfType("keyvault:Vault")[0].ID},
			"vaultCertificates": []any{map[string]any{"certificateUrl": "https://v.vault.azure.net/secrets/c/0",
				"certificateStore": "My"}},
		}},
	} {
		assert.Equal(t, want, nodes.Input(path), path)
	}
}

// Ensure that of all network security rules only those of the configured ranges open the management ports, and that
// everybody else is refused before Azure's own rule lets them in.
func TestGovernanceClusterClosesManagementPorts(t *testing.T) {
	rules := func(ranges ...string) map[string]map[string]any {
		a := mustGovern(t, func(a *components.GovernanceClusterArgs) {
			a.AllowedAddressRanges = pulumi.ToStringArray(ranges)
		})
		named := map[string]map[string]any{}
		for _, rule := range a.OfType("servicefabric:ManagedCluster")[0].Input("networkSecurityRules").([]any) {
			rule := rule.(map[string]any)
			named[rule["name"].(string)] = rule
			assert.Equal(t, "inbound", rule["direction"])
			assert.Equal(t, []any{"19000", "19080"}, rule["destinationPortRanges"])
			// Azure keeps what is below 1000 and above 3000 to itself.
			assert.GreaterOrEqual(t, rule["priority"], 1000.0)
			assert.LessOrEqual(t, rule["priority"], 3000.0)
		}
		return named
	}
	closed := rules()
	assert.Len(t, closed, 2)
	assert.NotContains(t, closed, "AllowManagement")
	assert.Equal(t, "deny", closed["DenyManagement"]["access"])
	assert.Equal(t, "Internet", closed["DenyManagement"]["sourceAddressPrefix"])
	assert.Equal(t, "AzureLoadBalancer", closed["AllowManagementProbes"]["sourceAddressPrefix"])

	open := rules("203.0.113.0/24", "198.51.100.7/32")
	assert.Len(t, open, 3)
	assert.Equal(t, "allow", open["AllowManagement"]["access"])
	assert.Equal(t, []any{"203.0.113.0/24", "198.51.100.7/32"}, open["AllowManagement"]["sourceAddressPrefixes"])
	assert.Less(t, open["AllowManagement"]["priority"], open["DenyManagement"]["priority"], "the lower one decides")
}

// Ensure the cluster's domain name is one that Azure accepts, the same on every run, and another in another group.
func TestGovernanceClusterDomainName(t *testing.T) {
	label := func(group string) string {
		a := mustGovern(t, func(a *components.GovernanceClusterArgs) { a.ResourceGroupName = pulumi.String(group) })
		return a.OfType("servicefabric:ManagedCluster")[0].Input("dnsName").(string)
	}
	first := label("group-1")
	assert.Regexp(t, `^contoso-governance-[0-9a-f]{8}$`, first)
	assert.Equal(t, first, label("group-1"))
	assert.NotEqual(t, first, label("group-2"))
}

// Ensure an application is made only once the cluster has nodes, in the order that Azure demands.
func TestGovernanceApplicationOrder(t *testing.T) {
	a := mustGovern(t, withPackage(t, "1.0.0"))
	one := func(kind string) azuremock.Resource {
		all := a.OfType(kind)
		require.Len(t, all, 1, kind)
		return all[0]
	}
	order := []azuremock.Resource{
		one("servicefabric:ManagedCluster"),
		one("servicefabric:NodeType"),
		one("servicefabric:ManagedClusterApplicationType"),
		one("servicefabric:ManagedClusterApplicationTypeVersion"),
		one("servicefabric:ManagedClusterApplication"),
	}
	services := a.OfType("servicefabric:ManagedClusterService")
	require.Len(t, services, 2)
	for i := range order[1:] {
		assert.True(t, a.Waits(order[i+1], order[i]), "%s after %s", order[i+1].Name, order[i].Name)
	}
	for _, s := range services {
		assert.True(t, a.Waits(s, order[4]), s.Name)
	}
	assert.True(t, a.Waits(order[3], one("storage:Blob")), "the package is there when Azure fetches it")

	assert.Equal(t, "GovernanceType", order[2].Output("name"))
	assert.Equal(t, "1.0.0", order[3].Output("name"))
	assert.Equal(t, "Governance", order[4].Output("name"))
	assert.Equal(t, order[3].ID, order[4].Input("version"), "an application's version is the type version's id")
}

func TestGovernanceServices(t *testing.T) {
	a := mustGovern(t, withPackage(t, "1.0.0"))
	for name, want := range map[string]map[string]any{
		"AuditService":  {"serviceTypeName": "AuditServiceType", "instanceCount": -1.0},
		"PolicyService": {"serviceTypeName": "PolicyServiceType", "instanceCount": 2.0},
	} {
		service := a.Get(t, "servicefabric:ManagedClusterService", "contoso-governance-"+name)
		want["serviceKind"] = "Stateless"
		want["partitionDescription"] = map[string]any{"partitionScheme": "Singleton"}
		assert.Equal(t, want, service.Input("properties"))
		assert.Equal(t, name, service.Output("name"))
		assert.Equal(t, "test", service.Input("tags.purpose"))
	}
}

// Ensure an upgrade is watched and goes back when it fails.
func TestGovernanceApplicationUpgradesMonitored(t *testing.T) {
	app := mustGovern(t, withPackage(t, "1.0.0")).OfType("servicefabric:ManagedClusterApplication")[0]
	assert.Equal(t, "Monitored", app.Input("upgradePolicy.upgradeMode"))
	assert.Equal(t, "Rollback", app.Input("upgradePolicy.rollingUpgradeMonitoringPolicy.failureAction"))
	limit := func(name string) time.Duration {
		at, err := time.Parse(time.TimeOnly, app.Input("upgradePolicy.rollingUpgradeMonitoringPolicy."+name).(string))
		require.NoError(t, err, name)
		return at.Sub(time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC))
	}
	domain := limit("healthCheckWaitDuration") + limit("healthCheckStableDuration") + limit("healthCheckRetryTimeout")
	assert.Less(t, domain, limit("upgradeDomainTimeout"), "a domain's checks fit into its time")
	assert.LessOrEqual(t, 5*limit("upgradeDomainTimeout"), limit("upgradeTimeout"),
		"all five domains fit into the upgrade's time")
}

// Ensure the package lies in a private container and Azure gets a link that reads that one blob over TLS, for some
// hours.
func TestGovernancePackageLink(t *testing.T) {
	m := record(t, governance(withPackage(t, "1.0.0"), nil))
	container := m.sent(t, "storage:BlobContainer", "contoso-governance-packages")
	assert.Equal(t, "None", container.inputs["publicAccess"].StringValue())
	assert.Equal(t, "GovernanceType/1.0.0.sfpkg",
		m.sent(t, "storage:Blob", "contoso-governance-package-1.0.0").inputs["blobName"].StringValue())

	require.Len(t, m.signatures, 1)
	asked := m.signatures[0]
	assert.Equal(t, "r", asked["permissions"].StringValue())
	assert.Equal(t, "b", asked["resource"].StringValue())
	assert.Equal(t, "https", asked["protocols"].StringValue())
	assert.Regexp(t, `^/blob/[a-z0-9]+/governance-packages/GovernanceType/1\.0\.0\.sfpkg$`,
		asked["canonicalizedResource"].StringValue())
	expiry, err := time.Parse(time.RFC3339, asked["sharedAccessExpiryTime"].StringValue())
	require.NoError(t, err)
	assert.WithinRange(t, expiry, time.Now().Add(time.Hour), time.Now().Add(24*time.Hour))

	version := m.sent(t, "servicefabric:ManagedClusterApplicationTypeVersion", "contoso-governance-type-1.0.0")
	assert.Equal(t, "https://blob.example/GovernanceType/1.0.0.sfpkg?sig=signature",
		version.inputs["appPackageUrl"].SecretValue().Element.StringValue())
	assert.Equal(t, []string{"appPackageUrl"}, version.request.GetIgnoreChanges(),
		"another run's signature changes nothing")
}

func TestGovernanceSecretsStaySecret(t *testing.T) {
	m := record(t, governance(withPackage(t, "1.0.0"), nil))
	cluster := m.sent(t, "servicefabric:ManagedCluster", "")
	assert.True(t, cluster.inputs["adminPassword"].IsSecret())
	assert.Contains(t, cluster.request.GetAdditionalSecretOutputs(), "adminPassword")
	version := m.sent(t, "servicefabric:ManagedClusterApplicationTypeVersion", "")
	assert.True(t, version.inputs["appPackageUrl"].IsSecret())
	assert.Contains(t, version.request.GetAdditionalSecretOutputs(), "appPackageUrl")

	component := m.sent(t, "index:GovernanceCluster", "contoso-governance")
	recorded := fmt.Sprint(component.inputs.Mappable())
	assert.Contains(t, recorded, "GovernanceType")
	assert.NotContains(t, recorded, adminPassword)
	assert.NotContains(t, recorded, "sig=")
}

// Ensure that to destroy is to delete the cluster with all it holds: Azure does not delete the last primary node type.
func TestGovernanceClusterIsDestroyedWhole(t *testing.T) {
	m := record(t, governance(withPackage(t, "1.0.0"), nil))
	cluster := m.sent(t, "servicefabric:ManagedCluster", "")
	assert.True(t, cluster.request.GetDeleteBeforeReplace(), "two clusters cannot have one domain name")
	var inside int
	for _, s := range m.all {
		if strings.Contains(s.request.GetType(), ":servicefabric:") && s.request != cluster.request {
			inside++
			assert.Contains(t, s.request.GetDeletedWith(), "servicefabric:ManagedCluster::", s.request.GetName())
		}
	}
	assert.Equal(t, 6, inside, "node type, application type, version, application, two services")
}

// Ensure another version is made before the application moves to it and the old one is deleted afterwards: so nothing
// of a version is replaced in place.
func TestGovernanceVersionsAreSideBySide(t *testing.T) {
	urns := func(version, kind string) []string {
		var all []string
		for _, r := range mustGovern(t, withPackage(t, version)).OfType(kind) {
			all = append(all, r.URN)
		}
		return all
	}
	for _, kind := range []string{"storage:Blob", "servicefabric:ManagedClusterApplicationTypeVersion"} {
		assert.NotEqual(t, urns("1.0.0", kind), urns("1.1.0", kind), kind)
	}
	for _, kind := range []string{"servicefabric:ManagedClusterApplication", "servicefabric:ManagedClusterService"} {
		assert.Equal(t, urns("1.0.0", kind), urns("1.1.0", kind), kind)
	}
}

func TestGovernanceClusterKeepsToItsProvider(t *testing.T) {
	a := mustGovern(t, withPackage(t, "1.0.0"))
	component := a.Get(t, "index:GovernanceCluster", "contoso-governance")
	children := slices.DeleteFunc(a.Resources(), func(r azuremock.Resource) bool { return r.Parent != component.URN })
	assert.Len(t, children, 9)
	for _, r := range children {
		assert.Equal(t, "contoso", r.Provider, r.URN)
		assert.Contains(t, r.ID, contosoSubscription, r.URN)
	}
}

func TestGovernanceClusterOutputs(t *testing.T) {
	see := map[string]any{}
	a := azuremock.MustRun(t, governance(withPackage(t, "1.0.0"), see), azuremock.Options{})
	fqdn := a.OfType("servicefabric:ManagedCluster")[0].Output("fqdn").(string)
	app := a.OfType("servicefabric:ManagedClusterApplication")[0].ID
	assert.Equal(t, fqdn, see["fqdn"])
	assert.Equal(t, "https://"+fqdn+":19080/Explorer", see["managementEndpoint"])
	assert.Equal(t, "WaitingForNodes", see["state"])
	assert.Equal(t, &app, see["applicationId"])
	assert.Equal(t, map[string]string{
		"AuditService": app + "/services/AuditService", "PolicyService": app + "/services/PolicyService",
	}, see["serviceIds"])

	azuremock.MustRun(t, governance(nil, see), azuremock.Options{})
	assert.Nil(t, see["applicationId"])
	assert.Empty(t, see["serviceIds"])
}

func TestGovernanceClusterReportsAllItsArgumentsProblems(t *testing.T) {
	_, err := azuremock.Run(func(ctx *pulumi.Context) error {
		_, err := components.NewGovernanceCluster(ctx, "contoso-governance", nil)
		return err
	}, azuremock.Options{})
	for _, want := range []string{
		`GovernanceCluster "contoso-governance"`, "resourceGroupName is missing", "location is missing",
		"adminUserName is missing", "adminPassword is missing",
		"adminCertificate and azureActiveDirectory are missing",
	} {
		require.ErrorContains(t, err, want)
	}
	for name, c := range map[string]struct {
		change func(*components.GovernanceClusterArgs)
		want   string
	}{
		"unknown sku": {func(a *components.GovernanceClusterArgs) { a.SKU = pulumi.String("Premium") },
			`sku is "Premium": set Basic or Standard`},
		"too few nodes": {func(a *components.GovernanceClusterArgs) { a.NodeCount = pulumi.Int(3) },
			"a Standard cluster needs at least 5 nodes"},
		"half a certificate": {func(a *components.GovernanceClusterArgs) {
			a.AdminCertificate = &components.ClusterCertificate{CommonName: pulumi.String("x")}
		}, "commonName with issuerThumbprint"},
		"two certificates in one": {func(a *components.GovernanceClusterArgs) {
			a.AdminCertificate = &components.ClusterCertificate{Thumbprint: pulumi.String(adminThumbprint),
				CommonName: pulumi.String("x"), IssuerThumbprint: pulumi.String(adminThumbprint)}
		}, "needs either thumbprint, or"},
		"no range": {func(a *components.GovernanceClusterArgs) {
			a.AllowedAddressRanges = pulumi.ToStringArray([]string{"203.0.113.1"})
		},
			`"203.0.113.1"`},
		"IPv6": {func(a *components.GovernanceClusterArgs) {
			a.AllowedAddressRanges = pulumi.ToStringArray([]string{"2001:db8::/32"})
		},
			"IPv4 only"},
		"no vault": {func(a *components.GovernanceClusterArgs) {
			a.VaultID, a.NodeCertificates = nil, make([]components.ClusterNodeCertificate, 1)
		}, "vaultId is missing"},
		"no account": {func(a *components.GovernanceClusterArgs) {
			a.Package, a.StorageAccountName = &components.ClusterPackage{}, nil
		}, "storageAccountName is missing"},
		"empty package": {func(a *components.GovernanceClusterArgs) { a.Package = &components.ClusterPackage{} },
			"package.services is empty"},
		"no instances": {func(a *components.GovernanceClusterArgs) {
			a.Package = &components.ClusterPackage{Services: map[string]components.ClusterService{
				"Audit": {TypeName: pulumi.String("AuditType"), InstanceCount: pulumi.Int(0)},
			}}
		}, `package.services["Audit"].instanceCount is 0`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := azuremock.Run(governance(c.change, nil), azuremock.Options{})
			require.ErrorContains(t, err, c.want)
			assert.NotContains(t, err.Error(), adminPassword)
		})
	}
}
