package azure

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/armtest"
	"github.com/crossorg/crossorg/internal/azure/keyvault"
	"github.com/crossorg/crossorg/internal/azure/roles"
)

// wholeAPI is a control plane with all resource providers of the embedded Azure.
func wholeAPI(t *testing.T) *armtest.Azure {
	t.Parallel()
	noListener := func(int, http.Handler) (func() error, error) { return func() error { return nil }, nil }
	return armtest.New(t, armtest.Config{APIVersion: "2022-01-01", Providers: func(a *armtest.Azure) []*arm.Provider {
		return providers(a.Directory, a.Content(), keyvault.NewEndpoints(noListener, 20000), http.DefaultClient,
			Latency{})
	}})
}

var placeholder = regexp.MustCompile(`\{[^}]+\}`)

// example is a path that an endpoint serves, in Contoso's subscription, with an api-version of its type.
func example(e arm.Endpoint) string {
	path := e.Path
	if _, below, ok := strings.Cut(path, "/subscriptions/{subscription"); ok {
		_, below, _ = strings.Cut(below, "}")
		path = "/subscriptions/" + armtest.Subscription + below
	}
	path = placeholder.ReplaceAllString(path, "example")
	if len(e.APIVersions) > 0 {
		path += "?api-version=" + e.APIVersions[0]
	}
	return path
}

// callers are the principals that ask every line of the routing table: one without a role, and others with roles that
// do not reach what is asked for.
func callers(a *armtest.Azure) (denied map[string]*armtest.Caller, reader *armtest.Caller) {
	const subscription = "/subscriptions/" + armtest.Subscription
	denied = map[string]*armtest.Caller{"owns another tenant's subscription": a.Fabrikam.Caller}
	for name, scope := range map[string]string{
		"has no role": "", "owns another group": armtest.Group, "owns a group of similar name": subscription +
			"/resourceGroups/exam",
		"owns a resource below": subscription + "/resourceGroups/example/providers/Microsoft.Any/things/one",
	} {
		principal := a.Principal(armtest.Tenant, name)
		if denied[name] = a.As(principal); scope != "" {
			a.Grant(principal, roles.Owner, scope)
		}
	}
	foreign := a.Principal(armtest.OtherTenant, "of another tenant, with a role here")
	a.Grant(foreign, roles.Owner, subscription)
	denied[foreign.Name] = a.As(foreign)
	principal := a.Principal(armtest.Tenant, "reader")
	a.Grant(principal, roles.Reader, subscription)
	return denied, a.As(principal)
}

// Every line of the routing table is asked by callers without the role that it needs, without a token, and by a reader.
func TestEveryEndpointDecidesAboutItsCaller(t *testing.T) {
	a := wholeAPI(t)
	denied, reader := callers(a)
	api := a.Server().API()
	require.Greater(t, len(api), 150, "Ensure the table holds types and routes")
	for _, e := range api {
		t.Run(e.Method+" "+e.Path, func(t *testing.T) {
			if e.Permission == "" {
				require.NotEqual(t, arm.Nobody, e.OpenTo, "Ensure the authorization is declared")
				return
			}
			assert.Equal(t, arm.Nobody, e.OpenTo, "Ensure one kind of authorization is declared")
			path := example(e)
			for name, caller := range denied {
				status, code := http.StatusForbidden, "AuthorizationFailed"
				if caller.Principal.TenantID != armtest.Tenant {
					status, code = http.StatusUnauthorized, "InvalidAuthenticationTokenTenant"
				}
				refused := caller.Do(e.Method, path, nil)
				assert.Equal(t, status, refused.Status, name)
				assert.Equal(t, code, refused.Code(), name)
			}
			anonymous := a.Send(e.Method, path, nil)
			assert.Equal(t, http.StatusUnauthorized, anonymous.Status)
			assert.Equal(t, "AuthenticationFailed", anonymous.Code())

			read := reader.Do(e.Method, path, nil)
			if strings.HasSuffix(strings.ToLower(e.Permission), "/read") {
				assert.NotContains(t, []int{http.StatusUnauthorized, http.StatusForbidden}, read.Status, read.Message())
			} else {
				assert.Equal(t, http.StatusForbidden, read.Status, "Ensure a reader may not do more than read")
			}
		})
	}
}

