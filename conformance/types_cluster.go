package conformance

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"
	"github.com/stretchr/testify/require"
)

const (
	fabricVersion   = "2023-03-01-preview"
	clusterType     = "Microsoft.ServiceFabric/managedClusters"
	docsFabric      = "https://learn.microsoft.com/rest/api/servicefabric/managedclusters/"
	applicationName = "GovernanceType"
)

func (t *T) clusterBody(dns string) object {
	return object{
		"location": t.Env.Location,
		"sku":      object{"name": "Standard"},
		"tags":     object{"made-by": "conformance"},
		"properties": object{
			"dnsName": dns, "adminUserName": "governor", "adminPassword": "Correct-Horse-" + t.name(20),
			"clients": []any{object{"isAdmin": true, "thumbprint": strings.Repeat("AB", 20)}},
		},
	}
}

// newCluster is a cluster without nodes.
func (t *T) newCluster() string {
	t.Helper()
	name := t.name(15)
	id := t.inGroup(t.Env.Provider, clusterType, name)
	t.made(t.Env.Provider, id, fabricVersion, t.clusterBody(name))
	return id
}

func nodesBody() object {
	return object{"properties": object{
		"isPrimary": true, "vmInstanceCount": 5, "vmSize": "Standard_D2s_v3", "dataDiskSizeGB": 128,
		"vmImagePublisher": "MicrosoftWindowsServer", "vmImageOffer": "WindowsServer", "vmImageSku": "2022-Datacenter",
		"vmImageVersion": "latest",
	}}
}

// readyCluster is a cluster with its primary node type.
func (t *T) readyCluster() string {
	t.Helper()
	return share(t, "cluster", func() string { return t.newReadyCluster() })
}

func (t *T) newReadyCluster() string {
	t.Helper()
	id := t.newCluster()
	t.made(t.Env.Provider, id+"/nodeTypes/primary", fabricVersion, nodesBody())
	t.eventually("the cluster to be ready", func() bool {
		return text(t.there(t.Env.Provider, id, fabricVersion), "properties", "clusterState") == "Ready"
	})
	return id
}

// typeVersion is an application type version with its application type, registered in a cluster.
func (t *T) typeVersion(cluster, version string) string {
	t.Helper()
	appType := cluster + "/applicationTypes/" + applicationName
	t.made(t.Env.Provider, appType, fabricVersion, t.fabricBody(object{}))
	id := appType + "/versions/" + version
	t.made(t.Env.Provider, id, fabricVersion,
		t.fabricBody(object{"appPackageUrl": t.publish(applicationName, version, "Stateless:AuditType")}))
	return id
}

// fabricBody is the body of what runs on a cluster.
func (t *T) fabricBody(properties object) object {
	return object{"location": t.Env.Location, "properties": properties}
}

func (t *T) applicationBody(version string) object {
	return t.fabricBody(object{"version": version, "upgradePolicy": object{
		"upgradeMode": "Monitored", "rollingUpgradeMonitoringPolicy": object{
			"failureAction": "Rollback", "healthCheckWaitDuration": "00:00:10", "healthCheckStableDuration": "00:00:10",
			"healthCheckRetryTimeout": "00:10:00", "upgradeTimeout": "01:00:00", "upgradeDomainTimeout": "00:15:00",
		},
	}})
}

func (t *T) serviceBody(serviceType string) object {
	return t.fabricBody(object{
		"serviceKind": "Stateless", "serviceTypeName": serviceType, "instanceCount": -1,
		"partitionDescription": object{"partitionScheme": "Singleton"},
	})
}

// publish uploads an application package and returns a URL that reads it.
func (t *T) publish(typeName, version string, serviceTypes ...string) string {
	t.Helper()
	return t.publishRaw(t.sfpkg(typeName, version, serviceTypes...))
}

