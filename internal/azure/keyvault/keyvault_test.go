package keyvault_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/keyvault/armkeyvault"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/armtest"
)

func TestVaultHasWhatAzureComputes(t *testing.T) {
	w := newWorld(t)
	v := w.mustCreate(properties())
	require.Equal(t, fmt.Sprintf("https://127.0.0.1:%d/", w.first), *v.Properties.VaultURI)
	require.Equal(t, armkeyvault.VaultProvisioningStateSucceeded, *v.Properties.ProvisioningState)
	require.True(t, *v.Properties.EnableSoftDelete)
	require.EqualValues(t, 90, *v.Properties.SoftDeleteRetentionInDays)
	require.Nil(t, v.Properties.EnablePurgeProtection)
	require.Nil(t, v.Properties.HsmPoolResourceID)
	require.Nil(t, v.Properties.CreateMode)
	again := w.mustCreate(properties())
	require.Equal(t, v.Properties, again.Properties, "Ensure a repeated PUT changes nothing")
}

func TestVaultRules(t *testing.T) {
	w := newWorld(t)
	for label, c := range map[string]struct {
		vault  string
		change func(p *armkeyvault.VaultProperties)
		status int
		code   string
		text   string
	}{
		"too long a name":     {strings.Repeat("a", 25), nil, http.StatusBadRequest, "VaultNameNotValid", "3-24"},
		"consecutive hyphens": {"a--b", nil, http.StatusBadRequest, "VaultNameNotValid", "consecutive hyphens"},
		"leading digit":       {"1abc", nil, http.StatusBadRequest, "VaultNameNotValid", "begin with a letter"},
		"trailing hyphen":     {"abc-", nil, http.StatusBadRequest, "VaultNameNotValid", "end with a letter or digit"},
		"purge protection off": {name, func(p *armkeyvault.VaultProperties) { p.EnablePurgeProtection = to.Ptr(false) },
			http.StatusBadRequest, "BadRequest", `cannot be set to false`},
		"soft delete off": {name, func(p *armkeyvault.VaultProperties) { p.EnableSoftDelete = to.Ptr(false) },
			http.StatusBadRequest, "BadRequest", `enableSoftDelete`},
		"retention too short": {name,
			func(p *armkeyvault.VaultProperties) { p.SoftDeleteRetentionInDays = to.Ptr[int32](6) },
			http.StatusBadRequest, "BadRequest", "between 7 and 90"},
		"somebody else's tenant": {name,
			func(p *armkeyvault.VaultProperties) { p.TenantID = to.Ptr("99999999-0000-0000-0000-000000000001") },
			http.StatusBadRequest, "BadRequest", "tenantId"},
		"no access policies": {name, func(p *armkeyvault.VaultProperties) { p.EnableRbacAuthorization = nil },
			http.StatusBadRequest, "BadRequest", "accessPolicies"},
		"recover without a deleted vault": {name, recovered, http.StatusNotFound, "DeletedVaultNotFound", name},
	} {
		t.Run(label, func(t *testing.T) {
			p := properties()
			if c.change != nil {
				c.change(&p)
			}
			_, err := w.create(w.Contoso, c.vault, p)
			require.Contains(t, armtest.Refused(t, err, c.status, c.code), c.text)
		})
	}
}

// Retention is fixed once set, and purge protection once on stays on.
func TestRetentionAndPurgeProtectionAreFixed(t *testing.T) {
	w := newWorld(t)
	w.mustCreate(properties(func(p *armkeyvault.VaultProperties) {
		p.SoftDeleteRetentionInDays, p.EnablePurgeProtection = to.Ptr[int32](30), to.Ptr(true)
	}))
	_, err := w.create(w.Contoso, name,
		properties(func(p *armkeyvault.VaultProperties) { p.SoftDeleteRetentionInDays = to.Ptr[int32](31) }))
	require.Contains(t, armtest.Refused(t, err, http.StatusBadRequest, "BadRequest"), "can't be modified")
	v := w.mustCreate(properties())
	require.EqualValues(t, 30, *v.Properties.SoftDeleteRetentionInDays)
	require.True(t, *v.Properties.EnablePurgeProtection)

	w.delete()
	armtest.Refused(t, w.purge(), http.StatusMethodNotAllowed, "MethodNotAllowed")
	require.Len(t, w.deleted(), 1)
}

