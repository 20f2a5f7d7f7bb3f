package bridge_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

func remove(t *testing.T, p pulumirpc.ResourceProviderClient, token, id string) error {
	t.Helper()
	_, err := p.Delete(t.Context(), &pulumirpc.DeleteRequest{Urn: urn(token, "res"), Id: id})
	return err
}

// Deleting removes the resource under the type's api-version; one that is gone already is no error.
func TestDelete(t *testing.T) {
	arm := newARM(t)
	p := arm.configured(t)
	arm.put(accountID, map[string]any{"location": "eastus"})
	require.NoError(t, remove(t, p, accountToken, accountID))
	assert.Nil(t, arm.resource(accountID))
	assert.Equal(t, "2022-09-01", arm.seen("DELETE")[0].version)

	arm.on("DELETE", accountID, times(1, func(w http.ResponseWriter) {
		fail(w, http.StatusNotFound, "ResourceNotFound", "The Resource was not found.")
	}))
	require.NoError(t, remove(t, p, accountToken, accountID))
}

// A deletion that takes time is waited for, and its failure is reported.
func TestDeleteFollowsOperations(t *testing.T) {
	for name, c := range map[string]struct{ status, problem string }{"succeeds": {"Succeeded", ""},
		"fails": {"Failed", "CannotDelete"}} {
		t.Run(name, func(t *testing.T) {
			arm := newARM(t)
			p := arm.configured(t)
			arm.on("DELETE", accountID, func(w http.ResponseWriter, _ *http.Request, _ map[string]any) bool {
				w.Header().Set("Azure-AsyncOperation", arm.URL+"/operations/2")
				w.WriteHeader(http.StatusAccepted)
				return true
			})
			arm.on("GET", "/operations/2", func(w http.ResponseWriter, _ *http.Request, _ map[string]any) bool {
				writeJSON(w, http.StatusOK, map[string]any{"status": c.status,
					"error": map[string]any{"code": "CannotDelete", "message": "In use."}})
				return true
			})
			arm.on("GET", "/operations/2", times(2, func(w http.ResponseWriter) {
				writeJSON(w, http.StatusOK, map[string]any{"status": "InProgress"})
			}))
			err := remove(t, p, accountToken, accountID)
			if c.problem == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, c.problem)
			}
			assert.Len(t, arm.seen("GET"), 3)
		})
	}
}

// A refusal is reported, and the resource stays in the state.
func TestDeleteReportsRefusals(t *testing.T) {
	arm := newARM(t)
	p := arm.configured(t)
	arm.on("DELETE", accountID, times(1, func(w http.ResponseWriter) {
		fail(w, http.StatusConflict, "ScopeLocked", "The scope is locked.")
	}))
	require.ErrorContains(t, remove(t, p, accountToken, accountID),
		`Status=409 Code="ScopeLocked" Message="The scope is locked."`)
}

// A resource that cannot be deleted is put back to the state in which Azure made it.
func TestDeleteResetsSingletons(t *testing.T) {
	arm := newARM(t)
	p := arm.configured(t)
	id := accountID + "/blobServices/default"
	arm.put(id, map[string]any{"properties": map[string]any{"isVersioningEnabled": true}})
	require.NoError(t, remove(t, p, "storage:BlobServiceProperties", id))
	assert.Empty(t, arm.seen("DELETE"))
	require.Len(t, arm.seen("PUT"), 1)
	assert.Empty(t, arm.seen("PUT")[0].body)
}

// A secret is deleted through its vault's data plane, at the address that the vault has.
func TestDeleteSecret(t *testing.T) {
	vault := groupID + "/providers/Microsoft.KeyVault/vaults/kv"
	cases := map[string]struct {
		uri    func(arm *fakeARM) any
		answer int
		asked  bool
		err    string
	}{
		"deleted":      {func(a *fakeARM) any { return a.URL + "/vault-kv/" }, http.StatusOK, true, ""},
		"gone already": {func(a *fakeARM) any { return a.URL + "/vault-kv/" }, http.StatusNotFound, true, ""},
		"refused": {func(a *fakeARM) any { return a.URL + "/vault-kv/" }, http.StatusForbidden, true,
			"Status=403"},
		"no data plane": {func(*fakeARM) any { return "https://kv.vault.azure.net/" }, 0, false, ""},
		"no address":    {func(*fakeARM) any { return nil }, 0, false, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			arm := newARM(t)
			p := arm.configured(t)
			arm.put(vault, map[string]any{"properties": map[string]any{"vaultUri": c.uri(arm)}})
			arm.on("DELETE", "/vault-kv/secrets/s",
				func(w http.ResponseWriter, _ *http.Request, _ map[string]any) bool {
					writeJSON(w, c.answer, map[string]any{})
					return true
				})
			err := remove(t, p, "keyvault:Secret", vault+"/secrets/s")
			if c.err == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, c.err)
			}
			assert.Equal(t, c.asked, len(arm.seen("DELETE")) == 1)
		})
	}
	t.Run("vault gone", func(t *testing.T) {
		require.NoError(t, remove(t, newARM(t).configured(t), "keyvault:Secret", vault+"/secrets/s"))
	})
}
