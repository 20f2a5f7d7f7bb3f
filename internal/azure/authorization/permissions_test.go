package authorization_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/authorization"
	"github.com/crossorg/crossorg/internal/azure/clock"
	"github.com/crossorg/crossorg/internal/azure/identity"
	"github.com/crossorg/crossorg/internal/azure/store"
)

// The roles that principals hold below.
// Source: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
const (
	ownerRole       = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
	contributorRole = "b24988ac-6180-42a0-ab88-20f7382dd24c"
	blobReaderRole  = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"

	sub, tenant = "10000000-0000-4000-8000-000000000001", "20000000-0000-4000-8000-000000000001"
	scope       = "/subscriptions/" + sub
)

// What a caller may do at a scope are the roles it holds there and above, one entry a role, and none below; anybody may
// ask about itself.
// https://learn.microsoft.com/rest/api/authorization/permissions/list-for-resource-group
func TestPermissionsAreThoseOfTheCallersRoles(t *testing.T) {
	st, err := store.Open(filepath.Join(t.TempDir(), "state"))
	require.NoError(t, err)
	now, err := clock.New(st, nil)
	require.NoError(t, err)
	dir, err := identity.NewDirectory(st, "https://127.0.0.1:1", now.Now)
	require.NoError(t, err)
	principals := map[string]identity.Principal{}
	require.NoError(t, st.Update(func(tx *store.Tx) error {
		if err := dir.AddSubscription(tx, identity.Subscription{ID: sub, TenantID: tenant}); err != nil {
			return err
		}
		for _, name := range []string{"owner", "contributor", "nobody"} {
			p, err := dir.AddServicePrincipal(tx, tenant, name, name, "secret")
			if err != nil {
				return err
			}
			principals[name] = p
		}
		for id, a := range map[string]identity.Assignment{
			"1": {PrincipalID: principals["owner"].ObjectID, RoleID: ownerRole, Scope: scope},
			"2": {PrincipalID: principals["contributor"].ObjectID, RoleID: contributorRole,
				Scope: scope + "/resourceGroups/data"},
			"3": {PrincipalID: principals["contributor"].ObjectID, RoleID: blobReaderRole, Scope: scope},
		} {
			a.ID = id
			if err := dir.Assign(tx, a); err != nil {
				return err
			}
		}
		return nil
	}))
	server, err := arm.NewServer(arm.Options{Store: st, Directory: dir, Clock: now,
		Endpoints: arm.Endpoints{Management: "https://127.0.0.1:1"},
		Providers: []*arm.Provider{authorization.New(dir)}})
	require.NoError(t, err)
	t.Cleanup(func() {
		server.Close()
		require.NoError(t, st.Close())
	})
	type permission struct{ Actions, NotActions, DataActions, NotDataActions []string }
	ask := func(who, at string) (out []permission) {
		token, _, err := dir.Issue(principals[who], "https://management.azure.com")
		require.NoError(t, err)
		w := httptest.NewRecorder()
		server.ServeHTTP(w, &http.Request{
			Method: http.MethodGet, URL: &url.URL{Path: at + "/providers/Microsoft.Authorization/permissions",
				RawQuery: "api-version=2022-04-01"}, Body: http.NoBody,
			Header: http.Header{"Authorization": {"Bearer " + token}},
		})
		require.Equal(t, http.StatusOK, w.Code, w.Body.String())
		assert.NotContains(t, w.Body.String(), "null", "Ensure empty lists are lists")
		var body struct{ Value []permission }
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body))
		return body.Value
	}

	owner := ask("owner", scope)
	require.Len(t, owner, 1)
	assert.Equal(t, []string{"*"}, owner[0].Actions)
	assert.Empty(t, owner[0].NotActions)
	assert.Equal(t, owner, ask("owner", scope+"/resourceGroups/data"), "Ensure roles are inherited")

	above := ask("contributor", scope)
	require.Len(t, above, 1, "Ensure the role on the group below does not count")
	assert.Contains(t, above[0].DataActions, "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read")
	group := ask("contributor", scope+"/resourceGroups/data")
	require.Len(t, group, 2)
	var notActions []string
	for _, p := range group {
		notActions = append(notActions, p.NotActions...)
	}
	assert.Contains(t, notActions, "Microsoft.Authorization/*/Write")
	assert.Equal(t, above, ask("contributor", scope+"/resourceGroups/other"))

	assert.Empty(t, ask("nobody", scope))
}
