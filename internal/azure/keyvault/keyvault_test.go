package keyvault_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azarm "github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/keyvault/armkeyvault"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/identity"
	"github.com/crossorg/crossorg/internal/azure/keyvault"
	"github.com/crossorg/crossorg/internal/azure/resources"
	"github.com/crossorg/crossorg/internal/azure/store"
)

const (
	tenant   = "11111111-0000-0000-0000-000000000001"
	sub      = "11111111-0000-0000-0000-000000000002"
	otherSub = "11111111-0000-0000-0000-000000000003"
	owner    = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
	group    = "secrets"
	name     = "contoso-vault"
)

// world is a control plane with one tenant of two subscriptions.
type world struct {
	t         *testing.T
	ctx       context.Context
	dir       *identity.Directory
	server    *arm.Server
	store     *store.Store
	front     *httptest.Server
	endpoints *keyvault.Endpoints
	first     int // of the vaults' ports
	principal identity.Principal
	mu        sync.Mutex
	offset    time.Duration
	log       bytes.Buffer
}

// worlds keeps the ports of worlds at the same time apart.
var worlds atomic.Int32

// listen serves at a port over TLS, with the certificate that every test server's client trusts.
func listen(port int, h http.Handler) (func() error, error) {
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return nil, err
	}
	s := httptest.NewUnstartedServer(h)
	if err := s.Listener.Close(); err != nil {
		return nil, err
	}
	s.Listener = l
	s.StartTLS()
	return func() error { s.Close(); return nil }, nil
}

func newWorld(t *testing.T) *world {
	t.Parallel() // worlds share nothing
	w := &world{t: t, ctx: context.Background()}
	st, err := store.Open(filepath.Join(t.TempDir(), "state.db"))
	require.NoError(t, err)
	w.store = st
	w.first = 20000 + int(worlds.Add(1))*64
	w.endpoints = keyvault.NewEndpoints(listen, w.first)
	w.front = httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter,
		r *http.Request) {
		w.server.ServeHTTP(rw, r)
	}))
	w.dir, err = identity.NewDirectory(st, w.front.URL, w.now)
	require.NoError(t, err)
	w.server, err = arm.NewServer(arm.Options{
		Store: st, Directory: w.dir, Now: w.now, Log: &w.log, Endpoints: arm.Endpoints{Management: w.front.URL},
		Providers: []*arm.Provider{resources.New(), keyvault.New(w.endpoints)},
	})
	require.NoError(t, err)
	require.NoError(t, w.endpoints.Open(w.server, keyvault.NewHandler(w.server)))
	t.Cleanup(func() {
		w.front.Close()
		require.NoError(t, w.endpoints.Close())
		w.server.Close()
		require.NoError(t, st.Close())
	})
	require.NoError(t, st.Update(func(tx *store.Tx) error {
		var err error
		if w.principal, err = w.dir.AddServicePrincipal(tx, tenant, "deployer", "deployer", "secret"); err != nil {
			return err
		}
		for _, s := range []string{sub, otherSub} {
			if err := w.dir.AddSubscription(tx, identity.Subscription{ID: s, TenantID: tenant}); err != nil {
				return err
			}
			if err := w.dir.Assign(tx, identity.Assignment{ID: s, PrincipalID: w.principal.ObjectID, RoleID: owner,
				Scope: "/subscriptions/" + s}); err != nil {
				return err
			}
		}
		return nil
	}))
	for _, s := range []string{sub, otherSub} {
		require.NoError(t, w.server.Update(func(c *arm.Call) error {
			id := arm.ID{Subscription: s, ResourceGroup: group}.Group()
			if err := c.Save(&arm.Resource{ID: id, Body: map[string]any{"location": "eastus"}}); err != nil {
				return err
			}
			return nil
		}))
	}
	return w
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Add(w.offset)
}

func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.offset += d
}

type credential struct{ w *world }

func (c credential) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	token, expires, err := c.w.dir.Issue(c.w.principal, c.w.front.URL)
	return azcore.AccessToken{Token: token, ExpiresOn: expires}, err
}

