package azure

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/authorization/armauthorization/v2"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/msi/armmsi"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources"
	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/roles"
)

// issuer is a token issuer outside the embedded Azure, on this machine.
type issuer struct {
	url string
	key *rsa.PrivateKey
}

// newIssuer starts an issuer with a certificate of the home's authority.
func newIssuer(t *testing.T, dir string) *issuer {
	t.Helper()
	ca, err := loadAuthority(dir, false)
	require.NoError(t, err)
	config, err := ca.serverConfig()
	require.NoError(t, err)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	i := &issuer{key: key}
	mux := http.NewServeMux()
	answer := func(path string, document func() any) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			_ = json.NewEncoder(w).Encode(document())
		})
	}
	answer("/.well-known/openid-configuration", func() any {
		return map[string]any{"issuer": i.url, "jwks_uri": i.url + "/keys"}
	})
	answer("/keys", func() any {
		return map[string]any{"keys": []any{map[string]any{
			"kid": "one",
			"kty": "RSA",
			"n":   base64.RawURLEncoding.EncodeToString(key.N.Bytes()),
			"e":   base64.RawURLEncoding.EncodeToString(big.NewInt(int64(key.E)).Bytes()),
		}}}
	})
	server := httptest.NewUnstartedServer(mux)
	server.TLS = config
	server.StartTLS()
	t.Cleanup(server.Close)
	i.url = server.URL
	return i
}

// token signs claims that are good but for what change does to them.
func (i *issuer) token(t *testing.T, change func(*jwt.RegisteredClaims)) string {
	t.Helper()
	claims := jwt.RegisteredClaims{Issuer: i.url, Subject: "service:access",
		Audience: jwt.ClaimStrings{"api://AzureADTokenExchange"}, ID: uuid.NewString(),
		IssuedAt: jwt.NewNumericDate(time.Now()), ExpiresAt: jwt.NewNumericDate(time.Now().Add(time.Minute))}
	if change != nil {
		change(&claims)
	}
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	token.Header["kid"] = "one"
	signed, err := token.SignedString(i.key)
	require.NoError(t, err)
	return signed
}

// identityTest is an embedded Azure with a user-assigned identity that trusts an issuer.
type identityTest struct {
	*testing.T
	azure    *Azure
	issuer   *issuer
	client   *http.Client
	identity armmsi.Identity
}

func newIdentityTest(t *testing.T) *identityTest {
	t.Helper()
	dir := t.TempDir()
	a, err := Open(Options{Dir: dir})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, a.Close()) })
	i := &identityTest{T: t, azure: a, issuer: newIssuer(t, dir), client: &http.Client{
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: a.RootCAs(), MinVersion: tls.VersionTLS12}}}}
	c := a.DefaultCredentials()
	owner, err := azidentity.NewClientSecretCredential(c.TenantID, c.ClientID, c.ClientSecret,
		&azidentity.ClientSecretCredentialOptions{ClientOptions: i.options(), DisableInstanceDiscovery: true})
	require.NoError(t, err)

	_, err = i.groups(owner).CreateOrUpdate(t.Context(), "rg", armresources.ResourceGroup{
		Location: to.Ptr("eastus")}, nil)
	require.NoError(t, err)
	identities, err := armmsi.NewClientFactory(c.SubscriptionID, owner, i.armOptions())
	require.NoError(t, err)
	made, err := identities.NewUserAssignedIdentitiesClient().CreateOrUpdate(t.Context(), "rg", "services",
		armmsi.Identity{Location: to.Ptr("eastus")}, nil)
	require.NoError(t, err)
	i.identity = made.Identity
	_, err = identities.NewFederatedIdentityCredentialsClient().CreateOrUpdate(t.Context(), "rg", "services", "local",
		armmsi.FederatedIdentityCredential{Properties: &armmsi.FederatedIdentityCredentialProperties{
			Issuer: &i.issuer.url, Subject: to.Ptr("service:access"),
			Audiences: []*string{to.Ptr("api://AzureADTokenExchange")}}}, nil)
	require.NoError(t, err)
	i.assign(owner)
	return i
}

