package local

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"sync"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/crossorg/crossorg/internal/stack"
)

// credentials is one principal of a directory.
type credentials struct {
	TenantID, SubscriptionID, ClientID, ClientSecret string
}

// newAccess is access to an embedded Azure: its endpoints, its certificate authority, its principals.
func newAccess(
	management, authority string, roots *x509.CertPool, of func(organization string) (credentials, error),
) *stack.Access {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	transport.Proxy = nil
	transport.MaxIdleConnsPerHost = stack.Concurrency
	a := &stack.Access{
		Cloud: cloud.Configuration{
			ActiveDirectoryAuthorityHost: authority,
			Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
				cloud.ResourceManager: {Endpoint: management, Audience: stack.ManagementAudience},
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
			&azidentity.ClientSecretCredentialOptions{
				ClientOptions: a.ClientOptions(), DisableInstanceDiscovery: true,
			})
		if err == nil {
			known[c] = credential
		}
		return credential, err
	}
	return a
}
