package conformance

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

const (
	federatedCredentials = managedIdentityType + "/federatedIdentityCredentials"
	docsFederation       = "https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations"
	docsNames            = "https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules"
	docsIdentityRoles    = "https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/overview"
)

// managedIdentityPromises are about user-assigned identities and whose tokens they trust.
func managedIdentityPromises() []Promise {
	return []Promise{
		{
			Name: "principal", Area: managedIdentityType, Source: docsIdentityRoles,
			Statement: "A user-assigned identity is a principal of its subscription's tenant, keeps it through " +
				"updates, and can be given a role; made anew, it is another principal.",
			Test: identityIsAPrincipal,
		},
		{
			Name: "name", Area: managedIdentityType, Source: docsNames, Undocumented: true,
			Statement: "The name of a user-assigned identity has 3 to 128 letters, digits, hyphens and underscores.",
			Test: func(t *T) {
				o := t.Env.Provider
				for _, name := range []string{"ab", "-abc", "a.b.c", strings.Repeat("a", 129)} {
					_, err := t.put(o, groupID(o, t.group(o))+"/providers/"+managedIdentityType+"/"+name,
						managedIdentityVersion, object{"location": t.Env.Location})
					t.refusedSomehow(err)
				}
			},
		},
		{
			Name: "issuer and subject", Area: federatedCredentials, Source: docsFederation, Undocumented: true,
			Statement: "Two credentials of an identity differ in issuer or subject.",
			Test: func(t *T) {
				o, id, body := t.Env.Provider, t.ownManagedIdentity(), t.credentialBody()
				t.made(o, id+"/federatedIdentityCredentials/first", managedIdentityVersion, body)
				_, err := t.put(o, id+"/federatedIdentityCredentials/second", managedIdentityVersion, body)
				t.refusedSomehow(err)
				t.made(o, id+"/federatedIdentityCredentials/second", managedIdentityVersion, t.credentialBody())
			},
		},
		{
			Name: "number", Area: federatedCredentials, Source: docsFederation, Undocumented: true,
			Statement: "An identity has at most 20 credentials.",
			Test: func(t *T) {
				o, id := t.Env.Provider, t.ownManagedIdentity()
				for i := range 20 {
					t.made(o, fmt.Sprintf("%s/federatedIdentityCredentials/number-%d", id, i), managedIdentityVersion,
						t.credentialBody())
				}
				_, err := t.put(o, id+"/federatedIdentityCredentials/number-20", managedIdentityVersion,
					t.credentialBody())
				t.refusedSomehow(err)
			},
		},
		{
			Name: "unknown issuer", Area: federatedCredentials, Source: docsFederation, Code: "AADSTS700211",
			CodeSource: docsCodes,
			Statement:  "The token of an issuer that no credential of the identity names does not sign in.",
			Test: func(t *T) {
				t.cannotFederate("AADSTS700211", func(c *jwt.RegisteredClaims) { c.Issuer += "/elsewhere" })
			},
		},
		{
			Name: "unknown subject", Area: federatedCredentials, Source: docsFederation, Code: "AADSTS700213",
			CodeSource: docsCodes,
			Statement:  "A token about a subject that no credential of the identity names does not sign in.",
			Test: func(t *T) {
				t.cannotFederate("AADSTS700213", func(c *jwt.RegisteredClaims) { c.Subject += ":other" })
			},
		},
		{
			Name: "signature", Area: federatedCredentials, Source: docsFederation, Undocumented: true,
			Statement: "A token with the right claims that its issuer has not signed does not sign in.",
			Test: func(t *T) {
				t.cannotFederate("AADSTS", func(*jwt.RegisteredClaims) {})
			},
		},
	}
}

func identityIsAPrincipal(t *T) {
	o := t.Env.Provider
	id := groupID(o, t.ownGroup(o)) + "/providers/" + managedIdentityType + "/" + t.name(20)
	body := object{"location": t.Env.Location}
	first := t.made(o, id, managedIdentityVersion, body)
	principal := text(first, "properties", "principalId")
	for _, property := range []string{"principalId", "clientId"} {
		require.NoError(t, uuid.Validate(text(first, "properties", property)), property)
	}
	require.Equal(t, o.Tenant, text(first, "properties", "tenantId"))
	again := t.made(o, id, managedIdentityVersion, with(body, object{"stage": "two"}, "tags"))
	require.Equal(t, at(first, "properties"), at(again, "properties"))
	t.assign(o, t.container(o), roleBlobReader, principal)
	require.NoError(t, t.remove(o, id, managedIdentityVersion))
	require.NotEqual(t, principal, text(t.made(o, id, managedIdentityVersion, body), "properties", "principalId"))
}

// cannotFederate signs in as an identity with a token that nobody issued: its claims are those that the identity
// trusts, changed by change, and it is signed with a key of the test's own.
func (t *T) cannotFederate(code string, change func(*jwt.RegisteredClaims)) {
	t.Helper()
	o, id, trusted := t.Env.Provider, t.ownManagedIdentity(), t.credentialBody()
	t.made(o, id+"/federatedIdentityCredentials/trusted", managedIdentityVersion, trusted)
	claims := jwt.RegisteredClaims{
		Issuer: text(trusted, "properties", "issuer"), Subject: text(trusted, "properties", "subject"),
		Audience: jwt.ClaimStrings{"api://AzureADTokenExchange"}, ID: uuid.NewString(),
		IssuedAt: jwt.NewNumericDate(time.Now()), ExpiresAt: jwt.NewNumericDate(time.Now().Add(5 * time.Minute)),
	}
	change(&claims)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	token.Header["kid"] = "nobody's"
	assertion, err := token.SignedString(key)
	require.NoError(t, err)

	there := t.there(o, id, managedIdentityVersion)
	credential, err := azidentity.NewClientAssertionCredential(o.Tenant, text(there, "properties", "clientId"),
		func(context.Context) (string, error) { return assertion, nil },
		&azidentity.ClientAssertionCredentialOptions{ClientOptions: t.clientOptions(), DisableInstanceDiscovery: true})
	require.NoError(t, err)
	_, err = credential.GetToken(t.ctx(), policy.TokenRequestOptions{Scopes: []string{t.scope()}})
	var failed *azidentity.AuthenticationFailedError
	require.True(t, errors.As(err, &failed), "%v", err)
	require.Contains(t, err.Error(), code)
}
