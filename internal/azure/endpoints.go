package azure

import (
	"net/http"
	"strings"
	"time"

	"github.com/crossorg/crossorg/internal/azure/blob"
	"github.com/crossorg/crossorg/internal/azure/graph"
	"github.com/crossorg/crossorg/internal/azure/keyvault"
	"github.com/crossorg/crossorg/internal/azure/logs"
	"github.com/crossorg/crossorg/internal/azure/storage"
)

// management is what the management endpoint serves: the control plane, and what has hosts of its own on Azure: the
// query API, Microsoft Graph and sign-in. The control endpoints are the embedded Azure's own.
func (p *parts) management() http.Handler {
	queries := logs.NewHandler(p.server)
	control := newControl(p.server, p.options.Latency, p.faultSet, p.estate.ControlSecret)
	signIn, directory := p.directory.Handler(), graph.NewHandler(p.server)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		first, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		switch strings.ToLower(first) {
		case "subscriptions", "providers", "tenants", "metadata":
			p.server.ServeHTTP(w, r)
		case "v1":
			queries.ServeHTTP(w, r)
		case graph.Version, graph.Beta:
			directory.ServeHTTP(w, r)
		case controlPath:
			control.ServeHTTP(w, r)
		default:
			signIn.ServeHTTP(w, r)
		}
	})
}

// blobs is the blob service, with its resource logs.
func (p *parts) blobs() http.Handler {
	return blob.NewHandler(p.content, storage.NewAccounts(p.server, p.content), p.clock.Now).ClientClock(time.Now).
		CallersAt(p.options.Callers).RecordTo(logs.Blobs(p.server))
}

// vaultData is the data plane of the vaults, with its resource logs.
func (p *parts) vaultData() http.Handler {
	return keyvault.NewHandler(p.server).RecordTo(logs.Vaults(p.server))
}
