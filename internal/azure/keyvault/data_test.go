package keyvault_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/keyvault/armkeyvault"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/armtest"
	"github.com/crossorg/crossorg/internal/azure/identity"
	"github.com/crossorg/crossorg/internal/azure/keyvault"
	"github.com/crossorg/crossorg/internal/azure/roles"
)

// reader signs in to the data plane, with tokens for an audience of its choice.
type reader struct {
	w         *world
	principal identity.Principal
	audience  string // empty takes what the vault's challenge names
	asked     policy.TokenRequestOptions
}

func (r *reader) GetToken(_ context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	r.asked = o
	audience := r.audience
	if audience == "" {
		audience = strings.TrimSuffix(o.Scopes[0], "/.default")
	}
	token, expires, err := r.w.Directory.Issue(r.principal, audience)
	return azcore.AccessToken{Token: token, ExpiresOn: expires}, err
}

func (w *world) newcomer(tenantID, client string) *reader {
	return &reader{w: w, principal: w.Principal(tenantID, client)}
}

func (w *world) grant(r *reader, role, scope string) *reader {
	w.Grant(r.principal, role, scope)
	return r
}

// secrets is the official client of the world's vault, which is the first.
func (w *world) secrets(r *reader) *azsecrets.Client {
	return w.secretsAt(fmt.Sprintf("https://127.0.0.1:%d/", w.first), false, r)
}

func (w *world) secretsAt(uri string, foreign bool, r *reader) *azsecrets.Client {
	c, err := azsecrets.NewClient(uri, r, &azsecrets.ClientOptions{
		ClientOptions: azcore.ClientOptions{Transport: w.Client(),
			Retry: policy.RetryOptions{MaxRetries: -1}},
		DisableChallengeResourceVerification: foreign,
	})
	require.NoError(w.T, err)
	return c
}

func (w *world) officer() *azsecrets.Client {
	return w.secrets(w.grant(w.newcomer(armtest.Tenant, "officer"), roles.KeyVaultSecretsOfficer, vaultID))
}

func (w *world) set(c *azsecrets.Client, secret, value string) azsecrets.SetSecretResponse {
	res, err := c.SetSecret(w.ctx, secret, azsecrets.SetSecretParameters{Value: &value}, nil)
	require.NoError(w.T, err)
	return res
}

// The official client sets, reads, lists and updates versions; ARM shows the same secret.
func TestSecretsHaveVersionsInBothPlanes(t *testing.T) {
	w := newWorld(t)
	v := w.mustCreate(properties())
	c := w.officer()
	expires := time.Date(2031, 1, 2, 3, 4, 5, 0, time.UTC)
	first, err := c.SetSecret(w.ctx, "node-password", azsecrets.SetSecretParameters{
		Value: to.Ptr("s3cr3t-one"), ContentType: to.Ptr("text/plain"),
		Tags:             map[string]*string{"for": to.Ptr("nodes")},
		SecretAttributes: &azsecrets.SecretAttributes{Expires: &expires},
	}, nil)
	require.NoError(t, err)
	require.Equal(t, "node-password", first.ID.Name())
	require.Equal(t, *v.Properties.VaultURI+"secrets/node-password/"+first.ID.Version(), string(*first.ID))
	require.Equal(t, "Recoverable+Purgeable", *first.Attributes.RecoveryLevel)
	require.EqualValues(t, 90, *first.Attributes.RecoverableDays)
	second := w.set(c, "node-password", "s3cr3t-two")
	require.NotEqual(t, first.ID.Version(), second.ID.Version())

	latest, err := c.GetSecret(w.ctx, "node-password", "", nil)
	require.NoError(t, err)
	require.Equal(t, "s3cr3t-two", *latest.Value)
	require.Equal(t, *second.ID, *latest.ID)
	older, err := c.GetSecret(w.ctx, "node-password", first.ID.Version(), nil)
	require.NoError(t, err)
	require.Equal(t, "s3cr3t-one", *older.Value)
	require.Equal(t, expires, older.Attributes.Expires.UTC())
	require.Equal(t, "nodes", *older.Tags["for"])

	shown, err := w.factory(w.Contoso).NewSecretsClient().Get(w.ctx, group, name, "node-password", nil)
	require.NoError(t, err)
	require.Equal(t, string(*second.ID), *shown.Properties.SecretURIWithVersion)
	require.Nil(t, shown.Properties.Value)
	w.putSecret("node-password", "s3cr3t-arm")
	latest, err = c.GetSecret(w.ctx, "node-password", "", nil)
	require.NoError(t, err)
	require.Equal(t, "s3cr3t-arm", *latest.Value, "Ensure what ARM writes is what the data plane reads")

	_, err = c.UpdateSecretProperties(w.ctx, "node-password", first.ID.Version(),
		azsecrets.UpdateSecretPropertiesParameters{
			SecretAttributes: &azsecrets.SecretAttributes{Enabled: to.Ptr(false)},
		}, nil)
	require.NoError(t, err)
	_, err = c.GetSecret(w.ctx, "node-password", first.ID.Version(), nil)
	require.Contains(t, armtest.Refused(t, err, http.StatusForbidden, "Forbidden"), "SecretDisabled")
	_, err = c.GetSecret(w.ctx, "node-password", "", nil)
	require.NoError(t, err, "Ensure other versions stay readable")

	count := 0
	for pager := c.NewListSecretPropertiesVersionsPager("node-password", nil); pager.More(); {
		page, err := pager.NextPage(w.ctx)
		require.NoError(t, err)
		count += len(page.Value)
	}
	require.Equal(t, 3, count)
	_, err = c.GetSecret(w.ctx, "missing", "", nil)
	armtest.Refused(t, err, http.StatusNotFound, "SecretNotFound")
	_, err = c.GetSecret(w.ctx, "node-password", strings.Repeat("0", 32), nil)
	armtest.Refused(t, err, http.StatusNotFound, "SecretNotFound")
	require.NotContains(t, w.Log.String(), "s3cr3t")
}