// A vault's name belongs to one subscription, also while the vault is deleted.
func TestVaultNamesAreGloballyUnique(t *testing.T) {
	w := newWorld(t)
	available := func() bool {
		res, err := w.vaults().CheckNameAvailability(w.ctx, armkeyvault.VaultCheckNameAvailabilityParameters{
			Name: to.Ptr(name), Type: to.Ptr("Microsoft.KeyVault/vaults"),
		}, nil)
		require.NoError(t, err)
		return *res.NameAvailable
	}
	require.True(t, available())
	w.mustCreate(properties())
	require.False(t, available())
	second := w.NewOrganization("second", armtest.Tenant, "11111111-0000-4000-8000-000000000003")
	_, err := w.create(second, name, properties())
	armtest.Refused(t, err, http.StatusConflict, "VaultAlreadyExists")
	w.delete()
	require.False(t, available())
	_, err = w.create(second, name, properties())
	armtest.Refused(t, err, http.StatusConflict, "VaultAlreadyExists")
	require.NoError(t, w.purge())
	require.True(t, available())
	_, err = w.create(second, name, properties())
	require.NoError(t, err)
}

// A deleted vault keeps its name until it is recovered, with its secrets, or purged.
func TestSoftDelete(t *testing.T) {
	w := newWorld(t)
	w.mustCreate(properties(func(p *armkeyvault.VaultProperties) { p.SoftDeleteRetentionInDays = to.Ptr[int32](7) }))
	written := w.putSecret("node-password", "s3cr3t")
	w.delete()

	_, err := w.vaults().Get(w.ctx, group, name, nil)
	armtest.Refused(t, err, http.StatusNotFound, "ResourceNotFound")
	listed := w.deleted()
	require.Len(t, listed, 1)
	require.Equal(t, 7*24*time.Hour, listed[0].Properties.ScheduledPurgeDate.Sub(*listed[0].Properties.DeletionDate))
	require.Equal(t, "sharing", *listed[0].Properties.Tags["purpose"])
	one, err := w.vaults().GetDeleted(w.ctx, name, "eastus", nil)
	require.NoError(t, err)
	require.Contains(t, *one.Properties.VaultID, "/vaults/"+name)
	_, err = w.vaults().GetDeleted(w.ctx, name, "westeurope", nil)
	armtest.Refused(t, err, http.StatusNotFound, "DeletedVaultNotFound")

	_, err = w.create(w.Contoso, name, properties())
	require.Contains(t, armtest.Refused(t, err, http.StatusConflict, "ConflictError"),
		"A vault with the same name already exists in deleted state")

	v := w.mustCreate(properties(func(p *armkeyvault.VaultProperties) {
		p.CreateMode, p.EnableRbacAuthorization = to.Ptr(armkeyvault.CreateModeRecover), nil
	}))
	require.EqualValues(t, 7, *v.Properties.SoftDeleteRetentionInDays, "Ensure the vault comes back as it was")
	require.True(t, *v.Properties.EnableRbacAuthorization)
	require.Empty(t, w.deleted())
	back, err := w.factory(w.Contoso).NewSecretsClient().Get(w.ctx, group, name, "node-password", nil)
	require.NoError(t, err)
	require.Equal(t, *written.Properties.SecretURIWithVersion, *back.Properties.SecretURIWithVersion)

	w.delete()
	require.NoError(t, w.purge())
	require.Empty(t, w.deleted())
	w.mustCreate(properties())
	_, err = w.factory(w.Contoso).NewSecretsClient().Get(w.ctx, group, name, "node-password", nil)
	armtest.Refused(t, err, http.StatusNotFound, "ResourceNotFound")
}

// When the retention ends the vault is purged, protected or not.
func TestRetentionEnds(t *testing.T) {
	w := newWorld(t)
	w.mustCreate(properties(func(p *armkeyvault.VaultProperties) {
		p.SoftDeleteRetentionInDays, p.EnablePurgeProtection = to.Ptr[int32](7), to.Ptr(true)
	}))
	w.putSecret("node-password", "s3cr3t")
	w.delete()
	w.Elapse(7*24*time.Hour + time.Minute)
	require.Empty(t, w.deleted())
	v := w.mustCreate(properties())
	require.Nil(t, v.Properties.EnablePurgeProtection)
	w.delete()
	w.mustCreate(properties(recovered))
	_, err := w.factory(w.Contoso).NewSecretsClient().Get(w.ctx, group, name, "node-password", nil)
	armtest.Refused(t, err, http.StatusNotFound, "ResourceNotFound")
}

