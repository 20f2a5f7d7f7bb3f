package keyvault_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/keyvault/armkeyvault"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/armtest"
	"github.com/crossorg/crossorg/internal/azure/keyvault"
)

const (
	group   = armtest.GroupName
	name    = "contoso-vault"
	vaultID = armtest.Group + "/providers/Microsoft.KeyVault/vaults/" + name
)

// world is a control plane with vaults that answer at ports of their own.
type world struct {
	*armtest.Azure
	ctx       context.Context
	endpoints *keyvault.Endpoints
	first     int // of the vaults' ports
}

// Every world has a block of ports, below those that the system gives out. Blocks begin at random, so that test runs at
// the same time rarely meet.
const portBlock = 64

var (
	firstPort = 10_000 + rand.IntN(300)*portBlock
	worlds    atomic.Int32
)

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
	t.Parallel()
	w := &world{ctx: t.Context(), first: firstPort + int(worlds.Add(1))*portBlock}
	w.endpoints = keyvault.NewEndpoints(listen, w.first)
	w.Azure = armtest.New(t, armtest.Config{
		APIVersion: "2023-02-01",
		Providers:  func(*armtest.Azure) []*arm.Provider { return []*arm.Provider{keyvault.New(w.endpoints)} },
	})
	require.NoError(t, w.endpoints.Open(w.Server(), keyvault.NewHandler(w.Server())))
	t.Cleanup(func() { require.NoError(t, w.endpoints.Close()) })
	return w
}

// factory makes the official clients of an organization.
func (w *world) factory(o *armtest.Organization) *armkeyvault.ClientFactory {
	f, err := armkeyvault.NewClientFactory(o.Subscription, o, w.ClientOptions())
	require.NoError(w.T, err)
	return f
}

func (w *world) vaults() *armkeyvault.VaultsClient { return w.factory(w.Contoso).NewVaultsClient() }

// properties of a vault as the program makes it, changed as needed.
func properties(change ...func(p *armkeyvault.VaultProperties)) armkeyvault.VaultProperties {
	p := armkeyvault.VaultProperties{
		TenantID: to.Ptr(armtest.Tenant),
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

// recovered asks for a deleted vault back.
func recovered(p *armkeyvault.VaultProperties) { p.CreateMode = to.Ptr(armkeyvault.CreateModeRecover) }

func (w *world) create(
	o *armtest.Organization, vault string, p armkeyvault.VaultProperties,
) (armkeyvault.Vault, error) {
	poller, err := w.factory(o).NewVaultsClient().BeginCreateOrUpdate(w.ctx, group, vault,
		armkeyvault.VaultCreateOrUpdateParameters{
			Location: to.Ptr("eastus"), Properties: &p, Tags: map[string]*string{"purpose": to.Ptr("sharing")},
		}, nil)
	res, err := armtest.Done(poller, err)
	return res.Vault, err
}

func (w *world) mustCreate(p armkeyvault.VaultProperties) armkeyvault.Vault {
	w.T.Helper()
	v, err := w.create(w.Contoso, name, p)
	require.NoError(w.T, err)
	return v
}

func (w *world) delete() {
	w.T.Helper()
	_, err := w.vaults().Delete(w.ctx, group, name, nil)
	require.NoError(w.T, err)
}

func (w *world) deleted() []*armkeyvault.DeletedVault {
	w.T.Helper()
	return armtest.All[*armkeyvault.DeletedVault](w.T, w.vaults().NewListDeletedPager(nil))
}

func (w *world) purge() error {
	_, err := armtest.Done(w.vaults().BeginPurgeDeleted(w.ctx, name, "eastus", nil))
	return err
}
