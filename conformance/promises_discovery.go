package conformance

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/stretchr/testify/require"
)

const (
	areaDiscovery = "Discovery"
	docsClouds    = "https://learn.microsoft.com/cli/azure/manage-clouds-azure-cli"
)

// discoveryPromises are about how a client that knows one address finds the others.
func discoveryPromises() []Promise {
	return []Promise{
		{
			Name: "metadata endpoints", Area: areaDiscovery, Source: docsClouds,
			Statement: "Azure Resource Manager tells anyone where its cloud's sign-in is and what its tokens are for.",
			Test: func(t *T) {
				cloud := t.metadata()
				require.NotEmpty(t, text(cloud, "name"))
				authority := strings.TrimSuffix(t.Env.Cloud.ActiveDirectoryAuthorityHost, "/")
				require.Equal(t, authority, strings.TrimSuffix(text(cloud, "authentication", "loginEndpoint"), "/"))
				audiences, _ := at(cloud, "authentication", "audiences").([]any)
				require.True(t, slices.ContainsFunc(audiences, func(a any) bool {
					s, _ := a.(string)
					return strings.TrimSuffix(s, "/")+"/.default" == t.scope()
				}), "%v has the audience of the management tokens", audiences)
				require.NotEmpty(t, text(cloud, "suffixes", "storage"))
				require.NotEmpty(t, text(cloud, "suffixes", "keyVaultDns"))
			},
		},
		{
			Name: "sign-in of a discovered cloud", Area: areaDiscovery, Source: docsOIDC,
			Statement: "From the metadata endpoints a client finds a tenant's OpenID configuration, its issuer and " +
				"its keys.",
			Test: func(t *T) {
				login := strings.TrimSuffix(text(t.metadata(), "authentication", "loginEndpoint"), "/")
				tenant := t.Env.Provider.Tenant
				if tenant == "" {
					tenant, _ = claims(t, t.token(t.Env.Provider, t.scope()))["tid"].(string)
				}
				configuration := t.document(login + "/" + tenant + "/v2.0/.well-known/openid-configuration")
				require.Contains(t, text(configuration, "issuer"), tenant)
				require.Contains(t, text(configuration, "token_endpoint"), tenant)
				keys, _ := t.document(text(configuration, "jwks_uri"))["keys"].([]any)
				require.NotEmpty(t, keys)
				for _, key := range keys {
					require.Equal(t, "RSA", text(key, "kty"))
					require.NotEmpty(t, text(key, "kid"))
					require.NotEmpty(t, text(key, "n"))
					require.Nil(t, at(key, "d"), "a private key is nobody's business")
				}
			},
		},
		{
			Name: "tenant of a subscription", Area: areaDiscovery,
			Source: "https://shawntabrizi.com/blog/aad/secret-apis-in-azure-active-directory-and-azure-resource-manager", Undocumented: true,
			Statement: "The WWW-Authenticate header of a refused request without a token names the tenant to sign in " +
				"to.",
			Test: func(t *T) {
				o := t.clientOptions()
				p := runtime.NewPipeline("conformance", "v1.0.0", runtime.PipelineOptions{}, &o)
				req, err := runtime.NewRequest(t.ctx(), http.MethodGet,
					t.endpoint()+"/subscriptions/"+t.Env.Provider.Subscription+"?api-version=2022-12-01")
				require.NoError(t, err)
				res, err := p.Do(req)
				require.NoError(t, err)
				require.NoError(t, res.Body.Close())
				require.Equal(t, http.StatusUnauthorized, res.StatusCode)
				challenge := res.Header.Get("WWW-Authenticate")
				require.Contains(t, challenge, "Bearer")
				tenant, _ := claims(t, t.token(t.Env.Provider, t.scope()))["tid"].(string)
				require.Contains(t, challenge, tenant)
			},
		},
	}
}

// metadata reads the cloud that the endpoint belongs to, in the version in which clients of Terraform's providers do.
func (t *T) metadata() object {
	t.Helper()
	o := t.clientOptions()
	p := runtime.NewPipeline("conformance", "v1.0.0", runtime.PipelineOptions{}, &o)
	req, err := runtime.NewRequest(t.ctx(), http.MethodGet, t.endpoint()+"/metadata/endpoints?api-version=2022-09-01")
	require.NoError(t, err)
	res, err := p.Do(req)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, res.StatusCode)
	raw, err := runtime.Payload(res)
	require.NoError(t, err)
	var cloud object
	require.NoError(t, json.Unmarshal(raw, &cloud))
	require.Equal(t, t.endpoint(), strings.TrimSuffix(text(cloud, "resourceManager"), "/"))
	return cloud
}
