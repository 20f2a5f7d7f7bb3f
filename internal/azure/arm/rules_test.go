package arm_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/monitor"
	"github.com/crossorg/crossorg/internal/azure/resources"
)

const lockVersion = "2020-05-01"

func lockOf(level string) map[string]any {
	return map[string]any{"properties": map[string]any{"level": level, "notes": "keep"}}
}

// provisioned is a cloud with a group, a workspace and a saved search.
func provisioned(t *testing.T) *cloud {
	c := newCloud(t)
	require.Equal(t, 201, c.put(group, groupVersion, groupBody).Status)
	r := c.put(workspace, workspaceVersion, workspaceBody)
	require.Equal(t, 201, r.Status)
	r.Wait()
	require.Equal(t, 201, c.put(workspace+"/savedSearches/one", searchVersion, searchBody).Status)
	return c
}

// Ensure that nothing is created where its type is not to be had, and that region names are read as people write them.
func TestRegionsAreChecked(t *testing.T) {
	c := newCloud(t)
	for _, nowhere := range []string{"atlantis", "eastus9", "global", "east-us"} {
		r := c.put(group, groupVersion, map[string]any{"location": nowhere})
		require.Equal(t, http.StatusBadRequest, r.Status, nowhere)
		require.Equal(t, "LocationNotAvailableForResourceGroup", r.Code())
	}
	require.Equal(t, 201, c.put(group, groupVersion, map[string]any{"location": "East US 2"}).Status)
	refused := c.put(workspace, workspaceVersion, map[string]any{"location": "atlantis"})
	require.Equal(t, http.StatusBadRequest, refused.Status)
	require.Equal(t, "LocationNotAvailableForResourceType", refused.Code())
	require.Contains(t, refused.Message(), "Microsoft.OperationalInsights/workspaces")
	for _, region := range arm.Regions() {
		if region.Paired != "" {
			require.Contains(t, names(arm.Regions()), region.Paired)
		}
	}
}

func names(regions []arm.Region) (all []string) {
	for _, r := range regions {
		all = append(all, r.Name)
	}
	return all
}

// Ensure that no segment of a path has control characters, whatever the method.
func TestControlCharactersAreRefused(t *testing.T) {
	c := provisioned(t)
	for _, bad := range []string{"%00", "a%00b", "a%0Ab", "%7F", "a%C2%85", "a%FF"} {
		for _, path := range []string{group + bad, workspace + bad, workspace + "/savedSearches/" + bad,
			group + "/providers/Microsoft.OperationalInsights" + bad + "/workspaces/one"} {
			for _, method := range []string{"GET", "PUT", "DELETE"} {
				r := c.Contoso.Do(method, path+"?api-version="+workspaceVersion, nil)
				require.Equal(t, http.StatusBadRequest, r.Status, "%s %s", method, path)
				require.Equal(t, "InvalidRequestUri", r.Code(), "%s %s", method, path)
			}
		}
	}
}

func TestALockHoldsForItsScopeAndAllBelow(t *testing.T) {
	c := provisioned(t)
	lock := group + "/providers/" + arm.LockType + "/keep"
	require.Equal(t, 201, c.put(lock, lockVersion, lockOf("CanNotDelete")).Status)
	for what, refused := range map[string]response{
		"group": c.del(group, groupVersion), "resource": c.del(workspace, workspaceVersion),
		"child": c.del(workspace+"/savedSearches/one", searchVersion),
	} {
		require.Equal(t, http.StatusConflict, refused.Status, what)
		require.Equal(t, "ScopeLocked", refused.Code(), what)
		require.Contains(t, refused.Message(), "'"+group+"'", what)
	}
	require.Equal(t, 200, c.put(group, groupVersion, groupBody).Status, "changes are free")
	require.Equal(t, 200, c.del(lock, lockVersion).Status, "a lock does not lock itself")
	require.Equal(t, 200, c.del(workspace+"/savedSearches/one", searchVersion).Status)
}

func TestAReadOnlyLockForbidsChangesAndActions(t *testing.T) {
	c := provisioned(t)
	lock := workspace + "/providers/" + arm.LockType + "/frozen"
	require.Equal(t, 201, c.put(lock, lockVersion, lockOf("readonly")).Status)
	require.Equal(t, "ReadOnly", c.get(lock, lockVersion).Body["properties"].(map[string]any)["level"])
	require.Equal(t, "ScopeLocked", c.put(workspace, workspaceVersion, workspaceBody).Code())
	require.Equal(t, "ScopeLocked", c.put(workspace+"/savedSearches/two", searchVersion, searchBody).Code())
	require.Equal(t, "ScopeLocked",
		c.Contoso.Do("POST", workspace+"/sharedKeys?api-version="+workspaceVersion, nil).Code())
	require.Equal(t, 200, c.get(workspace, workspaceVersion).Status)
	require.Equal(t, "ScopeLocked", c.del(group, groupVersion).Code(), "what goes along is locked")
	require.Equal(t, 200, c.put(group, groupVersion, groupBody).Status, "the lock does not reach upward")
}

func TestLocksAreListedAndChecked(t *testing.T) {
	c := provisioned(t)
	require.Equal(t, "InvalidLockLevel",
		c.put(group+"/providers/"+arm.LockType+"/x", lockVersion, lockOf("NotSpecified")).Code())
	require.Equal(t, 201, c.put(group+"/providers/"+arm.LockType+"/a", lockVersion, lockOf("CanNotDelete")).Status)
	require.Equal(t, 201, c.put(workspace+"/providers/"+arm.LockType+"/b", lockVersion, lockOf("CanNotDelete")).Status)
	list := func(scope, filter string) int {
		r := c.Contoso.Do("GET", scope+"/providers/"+arm.LockType+"?api-version="+lockVersion+filter, nil)
		require.Equal(t, 200, r.Status)
		return len(r.Body["value"].([]any))
	}
	require.Equal(t, 2, list(group, ""))
	require.Equal(t, 1, list(group, "&$filter=atScope()"))
	require.Equal(t, 1, list(workspace, ""))
	require.Equal(t, 2, list(subscription, ""))
	require.Zero(t, list(subscription, "&$filter=atScope()"))
}

