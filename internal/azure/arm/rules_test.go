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
	require.Equal(t, 201, c.put(group, groupVersion, groupBody).status)
	r := c.put(workspace, workspaceVersion, workspaceBody)
	require.Equal(t, 201, r.status)
	c.settle(r.header.Get("Location"))
	require.Equal(t, 201, c.put(workspace+"/savedSearches/one", searchVersion, searchBody).status)
	return c
}

func TestALockHoldsForItsScopeAndAllBelow(t *testing.T) {
	c := provisioned(t)
	lock := group + "/providers/" + arm.LockType + "/keep"
	require.Equal(t, 201, c.put(lock, lockVersion, lockOf("CanNotDelete")).status)
	for what, refused := range map[string]response{
		"group": c.del(group, groupVersion), "resource": c.del(workspace, workspaceVersion),
		"child": c.del(workspace+"/savedSearches/one", searchVersion),
	} {
		require.Equal(t, http.StatusConflict, refused.status, what)
		require.Equal(t, "ScopeLocked", refused.code(), what)
		require.Contains(t, refused.body["error"].(map[string]any)["message"], "'"+group+"'", what)
	}
	require.Equal(t, 200, c.put(group, groupVersion, groupBody).status, "changes are free")
	require.Equal(t, 200, c.del(lock, lockVersion).status, "a lock does not lock itself")
	require.Equal(t, 200, c.del(workspace+"/savedSearches/one", searchVersion).status)
}

func TestAReadOnlyLockForbidsChangesAndActions(t *testing.T) {
	c := provisioned(t)
	lock := workspace + "/providers/" + arm.LockType + "/frozen"
	require.Equal(t, 201, c.put(lock, lockVersion, lockOf("readonly")).status)
	require.Equal(t, "ReadOnly", c.get(lock, lockVersion).body["properties"].(map[string]any)["level"])
	require.Equal(t, "ScopeLocked", c.put(workspace, workspaceVersion, workspaceBody).code())
	require.Equal(t, "ScopeLocked", c.put(workspace+"/savedSearches/two", searchVersion, searchBody).code())
	require.Equal(t, "ScopeLocked",
		c.as(c.ownerA, "POST", workspace+"/sharedKeys?api-version="+workspaceVersion, nil).code())
	require.Equal(t, 200, c.get(workspace, workspaceVersion).status)
	require.Equal(t, "ScopeLocked", c.del(group, groupVersion).code(), "what goes along is locked")
	require.Equal(t, 200, c.put(group, groupVersion, groupBody).status, "the lock does not reach upward")
}

func TestLocksAreListedAndChecked(t *testing.T) {
	c := provisioned(t)
	require.Equal(t, "InvalidLockLevel",
		c.put(group+"/providers/"+arm.LockType+"/x", lockVersion, lockOf("NotSpecified")).code())
	require.Equal(t, 201, c.put(group+"/providers/"+arm.LockType+"/a", lockVersion, lockOf("CanNotDelete")).status)
	require.Equal(t, 201, c.put(workspace+"/providers/"+arm.LockType+"/b", lockVersion, lockOf("CanNotDelete")).status)
	list := func(scope, filter string) int {
		r := c.as(c.ownerA, "GET", scope+"/providers/"+arm.LockType+"?api-version="+lockVersion+filter, nil)
		require.Equal(t, 200, r.status)
		return len(r.body["value"].([]any))
	}
	require.Equal(t, 2, list(group, ""))
	require.Equal(t, 1, list(group, "&$filter=atScope()"))
	require.Equal(t, 1, list(workspace, ""))
	require.Equal(t, 2, list("/subscriptions/"+subA, ""))
	require.Zero(t, list("/subscriptions/"+subA, "&$filter=atScope()"))
}

func TestANamespaceMustBeRegisteredBeforeItIsWrittenTo(t *testing.T) {
	c := newCloud(t)
	require.Equal(t, 201, c.put(group, groupVersion, groupBody).status)
	const ns = "/subscriptions/" + subA + "/providers/Microsoft.OperationalInsights"
	state := func() any { return c.get(ns, groupVersion).body["registrationState"] }
	post := func(verb string) response {
		return c.as(c.ownerA, "POST", ns+"/"+verb+"?api-version="+groupVersion, nil)
	}
	require.Equal(t, "Registered", state(), "local subscriptions are registered")
	require.Equal(t, 200, post("unregister").status)
	require.Equal(t, "NotRegistered", state())

	refused := c.put(workspace, workspaceVersion, workspaceBody)
	require.Equal(t, http.StatusConflict, refused.status)
	require.Equal(t, "MissingSubscriptionRegistration", refused.code())
	require.Contains(t, refused.body["error"].(map[string]any)["message"], "'Microsoft.OperationalInsights'")
	require.Equal(t, "ResourceNotFound", c.get(workspace, workspaceVersion).code(), "reading needs no registration")

	require.Equal(t, 200, post("register").status)
	require.Equal(t, "Registered", state())
	require.Equal(t, 201, c.put(workspace, workspaceVersion, workspaceBody).status)
	require.Equal(t, http.StatusConflict, post("unregister").status, "it has resources")
	require.Equal(t, "Registered", state())
}

