package arm_test

import (
	"net/http"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/armtest"
	"github.com/crossorg/crossorg/internal/azure/roles"
	"github.com/crossorg/crossorg/internal/azure/store"
)

// echo answers with the values of the path's placeholders.
func echo(_ *arm.Call, params map[string]string, _ map[string]any) (any, *arm.Error) {
	return params, nil
}

func TestARouteThatDoesNotSayWhoMayUseItIsRefusedAtTheStart(t *testing.T) {
	st, err := store.Open(filepath.Join(t.TempDir(), "state.db"))
	require.NoError(t, err)
	defer st.Close()
	get := http.MethodGet
	_, err = arm.NewServer(arm.Options{Store: st, Providers: []*arm.Provider{{
		Namespace: "Microsoft.Test",
		Types: []*arm.Type{{Name: "Microsoft.Other/things"}, {Name: "Microsoft.Test/a"},
			{Name: "Microsoft.Test/A"}},
		Routes: []arm.Route{
			{Method: get, Path: "/undeclared", Handle: echo},
			{Method: get, Path: "/twice", Permission: "Microsoft.Test/read", OpenTo: arm.SignedIn, Handle: echo},
			{Method: get, Path: "/mute", OpenTo: arm.SignedIn},
			{Method: get, Path: "/things/{id}", OpenTo: arm.SignedIn, Handle: echo},
			{Method: get, Path: "/{kind}/all", OpenTo: arm.SignedIn, Handle: echo},
		},
	}}})
	require.Error(t, err)
	for _, problem := range []string{
		"GET /undeclared declares neither a permission nor who it is open to",
		"GET /twice needs Microsoft.Test/read and is open to signed in", "GET /mute has no handler",
		"GET /{kind}/all matches requests of route /things/{id}",
		"Microsoft.Other/things is not of the namespace Microsoft.Test", "Microsoft.Test/A is registered twice",
	} {
		assert.ErrorContains(t, err, problem, "Ensure all problems are named at once")
	}
}

func TestRoutesAreAuthorizedByWhatTheyDeclare(t *testing.T) {
	t.Parallel()
	const (
		base  = "/subscriptions/{subscription}/providers/Microsoft.Test"
		test  = "/subscriptions/" + armtest.Subscription + "/providers/Microsoft.Test"
		group = armtest.Group + "/providers/Microsoft.Test"
	)
	a := armtest.New(t, armtest.Config{APIVersion: "1", Providers: func(*armtest.Azure) []*arm.Provider {
		return []*arm.Provider{{Namespace: "Microsoft.Test", Routes: []arm.Route{
			{Method: http.MethodGet, Path: base + "/quotas/{id}", Permission: "Microsoft.Test/quotas/read",
				Handle: echo},
			{Method: http.MethodGet, Path: "/subscriptions/{subscription}/resourceGroups/{group}/providers/" +
				"Microsoft.Test/quotas/{id}", Permission: "Microsoft.Test/quotas/read", Handle: echo},
			{Method: http.MethodPost, Path: base + "/{thing}/move", Permission: "Microsoft.Test/{thing}/action",
				Handle: echo},
			{Method: http.MethodGet, Path: base + "/me", OpenTo: arm.SignedIn, Handle: echo},
			{Method: http.MethodGet, Path: "/providers/Microsoft.Test/me", OpenTo: arm.SignedIn, Handle: echo},
			{Method: http.MethodGet, Path: "/providers/Microsoft.Test/all", Permission: "Microsoft.Test/all/read",
				Handle: echo},
			{Method: http.MethodGet, Path: "/public/{id}", OpenTo: arm.Everyone, Handle: echo},
		}}}
	}})
	nobody := a.As(a.Principal(armtest.Tenant, "nobody"))
	reader := a.As(a.Principal(armtest.Tenant, "reader"))
	a.Grant(reader.Principal, roles.Reader, armtest.Group)

	t.Run("Ensure an action is needed at the scope of the path", func(t *testing.T) {
		assert.Equal(t, "7", a.Contoso.Get(test + "/QUOTAS/7").OK().Body["id"])
		nobody.Get(test+"/quotas/7").Refused(http.StatusForbidden, "AuthorizationFailed")
		reader.Get(test+"/quotas/7").Refused(http.StatusForbidden, "AuthorizationFailed")
		reader.Get(group + "/quotas/7").OK()
		a.Fabrikam.Get(test+"/quotas/7").Refused(http.StatusUnauthorized, "InvalidAuthenticationTokenTenant")
		a.Send(http.MethodGet, test+"/quotas/7", nil).Refused(http.StatusUnauthorized, "AuthenticationFailed")
	})
	t.Run("Ensure placeholders of the path complete the action", func(t *testing.T) {
		a.Contoso.Post(test+"/things/move", nil).OK()
		refused := reader.Post(test+"/things/move", nil).Refused(http.StatusForbidden, "AuthorizationFailed")
		assert.Contains(t, refused.Message(), "'Microsoft.Test/things/action'")
	})
	t.Run("Ensure what is open to callers is so within their tenant", func(t *testing.T) {
		nobody.Get(test + "/me").OK()
		a.Fabrikam.Get(test+"/me").Refused(http.StatusUnauthorized, "InvalidAuthenticationTokenTenant")
		a.Fabrikam.Get("/providers/Microsoft.Test/me").OK()
		a.Send(http.MethodGet, test+"/me", nil).Refused(http.StatusUnauthorized, "AuthenticationFailed")
		nobody.Get("/subscriptions/"+armtest.OtherTenant+"/providers/Microsoft.Test/me").
			Refused(http.StatusNotFound, "SubscriptionNotFound")
	})
	t.Run("Ensure a subscription's owner holds nothing at the root", func(t *testing.T) {
		refused := a.Contoso.Get("/providers/Microsoft.Test/all").Refused(http.StatusForbidden, "AuthorizationFailed")
		assert.Contains(t, refused.Message(), "over scope '/'")
		a.Grant(reader.Principal, roles.Reader, "/")
		reader.Get("/providers/Microsoft.Test/all").OK()
	})
	t.Run("Ensure public routes need no token", func(t *testing.T) {
		assert.Equal(t, "x", a.Send(http.MethodGet, "/public/x", nil).OK().Body["id"])
	})
}