// factory is the official client, freshly signed in.
func (w *world) factory(subscription string) *armkeyvault.ClientFactory {
	f, err := armkeyvault.NewClientFactory(subscription, credential{w},
		&azarm.ClientOptions{ClientOptions: policy.ClientOptions{
			Transport: w.front.Client(),
			Retry:     policy.RetryOptions{MaxRetries: -1},
			Cloud: cloud.Configuration{
				ActiveDirectoryAuthorityHost: w.front.URL,
				Services:                     map[cloud.ServiceName]cloud.ServiceConfiguration{cloud.ResourceManager: {Endpoint: w.front.URL, Audience: w.front.URL}},
			},
		}})
	require.NoError(w.t, err)
	return f
}

func (w *world) vaults() *armkeyvault.VaultsClient { return w.factory(sub).NewVaultsClient() }

// properties of a vault as the program makes it, changed as needed.
func properties(change ...func(p *armkeyvault.VaultProperties)) armkeyvault.VaultProperties {
	p := armkeyvault.VaultProperties{
		TenantID: to.Ptr(tenant),
		SKU: &armkeyvault.SKU{Family: to.Ptr(armkeyvault.SKUFamilyA),
			Name: to.Ptr(armkeyvault.SKUNameStandard)},
		EnableRbacAuthorization: to.Ptr(true), EnabledForDeployment: to.Ptr(true),
		EnabledForTemplateDeployment: to.Ptr(true),
	}
	for _, c := range change {
		c(&p)
	}
	return p
}

func (w *world) create(subscription, vault string, p armkeyvault.VaultProperties) (armkeyvault.Vault, error) {
	poller, err := w.factory(subscription).NewVaultsClient().BeginCreateOrUpdate(w.ctx, group, vault,
		armkeyvault.VaultCreateOrUpdateParameters{
			Location: to.Ptr("eastus"), Properties: &p, Tags: map[string]*string{"purpose": to.Ptr("sharing")},
		}, nil)
	if err != nil {
		return armkeyvault.Vault{}, err
	}
	res, err := poller.PollUntilDone(w.ctx, nil)
	return res.Vault, err
}

func (w *world) mustCreate(p armkeyvault.VaultProperties) armkeyvault.Vault {
	v, err := w.create(sub, name, p)
	require.NoError(w.t, err)
	return v
}

func (w *world) delete() {
	_, err := w.vaults().Delete(w.ctx, group, name, nil)
	require.NoError(w.t, err)
}

func (w *world) deleted() []*armkeyvault.DeletedVault {
	var out []*armkeyvault.DeletedVault
	pager := w.vaults().NewListDeletedPager(nil)
	for pager.More() {
		page, err := pager.NextPage(w.ctx)
		require.NoError(w.t, err)
		out = append(out, page.Value...)
	}
	return out
}

func (w *world) purge() error {
	p, err := w.vaults().BeginPurgeDeleted(w.ctx, name, "eastus", nil)
	if err != nil {
		return err
	}
	_, err = p.PollUntilDone(w.ctx, &runtime.PollUntilDoneOptions{Frequency: time.Second})
	return err
}

func refused(t *testing.T, err error, status int, code string) string {
	t.Helper()
	var re *azcore.ResponseError
	require.ErrorAs(t, err, &re)
	require.Equal(t, code, re.ErrorCode, re.Error())
	require.Equal(t, status, re.StatusCode)
	return re.Error()
}

func TestVaultHasWhatAzureComputes(t *testing.T) {
	w := newWorld(t)
	v := w.mustCreate(properties())
	require.Equal(t, fmt.Sprintf("https://127.0.0.1:%d/", w.first), *v.Properties.VaultURI)
	require.Equal(t, armkeyvault.VaultProvisioningStateSucceeded, *v.Properties.ProvisioningState)
	require.True(t, *v.Properties.EnableSoftDelete)
	require.EqualValues(t, 90, *v.Properties.SoftDeleteRetentionInDays)
	require.Nil(t, v.Properties.EnablePurgeProtection)
	require.Nil(t, v.Properties.HsmPoolResourceID)
	require.Nil(t, v.Properties.CreateMode)
	again := w.mustCreate(properties())
	require.Equal(t, v.Properties, again.Properties, "Ensure a repeated PUT changes nothing")
}

