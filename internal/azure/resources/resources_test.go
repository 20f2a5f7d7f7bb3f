package resources_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/armtest"
	"github.com/crossorg/crossorg/internal/azure/roles"
)

const subscription = "/subscriptions/" + armtest.Subscription

func newAzure(t *testing.T) *armtest.Azure {
	t.Parallel()
	return armtest.New(t, armtest.Config{APIVersion: "2021-04-01", Providers: func(*armtest.Azure) []*arm.Provider {
		return armtest.Bare("Microsoft.Storage/storageAccounts", "Microsoft.KeyVault/vaults")
	}})
}

func TestCallersListTheTenantAndSubscriptionsTheySee(t *testing.T) {
	a := newAzure(t)
	nobody := a.As(a.Principal(armtest.Tenant, "nobody"))

	assert.Equal(t, armtest.OtherTenant, a.Fabrikam.Get("/tenants").OK().Value()[0]["tenantId"])
	assert.Equal(t, armtest.Tenant, nobody.Get("/tenants").OK().Value()[0]["tenantId"])

	for caller, want := range map[*armtest.Caller]string{a.Contoso.Caller: armtest.Subscription,
		a.Fabrikam.Caller: armtest.OtherSubscription} {
		listed := caller.Get("/subscriptions").OK().Value()
		require.Len(t, listed, 1)
		assert.Equal(t, want, listed[0]["subscriptionId"])
		assert.Equal(t, want, caller.Get("/subscriptions/" + want).OK().Body["subscriptionId"])
	}
	assert.Equal(t, []any{}, nobody.Get("/subscriptions").OK().Body["value"], "Ensure nothing is [] and not null")
	nobody.Get(subscription).Refused(http.StatusForbidden, "AuthorizationFailed")
	a.Fabrikam.Get(subscription).Refused(http.StatusUnauthorized, "InvalidAuthenticationTokenTenant")
}

func TestASubscriptionRegistersForNamespaces(t *testing.T) {
	a := newAzure(t)
	state := func() any {
		return a.Contoso.Get(subscription + "/providers/microsoft.keyvault").OK().Body["registrationState"]
	}
	assert.Equal(t, "Registered", state())
	a.Contoso.Post(subscription+"/providers/Microsoft.KeyVault/unregister", nil).OK()
	assert.Equal(t, "NotRegistered", state())
	a.Contoso.Post(subscription+"/providers/Microsoft.KeyVault/register", nil).OK()
	assert.Equal(t, "Registered", state())
	a.Contoso.Post(subscription+"/providers/Microsoft.Nothing/register", nil).
		Refused(http.StatusNotFound, "InvalidResourceNamespace")

	var namespaces []any
	for _, p := range a.Contoso.Get(subscription + "/providers").OK().Value() {
		namespaces = append(namespaces, p["namespace"])
	}
	assert.Equal(t, []any{"Microsoft.KeyVault", "Microsoft.Resources", "Microsoft.Storage"}, namespaces)

	reader := a.As(a.Principal(armtest.Tenant, "reader"))
	a.Grant(reader.Principal, roles.Reader, subscription)
	reader.Get(subscription + "/providers/Microsoft.KeyVault").OK()
	refused := reader.Post(subscription+"/providers/Microsoft.KeyVault/unregister", nil).
		Refused(http.StatusForbidden, "AuthorizationFailed")
	assert.Contains(t, refused.Message(), "'Microsoft.KeyVault/unregister/action'")
}

func TestResourcesAreListedForASubscriptionAndAGroup(t *testing.T) {
	a := newAzure(t)
	a.Plant(armtest.Group + "/providers/Microsoft.Storage/storageAccounts/one")
	other := a.Plant(subscription+"/resourceGroups/other", map[string]any{"location": "westus"})
	a.Plant(other+"/providers/Microsoft.KeyVault/vaults/two", map[string]any{"location": nil})
	a.Plant(other + "/providers/Microsoft.KeyVault/vaults/three")
	names := func(path string) (out []any) {
		for _, r := range a.Contoso.Get(path).OK().Value() {
			out = append(out, r["name"])
		}
		return out
	}
	assert.Equal(t, []any{"three", "one"}, names(subscription+"/resources"),
		"Ensure only what has a location is listed")
	assert.Equal(t, []any{"one"}, names(armtest.Group+"/resources"))
	a.Contoso.Get(subscription+"/resourceGroups/none/resources").Refused(http.StatusNotFound, "ResourceGroupNotFound")
}

func TestRegionsHaveTheirPairs(t *testing.T) {
	a := newAzure(t)
	for _, r := range a.Contoso.Get(subscription + "/locations").OK().Value() {
		if r["name"] == "westeurope" {
			pairs, _ := r["metadata"].(map[string]any)["pairedRegion"].([]any)
			require.Len(t, pairs, 1)
			assert.Equal(t, "northeurope", pairs[0].(map[string]any)["name"])
			return
		}
	}
	t.Fatal("West Europe is missing")
}

func TestGroupNamesAreChecked(t *testing.T) {
	a := newAzure(t)
	const version = "?api-version=2022-09-01"
	body := map[string]any{"location": "eastus"}
	a.Contoso.Put(subscription+"/resourceGroups/fine(1)"+version, body).OK()
	a.Contoso.Put(subscription+"/resourceGroups/ends."+version, body).
		Refused(http.StatusBadRequest, "InvalidResourceGroup")
	a.Contoso.Put(subscription+"/resourceGroups/nowhere"+version, map[string]any{}).
		Refused(http.StatusBadRequest, "LocationRequired")
}
