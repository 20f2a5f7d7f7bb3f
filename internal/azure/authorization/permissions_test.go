package authorization_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/armtest"
	"github.com/crossorg/crossorg/internal/azure/authorization"
	"github.com/crossorg/crossorg/internal/azure/identity"
	"github.com/crossorg/crossorg/internal/azure/roles"
)

const scope = "/subscriptions/" + armtest.Subscription

// What a caller may do at a scope are the roles it holds there and above, one entry a role, and none below; anybody may
// ask about itself.
// https://learn.microsoft.com/rest/api/authorization/permissions/list-for-resource-group
func TestPermissionsAreThoseOfTheCallersRoles(t *testing.T) {
	a := armtest.New(t, armtest.Config{APIVersion: "2022-04-01", Providers: func(a *armtest.Azure) []*arm.Provider {
		return []*arm.Provider{authorization.New(a.Directory)}
	}})
	principals := map[string]identity.Principal{}
	for _, name := range []string{"owner", "contributor", "nobody"} {
		principals[name] = a.Principal(armtest.Tenant, name)
	}
	a.Grant(principals["owner"], roles.Owner, scope)
	a.Grant(principals["contributor"], roles.Contributor, scope+"/resourceGroups/data")
	a.Grant(principals["contributor"], roles.BlobDataReader, scope)
	type permission struct{ Actions, NotActions, DataActions, NotDataActions []string }
	ask := func(caller, at string) (out []permission) {
		answer := a.As(principals[caller]).Get(at + "/providers/Microsoft.Authorization/permissions").OK()
		raw, err := json.Marshal(answer.Body["value"])
		require.NoError(t, err)
		assert.NotContains(t, string(raw), "null", "Ensure empty lists are lists")
		require.NoError(t, json.Unmarshal(raw, &out))
		return out
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
