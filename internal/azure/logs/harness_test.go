package logs_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/identity"
	"github.com/crossorg/crossorg/internal/azure/logs"
	"github.com/crossorg/crossorg/internal/azure/monitor"
	"github.com/crossorg/crossorg/internal/azure/resources"
	"github.com/crossorg/crossorg/internal/azure/store"
)

const (
	tenant      = "11111111-0000-0000-0000-000000000001"
	sub         = "11111111-0000-0000-0000-000000000002"
	otherTenant = "22222222-0000-0000-0000-000000000001"
	groupID     = "/subscriptions/" + sub + "/resourceGroups/watch"
	providers   = groupID + "/providers/"
	account     = providers + "Microsoft.DataShare/accounts/exchange"
	vault       = providers + "Microsoft.KeyVault/vaults/secrets"
	storage     = providers + "Microsoft.Storage/storageAccounts/data"
	blobService = storage + "/blobServices/default"
	workspaceID = providers + "Microsoft.OperationalInsights/workspaces/watch"
	owner       = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
	reader      = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
)

// azure is a control plane with the monitoring providers and the query API beside it.
type azure struct {
	t      *testing.T
	dir    *identity.Directory
	server *arm.Server
	front  *httptest.Server
	offset atomic.Int64
	// deployer owns the subscription; stranger has nothing in it; foreigner is of another tenant.
	deployer, stranger, foreigner identity.Principal
	customerID                    string
}

func newAzure(t *testing.T) *azure {
	t.Parallel()
	st, err := store.Open(filepath.Join(t.TempDir(), "state.db"))
	require.NoError(t, err)
	a := &azure{t: t}
	clock := func() time.Time { return time.Now().Add(time.Duration(a.offset.Load())) }
	var queries http.Handler
	a.front = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/v1/") {
			queries.ServeHTTP(w, r)
			return
		}
		a.server.ServeHTTP(w, r)
	}))
	a.dir, err = identity.NewDirectory(st, a.front.URL, clock)
	require.NoError(t, err)
	targets := []*arm.Provider{
		{Namespace: "Microsoft.DataShare", Types: []*arm.Type{{Name: "Microsoft.DataShare/accounts"}}},
		{Namespace: "Microsoft.KeyVault", Types: []*arm.Type{{Name: "Microsoft.KeyVault/vaults"}}},
		{Namespace: "Microsoft.Storage", Types: []*arm.Type{
			{Name: "Microsoft.Storage/storageAccounts"},
			{Name: "Microsoft.Storage/storageAccounts/blobServices", Implicit: []string{"default"}},
		}},
	}
	a.server, err = arm.NewServer(arm.Options{
		Store: st, Directory: a.dir, Now: clock, Endpoints: arm.Endpoints{Management: a.front.URL},
		Providers: append(append(targets, resources.New()), monitor.New()...),
	})
	require.NoError(t, err)
	queries = logs.NewHandler(a.server)
	t.Cleanup(func() {
		a.front.Close()
		a.server.Close()
		require.NoError(t, st.Close())
	})
	require.NoError(t, st.Update(func(tx *store.Tx) error {
		for s, of := range map[string]string{sub: tenant, "22222222-0000-0000-0000-000000000002": otherTenant} {
			if err := a.dir.AddSubscription(tx, identity.Subscription{ID: s, TenantID: of}); err != nil {
				return err
			}
		}
		for name, p := range map[string]*identity.Principal{"deployer": &a.deployer, "stranger": &a.stranger,
			"foreigner": &a.foreigner} {
			of := tenant
			if name == "foreigner" {
				of = otherTenant
			}
			var err error
			if *p, err = a.dir.AddServicePrincipal(tx, of, name, name, "secret"); err != nil {
				return err
			}
		}
		return a.dir.Assign(tx, identity.Assignment{ID: "seed", PrincipalID: a.deployer.ObjectID, RoleID: owner,
			Scope: "/subscriptions/" + sub})
	}))
	a.put(groupID, "2022-09-01", `{"location":"eastus"}`)
	for _, id := range []string{account, vault, storage} {
		parsed, err := arm.ParseID(id)
		require.NoError(t, err)
		a.update(func(c *arm.Call) *arm.Error {
			return c.Save(&arm.Resource{ID: parsed,
				Body: map[string]any{"location": "eastus", "properties": map[string]any{}}})
		})
	}
	a.workspace(`{}`)
	return a
}

