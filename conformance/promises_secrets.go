package conformance

import (
	"net/http"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"
	"github.com/stretchr/testify/require"
)

const (
	areaSecrets         = "Key Vault data plane"
	roleSecretsOfficer  = "b86a8fe4-44ce-4948-aee5-eccb2c155cd7"
	roleSecretsUser     = "4633458b-17de-408a-b874-0445c86b69e6"
	docsSecretsREST     = "https://learn.microsoft.com/rest/api/keyvault/secrets/"
	docsVaultRBAC       = "https://learn.microsoft.com/azure/key-vault/general/rbac-guide"
	docsVaultErrors     = "https://learn.microsoft.com/azure/key-vault/general/rest-error-codes"
	docsVaultChallenges = "https://learn.microsoft.com/azure/key-vault/general/authentication-requests-and-responses"
)

// secrets is the SDK's client for a vault's secrets.
func (t *T) secrets(cred azcore.TokenCredential, vault string) *azsecrets.Client {
	t.Helper()
	c, err := azsecrets.NewClient(t.vaultURL(vault), cred, &azsecrets.ClientOptions{ClientOptions: t.clientOptions()})
	require.NoError(t, err)
	return c
}

func (t *T) vaultURL(vault string) string {
	t.Helper()
	url := text(t.there(t.Env.Provider, vault, vaultVersion), "properties", "vaultUri")
	require.True(t, strings.HasPrefix(url, "https://"), "a vault says where it is, not %q", url)
	return url
}

// officer is a client that may do everything with a vault's secrets, once the role holds.
func (t *T) officer(vault string) *azsecrets.Client {
	t.Helper()
	t.assign(t.Env.Provider, vault, roleSecretsOfficer, t.objectID(t.Env.Stranger))
	c := t.secrets(t.Env.Stranger.Credential, vault)
	require.NoError(t, t.until(func() error {
		_, err := c.NewListSecretPropertiesPager(nil).NextPage(t.ctx())
		return err
	}))
	return c
}

func (t *T) setSecret(c *azsecrets.Client, name, value string) string {
	t.Helper()
	res, err := c.SetSecret(t.ctx(), name, azsecrets.SetSecretParameters{Value: &value}, nil)
	require.NoError(t, err)
	require.Equal(t, name, res.ID.Name())
	require.NotEmpty(t, res.ID.Version(), "%s has no version", *res.ID)
	return res.ID.Version()
}

func (t *T) secret(c *azsecrets.Client, name, version string) string {
	t.Helper()
	res, err := c.GetSecret(t.ctx(), name, version, nil)
	require.NoError(t, err)
	return *res.Value
}

// deleteSecret deletes a secret and waits until it is listed as deleted.
func (t *T) deleteSecret(c *azsecrets.Client, name string) {
	t.Helper()
	_, err := c.DeleteSecret(t.ctx(), name, nil)
	require.NoError(t, err)
	t.eventually("the secret to be deleted", func() bool {
		_, err := c.GetDeletedSecret(t.ctx(), name, nil)
		return err == nil
	})
}

// missingSecret asserts that the secret is missing.
func (t *T) missingSecret(err error) {
	t.Helper()
	require.Equal(t, http.StatusNotFound, t.response(err).StatusCode, err)
	require.NotEmpty(t, t.response(err).ErrorCode)
}

