package arm_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/armtest"
	"github.com/crossorg/crossorg/internal/azure/authorization"
	"github.com/crossorg/crossorg/internal/azure/datashare"
	"github.com/crossorg/crossorg/internal/azure/keyvault"
	"github.com/crossorg/crossorg/internal/azure/monitor"
	"github.com/crossorg/crossorg/internal/azure/servicefabric"
	"github.com/crossorg/crossorg/internal/azure/storage"
)

// unreachable is a network that has nothing on it.
type unreachable struct{}

func (unreachable) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("nothing can be reached here")
}

// nowhere is where vaults of a fuzzed control plane listen.
func nowhere(int, http.Handler) (func() error, error) { return func() error { return nil }, nil }

// FuzzServeHTTP promises that whatever a client sends, the control plane does not break: no answer above 499, and every
// refusal in the published envelope.
func FuzzServeHTTP(f *testing.F) {
	c := newCloudOf(f, armtest.Config{Providers: func(a *armtest.Azure) []*arm.Provider {
		return append([]*arm.Provider{
			authorization.New(a.Directory), storage.New(a.Content()),
			keyvault.New(keyvault.NewEndpoints(nowhere, 20000)),
			datashare.New(a.Content(), a.Directory, datashare.Options{}),
			servicefabric.New(&http.Client{Transport: unreachable{}}),
		}, monitor.New()...)
	}})
	const (
		account = group + "/providers/Microsoft.Storage/storageAccounts/contosofuzz"
		vault   = group + "/providers/Microsoft.KeyVault/vaults/contoso-fuzz"
		share   = group + "/providers/Microsoft.DataShare/accounts/contoso"
		cluster = group + "/providers/Microsoft.ServiceFabric/managedClusters/contosofuzz"
		ds, sf  = "2021-08-01", "2023-03-01-preview"
	)
	// Methods and the beginnings of paths are chosen by number, so that more than the parser is reached.
	methods := []string{"GET", "HEAD", "PUT", "PATCH", "POST", "DELETE", "BREW", ""}
	bases := []string{
		"", "/subscriptions", subscription, group, workspace, group + "/providers/Microsoft.Insights/",
		workspace + "/providers/Microsoft.Insights/diagnosticSettings/d",
		workspace + "/providers/Microsoft.Authorization/", "/providers/Microsoft.",
		account, account + "/blobServices/default", vault, share, share + "/shares/s", share + "/shareSubscriptions/b",
		cluster, cluster + "/applications/a",
	}
	for _, s := range []struct {
		method, base  uint8
		path, version string
		query, body   string
	}{
		{2, 3, "", groupVersion, "", `{"location":"westeurope"}`},
		{2, 4, "", workspaceVersion, "",
			`{"location":"westeurope","properties":{"sku":{"name":"PerGB2018"},"retentionInDays":30}}`},
		{3, 4, "", workspaceVersion, "", `{"tags":null,"properties":{"features":{"x":[1,{"y":null}]}}}`},
		{2, 4, "/savedSearches/s", searchVersion, "", `{"properties":{"category":"c","displayName":"d","query":"q"}}`},
		{0, 4, "", workspaceVersion, "", ""},
		{1, 3, "", groupVersion, "", ""},
		{4, 4, "/sharedKeys", "2020-08-01", "", ""},
		{0, 1, "", "2022-12-01", "", ""},
		{0, 2, "/locations", "2022-12-01", "", ""},
		{0, 2, "/resources", "2021-04-01", "", ""},
		{0, 3, "/resources", "2021-04-01", "", ""},
		{4, 2, "/providers/Microsoft.Insights/register", "2021-04-01", "", ""},
		{0, 2, "/providers/Microsoft.OperationalInsights/locations/westeurope/operationStatuses/x", workspaceVersion,
			"", ""},
		{2, 7, "locks/l", lockVersion, "", `{"properties":{"level":"CanNotDelete"}}`},
		{2, 7, "roleAssignments/11111111-2222-3333-4444-555555555555", "2022-04-01", "",
			`{"properties":{"roleDefinitionId":"/x/8e3af657-a8ff-443c-a75c-2fe8c4bcb635","principalId":"p"}}`},
		{0, 7, "roleAssignments", "2022-04-01", "$filter=principalId%20eq%20'x", ""},
		{2, 6, "", "2021-05-01-preview", "", `{"properties":{"logs":[null,{"category":7}]}}`},
		{2, 5, "scheduledQueryRules/r", "2022-08-01-preview", "",
			`{"location":"westeurope","kind":"LogAlert","properties":{"scopes":[{}],"criteria":{"allOf":[null]}}}`},
		{2, 9, "", "2022-09-01", "",
			`{"location":"westeurope","kind":"StorageV2","sku":{"name":"Standard_LRS"},` +
				`"properties":{"networkAcls":{"defaultAction":"Deny","ipRules":[{"value":"1.2.3.4"}]}}}`},
		{4, 9, "/listKeys", "2022-09-01", "$expand=kerb", ""},
		{4, 9, "/listAccountSas", "2022-09-01", "",
			`{"signedServices":"b","signedResourceTypes":"o","signedPermission":"r",` +
				`"signedExpiry":"2030-01-01T00:00:00Z"}`},
		{2, 10, "/containers/data", "2022-09-01", "", `{"properties":{"publicAccess":"None","metadata":{"a":"b"}}}`},
		{2, 10, "/containers/data/immutabilityPolicies/default", "2022-09-01", "",
			`{"properties":{"immutabilityPeriodSinceCreationInDays":1}}`},
		{2, 9, "/managementPolicies/default", "2022-09-01", "",
			`{"properties":{"policy":{"rules":[{"name":"r","type":"Lifecycle","definition":{"actions":{}}}]}}}`},
		{2, 11, "", "2023-02-01", "", `{"location":"westeurope","properties":{"tenantId":"` + armtest.Tenant +
			`","sku":{"family":"A","name":"standard"},"accessPolicies":[]}}`},
		{2, 11, "/secrets/s", "2023-02-01", "", `{"properties":{"value":"v","attributes":{"exp":1}}}`},
		{5, 11, "", "2023-02-01", "", ""},
		{2, 12, "", ds, "", `{"location":"westeurope","identity":{"type":"SystemAssigned"}}`},
		{2, 13, "", ds, "", `{"properties":{"shareKind":"CopyBased","terms":"t"}}`},
		{2, 13, "/dataSets/d", ds, "",
			`{"kind":"Container","properties":{"containerName":"data","resourceGroup":"rg",` +
				`"storageAccountName":"contosofuzz","subscriptionId":"` + armtest.Subscription + `"}}`},
		{2, 13, "/invitations/i", ds, "", `{"properties":{"targetActiveDirectoryId":"` + armtest.Tenant + `"}}`},
		{2, 13, "/synchronizationSettings/y", ds, "",
			`{"kind":"ScheduleBased","properties":{"recurrenceInterval":"Hour",` +
				`"synchronizationTime":"2030-01-01T00:00:00Z"}}`},
		{2, 14, "", ds, "", `{"properties":{"invitationId":"11111111-2222-3333-4444-555555555555",` +
			`"sourceShareLocation":"westeurope"}}`},
		{4, 14, "/synchronize", ds, "", `{"synchronizationMode":"Incremental"}`},
		{2, 15, "", sf, "", `{"location":"westeurope","sku":{"name":"Basic"},"properties":{"dnsName":"contosofuzz",` +
			`"adminUserName":"op","adminPassword":"Passw0rd!",` +
			`"clients":[{"isAdmin":true,"thumbprint":"0123456789012345678901234567890123456789"}]}}`},
		{2, 15, "/nodeTypes/primary", sf, "",
			`{"properties":{"isPrimary":true,"vmInstanceCount":3,"dataDiskSizeGB":100,` +
				`"vmSize":"Standard_D2s_v3","vmImagePublisher":"MicrosoftWindowsServer",` +
				`"vmImageOffer":"WindowsServer","vmImageSku":"2022-Datacenter","vmImageVersion":"latest"}}`},
		{2, 15, "/applicationTypes/t/versions/1", sf, "",
			`{"properties":{"appPackageUrl":"https://example.com/x.sfpkg"}}`},
		{2, 16, "", sf, "", `{"properties":{"version":"x"}}`},
		{2, 16, "/services/s", sf, "",
			`{"properties":{"serviceKind":"Stateless","partitionDescription":{"partitionScheme":"Singleton"}}}`},
		{2, 0, "//providers//", "", "", "{"},
		{0, 0, "/subscriptions//resourceGroups/", "", "api-version", "\x00"},
		{6, 0, "/%2e%2e/..", "", ";&=", "[]"},
		{4, 8, "OperationalInsights/workspaces", "x", "", "null"},
		{2, 2, "/providers/Microsoft.Authorization/locks", lockVersion, "", `{"properties":null}`},
		{5, 4, "", workspaceVersion, "", ""},
		{5, 3, "", groupVersion, "", ""},
	} {
		f.Add(s.method, s.base, s.path, s.version, s.query, s.body)
	}
	f.Fuzz(func(t *testing.T, method8, base uint8, path, version, query, body string) {
		method := methods[int(method8)%len(methods)]
		path = bases[int(base)%len(bases)] + path
		if version != "" {
			query = "api-version=" + url.QueryEscape(version) + "&" + query
		}
		token, _, err := c.Directory.Issue(c.Contoso.Principal, "https://management.azure.com")
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		c.Server().ServeHTTP(w, &http.Request{
			Method: method, URL: &url.URL{Path: path, RawQuery: query}, Body: io.NopCloser(strings.NewReader(body)),
			Header: http.Header{"Authorization": {"Bearer " + token}},
		})
		if w.Code >= 500 {
			t.Fatalf("%s %s?%s answered %d: %s", method, path, query, w.Code, w.Body)
		}
		if w.Header().Get("x-ms-request-id") == "" {
			t.Fatal("the answer has no request id")
		}
		if w.Code < 400 || method == http.MethodHead {
			return
		}
		var envelope struct {
			Error struct{ Code, Message string } `json:"error"`
		}
		if err := json.Unmarshal(w.Body.Bytes(), &envelope); err != nil || envelope.Error.Code == "" ||
			envelope.Error.Message == "" {
			t.Fatalf("%s %s?%s answered %d without the envelope: %s", method, path, query, w.Code, w.Body)
		}
	})
}

// FuzzParseID promises that an id that parses renders to one that parses to the same.
func FuzzParseID(f *testing.F) {
	for _, s := range []string{"", "/", workspace, workspace + "/savedSearches", group,
		workspace + "/providers/Microsoft.Insights/diagnosticSettings/d", "/providers/Microsoft.X",
		"/subscriptions/s/providers/N/t/a/providers"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, path string) {
		id, err := arm.ParseID(path)
		if err != nil {
			return
		}
		id.Type()
		id.Name()
		again, err := arm.ParseID(id.String())
		if err != nil {
			t.Fatalf("%q renders as %q: %v", path, id.String(), err)
		}
		if again.String() != id.String() {
			t.Fatalf("%q renders as %q and then as %q", path, id.String(), again.String())
		}
	})
}
