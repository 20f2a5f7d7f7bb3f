package rules

// The SKUs of Service Fabric managed clusters.
const (
	Basic    = "Basic"
	Standard = "Standard"
)

// ClusterSKUs are the SKUs of Service Fabric managed clusters.
func ClusterSKUs() []string { return []string{Basic, Standard} }

// LeastNodes is how many nodes the primary node type of a cluster needs, by SKU; 0 for an unknown SKU
// (learn.microsoft.com/azure/service-fabric/overview-managed-cluster#service-fabric-managed-cluster-skus).
func LeastNodes(sku string) int {
	switch sku {
	case Basic:
		return 3
	case Standard:
		return 5
	}
	return 0
}

// MostNodes is how many nodes a node type takes: a scale set of one placement group has no more
// (learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-placement-groups).
const MostNodes = 100

// ManagementPorts are the ports that a cluster is administered through: client connections and the HTTP gateway
// (learn.microsoft.com/azure/service-fabric/how-to-managed-cluster-networking).
func ManagementPorts() []int { return []int{19000, 19080} }

// EveryNode is the instance count of a stateless service that runs on every node
// (learn.microsoft.com/azure/service-fabric/service-fabric-cluster-resource-manager-configure-services).
const EveryNode = -1

// InstanceCount reports whether a stateless service can have n instances: a positive number of them, or EveryNode.
func InstanceCount(n int) bool { return n == EveryNode || n >= 1 }
