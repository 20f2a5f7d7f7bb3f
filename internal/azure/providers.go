package azure

import (
	"net/http"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/authorization"
	"github.com/crossorg/crossorg/internal/azure/blob"
	"github.com/crossorg/crossorg/internal/azure/compute"
	"github.com/crossorg/crossorg/internal/azure/datashare"
	"github.com/crossorg/crossorg/internal/azure/identity"
	"github.com/crossorg/crossorg/internal/azure/keyvault"
	"github.com/crossorg/crossorg/internal/azure/managedidentity"
	"github.com/crossorg/crossorg/internal/azure/monitor"
	"github.com/crossorg/crossorg/internal/azure/resources"
	"github.com/crossorg/crossorg/internal/azure/servicefabric"
	"github.com/crossorg/crossorg/internal/azure/storage"
)

// providers are the resource providers of the embedded Azure: what they register is its whole API. packages fetches
// application packages; latency says when a trigger's first snapshot runs.
func providers(
	dir *identity.Directory, content *blob.Content, vaults *keyvault.Endpoints, packages *http.Client, latency Latency,
) []*arm.Provider {
	return append([]*arm.Provider{
		resources.New(), authorization.New(dir), storage.New(content), keyvault.New(vaults),
		managedidentity.New(dir),
		datashare.New(content, dir, datashare.Options{FirstAtOnce: latency.FirstSnapshot == FirstAtOnce}),
		servicefabric.New(packages), compute.New(),
	}, monitor.New()...)
}
