// Package azure is the embedded Azure as a whole: it opens a home folder, puts the resource providers behind the
// control plane and the blob service, and listens on loopback over TLS.
package azure

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/authorization"
	"github.com/crossorg/crossorg/internal/azure/blob"
	"github.com/crossorg/crossorg/internal/azure/clock"
	"github.com/crossorg/crossorg/internal/azure/compute"
	"github.com/crossorg/crossorg/internal/azure/datashare"
	"github.com/crossorg/crossorg/internal/azure/faults"
	"github.com/crossorg/crossorg/internal/azure/identity"
	"github.com/crossorg/crossorg/internal/azure/keyvault"
	"github.com/crossorg/crossorg/internal/azure/logs"
	"github.com/crossorg/crossorg/internal/azure/monitor"
	"github.com/crossorg/crossorg/internal/azure/resources"
	"github.com/crossorg/crossorg/internal/azure/roles"
	"github.com/crossorg/crossorg/internal/azure/servicefabric"
	"github.com/crossorg/crossorg/internal/azure/storage"
	"github.com/crossorg/crossorg/internal/azure/store"
)

// ErrInUse means that another process has the folder open; Attach reaches it.
var ErrInUse = errors.New("the embedded Azure of this home folder is in use by another process")

// Options open an embedded Azure.
type Options struct {
	// Dir keeps its state (made with mode 0700).
	Dir string
	// ArmLog is the file that the request log is appended to; "" keeps none.
	ArmLog string
	// Declared are the estates that the stack names beside the default one.
	Declared []Declared
	// Latency is how long things take; the zero value is LatencyNone.
	Latency Latency
	// Callers is the address that storage accounts' network rules take all callers to have. Without one, callers pass
	// them: they stand for an operator whose address is admitted.
	Callers netip.Addr
	// Faults are what goes wrong on request while it is open, beside the rules that the folder keeps.
	Faults []faults.Rule
}

// Azure is an embedded Azure, in this process or (after Attach) in another.
type Azure struct {
	dir     string
	estate  *estate
	ca      *authority
	server  *arm.Server // nil after Attach
	latency Latency
	faults  *faults.Set // nil after Attach
	close   func() error
}

