package servicefabric

import (
	"net/http"

	"fmt"
	"strings"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/jsonbody"
)

// services are what an application is made of.
// Source: https://learn.microsoft.com/rest/api/servicefabric/managedclusters/services/create-or-update
func (p *provider) services() *arm.Type {
	return &arm.Type{
		Name: serviceType, CheckName: checkFabricName, Created: http.StatusOK, PutAsync: arm.AzureAsyncOperation,
		DeleteAsync: arm.AzureAsyncOperation,
		Put:         putService, Jobs: map[string]arm.Job{jobDeploy: deploy(runService)},
	}
}

func putService(c *arm.Call, w *arm.Write) *arm.Error {
	if _, err := readyCluster(c, above(w.New.ID, 2)); err != nil {
		return err
	}
	if w.Old != nil && w.Old.Private["ran"] == nil {
		w = &arm.Write{New: w.New, Request: w.Request} // it never ran and has no values to keep
	}
	for _, path := range [][]string{{"properties", "serviceKind"}, {"properties", "serviceTypeName"},
		{"properties", "partitionDescription", "partitionScheme"}} {
		if err := immutable(w, path...); err != nil {
			return err
		}
	}
	props := w.New.Properties()
	if err := checkPartition(jsonbody.Object(props, "partitionDescription")); err != nil {
		return err
	}
	if err := checkInstances(props); err != nil {
		return err
	}
	return begin(c, w)
}

// checkPartition checks the rules beyond the published type.
// Source: https://learn.microsoft.com/azure/service-fabric/service-fabric-concepts-partitioning
func checkPartition(partition map[string]any) *arm.Error {
	const at = "properties.partitionDescription"
	switch strings.ToLower(jsonbody.Text(partition, "partitionScheme")) {
	case "named":
		names, _ := partition["names"].([]any)
		seen := map[any]bool{}
		for _, n := range names {
			if seen[n] || n == "" {
				return invalid(at+".names has an empty or repeated name: '%v'.", n)
			}
			seen[n] = true
		}
		if len(names) == 0 {
			return invalid(at + ".names is empty: a named partitioning needs at least one name.")
		}
	case "uniformint64range":
		count, _ := jsonbody.Number(partition, "count")
		low, _ := jsonbody.Number(partition, "lowKey")
		high, _ := jsonbody.Number(partition, "highKey")
		if count < 1 || high < low || high-low+1 < count {
			return invalid(at+" has %v partitions over the keys %v to %v: count must be at least 1 and at most the "+
				"number of keys.", count, low, high)
		}
	}
	return nil
}

// checkInstances checks how many instances or replicas a service has: -1 instances is one on every node.
func checkInstances(props map[string]any) *arm.Error {
	if strings.EqualFold(jsonbody.Text(props, "serviceKind"), "Stateless") {
		if n, _ := jsonbody.Number(props, "instanceCount"); n == 0 || n < -1 {
			return invalid("properties.instanceCount is %v: it must be -1 (one on every node) or at least 1.", n)
		}
		return nil
	}
	target, hasTarget := jsonbody.Number(props, "targetReplicaSetSize")
	least, hasLeast := jsonbody.Number(props, "minReplicaSetSize")
	if hasTarget && hasLeast && least > target {
		return invalid("properties.minReplicaSetSize is %v, more than properties.targetReplicaSetSize, %v.", least,
			target)
	}
	return nil
}

// runService checks a service against the package that its application runs.
func runService(c *arm.Call, service *arm.Resource) *arm.Error {
	appID := above(service.ID, 1)
	app, ok := c.Get(appID)
	if !ok || running(app) == "" {
		return onCluster("CreateOrUpdate", fmt.Sprintf(
			"FABRIC_E_APPLICATION_NOT_FOUND: The application '%s' does not run in the cluster.", appID.Name()))
	}
	version, ok := c.GetByID(running(app))
	if !ok {
		return onCluster("CreateOrUpdate", "FABRIC_E_APPLICATION_TYPE_NOT_FOUND: The application type version "+
			"'"+running(app)+"' is not registered in the cluster.")
	}
	name, wants := service.String("properties", "serviceTypeName"), service.String("properties", "serviceKind")
	switch kind := kindOf(version, name); {
	case kind == "":
		return onCluster("CreateOrUpdate", "FABRIC_E_SERVICE_TYPE_NOT_FOUND: The service type '"+name+"' is not in "+
			"the package that application '"+app.ID.Name()+"' runs.")
	case !strings.EqualFold(kind, wants):
		return onCluster("CreateOrUpdate", "FABRIC_E_SERVICE_TYPE_MISMATCH: The service type '"+name+"' is "+kind+", "+
			"and the service is to be "+wants+".")
	}
	service.Private["ran"] = true
	return nil
}
