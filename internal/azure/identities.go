package azure

import (
	"crypto/sha1" // the protocol names certificates by this hash
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"syscall"
	"time"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/identity"
)

// IdentityEndpoint is what a process needs to get tokens as a managed identity, by the names under which Service Fabric
// puts it into the environment of an application's processes.
// Source: https://learn.microsoft.com/azure/service-fabric/how-to-managed-identity-service-fabric-app-code
type IdentityEndpoint struct {
	URL    string // IDENTITY_ENDPOINT
	Secret string // IDENTITY_HEADER
	// Thumbprint is IDENTITY_SERVER_THUMBPRINT: the SHA-1 of the endpoint's certificate in hex. It changes when the
	// embedded Azure is opened anew.
	Thumbprint string
}

// IdentityEndpoint gives a process the identity of a user-assigned identity, named by its resource id. It is an error
// when there is no such identity, and after Attach, when another process holds the certificate.
func (a *Azure) IdentityEndpoint(resourceID string) (IdentityEndpoint, error) {
	if a.server == nil {
		return IdentityEndpoint{}, errors.New("only the process that serves the embedded Azure gives out identities")
	}
	id, err := arm.ParseID(resourceID)
	if err != nil {
		return IdentityEndpoint{}, fmt.Errorf("managed identity: %w", err)
	}
	endpoint := IdentityEndpoint{URL: a.Management() + identity.ManagedIdentityPath, Thumbprint: a.thumbprint}
	err = a.server.Update(func(c *arm.Call) error {
		r, ok := c.Get(id)
		if !ok || r.String("properties", "principalId") == "" {
			return fmt.Errorf("there is no managed identity %s", resourceID)
		}
		var err error
		endpoint.Secret, err = a.server.Directory().EndpointSecret(c.Tx, r.String("properties", "principalId"))
		return err
	})
	if err != nil {
		return IdentityEndpoint{}, err
	}
	return endpoint, nil
}

// thumbprint names the certificate of a server's configuration as the protocol of managed identities does.
func thumbprint(config *tls.Config) string {
	sum := sha1.Sum(config.Certificates[0].Certificate[0])
	return strings.ToUpper(fmt.Sprintf("%x", sum))
}

// issuerClient reads the documents of token issuers that federated credentials name. It reaches this machine alone: the
// embedded Azure sends nothing anywhere else. Certificates may be of the home's authority or of one that the system
// trusts.
func issuerClient(ca *authority) (*http.Client, error) {
	roots, err := ca.poolWithSystem()
	if err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Timeout: 5 * time.Second, Control: onlyLoopback}
	return &http.Client{
		Timeout: 10 * time.Second,
		Transport: &http.Transport{
			DialContext:     dialer.DialContext,
			TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		},
	}, nil
}

// onlyLoopback refuses connections that would leave the machine, after names have been resolved.
func onlyLoopback(_, address string, _ syscall.RawConn) error {
	if at, err := netip.ParseAddrPort(address); err == nil && at.Addr().IsLoopback() {
		return nil
	}
	return fmt.Errorf("%s is not on this machine, and the embedded Azure reaches nothing else", address)
}