// assign gives the identity the role of a Reader.
func (i *identityTest) assign(owner azcore.TokenCredential) {
	i.Helper()
	scope := "/subscriptions/" + i.azure.DefaultCredentials().SubscriptionID
	assignments, err := armauthorization.NewRoleAssignmentsClient(i.azure.DefaultCredentials().SubscriptionID, owner,
		i.armOptions())
	require.NoError(i, err)
	_, err = assignments.Create(i.Context(), scope, uuid.NewString(), armauthorization.RoleAssignmentCreateParameters{
		Properties: &armauthorization.RoleAssignmentProperties{
			PrincipalID:      i.identity.Properties.PrincipalID,
			RoleDefinitionID: to.Ptr(scope + "/providers/Microsoft.Authorization/roleDefinitions/" + roles.Reader),
		}}, nil)
	require.NoError(i, err)
}

func (i *identityTest) options() azcore.ClientOptions {
	return azcore.ClientOptions{Transport: i.client, Cloud: cloud.Configuration{
		ActiveDirectoryAuthorityHost: i.azure.Authority(),
		Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
			cloud.ResourceManager: {Endpoint: i.azure.Management(), Audience: "https://management.azure.com"}},
	}, Retry: policy.RetryOptions{MaxRetries: -1}}
}

func (i *identityTest) armOptions() *arm.ClientOptions {
	return &arm.ClientOptions{ClientOptions: i.options(), DisableRPRegistration: true}
}

func (i *identityTest) groups(as azcore.TokenCredential) *armresources.ResourceGroupsClient {
	i.Helper()
	groups, err := armresources.NewResourceGroupsClient(i.azure.DefaultCredentials().SubscriptionID, as, i.armOptions())
	require.NoError(i, err)
	return groups
}

// federated signs in as the identity with the issuer's tokens.
func (i *identityTest) federated(assertion func() string) azcore.TokenCredential {
	i.Helper()
	credential, err := azidentity.NewClientAssertionCredential(*i.identity.Properties.TenantID,
		*i.identity.Properties.ClientID, func(context.Context) (string, error) { return assertion(), nil },
		&azidentity.ClientAssertionCredentialOptions{ClientOptions: i.options(), DisableInstanceDiscovery: true})
	require.NoError(i, err)
	return credential
}

// A workload with another issuer's token acts as the identity that trusts it, with the identity's roles and no more.
func TestAnotherIssuersTokenSignsInAsTheIdentityThatTrustsIt(t *testing.T) {
	t.Parallel()
	i := newIdentityTest(t)
	groups := i.groups(i.federated(func() string { return i.issuer.token(t, nil) }))
	got, err := groups.Get(t.Context(), "rg", nil)
	require.NoError(t, err)
	require.Equal(t, "rg", *got.Name)
	_, err = groups.CreateOrUpdate(t.Context(), "another", armresources.ResourceGroup{Location: to.Ptr("eastus")}, nil)
	var refused *azcore.ResponseError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, "AuthorizationFailed", refused.ErrorCode)
}

func TestATokenThatTheIdentityDoesNotTrustSignsNobodyIn(t *testing.T) {
	t.Parallel()
	i := newIdentityTest(t)
	other := newIssuer(t, i.azure.dir)
	elsewhere := &issuer{url: i.issuer.url, key: other.key}
	for name, c := range map[string]struct {
		from   *issuer
		change func(*jwt.RegisteredClaims)
		code   string
	}{
		"another issuer":   {other, nil, "AADSTS700211"},
		"another subject":  {i.issuer, func(c *jwt.RegisteredClaims) { c.Subject = "service:audit" }, "AADSTS700213"},
		"case of subject":  {i.issuer, func(c *jwt.RegisteredClaims) { c.Subject = "Service:access" }, "AADSTS700213"},
		"another audience": {i.issuer, func(c *jwt.RegisteredClaims) { c.Audience = nil }, "AADSTS700212"},
		"expired": {i.issuer, func(c *jwt.RegisteredClaims) {
			c.ExpiresAt = jwt.NewNumericDate(time.Now().Add(-time.Hour))
		}, "AADSTS700024"},
		"without expiry": {i.issuer, func(c *jwt.RegisteredClaims) { c.ExpiresAt = nil }, "AADSTS700024"},
		"another's key":  {elsewhere, nil, "AADSTS700027"},
		"the directory's own": {i.issuer, func(c *jwt.RegisteredClaims) {
			c.Issuer = i.azure.Authority() + "/" + *i.identity.Properties.TenantID + "/"
		}, "AADSTS700222"},
	} {
		t.Run(name, func(t *testing.T) {
			credential := i.federated(func() string { return c.from.token(t, c.change) })
			_, err := credential.GetToken(t.Context(), policy.TokenRequestOptions{
				Scopes: []string{"https://management.azure.com/.default"}})
			var failed *azidentity.AuthenticationFailedError
			require.True(t, errors.As(err, &failed), "%v", err)
			require.ErrorContains(t, err, c.code)
		})
	}
}

