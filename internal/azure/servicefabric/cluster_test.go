package servicefabric_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/armtest"
)

func TestAClusterWaitsForNodesAndIsReadyWithItsPrimaryNodeType(t *testing.T) {
	a := newAzure(t)
	a.ok(http.MethodPut, clusterID, goodCluster)
	p := a.props(clusterID)
	assert.Equal(t, "Succeeded", p["provisioningState"])
	assert.Equal(t, "WaitingForNodes", p["clusterState"])
	a.ok(http.MethodPut, nodesID, goodNodes)
	assert.Equal(t, "Ready", a.props(clusterID)["clusterState"])
}

func TestAClusterIsCompletedWithWhatAzureComputes(t *testing.T) {
	a := newAzure(t)
	a.ok(http.MethodPut, clusterID, goodCluster)
	got := a.Contoso.Get(clusterID).OK().Body
	p := got["properties"].(m)
	assert.Equal(t, "contoso-gov.eastus.cloudapp.azure.com", p["fqdn"])
	assert.True(t, strings.HasPrefix(p["ipv4Address"].(string), "203.0.113."), p["ipv4Address"])
	_, err := uuid.Parse(p["clusterId"].(string))
	require.NoError(t, err)
	assert.Equal(t, 19000.0, p["clientConnectionPort"])
	assert.Equal(t, 19080.0, p["httpGatewayConnectionPort"])
	assert.Equal(t, "Automatic", p["clusterUpgradeMode"])
	assert.Equal(t, "Wave0", p["clusterUpgradeCadence"])
	assert.NotEmpty(t, p["clusterCodeVersion"])
	assert.Len(t, p["clusterCertificateThumbprints"].([]any)[0], 40)
	assert.Equal(t, false, p["allowRdpAccess"])
	assert.NotEmpty(t, got["etag"])
	assert.NotContains(t, p, "adminPassword")

	a.ok(http.MethodPut, clusterID, changed(goodCluster, m{"adminPassword": nil, "allowRdpAccess": true}))
	again := a.props(clusterID)
	assert.Equal(t, true, again["allowRdpAccess"])
	assert.Equal(t, p["clusterId"], again["clusterId"])
	assert.Equal(t, p["clusterCertificateThumbprints"], again["clusterCertificateThumbprints"])
}

func TestAClusterIsRefusedAsAzureRefusesIt(t *testing.T) {
	a := newAzure(t)
	rule := func(name string, priority int) m {
		return m{"name": name, "priority": priority, "access": "allow", "direction": "inbound", "protocol": "tcp",
			"sourceAddressPrefix": "*", "destinationAddressPrefix": "*", "sourcePortRange": "*",
			"destinationPortRange": "19080"}
	}
	for name, c := range map[string]struct {
		change        m
		code, message string
	}{
		"short password": {m{"adminPassword": "Ab-1"}, "InvalidParameter", "8-123"},
		"plain password": {m{"adminPassword": "allsmallletters"}, "InvalidParameter", "at least 3 of"},
		"no password":    {m{"adminPassword": nil}, "InvalidParameter", "adminPassword"},
		"reserved user":  {m{"adminUserName": "Administrator"}, "InvalidParameter", "adminUserName"},
		"long user":      {m{"adminUserName": strings.Repeat("a", 21)}, "InvalidParameter", "adminUserName"},
		"bad thumbprint": {m{"clients": []m{{"isAdmin": true, "thumbprint": "xyz"}}}, "InvalidParameter",
			"thumbprint"},
		"nameless certificate": {m{"clients": []m{{"isAdmin": true}}}, "InvalidParameter", "properties.clients[0]"},
		"half a directory": {m{"azureActiveDirectory": m{"tenantId": armtest.Tenant}}, "InvalidParameter",
			"clusterApplication"},
		"same ports":  {m{"clientConnectionPort": 19080}, "InvalidParameter", "must differ"},
		"port":        {m{"clientConnectionPort": 70000}, "InvalidParameter", "clientConnectionPort"},
		"domain name": {m{"dnsName": "No Name"}, "InvalidDomainNameLabel", "No Name"},
		"equal priorities": {m{"networkSecurityRules": []m{rule("a", 1000), rule("b", 1000)}},
			"SecurityRuleConflict", "same Priority"},
		"equal names": {m{"networkSecurityRules": []m{rule("a", 1000), rule("a", 1001)}},
			"SecurityRuleConflict", "two rules"},
		"unknown property": {m{"colour": "red"}, "InvalidRequestContent", "colour"},
	} {
		code, message := a.do(http.MethodPut, clusterID, changed(goodCluster, c.change))
		assert.Equal(t, c.code, code, "%s: %s", name, message)
		assert.Contains(t, message, c.message, name)
		if password, _ := c.change["adminPassword"].(string); password != "" {
			assert.NotContains(t, message, password, "a password is never shown")
		}
	}
	for _, name := range []string{"abc", "Contoso", "con-toso", "9lives", strings.Repeat("a", 24)} {
		code, _ := a.do(http.MethodPut, clusters+name, goodCluster)
		assert.Equal(t, "InvalidResourceName", code, name)
	}
	a.ok(http.MethodPut, clusterID, changed(goodCluster, m{"clients": nil,
		"azureActiveDirectory": m{"tenantId": armtest.Tenant, "clusterApplication": armtest.Tenant,
			"clientApplication": armtest.Tenant}}))
}

