package preflight_test

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/checks"
	"github.com/crossorg/crossorg/internal/preflight"
	"github.com/crossorg/crossorg/internal/stack"
	"github.com/crossorg/crossorg/internal/stack/stacktest"
)

type object = map[string]any

func list(entries ...any) object { return object{"value": entries} }

const subscription = "/subscriptions/s"

// answers are those of a subscription that lacks nothing.
func answers() object {
	a := object{
		"GET " + subscription:                object{"state": "Enabled", "tenantId": "t"},
		"GET " + subscription + "/locations": list(object{"name": "eastus", "displayName": "East US"}),
		"GET " + subscription +
			"/providers/Microsoft.Authorization/permissions": list(object{"actions": []any{"*"},
			"notActions": []any{}}),
		"GET " + subscription + "/providers/Microsoft.KeyVault/deletedVaults": list(),
		"GET " + subscription + "/providers/Microsoft.Compute/skus": list(object{
			"resourceType": "virtualMachines", "name": "Standard_D2s_v3", "family": "standardDSv3Family",
			"capabilities": []any{object{"name": "vCPUs", "value": "2"}},
		}),
		"GET " + subscription + "/providers/Microsoft.Compute/locations/eastus/usages": list(
			object{"currentValue": 0, "limit": 20, "name": object{"value": "cores"}},
			object{"currentValue": 0, "limit": 10, "name": object{"value": "standardDSv3Family"}},
			object{"currentValue": 10, "limit": 10, "name": object{"value": "standardEFamily"}}),
	}
	for _, namespace := range []string{"DataShare", "Insights", "KeyVault", "OperationalInsights", "Storage", "Compute",
		"ServiceFabric"} {
		a["GET "+subscription+"/providers/Microsoft."+namespace] = object{"registrationState": "Registered",
			"resourceTypes": []any{
				object{"resourceType": "accounts", "locations": []any{"East US"}}}}
	}
	return a
}

func options(azure *stacktest.Azure) preflight.Options {
	return preflight.Options{
		Stack: "dev", Access: azure.Access(), Progress: io.Discard,
		Values: map[string]string{
			"crossorg:organizations": `{"contoso":{"location":"eastus"},"fabrikam":{"location":"eastus"}}`,
			"crossorg:shares": `{"finance":{"provider":"contoso","consumers":["fabrikam"],
				"schedule":{"interval":"Day","start":"2025-02-01T02:00:00Z"},
				"dataSets":{"all":{"kind":"container","container":"shared"}}}}`,
			"crossorg:governance": `{"organization":"contoso","nodeCount":5,"vmSize":"Standard_D2s_v3",` +
				`"adminCertificate":{"thumbprint":"` + strings.Repeat("A1", 20) + `"}}`,
			"crossorg:adminPassword": "correct-Horse-7-battery",
		},
		Subscription: func(context.Context, string) (string, error) { return "s", nil },
	}
}

func failed(report *checks.Report) []string {
	var out []string
	for _, c := range report.Checks {
		if !c.OK {
			out = append(out, strings.TrimSpace(c.Organization+" "+c.Check))
		}
	}
	return slices.Compact(out)
}

func look(t *testing.T, change func(object)) *checks.Report {
	t.Helper()
	a := answers()
	change(a)
	return preflight.Run(context.Background(), options(stacktest.New(t, a)))
}

func TestASubscriptionThatLacksNothingPasses(t *testing.T) {
	report := look(t, func(object) {})
	assert.True(t, report.OK(), "%+v", report.Checks)
}

