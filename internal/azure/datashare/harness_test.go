package datashare_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azarm "github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/datashare/armdatashare"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/blob"
	"github.com/crossorg/crossorg/internal/azure/datashare"
	"github.com/crossorg/crossorg/internal/azure/identity"
	"github.com/crossorg/crossorg/internal/azure/store"
)

const (
	owner           = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
	blobReader      = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
	blobContributor = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
	group           = "sharing"
	account         = "exchange"
)

// world is an Azure with two organizations, each in a tenant of its own: contoso provides, fabrikam consumes.
type world struct {
	t       *testing.T
	ctx     context.Context
	st      *store.Store
	dir     *identity.Directory
	content *blob.Content
	front   *httptest.Server

	mu     sync.Mutex
	server *arm.Server
	offset time.Duration
	scale  float64 // of the latency

	contoso, fabrikam *org
}

// org is an organization: its subscription, who deploys it, a storage account, and the official client.
type org struct {
	w           *world
	tenant, sub string
	principal   identity.Principal
	storage     string
	container   string
	client      *armdatashare.ClientFactory
	accountID   string // object id of the Data Share account's identity
	role        string // what that identity needs on the storage account
}

func newWorld(t *testing.T) *world {
	t.Parallel() // worlds share nothing
	w := &world{t: t, ctx: context.Background()}
	home := t.TempDir()
	var err error
	w.st, err = store.Open(filepath.Join(home, "state.db"))
	require.NoError(t, err)
	w.front = httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter,
		r *http.Request) {
		w.arm().ServeHTTP(rw, r)
	}))
	w.dir, err = identity.NewDirectory(w.st, w.front.URL, w.now)
	require.NoError(t, err)
	w.content, err = blob.NewContent(w.st, filepath.Join(home, "blobs"))
	require.NoError(t, err)
	w.start()
	t.Cleanup(func() {
		w.front.Close()
		w.arm().Close()
		require.NoError(t, w.content.Close())
		require.NoError(t, w.st.Close())
	})
	w.contoso = w.org("contoso", "11111111", blobReader, "shared-datasets")
	w.fabrikam = w.org("fabrikam", "22222222", blobContributor, "landing")
	return w
}

func (w *world) start() { w.startWith(false) }

func (w *world) startWith(catchUp bool) {
	s, err := arm.NewServer(arm.Options{
		CatchUp: catchUp, Store: w.st, Directory: w.dir, Now: w.now, Endpoints: arm.Endpoints{Management: w.front.URL},
		Latency:   arm.Latency{Scale: w.scale},
		Providers: []*arm.Provider{datashare.New(w.content, w.dir)},
	})
	require.NoError(w.t, err)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.server = s
}

// restart stops the control plane, and opens another on the same state.
func (w *world) restart() {
	w.arm().Close()
	w.start()
}

// closedFor stops the control plane, lets time pass, and opens another that makes up for what was missed.
func (w *world) closedFor(d time.Duration) {
	w.arm().Close()
	w.advance(d)
	w.startWith(true)
	require.NoError(w.t, w.arm().CatchUp(w.ctx))
}

func (w *world) arm() *arm.Server {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.server
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Add(w.offset)
}

// advance moves the clock, and signs the organizations in again, whose tokens may have expired.
func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	w.offset += d
	w.mu.Unlock()
	for _, o := range []*org{w.contoso, w.fabrikam} {
		o.client = w.client(o.principal, o.sub)
	}
}

// pass lets time go by on the control plane's clock: what comes due on the way runs at its own time.
func (w *world) pass(d time.Duration) {
	_, err := w.arm().Advance(w.ctx, d)
	require.NoError(w.t, err)
}

// passUntil is pass up to a time of day, in UTC.
func (w *world) passUntil(hour int) {
	now := w.arm().Now()
	at := time.Date(now.Year(), now.Month(), now.Day(), hour, 0, 0, 0, time.UTC)
	if !at.After(now) {
		at = at.Add(24 * time.Hour)
	}
	w.pass(at.Sub(now))
}

