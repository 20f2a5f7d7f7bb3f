package servicefabric

import (
	"net/http"

	"crypto/rand"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"regexp"
	"strings"
	"unicode"

	"github.com/google/uuid"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/jsonbody"
)

const (
	// tableDNS keeps the DNS names taken in each region.
	tableDNS = "managedClusterDnsNames"
	// codeVersion is the runtime that new clusters get while Azure chooses it.
	codeVersion = "10.1.2493.9590"
)

// clusterName matches the names that are valid in every region and tool: 4 to 23 lowercase letters and digits, a letter
// first.
// Source: https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftservicefabric
var clusterName = regexp.MustCompile(`^[a-z][a-z0-9]{3,22}$`)

// dnsLabel is the rule for the name under which the cluster's load balancer is reached.
// Source: https://learn.microsoft.com/azure/virtual-network/ip-services/public-ip-addresses#domain-name-label
var dnsLabel = regexp.MustCompile(`^[a-z][a-z0-9-]{1,61}[a-z0-9]$`)

func (p *provider) clusters() *arm.Type {
	return &arm.Type{
		Name: clusterType,
		CheckName: func(name string) *arm.Error {
			if clusterName.MatchString(name) {
				return nil
			}
			return arm.BadRequest("InvalidResourceName", "The managed cluster name '%s' is invalid: it must have 4 "+
				"to 23 lowercase letters and digits and begin with a letter.", name)
		},
		Created: http.StatusOK, PutAsync: arm.AzureAsyncOperation, DeleteAsync: arm.AzureAsyncOperation,
		Put: putCluster, Show: showCluster, Delete: deleteCluster,
	}
}

func putCluster(c *arm.Call, w *arm.Write) *arm.Error {
	props := w.New.Properties()
	for _, check := range []func(*arm.Write) *arm.Error{checkAdmin, checkAdminAccess, checkPorts, checkRules} {
		if err := check(w); err != nil {
			return err
		}
	}
	for _, path := range [][]string{{"properties", "dnsName"}, {"properties", "adminUserName"},
		{"properties", "subnetId"}} {
		if err := immutable(w, path...); err != nil {
			return err
		}
	}
	if jsonbody.IsTrue(props, "zonalResiliency") && strings.EqualFold(w.New.String("sku", "name"), "Basic") {
		return invalid("properties.zonalResiliency needs SKU 'Standard'.")
	}
	if err := checkSKUChange(w); err != nil {
		return err
	}
	if err := claimDNS(c, w); err != nil {
		return err
	}
	if jsonbody.Text(props, "clusterUpgradeMode") == "Manual" && jsonbody.Text(props, "clusterCodeVersion") == "" &&
		w.Create() {
		return invalid("properties.clusterCodeVersion is required when clusterUpgradeMode is 'Manual'.")
	}
	jsonbody.SetDefault(props, "clusterUpgradeMode", "Automatic")
	if jsonbody.Text(props, "clusterUpgradeMode") == "Automatic" {
		jsonbody.SetDefault(props, "clusterUpgradeCadence", "Wave0")
		props["clusterCodeVersion"] = codeVersion
	}
	jsonbody.SetDefault(props, "allowRdpAccess", false)
	jsonbody.SetDefault(props, "enableAutoOSUpgrade", false)
	jsonbody.SetDefault(props, "enableIpv6", false)
	jsonbody.SetDefault(props, "zonalResiliency", false)
	jsonbody.SetDefault(props, "addonFeatures", []any{})
	props["fqdn"] = jsonbody.Text(props, "dnsName") + "." + w.New.String("location") + ".cloudapp.azure.com"
	props["ipv4Address"] = documentationAddress(jsonbody.Text(props, "fqdn"))
	props["provisioningState"] = "Succeeded"
	if w.Old != nil {
		props["clusterId"] = w.Old.String("properties", "clusterId")
		props["clusterCertificateThumbprints"] = w.Old.Value("properties", "clusterCertificateThumbprints")
		return nil
	}
	thumbprint := make([]byte, 20)
	_, _ = rand.Read(thumbprint) // never fails: it ends the program instead
	props["clusterId"] = uuid.NewString()
	props["clusterCertificateThumbprints"] = []any{strings.ToUpper(hex.EncodeToString(thumbprint))}
	return nil
}

// showCluster adds the state, which follows from the cluster's node types.
func showCluster(c *arm.Call, r *arm.Resource, body map[string]any) {
	body["etag"] = `"` + r.ETag + `"`
	if props := jsonbody.Object(body, "properties"); props != nil {
		props["clusterState"] = clusterState(c, r)
	}
}

// clusterState is WaitingForNodes until the machines of a primary node type report, Deploying while they get the
// runtime, BaselineUpgrade while the cluster brings itself to its version, then Ready: when the creation of its first
// primary node type has ended. How the time divides between the states is not published.
// Source: https://learn.microsoft.com/rest/api/servicefabric/managedclusters/managed-clusters/get#clusterstate
func clusterState(c *arm.Call, cluster *arm.Resource) string {
	primary := primaryNodeType(c, cluster.ID)
	if primary == nil {
		return "WaitingForNodes"
	}
	whole := c.Server.Latency(nodeTypeType, arm.OpCreate)
	switch age := c.Now.Sub(primary.CreatedAt); {
	case age >= whole:
		return "Ready"
	case age >= whole*5/6:
		return "BaselineUpgrade"
	case age >= whole/2:
		return "Deploying"
	}
	return "WaitingForNodes"
}

