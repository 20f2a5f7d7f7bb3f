package servicefabric

import (
	"net/http"
	"regexp"
	"strings"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/jsonbody"
)

// nodeTypeName is the documented rule: a letter, then up to 8 letters and digits.
// Source: https://learn.microsoft.com/azure/service-fabric/how-to-managed-cluster-modify-node-type
var nodeTypeName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]{0,8}$`)

const (
	basicPrimary    = 3
	standardPrimary = 5
	// nodesAtMost is for node types in one placement group, which all are unless they say otherwise.
	nodesAtMost = 100
	// manyNodesAtMost is for node types of SKU Standard in several placement groups.
	manyNodesAtMost = 1000
	nodeTypesAtMost = 50
)

func (p *provider) nodeTypes() *arm.Type {
	return &arm.Type{
		Name: nodeTypeType,
		CheckName: func(name string) *arm.Error {
			if nodeTypeName.MatchString(name) {
				return nil
			}
			return arm.BadRequest("InvalidResourceName", "The node type name '%s' is invalid: it must have at most 9 "+
				"letters and digits and begin with a letter.", name)
		},
		Created: http.StatusOK, PutAsync: arm.AzureAsyncOperation, DeleteAsync: arm.AzureAsyncOperation,
		Put: putNodeType, Delete: deleteNodeType,
	}
}

// fixedOfNodeTypes are what a node type keeps. Changing the machines' size in place is not supported.
// Sources: https://learn.microsoft.com/rest/api/servicefabric/managedclusters/node-types/create-or-update and
// https://learn.microsoft.com/azure/service-fabric/service-fabric-scale-up-primary-node-type
var fixedOfNodeTypes = [][]string{
	{"properties", "subnetId"}, {"properties", "vmManagedIdentity"}, {"properties", "vmSize"},
}

func putNodeType(c *arm.Call, w *arm.Write) *arm.Error {
	cluster, ok := c.Get(above(w.New.ID, 1))
	if !ok {
		return arm.NotFound(above(w.New.ID, 1))
	}
	for _, flag := range []string{"isPrimary", "isStateless"} {
		if w.Old != nil && jsonbody.IsTrue(w.Old.Properties(), flag) != jsonbody.IsTrue(w.New.Properties(), flag) {
			return arm.BadRequest("PropertyChangeNotAllowed", "Changing property 'properties.%s' of node type '%s' "+
				"is not allowed: create another node type and delete this one.", flag, w.New.ID.Name())
		}
	}
	for _, path := range fixedOfNodeTypes {
		if err := immutable(w, path...); err != nil {
			return err
		}
	}
	props := w.New.Properties()
	jsonbody.SetDefault(props, "isStateless", false)
	if err := checkNodes(c, cluster, w); err != nil {
		return err
	}
	if err := checkImage(props); err != nil {
		return err
	}
	if err := checkSecurityRules(props); err != nil {
		return err
	}
	if err := checkSecrets(c, props); err != nil {
		return err
	}
	jsonbody.SetDefault(props, "multiplePlacementGroups", jsonbody.IsTrue(props, "isStateless"))
	jsonbody.SetDefault(props, "enableEncryptionAtHost", false)
	jsonbody.SetDefault(props, "dataDiskType", "StandardSSD_LRS")
	jsonbody.SetDefault(props, "dataDiskLetter", "S")
	props["provisioningState"] = "Succeeded"
	sku := jsonbody.Object(w.New.Body, "sku")
	if sku == nil {
		sku = map[string]any{}
		w.New.Body["sku"] = sku
	}
	jsonbody.SetDefault(sku, "name", jsonbody.Text(props, "vmSize"))
	jsonbody.SetDefault(sku, "tier", "Standard")
	sku["capacity"] = nodes(w.New)
	return nil
}

// nodes is how many machines a node type has: -1 for vmInstanceCount leaves it to sku.capacity.
func nodes(r *arm.Resource) float64 {
	count, _ := jsonbody.Number(r.Properties(), "vmInstanceCount")
	if count == -1 {
		count, _ = jsonbody.Number(jsonbody.Object(r.Body, "sku"), "capacity")
	}
	return count
}

// mostNodes is how many nodes a node type can have. Stateless ones span placement groups by themselves.
// Sources: https://learn.microsoft.com/azure/service-fabric/how-to-managed-cluster-stateless-node-type and
// https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-placement-groups
func mostNodes(sku string, props map[string]any) int {
	if !strings.EqualFold(sku, "Basic") &&
		(jsonbody.IsTrue(props, "isStateless") || jsonbody.IsTrue(props, "multiplePlacementGroups")) {
		return manyNodesAtMost
	}
	return nodesAtMost
}

// checkNodes applies the SKU's limits on node types and nodes.
// Source: https://learn.microsoft.com/azure/service-fabric/overview-managed-cluster#service-fabric-managed-cluster-skus
func checkNodes(c *arm.Call, cluster *arm.Resource, w *arm.Write) *arm.Error {
	props := w.New.Properties()
	sku := cluster.String("sku", "name")
	count := nodes(w.New)
	primary := jsonbody.IsTrue(props, "isPrimary")
	siblings := 0
	for _, other := range c.Children(cluster.ID, "nodeTypes") {
		if other.ID.Key() != w.New.ID.Key() {
			siblings++
		}
	}
	if strings.EqualFold(sku, "Basic") && siblings > 0 {
		return invalid("A managed cluster of SKU 'Basic' has one node type, and '%s' would be another: use SKU "+
			"'Standard'.", w.New.ID.Name())
	}
	if siblings >= nodeTypesAtMost {
		return invalid("A managed cluster has at most %d node types, and '%s' would be one more.", nodeTypesAtMost,
			w.New.ID.Name())
	}
	if !primary && primaryNodeType(c, cluster.ID) == nil {
		return invalid("The first node type of managed cluster '%s' must be its primary one: set "+
			"properties.isPrimary of '%s' to true.", cluster.ID.Name(), w.New.ID.Name())
	}
	if primary && jsonbody.IsTrue(props, "isStateless") {
		return invalid("The node type '%s' is primary and cannot be stateless.", w.New.ID.Name())
	}
	least := 1.0
	if primary {
		least = standardPrimary
		if strings.EqualFold(sku, "Basic") {
			least = basicPrimary
		}
	}
	if most := mostNodes(sku, props); count < least || count > float64(most) {
		return invalid("The node type '%s' has %v nodes (properties.vmInstanceCount): on a managed cluster of SKU "+
			"'%s' it must be between %v and %d.", w.New.ID.Name(), count, sku, least, most)
	}
	return nil
}

// checkImage wants a machine size and an image: a marketplace image whole, or the id of one's own.
// Source: https://learn.microsoft.com/azure/service-fabric/how-to-managed-cluster-custom-image
func checkImage(props map[string]any) *arm.Error {
	if jsonbody.Text(props, "vmSize") == "" {
		return invalid("Required parameter 'vmSize' is missing (null).")
	}
	market := []string{"vmImagePublisher", "vmImageOffer", "vmImageSku", "vmImageVersion"}
	var given, missing []string
	for _, key := range market {
		if jsonbody.Text(props, key) == "" {
			missing = append(missing, key)
		} else {
			given = append(given, key)
		}
	}
	own := 0
	for _, key := range []string{"vmImageResourceId", "vmSharedGalleryImageId"} {
		if jsonbody.Text(props, key) != "" {
			own++
		}
	}
	switch {
	case own > 1 || own == 1 && len(given) > 0:
		return invalid("The node type names more than one image: use either vmImageResourceId, "+
			"vmSharedGalleryImageId, or %s.", strings.Join(market, ", "))
	case own == 0 && len(missing) > 0:
		return invalid("The node type names no whole image: properties.%s must be set, or vmImageResourceId.",
			strings.Join(missing, ", properties."))
	}
	publisher, offer := jsonbody.Text(props, "vmImagePublisher"), jsonbody.Text(props, "vmImageOffer")
	windows := strings.EqualFold(publisher, "MicrosoftWindowsServer")
	if own == 0 && windows && !strings.EqualFold(offer, "WindowsServer") {
		return arm.Errorf(http.StatusNotFound, "PlatformImageNotFound",
			"The platform image '%s:%s:%s:%s' is not available. "+
				"Verify that all fields in the storage profile are correct.",
			publisher, offer, jsonbody.Text(props, "vmImageSku"), jsonbody.Text(props, "vmImageVersion"))
	}
	return nil
}

// checkSecrets wants each vault that certificates come from to be there and to admit deployments.
// Source of codes: https://learn.microsoft.com/azure/azure-resource-manager/templates/key-vault-parameter and
// https://learn.microsoft.com/azure/virtual-machines/troubleshooting/error-messages
func checkSecrets(c *arm.Call, props map[string]any) *arm.Error {
	for i, group := range jsonbody.Objects(props, "vmSecrets") {
		id := jsonbody.Text(jsonbody.Object(group, "sourceVault"), "id")
		parsed, err := arm.ParseID(id)
		if err != nil || !strings.EqualFold(parsed.Type(), "Microsoft.KeyVault/vaults") || parsed.Name() == "" {
			return invalid("properties.vmSecrets[%d].sourceVault.id '%s' is not the id of a Key Vault.", i, id)
		}
		if !c.Server.Directory().Allowed(c.Tx, c.Caller.ObjectID, parsed.String(),
			"Microsoft.KeyVault/vaults/deploy/action", false) {
			return arm.Errorf(http.StatusForbidden, "LinkedAuthorizationFailed",
				"The client '%s' with object id '%s' has permission to perform action '%s/write' on scope '%s'; "+
					"however, it does not have permission to perform action(s) "+
					"'Microsoft.KeyVault/vaults/deploy/action' on the linked scope(s) '%s' or the linked "+
					"scope(s) are invalid.",
				c.Caller.ClientID, c.Caller.ObjectID, nodeTypeType, c.ID, parsed)
		}
		vault, ok := c.Get(parsed)
		if !ok {
			return arm.NotFound(parsed)
		}
		if enabled, _ := vault.Value("properties", "enabledForDeployment").(bool); !enabled {
			return arm.Errorf(http.StatusForbidden, "KeyVaultAccessForbidden",
				"Key Vault %s either has not been enabled for deployment or the vault id provided does not match the "+
					"Key Vault's true resource id: set its enabledForDeployment to true.", vault.ID)
		}
		for j, certificate := range jsonbody.Objects(group, "vaultCertificates") {
			url := strings.ToLower(jsonbody.Text(certificate, "certificateUrl"))
			if base := strings.ToLower(vault.String("properties", "vaultUri")); base != "" &&
				!strings.HasPrefix(url, base+"secrets/") {
				return invalid("properties.vmSecrets[%d].vaultCertificates[%d].certificateUrl is not a secret of "+
					"vault '%s': it must begin with '%ssecrets/'.", i, j, vault.ID.Name(), base)
			}
		}
	}
	return nil
}

// deleteNodeType keeps the last primary node type while the cluster stands: it goes with the cluster only.
// Source of code and message: https://github.com/Azure/terraform-provider-azapi/issues/933
func deleteNodeType(c *arm.Call, r *arm.Resource) *arm.Error {
	if !strings.EqualFold(c.ID.Type(), nodeTypeType) || !jsonbody.IsTrue(r.Properties(), "isPrimary") {
		return nil // part of its cluster's deletion, or not primary
	}
	for _, other := range c.Children(above(r.ID, 1), "nodeTypes") {
		if other.ID.Key() != r.ID.Key() && jsonbody.IsTrue(other.Properties(), "isPrimary") && active(c, other) {
			return nil
		}
	}
	return invalid("Cluster must have at least one active primary node type.")
}

// primaryNodeType finds the oldest primary node type, or nil.
func primaryNodeType(c *arm.Call, cluster arm.ID) *arm.Resource {
	var oldest *arm.Resource
	for _, n := range c.Children(cluster, "nodeTypes") {
		if jsonbody.IsTrue(n.Properties(), "isPrimary") && (oldest == nil || n.CreatedAt.Before(oldest.CreatedAt)) {
			oldest = n
		}
	}
	return oldest
}

// active reports whether a node type's machines are there.
func active(c *arm.Call, n *arm.Resource) bool {
	return c.Now.Sub(n.CreatedAt) >= c.Server.Latency(nodeTypeType, arm.OpCreate)
}