// org makes an organization with its storage, and a Data Share account whose identity has no role yet.
func (w *world) org(name, digits, role, container string) *org {
	o := &org{w: w, tenant: digits + "-0000-0000-0000-000000000001", sub: digits + "-0000-0000-0000-000000000002",
		storage: name + "data", container: container, role: role}
	require.NoError(w.t, w.st.Update(func(tx *store.Tx) error {
		if err := w.dir.AddSubscription(tx,
			identity.Subscription{ID: o.sub, TenantID: o.tenant, Name: name}); err != nil {
			return err
		}
		var err error
		if o.principal, err = w.dir.AddServicePrincipal(tx, o.tenant, name, name+" deployer", "secret"); err != nil {
			return err
		}
		return w.dir.Assign(tx, identity.Assignment{ID: name + "-owner", PrincipalID: o.principal.ObjectID,
			RoleID: owner, Scope: "/subscriptions/" + o.sub})
	}))
	g := arm.ID{Subscription: o.sub, ResourceGroup: group}.Group()
	o.save(g)
	o.save(o.storageID())
	o.save(o.containerID())
	o.client = w.client(o.principal, o.sub)
	making, err := o.client.NewAccountsClient().BeginCreate(w.ctx, group, account, armdatashare.Account{
		Location: to.Ptr("eastus"), Identity: &armdatashare.Identity{Type: to.Ptr(armdatashare.TypeSystemAssigned)},
	}, nil)
	made := finish(w, making, err)
	require.Equal(w.t, armdatashare.ProvisioningStateSucceeded, *made.Properties.ProvisioningState)
	o.accountID = *made.Identity.PrincipalID
	return o
}

func (o *org) storageID() arm.ID {
	return arm.ID{Subscription: o.sub, ResourceGroup: group, Namespace: "Microsoft.Storage",
		Types: []string{"storageAccounts"}, Names: []string{o.storage}}
}

func (o *org) containerID() arm.ID {
	return o.storageID().Child("blobServices", "default").Child("containers", o.container)
}

// save puts a resource of another provider there as it would be.
func (o *org) save(id arm.ID) {
	require.NoError(o.w.t, o.w.arm().Update(func(c *arm.Call) error {
		if err := c.Save(&arm.Resource{ID: id,
			Body: map[string]any{"location": "eastus", "properties": map[string]any{}}}); err != nil {
			return err
		}
		return nil
	}))
}

// drop takes a resource of another provider away.
func (o *org) drop(id arm.ID) {
	require.NoError(o.w.t, o.w.arm().Update(func(c *arm.Call) error {
		if err := c.Remove(id); err != nil {
			return err
		}
		return nil
	}))
}

// grant gives the Data Share account's identity its role on the storage account, revoke takes it.
func (o *org) grant() {
	require.NoError(o.w.t, o.w.st.Update(func(tx *store.Tx) error { return o.w.dir.Assign(tx, o.assignment()) }))
}

func (o *org) ungrant() {
	require.NoError(o.w.t, o.w.st.Update(func(tx *store.Tx) error { return o.w.dir.Unassign(tx, o.assignment()) }))
}

func (o *org) assignment() identity.Assignment {
	return identity.Assignment{ID: o.storage + "-role", PrincipalID: o.accountID, RoleID: o.role,
		Scope: o.storageID().String()}
}

func (o *org) put(name, text string) {
	_, err := o.w.content.Put(o.w.ctx, blob.Key{Account: o.storage, Container: o.container, Name: name},
		strings.NewReader(text), blob.PutOptions{})
	require.NoError(o.w.t, err)
}

// blobs is the container's content: the SHA-256 by name.
func (o *org) blobs() map[string]string {
	items, err := o.w.content.List(o.storage, o.container, "")
	require.NoError(o.w.t, err)
	out := map[string]string{}
	for _, it := range items {
		out[it.Name] = it.SHA256
	}
	return out
}

// credential signs in as a principal of the directory.
type credential struct {
	w *world
	p identity.Principal
}

func (c credential) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	token, expires, err := c.w.dir.Issue(c.p, c.w.front.URL)
	return azcore.AccessToken{Token: token, ExpiresOn: expires}, err
}