// secretPromises are about secrets as a vault itself gives them out.
func secretPromises() []Promise {
	needs := []Need{Stranger}
	return []Promise{
		{
			Name: "versions", Area: areaSecrets, Source: docsSecretsREST + "get-secret/get-secret", Needs: needs,
			Statement: "Setting a secret again makes a version of it; the latest is read by name, every one by its " +
				"version.",
			Test: func(t *T) {
				c := t.officer(t.ownVault(t.Env.Provider))
				first := t.setSecret(c, "password", "one")
				second := t.setSecret(c, "password", "two")
				require.NotEqual(t, first, second)
				require.Equal(t, "two", t.secret(c, "password", ""))
				require.Equal(t, "one", t.secret(c, "password", first))
				listed := pages[*azsecrets.SecretProperties](t, c.NewListSecretPropertiesVersionsPager("password", nil))
				require.Len(t, listed, 2)
			},
		},
		{
			Name: "one secret in both planes", Area: areaSecrets,
			Source: "https://learn.microsoft.com/rest/api/keyvault/keyvault/secrets/create-or-update", Needs: needs,
			Statement: "What is set through Azure Resource Manager is read from the vault, under the URI that Azure " +
				"Resource Manager shows.",
			Test: func(t *T) {
				vault := t.ownVault(t.Env.Provider)
				c := t.officer(vault)
				made := t.made(t.Env.Provider, vault+"/secrets/password", vaultVersion,
					object{"properties": object{"value": "not-a-secret"}})
				require.Equal(t, "not-a-secret", t.secret(c, "password", ""))
				res, err := c.GetSecret(t.ctx(), "password", "", nil)
				require.NoError(t, err)
				require.Equal(t, text(made, "properties", "secretUriWithVersion"), string(*res.ID))
			},
		},
		{
			Name: "list", Area: areaSecrets, Source: docsSecretsREST + "get-secrets/get-secrets", Needs: needs,
			Statement: "The list has every secret once, and no value.",
			Test: func(t *T) {
				c := t.officer(t.ownVault(t.Env.Provider))
				for _, name := range []string{"a", "b", "b"} {
					t.setSecret(c, name, "not-a-secret")
				}
				var names []string
				for _, s := range pages[*azsecrets.SecretProperties](t, c.NewListSecretPropertiesPager(nil)) {
					names = append(names, s.ID.Name())
				}
				require.ElementsMatch(t, []string{"a", "b"}, names)
			},
		},
		{
			Name: "not there", Area: areaSecrets, Source: docsSecretsREST + "get-secret/get-secret", Needs: needs,
			Undocumented: true,
			Statement:    "A secret, or a version of one, that is not there answers 404.",
			Test: func(t *T) {
				c := t.officer(t.ownVault(t.Env.Provider))
				_, err := c.GetSecret(t.ctx(), "password", "", nil)
				t.missingSecret(err)
				t.setSecret(c, "password", "one")
				_, err = c.GetSecret(t.ctx(), "password", strings.Repeat("0", 32), nil)
				t.missingSecret(err)
			},
		},
		{
			Name: "disabled", Area: areaSecrets,
			Source: "https://learn.microsoft.com/azure/key-vault/secrets/about-secrets", Needs: needs,
			Undocumented: true,
			Statement:    "A version that is disabled is not given out; the others are.",
			Test: func(t *T) {
				c := t.officer(t.ownVault(t.Env.Provider))
				first := t.setSecret(c, "password", "one")
				t.setSecret(c, "password", "two")
				_, err := c.UpdateSecretProperties(t.ctx(), "password", first,
					azsecrets.UpdateSecretPropertiesParameters{
						SecretAttributes: &azsecrets.SecretAttributes{Enabled: to.Ptr(false)},
					}, nil)
				require.NoError(t, err)
				_, err = c.GetSecret(t.ctx(), "password", first, nil)
				require.Equal(t, http.StatusForbidden, t.response(err).StatusCode, err)
				require.Equal(t, "two", t.secret(c, "password", ""))
			},
		},
		{
			Name: "soft delete", Area: areaSecrets, Source: docsSoftDelete, Needs: needs, Undocumented: true,
			Statement: "A deleted secret is not given out and keeps its name; recovered, it is back with all its " +
				"versions.",
			Test: func(t *T) {
				c := t.officer(t.ownVault(t.Env.Provider))
				first := t.setSecret(c, "password", "one")
				t.setSecret(c, "password", "two")
				t.deleteSecret(c, "password")
				_, err := c.GetSecret(t.ctx(), "password", "", nil)
				t.missingSecret(err)
				_, err = c.SetSecret(t.ctx(), "password", azsecrets.SetSecretParameters{Value: to.Ptr("three")}, nil)
				require.Equal(t, http.StatusConflict, t.response(err).StatusCode, err)
				deleted, err := c.GetDeletedSecret(t.ctx(), "password", nil)
				require.NoError(t, err)
				require.WithinDuration(t, deleted.DeletedDate.Add(7*24*time.Hour), *deleted.ScheduledPurgeDate,
					time.Minute)
				_, err = c.RecoverDeletedSecret(t.ctx(), "password", nil)
				require.NoError(t, err)
				t.eventually("the secret to be back", func() bool {
					_, err := c.GetSecret(t.ctx(), "password", "", nil)
					return err == nil
				})
				require.Equal(t, "two", t.secret(c, "password", ""))
				require.Equal(t, "one", t.secret(c, "password", first))
			},
		},
		{
			Name: "purge", Area: areaSecrets, Source: docsSecretsREST + "purge-deleted-secret/purge-deleted-secret",
			Needs:     needs,
			Statement: "Purging a deleted secret frees its name, and its versions are gone.",
			Test: func(t *T) {
				c := t.officer(t.ownVault(t.Env.Provider))
				first := t.setSecret(c, "password", "one")
				t.deleteSecret(c, "password")
				_, err := c.PurgeDeletedSecret(t.ctx(), "password", nil)
				require.NoError(t, err)
				t.eventually("the name to be free", func() bool {
					_, err := c.SetSecret(t.ctx(), "password", azsecrets.SetSecretParameters{Value: to.Ptr("two")}, nil)
					return err == nil
				})
				_, err = c.GetSecret(t.ctx(), "password", first, nil)
				t.missingSecret(err)
			},
		},
		{
			Name: "purge protection", Area: areaSecrets, Source: docsSoftDelete, Needs: needs, Undocumented: true,
			Statement: "A secret of a vault with purge protection cannot be purged before its time.",
			Test: func(t *T) {
				o := t.Env.Provider
				id := t.inGroup(o, vaultType, t.name(20))
				t.made(o, id, vaultVersion, with(t.vaultBody(o), true, "properties", "enablePurgeProtection"))
				c := t.officer(id)
				t.setSecret(c, "password", "one")
				t.deleteSecret(c, "password")
				_, err := c.PurgeDeletedSecret(t.ctx(), "password", nil)
				require.Equal(t, http.StatusForbidden, t.response(err).StatusCode, err)
			},
		},
		{
			Name: "no data role", Area: areaSecrets, Source: docsVaultErrors, Undocumented: true,
			Statement: "Whoever deploys a vault with role-based access may not read its secrets for that: 403.",
			Test: func(t *T) {
				vault := t.vault(t.Env.Provider)
				name := t.name(20)
				t.made(t.Env.Provider, vault+"/secrets/"+name, vaultVersion,
					object{"properties": object{"value": "not-a-secret"}})
				_, err := t.secrets(t.Env.Provider.Credential, vault).GetSecret(t.ctx(), name, "", nil)
				require.Equal(t, http.StatusForbidden, t.response(err).StatusCode, err)
			},
		},
		{
			Name: "one secret's reader", Area: areaSecrets, Source: docsVaultRBAC, Needs: needs, Undocumented: true,
			Statement: "Key Vault Secrets User on one secret reads that secret: not another, not the list, and " +
				"writes nothing.",
			Test: func(t *T) {
				o := t.Env.Provider
				vault := t.ownVault(o)
				for _, name := range []string{"one", "two"} {
					t.made(o, vault+"/secrets/"+name, vaultVersion, object{"properties": object{"value": name}})
				}
				t.assign(o, vault+"/secrets/one", roleSecretsUser, t.objectID(t.Env.Stranger))
				c := t.secrets(t.Env.Stranger.Credential, vault)
				require.NoError(t, t.until(func() error { _, err := c.GetSecret(t.ctx(), "one", "", nil); return err }))
				require.Equal(t, "one", t.secret(c, "one", ""))
				_, err := c.GetSecret(t.ctx(), "two", "", nil)
				require.Equal(t, http.StatusForbidden, t.response(err).StatusCode, err)
				_, err = c.NewListSecretPropertiesPager(nil).NextPage(t.ctx())
				require.Equal(t, http.StatusForbidden, t.response(err).StatusCode, err)
				_, err = c.SetSecret(t.ctx(), "one", azsecrets.SetSecretParameters{Value: to.Ptr("x")}, nil)
				require.Equal(t, http.StatusForbidden, t.response(err).StatusCode, err)
			},
		},
		{
			Name: "another tenant", Area: areaSecrets, Source: docsVaultErrors, Needs: []Need{TwoTenants},
			Undocumented: true,
			Statement:    "A token of another tenant is refused by a vault with 401.",
			Test: func(t *T) {
				theirs := fixed(t.token(t.Env.Consumer, "https://vault.azure.net/.default"))
				_, err := t.secrets(theirs, t.vault(t.Env.Provider)).GetSecret(t.ctx(), "any", "", nil)
				require.Equal(t, http.StatusUnauthorized, t.response(err).StatusCode, err)
			},
		},
		{
			Name: "another audience", Area: areaSecrets, Source: docsVaultErrors, Undocumented: true,
			Statement: "A token for Azure Resource Manager is refused by a vault with 401.",
			Test: func(t *T) {
				_, err := t.secrets(fixed(t.token(t.Env.Provider, t.scope())),
					t.vault(t.Env.Provider)).GetSecret(t.ctx(), "any", "", nil)
				require.Equal(t, http.StatusUnauthorized, t.response(err).StatusCode, err)
			},
		},
		{
			Name: "challenge", Area: areaSecrets, Source: docsVaultChallenges, Undocumented: true,
			Statement: "A request without a token is refused with 401; the challenge names the tenant's authority " +
				"and the " +
				"resource to ask for.",
			Test: func(t *T) {
				req, err := http.NewRequestWithContext(t.ctx(), http.MethodGet,
					t.vaultURL(t.vault(t.Env.Provider))+"secrets?api-version=7.4", nil)
				require.NoError(t, err)
				res := t.plainly(req)
				require.Equal(t, http.StatusUnauthorized, res.StatusCode)
				challenge := res.Header.Get("WWW-Authenticate")
				require.Contains(t, challenge, "authorization=")
				require.Contains(t, challenge, t.Env.Provider.Tenant)
				require.Contains(t, challenge, "resource=")
			},
		},
		{
			Name: "purge at its date", Area: areaSecrets, Source: docsSoftDelete, Needs: []Need{Clock, Stranger},
			Undocumented: true,
			Statement: "A deleted secret cannot be recovered once the vault's retention has passed, and its name is " +
				"free.",
			Test: func(t *T) {
				vault := t.ownVault(t.Env.Provider)
				c := t.officer(vault)
				t.setSecret(c, "password", "one")
				t.deleteSecret(c, "password")
				t.pass(8 * day)
				c = t.secrets(t.Env.Stranger.Credential, vault)
				_, err := c.RecoverDeletedSecret(t.ctx(), "password", nil)
				t.missingSecret(err)
				t.setSecret(c, "password", "two")
			},
		},
	}
}