func TestRegisteringTakesTimeUnderLatency(t *testing.T) {
	c := slow(t)
	const ns = "/subscriptions/" + subA + "/providers/Microsoft.OperationalInsights"
	post := func(verb string) any {
		return c.as(c.ownerA, "POST", ns+"/"+verb+"?api-version="+groupVersion, nil).body["registrationState"]
	}
	require.Equal(t, "Unregistering", post("unregister"))
	advance(t, c, 10*time.Second)
	require.Equal(t, "NotRegistered", c.get(ns, groupVersion).body["registrationState"])
	require.Equal(t, "Registering", post("register"))
	require.Equal(t, 201, c.put(workspace, workspaceVersion, workspaceBody).status, "what is Registering can be used")
	advance(t, c, 10*time.Second)
	require.Equal(t, "Registered", c.get(ns, groupVersion).body["registrationState"])
}

func TestConditionsOnEntityTags(t *testing.T) {
	c := newCloudOf(t, arm.Options{}, these(append([]*arm.Provider{resources.New()}, monitor.New()...)...))
	require.Equal(t, 201, c.put(group, groupVersion, groupBody).status)
	with := func(method, path, version, header, value string, body any) response {
		token, _, err := c.dir.Issue(c.ownerA, "https://management.azure.com")
		require.NoError(t, err)
		return c.doWith(http.Header{"Authorization": {"Bearer " + token}, header: {value}}, method,
			path+"?api-version="+version, body)
	}
	require.Equal(t, "PreconditionFailed", with("PUT", workspace, workspaceVersion, "If-Match", "*",
		map[string]any{"location": "westeurope"}).code(), "there is none")
	require.Equal(t, 201,
		with("PUT", workspace, workspaceVersion, "If-None-Match", "*", map[string]any{"location": "westeurope"}).status)
	refused := with("PUT", workspace, workspaceVersion, "If-None-Match", "*", map[string]any{"location": "westeurope"})
	require.Equal(t, http.StatusPreconditionFailed, refused.status)
	require.Equal(t, "PreconditionFailed", refused.code())
	etag, _ := c.get(workspace, workspaceVersion).body["etag"].(string)
	require.NotEmpty(t, etag)
	require.Equal(t, http.StatusPreconditionFailed,
		with("DELETE", workspace, workspaceVersion, "If-Match", `"other"`, nil).status)
	require.Equal(t, 200, with("PUT", workspace, workspaceVersion, "If-Match", etag,
		map[string]any{"location": "westeurope", "tags": map[string]any{"a": "b"}}).status)
	require.Equal(t, http.StatusPreconditionFailed, with("PUT", workspace, workspaceVersion, "If-Match", etag,
		map[string]any{"location": "westeurope"}).status, "it has changed since")
	require.Equal(t, 200, with("PUT", group, groupVersion, "If-None-Match", "*", groupBody).status,
		"groups publish no etag")
}

func TestCorrelationIDsAreEchoed(t *testing.T) {
	c := newCloud(t)
	token, _, err := c.dir.Issue(c.ownerA, "https://management.azure.com")
	require.NoError(t, err)
	r := c.doWith(http.Header{"Authorization": {"Bearer " + token}, "X-Ms-Correlation-Request-Id": {"mine"},
		"X-Ms-Client-Request-Id": {"client"}, "X-Ms-Return-Client-Request-Id": {"true"}},
		"GET", "/subscriptions?api-version="+groupVersion, nil)
	require.Equal(t, "mine", r.header.Get("x-ms-correlation-request-id"))
	require.Equal(t, "client", r.header.Get("x-ms-client-request-id"))
	require.NotEqual(t, "mine", r.header.Get("x-ms-request-id"))
}

func TestRegionsAreListed(t *testing.T) {
	c := newCloud(t)
	value := c.get("/subscriptions/"+subA+"/locations", "2022-12-01").body["value"].([]any)
	names := map[string]bool{}
	for _, v := range value {
		names[v.(map[string]any)["name"].(string)] = true
	}
	require.True(t, names["westeurope"] && names["eastus2"])
	require.Equal(t, "InvalidAuthenticationTokenTenant",
		c.as(c.ownerB, "GET", "/subscriptions/"+subA+"/locations?api-version=2022-12-01", nil).code())
}