func TestEachObstacleIsNamed(t *testing.T) {
	const providers = "GET " + subscription + "/providers/"
	for name, c := range map[string]struct {
		change func(object)
		failed []string
	}{
		"disabled": {func(a object) { a["GET "+subscription] = object{"state": "Disabled"} },
			[]string{"contoso subscription", "fabrikam subscription"}},
		"no such": {func(a object) { delete(a, "GET "+subscription) },
			[]string{"contoso subscription", "fabrikam subscription"}},
		"not registered": {func(a object) {
			a[providers+"Microsoft.ServiceFabric"] = object{"registrationState": "NotRegistered"}
		}, []string{"contoso resource-provider"}},
		"may not assign": {func(a object) {
			a[providers+"Microsoft.Authorization/permissions"] = list(object{"actions": []any{"*"},
				"notActions": []any{"Microsoft.Authorization/*/Write"}})
		}, []string{"contoso may-assign-roles", "fabrikam may-assign-roles"}},
		"may only read": {func(a object) {
			a[providers+"Microsoft.Authorization/permissions"] = list(object{"actions": []any{"*/read"}})
		}, []string{"contoso may-deploy", "contoso may-assign-roles", "fabrikam may-deploy",
			"fabrikam may-assign-roles"}},
		"no region": {func(a object) { a["GET "+subscription+"/locations"] = list() },
			[]string{"contoso region", "fabrikam region"}},
		"not in region": {func(a object) {
			a[providers+"Microsoft.DataShare"] = object{"registrationState": "Registered",
				"resourceTypes": []any{object{"resourceType": "accounts", "locations": []any{"West Europe"}}}}
		}, []string{"contoso service-in-region", "fabrikam service-in-region"}},
		"no such size": {func(a object) { a[providers+"Microsoft.Compute/skus"] = list() },
			[]string{"contoso vm-size"}},
		"restricted": {func(a object) {
			a[providers+"Microsoft.Compute/skus"] = list(object{"resourceType": "virtualMachines",
				"name":         "Standard_D2s_v3",
				"restrictions": []any{object{"type": "Location", "reasonCode": "NotAvailableForSubscription"}}})
		}, []string{"contoso vm-size"}},
		"too few cores": {func(a object) {
			a[providers+"Microsoft.Compute/locations/eastus/usages"] = list(object{"currentValue": 1, "limit": 10,
				"name": object{"value": "cores"}})
		}, []string{"contoso quota"}},
		"usages unreadable": {func(a object) {
			a[providers+"Microsoft.Compute/locations/eastus/usages"] = http.StatusForbidden
		}, []string{"contoso quota"}},
	} {
		assert.Equal(t, c.failed, failed(look(t, c.change)), name)
	}
}

func TestRolesAddUp(t *testing.T) {
	report := look(t, func(a object) {
		a["GET "+subscription+"/providers/Microsoft.Authorization/permissions"] = list(
			object{"actions": []any{"*"}, "notActions": []any{"Microsoft.Authorization/*/Write"}},
			object{"actions": []any{"Microsoft.Authorization/roleAssignments/*"}})
	})
	assert.True(t, report.OK(), "an exception of one role does not take from another")
}

func TestFixRegistersAndWaits(t *testing.T) {
	a := answers()
	const namespace = subscription + "/providers/Microsoft.DataShare"
	state := "NotRegistered"
	a["GET "+namespace] = func() any {
		now := state
		if state == "Registering" {
			state = "Registered"
		}
		return object{"registrationState": now}
	}
	a["POST "+namespace+"/register"] = func() any { state = "Registering"; return object{"registrationState": state} }
	azure := stacktest.New(t, a)
	o := options(azure)
	assert.False(t, preflight.Run(context.Background(), o).OK())
	for _, asked := range azure.Asked() {
		require.NotContains(t, asked, "POST", "without --fix nothing is changed")
	}
	o.Fix = true
	assert.True(t, preflight.Run(context.Background(), o).OK())
}

func TestADeletedVaultOfTheStackIsInTheWay(t *testing.T) {
	a := answers()
	a["GET "+subscription+"/providers/Microsoft.KeyVault/deletedVaults"] = list(object{"id": "/d/ours", "name": "ours"},
		object{"id": "/d/another", "name": "another"})
	o := options(stacktest.New(t, a))
	assert.True(t, preflight.Run(context.Background(), o).OK(), "names are random, so before the first up none can be")
	o.Outputs = &stack.Outputs{Organizations: map[string]stack.Organization{
		"contoso": {Provider: &stack.Side{VaultID: "/x/vaults/ours"}},
	}}
	assert.Equal(t, []string{"contoso deleted-vaults"}, failed(preflight.Run(context.Background(), o)))
}

func TestAWrongConfigurationIsAllThatIsReported(t *testing.T) {
	azure := stacktest.New(t, answers())
	o := options(azure)
	o.Values["crossorg:storage"] = `{"sku":"Standard_XYZ"}`
	report := preflight.Run(context.Background(), o)
	require.Equal(t, []string{"configuration"}, failed(report))
	assert.Equal(t, "crossorg:storage.sku", report.Checks[0].Resource)
	assert.Empty(t, azure.Asked())
}
