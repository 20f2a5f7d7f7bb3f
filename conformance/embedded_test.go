package conformance_test

import (
	"crypto/tls"
	"flag"
	"net/http"
	"os"
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
	fabrikam := azure.Declared{TenantID: uuid.NewString(), SubscriptionID: uuid.NewString(), ClientID: uuid.NewString()}
	stranger := azure.Declared{SubscriptionID: uuid.NewString(), ClientID: uuid.NewString()}
	a, err := azure.Open(azure.Options{Dir: t.TempDir(), Declared: []azure.Declared{fabrikam, stranger}})
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
				cloud.ResourceManager: {Endpoint: a.Management(), Audience: "https://management.azure.com"},
			},
		},
		Transport: transport, Location: "eastus", OtherLocation: "westeurope", Prefix: "cf", Cluster: true,
		Poll: 5 * time.Millisecond, Patience: 20 * time.Second,
	}
	org := func(tenant, client string) *conformance.Org {
		c, err := a.Credentials(tenant, client)
		require.NoError(t, err)
		return &conformance.Org{Tenant: c.TenantID, Subscription: c.SubscriptionID, ClientID: c.ClientID, Credential: signIn(t, e, c)}
	}
	e.Provider = org("", "")
	e.Consumer = org(fabrikam.TenantID, fabrikam.ClientID)
	e.Stranger = org("", stranger.ClientID)
	return e
}

// signIn makes the credential of a service principal, as azidentity has it.
func signIn(t *testing.T, e *conformance.Env, c azure.Credentials) azcore.TokenCredential {
	cred, err := azidentity.NewClientSecretCredential(c.TenantID, c.ClientID, c.ClientSecret, &azidentity.ClientSecretCredentialOptions{
		ClientOptions: policy.ClientOptions{Cloud: e.Cloud, Transport: e.Transport}, DisableInstanceDiscovery: true,
	})
	require.NoError(t, err)
	return cred
}

func TestEmbeddedAzureKeepsItsPromises(t *testing.T) {
	kept := ask(t, embedded(t))
	write(t, conformance.EmbeddedAzure, kept)
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
