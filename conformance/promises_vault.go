package conformance

import (
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/keyvault/armkeyvault"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

const (
	docsVaultREST = "https://learn.microsoft.com/rest/api/keyvault/keyvault/vaults/"
	// docsVaultCode shows the service's answer to a reserved name.
	docsVaultCode   = "https://github.com/alan-turing-institute/data-safe-haven/issues/2523"
	docsVaultCodes  = "https://learn.microsoft.com/azure/key-vault/general/common-error-codes"
	docsVaultConfig = "https://learn.microsoft.com/azure/key-vault/general/key-vault-recovery"
)

// deletedVault is a vault that was deleted.
func (t *T) deletedVault(o *Org) string {
	t.Helper()
	id := t.inGroup(o, vaultType, t.name(20))
	t.made(o, id, vaultVersion, t.vaultBody(o))
	require.NoError(t, t.remove(o, id, vaultVersion))
	return id
}

// vaultPromises are about what happens to vaults when they are deleted.
func vaultPromises() []Promise {
	return []Promise{
		{
			Name: "recreate", Area: vaultType, Source: docsSoftDelete, Code: "ConflictError", CodeSource: docsVaultCode,
			Statement: "The name of a deleted vault stays reserved: creating it again is refused with 409 until it " +
				"is recovered or purged.",
			Test: func(t *T) {
				o := t.Env.Provider
				id := t.deletedVault(o)
				t.Cleanup(func() { t.purge(o, nameOf(id)) })
				_, err := t.put(o, id, vaultVersion, t.vaultBody(o))
				message := t.refused(err, http.StatusConflict, "ConflictError")
				require.Contains(t, message, "deleted state")
			},
		},
		{
			Name: "soft delete", Area: vaultType, Source: docsVaultREST + "get-deleted",
			Statement: "A deleted vault is listed as deleted, with the day on which it will be purged: after its " +
				"retention.",
			Test: func(t *T) {
				o := t.Env.Provider
				id := t.deletedVault(o)
				t.Cleanup(func() { t.purge(o, nameOf(id)) })
				client := t.vaults(o).NewVaultsClient()
				got, err := client.GetDeleted(t.ctx(), nameOf(id), t.Env.Location, nil)
				require.NoError(t, err)
				require.Equal(t, id, *got.Properties.VaultID)
				require.Equal(t, t.Env.Location, *got.Properties.Location)
				require.WithinDuration(t, got.Properties.DeletionDate.Add(7*24*time.Hour),
					*got.Properties.ScheduledPurgeDate, time.Minute)
				require.Contains(t, ids(pages[*armkeyvault.DeletedVault](t, client.NewListDeletedPager(nil)),
					func(v *armkeyvault.DeletedVault) *string { return v.Properties.VaultID }), id)
			},
		},
		{
			Name: "recover", Area: vaultType, Source: docsSoftDelete,
			Statement: "A deleted vault can be recovered, with its secrets.",
			Test: func(t *T) {
				o := t.Env.Provider
				id := t.ownVault(o)
				t.made(o, id+"/secrets/password", vaultVersion, object{"properties": object{"value": "not-a-secret"}})
				require.NoError(t, t.remove(o, id, vaultVersion))
				t.made(o, id, vaultVersion, with(t.vaultBody(o), "recover", "properties", "createMode"))
				require.Equal(t, true, at(t.there(o, id, vaultVersion), "properties", "enableRbacAuthorization"))
				t.there(o, id+"/secrets/password", vaultVersion)
				_, err := t.vaults(o).NewVaultsClient().GetDeleted(t.ctx(), nameOf(id), t.Env.Location, nil)
				require.Equal(t, http.StatusNotFound, t.response(err).StatusCode)
			},
		},
		{
			Name: "recovery brings no roles back", Area: vaultType, Source: docsSoftDelete,
			Statement: "A vault's role assignments go with its deletion and do not come back when it is recovered.",
			Test: func(t *T) {
				o := t.Env.Provider
				id := t.ownVault(o)
				role := id + "/providers/" + roleAssignments + "/" + uuid.NewString()
				t.assignAs(o, role, roleReader, t.shareAccount(o).principal)
				require.NoError(t, t.remove(o, id, vaultVersion))
				t.made(o, id, vaultVersion, with(t.vaultBody(o), "recover", "properties", "createMode"))
				t.gone(o, role, rolesVersion)
			},
		},
		{
			Name: "purge", Area: vaultType, Source: docsVaultREST + "purge-deleted",
			Statement: "Purging a deleted vault frees its name; what is created under it then has nothing of the old " +
				"one.",
			Test: func(t *T) {
				o := t.Env.Provider
				id := t.ownVault(o)
				t.made(o, id+"/secrets/password", vaultVersion, object{"properties": object{"value": "not-a-secret"}})
				require.NoError(t, t.remove(o, id, vaultVersion))
				p, err := t.vaults(o).NewVaultsClient().BeginPurgeDeleted(t.ctx(), nameOf(id), t.Env.Location, nil)
				must(t, p, err)
				_, err = t.vaults(o).NewVaultsClient().GetDeleted(t.ctx(), nameOf(id), t.Env.Location, nil)
				require.Equal(t, http.StatusNotFound, t.response(err).StatusCode)
				t.made(o, id, vaultVersion, t.vaultBody(o))
				t.gone(o, id+"/secrets/password", vaultVersion)
			},
		},
		{
			Name: "purge protection", Area: vaultType, Source: docsSoftDelete, Undocumented: true,
			Statement: "A vault with purge protection cannot be purged before its retention has ended, and the " +
				"protection cannot be taken off.",
			Test: func(t *T) {
				o := t.Env.Provider
				body := with(t.vaultBody(o), true, "properties", "enablePurgeProtection")
				id := t.inGroup(o, vaultType, t.name(20))
				t.made(o, id, vaultVersion, body)
				_, err := t.put(o, id, vaultVersion, with(body, false, "properties", "enablePurgeProtection"))
				t.refusedSomehow(err)
				require.NoError(t, t.remove(o, id, vaultVersion))
				p, err := t.vaults(o).NewVaultsClient().BeginPurgeDeleted(t.ctx(), nameOf(id), t.Env.Location, nil)
				_, err = done(t, p, err)
				t.refusedSomehow(err)
				got, err := t.vaults(o).NewVaultsClient().GetDeleted(t.ctx(), nameOf(id), t.Env.Location, nil)
				require.NoError(t, err)
				require.True(t, *got.Properties.PurgeProtectionEnabled)
			},
		},
		{
			Name: "soft delete cannot be switched off", Area: vaultType, Source: docsSoftDelete, Undocumented: true,
			Statement: "A vault cannot be created without soft delete.",
			Test: func(t *T) {
				o := t.Env.Provider
				_, err := t.put(o, t.inGroup(o, vaultType, t.name(20)), vaultVersion,
					with(t.vaultBody(o), false, "properties", "enableSoftDelete"))
				t.refusedSomehow(err)
			},
		},
		{
			Name: "retention", Area: vaultType, Source: docsSoftDelete, Undocumented: true,
			Statement: "A vault keeps what is deleted for 7 to 90 days, and the number cannot be changed later.",
			Test: func(t *T) {
				o := t.Env.Provider
				for _, days := range []int{6, 91} {
					_, err := t.put(o, t.inGroup(o, vaultType, t.name(20)), vaultVersion,
						with(t.vaultBody(o), days, "properties", "softDeleteRetentionInDays"))
					t.refusedSomehow(err)
				}
				id := t.ownVault(o)
				_, err := t.put(o, id, vaultVersion, with(t.vaultBody(o), 8, "properties", "softDeleteRetentionInDays"))
				t.refusedSomehow(err)
			},
		},
		{
			Name: "default retention", Area: vaultType, Source: docsVaultConfig,
			Statement: "A vault without a retention of its own keeps deleted things for 90 days.",
			Test: func(t *T) {
				o := t.Env.Provider
				id := t.ownVaultWith(o, with(t.vaultBody(o), nil, "properties", "softDeleteRetentionInDays"))
				got := t.there(o, id, vaultVersion)
				require.Equal(t, 90.0, at(got, "properties", "softDeleteRetentionInDays"))
				require.Equal(t, true, at(got, "properties", "enableSoftDelete"))
			},
		},
		{
			Name: "name of another's vault", Area: vaultType, Source: docsVaultREST + "check-name-availability",
			Needs: []Need{TwoTenants}, Code: "VaultAlreadyExists", CodeSource: docsVaultCodes,
			Statement: "The name of a vault is taken in all of Azure.",
			Test: func(t *T) {
				taken := nameOf(t.vault(t.Env.Provider))
				res, err := t.vaults(t.Env.Consumer).NewVaultsClient().CheckNameAvailability(t.ctx(),
					armkeyvault.VaultCheckNameAvailabilityParameters{Name: &taken, Type: to.Ptr(vaultType)}, nil)
				require.NoError(t, err)
				require.False(t, *res.NameAvailable)
				require.Equal(t, armkeyvault.ReasonAlreadyExists, *res.Reason)
				_, err = t.put(t.Env.Consumer, t.inGroup(t.Env.Consumer, vaultType, taken), vaultVersion,
					t.vaultBody(t.Env.Consumer))
				t.refusedWith(err, "VaultAlreadyExists")
			},
		},
		{
			Name: "name", Area: vaultType,
			Source: "https://learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates",
			Code:   "VaultNameNotValid", CodeSource: docsVaultCodes,
			Statement: "A vault's name has 3 to 24 letters, digits and single hyphens.",
			Test: func(t *T) {
				o := t.Env.Provider
				for _, name := range []string{"ab", "abcdefghijklmnopqrstuvwxy", "two--hyphens", "under_score"} {
					_, err := t.put(o, t.inGroup(o, vaultType, name), vaultVersion, t.vaultBody(o))
					t.refusedWith(err, "VaultNameNotValid")
				}
			},
		},
		{
			Name: "value", Area: vaultType + "/secrets",
			Source: "https://learn.microsoft.com/rest/api/keyvault/keyvault/secrets/get",
			Statement: "Azure Resource Manager never shows a secret's value, and each new value is a version of its " +
				"own.",
			Test: func(t *T) {
				o := t.Env.Provider
				id := t.vault(o) + "/secrets/" + t.name(20)
				first := t.made(o, id, vaultVersion, object{"properties": object{"value": "not-a-secret"}})
				require.Nil(t, at(first, "properties", "value"))
				require.Nil(t, at(t.there(o, id, vaultVersion), "properties", "value"))
				second := t.made(o, id, vaultVersion, object{"properties": object{"value": "not-one-either"}})
				require.Equal(t, text(first, "properties", "secretUri"), text(second, "properties", "secretUri"))
				require.NotEqual(t, text(first, "properties", "secretUriWithVersion"),
					text(second, "properties", "secretUriWithVersion"))
			},
		},
	}
}
