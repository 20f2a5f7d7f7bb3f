package keyvault_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/armtest"
	"github.com/crossorg/crossorg/internal/azure/keyvault"
	"github.com/crossorg/crossorg/internal/azure/roles"
)

func (w *world) uri(port int) string { return fmt.Sprintf("https://127.0.0.1:%d/", port) }

// listening reports whether anybody answers at a port.
func listening(t *testing.T, port int) bool {
	c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		require.ErrorIs(t, err, syscall.ECONNREFUSED)
		return false
	}
	require.NoError(t, c.Close())
	return true
}

// Vaults do not see each other's secrets, though their paths are the same.
func TestEveryVaultHasAnEndpointOfItsOwn(t *testing.T) {
	w := newWorld(t)
	w.mustCreate(properties())
	other, err := w.create(w.Contoso, "fabrikam-vault", properties())
	require.NoError(t, err)
	require.Equal(t, w.uri(w.first+1), *other.Properties.VaultURI)
	r := w.grant(w.newcomer(armtest.Tenant, "officer"), roles.KeyVaultSecretsOfficer,
		"/subscriptions/"+armtest.Subscription)
	mine, theirs := w.secrets(r), w.secretsAt(*other.Properties.VaultURI, false, r)
	w.set(mine, "password", "mine")
	_, err = theirs.GetSecret(w.ctx, "password", "", nil)
	armtest.Refused(t, err, http.StatusNotFound, "SecretNotFound")
	w.set(theirs, "password", "theirs")
	got, err := mine.GetSecret(w.ctx, "password", "", nil)
	require.NoError(t, err)
	require.Equal(t, "mine", *got.Value)
}

// Ports that are taken are left out.
func TestPortsThatAreTakenAreLeftOut(t *testing.T) {
	w := newWorld(t)
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", w.first))
	require.NoError(t, err)
	defer l.Close()
	require.Equal(t, w.uri(w.first+1), *w.mustCreate(properties()).Properties.VaultURI)
}

// The port stays the vault's until it is purged: other vaults get others, and it comes back there, or says why it
// cannot.
func TestADeletedVaultKeepsItsPortUntilItIsPurged(t *testing.T) {
	w := newWorld(t)
	w.mustCreate(properties())
	w.delete()
	require.False(t, listening(t, w.first))
	other, err := w.create(w.Contoso, "fabrikam-vault", properties())
	require.NoError(t, err)
	require.Equal(t, w.uri(w.first+1), *other.Properties.VaultURI)

	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", w.first))
	require.NoError(t, err)
	_, err = w.create(w.Contoso, name, properties(recovered))
	require.Contains(t, armtest.Refused(t, err, http.StatusConflict, "EndpointNotAvailable"), fmt.Sprint(w.first))
	require.NoError(t, l.Close())
	require.Equal(t, w.uri(w.first), *w.mustCreate(properties(recovered)).Properties.VaultURI)
	require.True(t, listening(t, w.first))

	w.delete()
	require.NoError(t, w.purge())
	require.NoError(t, w.Server().View(func(c *arm.Call) error {
		require.False(t, c.Tx.Has("keyvault.ports", name), "the port is free when the home is opened next")
		require.True(t, c.Tx.Has("keyvault.ports", "fabrikam-vault"))
		return nil
	}))
}

// A group takes its vaults' endpoints with it.
func TestAVaultThatGoesWithItsGroupIsClosed(t *testing.T) {
	w := newWorld(t)
	w.mustCreate(properties())
	require.NoError(t, w.Server().Update(func(c *arm.Call) error {
		r, ok := c.Get(arm.ID{Subscription: armtest.Subscription, ResourceGroup: group}.Group())
		require.True(t, ok)
		if err := w.Server().RemoveTree(c, r); err != nil {
			return err
		}
		return nil
	}))
	require.False(t, listening(t, w.first))
}

// Opened again, every vault is where it was; a port that another process has meanwhile is named with the vault.
func TestVaultsListenAgain(t *testing.T) {
	w := newWorld(t)
	w.mustCreate(properties())
	_, err := w.create(w.Contoso, "deleted-vault", properties())
	require.NoError(t, err)
	_, err = w.vaults().Delete(context.Background(), group, "deleted-vault", nil)
	require.NoError(t, err)
	require.NoError(t, w.endpoints.Close())
	require.False(t, listening(t, w.first))

	again := keyvault.NewEndpoints(listen, w.first)
	require.NoError(t, again.Open(w.Server(), keyvault.NewHandler(w.Server())))
	require.True(t, listening(t, w.first))
	require.False(t, listening(t, w.first+1), "Ensure nobody answers for a deleted vault")
	require.NoError(t, again.Close())

	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", w.first))
	require.NoError(t, err)
	defer l.Close()
	err = keyvault.NewEndpoints(listen, w.first).Open(w.Server(), keyvault.NewHandler(w.Server()))
	require.ErrorContains(t, err, name)
	require.ErrorContains(t, err, fmt.Sprint(w.first))
}

// A deletion that is taken back closes nothing.
func TestOnlyADeletionThatHoldsCloses(t *testing.T) {
	w := newWorld(t)
	w.mustCreate(properties())
	failed := fmt.Errorf("in the end")
	require.ErrorIs(t, w.Server().Update(func(c *arm.Call) error {
		r, _ := c.GetByID(vaultID)
		if err := w.Server().RemoveTree(c, r); err != nil {
			return err
		}
		return failed
	}), failed)
	require.True(t, listening(t, w.first))
}
