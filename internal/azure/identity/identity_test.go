package identity_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/identity"
	"github.com/crossorg/crossorg/internal/azure/store"
)

const (
	tenant = "72f988bf-0000-0000-0000-2d7cd011db47"
	sub    = "aaaaaaaa-1111-1111-1111-111111111111"
	client = "cccccccc-1111-1111-1111-111111111111"
	arm    = "https://management.azure.com"
)

type fixture struct {
	st  *store.Store
	dir *identity.Directory
	srv *httptest.Server
	now time.Time
	p   identity.Principal
}

func newFixture(t *testing.T) *fixture {
	st, err := store.Open(filepath.Join(t.TempDir(), "state.db"))
	require.NoError(t, err)
	f := &fixture{st: st, now: time.Now()}
	mux := http.NewServeMux()
	f.srv = httptest.NewTLSServer(mux)
	f.dir, err = identity.NewDirectory(st, f.srv.URL, func() time.Time { return f.now })
	require.NoError(t, err)
	mux.Handle("/", f.dir.Handler())
	require.NoError(t, st.Update(func(tx *store.Tx) error {
		if err := f.dir.AddSubscription(tx, identity.Subscription{ID: sub, TenantID: tenant}); err != nil {
			return err
		}
		f.p, err = f.dir.AddServicePrincipal(tx, tenant, client, "deployer", "right")
		return err
	}))
	t.Cleanup(func() { f.srv.Close(); require.NoError(t, st.Close()) })
	return f
}

func (f *fixture) verify(t *testing.T, token string, audience string) (p identity.Principal, err error) {
	require.NoError(t, f.st.View(func(tx *store.Tx) error { p, err = f.dir.Verify(tx, token, audience); return nil }))
	return p, err
}

func TestOfficialClientSignsIn(t *testing.T) {
	f := newFixture(t)
	signIn := func(secret string) (azcore.AccessToken, error) {
		cred, err := azidentity.NewClientSecretCredential(tenant, client, secret,
			&azidentity.ClientSecretCredentialOptions{
				DisableInstanceDiscovery: true,
				ClientOptions: azcore.ClientOptions{Transport: f.srv.Client(),
					Retry: policy.RetryOptions{MaxRetries: -1},
					Cloud: cloud.Configuration{ActiveDirectoryAuthorityHost: f.srv.URL}},
			})
		require.NoError(t, err)
		return cred.GetToken(context.Background(), policy.TokenRequestOptions{Scopes: []string{arm + "/.default"}})
	}

	t.Run("Ensure the right secret gives a token for its principal", func(t *testing.T) {
		token, err := signIn("right")
		require.NoError(t, err)
		p, err := f.verify(t, token.Token, arm+"/")
		require.NoError(t, err)
		require.Equal(t, f.p.ObjectID, p.ObjectID)
	})
	t.Run("Ensure a wrong secret is refused without repeating it", func(t *testing.T) {
		_, err := signIn("wrong-value")
		require.ErrorContains(t, err, "AADSTS7000215")
		require.NotContains(t, err.Error(), "wrong-value")
	})
}

func TestTokensAreChecked(t *testing.T) {
	f := newFixture(t)
	token, _, err := f.dir.Issue(f.p, arm)
	require.NoError(t, err)

	_, err = f.verify(t, token, "https://storage.azure.com")
	require.ErrorIs(t, err, identity.ErrTokenAudience)
	_, err = f.verify(t, token[:len(token)-4]+"AAAA", arm)
	require.ErrorIs(t, err, identity.ErrTokenInvalid)
	f.now = f.now.Add(2 * time.Hour)
	_, err = f.verify(t, token, arm)
	require.ErrorIs(t, err, identity.ErrTokenExpired)
}

func TestTokenEndpointRefuses(t *testing.T) {
	f := newFixture(t)
	post := func(tenant string, form url.Values) (int, string) {
		resp, err := f.srv.Client().PostForm(f.srv.URL+"/"+tenant+"/oauth2/v2.0/token", form)
		require.NoError(t, err)
		defer resp.Body.Close()
		var body map[string]any
		require.NoError(t, json.NewDecoder(resp.Body).Decode(&body))
		code, _ := body["error"].(string)
		return resp.StatusCode, code
	}
	good := url.Values{"grant_type": {"client_credentials"}, "client_id": {client}, "client_secret": {"right"},
		"scope": {arm + "/.default"}}
	with := func(k, v string) url.Values {
		out := url.Values{}
		for key, vals := range good {
			out[key] = vals
		}
		out.Set(k, v)
		return out
	}
	for name, tt := range map[string]struct {
		tenant string
		form   url.Values
		status int
		code   string
	}{
		"Ensure the good request passes":              {tenant, good, 200, ""},
		"Ensure another tenant does not know the app": {"other", good, 400, "unauthorized_client"},
		"Ensure only client credentials are taken": {tenant, with("grant_type", "password"), 400,
			"unsupported_grant_type"},
		"Ensure a scope must end in /.default": {tenant, with("scope", "openid"), 400, "invalid_scope"},
	} {
		t.Run(name, func(t *testing.T) {
			status, code := post(tt.tenant, tt.form)
			require.Equal(t, tt.status, status)
			require.Equal(t, tt.code, code)
		})
	}
}