// client is the official client, signed in as p.
func (w *world) client(p identity.Principal, subscription string) *armdatashare.ClientFactory {
	f, err := armdatashare.NewClientFactory(subscription, credential{w, p}, &azarm.ClientOptions{
		ClientOptions: policy.ClientOptions{
			Transport: w.front.Client(),
			Retry:     policy.RetryOptions{MaxRetries: -1},
			Cloud: cloud.Configuration{
				ActiveDirectoryAuthorityHost: w.front.URL,
				Services:                     map[cloud.ServiceName]cloud.ServiceConfiguration{cloud.ResourceManager: {Endpoint: w.front.URL, Audience: w.front.URL}},
			},
		},
	})
	require.NoError(w.t, err)
	return f
}

// poll waits for an operation to end. The client's own waiting has a granularity of a second.
func poll[T any](ctx context.Context, p *runtime.Poller[T]) (T, error) {
	for !p.Done() {
		if _, err := p.Poll(ctx); err != nil {
			return *new(T), err
		}
		time.Sleep(5 * time.Millisecond)
	}
	return p.Result(ctx)
}

// finish waits for an operation that must succeed.
func finish[T any](w *world, p *runtime.Poller[T], err error) T {
	w.t.Helper()
	require.NoError(w.t, err)
	out, err := poll(w.ctx, p)
	require.NoError(w.t, err)
	return out
}

// refused asserts an ARM error and returns its message.
func refused(t *testing.T, err error, status int, code string) string {
	t.Helper()
	var re *azcore.ResponseError
	require.ErrorAs(t, err, &re)
	require.Equal(t, code, re.ErrorCode, re.Error())
	require.Equal(t, status, re.StatusCode)
	return re.Error()
}

// pages collects all items of a list.
func pages[P, T any](t *testing.T, pager *runtime.Pager[P], items func(P) []T) []T {
	t.Helper()
	var out []T
	for pager.More() {
		page, err := pager.NextPage(context.Background())
		require.NoError(t, err)
		out = append(out, items(page)...)
	}
	return out
}

// The names of what the tests make.
const (
	share   = "financial-collaboration-share"
	set     = "financial-transactions"
	invite  = "to-fabrikam"
	sub     = "from-contoso"
	mapping = "landing"
	setting = "daily"
	trigger = "daily"
	file    = "financial_transactions_2025.csv"
)

var startOfSchedule = time.Date(2025, 1, 1, 6, 0, 0, 0, time.UTC)

func (o *org) createShare() {
	s, err := o.client.NewSharesClient().Create(o.w.ctx, group, account, share,
		armdatashare.Share{Properties: &armdatashare.ShareProperties{
			ShareKind: to.Ptr(armdatashare.ShareKindCopyBased), Description: to.Ptr("Financial data"),
			Terms: to.Ptr("Internal use only"),
		}}, nil)
	require.NoError(o.w.t, err)
	require.Equal(o.w.t, armdatashare.ProvisioningStateSucceeded, *s.Properties.ProvisioningState)
}

func (o *org) createDataSet(d armdatashare.DataSetClassification) (string, error) {
	res, err := o.client.NewDataSetsClient().Create(o.w.ctx, group, account, share, set, d, nil)
	if err != nil {
		return "", err
	}
	switch v := res.DataSetClassification.(type) {
	case *armdatashare.BlobDataSet:
		return *v.Properties.DataSetID, nil
	case *armdatashare.BlobFolderDataSet:
		return *v.Properties.DataSetID, nil
	case *armdatashare.BlobContainerDataSet:
		return *v.Properties.DataSetID, nil
	}
	return "", errors.New("unexpected kind of data set")
}

func (o *org) blobDataSet() *armdatashare.BlobDataSet {
	return &armdatashare.BlobDataSet{Kind: to.Ptr(armdatashare.DataSetKindBlob),
		Properties: &armdatashare.BlobProperties{
			SubscriptionID: &o.sub, ResourceGroup: to.Ptr(group), StorageAccountName: &o.storage,
			ContainerName: &o.container, FilePath: to.Ptr(file),
		}}
}

func (o *org) containerDataSet() *armdatashare.BlobContainerDataSet {
	return &armdatashare.BlobContainerDataSet{Kind: to.Ptr(armdatashare.DataSetKindContainer),
		Properties: &armdatashare.BlobContainerProperties{
			SubscriptionID: &o.sub, ResourceGroup: to.Ptr(group), StorageAccountName: &o.storage,
			ContainerName: &o.container,
		}}
}

