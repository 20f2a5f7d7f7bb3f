package arm_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/armtest"
	"github.com/crossorg/crossorg/internal/azure/resources"
	"github.com/crossorg/crossorg/internal/azure/store"
)

func TestRequestsAreChecked(t *testing.T) {
	c := newCloud(t)
	require.Equal(t, http.StatusCreated, c.put(group, groupVersion, groupBody).Status)

	for _, tt := range []struct {
		name, method, path string
		body               any
		status             int
		code               string
	}{
		{"Ensure an api-version is demanded", "GET", group, nil, 400, "MissingApiVersionParameter"},
		{"Ensure an unpublished api-version is refused", "GET", group + "?api-version=1999-01-01", nil, 400,
			"NoRegisteredProviderFound"},
		{"Ensure an unknown namespace is refused", "GET", group + "/providers/Microsoft.Nothing/things/a?api-version=1",
			nil, 404, "InvalidResourceNamespace"},
		{"Ensure an unknown type is refused", "GET",
			group + "/providers/Microsoft.OperationalInsights/things/a?api-version=1", nil, 404, "InvalidResourceType"},
		{"Ensure an unknown subscription is refused", "GET", "/subscriptions/nope/resourceGroups/rg?api-version=" +
			groupVersion, nil, 404, "SubscriptionNotFound"},
		{"Ensure a missing resource is 404", "GET", workspace + "?api-version=" + workspaceVersion, nil, 404,
			"ResourceNotFound"},
		{"Ensure a missing resource group is named", "PUT", subscription +
			"/resourceGroups/none/providers/" + workspaceType + "/w?api-version=" + workspaceVersion, workspaceBody,
			404, "ResourceGroupNotFound"},
		{"Ensure a child needs its parent", "PUT", workspace + "/savedSearches/s?api-version=" + searchVersion,
			searchBody, 404, "ParentResourceNotFound"},
		{"Ensure a body must be JSON", "PUT", workspace + "?api-version=" + workspaceVersion, "{", 400,
			"InvalidRequestContent"},
		{"Ensure an unknown property is refused", "PUT", workspace + "?api-version=" + workspaceVersion,
			map[string]any{"location": "eastus", "properties": map[string]any{"retention": 3}}, 400,
			"InvalidRequestContent"},
		{"Ensure a wrong type is refused", "PUT", workspace + "?api-version=" + workspaceVersion,
			map[string]any{"location": "eastus", "properties": map[string]any{"retentionInDays": "thirty"}}, 400,
			"InvalidRequestContent"},
		{"Ensure a missing location is refused", "PUT", workspace + "?api-version=" + workspaceVersion,
			map[string]any{}, 400, "LocationRequired"},
		{"Ensure an unknown action is refused", "POST", group + "/providers/" + workspaceType +
			"/w/explode?api-version=" + workspaceVersion, nil, 404, "InvalidResourceType"},
		{"Ensure PATCH needs the resource", "PATCH", workspace + "?api-version=" + workspaceVersion, map[string]any{},
			404, "ResourceNotFound"},
		{"Ensure empty segments are refused", "GET", "/subscriptions//resourceGroups/rg?api-version=" + groupVersion,
			nil, 400, "InvalidResourceId"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := c.Contoso.Do(tt.method, tt.path, tt.body)
			require.Equal(t, tt.code, r.Code(), r.Body)
			require.Equal(t, tt.status, r.Status)
			require.NotEmpty(t, r.Header.Get("x-ms-request-id"))
			require.NotEmpty(t, r.Header.Get("x-ms-correlation-request-id"))
		})
	}
}

func TestCallersAreAuthenticatedAndAuthorized(t *testing.T) {
	c := newCloud(t)
	path := group + "?api-version=" + groupVersion

	t.Run("Ensure a request without a token is refused", func(t *testing.T) {
		r := c.do("", "GET", path, nil)
		require.Equal(t, 401, r.Status)
		require.Equal(t, "AuthenticationFailed", r.Code())
		require.Contains(t, r.Header.Get("WWW-Authenticate"), "Bearer")
	})
	t.Run("Ensure a made-up token is refused", func(t *testing.T) {
		require.Equal(t, "InvalidAuthenticationToken", c.do("Bearer eyJhbGciOiJub25lIn0.e30.", "GET", path, nil).Code())
	})
	t.Run("Ensure a token for another service is refused", func(t *testing.T) {
		token, _, err := c.Directory.Issue(c.Contoso.Principal, "https://storage.azure.com")
		require.NoError(t, err)
		require.Equal(t, "InvalidAuthenticationTokenAudience", c.do("Bearer "+token, "GET", path, nil).Code())
	})
	t.Run("Ensure another tenant's token is refused", func(t *testing.T) {
		r := c.Fabrikam.Do("GET", path, nil)
		require.Equal(t, 401, r.Status)
		require.Equal(t, "InvalidAuthenticationTokenTenant", r.Code())
	})
	t.Run("Ensure a principal without a role is refused", func(t *testing.T) {
		r := c.as(c.Principal(armtest.Tenant, "nobody"), "PUT", path, groupBody)
		require.Equal(t, 403, r.Status)
		require.Equal(t, "AuthorizationFailed", r.Code())
		require.Contains(t, r.Message(),
			"Microsoft.Resources/subscriptions/resourceGroups/write")
	})
}