// workspace creates or changes the workspace.
func (a *azure) workspace(properties string) {
	made := a.put(workspaceID, "2022-10-01", `{"location":"eastus","properties":`+properties+`}`)
	a.customerID, _ = made["properties"].(map[string]any)["customerId"].(string)
}

// watch sends categories of a resource to the workspace.
func (a *azure) watch(id, destinationType string, categories ...string) {
	var list []any
	for _, c := range categories {
		list = append(list, map[string]any{"category": c, "enabled": true})
	}
	props := map[string]any{"workspaceId": workspaceID, "logs": list}
	if destinationType != "" {
		props["logAnalyticsDestinationType"] = destinationType
	}
	raw, err := json.Marshal(map[string]any{"properties": props})
	require.NoError(a.t, err)
	a.put(id+"/providers/Microsoft.Insights/diagnosticSettings/all", "2021-05-01-preview", string(raw))
}

func (a *azure) update(fn func(c *arm.Call) *arm.Error) {
	a.t.Helper()
	require.NoError(a.t, a.server.Update(func(c *arm.Call) error {
		if err := fn(c); err != nil {
			return err
		}
		return nil
	}))
}

// share writes a row about a share.
func (a *azure) share(operation string) {
	a.t.Helper()
	a.update(func(c *arm.Call) *arm.Error {
		return logs.Write(c, account, "Shares", map[string]any{"OperationName": operation})
	})
}

func (a *azure) token(p identity.Principal, audience string) string {
	token, _, err := a.dir.Issue(p, audience)
	require.NoError(a.t, err)
	return token
}

func (a *azure) send(method, path, token, body string) (int, map[string]any) {
	a.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, a.front.URL+path, bytes.NewBufferString(body))
	require.NoError(a.t, err)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := a.front.Client().Do(req)
	require.NoError(a.t, err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	require.NoError(a.t, err)
	out := map[string]any{}
	if len(raw) > 0 {
		require.NoError(a.t, json.Unmarshal(raw, &out), string(raw))
	}
	return res.StatusCode, out
}

func (a *azure) put(path, version, body string) map[string]any {
	a.t.Helper()
	status, out := a.send(http.MethodPut, path+"?api-version="+version,
		a.token(a.deployer, "https://management.azure.com"), body)
	require.Less(a.t, status, 300, "%v", out)
	return out
}

// ask posts a query as somebody.
func (a *azure) ask(p identity.Principal, query, timespan string) (int, map[string]any) {
	a.t.Helper()
	raw, err := json.Marshal(map[string]any{"query": query, "timespan": timespan})
	require.NoError(a.t, err)
	return a.send(http.MethodPost, "/v1/workspaces/"+a.customerID+"/query", a.token(p, logs.Audiences[0]), string(raw))
}

// rows is the answer to a query that must succeed: a row is its values.
func (a *azure) rows(query string) [][]any {
	a.t.Helper()
	status, out := a.ask(a.deployer, query, "")
	require.Equal(a.t, http.StatusOK, status, "%v", out)
	return rowsOf(out)
}

func rowsOf(out map[string]any) [][]any {
	table, _ := out["tables"].([]any)[0].(map[string]any)
	list, _ := table["rows"].([]any)
	rows := [][]any{}
	for _, r := range list {
		row, _ := r.([]any)
		rows = append(rows, row)
	}
	return rows
}

func codeOf(out map[string]any) string {
	e, _ := out["error"].(map[string]any)
	code, _ := e["code"].(string)
	return code
}
