package conformance

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"net/http"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/storage/armstorage"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

const (
	areaIdentity = "Identity and tenants"
	docsOIDC     = "https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc"
	docsClaims   = "https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference"
	docsCodes    = "https://learn.microsoft.com/entra/identity-platform/reference-error-codes"
)

// fixed is a credential with a token of its own making.
type fixed string

func (f fixed) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: string(f), ExpiresOn: time.Now().Add(time.Hour)}, nil
}

func (t *T) token(o *Org, scope string) string {
	t.Helper()
	token, err := o.Credential.GetToken(t.ctx(), policy.TokenRequestOptions{Scopes: []string{scope}})
	require.NoError(t, err)
	return token.Token
}

// bearing is the provider with another credential.
func (t *T) bearing(c azcore.TokenCredential) *Org {
	o := *t.Env.Provider
	o.Credential = c
	return &o
}

// document reads a public JSON document of the sign-in service.
func (t *T) document(url string) object {
	t.Helper()
	o := t.clientOptions()
	p := runtime.NewPipeline("conformance", "v1.0.0", runtime.PipelineOptions{}, &o)
	req, err := runtime.NewRequest(t.ctx(), http.MethodGet, url)
	require.NoError(t, err)
	res, err := p.Do(req)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, res.StatusCode, url)
	raw, err := runtime.Payload(res)
	require.NoError(t, err)
	var out object
	require.NoError(t, json.Unmarshal(raw, &out))
	return out
}