func TestListsComeInPages(t *testing.T) {
	w := newWorld(t)
	w.mustCreate(properties())
	c := w.officer()
	for i := range 53 {
		w.set(c, fmt.Sprintf("s%02d", i), "value")
	}
	var got []string
	pages := 0
	for pager := c.NewListSecretPropertiesPager(nil); pager.More(); pages++ {
		page, err := pager.NextPage(w.ctx)
		require.NoError(t, err)
		for _, s := range page.Value {
			got = append(got, s.ID.Name())
		}
	}
	require.Equal(t, 3, pages)
	require.Len(t, got, 53)
	require.Equal(t, "s00", got[0])
	require.Equal(t, "s52", got[52])
}

// A deleted secret keeps its name; it is recovered with all versions, purged, or gone at its date.
func TestADeletedSecretIsRecoveredPurgedOrGoneAtItsDate(t *testing.T) {
	w := newWorld(t)
	w.mustCreate(properties(func(p *armkeyvault.VaultProperties) { p.SoftDeleteRetentionInDays = to.Ptr[int32](7) }))
	c := w.officer()
	first := w.set(c, "node-password", "one")
	w.set(c, "node-password", "two")
	deleted, err := c.DeleteSecret(w.ctx, "node-password", nil)
	require.NoError(t, err)
	require.Nil(t, deleted.Value)
	require.Equal(t, 7*24*time.Hour, deleted.ScheduledPurgeDate.Sub(*deleted.DeletedDate))
	require.Equal(t, "CustomizedRecoverable+Purgeable", *deleted.Attributes.RecoveryLevel)
	_, err = c.GetSecret(w.ctx, "node-password", "", nil)
	armtest.Refused(t, err, http.StatusNotFound, "SecretNotFound")
	_, err = w.factory(w.Contoso).NewSecretsClient().Get(w.ctx, group, name, "node-password", nil)
	armtest.Refused(t, err, http.StatusNotFound, "ResourceNotFound")

	_, err = c.SetSecret(w.ctx, "node-password", azsecrets.SetSecretParameters{Value: to.Ptr("three")}, nil)
	require.Contains(t, armtest.Refused(t, err, http.StatusConflict, "Conflict"), "ObjectIsDeletedButRecoverable")
	_, err = w.factory(w.Contoso).NewSecretsClient().CreateOrUpdate(w.ctx, group, name, "node-password",
		armkeyvault.SecretCreateOrUpdateParameters{
			Properties: &armkeyvault.SecretProperties{Value: to.Ptr("three")},
		}, nil)
	armtest.Refused(t, err, http.StatusConflict, "Conflict")
	listed, err := c.NewListDeletedSecretPropertiesPager(nil).NextPage(w.ctx)
	require.NoError(t, err)
	require.Len(t, listed.Value, 1)

	_, err = c.RecoverDeletedSecret(w.ctx, "node-password", nil)
	require.NoError(t, err)
	got, err := c.GetSecret(w.ctx, "node-password", "", nil)
	require.NoError(t, err)
	require.Equal(t, "two", *got.Value)
	got, err = c.GetSecret(w.ctx, "node-password", first.ID.Version(), nil)
	require.NoError(t, err)
	require.Equal(t, "one", *got.Value)

	_, err = c.DeleteSecret(w.ctx, "node-password", nil)
	require.NoError(t, err)
	_, err = c.PurgeDeletedSecret(w.ctx, "node-password", nil)
	require.NoError(t, err)
	_, err = c.GetDeletedSecret(w.ctx, "node-password", nil)
	armtest.Refused(t, err, http.StatusNotFound, "SecretNotFound")
	w.set(c, "node-password", "three")
	_, err = c.GetSecret(w.ctx, "node-password", first.ID.Version(), nil)
	armtest.Refused(t, err, http.StatusNotFound, "SecretNotFound")

	_, err = c.DeleteSecret(w.ctx, "node-password", nil)
	require.NoError(t, err)
	w.Elapse(7*24*time.Hour + time.Minute)
	// signs in again
	c = w.secrets(w.grant(w.newcomer(armtest.Tenant, "officer"), roles.KeyVaultSecretsOfficer, vaultID))
	_, err = c.RecoverDeletedSecret(w.ctx, "node-password", nil)
	armtest.Refused(t, err, http.StatusNotFound, "SecretNotFound")
	w.set(c, "node-password", "four")
}