func TestADomainNameHasOneClusterInARegion(t *testing.T) {
	a := newAzure(t)
	a.ok(http.MethodPut, clusterID, goodCluster)
	code, _ := a.do(http.MethodPut, clusters+"second", goodCluster)
	assert.Equal(t, "DnsRecordInUse", code)
	west := changed(goodCluster, nil)
	west["location"] = "westus"
	a.ok(http.MethodPut, clusters+"second", west)
	a.ok(http.MethodDelete, clusterID, nil)
	a.ok(http.MethodPut, clusters+"third", goodCluster)
}

func TestWhatAClusterIsMadeOfCannotBeChanged(t *testing.T) {
	a := newAzure(t)
	a.ok(http.MethodPut, clusterID, goodCluster)
	for _, change := range []m{{"dnsName": "other-name"}, {"adminUserName": "somebody"}} {
		code, _ := a.do(http.MethodPut, clusterID, changed(goodCluster, change))
		assert.Equal(t, "PropertyChangeNotAllowed", code, change)
	}
	basic := changed(goodCluster, nil)
	basic["sku"] = m{"name": "Basic"}
	code, _ := a.do(http.MethodPut, clusterID, basic)
	assert.Equal(t, "PropertyChangeNotAllowed", code)
}

func TestNodeTypesKeepToTheLimitsOfTheSku(t *testing.T) {
	a := newAzure(t)
	a.ok(http.MethodPut, clusterID, goodCluster)
	refuse := func(id string, body m, message string) {
		t.Helper()
		code, said := a.do(http.MethodPut, id, body)
		assert.Equal(t, "InvalidParameter", code, said)
		assert.Contains(t, said, message)
	}
	refuse(nodesID, changed(goodNodes, m{"isPrimary": false}), "must be its primary one")
	refuse(nodesID, changed(goodNodes, m{"vmInstanceCount": 4}), "must be between 5 and 100")
	refuse(nodesID, changed(goodNodes, m{"vmInstanceCount": 101}), "must be between 5 and 100")
	refuse(nodesID, changed(goodNodes, m{"isStateless": true}), "cannot be stateless")
	refuse(nodesID, changed(goodNodes, m{"vmSize": nil}), "vmSize")
	refuse(nodesID, changed(goodNodes, m{"vmImageSku": nil}), "vmImageSku")
	refuse(nodesID, changed(goodNodes, m{"vmImageResourceId": vaultID}), "more than one image")
	code, _ := a.do(http.MethodPut, clusterID+"/nodeTypes/tenletters", goodNodes)
	assert.Equal(t, "InvalidResourceName", code)
	a.ok(http.MethodPut, nodesID, goodNodes)
	assert.Equal(t, 5.0, a.Contoso.Get(nodesID).OK().Body["sku"].(m)["capacity"])
	a.ok(http.MethodPut, nodesID, changed(goodNodes, m{"vmInstanceCount": 7}))
	for _, fixed := range []m{{"isPrimary": false}, {"isStateless": true}, {"vmSize": "Standard_D4s_v3"}} {
		code, _ = a.do(http.MethodPut, nodesID, changed(goodNodes, fixed))
		assert.Equal(t, "PropertyChangeNotAllowed", code, fixed)
	}
	a.ok(http.MethodPut, clusterID+"/nodeTypes/many",
		changed(goodNodes, m{"isPrimary": false, "isStateless": true, "vmInstanceCount": 1000}))
	refuse(clusterID+"/nodeTypes/more", changed(goodNodes,
		m{"isPrimary": false, "isStateless": true, "vmInstanceCount": 1001}), "must be between 1 and 1000")

	basic := changed(goodCluster, m{"dnsName": "contoso-basic"})
	basic["sku"] = m{"name": "Basic"}
	a.ok(http.MethodPut, clusters+"contosobasic", basic)
	refuse(clusters+"contosobasic/nodeTypes/nt1", changed(goodNodes, m{"vmInstanceCount": 2}),
		"must be between 3 and 100")
	a.ok(http.MethodPut, clusters+"contosobasic/nodeTypes/nt1", changed(goodNodes, m{"vmInstanceCount": 3}))
	refuse(clusters+"contosobasic/nodeTypes/nt2", changed(goodNodes, m{"isPrimary": false}), "has one node type")
}

