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

const (
	shareVersion  = "2021-08-01"
	shareAccounts = "Microsoft.DataShare/accounts"
	shares        = shareAccounts + "/shares"
	subscriptions = shareAccounts + "/shareSubscriptions"
	docsShareREST = "https://learn.microsoft.com/rest/api/datashare/"
	// scheduleStart is when the schedules of the promises began: long ago, so that nothing is due while they are asked.
	scheduleStart = "2025-01-01T06:00:00Z"
	sourceFile    = "reports/transactions.csv"
	sourceText    = "transaction_id,amount\nTXN001,15000.00\n"
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

func datashareTypes() []*lifecycle {
	provider := func(t *T) *Org { return t.Env.Provider }
	location := func(t *T, b object) object { return with(b, t.Env.OtherLocation, "location") }
	out := []*lifecycle{
		{
			area: shareAccounts, version: shareVersion, source: docsShareREST + "accounts/create",
			parent:        func(t *T) string { return groupID(provider(t), t.group(provider(t))) },
			fresh:         func(t *T) string { return groupID(provider(t), t.ownGroup(provider(t))) },
			parentVersion: groupsVersion,
			body:          func(t *T, _ string) object { return t.shareAccountBody() },
			update:        func(b object) object { return with(b, object{"stage": "two"}, "tags") },
			invalid:       location, why: "to another location",
			get: func(t *T, o *Org, id string) (any, error) {
				res, err := t.datashare(o).NewAccountsClient().Get(t.ctx(), groupOf(id), nameOf(id), nil)
				return res.Account, err
			},
			ids: func(t *T, o *Org, id string) []string {
				return listedIDs(t, t.datashare(o).NewAccountsClient().NewListByResourceGroupPager(groupOf(id), nil))
			},
		},
		{
			area: shares, version: shareVersion, source: docsShareREST + "shares/create",
			parent:        func(t *T) string { return t.shareAccount(provider(t)).id },
			fresh:         func(t *T) string { return t.newShareAccount(provider(t)).id },
			parentVersion: shareVersion,
			body: func(*T, string) object {
				return object{"properties": object{"shareKind": "CopyBased", "description": "Finance",
					"terms": "Internal use only"}}
			},
			update: func(b object) object { return with(b, "Finance, revised", "properties", "description") },
			invalid: func(_ *T, b object) object {
				return with(b, "ByCarrierPigeon", "properties", "shareKind")
			},
			why: "to a kind that does not exist",
			get: func(t *T, o *Org, id string) (any, error) {
				res, err := t.datashare(o).NewSharesClient().Get(t.ctx(), groupOf(id), segment(id, "accounts"),
					nameOf(id), nil)
				return res.Share, err
			},
			ids: func(t *T, o *Org, id string) []string {
				return listedIDs(t, t.datashare(o).NewSharesClient().NewListByAccountPager(groupOf(id),
					segment(id, "accounts"), nil))
			},
		},
		{
			area: shares + "/synchronizationSettings", version: shareVersion,
			source: docsShareREST + "synchronization-settings/create", deep: true,
			parent:        func(t *T) string { return t.newShare(t.shareAccount(provider(t)).id) },
			fresh:         func(t *T) string { return t.newShare(t.shareAccount(provider(t)).id) },
			parentVersion: shareVersion,
			body:          func(*T, string) object { return scheduleBody() },
			invalid: func(_ *T, b object) object {
				return with(b, "Fortnight", "properties", "recurrenceInterval")
			},
			why: "to an interval that does not exist",
			get: func(t *T, o *Org, id string) (any, error) {
				res, err := t.datashare(o).NewSynchronizationSettingsClient().Get(t.ctx(), groupOf(id),
					segment(id, "accounts"), segment(id, "shares"), nameOf(id), nil)
				return res.SynchronizationSettingClassification, err
			},
			ids: func(t *T, o *Org, id string) []string {
				return listedIDs(t, t.datashare(o).NewSynchronizationSettingsClient().NewListBySharePager(groupOf(id),
					segment(id, "accounts"), segment(id, "shares"), nil))
			},
		},
		{
			area: shares + "/invitations", version: shareVersion, source: docsShareREST + "invitations/create",
			deep:          true,
			parent:        func(t *T) string { return t.newShare(t.shareAccount(provider(t)).id) },
			fresh:         func(t *T) string { return t.newShare(t.shareAccount(provider(t)).id) },
			parentVersion: shareVersion,
			body:          func(t *T, _ string) object { return t.invitationBody() },
			invalid: func(_ *T, b object) object {
				return with(b, "ada@fabrikam.example", "properties", "targetEmail")
			},
			why: "to an e-mail address beside a directory object",
			get: func(t *T, o *Org, id string) (any, error) {
				res, err := t.datashare(o).NewInvitationsClient().Get(t.ctx(), groupOf(id), segment(id, "accounts"),
					segment(id, "shares"), nameOf(id), nil)
				return res.Invitation, err
			},
			ids: func(t *T, o *Org, id string) []string {
				return listedIDs(t, t.datashare(o).NewInvitationsClient().NewListBySharePager(groupOf(id),
					segment(id, "accounts"), segment(id, "shares"), nil))
			},
		},
		{
			area: subscriptions, version: shareVersion, source: docsShareREST + "share-subscriptions/create",
			consumer:      true,
			parent:        func(t *T) string { return t.target().id },
			fresh:         func(t *T) string { return t.newShareAccount(t.Env.Consumer).id },
			parentVersion: shareVersion,
			body: func(t *T, _ string) object {
				_, invitation := t.invite(t.newShare(t.source().id)) // an invitation can be accepted once
				return t.acceptBody(invitation)
			},
			invalid: func(t *T, b object) object {
				return with(b, t.Env.OtherLocation, "properties",
					"sourceShareLocation")
			},
			why: "to a share elsewhere",
			get: func(t *T, o *Org, id string) (any, error) {
				res, err := t.datashare(o).NewShareSubscriptionsClient().Get(t.ctx(), groupOf(id),
					segment(id, "accounts"), nameOf(id), nil)
				return res.ShareSubscription, err
			},
			ids: func(t *T, o *Org, id string) []string {
				return listedIDs(t, t.datashare(o).NewShareSubscriptionsClient().NewListByAccountPager(groupOf(id),
					segment(id, "accounts"), nil))
			},
		},
		{
			area: subscriptions + "/triggers", version: shareVersion, source: docsShareREST + "triggers/create",
			consumer: true, deep: true,
			parent:        func(t *T) string { return t.scheduled() },
			fresh:         func(t *T) string { return t.scheduled() },
			parentVersion: shareVersion,
			body: func(*T, string) object {
				return object{"kind": "ScheduleBased", "properties": object{
					"recurrenceInterval": "Day", "synchronizationTime": scheduleStart,
					"synchronizationMode": "Incremental",
				}}
			},
			invalid: func(_ *T, b object) object {
				return with(b, "Hour", "properties", "recurrenceInterval")
			},
			why: "to a schedule that is not the provider's",
			get: func(t *T, o *Org, id string) (any, error) {
				res, err := t.datashare(o).NewTriggersClient().Get(t.ctx(), groupOf(id), segment(id, "accounts"),
					segment(id, "shareSubscriptions"), nameOf(id), nil)
				return res.TriggerClassification, err
			},
			ids: func(t *T, o *Org, id string) []string {
				return listedIDs(t, t.datashare(o).NewTriggersClient().NewListByShareSubscriptionPager(groupOf(id),
					segment(id, "accounts"), segment(id, "shareSubscriptions"), nil))
			},
		},
	}
	for _, k := range kinds {
		out = append(out, dataSetType(k.kind), mappingType(k.kind))
	}
	return out
}

// scheduled is a subscription to a share with a snapshot schedule.
func (t *T) scheduled() string {
	t.Helper()
	r := t.receive()
	t.schedule(r.share)
	return r.subscription
}

func dataSetType(kind string) *lifecycle {
	return &lifecycle{
		area: shares + "/dataSets", variant: kind, version: shareVersion, source: docsShareREST + "data-sets/create",
		deep:          true,
		parent:        func(t *T) string { return t.granted(t.newShare(t.source().id)) },
		fresh:         func(t *T) string { return t.granted(t.newShare(t.source().id)) },
		parentVersion: shareVersion,
		body: func(t *T, _ string) object {
			return dataOf(kind, where(t.Env.Provider, t.sourceContainer()))
		},
		invalid: func(t *T, b object) object {
			return with(b, nameOf(t.sourceContainer()), "properties", "containerName")
		},
		why: "to another container",
		get: func(t *T, o *Org, id string) (any, error) {
			res, err := t.datashare(o).NewDataSetsClient().Get(t.ctx(), groupOf(id), segment(id, "accounts"),
				segment(id, "shares"), nameOf(id), nil)
			return res.DataSetClassification, err
		},
		ids: func(t *T, o *Org, id string) []string {
			return listedIDs(t, t.datashare(o).NewDataSetsClient().NewListBySharePager(groupOf(id),
				segment(id, "accounts"), segment(id, "shares"), nil))
		},
	}
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

func mappingType(kind string) *lifecycle {
	accepted := func(t *T) string {
		r := t.receive(kind)
		share(t, "grant of the target", func() bool {
			t.mapTo(t.receive("Container"), "Container")
			return true
		})
		return r.subscription
	}
	return &lifecycle{
		area: subscriptions + "/dataSetMappings", variant: kind, version: shareVersion,
		source: docsShareREST + "data-set-mappings/create", consumer: true, deep: true,
		parent: accepted, fresh: accepted, parentVersion: shareVersion,
		body: func(t *T, id string) object {
			container := t.containerIn(t.Env.Consumer, t.target().storage)
			return dataOf(kind, with(where(t.Env.Consumer, container), t.offered(id), "dataSetId"))
		},
		invalid: func(t *T, b object) object { return with(b, uuid.NewString(), "properties", "dataSetId") },
		why:     "to a data set that is not in the share",
		get: func(t *T, o *Org, id string) (any, error) {
			res, err := t.datashare(o).NewDataSetMappingsClient().Get(t.ctx(), groupOf(id), segment(id, "accounts"),
				segment(id, "shareSubscriptions"), nameOf(id), nil)
			return res.DataSetMappingClassification, err
		},
		ids: func(t *T, o *Org, id string) []string {
			return listedIDs(t, t.datashare(o).NewDataSetMappingsClient().NewListByShareSubscriptionPager(groupOf(id),
				segment(id, "accounts"), segment(id, "shareSubscriptions"), nil))
		},
	}
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
