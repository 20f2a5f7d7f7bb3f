// Package armtest runs a control plane for the tests of resource providers: Azure Resource Manager over TLS with the
// providers under test, two organizations in tenants of their own, tokens for anybody, the official clients' options,
// and a clock that can be moved.
//
// A test makes an Azure, sends requests as a caller, and judges the responses:
//
//	a := armtest.New(t, armtest.Config{APIVersion: "2023-07-01",
//		Providers: func(*armtest.Azure) []*arm.Provider { return []*arm.Provider{keyvault.New(endpoints)} }})
//	vault := a.Contoso.Put(armtest.Group+"/providers/Microsoft.KeyVault/vaults/v", body).Wait().OK()
//	a.Fabrikam.Get(vault.ID()).Refused(http.StatusUnauthorized, "InvalidAuthenticationTokenTenant")
package armtest

import (
	"bytes"
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/blob"
	"github.com/crossorg/crossorg/internal/azure/clock"
	"github.com/crossorg/crossorg/internal/azure/identity"
	"github.com/crossorg/crossorg/internal/azure/resources"
	"github.com/crossorg/crossorg/internal/azure/roles"
	"github.com/crossorg/crossorg/internal/azure/store"
)

// The organizations that every Azure begins with: Contoso and, in another tenant, Fabrikam. Each has a subscription
// with one resource group in eastus.
const (
	Tenant       = "11111111-0000-4000-8000-000000000001"
	Subscription = "11111111-0000-4000-8000-000000000002"

	OtherTenant       = "22222222-0000-4000-8000-000000000001"
	OtherSubscription = "22222222-0000-4000-8000-000000000002"

	GroupName  = "shared"
	Group      = "/subscriptions/" + Subscription + "/resourceGroups/" + GroupName
	OtherGroup = "/subscriptions/" + OtherSubscription + "/resourceGroups/" + GroupName
)

// Config is the configuration of a test's Azure. The zero value is a control plane with Microsoft.Resources alone.
type Config struct {
	// Providers are the resource providers; Microsoft.Resources is added when it is not among them. It is called at
	// every start of the control plane, when everything else of the Azure stands.
	Providers func(a *Azure) []*arm.Provider
	// APIVersion completes the paths of requests that name none.
	APIVersion string
	// Now is the machine's clock; nil is the real one.
	Now func() time.Time
	// Control, if set, changes the control plane's options (latency, limits, faults) at every start.
	Control func(o *arm.Options)
	// Front, if set, makes what listens: the control plane with other services beside it.
	Front func(server *arm.Server) http.Handler
}

// Azure is a running control plane. What a test opens with it is closed when the test ends.
type Azure struct {
	T         testing.TB
	Store     *store.Store
	Directory *identity.Directory
	Clock     *clock.Clock
	// Contoso and Fabrikam send requests as the principals that deploy for them, who own their subscriptions.
	Contoso, Fabrikam *Organization
	// Log is the request log.
	Log *Buffer

	config Config
	front  *httptest.Server
	folder string

	mu      sync.Mutex
	server  *arm.Server
	handler http.Handler
	skew    time.Duration
	content *blob.Content
}

// Organization is a tenant with one subscription. The Caller is its deployer.
type Organization struct {
	*Caller
	Tenant, Subscription string
}

// New starts an Azure for one test. Azures share nothing, so tests that use them may be parallel.
func New(t testing.TB, config Config) *Azure {
	t.Helper()
	a := &Azure{T: t, config: config, folder: t.TempDir(), Log: &Buffer{}}
	if a.config.Now == nil {
		a.config.Now = time.Now
	}
	var err error
	a.Store, err = store.Open(filepath.Join(a.folder, "state.db"))
	require.NoError(t, err)
	a.Clock, err = clock.New(a.Store, a.machineTime)
	require.NoError(t, err)
	a.front = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.listening().ServeHTTP(w, r)
	}))
	a.Directory, err = identity.NewDirectory(a.Store, a.front.URL, a.Clock.Now)
	require.NoError(t, err)
	a.start(false)
	t.Cleanup(a.stop)
	a.Contoso = a.NewOrganization("contoso", Tenant, Subscription)
	a.Fabrikam = a.NewOrganization("fabrikam", OtherTenant, OtherSubscription)
	return a
}

// NewOrganization makes one more organization: a subscription with its owner and its resource group.
func (a *Azure) NewOrganization(name, tenant, subscription string) *Organization {
	require.NoError(a.T, a.Store.Update(func(tx *store.Tx) error {
		s := identity.Subscription{ID: subscription, TenantID: tenant, Name: name}
		return a.Directory.AddSubscription(tx, s)
	}))
	deployer := a.As(a.Principal(tenant, name+"-deployer"))
	o := &Organization{Tenant: tenant, Subscription: subscription, Caller: deployer}
	a.Grant(o.Principal, roles.Owner, "/subscriptions/"+subscription)
	a.Plant("/subscriptions/" + subscription + "/resourceGroups/" + GroupName)
	return o
}