func (t *T) publishRaw(pkg string) string {
	t.Helper()
	o := t.Env.Provider
	container := t.container(o)
	t.upload(o, container, "package.sfpkg", pkg)
	client := t.blobs(o, accountOf(container)).ServiceClient().NewContainerClient(nameOf(container))
	url, err := client.NewBlobClient("package.sfpkg").
		GetSASURL(sas.BlobPermissions{Read: true}, time.Now().Add(2*time.Hour), nil)
	require.NoError(t, err)
	return url
}

// sfpkg makes an application package: a zip file with manifests.
// Source: https://learn.microsoft.com/azure/service-fabric/service-fabric-package-apps
func (t *T) sfpkg(typeName, version string, serviceTypes ...string) string {
	t.Helper()
	var types string
	for _, s := range serviceTypes {
		kind, name, _ := strings.Cut(s, ":")
		types += fmt.Sprintf(`<%sServiceType ServiceTypeName=%q UseImplicitHost="true" />`, kind, name)
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, file := range [][2]string{
		{"ApplicationManifest.xml",
			fmt.Sprintf(`<ApplicationManifest xmlns="http://schemas.microsoft.com/2011/01/fabric" ApplicationTypeName=%q ApplicationTypeVersion=%q>`+
				`<ServiceManifestImport>`+
				`<ServiceManifestRef ServiceManifestName="AuditPkg" ServiceManifestVersion="1.0.0" />`+
				`</ServiceManifestImport></ApplicationManifest>`, typeName, version)},
		{"AuditPkg/ServiceManifest.xml",
			`<ServiceManifest xmlns="http://schemas.microsoft.com/2011/01/fabric" Name="AuditPkg" Version="1.0.0"><ServiceTypes>` + types +
				`</ServiceTypes><CodePackage Name="Code" Version="1.0.0">` +
				`<EntryPoint><ExeHost><Program>audit.cmd</Program></ExeHost></EntryPoint>` +
				`</CodePackage></ServiceManifest>`},
		{"AuditPkg/Code/audit.cmd", "@echo off\r\n:loop\r\nping -n 60 127.0.0.1 > nul\r\ngoto loop\r\n"},
	} {
		f, err := w.Create(file[0])
		require.NoError(t, err)
		_, err = io.WriteString(f, file[1])
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.String()
}

// clusterTypes are managed clusters and what runs on them. The SDK for Go has no client for them beside the generic
// one.
func clusterTypes() []*lifecycle {
	provider := func(t *T) *Org { return t.Env.Provider }
	cluster := []Need{Cluster}
	list := func(t *T, o *Org, id string) []string {
		return t.list(o, id[:strings.LastIndexByte(id, '/')], fabricVersion)
	}
	appType := func(t *T) string { // an application type of its own name in the shared cluster
		id := t.readyCluster() + "/applicationTypes/" + t.name(15)
		t.made(provider(t), id, fabricVersion, t.fabricBody(object{}))
		return id
	}
	registered := func(t *T) string { // the id of a version that all applications of these promises run
		return share(t, "application type version", func() string { return t.typeVersion(t.readyCluster(), "1.0.0") })
	}
	application := func(t *T) string {
		id := t.readyCluster() + "/applications/" + t.name(15)
		t.made(provider(t), id, fabricVersion, t.applicationBody(registered(t)))
		return id
	}
	return []*lifecycle{
		{
			area: clusterType, version: fabricVersion, needs: cluster,
			source:        docsFabric + "managed-clusters/create-or-update",
			parent:        func(t *T) string { return groupID(provider(t), t.group(provider(t))) },
			fresh:         func(t *T) string { return groupID(provider(t), t.ownGroup(provider(t))) },
			parentVersion: groupsVersion,
			name:          func(t *T) string { return t.name(15) },
			body:          func(t *T, id string) object { return t.clusterBody(nameOf(id)) },
			hidden:        [][]string{{"properties", "adminPassword"}},
			update:        func(b object) object { return with(b, object{"stage": "two"}, "tags") },
			invalid:       func(t *T, b object) object { return with(b, "Basic", "sku", "name") },
			why:           "to another SKU",
			ids:           list,
		},
		{
			area: clusterType + "/nodeTypes", version: fabricVersion, needs: cluster,
			source:        docsFabric + "node-types/create-or-update",
			parent:        func(t *T) string { return t.readyCluster() },
			fresh:         func(t *T) string { return t.newReadyCluster() },
			parentVersion: fabricVersion,
			name:          func(t *T) string { return t.name(9) },
			body: func(*T, string) object {
				return with(with(nodesBody(), false, "properties", "isPrimary"), 1.0, "properties", "vmInstanceCount")
			},
			update:  func(b object) object { return with(b, 2.0, "properties", "vmInstanceCount") },
			invalid: func(_ *T, b object) object { return with(b, true, "properties", "isPrimary") },
			why:     "from secondary to primary",
			ids:     list,
		},
		{
			area: clusterType + "/applicationTypes", version: fabricVersion, needs: cluster,
			source:        docsFabric + "application-types/create-or-update",
			parent:        func(t *T) string { return t.readyCluster() },
			fresh:         func(t *T) string { return t.newReadyCluster() },
			parentVersion: fabricVersion,
			name:          func(t *T) string { return t.name(15) },
			body: func(t *T, _ string) object {
				return with(t.fabricBody(object{}), object{"made-by": "conformance"}, "tags")
			},
			update: func(b object) object { return with(b, object{"stage": "two"}, "tags") },
			ids:    list,
		},
		{
			area: clusterType + "/applicationTypes/versions", version: fabricVersion, needs: cluster, deep: true,
			source: docsFabric + "application-type-versions/create-or-update",
			parent: appType, fresh: appType, parentVersion: fabricVersion,
			name: func(*T) string { return "1.0.0" },
			body: func(t *T, id string) object {
				return t.fabricBody(object{"appPackageUrl": t.publish(segment(id, "applicationTypes"), nameOf(id),
					"Stateless:AuditType")})
			},
			update:  func(b object) object { return with(b, object{"stage": "two"}, "tags") },
			invalid: func(t *T, b object) object { return with(b, "", "properties", "appPackageUrl") },
			why:     "to no package",
			ids:     list,
		},
		{
			area: clusterType + "/applications", version: fabricVersion, needs: cluster,
			source:        docsFabric + "applications/create-or-update",
			parent:        func(t *T) string { return t.readyCluster() },
			fresh:         func(t *T) string { return t.newReadyCluster() },
			parentVersion: fabricVersion,
			name:          func(t *T) string { return t.name(15) },
			body: func(t *T, id string) object {
				version := ""
				if cluster := id[:strings.Index(id, "/applications/")]; cluster == t.readyCluster() {
					version = registered(t)
				} else {
					version = t.typeVersion(cluster, "1.0.0")
				}
				return with(t.applicationBody(version), object{"made-by": "conformance"}, "tags")
			},
			update: func(b object) object {
				return with(b, "00:10:00", "properties", "upgradePolicy", "rollingUpgradeMonitoringPolicy",
					"upgradeDomainTimeout")
			},
			invalid: func(t *T, b object) object { return with(b, "1.0.0", "properties", "version") },
			why:     "to a version that is not named by its id",
			ids:     list,
		},
		{
			area: clusterType + "/applications/services", version: fabricVersion, needs: cluster, deep: true,
			source: docsFabric + "services/create-or-update",
			parent: application, fresh: application, parentVersion: fabricVersion,
			name:    func(t *T) string { return t.name(15) },
			body:    func(t *T, _ string) object { return t.serviceBody("AuditType") },
			update:  func(b object) object { return with(b, 2.0, "properties", "instanceCount") },
			invalid: func(_ *T, b object) object { return with(b, "NoSuchType", "properties", "serviceTypeName") },
			why:     "to another service type",
			ids:     list,
		},
	}
}

// failed asserts that an asynchronous operation was begun and failed, or was refused at once, and returns the message.
func (t *T) failed(err error) string {
	t.Helper()
	re := t.response(err)
	require.NotEqual(t, http.StatusInternalServerError, re.StatusCode, re.Error())
	require.NotEmpty(t, re.ErrorCode, re.Error())
	return re.Error()
}