// detours are other spellings of a path: without its subscription or its group, with parts that a reader could skip.
func detours(path string) map[string]string {
	const subscription, group = "/subscriptions/" + armtest.Subscription, "/resourceGroups/example"
	const own = "/subscriptions/" + armtest.OtherSubscription
	out := map[string]string{
		"without a subscription and a group": strings.Replace(path, subscription+group, "", 1),
		"without a subscription":             strings.Replace(path, subscription, "", 1),
		"with an empty subscription":         strings.Replace(path, armtest.Subscription, "", 1),
		"below another subscription":         own + path,
		"below another group":                own + "/resourceGroups/" + armtest.GroupName + path,
		"below another segment":              "/any/thing" + path,
		"with an empty segment":              strings.Replace(path, "/providers", "//providers", 1),
		"with two slashes before it":         "/" + path,
		"with dots":                          strings.Replace(path, subscription, own+"/.."+subscription, 1),
		"with encoded dots":                  strings.Replace(path, subscription, own+"/%2e%2e/.."+subscription, 1),
		"with dots after the other's name": strings.Replace(path, armtest.Subscription,
			armtest.OtherSubscription+"/../"+armtest.Subscription, 1),
		"with an encoded slash": strings.Replace(path, subscription,
			own+"%2f..%2fsubscriptions%2F"+armtest.Subscription, 1),
		"with a backslash": strings.Replace(path, subscription,
			own+"%5c..%5csubscriptions%5c"+armtest.Subscription, 1),
		"with a parameter":        strings.Replace(path, subscription, own+";a"+subscription, 1),
		"in capitals":             strings.ToUpper(strings.Replace(path, "api-version", "API-VERSION", 1)),
		"with a slash at its end": strings.Replace(path, "?", "/?", 1),
	}
	for name, detour := range out {
		if detour == path {
			delete(out, name)
		}
	}
	return out
}

// No spelling of a path leads a caller without a role past the decision.
func TestNoDetourLeadsPastTheDecision(t *testing.T) {
	a := wholeAPI(t)
	denied, _ := callers(a)
	tokens := map[string]string{}
	for _, name := range []string{"has no role", "owns another tenant's subscription"} {
		tokens[name] = "Bearer " + a.Token(denied[name].Principal, "https://management.azure.com")
	}
	for _, e := range a.Server().API() {
		if e.Permission == "" {
			continue
		}
		for how, path := range detours(example(e)) {
			// What is known to all signed-in callers at the root is listed below.
			if path == "/subscriptions/" ||
				strings.HasPrefix(path, "/providers/Microsoft.Authorization/roleDefinitions") {
				continue
			}
			for name, token := range tokens {
				answer := a.Send(e.Method, path, nil, "Authorization", token)
				assert.GreaterOrEqual(t, answer.Status, 400, "%s: %s %s, %s", name, e.Method, path, how)
				assert.Less(t, answer.Status, 500, "%s: %s %s, %s", name, e.Method, path, how)
			}
		}
	}
}

// Resources are in subscriptions, whatever role a caller has at the root.
func TestNothingIsServedOutsideOfSubscriptions(t *testing.T) {
	a := wholeAPI(t)
	root := a.Principal(armtest.Tenant, "root")
	a.Grant(root, roles.Owner, "/")
	for _, e := range a.Server().API() {
		path := strings.Replace(example(e), "/subscriptions/"+armtest.Subscription+"/resourceGroups/example", "", 1)
		if e.Type == "" || path == example(e) || strings.HasPrefix(path, "?") {
			continue
		}
		if e.Method == http.MethodGet && strings.HasPrefix(path, "/providers/Microsoft.Authorization/roleDefinitions") {
			continue // a route of its own
		}
		refused := a.As(root).Do(e.Method, path, nil)
		assert.Equal(t, http.StatusNotFound, refused.Status, "%s %s: %v", e.Method, path, refused.Body)
		assert.Equal(t, "MissingSubscription", refused.Code(), "%s %s", e.Method, path)
	}
}

