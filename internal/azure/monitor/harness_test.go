package monitor_test

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

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azarm "github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	azcloud "github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/identity"
	"github.com/crossorg/crossorg/internal/azure/monitor"
	"github.com/crossorg/crossorg/internal/azure/resources"
	"github.com/crossorg/crossorg/internal/azure/store"
)

const (
	tenant      = "11111111-0000-0000-0000-000000000001"
	sub         = "11111111-0000-0000-0000-000000000002"
	otherTenant = "22222222-0000-0000-0000-000000000001"
	otherSub    = "22222222-0000-0000-0000-000000000002"
	owner       = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
	group       = "watch"
	audience    = "https://management.azure.com"
)

// azure is a control plane with the monitoring providers, and a deployer who owns one subscription. A second
// subscription belongs to another tenant.
type azure struct {
	t      *testing.T
	dir    *identity.Directory
	server *arm.Server
	front  *httptest.Server
	// offset is how far the clock has been moved.
	offset    atomic.Int64
	principal identity.Principal
}

func newAzure(t *testing.T) *azure {
	t.Parallel()
	st, err := store.Open(filepath.Join(t.TempDir(), "state.db"))
	require.NoError(t, err)
	a := &azure{t: t}
	clock := func() time.Time { return time.Now().Add(time.Duration(a.offset.Load())) }
	a.front = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter,
		r *http.Request) {
		a.server.ServeHTTP(w, r)
	}))
	a.dir, err = identity.NewDirectory(st, a.front.URL, clock)
	require.NoError(t, err)
	// Targets of diagnostic settings: their own providers are not what is tested here.
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
	t.Cleanup(func() {
		a.front.Close()
		a.server.Close()
		require.NoError(t, st.Close())
	})
	var p identity.Principal
	require.NoError(t, st.Update(func(tx *store.Tx) error {
		for _, s := range [][2]string{{sub, tenant}, {otherSub, otherTenant}} {
			if err := a.dir.AddSubscription(tx, identity.Subscription{ID: s[0], TenantID: s[1]}); err != nil {
				return err
			}
		}
		var err error
		if p, err = a.dir.AddServicePrincipal(tx, tenant, "deployer", "deployer", "secret"); err != nil {
			return err
		}
		return a.dir.Assign(tx,
			identity.Assignment{ID: "seed", PrincipalID: p.ObjectID, RoleID: owner, Scope: "/subscriptions/" + sub})
	}))
	a.principal = p
	a.ok(http.MethodPut, groupID, "2022-09-01", `{"location":"eastus"}`)
	return a
}

const (
	groupID   = "/subscriptions/" + sub + "/resourceGroups/" + group
	providers = groupID + "/providers/"
)

// plant stores a resource as another provider would have left it.
func (a *azure) plant(id string) string {
	parsed, err := arm.ParseID(id)
	require.NoError(a.t, err)
	require.NoError(a.t, a.server.Update(func(c *arm.Call) error {
		if aerr := c.Save(&arm.Resource{ID: parsed,
			Body: map[string]any{"properties": map[string]any{}}}); aerr != nil {
			return aerr
		}
		return nil
	}))
	return id
}

func (a *azure) token() string {
	token, _, err := a.dir.Issue(a.principal, audience)
	require.NoError(a.t, err)
	return token
}

// do sends a request and returns status and decoded body.
func (a *azure) do(method, path, version, body string) (int, map[string]any) {
	a.t.Helper()
	sep := "?"
	if strings.Contains(path, "?") {
		sep = "&"
	}
	req, err := http.NewRequestWithContext(context.Background(), method, a.front.URL+path+sep+"api-version="+version,
		bytes.NewBufferString(body))
	require.NoError(a.t, err)
	req.Header.Set("Authorization", "Bearer "+a.token())
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

// ok is do for a request that must succeed.
func (a *azure) ok(method, path, version, body string) map[string]any {
	a.t.Helper()
	status, out := a.do(method, path, version, body)
	require.Less(a.t, status, 300, "%v", out)
	return out
}

// refused is do for a request that must be refused; it returns code and message.
func (a *azure) refused(method, path, version, body string) (string, string) {
	a.t.Helper()
	status, out := a.do(method, path, version, body)
	require.GreaterOrEqual(a.t, status, 400, "%v", out)
	e, _ := out["error"].(map[string]any)
	code, _ := e["code"].(string)
	message, _ := e["message"].(string)
	return code, message
}

// GetToken makes azure a credential for the official clients.
func (a *azure) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: a.token(), ExpiresOn: time.Now().Add(time.Hour)}, nil
}

func (a *azure) options() *azarm.ClientOptions {
	return &azarm.ClientOptions{
		DisableRPRegistration: true,
		ClientOptions: policy.ClientOptions{
			Transport: a.front.Client(), Retry: policy.RetryOptions{MaxRetries: -1},
			Cloud: azcloud.Configuration{Services: map[azcloud.ServiceName]azcloud.ServiceConfiguration{
				azcloud.ResourceManager: {Endpoint: a.front.URL, Audience: audience},
			}},
		},
	}
}

// props is a resource's properties.
func props(r map[string]any) map[string]any {
	p, _ := r["properties"].(map[string]any)
	return p
}