func TestPurgeProtectionKeepsDeletedSecrets(t *testing.T) {
	w := newWorld(t)
	w.mustCreate(properties(func(p *armkeyvault.VaultProperties) { p.EnablePurgeProtection = to.Ptr(true) }))
	c := w.officer()
	w.set(c, "node-password", "one")
	deleted, err := c.DeleteSecret(w.ctx, "node-password", nil)
	require.NoError(t, err)
	require.Equal(t, "Recoverable", *deleted.Attributes.RecoveryLevel)
	_, err = c.PurgeDeletedSecret(w.ctx, "node-password", nil)
	require.Contains(t, armtest.Refused(t, err, http.StatusForbidden, "Forbidden"), "purge protection")
}

// Secrets go with their vault and come back with it, with all versions, the deleted ones as well.
func TestSecretsAndDeletedSecretsComeBackWithTheirVault(t *testing.T) {
	w := newWorld(t)
	w.mustCreate(properties())
	c := w.officer()
	w.set(c, "kept", "one")
	w.set(c, "dropped", "two")
	_, err := c.DeleteSecret(w.ctx, "dropped", nil)
	require.NoError(t, err)
	w.delete()
	_, err = c.GetSecret(w.ctx, "kept", "", nil)
	require.ErrorIs(t, err, syscall.ECONNREFUSED, "Ensure nothing answers for a deleted vault")
	w.mustCreate(properties(recovered))
	got, err := c.GetSecret(w.ctx, "kept", "", nil)
	require.NoError(t, err)
	require.Equal(t, "one", *got.Value)
	_, err = c.RecoverDeletedSecret(w.ctx, "dropped", nil)
	require.NoError(t, err)
}

func TestTheChallengeNamesTenantAndResourceAndTokensAreChecked(t *testing.T) {
	w := newWorld(t)
	w.mustCreate(properties())
	r := w.grant(w.newcomer(armtest.Tenant, "officer"), roles.KeyVaultSecretsOfficer, vaultID)
	w.set(w.secrets(r), "node-password", "one")
	require.Equal(t, []string{fmt.Sprintf("https://0.0.1:%d/.default", w.first)}, r.asked.Scopes)
	require.Equal(t, armtest.Tenant, r.asked.TenantID)

	r.audience = "https://vault.azure.net"
	w.set(w.secrets(r), "node-password", "one")
	for _, other := range []string{"https://management.azure.com", fmt.Sprintf("https://0.0.1:%d", w.first+1)} {
		r.audience = other
		_, err := w.secrets(r).GetSecret(w.ctx, "node-password", "", nil)
		require.Contains(t, armtest.Refused(t, err, http.StatusUnauthorized, "Unauthorized"), "AKV10022")
	}
	stranger := w.newcomer("99999999-0000-0000-0000-000000000001", "stranger")
	_, err := w.secrets(w.grant(stranger, roles.KeyVaultSecretsOfficer, vaultID)).GetSecret(w.ctx, "node-password", "",
		nil)
	require.Contains(t, armtest.Refused(t, err, http.StatusUnauthorized, "Unauthorized"), "AKV10032")
}