// A resource of a group is not found in the subscription itself; its type is listed there.
func TestResourcesOfGroupsNeedTheirGroup(t *testing.T) {
	a := wholeAPI(t)
	for _, e := range a.Server().API() {
		path := strings.Replace(example(e), "/resourceGroups/example/providers", "/providers", 1)
		if e.Type == "" || path == example(e) || strings.HasPrefix(e.Type, "Microsoft.Authorization/") ||
			strings.EqualFold(e.Type, "Microsoft.Insights/diagnosticSettings") {
			continue
		}
		answer := a.Contoso.Do(e.Method, path, nil)
		if e.Method == http.MethodGet && !strings.Contains(path, "/example") {
			if answer.Status == http.StatusOK {
				continue // the list of a subscription
			}
		}
		assert.Equal(t, http.StatusNotFound, answer.Status, "%s %s: %v", e.Method, path, answer.Body)
	}
}

// An operation is shown to the caller that began it, and its result as long as that caller may read it.
func TestOperationsAreShownToTheirCallersAlone(t *testing.T) {
	a := wholeAPI(t)
	principal := a.Principal(armtest.Tenant, "contributor")
	a.Grant(principal, roles.Contributor, armtest.Group)
	began := a.As(principal).Put(armtest.Group+"/providers/Microsoft.Storage/storageAccounts/operations"+
		"?api-version=2022-09-01", map[string]any{"location": "eastus", "kind": "StorageV2",
		"sku": map[string]any{"name": "Standard_LRS"}})
	result := began.OK().Header.Get("Location")
	require.NotEmpty(t, result)
	assert.NotEmpty(t, a.As(principal).Get(result).OK().ID())

	a.Contoso.Get(result).Refused(http.StatusNotFound, "NotFound")
	a.Fabrikam.Get(result).Refused(http.StatusUnauthorized, "InvalidAuthenticationTokenTenant")
	elsewhere := strings.Replace(result, armtest.Subscription, armtest.OtherSubscription, 1)
	a.Fabrikam.Get(elsewhere).Refused(http.StatusNotFound, "NotFound")
	a.Send(http.MethodGet, result, nil).Refused(http.StatusUnauthorized, "AuthenticationFailed")

	a.Revoke(principal, roles.Contributor, armtest.Group)
	a.As(principal).Get(result).Refused(http.StatusForbidden, "AuthorizationFailed")
}

// An identity is given to a resource by callers who may assign it: whoever has the resource acts as the identity.
func TestAnIdentityIsNotTakenFromOthers(t *testing.T) {
	a := wholeAPI(t)
	const path = "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/one?api-version=2023-01-31"
	body := map[string]any{"location": "eastus"}
	theirs := a.Fabrikam.Put(armtest.OtherGroup+path, body).OK().ID()
	ours := a.Contoso.Put(armtest.Group+path, body).OK().ID()
	contributor := a.Principal(armtest.Tenant, "contributor")
	const elsewhere = "/subscriptions/" + armtest.Subscription + "/resourceGroups/elsewhere"
	a.Plant(elsewhere)
	a.Grant(contributor, roles.Contributor, elsewhere)
	account := func(identity string) map[string]any {
		return map[string]any{"location": "eastus", "kind": "StorageV2", "sku": map[string]any{"name": "Standard_LRS"},
			"identity": map[string]any{"type": "UserAssigned",
				"userAssignedIdentities": map[string]any{identity: map[string]any{}}}}
	}
	const id = elsewhere + "/providers/Microsoft.Storage/storageAccounts/taking?api-version=2022-09-01"
	a.Contoso.Put(id, account(theirs)).Refused(http.StatusForbidden, "LinkedAuthorizationFailed")
	a.As(contributor).Put(id, account(ours)).Refused(http.StatusForbidden, "LinkedAuthorizationFailed")
	a.Contoso.Put(id, account(ours)).OK()
	a.As(contributor).Put(id, account(ours)).OK()
}

