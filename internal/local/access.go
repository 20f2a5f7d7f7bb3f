package local

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"sync"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// Access is how results are read from Azure, whichever Azure that is: over HTTPS with the official clients.
type Access struct {
	// Cloud has the endpoints to sign in at and to manage resources at.
	Cloud cloud.Configuration
	// Transport sends the requests; nil means the SDK's own.
	Transport policy.Transporter
	// Credential signs in as the principal that deploys an organization.
	Credential func(organization string) (azcore.TokenCredential, error)
}

// Close lets go of idle connections.
func (a *Access) Close() error {
	if client, ok := a.Transport.(*http.Client); ok {
		client.CloseIdleConnections()
	}
	return nil
}

func (a *Access) options() policy.ClientOptions {
	return policy.ClientOptions{Cloud: a.Cloud, Transport: a.Transport}
}

func (a *Access) armOptions() *arm.ClientOptions {
	return &arm.ClientOptions{ClientOptions: a.options(), DisableRPRegistration: true}
}

// credentials is one principal of a directory.
type credentials struct {
	TenantID, SubscriptionID, ClientID, ClientSecret string
}

// newAccess is access to an Azure of our own: its endpoints, its certificate authority, its principals.
func newAccess(
	management, authority string, roots *x509.CertPool, of func(organization string) (credentials, error),
) *Access {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	transport.Proxy = nil
	transport.MaxIdleConnsPerHost = snapshotReaders
	a := &Access{
		Cloud: cloud.Configuration{
			ActiveDirectoryAuthorityHost: authority,
			Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
				cloud.ResourceManager: {Endpoint: management, Audience: managementAudience},
			},
		},
		Transport: &http.Client{Transport: transport},
	}
	var mu sync.Mutex
	known := map[credentials]azcore.TokenCredential{}
	a.Credential = func(organization string) (azcore.TokenCredential, error) {
		c, err := of(organization)
		if err != nil {
			return nil, err
		}
		mu.Lock()
		defer mu.Unlock()
		if credential := known[c]; credential != nil {
			return credential, nil
		}
		credential, err := azidentity.NewClientSecretCredential(c.TenantID, c.ClientID, c.ClientSecret,
			&azidentity.ClientSecretCredentialOptions{ClientOptions: a.options(), DisableInstanceDiscovery: true})
		if err == nil {
			known[c] = credential
		}
		return credential, err
	}
	return a
}

// managementAudience is what tokens for Azure Resource Manager are issued for.
const managementAudience = "https://management.azure.com"