func TestVaultRules(t *testing.T) {
	w := newWorld(t)
	for label, c := range map[string]struct {
		vault  string
		change func(p *armkeyvault.VaultProperties)
		status int
		code   string
		text   string
	}{
		"too long a name":     {strings.Repeat("a", 25), nil, http.StatusBadRequest, "VaultNameNotValid", "3-24"},
		"consecutive hyphens": {"a--b", nil, http.StatusBadRequest, "VaultNameNotValid", "consecutive hyphens"},
		"leading digit":       {"1abc", nil, http.StatusBadRequest, "VaultNameNotValid", "begin with a letter"},
		"trailing hyphen":     {"abc-", nil, http.StatusBadRequest, "VaultNameNotValid", "end with a letter or digit"},
		"purge protection off": {name, func(p *armkeyvault.VaultProperties) { p.EnablePurgeProtection = to.Ptr(false) },
			http.StatusBadRequest, "BadRequest", `cannot be set to false`},
		"soft delete off": {name, func(p *armkeyvault.VaultProperties) { p.EnableSoftDelete = to.Ptr(false) },
			http.StatusBadRequest, "BadRequest", `enableSoftDelete`},
		"retention too short": {name,
			func(p *armkeyvault.VaultProperties) { p.SoftDeleteRetentionInDays = to.Ptr[int32](6) },
			http.StatusBadRequest, "BadRequest", "between 7 and 90"},
		"somebody else's tenant": {name,
			func(p *armkeyvault.VaultProperties) { p.TenantID = to.Ptr("99999999-0000-0000-0000-000000000001") },
			http.StatusBadRequest, "BadRequest", "tenantId"},
		"no access policies": {name, func(p *armkeyvault.VaultProperties) { p.EnableRbacAuthorization = nil },
			http.StatusBadRequest, "BadRequest", "accessPolicies"},
		"recover nothing": {name,
			func(p *armkeyvault.VaultProperties) { p.CreateMode = to.Ptr(armkeyvault.CreateModeRecover) },
			http.StatusNotFound, "DeletedVaultNotFound", name},
	} {
		t.Run(label, func(t *testing.T) {
			p := properties()
			if c.change != nil {
				c.change(&p)
			}
			_, err := w.create(sub, c.vault, p)
			require.Contains(t, refused(t, err, c.status, c.code), c.text)
		})
	}
}

// Retention is fixed once set, and purge protection once on stays on.
func TestRetentionAndPurgeProtectionAreFixed(t *testing.T) {
	w := newWorld(t)
	w.mustCreate(properties(func(p *armkeyvault.VaultProperties) {
		p.SoftDeleteRetentionInDays, p.EnablePurgeProtection = to.Ptr[int32](30), to.Ptr(true)
	}))
	_, err := w.create(sub, name,
		properties(func(p *armkeyvault.VaultProperties) { p.SoftDeleteRetentionInDays = to.Ptr[int32](31) }))
	require.Contains(t, refused(t, err, http.StatusBadRequest, "BadRequest"), "can't be modified")
	v := w.mustCreate(properties())
	require.EqualValues(t, 30, *v.Properties.SoftDeleteRetentionInDays)
	require.True(t, *v.Properties.EnablePurgeProtection)

	w.delete()
	refused(t, w.purge(), http.StatusMethodNotAllowed, "MethodNotAllowed")
	require.Len(t, w.deleted(), 1)
}

// A vault's name belongs to one subscription, also while the vault is deleted.
func TestVaultNamesAreGloballyUnique(t *testing.T) {
	w := newWorld(t)
	available := func() bool {
		res, err := w.vaults().CheckNameAvailability(w.ctx, armkeyvault.VaultCheckNameAvailabilityParameters{
			Name: to.Ptr(name), Type: to.Ptr("Microsoft.KeyVault/vaults"),
		}, nil)
		require.NoError(t, err)
		return *res.NameAvailable
	}
	require.True(t, available())
	w.mustCreate(properties())
	require.False(t, available())
	_, err := w.create(otherSub, name, properties())
	refused(t, err, http.StatusConflict, "VaultAlreadyExists")
	w.delete()
	require.False(t, available())
	_, err = w.create(otherSub, name, properties())
	refused(t, err, http.StatusConflict, "VaultAlreadyExists")
	require.NoError(t, w.purge())
	require.True(t, available())
	_, err = w.create(otherSub, name, properties())
	require.NoError(t, err)
}