// Open starts the embedded Azure of a folder. It returns ErrInUse when another process has it open.
func Open(o Options) (a *Azure, err error) {
	if err := o.Latency.Check(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, err
	}
	st, err := store.Open(filepath.Join(o.Dir, "state.db"))
	if errors.Is(err, store.ErrLocked) {
		return nil, ErrInUse
	}
	if err != nil {
		return nil, err
	}
	closers := []func() error{st.Close}
	closeAll := func() error {
		var errs []error
		for i := len(closers) - 1; i >= 0; i-- {
			errs = append(errs, closers[i]())
		}
		return errors.Join(errs...)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, closeAll())
		}
	}()
	est, err := loadEstate(o.Dir)
	if err != nil {
		return nil, err
	}
	changed := false
	for _, d := range o.Declared {
		changed = est.declare(d) || changed
	}
	if changed {
		if err := est.save(o.Dir); err != nil {
			return nil, err
		}
	}
	ca, err := loadAuthority(o.Dir)
	if err != nil {
		return nil, err
	}
	now, err := clock.New(st, nil)
	if err != nil {
		return nil, err
	}
	dir, err := identity.NewDirectory(st, est.management(), now.Now)
	if err != nil {
		return nil, err
	}
	if err := st.Update(func(tx *store.Tx) error { return seed(tx, dir, est) }); err != nil {
		return nil, err
	}
	dir.DelayAssignments(o.Latency.RoleDelay()) // those of the deployers, above, are old
	content, err := blob.NewContent(st, filepath.Join(o.Dir, "blobs"))
	if err != nil {
		return nil, err
	}
	closers = append(closers, content.Close)
	wrong, err := faults.Open(st, o.Faults...)
	if err != nil {
		return nil, err
	}
	options := arm.Options{CatchUp: true, Store: st, Faults: wrong, Directory: dir, Clock: now,
		Endpoints: arm.Endpoints{Management: est.management(), Blob: est.blob()},
		Latency:   arm.Latency{Scale: o.Latency.factor()}, Throttle: o.Latency.Profile == LatencyAzure}
	if o.ArmLog != "" {
		f, err := os.OpenFile(o.ArmLog, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, fmt.Errorf("request log: %w", err)
		}
		closers = append(closers, f.Close)
		options.Log = f
	}
	packages := &http.Client{Timeout: time.Minute,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: ca.pool(), MinVersion: tls.VersionTLS12}}}
	tlsConfig, err := ca.serverConfig()
	if err != nil {
		return nil, err
	}
	vaults := keyvault.NewEndpoints(func(port int, h http.Handler) (func() error,
		error) {
		return listen(port, h, tlsConfig)
	},
		est.VaultPort, est.ManagementPort, est.BlobPort)
	options.Providers = append([]*arm.Provider{
		resources.New(), authorization.New(dir), storage.New(content), keyvault.New(vaults),
		datashare.New(content, dir), servicefabric.New(packages), compute.New(),
	}, monitor.New()...)
	server, err := arm.NewServer(options)
	if err != nil {
		return nil, err
	}
	closers = append(closers, func() error { server.Close(); return nil })
	signIn := dir.Handler()
	queries := logs.NewHandler(server)
	control := newControl(server, o.Latency, wrong, est.ControlSecret)
	management := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch first, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/"); strings.ToLower(first) {
		case "subscriptions", "providers", "tenants":
			server.ServeHTTP(w, r)
		case "v1": // the query API, which on Azure has a host of its own
			queries.ServeHTTP(w, r)
		case "metadata":
			serveMetadata(w, est)
		case controlPath:
			control.ServeHTTP(w, r)
		default:
			signIn.ServeHTTP(w, r)
		}
	})
	accounts := storage.NewAccounts(server, content)
	blobs := blob.NewHandler(content, accounts, now.Now).ClientClock(time.Now).CallersAt(o.Callers).
		RecordTo(logs.Blobs(server))
	for _, l := range []struct {
		port    int
		handler http.Handler
	}{{est.ManagementPort, management}, {est.BlobPort, blobs}} {
		stop, err := listen(l.port, l.handler, tlsConfig)
		if err != nil {
			return nil, err
		}
		closers = append(closers, stop)
	}
	closers = append(closers, vaults.Close)
	if err := vaults.Open(server, keyvault.NewHandler(server).RecordTo(logs.Vaults(server))); err != nil {
		return nil, err
	}
	if err := server.CatchUp(context.Background()); err != nil { // after the endpoints, which jobs reach out to
		return nil, err
	}
	return &Azure{dir: o.Dir, estate: est, ca: ca, server: server, latency: o.Latency, faults: wrong, close: closeAll},
		nil
}

// Attach reaches the embedded Azure that another process serves from the folder. It fails when an estate that the stack
// declares is unknown there.
func Attach(dir string, declared []Declared) (*Azure, error) {
	est, err := readEstate(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no embedded Azure in %s", dir)
	}
	if err != nil {
		return nil, err
	}
	ca, err := loadAuthority(dir)
	if err != nil {
		return nil, err
	}
	for _, d := range declared {
		if est.declare(d) {
			return nil, fmt.Errorf("the embedded Azure that is being served does not know tenant %q, subscription "+
				"%q, client %q of this stack: stop it and serve it again with this stack", d.TenantID, d.SubscriptionID,
				d.ClientID)
		}
	}
	return &Azure{dir: dir, estate: est, ca: ca, close: func() error { return nil }}, nil
}

