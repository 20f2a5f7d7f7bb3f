package resources_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/armtest"
)

// estate is a subscription with two vaults and two storage accounts in two groups.
func estate(t *testing.T) *armtest.Azure {
	a := newAzure(t)
	other := a.Plant(subscription+"/resourceGroups/other", map[string]any{"location": "westus",
		"tags": map[string]any{"Stage": "test"}})
	tags := func(pairs ...string) map[string]any {
		out := map[string]any{}
		for i := 0; i < len(pairs); i += 2 {
			out[pairs[i]] = pairs[i+1]
		}
		return map[string]any{"location": "eastus", "tags": out}
	}
	a.Plant(armtest.Group+"/providers/Microsoft.Storage/storageAccounts/demo1", tags("Stage", "test", "owner", "ada"))
	a.Plant(armtest.Group+"/providers/Microsoft.KeyVault/vaults/demo2", tags("stage", "prod"))
	a.Plant(other+"/providers/Microsoft.Storage/storageAccounts/plain3", map[string]any{"location": "westus"})
	a.Plant(other+"/providers/Microsoft.KeyVault/vaults/plain4", tags("Stage", "Test", "department", "x"))
	return a
}

func names(t *testing.T, listed []map[string]any) (out []string) {
	t.Helper()
	for _, r := range listed {
		out = append(out, r["name"].(string))
	}
	return out
}

func filtered(path, filter string) string { return path + "?$filter=" + url.QueryEscape(filter) }

// The first filter is what az keyvault list sends.
func TestResourcesAreFiltered(t *testing.T) {
	a := estate(t)
	for filter, want := range map[string][]string{
		"resourceType eq 'Microsoft.KeyVault/vaults'": {"plain4", "demo2"},
		"ResourceType EQ 'microsoft.keyvault/VAULTS'": {"plain4", "demo2"},
		"resourceType ne 'Microsoft.KeyVault/vaults'": {"plain3", "demo1"},
		"name eq 'DEMO1'":           {"demo1"},
		"location eq 'West US'":     {"plain3"},
		"resourceGroup eq 'other'":  {"plain3", "plain4"},
		"substringof('demo', name)": {"demo2", "demo1"},
		"substringof('oth', resourceGroup) and not name eq 'plain3'":                {"plain4"},
		"substringof('demo', name) and resourceType eq 'Microsoft.KeyVault/vaults'": {"demo2"},
		"name eq 'demo1' or (name eq 'plain4' and location eq 'eastus')":            {"plain4", "demo1"},
		"tagName eq 'stage'":                        {"plain4", "demo2", "demo1"},
		"tagName eq 'Stage' and tagValue eq 'test'": {"demo1"},
		"tagname eq 'stage' and tagvalue eq 'prod'": {"demo2"},
		"tagName eq 'missing'":                      nil,
		"startswith(tagName, 'depart')":             {"plain4"},
		"identity/principalId eq 'none'":            nil,
	} {
		got := names(t, a.Contoso.Get(filtered(subscription+"/resources", filter)).OK().Value())
		assert.ElementsMatch(t, want, got, filter)
	}
	inGroup := a.Contoso.Get(filtered(armtest.Group+"/resources", "tagName eq 'stage'")).OK().Value()
	assert.ElementsMatch(t, []string{"demo1", "demo2"}, names(t, inGroup))
	assert.Nil(t, inGroup[0]["tags"], "Ensure a list by tag leaves out the tags, as is documented")

	groups := a.Contoso.Get(filtered(subscription+"/resourceGroups", "tagName eq 'Stage' and tagValue eq 'test'"))
	assert.Equal(t, []string{"other"}, names(t, groups.OK().Value()))
}

func TestFiltersThatCannotBeAppliedAreRefused(t *testing.T) {
	a := estate(t)
	refused := func(path, filter string) {
		t.Helper()
		r := a.Contoso.Get(filtered(path, filter)).Refused(http.StatusBadRequest, "InvalidFilterInQueryString")
		assert.Contains(t, r.Message(), "Invalid $filter '"+filter+"' specified in the query string")
	}
	for _, filter := range []string{"colour eq 'red'", "name gt 'a'", "name eq", "substringof(name, 'a')",
		"substringof('a', location)", "endswith(name, 'a')", "$filter=name eq 'a'", "tagValue eq 'test'",
		"tagName ne 'stage'", "tagName eq 'stage' or tagValue eq 'test'",
		"resourceType eq 'Microsoft.KeyVault/vaults' and tagName eq 'a' and tagValue eq 'b'",
		"tagName eq 'a' and tagValue eq 'b' and tagName eq 'c'"} {
		refused(subscription+"/resources", filter)
	}
	refused(subscription+"/resourceGroups", "name eq 'foo'")
	a.Contoso.Get(filtered(subscription+"/providers/Microsoft.Storage/storageAccounts", "name eq 'demo1'")+
		"&api-version=2022-09-01").Refused(http.StatusBadRequest, "InvalidFilterInQueryString")
	refused("/subscriptions", "name eq 'foo'")
}

