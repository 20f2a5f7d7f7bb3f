package conformance

import (
	"bytes"
	"net/http"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/datashare/armdatashare"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// sharing is a Data Share account with its identity.
type sharing struct{ id, principal string }

func (t *T) shareAccountBody() object {
	return object{"location": t.Env.Location, "identity": object{"type": "SystemAssigned"},
		"tags": object{"made-by": "conformance"}, "properties": object{}}
}

// shareAccount is an organization's Data Share account, whose identity has no role of its own.
func (t *T) shareAccount(o *Org) sharing {
	t.Helper()
	return share(t, "Data Share account of "+o.Subscription, func() sharing {
		return t.newShareAccount(o)
	})
}

func (t *T) newShareAccount(o *Org) sharing {
	t.Helper()
	id := t.inGroup(o, shareAccounts, t.name(20))
	t.made(o, id, shareVersion, t.shareAccountBody())
	principal := text(t.there(o, id, shareVersion), "identity", "principalId")
	require.NotEmpty(t, principal, "a Data Share account has an identity of its own")
	return sharing{id: id, principal: principal}
}

// assign gives a principal a role at a scope and returns the assignment's id. It is taken back after the promise.
func (t *T) assign(o *Org, scope, role, principal string) string {
	t.Helper()
	id := scope + "/providers/Microsoft.Authorization/roleAssignments/" + uuid.NewString()
	t.assignAs(o, id, role, principal)
	t.Cleanup(func() {
		if err := t.remove(o, id, rolesVersion); err != nil {
			t.Logf("%s was not deleted: %v", id, err)
		}
	})
	return id
}

func (t *T) assignAs(o *Org, id, role, principal string) {
	t.Helper()
	t.made(o, id, rolesVersion, object{"properties": object{
		"principalId": principal, "principalType": "ServicePrincipal", "roleDefinitionId": roleID(o, role),
	}})
}

// ground is where an organization's Data Share account may read (the provider's) or write (the consumer's): the
// account, and a storage account on which the identity holds its role.
type ground struct {
	sharing
	storage string
}

// source is the provider's ground, target the consumer's.
func (t *T) source() ground { return t.ground(t.Env.Provider, "source", roleBlobReader) }
func (t *T) target() ground { return t.ground(t.Env.Consumer, "target", roleBlobContributor) }

func (t *T) ground(o *Org, side, role string) ground {
	t.Helper()
	return share(t, side+" of "+o.Subscription, func() ground {
		g := ground{sharing: t.newShareAccount(o), storage: t.inGroup(o, storageType, t.name(20))}
		t.made(o, g.storage, storageVersion, t.accountBody())
		t.assignAs(o, g.storage+"/providers/Microsoft.Authorization/roleAssignments/"+uuid.NewString(), role,
			g.principal)
		return g
	})
}

// sourceContainer is a new container of the provider's ground with one blob.
func (t *T) sourceContainer() string {
	t.Helper()
	id := t.containerIn(t.Env.Provider, t.source().storage)
	t.upload(t.Env.Provider, id, sourceFile, sourceText)
	return id
}

// blobs is the SDK's client for an account's blobs, signed in with the account's key.
func (t *T) blobs(o *Org, account string) *azblob.Client {
	t.Helper()
	client := t.storage(o).NewAccountsClient()
	keys, err := client.ListKeys(t.ctx(), groupOf(account), segment(account, "storageAccounts"), nil)
	require.NoError(t, err)
	key, err := azblob.NewSharedKeyCredential(segment(account, "storageAccounts"), *keys.Keys[0].Value)
	require.NoError(t, err)
	c, err := azblob.NewClientWithSharedKeyCredential(t.blobEndpoint(o, account), key,
		&azblob.ClientOptions{ClientOptions: t.clientOptions()})
	require.NoError(t, err)
	return c
}

// blobEndpoint is the base URL of an account's blobs.
func (t *T) blobEndpoint(o *Org, account string) string {
	t.Helper()
	url := text(t.there(o, account, storageVersion), "properties", "primaryEndpoints", "blob")
	require.NotEmpty(t, url, "a storage account says where its blobs are")
	return url
}

// accountOf is the storage account of what lies in it.
func accountOf(id string) string { return id[:strings.Index(id, "/blobServices/")] }

func (t *T) upload(o *Org, container, name, content string) {
	t.Helper()
	_, err := t.blobs(o, accountOf(container)).UploadBuffer(t.ctx(), nameOf(container), name, []byte(content), nil)
	require.NoError(t, err)
}

// download returns a blob's content; ok is false if it is not there.
func (t *T) download(o *Org, container, name string) (content string, ok bool) {
	t.Helper()
	res, err := t.blobs(o, accountOf(container)).DownloadStream(t.ctx(), nameOf(container), name, nil)
	if bloberror.HasCode(err, bloberror.BlobNotFound) {
		return "", false
	}
	require.NoError(t, err)
	defer res.Body.Close()
	var b bytes.Buffer
	_, err = b.ReadFrom(res.Body)
	require.NoError(t, err)
	return b.String(), true
}

// newShare is a new share of the provider.
func (t *T) newShare(account string) string {
	t.Helper()
	id := account + "/shares/" + t.name(20)
	t.made(t.Env.Provider, id, shareVersion,
		object{"properties": object{"shareKind": "CopyBased", "description": "Finance", "terms": "Internal use only"}})
	return id
}

// where is the part of a data set or mapping that names a container.
func where(o *Org, container string) object {
	return object{
		"subscriptionId": o.Subscription, "resourceGroup": groupOf(container),
		"storageAccountName": segment(container, "storageAccounts"),
		"containerName":      nameOf(container),
	}
}

// kinds of data sets of plain blob accounts, with the property that says which part of the container is meant.
var kinds = []struct{ kind, property, value string }{
	{"Blob", "filePath", sourceFile}, {"BlobFolder", "prefix", "reports"}, {"Container", "", ""},
}

func dataOf(kind string, at object) object {
	for _, k := range kinds {
		if k.kind == kind && k.property != "" {
			at = with(at, k.value, k.property)
		}
	}
	return object{"kind": kind, "properties": at}
}

// newDataSet is a new data set in a share of the provider's ground.
func (t *T) newDataSet(share, container, kind string) object {
	t.Helper()
	id := share + "/dataSets/" + t.name(20)
	p := dataOf(kind, where(t.Env.Provider, container))
	require.NoError(t, t.until(func() error {
		_, err := t.put(t.Env.Provider, id, shareVersion, p)
		return err
	}))
	return t.readKind(t.Env.Provider, id)
}

// readKind reads what differs by kind.
func (t *T) readKind(o *Org, id string) object {
	t.Helper()
	res, body := t.request(o, http.MethodGet, id+"?api-version="+shareVersion, nil)
	require.Equal(t, http.StatusOK, res.StatusCode, body)
	return body
}

// invite sends an invitation for a share to the consumer and returns its id and its invitation id.
func (t *T) invite(share string) (id, invitationID string) {
	t.Helper()
	id = share + "/invitations/" + t.name(20)
	t.made(t.Env.Provider, id, shareVersion, t.invitationBody())
	return id, text(t.there(t.Env.Provider, id, shareVersion), "properties", "invitationId")
}

func (t *T) invitationBody() object {
	return object{"properties": object{"targetActiveDirectoryId": t.Env.Consumer.Tenant,
		"targetObjectId": t.objectID(t.Env.Consumer)}}
}

func (t *T) acceptBody(invitationID string) object {
	return object{"properties": object{"invitationId": invitationID, "sourceShareLocation": t.Env.Location}}
}

// received is a share from both sides: the provider's share and the consumer's subscription to it.
type received struct {
	share, subscription, container, target string
	dataSets                               map[string]string // data set id by kind
}

// receive makes a share with data sets of the given kinds and has the consumer accept it.
func (t *T) receive(kinds ...string) received {
	t.Helper()
	r := received{share: t.newShare(t.source().id), container: t.sourceContainer(), dataSets: map[string]string{}}
	for _, kind := range kinds {
		r.dataSets[kind] = text(t.newDataSet(r.share, r.container, kind), "properties", "dataSetId")
	}
	_, invitation := t.invite(r.share)
	r.target = t.containerIn(t.Env.Consumer, t.target().storage)
	r.subscription = t.target().id + "/shareSubscriptions/" + t.name(20)
	t.made(t.Env.Consumer, r.subscription, shareVersion, t.acceptBody(invitation))
	return r
}

// schedule makes the share's snapshot schedule.
func (t *T) schedule(share string) string {
	t.Helper()
	id := share + "/synchronizationSettings/" + t.name(20)
	t.made(t.Env.Provider, id, shareVersion, scheduleBody())
	return id
}

func scheduleBody() object {
	return object{"kind": "ScheduleBased",
		"properties": object{"recurrenceInterval": "Day", "synchronizationTime": scheduleStart}}
}

// mapTo maps a data set of a kind into the consumer's container.
func (t *T) mapTo(r received, kind string) string {
	t.Helper()
	id := r.subscription + "/dataSetMappings/" + t.name(20)
	require.NoError(t, t.until(func() error {
		_, err := t.put(t.Env.Consumer, id, shareVersion, t.mappingBody(r, kind))
		return err
	}))
	return id
}

func (t *T) mappingBody(r received, kind string) object {
	return dataOf(kind, with(where(t.Env.Consumer, r.target), r.dataSets[kind], "dataSetId"))
}

// scheduled is a subscription to a share with a snapshot schedule.
func (t *T) scheduled() string {
	t.Helper()
	r := t.receive()
	t.schedule(r.share)
	return r.subscription
}

// granted waits until the role of the provider's ground holds: a data set is accepted. It returns its argument.
func (t *T) granted(shareID string) string {
	t.Helper()
	share(t, "grant of the source", func() bool {
		t.newDataSet(t.newShare(t.source().id), t.sourceContainer(), "Container")
		return true
	})
	return shareID
}

// offered is the id of the one data set that the share behind a mapping's subscription has, as the consumer sees it.
func (t *T) offered(mappingID string) string {
	t.Helper()
	client := t.datashare(t.Env.Consumer).NewConsumerSourceDataSetsClient()
	sets := pages[*armdatashare.ConsumerSourceDataSet](t, client.NewListByShareSubscriptionPager(
		groupOf(mappingID), segment(mappingID, "accounts"), segment(mappingID, "shareSubscriptions"), nil))
	require.Len(t, sets, 1)
	return *sets[0].Properties.DataSetID
}