// readyCluster finds the cluster at id, which must be able to take applications.
func readyCluster(c *arm.Call, id arm.ID) (*arm.Resource, *arm.Error) {
	cluster, ok := c.Get(id)
	if !ok {
		return nil, arm.NotFound(id)
	}
	if state := clusterState(c, cluster); state != "Ready" {
		return nil, arm.Conflict("ClusterNotReady",
			"The managed cluster '%s' is in state '%s' and takes no applications before it is 'Ready': create its "+
				"primary node type first.", id.Name(), state)
	}
	return cluster, nil
}

// checkAdmin checks user name and password against the rules of the virtual machines below, which Azure applies to
// both.
// Source: https://learn.microsoft.com/azure/virtual-machines/windows/faq#what-are-the-username-requirements-when-creating-a-vm-
func checkAdmin(w *arm.Write) *arm.Error {
	user := w.New.String("properties", "adminUserName")
	if n := len(user); n < 1 || n > 20 || strings.ContainsAny(user, `\/"[]:|<>+=;,?*@& `) ||
		strings.HasSuffix(user, ".") {
		return invalid("properties.adminUserName '%s' is invalid: it must have 1 to 20 characters, none of "+
			"\\/\"[]:|<>+=;,?*@& or space, and not end in a period.", user)
	}
	if disallowedUsers[strings.ToLower(user)] {
		return invalid("properties.adminUserName '%s' is a name that Azure reserves: choose another.", user)
	}
	password := w.New.String("properties", "adminPassword")
	if password == "" {
		if w.Create() {
			return invalid("Required parameter 'adminPassword' is missing (null).")
		}
		return nil // an update keeps the password
	}
	if n := len([]rune(password)); n < 8 || n > 123 {
		return invalid("The supplied password must be between 8-123 characters long and must satisfy at least 3 of "+
			"password complexity requirements: it has %d characters.", n)
	}
	if classes(password) < 3 {
		return invalid("The supplied password must satisfy at least 3 of: contains an uppercase character, contains " +
			"a lowercase character, contains a numeric digit, contains a special character.")
	}
	return nil
}

var disallowedUsers = map[string]bool{
	"administrator": true, "admin": true, "user": true, "user1": true, "test": true, "user2": true, "test1": true,
	"user3":  true,
	"admin1": true, "1": true, "123": true, "a": true, "actuser": true, "adm": true, "admin2": true, "aspnet": true,
	"backup":  true,
	"console": true, "david": true, "guest": true, "john": true, "owner": true, "root": true, "server": true,
	"sql":     true,
	"support": true, "support_388945a0": true, "sys": true, "test2": true, "test3": true, "user4": true, "user5": true,
}

// classes counts the kinds of characters in a password: upper case, lower case, digits, others.
func classes(password string) int {
	var seen [4]int
	for _, r := range password {
		switch {
		case unicode.IsUpper(r):
			seen[0] = 1
		case unicode.IsLower(r):
			seen[1] = 1
		case unicode.IsDigit(r):
			seen[2] = 1
		default:
			seen[3] = 1
		}
	}
	return seen[0] + seen[1] + seen[2] + seen[3]
}

var thumbprintPattern = regexp.MustCompile(`^[0-9A-Fa-f]{40}$`)

// checkAdminAccess checks the client certificates and the directory that let people in. A cluster that lets nobody in
// is accepted, as Azure accepts that of azurerm's acceptance test for azurerm_service_fabric_managed_cluster.
// Source: https://learn.microsoft.com/azure/service-fabric/how-to-managed-cluster-configuration
func checkAdminAccess(w *arm.Write) *arm.Error {
	props := w.New.Properties()
	for i, client := range jsonbody.Objects(props, "clients") {
		thumbprint, common := jsonbody.Text(client, "thumbprint"), jsonbody.Text(client, "commonName")
		if (thumbprint == "") == (common == "") {
			return invalid("properties.clients[%d] must have either a thumbprint or a commonName.", i)
		}
		if thumbprint != "" && !thumbprintPattern.MatchString(thumbprint) {
			return invalid("properties.clients[%d].thumbprint '%s' is invalid: it must be the 40 hexadecimal digits "+
				"of a certificate's SHA-1.", i, thumbprint)
		}
	}
	directory := jsonbody.Object(props, "azureActiveDirectory")
	if directory != nil {
		for _, key := range []string{"tenantId", "clusterApplication", "clientApplication"} {
			if _, err := uuid.Parse(jsonbody.Text(directory, key)); err != nil {
				return invalid("properties.azureActiveDirectory.%s '%s' is invalid: it must be a GUID.", key,
					jsonbody.Text(directory, key))
			}
		}
	}
	return nil
}