func TestTheLastPrimaryNodeTypeGoesOnlyWithItsCluster(t *testing.T) {
	a := ready(t)
	code, message := a.do(http.MethodDelete, nodesID, nil)
	assert.Equal(t, "InvalidParameter", code)
	assert.Equal(t, "Cluster must have at least one active primary node type.", message)

	a.ok(http.MethodPut, clusterID+"/nodeTypes/primary2", goodNodes)
	a.ok(http.MethodDelete, nodesID, nil)
	assert.Equal(t, "Ready", a.props(clusterID)["clusterState"])
	a.ok(http.MethodDelete, clusterID, nil)
	assert.True(t, a.gone(clusterID+"/nodeTypes/primary2"))
}

func TestNodeSecretsComeFromAVaultThatAdmitsDeployments(t *testing.T) {
	a := newAzure(t)
	a.ok(http.MethodPut, clusterID, goodCluster)
	nodes := changed(goodNodes, m{"vmSecrets": []m{{"sourceVault": m{"id": vaultID}, "vaultCertificates": []m{
		{"certificateStore": "My", "certificateUrl": "https://contoso-vault.vault.azure.net/secrets/node/1"}}}}})
	code, _ := a.do(http.MethodPut, nodesID, nodes)
	assert.Equal(t, "ResourceNotFound", code)
	vault := func(enabled bool, uri string) {
		a.Plant(vaultID, m{"properties": m{"enabledForDeployment": enabled, "vaultUri": uri}})
	}
	vault(false, "https://contoso-vault.vault.azure.net/")
	code, message := a.do(http.MethodPut, nodesID, nodes)
	assert.Equal(t, "KeyVaultAccessForbidden", code)
	assert.Contains(t, message, "enabledForDeployment")
	vault(true, "https://another.vault.azure.net/")
	code, _ = a.do(http.MethodPut, nodesID, nodes)
	assert.Equal(t, "InvalidParameter", code)
	vault(true, "https://contoso-vault.vault.azure.net/")
	a.ok(http.MethodPut, nodesID, nodes)
}

// The cluster of azurerm's acceptance test has neither client certificates nor a directory.
func TestAClusterMayLetNobodyIn(t *testing.T) {
	a := newAzure(t)
	a.ok(http.MethodPut, clusterID, changed(goodCluster, m{"clients": nil}))
}