// The endpoints that are open to callers without a role are listed here for review.
func TestWhatIsOpenWithoutARole(t *testing.T) {
	a := wholeAPI(t)
	open := map[arm.Audience][]string{}
	for _, e := range a.Server().API() {
		if e.Permission == "" {
			open[e.OpenTo] = append(open[e.OpenTo], e.Method+" "+e.Path)
		}
	}
	const (
		subscription = "/subscriptions/{subscription}"
		operations   = subscription + "/providers/{namespace}/locations/{location}/"
		permissions  = "/providers/Microsoft.Authorization/permissions"
	)
	assert.Equal(t, []string{"GET /metadata/endpoints"}, open[arm.Everyone])
	assert.ElementsMatch(t, []string{
		"GET /tenants", "GET /subscriptions",
		"GET " + operations + "operationStatuses/{operation}", "GET " + operations + "operationResults/{operation}",
		"GET " + subscription + permissions, "GET " + subscription + "/resourceGroups/{group}" + permissions,
		"GET /providers/Microsoft.Authorization/roleDefinitions",
		"GET /providers/Microsoft.Authorization/roleDefinitions/{id}",
		"GET /providers/Microsoft.DataShare/listInvitations",
		"GET /providers/Microsoft.DataShare/locations/{location}/consumerInvitations/{invitationId}",
		"POST /providers/Microsoft.DataShare/locations/{location}/rejectInvitation",
	}, open[arm.SignedIn])
	assert.Empty(t, open[arm.Nobody])
}

// At the root, outside of all subscriptions, a subscription's owner may neither read nor write.
func TestTheRootNeedsARoleThere(t *testing.T) {
	a := wholeAPI(t)
	const authorization = "/providers/Microsoft.Authorization/"
	lock := map[string]any{"properties": map[string]any{"level": "ReadOnly"}}
	a.Contoso.Put(authorization+"locks/all?api-version=2020-05-01", lock).
		Refused(http.StatusForbidden, "AuthorizationFailed")
	a.Contoso.Get(authorization+"roleAssignments?api-version=2022-04-01").
		Refused(http.StatusForbidden, "AuthorizationFailed")
	for _, scope := range []string{"", "/providers/Microsoft.Management/managementGroups/all",
		"/providers/Microsoft.Storage/storageAccounts/any", "/subscriptions/" + armtest.OtherSubscription,
		armtest.OtherGroup + "/providers/Microsoft.Storage/storageAccounts/any"} {
		for path, method := range map[string]string{
			"Microsoft.Authorization/locks?api-version=2020-05-01":                     http.MethodGet,
			"Microsoft.Authorization/locks/all?api-version=2020-05-01":                 http.MethodPut,
			"Microsoft.Authorization/roleAssignments?api-version=2022-04-01":           http.MethodGet,
			"Microsoft.Insights/diagnosticSettings?api-version=2021-05-01-preview":     http.MethodGet,
			"Microsoft.Insights/diagnosticSettings/all?api-version=2021-05-01-preview": http.MethodDelete,
		} {
			refused := a.Contoso.Do(method, scope+"/providers/"+path, lock)
			assert.Contains(t, []int{http.StatusUnauthorized, http.StatusForbidden}, refused.Status, scope+" "+path)
		}
	}
	assert.NotEmpty(t, a.Contoso.Get(authorization+"roleDefinitions").OK().Value(), "Ensure roles are known to all")
}