// checkPorts sets and checks the two management ports.
// Source: https://learn.microsoft.com/azure/service-fabric/how-to-managed-cluster-networking
func checkPorts(w *arm.Write) *arm.Error {
	props := w.New.Properties()
	jsonbody.SetDefault(props, "clientConnectionPort", 19000.0)
	jsonbody.SetDefault(props, "httpGatewayConnectionPort", 19080.0)
	client, _ := jsonbody.Number(props, "clientConnectionPort")
	gateway, _ := jsonbody.Number(props, "httpGatewayConnectionPort")
	for key, port := range map[string]float64{"clientConnectionPort": client, "httpGatewayConnectionPort": gateway} {
		if port < 1 || port > 65534 {
			return invalid("properties.%s is %v: it must be between 1 and 65534.", key, port)
		}
	}
	if client == gateway {
		return invalid("properties.clientConnectionPort and properties.httpGatewayConnectionPort are both %v: they "+
			"must differ.", client)
	}
	return nil
}

// checkRules wants names and priorities of network security rules to be unique, and each rule to have a side of its
// own.
// Source: https://learn.microsoft.com/azure/service-fabric/how-to-managed-cluster-networking#nsg-rules-guidance
func checkRules(w *arm.Write) *arm.Error {
	return checkSecurityRules(w.New.Properties())
}

func checkSecurityRules(props map[string]any) *arm.Error {
	names, priorities := map[string]bool{}, map[string]string{}
	for i, rule := range jsonbody.Objects(props, "networkSecurityRules") {
		name := strings.ToLower(jsonbody.Text(rule, "name"))
		if names[name] {
			return arm.BadRequest("SecurityRuleConflict", "properties.networkSecurityRules has two rules named '%s'.",
				jsonbody.Text(rule, "name"))
		}
		names[name] = true
		key := fmt.Sprintf("%s/%v", strings.ToLower(jsonbody.Text(rule, "direction")), rule["priority"])
		if other, taken := priorities[key]; taken {
			return arm.BadRequest("SecurityRuleConflict", "Security rule %s conflicts with rule %s. Rules cannot "+
				"have the same Priority and Direction.", jsonbody.Text(rule, "name"), other)
		}
		priorities[key] = jsonbody.Text(rule, "name")
		for _, pair := range [][2]string{
			{"sourceAddressPrefix", "sourceAddressPrefixes"},
			{"destinationAddressPrefix", "destinationAddressPrefixes"},
			{"sourcePortRange", "sourcePortRanges"}, {"destinationPortRange", "destinationPortRanges"},
		} {
			list, _ := rule[pair[1]].([]any)
			if (jsonbody.Text(rule, pair[0]) == "") == (len(list) == 0) {
				return arm.BadRequest("SecurityRuleParameterInvalid", "properties.networkSecurityRules[%d] must have "+
					"exactly one of %s and %s.", i, pair[0], pair[1])
			}
		}
	}
	return nil
}

// checkSKUChange keeps the SKU that a cluster was created with.
func checkSKUChange(w *arm.Write) *arm.Error {
	if w.Old == nil || strings.EqualFold(w.Old.String("sku", "name"), w.New.String("sku", "name")) {
		return nil
	}
	return arm.BadRequest("PropertyChangeNotAllowed", "Changing property 'sku.name' of '%s' from '%s' to '%s' is not "+
		"allowed: delete the cluster and create it again.",
		w.New.ID.Name(), w.Old.String("sku", "name"), w.New.String("sku", "name"))
}

// claimDNS reserves the cluster's DNS name in its region: over all subscriptions there is one holder.
func claimDNS(c *arm.Call, w *arm.Write) *arm.Error {
	name := w.New.String("properties", "dnsName")
	if !dnsLabel.MatchString(name) {
		return arm.BadRequest("InvalidDomainNameLabel", "The domain name label %s is invalid. It must conform to the "+
			"following regular expression: %s.", name, dnsLabel)
	}
	key := dnsKey(w.New)
	var holder string
	taken, err := c.Tx.Get(tableDNS, key, &holder)
	if err != nil {
		return arm.InternalError(err)
	}
	if taken && holder != w.New.ID.Key() {
		return arm.BadRequest("DnsRecordInUse", "DNS record %s is already used by another public IP.", key)
	}
	if err := c.Tx.Put(tableDNS, key, w.New.ID.Key()); err != nil {
		return arm.InternalError(err)
	}
	return nil
}

func deleteCluster(c *arm.Call, r *arm.Resource) *arm.Error {
	if err := c.Tx.Delete(tableDNS, dnsKey(r)); err != nil {
		return arm.InternalError(err)
	}
	return nil
}

func dnsKey(r *arm.Resource) string {
	return strings.ToLower(r.String("properties", "dnsName")) + "." + r.String("location") + ".cloudapp.azure.com"
}

// documentationAddress is an address that belongs to nobody (RFC 5737, 203.0.113.0/24), the same for the same name.
func documentationAddress(name string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name)) // a hash does not fail
	return fmt.Sprintf("203.0.113.%d", 1+h.Sum32()%254)
}
