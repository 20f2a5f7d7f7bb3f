package conformance_test

import (
	"crypto/tls"
	"flag"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/conformance"
	"github.com/crossorg/crossorg/internal/azure"
)

var record = flag.Bool("record", false, "write down which promises were kept, and render docs/conformance.md")

// embedded opens an embedded Azure with two tenants, and with a principal that has no role where the provider deploys.
func embedded(t *testing.T) *conformance.Env {
	return embeddedWith(t, azure.Latency{}, netip.Addr{}, false)
}

// embeddedWith opens one that takes its time, one that sees all callers at an address, or one whose clock can be moved.
func embeddedWith(t *testing.T, latency azure.Latency, callers netip.Addr, clock bool) *conformance.Env {
	fabrikam := azure.Declared{TenantID: uuid.NewString(), SubscriptionID: uuid.NewString(), ClientID: uuid.NewString()}
	stranger := azure.Declared{SubscriptionID: uuid.NewString(), ClientID: uuid.NewString()}
	a, err := azure.Open(azure.Options{Dir: t.TempDir(), Declared: []azure.Declared{fabrikam, stranger},
		Latency: latency, Callers: callers})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, a.Close()) })

	transport := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: a.RootCAs(), MinVersion: tls.VersionTLS12}, MaxIdleConnsPerHost: 64,
	}}
	t.Cleanup(transport.CloseIdleConnections)
	e := &conformance.Env{
		Cloud: cloud.Configuration{
			ActiveDirectoryAuthorityHost: a.Authority(),
			Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
				cloud.ResourceManager:   {Endpoint: a.Management(), Audience: "https://management.azure.com"},
				conformance.LogsService: {Endpoint: a.Management() + "/v1", Audience: "https://api.loganalytics.io"},
			},
		},
		Transport: transport, Location: "eastus", OtherLocation: "westeurope", Prefix: "cf", Cluster: true,
		Address: callers, Poll: 5 * time.Millisecond, Patience: 20 * time.Second,
	}
	org := func(tenant, client string) *conformance.Org {
		c, err := a.Credentials(tenant, client)
		require.NoError(t, err)
		return &conformance.Org{Tenant: c.TenantID, Subscription: c.SubscriptionID, ClientID: c.ClientID,
			Credential: signIn(t, e, c)}
	}
	e.Provider = org("", "")
	e.Consumer = org(fabrikam.TenantID, fabrikam.ClientID)
	e.Stranger = org("", stranger.ClientID)
	e.Spare = e.Stranger // who owns a subscription that is not the provider's
	e.Slow = latency.Profile == azure.LatencyAzure
	if clock {
		e.Advance = func(by time.Duration) error {
			_, err := a.Advance(t.Context(), by)
			for _, o := range []*conformance.Org{e.Provider, e.Consumer, e.Stranger} {
				c, err := a.Credentials(o.Tenant, o.ClientID)
				require.NoError(t, err)
				o.Credential = signIn(t, e, c) // what the old one has in store may have expired
			}
			return err
		}
	}
	return e
}

// signIn makes the credential of a service principal, as azidentity has it.
func signIn(t *testing.T, e *conformance.Env, c azure.Credentials) azcore.TokenCredential {
	cred, err := azidentity.NewClientSecretCredential(c.TenantID, c.ClientID, c.ClientSecret,
		&azidentity.ClientSecretCredentialOptions{
			ClientOptions: policy.ClientOptions{Cloud: e.Cloud, Transport: e.Transport}, DisableInstanceDiscovery: true,
		})
	require.NoError(t, err)
	return cred
}

// Most promises are asked of one embedded Azure, all at once. Those that move its clock, meet operations in progress or
// use up the request limits have one for themselves.
func TestEmbeddedAzureKeepsItsPromises(t *testing.T) {
	usual := embedded(t)
	kept := ask(t, usual, usual.Asks)
	var mu sync.Mutex
	t.Run("alone", func(t *testing.T) {
		for _, p := range conformance.Promises() {
			if usual.Asks(p) {
				continue
			}
			t.Run(p.Key(), func(t *testing.T) {
				t.Parallel()
				own := alone(t, p)
				answered := ask(t, own, func(q conformance.Promise) bool { return q.Key() == p.Key() && own.Asks(q) })
				mu.Lock()
				defer mu.Unlock()
				kept = append(kept, answered...)
			})
		}
	})
	write(t, conformance.EmbeddedAzure, kept)
}

// alone opens an embedded Azure as a promise needs it.
func alone(t *testing.T, p conformance.Promise) *conformance.Env {
	latency := azure.Latency{}
	switch {
	case slices.Contains(p.Needs, conformance.Slow):
		latency = azure.Latency{Profile: azure.LatencyAzure, Scale: 0.02}
	case slices.Contains(p.Needs, conformance.Limited):
		latency = azure.Latency{Profile: azure.LatencyAzure}
	}
	var callers netip.Addr
	if slices.Contains(p.Needs, conformance.Address) {
		callers = netip.MustParseAddr("203.0.113.9")
	}
	e := embeddedWith(t, latency, callers, slices.Contains(p.Needs, conformance.Clock))
	e.Limited = latency.Scale == 0 && e.Slow
	return e
}

// write records a run and renders the report, if the test was asked to.
func write(t *testing.T, name string, kept []string) {
	if !*record || t.Failed() {
		return
	}
	require.NoError(t, conformance.WriteRecord(recordFile, name, kept, time.Now()))
	runs, err := conformance.ReadRecord(recordFile)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(reportFile, []byte(conformance.Report(conformance.Promises(), runs)), 0o644))
}
