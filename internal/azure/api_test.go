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
	"github.com/crossorg/crossorg/internal/azuretypes"
)

// wholeAPI is a control plane with all resource providers of the embedded Azure.
func wholeAPI(t *testing.T) *armtest.Azure {
	t.Parallel()
	noListener := func(int, http.Handler) (func() error, error) { return func() error { return nil }, nil }
	return armtest.New(t, armtest.Config{APIVersion: "2022-01-01", Providers: func(a *armtest.Azure) []*arm.Provider {
		return providers(a.Directory, a.Content(), keyvault.NewEndpoints(noListener, 20000), http.DefaultClient)
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
	if versions := azuretypes.APIVersions(e.Type); len(versions) > 0 {
		path += "?api-version=" + versions[0]
	}
	return path
}

// Every line of the routing table is asked by a caller without any role.
func TestEveryEndpointRefusesCallersWithoutThePermissionItDeclares(t *testing.T) {
	a := wholeAPI(t)
	nobody := a.As(a.Principal(armtest.Tenant, "nobody"))
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
			for _, refused := range []struct {
				caller string
				armtest.Response
				status int
				code   string
			}{
				{"without a role", nobody.Do(e.Method, path, nil), http.StatusForbidden, "AuthorizationFailed"},
				{"of another tenant", a.Fabrikam.Do(e.Method, path, nil), http.StatusUnauthorized,
					"InvalidAuthenticationTokenTenant"},
				{"without a token", a.Send(e.Method, path, nil), http.StatusUnauthorized, "AuthenticationFailed"},
			} {
				assert.Equal(t, refused.status, refused.Status, refused.caller)
				assert.Equal(t, refused.code, refused.Code(), refused.caller)
			}
		})
	}
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
	a.Contoso.Get("/providers/Microsoft.Storage/storageAccounts/any?api-version=2022-09-01").
		Refused(http.StatusForbidden, "AuthorizationFailed")
	assert.NotEmpty(t, a.Contoso.Get(authorization+"roleDefinitions").OK().Value(), "Ensure roles are known to all")
}