// A deleted vault keeps its name until it is recovered, with its secrets, or purged.
func TestSoftDelete(t *testing.T) {
	w := newWorld(t)
	w.mustCreate(properties(func(p *armkeyvault.VaultProperties) { p.SoftDeleteRetentionInDays = to.Ptr[int32](7) }))
	written := w.putSecret("node-password", "s3cr3t")
	w.delete()

	_, err := w.vaults().Get(w.ctx, group, name, nil)
	refused(t, err, http.StatusNotFound, "ResourceNotFound")
	listed := w.deleted()
	require.Len(t, listed, 1)
	require.Equal(t, 7*24*time.Hour, listed[0].Properties.ScheduledPurgeDate.Sub(*listed[0].Properties.DeletionDate))
	require.Equal(t, "sharing", *listed[0].Properties.Tags["purpose"])
	one, err := w.vaults().GetDeleted(w.ctx, name, "eastus", nil)
	require.NoError(t, err)
	require.Contains(t, *one.Properties.VaultID, "/vaults/"+name)
	_, err = w.vaults().GetDeleted(w.ctx, name, "westeurope", nil)
	refused(t, err, http.StatusNotFound, "DeletedVaultNotFound")

	_, err = w.create(sub, name, properties())
	require.Contains(t, refused(t, err, http.StatusConflict, "ConflictError"),
		"A vault with the same name already exists in deleted state")

	v := w.mustCreate(properties(func(p *armkeyvault.VaultProperties) {
		p.CreateMode, p.EnableRbacAuthorization = to.Ptr(armkeyvault.CreateModeRecover), nil
	}))
	require.EqualValues(t, 7, *v.Properties.SoftDeleteRetentionInDays, "Ensure the vault comes back as it was")
	require.True(t, *v.Properties.EnableRbacAuthorization)
	require.Empty(t, w.deleted())
	back, err := w.factory(sub).NewSecretsClient().Get(w.ctx, group, name, "node-password", nil)
	require.NoError(t, err)
	require.Equal(t, *written.Properties.SecretURIWithVersion, *back.Properties.SecretURIWithVersion)

	w.delete()
	require.NoError(t, w.purge())
	require.Empty(t, w.deleted())
	w.mustCreate(properties())
	_, err = w.factory(sub).NewSecretsClient().Get(w.ctx, group, name, "node-password", nil)
	refused(t, err, http.StatusNotFound, "ResourceNotFound")
}

// When the retention ends the vault is purged, protected or not.
func TestRetentionEnds(t *testing.T) {
	w := newWorld(t)
	w.mustCreate(properties(func(p *armkeyvault.VaultProperties) {
		p.SoftDeleteRetentionInDays, p.EnablePurgeProtection = to.Ptr[int32](7), to.Ptr(true)
	}))
	w.putSecret("node-password", "s3cr3t")
	w.delete()
	w.advance(7*24*time.Hour + time.Minute)
	require.Empty(t, w.deleted())
	v := w.mustCreate(properties())
	require.Nil(t, v.Properties.EnablePurgeProtection)
	w.delete()
	w.mustCreate(properties(func(p *armkeyvault.VaultProperties) { p.CreateMode = to.Ptr(armkeyvault.CreateModeRecover) }))
	_, err := w.factory(sub).NewSecretsClient().Get(w.ctx, group, name, "node-password", nil)
	refused(t, err, http.StatusNotFound, "ResourceNotFound")
}

func (w *world) putSecret(secret, value string) armkeyvault.Secret {
	res, err := w.factory(sub).NewSecretsClient().CreateOrUpdate(w.ctx, group, name, secret,
		armkeyvault.SecretCreateOrUpdateParameters{
			Properties: &armkeyvault.SecretProperties{Value: &value, ContentType: to.Ptr("text/plain")},
		}, nil)
	require.NoError(w.t, err)
	return res.Secret
}