func TestANamespaceMustBeRegisteredBeforeItIsWrittenTo(t *testing.T) {
	c := newCloud(t)
	require.Equal(t, 201, c.put(group, groupVersion, groupBody).Status)
	const ns = subscription + "/providers/Microsoft.OperationalInsights"
	state := func() any { return c.get(ns, groupVersion).Body["registrationState"] }
	post := func(verb string) response {
		return c.Contoso.Do("POST", ns+"/"+verb+"?api-version="+groupVersion, nil)
	}
	require.Equal(t, "Registered", state(), "local subscriptions are registered")
	require.Equal(t, 200, post("unregister").Status)
	require.Equal(t, "NotRegistered", state())

	refused := c.put(workspace, workspaceVersion, workspaceBody)
	require.Equal(t, http.StatusConflict, refused.Status)
	require.Equal(t, "MissingSubscriptionRegistration", refused.Code())
	require.Contains(t, refused.Message(), "'Microsoft.OperationalInsights'")
	require.Equal(t, "ResourceNotFound", c.get(workspace, workspaceVersion).Code(), "reading needs no registration")

	require.Equal(t, 200, post("register").Status)
	require.Equal(t, "Registered", state())
	require.Equal(t, 201, c.put(workspace, workspaceVersion, workspaceBody).Status)
	require.Equal(t, http.StatusConflict, post("unregister").Status, "it has resources")
	require.Equal(t, "Registered", state())
}

func TestRegisteringTakesTimeUnderLatency(t *testing.T) {
	c := slow(t)
	const ns = subscription + "/providers/Microsoft.OperationalInsights"
	post := func(verb string) any {
		return c.Contoso.Do("POST", ns+"/"+verb+"?api-version="+groupVersion, nil).Body["registrationState"]
	}
	require.Equal(t, "Unregistering", post("unregister"))
	advance(t, c, 10*time.Second)
	require.Equal(t, "NotRegistered", c.get(ns, groupVersion).Body["registrationState"])
	require.Equal(t, "Registering", post("register"))
	require.Equal(t, 201, c.put(workspace, workspaceVersion, workspaceBody).Status, "what is Registering can be used")
	advance(t, c, 10*time.Second)
	require.Equal(t, "Registered", c.get(ns, groupVersion).Body["registrationState"])
}

func TestConditionsOnEntityTags(t *testing.T) {
	c := newCloudOf(t, these(append([]*arm.Provider{resources.New()}, monitor.New()...)...))
	require.Equal(t, 201, c.put(group, groupVersion, groupBody).Status)
	with := func(method, path, version, header, value string, body any) response {
		return c.Contoso.Do(method, path+"?api-version="+version, body, header, value)
	}
	body := map[string]any{"location": "westeurope"}
	require.Equal(t, "PreconditionFailed", with("PUT", workspace, workspaceVersion, "If-Match", "*", body).Code(),
		"the workspace does not exist yet")
	require.Equal(t, 201, with("PUT", workspace, workspaceVersion, "If-None-Match", "*", body).Status)
	refused := with("PUT", workspace, workspaceVersion, "If-None-Match", "*", body)
	require.Equal(t, http.StatusPreconditionFailed, refused.Status)
	require.Equal(t, "PreconditionFailed", refused.Code())
	etag, _ := c.get(workspace, workspaceVersion).Body["etag"].(string)
	require.NotEmpty(t, etag)
	require.Equal(t, http.StatusPreconditionFailed,
		with("DELETE", workspace, workspaceVersion, "If-Match", `"other"`, nil).Status)
	tagged := map[string]any{"location": "westeurope", "tags": map[string]any{"a": "b"}}
	require.Equal(t, 200, with("PUT", workspace, workspaceVersion, "If-Match", etag, tagged).Status)
	require.Equal(t, http.StatusPreconditionFailed,
		with("PUT", workspace, workspaceVersion, "If-Match", etag, body).Status, "the workspace has changed since")
	require.Equal(t, 200, with("PUT", group, groupVersion, "If-None-Match", "*", groupBody).Status,
		"groups publish no etag")
}

func TestCorrelationIDsAreEchoed(t *testing.T) {
	c := newCloud(t)
	r := c.Contoso.Do("GET", "/subscriptions?api-version="+groupVersion, nil, "X-Ms-Correlation-Request-Id", "mine",
		"X-Ms-Client-Request-Id", "client", "X-Ms-Return-Client-Request-Id", "true")
	require.Equal(t, "mine", r.Header.Get("x-ms-correlation-request-id"))
	require.Equal(t, "client", r.Header.Get("x-ms-client-request-id"))
	require.NotEqual(t, "mine", r.Header.Get("x-ms-request-id"))
}

func TestRegionsAreListed(t *testing.T) {
	c := newCloud(t)
	value := c.get(subscription+"/locations", "2022-12-01").Body["value"].([]any)
	names := map[string]bool{}
	for _, v := range value {
		names[v.(map[string]any)["name"].(string)] = true
	}
	require.True(t, names["westeurope"] && names["eastus2"])
	require.Equal(t, "InvalidAuthenticationTokenTenant",
		c.Fabrikam.Do("GET", subscription+"/locations?api-version=2022-12-01", nil).Code())
}