func TestResourcesLiveAndCascade(t *testing.T) {
	c := newCloud(t)
	require.Equal(t, 201, c.put(group, groupVersion, groupBody).Status)

	created := c.put(workspace, workspaceVersion, map[string]any{
		"location":   "East US",
		"identity":   map[string]any{"type": "SystemAssigned"},
		"properties": map[string]any{"retentionInDays": 30, "customerId": "ignored"},
	})
	require.Equal(t, 201, created.Status)
	require.Equal(t, "Succeeded", created.Wait().Body["status"])

	t.Run("Ensure GET shows computed properties and ignores read-only ones sent", func(t *testing.T) {
		got := c.get(strings.ToUpper(workspace[:20])+workspace[20:], workspaceVersion)
		require.Equal(t, 200, got.Status)
		props := got.Body["properties"].(map[string]any)
		require.Equal(t, "Succeeded", props["provisioningState"])
		require.NotContains(t, props, "customerId")
		require.Equal(t, "eastus", got.Body["location"])
		require.Equal(t, workspace, got.Body["id"])
		require.Equal(t, workspaceType, got.Body["type"])
		require.NotEmpty(t, got.Body["identity"].(map[string]any)["principalId"])
	})
	t.Run("Ensure an update keeps the system identity and a changed location is refused", func(t *testing.T) {
		before := c.get(workspace, workspaceVersion).Body["identity"]
		r := c.put(workspace, workspaceVersion,
			map[string]any{"location": "eastus", "identity": map[string]any{"type": "SystemAssigned"}})
		require.Less(t, r.Status, 300)
		r.Wait()
		require.Equal(t, before, c.get(workspace, workspaceVersion).Body["identity"])
		require.Equal(t, "InvalidResourceLocation",
			c.put(workspace, workspaceVersion, map[string]any{"location": "westus"}).Code())
	})
	t.Run("Ensure PATCH merges", func(t *testing.T) {
		r := c.Contoso.Do("PATCH", workspace+"?api-version="+workspaceVersion,
			map[string]any{"tags": map[string]any{"a": "b"}})
		require.Less(t, r.Status, 300, r.Body)
		r.Wait()
		got := c.get(workspace, workspaceVersion)
		require.Equal(t, map[string]any{"a": "b"}, got.Body["tags"])
		require.Equal(t, "eastus", got.Body["location"])
	})
	t.Run("Ensure names of a global type are unique over tenants", func(t *testing.T) {
		r := c.Fabrikam.Put(armtest.OtherGroup+"/providers/"+workspaceType+"/logs?api-version="+workspaceVersion,
			workspaceBody)
		require.Equal(t, "NameTaken", r.Code())
	})
	t.Run("Ensure children are listed below their parent", func(t *testing.T) {
		require.Equal(t, 201, c.put(workspace+"/savedSearches/one", searchVersion, searchBody).Status)
		require.Equal(t, 201, c.put(workspace+"/savedSearches/two", searchVersion, searchBody).Status)
		require.Len(t, c.get(workspace+"/savedSearches", searchVersion).Body["value"], 2)
		require.Len(t, c.get(subscription+"/providers/"+workspaceType, workspaceVersion).Body["value"], 1)
	})
	t.Run("Ensure deleting the group deletes everything below, children first", func(t *testing.T) {
		r := c.del(group, groupVersion)
		require.Equal(t, 202, r.Status)
		require.Equal(t, 204, r.Wait().Status)
		require.ElementsMatch(t, []string{"one", "two"}, c.deleted[:2])
		require.Equal(t, "logs", c.deleted[2])
		require.Equal(t, "ResourceGroupNotFound", c.get(workspace, workspaceVersion).Code())
	})
	t.Run("Ensure a deleted name is free again", func(t *testing.T) {
		require.Equal(t, 201, c.put(group, groupVersion, groupBody).Status)
		r := c.put(workspace, workspaceVersion, workspaceBody)
		require.Equal(t, 201, r.Status)
		r.Wait()
	})
	t.Run("Ensure deleting what is not there answers 204", func(t *testing.T) {
		require.Equal(t, 204, c.del(workspace+"/savedSearches/none", searchVersion).Status)
	})
}

func TestAFailedJobFailsItsOperation(t *testing.T) {
	c := newCloud(t)
	c.failJobs = true
	c.put(group, groupVersion, groupBody)
	r := c.put(workspace, workspaceVersion, workspaceBody)
	op := r.Wait()
	require.Equal(t, "Failed", op.Body["status"])
	require.Equal(t, "ProvisioningFailed", op.Code())
}

