package datashare_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/datashare/armdatashare"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/armtest"
	"github.com/crossorg/crossorg/internal/azure/blob"
	"github.com/crossorg/crossorg/internal/azure/datashare"
	"github.com/crossorg/crossorg/internal/azure/identity"
	"github.com/crossorg/crossorg/internal/azure/roles"
)

const (
	group   = armtest.GroupName
	account = "exchange"
)

// world is an Azure with two organizations: contoso provides, fabrikam consumes.
type world struct {
	*armtest.Azure
	ctx   context.Context
	scale float64 // of the latency, from the next start of the control plane on

	contoso, fabrikam *org
}

// org is an organization with a storage account and a Data Share account.
type org struct {
	*armtest.Organization
	w         *world
	storage   string
	container string
	client    *armdatashare.ClientFactory
	identity  identity.Principal // of the Data Share account
	role      string             // that the identity needs on the storage account
}

func newWorld(t *testing.T) *world { return newWorldWith(t, datashare.Options{}) }

func newWorldWith(t *testing.T, options datashare.Options) *world {
	t.Parallel()
	w := &world{ctx: t.Context()}
	w.Azure = armtest.New(t, armtest.Config{
		Providers: func(a *armtest.Azure) []*arm.Provider {
			return []*arm.Provider{datashare.New(a.Content(), a.Directory, options)}
		},
		Control: func(o *arm.Options) { o.Latency.Scale = w.scale },
	})
	w.contoso = w.org(w.Contoso, "contosodata", "shared-datasets", roles.BlobDataReader)
	w.fabrikam = w.org(w.Fabrikam, "fabrikamdata", "landing", roles.BlobDataContributor)
	return w
}

// advanceTo advances the clock to the next time that it is the hour, in UTC.
func (w *world) advanceTo(hour int) {
	now := w.Server().Now()
	at := time.Date(now.Year(), now.Month(), now.Day(), hour, 0, 0, 0, time.UTC)
	if !at.After(now) {
		at = at.Add(24 * time.Hour)
	}
	w.Advance(at.Sub(now))
}

// org gives an organization its storage, and a Data Share account whose identity has no role yet.
func (w *world) org(of *armtest.Organization, storage, container, role string) *org {
	o := &org{Organization: of, w: w, storage: storage, container: container, role: role}
	w.Plant(o.storageID())
	w.Plant(o.containerID())
	o.client = w.client(o.Caller, o.Subscription)
	making, err := o.client.NewAccountsClient().BeginCreate(w.ctx, group, account, armdatashare.Account{
		Location: to.Ptr("eastus"), Identity: &armdatashare.Identity{Type: to.Ptr(armdatashare.TypeSystemAssigned)},
	}, nil)
	made := armtest.Must(w.T, making, err)
	require.Equal(w.T, armdatashare.ProvisioningStateSucceeded, *made.Properties.ProvisioningState)
	o.identity.ObjectID = *made.Identity.PrincipalID
	return o
}

// client is the official client of a subscription.
func (w *world) client(credential azcore.TokenCredential, subscription string) *armdatashare.ClientFactory {
	f, err := armdatashare.NewClientFactory(subscription, credential, w.ClientOptions())
	require.NoError(w.T, err)
	return f
}

// plant stores a resource of another provider with its properties.
func (w *world) plant(id string, properties map[string]any) {
	w.Plant(id, map[string]any{"properties": properties})
}

// resource is the id of a resource in the organization's group.
func (o *org) resource(path string) string {
	return "/subscriptions/" + o.Subscription + "/resourceGroups/" + group + "/providers/" + path
}

func (o *org) storageID() string { return o.resource("Microsoft.Storage/storageAccounts/" + o.storage) }

func (o *org) containerID() string {
	return o.storageID() + "/blobServices/default/containers/" + o.container
}

func (o *org) accountID() string { return o.resource("Microsoft.DataShare/accounts/" + account) }

// grant gives the Data Share account's identity its role on the storage account, ungrant takes it.
func (o *org) grant() { o.w.Grant(o.identity, o.role, o.storageID()) }

func (o *org) ungrant() { o.w.Revoke(o.identity, o.role, o.storageID()) }

func (o *org) put(name, text string) {
	_, err := o.w.Content().Put(o.w.ctx, o.blob(name), strings.NewReader(text), blob.PutOptions{})
	require.NoError(o.w.T, err)
}

// remove deletes a blob of the organization's container.
func (o *org) remove(name string) {
	require.NoError(o.w.T, o.w.Content().Delete(o.blob(name)))
}

func (o *org) blob(name string) blob.Key {
	return blob.Key{Account: o.storage, Container: o.container, Name: name}
}

// blobs is the container's content: the SHA-256 by name.
func (o *org) blobs() map[string]string {
	items, err := o.w.Content().List(o.storage, o.container, "")
	require.NoError(o.w.T, err)
	out := map[string]string{}
	for _, it := range items {
		out[it.Name] = it.SHA256
	}
	return out
}

func storageMissing(o *org) string {
	return fmt.Sprintf("Missing permissions for DataShareAccount on resource '%s'", o.storageID())
}