func TestListsComeInPagesOfTop(t *testing.T) {
	a := estate(t)
	demos := "$top=1&$filter=" + url.QueryEscape("substringof('demo', name)")
	for _, query := range []string{"$top=3", demos, "%24top=2"} {
		whole := strings.Replace(subscription+"/resources?"+query, "top=", "top=100", 1)
		want := names(t, a.Contoso.Get(whole).OK().Value())
		next, got, pages := subscription+"/resources?"+query, []string(nil), 0
		for next != "" {
			page := a.Contoso.Get(next).OK()
			got = append(got, names(t, page.Value())...)
			next, _ = page.Body["nextLink"].(string)
			pages++
		}
		assert.Equal(t, want, got, query)
		assert.Greater(t, pages, 1, query)
	}
	assert.Len(t, a.Contoso.Get(subscription+"/resourceGroups?$top=1").OK().Value(), 1)
	for _, query := range []string{"$top=0", "$top=-1", "$top=many", "$top=1&$top=2", "$top=1&$TOP=2", "$skiptoken=x"} {
		assert.Equal(t, http.StatusBadRequest, a.Contoso.Get(subscription+"/resources?"+query).Status, query)
	}
}

func TestExpandAddsWhatItNames(t *testing.T) {
	a := estate(t)
	plain := a.Contoso.Get(subscription + "/resources").OK().Value()[0]
	assert.NotContains(t, plain, "createdTime")
	expanded := a.Contoso.Get(subscription + "/resources?$expand=createdTime,changedtime").OK().Value()[0]
	assert.NotEmpty(t, expanded["createdTime"])
	assert.NotEmpty(t, expanded["changedTime"])
	for _, path := range []string{subscription + "/resources?$expand=owner",
		subscription + "/providers?$expand=resourceTypes/aliases"} {
		a.Contoso.Get(path).Refused(http.StatusBadRequest, "InvalidExpandInQueryString")
	}
}

// No query parameter is ignored: each one that a path does not know is refused by name.
func TestUnknownQueryParametersAreRefused(t *testing.T) {
	a := estate(t)
	for _, path := range []string{"/subscriptions", subscription, subscription + "/resources", armtest.Group,
		subscription + "/providers/Microsoft.KeyVault/vaults?api-version=2023-02-01", "/metadata/endpoints",
		armtest.Group + "/providers/Microsoft.Storage/storageAccounts/demo1?api-version=2022-09-01"} {
		separator := "?"
		if strings.Contains(path, separator) {
			separator = "&"
		}
		for _, query := range []string{"filter=x", "$orderby=name", "$select=name", "tag=a"} {
			r := a.Contoso.Get(path+separator+query).Refused(http.StatusBadRequest, "UnsupportedQueryParameter")
			assert.Contains(t, r.Message(), "'"+strings.Split(query, "=")[0]+"'")
		}
	}
}

// What a filter keeps and what its negation keeps are together everything.
func TestAFilterAndItsNegationKeepEverything(t *testing.T) {
	a := estate(t)
	all := len(a.Contoso.Get(subscription + "/resources").OK().Value())
	values := []string{"demo1", "plain4", "eastus", "other", "Microsoft.KeyVault/vaults", "", "it''s"}
	properties := []string{"name", "location", "resourceGroup", "resourceType", "plan/name"}
	random := rand.New(rand.NewPCG(8, 8))
	pick := func(from []string) string { return from[random.IntN(len(from))] }
	for range 100 {
		parts := []string{}
		for range 1 + random.IntN(3) {
			parts = append(parts, fmt.Sprintf("%s %s '%s'", pick(properties), pick([]string{"eq", "ne"}), pick(values)))
		}
		filter := strings.Join(parts, pick([]string{" and ", " or "}))
		kept := a.Contoso.Get(filtered(subscription+"/resources", filter)).OK().Value()
		dropped := a.Contoso.Get(filtered(subscription+"/resources", "not ("+filter+")")).OK().Value()
		require.Len(t, append(kept, dropped...), all, filter)
	}
}