// identityPromises are about sign-in, tokens and tenants.
func identityPromises() []Promise {
	return []Promise{
		{
			Name: "metadata and keys", Area: areaIdentity, Source: docsOIDC,
			Statement: "A tenant's OpenID metadata name its token endpoint and its keys, and one of the keys has " +
				"signed the tenant's tokens.",
			Test: signedByTheTenant,
		},
		{
			Name: "claims", Area: areaIdentity, Source: docsClaims,
			Statement: "An access token names its audience, tenant and principal, and holds for more than half an " +
				"hour from when it was issued.",
			Test: func(t *T) {
				c := claims(t, t.token(t.Env.Provider, t.scope()))
				require.Equal(t, t.Env.Provider.Tenant, c["tid"])
				require.NotEmpty(t, c["oid"])
				require.NotEmpty(t, c["appid"])
				require.Contains(t, c["iss"], t.Env.Provider.Tenant)
				issued, _ := c["iat"].(float64)
				expires, _ := c["exp"].(float64)
				require.Greater(t, expires-issued, (30 * time.Minute).Seconds())
			},
		},
		{
			Name: "unknown application", Area: areaIdentity, Source: docsCodes, Code: "AADSTS700016",
			Statement: "An application that the tenant does not know cannot sign in.",
			Test: func(t *T) {
				t.cannotSignIn(uuid.NewString(), "AADSTS700016")
			},
		},
		{
			Name: "wrong secret", Area: areaIdentity, Source: docsCodes, Code: "AADSTS7000215", Needs: []Need{Stranger},
			Statement: "A wrong client secret does not sign in, and is not repeated in the error.",
			Test: func(t *T) {
				t.cannotSignIn(t.Env.Stranger.ClientID, "AADSTS7000215")
			},
		},
		{
			Name: "no token", Area: areaIdentity, Source: docsREST, Undocumented: true,
			Statement: "A request without a token is refused with 401; the challenge names the authority to ask.",
			Test: func(t *T) {
				req, err := http.NewRequestWithContext(t.ctx(), http.MethodGet,
					t.endpoint()+groupID(t.Env.Provider, "any")+"?api-version="+groupsVersion, nil)
				require.NoError(t, err)
				res := t.plainly(req)
				require.Equal(t, http.StatusUnauthorized, res.StatusCode)
				require.Contains(t, res.Header.Get("WWW-Authenticate"), "authorization_uri=")
			},
		},
		{
			Name: "token of another audience", Area: areaIdentity, Source: docsClaims, Undocumented: true,
			Statement: "A token for storage is refused by Azure Resource Manager with 401.",
			Test: func(t *T) {
				t.unauthorized(t.bearing(fixed(t.token(t.Env.Provider, "https://storage.azure.com/.default"))))
			},
		},
		{
			Name: "token that was tampered with", Area: areaIdentity,
			Source: "https://learn.microsoft.com/entra/identity-platform/access-tokens", Undocumented: true,
			Statement: "A token whose claims were changed after it was signed is refused with 401.",
			Test: func(t *T) {
				parts := strings.Split(t.token(t.Env.Provider, t.scope()), ".")
				c := claims(t, strings.Join(parts, "."))
				c["exp"] = float64(time.Now().Add(240 * time.Hour).Unix())
				raw, err := json.Marshal(c)
				require.NoError(t, err)
				parts[1] = base64.RawURLEncoding.EncodeToString(raw)
				t.unauthorized(t.bearing(fixed(strings.Join(parts, "."))))
			},
		},
		{
			Name: "token of another tenant", Area: areaIdentity, Source: docsErrors,
			Code: "InvalidAuthenticationTokenTenant", Needs: []Need{TwoTenants},
			Statement: "A token of another tenant opens nothing in a subscription.",
			Test: func(t *T) {
				theirs := t.bearing(t.Env.Consumer.Credential)
				_, err := t.storage(theirs).NewAccountsClient().GetProperties(t.ctx(),
					groupOf(t.storageAccount(t.Env.Provider)), nameOf(t.storageAccount(t.Env.Provider)), nil)
				t.refused(err, http.StatusUnauthorized, "InvalidAuthenticationTokenTenant")
				_, err = t.put(theirs, t.inGroup(t.Env.Provider, storageType, t.name(20)), storageVersion,
					t.accountBody())
				t.refused(err, http.StatusUnauthorized, "InvalidAuthenticationTokenTenant")
			},
		},
		{
			Name: "subscriptions of one's own", Area: areaIdentity, Source: docsARMREST + "subscriptions/list",
			Needs:     []Need{TwoTenants},
			Statement: "The list of subscriptions has those on which the caller holds a role, and no others.",
			Test: func(t *T) {
				res, body := t.request(t.Env.Consumer, http.MethodGet, "/subscriptions?api-version=2022-12-01", nil)
				require.Equal(t, http.StatusOK, res.StatusCode, body)
				var listed []string
				for _, s := range at(body, "value").([]any) {
					listed = append(listed, strings.ToLower(text(s, "subscriptionId")))
				}
				require.Contains(t, listed, strings.ToLower(t.Env.Consumer.Subscription))
				require.NotContains(t, listed, strings.ToLower(t.Env.Provider.Subscription))
			},
		},
		{
			Name: "blobs of another tenant", Area: areaIdentity,
			Source: "https://learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes",
			Code:   "InvalidAuthenticationInfo", Needs: []Need{TwoTenants},
			Statement: "A token of another tenant opens no blob.",
			Test: func(t *T) {
				container := t.container(t.Env.Provider)
				t.upload(t.Env.Provider, container, "a.txt", "a")
				foreign := t.bearerBlobs(t.Env.Consumer, t.blobEndpoint(t.Env.Provider, accountOf(container)))
				_, err := foreign.DownloadStream(t.ctx(), nameOf(container), "a.txt", nil)
				t.refused(err, http.StatusUnauthorized, "InvalidAuthenticationInfo")
			},
		},
		{
			Name: "identity of a resource", Area: areaIdentity,
			Source: "https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/overview",
			Statement: "A system-assigned identity is a principal of its own in the tenant of its subscription, " +
				"stays through updates, and goes with its resource.",
			Test: func(t *T) {
				o := t.Env.Provider
				id := t.ownAccountWith(o, with(t.accountBody(), object{"type": "SystemAssigned"}, "identity"))
				first := t.there(o, id, storageVersion)
				principal := text(first, "identity", "principalId")
				require.NotEmpty(t, principal)
				require.Equal(t, o.Tenant, text(first, "identity", "tenantId"))
				require.NoError(t, t.patch(o, id, storageVersion, object{"tags": object{"stage": "two"}}))
				require.Equal(t, principal, text(t.there(o, id, storageVersion), "identity", "principalId"))
				_, err := t.storage(o).NewAccountsClient().Delete(t.ctx(), groupOf(id), nameOf(id), nil)
				require.NoError(t, err)
				t.made(o, id, storageVersion, with(t.accountBody(), object{"type": "SystemAssigned"}, "identity"))
				account, err := t.storage(o).NewAccountsClient().GetProperties(t.ctx(), groupOf(id), nameOf(id), nil)
				require.NoError(t, err)
				require.Equal(t, armstorage.IdentityTypeSystemAssigned, *account.Identity.Type)
				require.NotEqual(t, principal, *account.Identity.PrincipalID)
			},
		},
	}
}