func (w *world) putSecret(secret, value string) armkeyvault.Secret {
	res, err := w.factory(w.Contoso).NewSecretsClient().CreateOrUpdate(w.ctx, group, name, secret,
		armkeyvault.SecretCreateOrUpdateParameters{
			Properties: &armkeyvault.SecretProperties{Value: &value, ContentType: to.Ptr("text/plain")},
		}, nil)
	require.NoError(w.T, err)
	return res.Secret
}

// A secret's value appears neither in ARM's answers nor in the request log. Each value is a version.
func TestSecretsAreWriteOnly(t *testing.T) {
	w := newWorld(t)
	v := w.mustCreate(properties())
	first := w.putSecret("node-password", "s3cr3t-one")
	require.Nil(t, first.Properties.Value)
	require.Equal(t, *v.Properties.VaultURI+"secrets/node-password", *first.Properties.SecretURI)
	require.True(t, strings.HasPrefix(*first.Properties.SecretURIWithVersion, *first.Properties.SecretURI+"/"))
	require.True(t, *first.Properties.Attributes.Enabled)
	require.WithinDuration(t, w.Clock.Now(), *first.Properties.Attributes.Created, time.Minute)

	second := w.putSecret("node-password", "s3cr3t-two")
	require.NotEqual(t, *first.Properties.SecretURIWithVersion, *second.Properties.SecretURIWithVersion)
	patched, err := w.factory(w.Contoso).NewSecretsClient().Update(w.ctx, group, name, "node-password",
		armkeyvault.SecretPatchParameters{
			Properties: &armkeyvault.SecretPatchProperties{
				Attributes: &armkeyvault.SecretAttributes{Enabled: to.Ptr(false)}},
		}, nil)
	require.NoError(t, err)
	require.Equal(t, *second.Properties.SecretURIWithVersion, *patched.Properties.SecretURIWithVersion)
	require.False(t, *patched.Properties.Attributes.Enabled)
	got, err := w.factory(w.Contoso).NewSecretsClient().Get(w.ctx, group, name, "node-password", nil)
	require.NoError(t, err)
	require.Nil(t, got.Properties.Value)
	require.NotContains(t, w.Log.String(), "s3cr3t")

	require.Equal(t, http.StatusMethodNotAllowed, w.Contoso.Delete(*got.ID).Status, "Ensure ARM deletes no secret")
}

func TestAccessPoliciesAreAddedAndRemoved(t *testing.T) {
	w := newWorld(t)
	w.mustCreate(properties(func(p *armkeyvault.VaultProperties) {
		p.EnableRbacAuthorization, p.AccessPolicies = nil, []*armkeyvault.AccessPolicyEntry{}
	}))
	policy := func(object string) armkeyvault.VaultAccessPolicyParameters {
		entry := &armkeyvault.AccessPolicyEntry{ObjectID: &object, TenantID: to.Ptr(armtest.Tenant),
			Permissions: &armkeyvault.Permissions{
				Secrets: []*armkeyvault.SecretPermissions{to.Ptr(armkeyvault.SecretPermissionsGet)}}}
		return armkeyvault.VaultAccessPolicyParameters{Properties: &armkeyvault.VaultAccessPolicyProperties{
			AccessPolicies: []*armkeyvault.AccessPolicyEntry{entry}}}
	}
	for _, step := range []struct {
		kind   armkeyvault.AccessPolicyUpdateKind
		object string
		want   int
	}{
		{armkeyvault.AccessPolicyUpdateKindAdd, "a", 1},
		{armkeyvault.AccessPolicyUpdateKindAdd, "b", 2},
		{armkeyvault.AccessPolicyUpdateKindAdd, "b", 2},
		{armkeyvault.AccessPolicyUpdateKindRemove, "a", 1},
		{armkeyvault.AccessPolicyUpdateKindReplace, "c", 1},
		{armkeyvault.AccessPolicyUpdateKindRemove, "c", 0},
	} {
		_, err := w.vaults().UpdateAccessPolicy(w.ctx, group, name, step.kind, policy(step.object), nil)
		require.NoError(t, err)
		v, err := w.vaults().Get(w.ctx, group, name, nil)
		require.NoError(t, err)
		require.Len(t, v.Properties.AccessPolicies, step.want, "%s %s", step.kind, step.object)
	}
}