// A secret's value goes in and comes out nowhere: not in answers, not in the request log. Each value is a version.
func TestSecretsAreWriteOnly(t *testing.T) {
	w := newWorld(t)
	v := w.mustCreate(properties())
	first := w.putSecret("node-password", "s3cr3t-one")
	require.Nil(t, first.Properties.Value)
	require.Equal(t, *v.Properties.VaultURI+"secrets/node-password", *first.Properties.SecretURI)
	require.True(t, strings.HasPrefix(*first.Properties.SecretURIWithVersion, *first.Properties.SecretURI+"/"))
	require.True(t, *first.Properties.Attributes.Enabled)
	require.WithinDuration(t, w.now(), *first.Properties.Attributes.Created, time.Minute)

	second := w.putSecret("node-password", "s3cr3t-two")
	require.NotEqual(t, *first.Properties.SecretURIWithVersion, *second.Properties.SecretURIWithVersion)
	patched, err := w.factory(sub).NewSecretsClient().Update(w.ctx, group, name, "node-password",
		armkeyvault.SecretPatchParameters{
			Properties: &armkeyvault.SecretPatchProperties{Attributes: &armkeyvault.SecretAttributes{Enabled: to.Ptr(false)}},
		}, nil)
	require.NoError(t, err)
	require.Equal(t, *second.Properties.SecretURIWithVersion, *patched.Properties.SecretURIWithVersion)
	require.False(t, *patched.Properties.Attributes.Enabled)
	got, err := w.factory(sub).NewSecretsClient().Get(w.ctx, group, name, "node-password", nil)
	require.NoError(t, err)
	require.Nil(t, got.Properties.Value)
	require.NotContains(t, w.log.String(), "s3cr3t")

	req, err := http.NewRequestWithContext(w.ctx, http.MethodDelete, w.front.URL+*got.ID+"?api-version=2023-02-01", nil)
	require.NoError(t, err)
	token, err := credential{w}.GetToken(w.ctx, policy.TokenRequestOptions{})
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+token.Token)
	res, err := w.front.Client().Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusMethodNotAllowed, res.StatusCode, "Ensure ARM deletes no secret")
}

func TestAccessPoliciesAreAddedAndRemoved(t *testing.T) {
	w := newWorld(t)
	w.mustCreate(properties(func(p *armkeyvault.VaultProperties) {
		p.EnableRbacAuthorization, p.AccessPolicies = nil, []*armkeyvault.AccessPolicyEntry{}
	}))
	policy := func(object string) armkeyvault.VaultAccessPolicyParameters {
		return armkeyvault.VaultAccessPolicyParameters{Properties: &armkeyvault.VaultAccessPolicyProperties{AccessPolicies: []*armkeyvault.AccessPolicyEntry{{
			ObjectID: &object, TenantID: to.Ptr(tenant),
			Permissions: &armkeyvault.Permissions{Secrets: []*armkeyvault.SecretPermissions{to.Ptr(armkeyvault.SecretPermissionsGet)}},
		}}}}
	}
	for _, step := range []struct {
		kind   armkeyvault.AccessPolicyUpdateKind
		object string
		want   int
	}{
		{armkeyvault.AccessPolicyUpdateKindAdd, "a", 1},
		{armkeyvault.AccessPolicyUpdateKindAdd, "b", 2},
		{armkeyvault.AccessPolicyUpdateKindAdd, "b", 2},
		{armkeyvault.AccessPolicyUpdateKindRemove, "a", 1},
		{armkeyvault.AccessPolicyUpdateKindReplace, "c", 1},
		{armkeyvault.AccessPolicyUpdateKindRemove, "c", 0},
	} {
		_, err := w.vaults().UpdateAccessPolicy(w.ctx, group, name, step.kind, policy(step.object), nil)
		require.NoError(t, err)
		v, err := w.vaults().Get(w.ctx, group, name, nil)
		require.NoError(t, err)
		require.Len(t, v.Properties.AccessPolicies, step.want, "%s %s", step.kind, step.object)
	}
}
