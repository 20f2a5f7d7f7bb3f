package conformance

import (
	"strings"

	"github.com/stretchr/testify/require"
)

const (
	nodeTypes       = clusterType + "/nodeTypes"
	applications    = clusterType + "/applications"
	services        = applications + "/services"
	versions        = clusterType + "/applicationTypes/versions"
	docsClusterSKU  = "https://learn.microsoft.com/azure/service-fabric/overview-managed-cluster"
	docsDeployApp   = "https://learn.microsoft.com/azure/service-fabric/how-to-managed-cluster-app-deployment-template"
	docsPackages    = "https://learn.microsoft.com/azure/service-fabric/service-fabric-package-apps"
	docsUpgradeApp  = "https://learn.microsoft.com/azure/service-fabric/service-fabric-application-upgrade"
	docsClusterName = "https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules"
)

func (t *T) clusterState(id string) string {
	t.Helper()
	return text(t.there(t.Env.Provider, id, fabricVersion), "properties", "clusterState")
}

// clusterPromises are about managed clusters and their nodes.
func clusterPromises() []Promise {
	needs := []Need{Cluster}
	return []Promise{
		{
			Name: "waits for nodes", Area: clusterType, Source: docsFabric + "managed-clusters/get", Needs: needs,
			Statement: "A new cluster is WaitingForNodes until its primary node type is there, and Ready after that.",
			Test: func(t *T) {
				id := t.newCluster()
				require.Equal(t, "WaitingForNodes", t.clusterState(id))
				t.made(t.Env.Provider, id+"/nodeTypes/primary", fabricVersion, nodesBody())
				t.eventually("the cluster to be ready", func() bool { return t.clusterState(id) == "Ready" })
			},
		},
		{
			Name: "address", Area: clusterType, Source: docsFabric + "managed-clusters/get", Needs: needs,
			Statement: "A cluster has a DNS name in its region, an id, a certificate, and by default the ports 19000 " +
				"and 19080.",
			Test: func(t *T) {
				id := t.newCluster()
				props := at(t.there(t.Env.Provider, id, fabricVersion), "properties")
				require.Equal(t, nameOf(id)+"."+t.Env.Location+".cloudapp.azure.com", text(props, "fqdn"))
				require.NotEmpty(t, text(props, "clusterId"))
				require.Equal(t, 19000.0, at(props, "clientConnectionPort"))
				require.Equal(t, 19080.0, at(props, "httpGatewayConnectionPort"))
				require.Nil(t, at(props, "adminPassword"))
			},
		},
		{
			Name: "DNS name taken", Area: clusterType, Source: docsErrors, Code: "DnsRecordInUse", Needs: needs,
			Statement: "The DNS name of a cluster is taken in its region.",
			Test: func(t *T) {
				taken := nameOf(t.newCluster())
				_, err := t.put(t.Env.Provider, t.inGroup(t.Env.Provider, clusterType, t.name(15)), fabricVersion,
					t.clusterBody(taken))
				t.refusedWith(err, "DnsRecordInUse")
			},
		},
		{
			Name: "name", Area: clusterType, Source: docsClusterName, Needs: needs, Undocumented: true,
			Statement: "A cluster's name has at least 4 and at most 23 lowercase letters, digits and hyphens, and " +
				"begins with a letter.",
			Test: func(t *T) {
				for _, name := range []string{"abc", "1abcd", strings.Repeat("a", 24), "under_score"} {
					_, err := t.put(t.Env.Provider, t.inGroup(t.Env.Provider, clusterType, name), fabricVersion,
						t.clusterBody(t.name(15)))
					t.refusedSomehow(err)
				}
			},
		},
		{
			Name: "password", Area: clusterType,
			Source: "https://learn.microsoft.com/azure/virtual-machines/windows/faq", Needs: needs,
			Undocumented: true,
			Statement:    "The administrator's password has 8 to 123 characters of three kinds, and is never shown.",
			Test: func(t *T) {
				for _, password := range []string{"Short-1", "onlylowercaseletters", strings.Repeat("Aa1-", 31)} {
					_, err := t.put(t.Env.Provider, t.inGroup(t.Env.Provider, clusterType, t.name(15)), fabricVersion,
						with(t.clusterBody(t.name(15)), password, "properties", "adminPassword"))
					require.NotContains(t, t.refusedSomehow(err), password)
				}
			},
		},
		{
			Name: "nodes of the primary type", Area: nodeTypes, Source: docsClusterSKU, Needs: needs,
			Undocumented: true,
			Statement: "The primary node type of a Standard cluster has at least 5 nodes, of a Basic one at least " +
				"3.",
			Test: func(t *T) {
				_, err := t.put(t.Env.Provider, t.newCluster()+"/nodeTypes/primary", fabricVersion,
					with(nodesBody(), 4, "properties", "vmInstanceCount"))
				t.refusedSomehow(err)
				basic := t.basicCluster()
				_, err = t.put(t.Env.Provider, basic+"/nodeTypes/primary", fabricVersion,
					with(nodesBody(), 2, "properties", "vmInstanceCount"))
				t.refusedSomehow(err)
				t.made(t.Env.Provider, basic+"/nodeTypes/primary", fabricVersion,
					with(nodesBody(), 3, "properties", "vmInstanceCount"))
			},
		},
		{
			Name: "one on a Basic cluster", Area: nodeTypes, Source: docsClusterSKU, Needs: needs, Undocumented: true,
			Statement: "A Basic cluster has one node type.",
			Test: func(t *T) {
				basic := t.basicCluster()
				t.made(t.Env.Provider, basic+"/nodeTypes/primary", fabricVersion,
					with(nodesBody(), 3, "properties", "vmInstanceCount"))
				_, err := t.put(t.Env.Provider, basic+"/nodeTypes/second", fabricVersion,
					with(with(nodesBody(), false, "properties", "isPrimary"), 1, "properties", "vmInstanceCount"))
				t.refusedSomehow(err)
			},
		},
		{
			Name: "primary stays", Area: nodeTypes,
			Source: "https://learn.microsoft.com/azure/service-fabric/how-to-managed-cluster-modify-node-type",
			Needs:  needs, Undocumented: true,
			Statement: "The only primary node type cannot be deleted.",
			Test: func(t *T) {
				t.refusedSomehow(t.remove(t.Env.Provider, t.readyCluster()+"/nodeTypes/primary", fabricVersion))
				require.Equal(t, "Ready", t.clusterState(t.readyCluster()))
			},
		},
		{
			Name: "name", Area: nodeTypes, Source: docsClusterName, Needs: needs, Undocumented: true,
			Statement: "A node type's name has at most 9 letters and digits.",
			Test: func(t *T) {
				_, err := t.put(t.Env.Provider, t.newCluster()+"/nodeTypes/tenletters", fabricVersion, nodesBody())
				t.refusedSomehow(err)
			},
		},
	}
}