// Data actions count at the vault and at a single secret; an Owner of the subscription has none.
func TestRolesDecideAboutSecrets(t *testing.T) {
	w := newWorld(t)
	w.mustCreate(properties())
	officer := w.officer()
	w.set(officer, "one", "1")
	w.set(officer, "two", "2")

	_, err := w.secrets(&reader{w: w, principal: w.Contoso.Principal}).GetSecret(w.ctx, "one", "", nil)
	text := armtest.Refused(t, err, http.StatusForbidden, "Forbidden")
	require.Contains(t, text, "ForbiddenByRbac")
	require.Contains(t, text, "Microsoft.KeyVault/vaults/secrets/getSecret/action")
	user := w.secrets(w.grant(w.newcomer(armtest.Tenant, "user"), roles.KeyVaultSecretsUser, vaultID+"/secrets/one"))
	got, err := user.GetSecret(w.ctx, "one", "", nil)
	require.NoError(t, err)
	require.Equal(t, "1", *got.Value)
	for label, call := range map[string]func() error{
		"another secret": func() error { _, err := user.GetSecret(w.ctx, "two", "", nil); return err },
		"no such secret": func() error { _, err := user.GetSecret(w.ctx, "three", "", nil); return err },
		"list":           func() error { _, err := user.NewListSecretPropertiesPager(nil).NextPage(w.ctx); return err },
		"set": func() error {
			_, err := user.SetSecret(w.ctx, "one", azsecrets.SetSecretParameters{Value: to.Ptr("x")}, nil)
			return err
		},
		"delete": func() error { _, err := user.DeleteSecret(w.ctx, "one", nil); return err },
	} {
		t.Run(label, func(t *testing.T) { armtest.Refused(t, call(), http.StatusForbidden, "Forbidden") })
	}
}

func TestAccessPoliciesDecideWhereRolesDoNot(t *testing.T) {
	w := newWorld(t)
	r := w.newcomer(armtest.Tenant, "policy")
	w.mustCreate(properties(func(p *armkeyvault.VaultProperties) {
		p.EnableRbacAuthorization = nil
		p.AccessPolicies = []*armkeyvault.AccessPolicyEntry{{
			ObjectID: &r.principal.ObjectID,
			TenantID: to.Ptr(armtest.Tenant),
			Permissions: &armkeyvault.Permissions{Secrets: []*armkeyvault.SecretPermissions{
				to.Ptr(armkeyvault.SecretPermissionsGet), to.Ptr(armkeyvault.SecretPermissionsSet),
			}},
		}}
	}))
	c := w.secrets(w.grant(r, roles.KeyVaultSecretsOfficer, vaultID)) // a vault with access policies ignores roles
	w.set(c, "one", "1")
	_, err := c.GetSecret(w.ctx, "one", "", nil)
	require.NoError(t, err)
	_, err = c.DeleteSecret(w.ctx, "one", nil)
	require.Contains(t, armtest.Refused(t, err, http.StatusForbidden, "Forbidden"),
		"does not have secrets delete permission")
}

func TestNetworkRulesJudgeCallersWithAnAddress(t *testing.T) {
	w := newWorld(t)
	w.mustCreate(properties(func(p *armkeyvault.VaultProperties) {
		p.NetworkACLs = &armkeyvault.NetworkRuleSet{
			DefaultAction: to.Ptr(armkeyvault.NetworkRuleActionDeny),
			IPRules:       []*armkeyvault.IPRule{{Value: to.Ptr("198.51.100.0/24")}},
		}
	}))
	r := w.grant(w.newcomer(armtest.Tenant, "officer"), roles.KeyVaultSecretsOfficer, vaultID)
	w.set(w.secrets(r), "one", "1") // a local caller is the vault's operator
	for address, inside := range map[string]bool{"198.51.100.7": true, "203.0.113.9": false} {
		h := keyvault.NewHandler(w.Server()).CallersAt(netip.MustParseAddr(address))
		s := httptest.NewTLSServer(keyvault.At(name, h))
		_, err := w.secretsAt(s.URL, true, r).GetSecret(w.ctx, "one", "", nil)
		s.Close()
		if inside {
			require.NoError(t, err)
			continue
		}
		require.Contains(t, armtest.Refused(t, err, http.StatusForbidden, "Forbidden"), "ForbiddenByFirewall")
	}
}

func TestValuesAreNotQuotedInErrors(t *testing.T) {
	w := newWorld(t)
	w.mustCreate(properties())
	_, err := w.officer().SetSecret(w.ctx, "one",
		azsecrets.SetSecretParameters{Value: to.Ptr(strings.Repeat("s3cr3t", 6000))}, nil)
	require.NotContains(t, armtest.Refused(t, err, http.StatusBadRequest, "BadParameter"), "s3cr3t")
}
