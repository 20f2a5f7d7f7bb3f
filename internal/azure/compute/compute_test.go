package compute_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/armtest"
	"github.com/crossorg/crossorg/internal/azure/compute"
)

const at = "/subscriptions/" + armtest.Subscription + "/providers/Microsoft.Compute"

var inEastUS = "?$filter=" + url.QueryEscape("location eq 'eastus'")

type object = map[string]any

// newAzure has Microsoft.Compute, and the clusters whose nodes use its cores.
func newAzure(t *testing.T) *armtest.Azure {
	t.Parallel()
	const clusters = "Microsoft.ServiceFabric/managedClusters"
	return armtest.New(t, armtest.Config{APIVersion: "2021-07-01", Providers: func(*armtest.Azure) []*arm.Provider {
		return append(armtest.Bare(clusters, clusters+"/nodeTypes"), compute.New())
	}})
}

// plantCluster makes a cluster with a node type.
func plantCluster(a *armtest.Azure, name, location, size string, nodes int) {
	id := armtest.Group + "/providers/Microsoft.ServiceFabric/managedClusters/" + name
	a.Plant(id, object{"location": location})
	a.Plant(id+"/nodeTypes/primary", object{"properties": object{"vmSize": size, "vmInstanceCount": nodes}})
}

// https://learn.microsoft.com/rest/api/compute/resource-skus/list
func TestTheSizesOfARegion(t *testing.T) {
	a := newAzure(t)
	cores := map[string]any{}
	for _, sku := range a.Contoso.Get(at + "/skus" + inEastUS).OK().Value() {
		assert.Equal(t, "virtualMachines", sku["resourceType"])
		assert.Equal(t, []any{"eastus"}, sku["locations"])
		assert.Empty(t, sku["restrictions"])
		capability := sku["capabilities"].([]any)[0].(object)
		require.Equal(t, "vCPUs", capability["name"])
		assert.NotContains(t, cores, sku["name"], "Ensure each size is listed once")
		cores[sku["name"].(string)] = capability["value"]
	}
	assert.Equal(t, "2", cores["Standard_D2s_v3"])
	assert.Equal(t, "4", cores["Standard_DS3_v2"])
	assert.Equal(t, "72", cores["Standard_F72s_v2"])

	a.Contoso.Get(at+"/skus").Refused(http.StatusBadRequest, "InvalidFilter")
}

// https://learn.microsoft.com/rest/api/compute/usage/list
func TestCoresInUseAreThoseOfTheRegionsNodes(t *testing.T) {
	a := newAzure(t)
	plantCluster(a, "one", "eastus", "Standard_D2s_v3", 5)
	plantCluster(a, "two", "eastus", "standard_ds3_V2", 3)
	plantCluster(a, "elsewhere", "westeurope", "Standard_D4s_v3", 7)
	plantCluster(a, "odd", "eastus", "Standard_Unknown", 9)
	used := map[string]any{}
	for _, row := range a.Contoso.Get(at + "/locations/eastus/usages").OK().Value() {
		name := row["name"].(object)
		assert.NotEmpty(t, name["localizedValue"])
		assert.Equal(t, "Count", row["unit"])
		assert.Positive(t, row["limit"])
		used[name["value"].(string)] = row["currentValue"]
	}
	assert.EqualValues(t, 5*2+3*4, used["cores"])
	assert.EqualValues(t, 10, used["standardDSv3Family"])
	assert.EqualValues(t, 12, used["standardDSv2Family"])
	assert.EqualValues(t, 0, used["standardESv5Family"])
}

func TestQuotaIsForThoseWhoMayReadIt(t *testing.T) {
	a := newAzure(t)
	nobody := a.As(a.Principal(armtest.Tenant, "nobody"))
	for _, path := range []string{at + "/locations/eastus/usages", at + "/skus"} {
		nobody.Get(path+inEastUS).Refused(http.StatusForbidden, "AuthorizationFailed")
	}
}