// invite sends an invitation to the other organization's deployer and returns its invitation id.
func (o *org) invite(whom *org, expires *time.Time) string {
	res, err := o.client.NewInvitationsClient().Create(o.w.ctx, group, account, share, invite,
		armdatashare.Invitation{Properties: &armdatashare.InvitationProperties{
			TargetActiveDirectoryID: &whom.tenant, TargetObjectID: &whom.principal.ObjectID, ExpirationDate: expires,
		}}, nil)
	require.NoError(o.w.t, err)
	require.Equal(o.w.t, armdatashare.InvitationStatusPending, *res.Properties.InvitationStatus)
	return *res.Properties.InvitationID
}

func (o *org) accept(invitation, location string) (armdatashare.ShareSubscription, error) {
	return o.acceptAs(sub, invitation, location)
}

func (o *org) acceptAs(name, invitation, location string) (armdatashare.ShareSubscription, error) {
	res, err := o.client.NewShareSubscriptionsClient().Create(o.w.ctx, group, account, name,
		armdatashare.ShareSubscription{
			Properties: &armdatashare.ShareSubscriptionProperties{InvitationID: &invitation,
				SourceShareLocation: &location},
		}, nil)
	return res.ShareSubscription, err
}

func (o *org) mapBlob(dataSetID, path string) error {
	_, err := o.client.NewDataSetMappingsClient().Create(o.w.ctx, group, account, sub, mapping,
		&armdatashare.BlobDataSetMapping{
			Kind: to.Ptr(armdatashare.DataSetMappingKindBlob), Properties: &armdatashare.BlobMappingProperties{
				DataSetID: &dataSetID, SubscriptionID: &o.sub, ResourceGroup: to.Ptr(group),
				StorageAccountName: &o.storage,
				ContainerName:      &o.container, FilePath: &path,
			},
		}, nil)
	return err
}

func (o *org) mapContainer(dataSetID string) error {
	_, err := o.client.NewDataSetMappingsClient().Create(o.w.ctx, group, account, sub, mapping,
		&armdatashare.BlobContainerDataSetMapping{
			Kind: to.Ptr(armdatashare.DataSetMappingKindContainer),
			Properties: &armdatashare.BlobContainerMappingProperties{
				DataSetID: &dataSetID, SubscriptionID: &o.sub, ResourceGroup: to.Ptr(group),
				StorageAccountName: &o.storage,
				ContainerName:      &o.container,
			},
		}, nil)
	return err
}

func (o *org) setSchedule(start time.Time) {
	_, err := o.client.NewSynchronizationSettingsClient().Create(o.w.ctx, group, account, share, setting,
		&armdatashare.ScheduledSynchronizationSetting{
			Kind: to.Ptr(armdatashare.SynchronizationSettingKindScheduleBased),
			Properties: &armdatashare.ScheduledSynchronizationSettingProperties{
				RecurrenceInterval: to.Ptr(armdatashare.RecurrenceIntervalDay), SynchronizationTime: &start,
			},
		}, nil)
	require.NoError(o.w.t, err)
}

func (o *org) beginTrigger(start time.Time) (*runtime.Poller[armdatashare.TriggersClientCreateResponse], error) {
	return o.client.NewTriggersClient().BeginCreate(o.w.ctx, group, account, sub, trigger,
		&armdatashare.ScheduledTrigger{
			Kind: to.Ptr(armdatashare.TriggerKindScheduleBased), Properties: &armdatashare.ScheduledTriggerProperties{
				RecurrenceInterval: to.Ptr(armdatashare.RecurrenceIntervalDay), SynchronizationTime: &start,
			},
		}, nil)
}

func (o *org) createTrigger(start time.Time) {
	p, err := o.beginTrigger(start)
	finish(o.w, p, err)
}

func (o *org) trigger() *armdatashare.ScheduledTriggerProperties {
	res, err := o.client.NewTriggersClient().Get(o.w.ctx, group, account, sub, trigger, nil)
	require.NoError(o.w.t, err)
	return res.TriggerClassification.(*armdatashare.ScheduledTrigger).Properties
}

func (o *org) subscription() *armdatashare.ShareSubscriptionProperties {
	res, err := o.client.NewShareSubscriptionsClient().Get(o.w.ctx, group, account, sub, nil)
	require.NoError(o.w.t, err)
	return res.Properties
}