// seed makes the directory know every estate: its subscription, and its principal as Owner of it.
func seed(tx *store.Tx, dir *identity.Directory, est *estate) error {
	for _, c := range est.all() {
		if err := dir.AddSubscription(tx, identity.Subscription{ID: c.SubscriptionID, TenantID: c.TenantID,
			Name: "local " + c.SubscriptionID[:min(8, len(c.SubscriptionID))]}); err != nil {
			return err
		}
		p, err := dir.AddServicePrincipal(tx, c.TenantID, c.ClientID, "deployer", c.ClientSecret)
		if err != nil {
			return err
		}
		scope := "/subscriptions/" + c.SubscriptionID
		if err := dir.Assign(tx, identity.Assignment{ID: scope + "/owner/" + p.ObjectID, PrincipalID: p.ObjectID,
			RoleID: roles.Owner, Scope: scope}); err != nil {
			return err
		}
	}
	return nil
}

// serveMetadata answers the discovery document by which az and other ARM clients find their way.
// Source: https://learn.microsoft.com/cli/azure/manage-clouds-azure-cli, "Register a new cloud"
func serveMetadata(w http.ResponseWriter, est *estate) {
	host := est.management()
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode([]any{map[string]any{ // a client that went away is not an error of ours
		"name":                    "crossorg-local",
		"resourceManager":         host,
		"activeDirectoryDataLake": host,
		"authentication": map[string]any{
			"loginEndpoint": host,
			"audiences":     []string{"https://management.core.windows.net/", "https://management.azure.com/"},
			"tenant":        "common", "identityProvider": "AAD",
		},
		"suffixes": map[string]any{"storage": "127.0.0.1", "keyVaultDns": "vault.azure.net"},
	}})
}

// Close stops listening and releases the folder.
func (a *Azure) Close() error { return a.close() }

// Management is the base URL of Azure Resource Manager.
func (a *Azure) Management() string { return a.estate.management() }

// Authority is the base URL of the sign-in endpoints; a tenant's authority is below it.
func (a *Azure) Authority() string { return a.estate.management() }

// Blob is the base URL of the blob service; an account's is below it.
func (a *Azure) Blob() string { return a.estate.blob() }

// RootCAs trusts the certificates of the endpoints.
func (a *Azure) RootCAs() *x509.CertPool { return a.ca.pool() }

// CAFile is where the certificate authority's certificate lies (PEM).
func (a *Azure) CAFile() string { return filepath.Join(a.dir, caFile) }

// DefaultCredentials are those of the default tenant and subscription.
func (a *Azure) DefaultCredentials() Credentials { return a.estate.Default }

// Credentials finds those of a client in a tenant; empty arguments mean the default ones.
func (a *Azure) Credentials(tenantID, clientID string) (Credentials, error) {
	for _, c := range a.estate.all() {
		if (tenantID == "" || strings.EqualFold(c.TenantID, tenantID)) &&
			(clientID == "" || strings.EqualFold(c.ClientID, clientID)) {
			return c, nil
		}
	}
	return Credentials{}, fmt.Errorf("the embedded Azure knows no client %q in tenant %q", clientID, tenantID)
}

// ObjectID is what role assignments call the principal that signs in with the credentials; "" after Attach.
func (a *Azure) ObjectID(of Credentials) (id string) {
	if a.server == nil {
		return ""
	}
	// A principal that cannot be read has no object id either.
	_ = a.server.View(func(c *arm.Call) error {
		p, _ := a.server.Directory().Client(c.Tx, of.TenantID, of.ClientID)
		id = p.ObjectID
		return nil
	})
	return id
}

// Subscriptions lists every subscription that it has.
func (a *Azure) Subscriptions() []string {
	seen := map[string]bool{}
	var out []string
	for _, c := range a.estate.all() {
		if k := strings.ToLower(c.SubscriptionID); !seen[k] {
			seen[k] = true
			out = append(out, c.SubscriptionID)
		}
	}
	return out
}
