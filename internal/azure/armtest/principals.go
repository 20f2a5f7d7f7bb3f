package armtest

import (
	"context"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azarm "github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/identity"
	"github.com/crossorg/crossorg/internal/azure/store"
)

// managementAudience is the audience of tokens for Azure Resource Manager.
const managementAudience = "https://management.azure.com"

// Principal makes a service principal in a tenant, or finds it, by its client id. It has no role yet.
func (a *Azure) Principal(tenant, clientID string) (p identity.Principal) {
	a.T.Helper()
	require.NoError(a.T, a.Store.Update(func(tx *store.Tx) (err error) {
		p, err = a.Directory.AddServicePrincipal(tx, tenant, clientID, clientID, "secret")
		return err
	}))
	return p
}

// Grant assigns a role (one of the ids in package roles) at a scope, without a request.
func (a *Azure) Grant(p identity.Principal, role, scope string) {
	a.T.Helper()
	require.NoError(a.T, a.Store.Update(func(tx *store.Tx) error {
		return a.Directory.Assign(tx, assignment(p, role, scope))
	}))
}

// Revoke takes back what Grant assigned.
func (a *Azure) Revoke(p identity.Principal, role, scope string) {
	a.T.Helper()
	require.NoError(a.T, a.Store.Update(func(tx *store.Tx) error {
		return a.Directory.Unassign(tx, assignment(p, role, scope))
	}))
}

func assignment(p identity.Principal, role, scope string) identity.Assignment {
	return identity.Assignment{ID: scope + "/" + role + "/" + p.ObjectID, PrincipalID: p.ObjectID, RoleID: role,
		Scope: scope}
}

// Token is an access token of a principal for an audience, such as logs.Audiences[0].
func (a *Azure) Token(p identity.Principal, audience string) string {
	a.T.Helper()
	token, _, err := a.Directory.Issue(p, audience)
	require.NoError(a.T, err)
	return token
}

// ClientOptions configure an official management client for this Azure.
func (a *Azure) ClientOptions() *azarm.ClientOptions {
	return &azarm.ClientOptions{
		DisableRPRegistration: true,
		ClientOptions: policy.ClientOptions{
			Transport: a.Client(), Retry: policy.RetryOptions{MaxRetries: -1},
			Cloud: cloud.Configuration{
				ActiveDirectoryAuthorityHost: a.URL(),
				Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
					cloud.ResourceManager: {Endpoint: a.URL(), Audience: managementAudience},
				},
			},
		},
	}
}

// GetToken makes a Caller an azcore.TokenCredential for the official clients. Its tokens have the audience that a
// client asks for. They claim to expire at once, so that clients ask for one with every request, and none is kept while
// a test moves the clock.
func (c *Caller) GetToken(_ context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	audience := managementAudience
	if len(o.Scopes) > 0 {
		audience = strings.TrimSuffix(o.Scopes[0], "/.default")
	}
	token, _, err := c.azure.Directory.Issue(c.Principal, audience)
	return azcore.AccessToken{Token: token, ExpiresOn: time.Now()}, err
}
