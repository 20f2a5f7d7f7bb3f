package compute_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/clock"
	"github.com/crossorg/crossorg/internal/azure/compute"
	"github.com/crossorg/crossorg/internal/azure/identity"
	"github.com/crossorg/crossorg/internal/azure/store"
)

const (
	sub, tenant = "10000000-0000-4000-8000-000000000001", "20000000-0000-4000-8000-000000000001"
	ownerRole   = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
	version     = "2021-07-01"
	at          = "/subscriptions/" + sub + "/providers/Microsoft.Compute"
)

type object = map[string]any

// region is a subscription's view of Microsoft.Compute.
type region struct {
	t      *testing.T
	server *arm.Server
	dir    *identity.Directory
	owner  identity.Principal
	nobody identity.Principal
}

func newRegion(t *testing.T) *region {
	st, err := store.Open(filepath.Join(t.TempDir(), "state"))
	require.NoError(t, err)
	now, err := clock.New(st, nil)
	require.NoError(t, err)
	r := &region{t: t}
	r.dir, err = identity.NewDirectory(st, "https://127.0.0.1:1", now.Now)
	require.NoError(t, err)
	require.NoError(t, st.Update(func(tx *store.Tx) error {
		if err := r.dir.AddSubscription(tx, identity.Subscription{ID: sub, TenantID: tenant}); err != nil {
			return err
		}
		if r.owner, err = r.dir.AddServicePrincipal(tx, tenant, "deployer", "deployer", "secret"); err != nil {
			return err
		}
		if r.nobody, err = r.dir.AddServicePrincipal(tx, tenant, "nobody", "nobody", "secret"); err != nil {
			return err
		}
		return r.dir.Assign(tx, identity.Assignment{ID: "seed", PrincipalID: r.owner.ObjectID, RoleID: ownerRole,
			Scope: "/subscriptions/" + sub})
	}))
	r.server, err = arm.NewServer(arm.Options{Store: st, Directory: r.dir, Clock: now,
		Endpoints: arm.Endpoints{Management: "https://127.0.0.1:1"},
		Providers: []*arm.Provider{compute.New(), {Namespace: "Microsoft.ServiceFabric", Types: []*arm.Type{
			{Name: "Microsoft.ServiceFabric/managedClusters"},
			{Name: "Microsoft.ServiceFabric/managedClusters/nodeTypes"},
		}}}})
	require.NoError(t, err)
	t.Cleanup(func() {
		r.server.Close()
		require.NoError(t, st.Close())
	})
	return r
}

func (r *region) get(p identity.Principal, path, query string) (int, object) {
	r.t.Helper()
	token, _, err := r.dir.Issue(p, "https://management.azure.com")
	require.NoError(r.t, err)
	w := httptest.NewRecorder()
	r.server.ServeHTTP(w, &http.Request{
		Method: http.MethodGet, URL: &url.URL{Path: path, RawQuery: "api-version=" + version + "&" + query},
		Body:   http.NoBody,
		Header: http.Header{"Authorization": {"Bearer " + token}},
	})
	var out object
	require.NoError(r.t, json.Unmarshal(w.Body.Bytes(), &out), w.Body.String())
	return w.Code, out
}

// stands plants a cluster with a node type.
func (r *region) stands(cluster, location, size string, nodes int) {
	r.t.Helper()
	id, err := arm.ParseID("/subscriptions/" + sub +
		"/resourceGroups/g/providers/Microsoft.ServiceFabric/managedClusters/" + cluster)
	require.NoError(r.t, err)
	require.NoError(r.t, r.server.Update(func(c *arm.Call) error {
		for _, one := range []*arm.Resource{
			{ID: id, Body: object{"location": location, "properties": object{}}, CreatedAt: time.Now()},
			{ID: id.Child("nodeTypes", "primary"),
				Body: object{"properties": object{"vmSize": size, "vmInstanceCount": nodes}}, CreatedAt: time.Now()},
		} {
			if err := c.Save(one); err != nil {
				return err
			}
		}
		return nil
	}))
}

// https://learn.microsoft.com/rest/api/compute/resource-skus/list
func TestTheSizesOfARegion(t *testing.T) {
	r := newRegion(t)
	status, out := r.get(r.owner, at+"/skus", "$filter="+url.QueryEscape("location eq 'eastus'"))
	require.Equal(t, http.StatusOK, status, "%v", out)
	cores := map[string]any{}
	for _, v := range out["value"].([]any) {
		sku := v.(object)
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

	status, out = r.get(r.owner, at+"/skus", "")
	assert.Equal(t, http.StatusBadRequest, status)
	assert.Equal(t, "InvalidFilter", out["error"].(object)["code"])
}

// https://learn.microsoft.com/rest/api/compute/usage/list
func TestCoresInUseAreThoseOfTheRegionsNodes(t *testing.T) {
	r := newRegion(t)
	r.stands("one", "eastus", "Standard_D2s_v3", 5)
	r.stands("two", "eastus", "standard_ds3_V2", 3)
	r.stands("elsewhere", "westeurope", "Standard_D4s_v3", 7)
	r.stands("odd", "eastus", "Standard_Unknown", 9)
	status, out := r.get(r.owner, at+"/locations/eastus/usages", "")
	require.Equal(t, http.StatusOK, status, "%v", out)
	used := map[string]any{}
	for _, v := range out["value"].([]any) {
		row := v.(object)
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
	r := newRegion(t)
	for _, path := range []string{at + "/locations/eastus/usages", at + "/skus"} {
		status, out := r.get(r.nobody, path, "$filter="+url.QueryEscape("location eq 'eastus'"))
		assert.Equal(t, http.StatusForbidden, status, path)
		assert.Equal(t, "AuthorizationFailed", out["error"].(object)["code"], path)
	}
}
