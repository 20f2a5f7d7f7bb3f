package storage_test

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/armtest"
	"github.com/crossorg/crossorg/internal/azure/blob"
	"github.com/crossorg/crossorg/internal/azure/roles"
)

// ask sends the request of an operation on the container data and the blob x, with a bearer token or a signature.
func (c *cloud) ask(account string, e blob.Endpoint, token, signature string) (status int, code string) {
	c.T.Helper()
	path := "/" + account + "/"
	if e.Container {
		path += "data"
	}
	if e.Blob {
		path += "/x"
	}
	query := maps.Clone(e.Query)
	if query.Has("versionid") {
		query.Set("versionid", "2025-01-15T00:00:00.0000000Z")
	}
	request, err := http.NewRequest(e.Method, c.blobs.URL+path+"?"+query.Encode()+"&"+signature, http.NoBody)
	require.NoError(c.T, err)
	request.Header = e.Header.Clone()
	request.Header.Set("x-ms-version", blob.SASVersion)
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := c.blobs.Client().Do(request)
	require.NoError(c.T, err)
	response.Body.Close()
	return response.StatusCode, response.Header.Get("x-ms-error-code")
}

// Every operation of the blob service is asked by callers without the permission that it needs, and by readers of the
// control plane and of the data. The operations come from the service's own table.
func TestEveryBlobOperationDecidesAboutItsCaller(t *testing.T) {
	c := withData(t, "guarded", nil)
	c.create("elsewhere", nil)
	api := blob.API()
	require.Greater(t, len(api), 40, "Ensure the table is whole")

	const storage = "https://storage.azure.com"
	tokenOf := func(name, tenant, role, scope string) string {
		p := c.Principal(tenant, name)
		if role != "" {
			c.Grant(p, role, scope)
		}
		return c.Token(p, storage)
	}
	guarded := accounts + "guarded"
	denied := map[string]string{
		"without a role": tokenOf("nobody", armtest.Tenant, "", ""),
		"with a role on another account": tokenOf("other account", armtest.Tenant, roles.BlobDataOwner,
			accounts+"elsewhere"),
		"with a role on another container": tokenOf("other container", armtest.Tenant, roles.BlobDataOwner,
			guarded+"/blobServices/default/containers/other"),
		"with a role on a container whose name begins alike": tokenOf("alike", armtest.Tenant, roles.BlobDataOwner,
			guarded+"/blobServices/default/containers/dat"),
		"with a role on an account whose name begins alike": tokenOf("alike too", armtest.Tenant, roles.BlobDataOwner,
			accounts+"guard"),
	}
	foreign := map[string]string{
		"of another tenant":    tokenOf("foreign", armtest.OtherTenant, roles.BlobDataOwner, guarded),
		"for another audience": c.Token(c.Contoso.Principal, "https://management.azure.com"),
		"that is none":         "none",
	}
	reader := tokenOf("reader", armtest.Tenant, roles.Reader, guarded)
	dataReader := tokenOf("data reader", armtest.Tenant, roles.BlobDataReader, guarded)
	owner := tokenOf("owner", armtest.Tenant, roles.Owner, guarded)

	key := func(account string) []byte {
		_, keys := c.do("POST", accounts+account+"/listKeys", nil)
		return decoded(t, keys["keys"].([]any)[0].(object)["value"].(string))
	}
	sas := func(account string, change func(p *blob.SASParams)) string {
		p := blob.SASParams{Permissions: "rwdxlacuptfi", Services: "b", ResourceTypes: "sco",
			Expiry: c.Clock.Now().Add(time.Hour)}
		change(&p)
		return blob.SignAccountSAS("guarded", key(account), p)
	}
	signatures := map[string]string{
		"by another account's key": sas("elsewhere", func(*blob.SASParams) {}),
		"for another service":      sas("guarded", func(p *blob.SASParams) { p.Services = "q" }),
		"that has expired": sas("guarded",
			func(p *blob.SASParams) { p.Expiry = c.Clock.Now().Add(-time.Hour) }),
		"that begins later": sas("guarded",
			func(p *blob.SASParams) { p.Start = c.Clock.Now().Add(time.Minute) }),
		"for other callers":              sas("guarded", func(p *blob.SASParams) { p.IP = "203.0.113.1" }),
		"with no permission that counts": sas("guarded", func(p *blob.SASParams) { p.Permissions = "i" }),
		"for another container": blob.SignServiceSAS("guarded", key("guarded"), blob.SASParams{Container: "other",
			Permissions: "rwdxlactf", Expiry: c.Clock.Now().Add(time.Hour)}),
		"for another blob": blob.SignServiceSAS("guarded", key("guarded"), blob.SASParams{Container: "data", Blob: "y",
			Permissions: "rwdxlactf", Expiry: c.Clock.Now().Add(time.Hour)}),
		"that was altered": strings.Replace(sas("guarded", func(p *blob.SASParams) { p.Permissions = "i" }), "sp=i",
			"sp=rwdxlactf", 1),
	}

	for _, e := range api {
		name := e.Method + " " + e.Name
		for how, token := range denied {
			status, code := c.ask("guarded", e, token, "")
			assert.Equal(t, http.StatusForbidden, status, "%s %s", name, how)
			assert.Equal(t, "AuthorizationPermissionMismatch", code, "%s %s", name, how)
		}
		for how, token := range foreign {
			status, _ := c.ask("guarded", e, token, "")
			assert.Equal(t, http.StatusUnauthorized, status, "%s with a token %s", name, how)
		}
		for how, signature := range signatures {
			status, _ := c.ask("guarded", e, "", signature)
			assert.Equal(t, http.StatusForbidden, status, "%s with a signature %s", name, how)
		}
		status, _ := c.ask("guarded", e, "", "")
		assert.Contains(t, []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusConflict}, status,
			"%s by anybody", name)

		allowed := func(token string) bool {
			status, _ := c.ask("guarded", e, token, "")
			return status != http.StatusUnauthorized && status != http.StatusForbidden
		}
		read := strings.HasSuffix(e.Action, "/read")
		assert.Equal(t, read && !e.Data, allowed(reader), "%s by a reader of the account", name)
		if e.Category == blob.StorageRead { // what an owner or a data reader may do would go on to change the blob
			assert.Equal(t, !e.Data, allowed(owner), "%s by the account's owner, who has no data role", name)
			tags := strings.Contains(e.Action, "/tags/") || strings.Contains(e.Action, "/filter/")
			assert.Equal(t, !tags, allowed(dataReader), "%s by a reader of the data", name)
		} else {
			assert.False(t, allowed(dataReader), "%s by a reader of the data", name)
		}
	}
	items, err := c.Content().Versions("guarded", "data", "", true, c.Clock.Now())
	require.NoError(t, err)
	require.Len(t, items, 1, "Ensure nothing was written")
	assert.Equal(t, "x", items[0].Name)
	assert.Empty(t, items[0].Lease)
	containers, err := c.data("guarded", 0).NewListContainersPager(nil).NextPage(context.Background())
	require.NoError(t, err)
	assert.Len(t, slices.Collect(slices.Values(containers.ContainerItems)), 1)
}