// A process that is given an identity's endpoint gets its tokens with the official client, as on Service Fabric.
func TestAProcessWithAnEndpointActsAsItsManagedIdentity(t *testing.T) {
	i := newIdentityTest(t)
	endpoint, err := i.azure.IdentityEndpoint(*i.identity.ID)
	require.NoError(t, err)
	t.Setenv("IDENTITY_ENDPOINT", endpoint.URL)
	t.Setenv("IDENTITY_HEADER", endpoint.Secret)
	t.Setenv("IDENTITY_SERVER_THUMBPRINT", endpoint.Thumbprint)
	credential, err := azidentity.NewManagedIdentityCredential(nil)
	require.NoError(t, err)
	got, err := i.groups(credential).Get(t.Context(), "rg", nil)
	require.NoError(t, err)
	require.Equal(t, "rg", *got.Name)

	again, err := i.azure.IdentityEndpoint(*i.identity.ID)
	require.NoError(t, err)
	require.Equal(t, endpoint, again, "a process that is started again has the same endpoint")
	_, err = i.azure.IdentityEndpoint(*i.identity.ID + "-other")
	require.ErrorContains(t, err, "no managed identity")
}

func TestTheEndpointOfManagedIdentitiesGivesNothingWithoutItsSecret(t *testing.T) {
	t.Parallel()
	i := newIdentityTest(t)
	endpoint, err := i.azure.IdentityEndpoint(*i.identity.ID)
	require.NoError(t, err)
	const query = "?api-version=2019-07-01-preview&resource=https://management.azure.com"
	flipped := endpoint.Secret[:len(endpoint.Secret)-2] + "AA"
	for name, c := range map[string]struct {
		query, secret, code string
		status              int
	}{
		"good":           {query, endpoint.Secret, "", http.StatusOK},
		"no secret":      {query, "", "SecretHeaderNotFound", http.StatusBadRequest},
		"another secret": {query, flipped, "ManagedIdentityNotFound", http.StatusNotFound},
		"only the name":  {query, *i.identity.Properties.PrincipalID, "ManagedIdentityNotFound", http.StatusNotFound},
		"no api-version": {"?resource=r", endpoint.Secret, "InvalidApiVersion", http.StatusBadRequest},
		"no resource":    {query[:31], endpoint.Secret, "ArgumentNullOrEmpty", http.StatusBadRequest},
	} {
		t.Run(name, func(t *testing.T) {
			request, err := http.NewRequest(http.MethodGet, endpoint.URL+c.query, nil)
			require.NoError(t, err)
			if c.secret != "" {
				request.Header.Set("Secret", c.secret)
			}
			response, err := i.client.Do(request)
			require.NoError(t, err)
			defer response.Body.Close()
			var body struct {
				Token string `json:"access_token"`
				Error struct {
					Code string `json:"code"`
				} `json:"error"`
			}
			require.NoError(t, json.NewDecoder(response.Body).Decode(&body))
			require.Equal(t, c.status, response.StatusCode)
			require.Equal(t, c.code, body.Error.Code)
			require.Equal(t, c.status == http.StatusOK, body.Token != "")
		})
	}
}

// Issuers are asked on this machine alone, whatever address a name leads to.
func TestNoIssuerIsReachedElsewhere(t *testing.T) {
	t.Parallel()
	for address, refused := range map[string]bool{
		"127.0.0.1:443": false, "[::1]:443": false, "192.0.2.1:443": true, "[2001:db8::1]:443": true, "nonsense": true,
	} {
		require.Equal(t, refused, onlyLoopback("tcp", address, nil) != nil, address)
	}
}