func TestManagedIdentitiesCannotSignIn(t *testing.T) {
	f := newFixture(t)
	var p identity.Principal
	require.NoError(t, f.st.Update(func(tx *store.Tx) (err error) {
		p, err = f.dir.CreateManagedIdentity(tx, sub, "/some/resource")
		return err
	}))
	resp, err := f.srv.Client().PostForm(f.srv.URL+"/"+tenant+"/oauth2/v2.0/token",
		url.Values{"grant_type": {"client_credentials"}, "client_id": {p.ClientID}, "client_secret": {""},
			"scope": {arm + "/.default"}})
	require.NoError(t, err)
	resp.Body.Close()
	require.Equal(t, http.StatusUnauthorized, resp.StatusCode)
}

func TestASubscriptionKeepsItsTenant(t *testing.T) {
	f := newFixture(t)
	err := f.st.Update(func(tx *store.Tx) error {
		return f.dir.AddSubscription(tx, identity.Subscription{ID: sub, TenantID: "other"})
	})
	require.ErrorContains(t, err, "belongs to tenant")
}

func TestScopesInherit(t *testing.T) {
	f := newFixture(t)
	const account = "/subscriptions/" + sub + "/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/a"
	a := identity.Assignment{ID: "one", PrincipalID: f.p.ObjectID, RoleID: "acdd72a7-3385-48ef-bd42-f606fba81ae7",
		Scope: account}
	allowed := func(scope string) (ok bool) {
		require.NoError(t, f.st.View(func(tx *store.Tx) error {
			ok = f.dir.Allowed(tx, f.p.ObjectID, scope, "Microsoft.Storage/storageAccounts/read", false)
			return nil
		}))
		return ok
	}
	require.False(t, allowed(account))
	require.NoError(t, f.st.Update(func(tx *store.Tx) error { return f.dir.Assign(tx, a) }))
	require.True(t, allowed(account))
	require.True(t, allowed(account+"/blobServices/default"))
	require.False(t, allowed(account+"b"), "a name that only begins alike is another resource")
	require.False(t, allowed("/subscriptions/"+sub))
	require.NoError(t, f.st.Update(func(tx *store.Tx) error { return f.dir.Unassign(tx, a) }))
	require.False(t, allowed(account))
}

// Tokens are checked within transactions, and a new directory makes its key in one of its own.
func TestTokenBeforeTheFirstKeyIsRefusedAtOnce(t *testing.T) {
	st, err := store.Open(filepath.Join(t.TempDir(), "state"))
	require.NoError(t, err)
	defer st.Close()
	require.NoError(t, st.Update(func(tx *store.Tx) error {
		d, err := identity.NewDirectory(st, "https://127.0.0.1", time.Now)
		require.NoError(t, err)
		_, err = d.Verify(tx, "a.b.c", "https://management.azure.com")
		assert.ErrorIs(t, err, identity.ErrTokenInvalid)
		return nil
	}))
}

// Logs show the principal that a refused token names; no decision rests on it.
func TestClaimsOfARefusedToken(t *testing.T) {
	f := newFixture(t)
	token, _, err := f.dir.Issue(f.p, arm)
	require.NoError(t, err)
	f.now = f.now.Add(48 * time.Hour)
	_, err = f.verify(t, token, arm)
	require.ErrorIs(t, err, identity.ErrTokenExpired)
	claimed := identity.Claimed(token)
	assert.Equal(t, []string{f.p.ObjectID, tenant, client},
		[]string{claimed.ObjectID, claimed.TenantID, claimed.ClientID})
	for _, unreadable := range []string{"", "a.b.c", "secret"} {
		assert.Equal(t, identity.Principal{}, identity.Claimed(unreadable), unreadable)
	}
}
