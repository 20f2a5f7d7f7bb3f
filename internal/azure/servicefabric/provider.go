// Package servicefabric is the resource provider Microsoft.ServiceFabric as far as managed clusters go: clusters, their
// node types, and the application types, versions, applications and services that run on them.
//
// A cluster here has no machines. What Azure decides about it is decided: when it is ready, what it accepts, and
// whether an application package is what its names say; packages are really fetched and opened.
//
// Sources: https://learn.microsoft.com/azure/service-fabric/overview-managed-cluster and
// https://learn.microsoft.com/rest/api/servicefabric/managedclusters. Where Azure's error code for a refusal is not
// documented, the code is the one that ARM uses for the same kind of refusal elsewhere, and the message is ours.
package servicefabric

import (
	"net/http"

	"github.com/crossorg/crossorg/internal/azure/arm"
)

const (
	namespace       = "Microsoft.ServiceFabric"
	clusterType     = namespace + "/managedClusters"
	nodeTypeType    = clusterType + "/nodeTypes"
	appTypeType     = clusterType + "/applicationTypes"
	versionType     = appTypeType + "/versions"
	applicationType = clusterType + "/applications"
	serviceType     = applicationType + "/services"
)

// provider is the state that the handlers of all types share.
type provider struct{ client *http.Client }

// New makes the resource provider. Application packages are fetched with client, which must trust the embedded Azure's
// CA if packages lie in its blob storage; nil is http.DefaultClient.
func New(client *http.Client) *arm.Provider {
	if client == nil {
		client = http.DefaultClient
	}
	p := &provider{client: client}
	return &arm.Provider{
		Namespace: namespace,
		Types: []*arm.Type{p.clusters(), p.nodeTypes(), p.applicationTypes(), p.versions(), p.applications(),
			p.services()},
	}
}