// synchronize takes a snapshot on demand and waits for it.
func (o *org) synchronize(mode armdatashare.SynchronizationMode) error {
	p, err := o.client.NewShareSubscriptionsClient().BeginSynchronize(o.w.ctx, group, account, sub,
		armdatashare.Synchronize{SynchronizationMode: &mode}, nil)
	if err != nil {
		return err
	}
	_, err = poll(o.w.ctx, p)
	return err
}

// received is the consumer's history, newest first.
func (o *org) received() []*armdatashare.ShareSubscriptionSynchronization {
	return pages(o.w.t, o.client.NewShareSubscriptionsClient().NewListSynchronizationsPager(group, account, sub, nil),
		func(p armdatashare.ShareSubscriptionsClientListSynchronizationsResponse) []*armdatashare.ShareSubscriptionSynchronization {
			return p.Value
		})
}

// details is what the run copied, for the consumer.
func (o *org) details(run *armdatashare.ShareSubscriptionSynchronization) []*armdatashare.SynchronizationDetails {
	return pages(o.w.t, o.client.NewShareSubscriptionsClient().NewListSynchronizationDetailsPager(group, account, sub,
		armdatashare.ShareSubscriptionSynchronization{SynchronizationID: run.SynchronizationID}, nil),
		func(p armdatashare.ShareSubscriptionsClientListSynchronizationDetailsResponse) []*armdatashare.SynchronizationDetails {
			return p.Value
		})
}

// sent is the provider's history, newest first.
func (o *org) sent() []*armdatashare.ShareSynchronization {
	return pages(o.w.t, o.client.NewSharesClient().NewListSynchronizationsPager(group, account, share, nil),
		func(p armdatashare.SharesClientListSynchronizationsResponse) []*armdatashare.ShareSynchronization {
			return p.Value
		})
}

// consumers are the provider's records of who has accepted.
func (o *org) consumers() []*armdatashare.ProviderShareSubscription {
	return pages(o.w.t, o.client.NewProviderShareSubscriptionsClient().NewListBySharePager(group, account, share, nil),
		func(p armdatashare.ProviderShareSubscriptionsClientListByShareResponse) []*armdatashare.ProviderShareSubscription {
			return p.Value
		})
}

// awaitRuns waits until the consumer's history has n runs, all ended.
func (o *org) awaitRuns(n int) []*armdatashare.ShareSubscriptionSynchronization {
	o.w.t.Helper()
	var runs []*armdatashare.ShareSubscriptionSynchronization
	require.Eventually(o.w.t, func() bool {
		runs = o.received()
		for _, r := range runs {
			if r.EndTime == nil {
				return false
			}
		}
		return len(runs) >= n
	}, 10*time.Second, 10*time.Millisecond)
	require.Len(o.w.t, runs, n)
	return runs
}

// shared builds everything up to an accepted, mapped share of one file.
func (w *world) shared() {
	w.contoso.put(file, "transaction_id,amount\nTXN001,15000.00\n")
	w.contoso.grant()
	w.fabrikam.grant()
	w.contoso.createShare()
	id, err := w.contoso.createDataSet(w.contoso.blobDataSet())
	require.NoError(w.t, err)
	_, err = w.fabrikam.accept(w.contoso.invite(w.fabrikam, nil), "eastus")
	require.NoError(w.t, err)
	require.NoError(w.t, w.fabrikam.mapBlob(id, file))
}

// sharedContainer is shared for a whole container.
func (w *world) sharedContainer(files ...string) {
	for _, f := range files {
		w.contoso.put(f, "content of "+f)
	}
	w.contoso.grant()
	w.fabrikam.grant()
	w.contoso.createShare()
	id, err := w.contoso.createDataSet(w.contoso.containerDataSet())
	require.NoError(w.t, err)
	_, err = w.fabrikam.accept(w.contoso.invite(w.fabrikam, nil), "eastus")
	require.NoError(w.t, err)
	require.NoError(w.t, w.fabrikam.mapContainer(id))
}

func storageMissing(o *org) string {
	return fmt.Sprintf("Missing permissions for DataShareAccount on resource '%s'", o.storageID())
}