func (t *T) basicCluster() string {
	t.Helper()
	name := t.name(15)
	id := t.inGroup(t.Env.Provider, clusterType, name)
	t.made(t.Env.Provider, id, fabricVersion, with(t.clusterBody(name), "Basic", "sku", "name"))
	return id
}

// applicationPromises are about what runs on a cluster.
func applicationPromises() []Promise {
	needs := []Need{Cluster}
	o := func(t *T) *Org { return t.Env.Provider }
	return []Promise{
		{
			Name: "package is fetched", Area: versions, Source: docsDeployApp, Needs: needs, Undocumented: true,
			Statement: "A version whose package cannot be read fails: nothing at the URL, or something that is no " +
				"package.",
			Test: func(t *T) {
				appType := t.readyCluster() + "/applicationTypes/" + t.name(15)
				t.made(o(t), appType, fabricVersion, t.fabricBody(object{}))
				good := t.publish(nameOf(appType), "1.0.0", "Stateless:AuditType")
				for _, url := range []string{strings.Replace(good, "package.sfpkg", "absent.sfpkg", 1),
					good[:strings.Index(good, "?")], t.publishRaw("no zip file")} {
					_, err := t.put(o(t), appType+"/versions/1.0.0", fabricVersion,
						t.fabricBody(object{"appPackageUrl": url}))
					t.failed(err)
				}
				t.made(o(t), appType+"/versions/1.0.0", fabricVersion, t.fabricBody(object{"appPackageUrl": good}))
			},
		},
		{
			Name: "package is what its names say", Area: versions, Source: docsDeployApp, Needs: needs,
			Undocumented: true,
			Statement:    "A version fails when the package's type name or version is another than its own.",
			Test: func(t *T) {
				appType := t.readyCluster() + "/applicationTypes/" + t.name(15)
				t.made(o(t), appType, fabricVersion, t.fabricBody(object{}))
				for _, url := range []string{t.publish("OtherType", "1.0.0", "Stateless:AuditType"),
					t.publish(nameOf(appType), "1.0.1", "Stateless:AuditType")} {
					_, err := t.put(o(t), appType+"/versions/1.0.0", fabricVersion,
						t.fabricBody(object{"appPackageUrl": url}))
					t.failed(err)
				}
			},
		},
		{
			Name: "before the cluster is ready", Area: clusterType + "/applicationTypes",
			Source: docsFabric + "application-types/create-or-update", Needs: needs, Undocumented: true,
			Statement: "A cluster that waits for nodes takes no applications.",
			Test: func(t *T) {
				_, err := t.put(o(t), t.newCluster()+"/applicationTypes/"+applicationName, fabricVersion,
					t.fabricBody(object{}))
				t.failed(err)
			},
		},
		{
			Name: "version not registered", Area: applications, Source: docsDeployApp, Needs: needs, Undocumented: true,
			Statement: "An application runs a version that is registered in its cluster.",
			Test: func(t *T) {
				cluster := t.readyCluster()
				_, err := t.put(o(t), cluster+"/applications/"+t.name(15), fabricVersion,
					t.applicationBody(cluster+"/applicationTypes/"+t.name(15)+"/versions/1.0.0"))
				t.failed(err)
			},
		},
		{
			Name: "unknown service type", Area: services, Source: docsDeployApp, Needs: needs, Undocumented: true,
			Statement: "A service is of a type that its application's package has.",
			Test: func(t *T) {
				app := t.application(t.versionOf("1.0.0", "Stateless:AuditType"))
				_, err := t.put(o(t), app+"/services/"+t.name(15), fabricVersion, t.serviceBody("NoSuchType"))
				t.failed(err)
				t.made(o(t), app+"/services/"+t.name(15), fabricVersion, t.serviceBody("AuditType"))
			},
		},
		{
			Name: "upgrade", Area: applications, Source: docsUpgradeApp, Needs: needs,
			Statement: "An application is upgraded from one version of its type to the next, and its services go on.",
			Test: func(t *T) {
				first := t.versionOf("1.0.0", "Stateless:AuditType")
				second := t.siblingOf(first, "2.0.0", "Stateless:AuditType")
				app := t.application(first)
				service := app + "/services/" + t.name(15)
				t.made(o(t), service, fabricVersion, t.serviceBody("AuditType"))
				t.made(o(t), app, fabricVersion, t.applicationBody(second))
				require.Equal(t, second, text(t.there(o(t), app, fabricVersion), "properties", "version"))
				require.Equal(t, "Succeeded",
					text(t.there(o(t), service, fabricVersion), "properties", "provisioningState"))
			},
		},
		{
			Name: "rollback", Area: applications, Source: docsUpgradeApp, Needs: needs, Undocumented: true,
			Statement: "An upgrade to a version without the type of a running service fails and is rolled back.",
			Test: func(t *T) {
				first := t.versionOf("1.0.0", "Stateless:AuditType")
				second := t.siblingOf(first, "2.0.0", "Stateless:OtherType")
				app := t.application(first)
				t.made(o(t), app+"/services/"+t.name(15), fabricVersion, t.serviceBody("AuditType"))
				_, err := t.put(o(t), app, fabricVersion, t.applicationBody(second))
				t.failed(err)
				require.Equal(t, first, text(t.there(o(t), app, fabricVersion), "properties", "version"))
			},
		},
		{
			Name: "version in use", Area: versions, Source: docsPackages, Needs: needs, Undocumented: true,
			Statement: "A version that an application runs cannot be deleted.",
			Test: func(t *T) {
				version := t.versionOf("1.0.0", "Stateless:AuditType")
				app := t.application(version)
				t.failed(t.remove(o(t), version, fabricVersion))
				require.NoError(t, t.remove(o(t), app, fabricVersion))
				require.NoError(t, t.remove(o(t), version, fabricVersion))
			},
		},
	}
}

// versionOf is a version of a new application type with its package; siblingOf another version of the same type.
func (t *T) versionOf(version string, serviceTypes ...string) string {
	t.Helper()
	appType := t.readyCluster() + "/applicationTypes/" + t.name(15)
	t.made(t.Env.Provider, appType, fabricVersion, t.fabricBody(object{}))
	return t.siblingOf(appType+"/versions/", version, serviceTypes...)
}

func (t *T) siblingOf(other, version string, serviceTypes ...string) string {
	t.Helper()
	id := other[:strings.LastIndexByte(other, '/')+1] + version
	t.made(t.Env.Provider, id, fabricVersion,
		t.fabricBody(object{"appPackageUrl": t.publish(segment(id, "applicationTypes"), version, serviceTypes...)}))
	return id
}

// application is a new application of a version.
func (t *T) application(version string) string {
	t.Helper()
	id := t.readyCluster() + "/applications/" + t.name(15)
	t.made(t.Env.Provider, id, fabricVersion, t.applicationBody(version))
	return id
}
