package stack

import (
	"fmt"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// Access is how a stack's Azure is reached, whichever Azure that is: over HTTPS with the official clients.
type Access struct {
	// Cloud has the endpoints to sign in at and to manage resources at.
	Cloud cloud.Configuration
	// Transport sends the requests; nil means the SDK's own.
	Transport policy.Transporter
	// Credential signs in as the principal that deploys an organization.
	Credential func(organization string) (azcore.TokenCredential, error)
}

// ManagementAudience is what tokens for Azure Resource Manager are issued for in the public cloud.
const ManagementAudience = "https://management.azure.com"

// Close lets go of idle connections.
func (a *Access) Close() error {
	if client, ok := a.Transport.(*http.Client); ok {
		client.CloseIdleConnections()
	}
	return nil
}

// ClientOptions configure any official client for this Azure.
func (a *Access) ClientOptions() policy.ClientOptions {
	return policy.ClientOptions{Cloud: a.Cloud, Transport: a.Transport}
}

// ARMOptions configure an official client of Azure Resource Manager for this Azure.
func (a *Access) ARMOptions() *arm.ClientOptions {
	return &arm.ClientOptions{ClientOptions: a.ClientOptions(), DisableRPRegistration: true}
}

// credential signs in for an organization; the error names the organization.
func (a *Access) credential(organization string) (azcore.TokenCredential, error) {
	credential, err := a.Credential(organization)
	if err != nil {
		return nil, fmt.Errorf("sign in for %s: %w", organization, err)
	}
	return credential, nil
}

// Constructor is how the official clients of Azure Resource Manager are made.
type Constructor[C any] func(subscription string, credential azcore.TokenCredential,
	options *arm.ClientOptions) (C, error)

// Client is an official client of Azure Resource Manager, signed in for an organization.
func Client[C any](a *Access, organization, subscription string, construct Constructor[C]) (C, error) {
	credential, err := a.credential(organization)
	if err != nil {
		var none C
		return none, err
	}
	return construct(subscription, credential, a.ARMOptions())
}

// nested parses the ARM id of a resource below another one, such as a share of a Data Share account. What says what it
// is, for the error.
func nested(id, what string) (*arm.ResourceID, error) {
	parsed, err := arm.ParseResourceID(id)
	if err != nil || parsed.Parent == nil {
		return nil, fmt.Errorf("%q is not the resource id of a %s", id, what)
	}
	return parsed, nil
}