// start opens a control plane on the state.
func (a *Azure) start(catchUp bool) {
	var providers []*arm.Provider
	if a.config.Providers != nil {
		providers = a.config.Providers(a)
	}
	if !slices.ContainsFunc(providers, func(p *arm.Provider) bool { return p.Namespace == "Microsoft.Resources" }) {
		providers = append(providers, resources.New())
	}
	o := arm.Options{
		Store: a.Store, Directory: a.Directory, Clock: a.Clock, Log: a.Log, CatchUp: catchUp, Providers: providers,
		Endpoints: arm.Endpoints{Management: a.front.URL, Blob: a.front.URL},
	}
	if a.config.Control != nil {
		a.config.Control(&o)
	}
	server, err := arm.NewServer(o)
	require.NoError(a.T, err)
	var handler http.Handler = server
	if a.config.Front != nil {
		handler = a.config.Front(server)
	}
	a.mu.Lock()
	a.server, a.handler = server, handler
	a.mu.Unlock()
	if catchUp {
		require.NoError(a.T, server.CatchUp(context.Background()))
	}
}

// stop closes everything, in the order in which one part needs the other.
func (a *Azure) stop() {
	a.front.Close()
	a.Server().Close()
	if a.content != nil {
		require.NoError(a.T, a.content.Close())
	}
	require.NoError(a.T, a.Store.Close())
}

// Restart closes the control plane and opens another on the same state, as if the process had been started again.
func (a *Azure) Restart() {
	a.Server().Close()
	a.start(false)
}

// ClosedFor closes the control plane, lets time pass, and opens another that makes up for the jobs it missed.
func (a *Azure) ClosedFor(d time.Duration) {
	a.Server().Close()
	a.Elapse(d)
	a.start(true)
}

// Server is the running control plane.
func (a *Azure) Server() *arm.Server {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.server
}

func (a *Azure) listening() http.Handler {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.handler
}

// URL is the base URL of the management endpoint.
func (a *Azure) URL() string { return a.front.URL }

// Client is an HTTP client that trusts the endpoint.
func (a *Azure) Client() *http.Client { return a.front.Client() }

// Content is the content of blobs, for providers that work on it. It is made on first use.
func (a *Azure) Content() *blob.Content {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.content == nil {
		var err error
		a.content, err = blob.NewContent(a.Store, a.ContentFolder())
		require.NoError(a.T, err)
	}
	return a.content
}

// ContentFolder is where Content keeps the bytes of blobs.
func (a *Azure) ContentFolder() string { return filepath.Join(a.folder, "blobs") }

// machineTime is the machine's clock as the test has set it.
func (a *Azure) machineTime() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.config.Now().Add(a.skew)
}

// Elapse moves the machine's clock, as when time passes on its own. Jobs that come due on the way run afterwards.
func (a *Azure) Elapse(d time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.skew += d
}

// Advance moves the clock through the control plane: jobs that come due on the way run at their own times, and have
// ended when it returns.
func (a *Azure) Advance(d time.Duration) arm.Advanced {
	a.T.Helper()
	out, err := a.Server().Advance(context.Background(), d)
	require.NoError(a.T, err)
	return out
}

// Plant stores a resource as another provider would have left it: in eastus and without properties, unless the body
// says otherwise. It returns the id.
func (a *Azure) Plant(id string, body ...map[string]any) string {
	a.T.Helper()
	planted := map[string]any{"location": "eastus", "properties": map[string]any{}}
	for _, b := range body {
		maps.Copy(planted, b)
	}
	parsed, err := arm.ParseID(id)
	require.NoError(a.T, err)
	a.Update(func(c *arm.Call) *arm.Error {
		return c.Save(&arm.Resource{ID: parsed, Body: planted, CreatedAt: c.Now})
	})
	return id
}

// Uproot removes a resource without a request, as if its provider had lost it.
func (a *Azure) Uproot(id string) {
	a.T.Helper()
	parsed, err := arm.ParseID(id)
	require.NoError(a.T, err)
	a.Update(func(c *arm.Call) *arm.Error { return c.Remove(parsed) })
}

// Update changes the state in one transaction of the control plane, which must succeed.
func (a *Azure) Update(fn func(c *arm.Call) *arm.Error) {
	a.T.Helper()
	require.NoError(a.T, a.Server().Update(func(c *arm.Call) error {
		if aerr := fn(c); aerr != nil {
			return aerr
		}
		return nil
	}))
}

// Bare makes providers of types that only store resources. They stand in for other namespaces, such as the targets of
// diagnostic settings.
func Bare(fullTypes ...string) []*arm.Provider {
	var out []*arm.Provider
	for _, name := range fullTypes {
		namespace, _, _ := strings.Cut(name, "/")
		i := slices.IndexFunc(out, func(p *arm.Provider) bool { return p.Namespace == namespace })
		if i < 0 {
			i = len(out)
			out = append(out, &arm.Provider{Namespace: namespace})
		}
		out[i].Types = append(out[i].Types, &arm.Type{Name: name})
	}
	return out
}

// Buffer is a bytes.Buffer that may be read while it is written.
type Buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write appends.
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// String is the text written so far.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