// plainly sends a request as it is: no token, no retries.
func (t *T) plainly(req *http.Request) *http.Response {
	t.Helper()
	transport := t.Env.Transport
	if transport == nil {
		transport = http.DefaultClient
	}
	res, err := transport.Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	return res
}

func (t *T) unauthorized(o *Org) {
	t.Helper()
	res, body := t.request(o, http.MethodGet, groupID(o, "any")+"?api-version="+groupsVersion, nil)
	t.answered(res, body, http.StatusUnauthorized, "")
}

// cannotSignIn signs in with a secret that is none.
func (t *T) cannotSignIn(client, code string) {
	t.Helper()
	const secret = "no-secret-of-anyone"
	cred, err := azidentity.NewClientSecretCredential(t.Env.Provider.Tenant, client, secret,
		&azidentity.ClientSecretCredentialOptions{
			ClientOptions: t.clientOptions(), DisableInstanceDiscovery: true,
		})
	require.NoError(t, err)
	_, err = cred.GetToken(t.ctx(), policy.TokenRequestOptions{Scopes: []string{t.scope()}})
	var failed *azidentity.AuthenticationFailedError
	require.True(t, errors.As(err, &failed), "%v", err)
	require.Contains(t, err.Error(), code)
	require.NotContains(t, err.Error(), secret)
}

// signedByTheTenant checks a token's signature with the key that the tenant's metadata lead to.
func signedByTheTenant(t *T) {
	authority := strings.TrimSuffix(t.Env.Cloud.ActiveDirectoryAuthorityHost, "/") + "/" + t.Env.Provider.Tenant
	metadata := t.document(authority + "/.well-known/openid-configuration")
	require.True(t, strings.HasPrefix(text(metadata, "token_endpoint"), authority), metadata)

	token := t.token(t.Env.Provider, t.scope())
	parts := strings.Split(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(parts[0])
	require.NoError(t, err)
	var header object
	require.NoError(t, json.Unmarshal(raw, &header))
	require.Equal(t, "RS256", header["alg"])
	require.Equal(t, text(metadata, "issuer"), claims(t, token)["iss"])
	for _, k := range at(t.document(text(metadata, "jwks_uri")), "keys").([]any) {
		if text(k, "kid") != header["kid"] {
			continue
		}
		n, err := base64.RawURLEncoding.DecodeString(text(k, "n"))
		require.NoError(t, err)
		e, err := base64.RawURLEncoding.DecodeString(text(k, "e"))
		require.NoError(t, err)
		signature, err := base64.RawURLEncoding.DecodeString(parts[2])
		require.NoError(t, err)
		sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
		key := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}
		require.NoError(t, rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature))
		return
	}
	require.FailNow(t, "no such key", "the tenant's keys lack %v", header["kid"])
}