func TestJobsSurviveARestart(t *testing.T) {
	c := newCloud(t)
	c.put(group, groupVersion, groupBody)
	c.put(workspace, workspaceVersion, workspaceBody).Wait()
	c.Server().Close() // stops the job runner
	runs := c.jobRuns
	r := c.put(workspace, workspaceVersion, workspaceBody)
	require.Equal(t, "InProgress", c.Contoso.Do("GET", r.Header.Get("Azure-AsyncOperation"), nil).Body["status"])
	second, err := arm.NewServer(arm.Options{Store: c.Store, Directory: c.Directory,
		Providers: []*arm.Provider{resources.New(), c.workspaces()}, Endpoints: c.Server().Endpoints()})
	require.NoError(t, err)
	defer second.Close()
	require.Equal(t, "Succeeded", r.Wait().Body["status"])
	require.Equal(t, runs+1, c.jobRuns)
}

func TestRoleAssignments(t *testing.T) {
	c := newCloud(t)
	c.put(group, groupVersion, groupBody)
	created := c.put(workspace, workspaceVersion,
		map[string]any{"location": "eastus", "identity": map[string]any{"type": "SystemAssigned"}})
	principal := created.Body["identity"].(map[string]any)["principalId"].(string)
	assignment := workspace + "/providers/Microsoft.Authorization/roleAssignments/11111111-2222-3333-4444-555555555555"
	body := func(role, principal string) map[string]any {
		return map[string]any{"properties": map[string]any{
			"roleDefinitionId": subscription + "/providers/Microsoft.Authorization/roleDefinitions/" + role,
			"principalId":      principal,
			"principalType":    "ServicePrincipal",
		}}
	}
	const reader, version = "acdd72a7-3385-48ef-bd42-f606fba81ae7", "2022-04-01"
	allowed := func(scope string) (ok bool) {
		require.NoError(t, c.Store.View(func(tx *store.Tx) error {
			ok = c.Directory.Allowed(tx, principal, scope, searchType+"/read", false)
			return nil
		}))
		return ok
	}

	require.Equal(t, "RoleDefinitionDoesNotExist",
		c.put(assignment, version, body("99999999-9999-9999-9999-999999999999", principal)).Code())
	require.Equal(t, "PrincipalNotFound",
		c.put(assignment, version, body(reader, "99999999-9999-9999-9999-999999999999")).Code())
	foreign := c.Fabrikam.Principal.ObjectID
	require.Equal(t, "PrincipalNotFound", c.put(assignment, version, body(reader, foreign)).Code(),
		"a principal of another tenant")
	require.Equal(t, "InvalidRoleAssignmentId",
		c.put(assignment[:len(assignment)-3], version, body(reader, principal)).Code())
	require.False(t, allowed(workspace))

	r := c.put(assignment, version, body(reader, principal))
	require.Equal(t, 201, r.Status, r.Body)
	require.Equal(t, workspace, r.Body["properties"].(map[string]any)["scope"])
	require.NotEmpty(t, r.Body["properties"].(map[string]any)["createdOn"])
	require.True(t, allowed(workspace+"/savedSearches/x"), "inherited below the scope")
	require.False(t, allowed(group), "not above it")
	require.Equal(t, "RoleAssignmentExists",
		c.put(assignment[:len(assignment)-1]+"6", version, body(reader, principal)).Code())
	require.Len(t, c.get(workspace+"/providers/Microsoft.Authorization/roleAssignments", version).Body["value"], 1)

	require.Equal(t, 200, c.del(assignment, version).Status)
	require.False(t, allowed(workspace))
}

func TestTheRequestLogHidesSecrets(t *testing.T) {
	c := newCloud(t)
	c.put(group, groupVersion, groupBody)
	c.put(workspace, workspaceVersion, workspaceBody)
	r := c.Contoso.Do("POST", workspace+"/sharedKeys?api-version="+workspaceVersion, nil)
	require.Equal(t, "TOPSECRET", r.Body["primarySharedKey"])

	log := c.Log.String()
	require.NotContains(t, log, "TOPSECRET")
	lines := strings.Split(strings.TrimSpace(log), "\n")
	require.Len(t, lines, 3)
	var line map[string]any
	require.NoError(t, json.Unmarshal([]byte(lines[1]), &line))
	require.Equal(t, "PUT", line["method"])
	require.Equal(t, workspace+"?api-version="+workspaceVersion, line["url"])
	require.Equal(t, c.Contoso.Principal.ObjectID, line["principal"])
	require.EqualValues(t, 201, line["status"])
	require.Equal(t, workspaceBody["location"], line["requestBody"].(map[string]any)["location"])
	require.Contains(t, line["responseBody"], "id")
	require.Contains(t, line, "time")
	require.Contains(t, line, "durationMs")
}
