package datashare_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/datashare/armdatashare"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/armtest"
	"github.com/crossorg/crossorg/internal/azure/roles"
)

// A share's whole life across two tenants, with the official client: what each side is refused, and what it gets.
func TestLifeOfAShare(t *testing.T) {
	w := newWorld(t)
	contoso, fabrikam := w.contoso, w.fabrikam
	contoso.put(file, "transaction_id,amount\nTXN001,15000.00\n")
	contoso.createShare()

	_, err := contoso.createDataSet(contoso.blobDataSet())
	require.Contains(t, armtest.Refused(t, err, http.StatusForbidden, "5006"), storageMissing(contoso),
		"Ensure a data set is refused until the identity may read")
	contoso.grant()
	dataSetID, err := contoso.createDataSet(contoso.blobDataSet())
	require.NoError(t, err)

	invitation := contoso.invite(fabrikam, nil)
	stranger := w.org(w.NewOrganization("northwind", "33333333-0000-4000-8000-000000000001",
		"33333333-0000-4000-8000-000000000002"), "northwinddata", "landing", roles.BlobDataContributor)
	_, err = stranger.accept(invitation, "eastus")
	armtest.Refused(t, err, http.StatusNotFound, "7001")
	_, err = fabrikam.accept(invitation, "westeurope")
	armtest.Refused(t, err, http.StatusNotFound, "7001")

	accepted, err := fabrikam.accept(invitation, "East US")
	require.NoError(t, err)
	require.Equal(t, armdatashare.ShareSubscriptionStatusActive, *accepted.Properties.ShareSubscriptionStatus)
	require.Equal(t, share, *accepted.Properties.ShareName)
	require.Equal(t, "Internal use only", *accepted.Properties.ShareTerms)
	require.Equal(t, contoso.Principal.Name, *accepted.Properties.ProviderName)
	_, err = fabrikam.accept(invitation, "eastus")
	armtest.Refused(t, err, http.StatusConflict, "ResourceAlreadyExists")
	_, err = fabrikam.acceptAs("second", invitation, "eastus")
	armtest.Refused(t, err, http.StatusNotFound, "7001")

	inv, err := contoso.client.NewInvitationsClient().Get(w.ctx, group, account, share, invite, nil)
	require.NoError(t, err)
	require.Equal(t, armdatashare.InvitationStatusAccepted, *inv.Properties.InvitationStatus)
	require.NotNil(t, inv.Properties.RespondedAt)
	require.Len(t, contoso.consumers(), 1)
	require.Equal(t, fabrikam.Principal.Name, *contoso.consumers()[0].Properties.ConsumerName)

	_, err = fabrikam.client.NewSharesClient().Get(w.ctx, group, account, share, nil)
	armtest.Refused(t, err, http.StatusNotFound, "ResourceNotFound")
	_, err = w.client(fabrikam.Caller, contoso.Subscription).NewSharesClient().Get(w.ctx, group, account, share, nil)
	armtest.Refused(t, err, http.StatusUnauthorized, "InvalidAuthenticationTokenTenant")

	offered := armtest.All[*armdatashare.ConsumerSourceDataSet](t,
		fabrikam.client.NewConsumerSourceDataSetsClient().NewListByShareSubscriptionPager(group,
			account, sub, nil))
	require.Len(t, offered, 1)
	require.Equal(t, dataSetID, *offered[0].Properties.DataSetID)
	require.Equal(t, "shared-datasets/"+file, *offered[0].Properties.DataSetPath)

	require.Contains(t, armtest.Refused(t, fabrikam.mapBlob(dataSetID, file), http.StatusForbidden, "5006"),
		storageMissing(fabrikam))
	fabrikam.grant()
	armtest.Refused(t, fabrikam.mapBlob("00000000-0000-0000-0000-000000000000", file), http.StatusBadRequest,
		"DataSetNotFound")
	armtest.Refused(t, fabrikam.mapContainer(dataSetID), http.StatusBadRequest, "DataSetMappingKindMismatch")
	require.NoError(t, fabrikam.mapBlob(dataSetID, "in/"+file))

	_, err = fabrikam.beginTrigger(startOfSchedule)
	armtest.Refused(t, err, http.StatusBadRequest, "SynchronizationSettingNotFound")
	contoso.setSchedule(startOfSchedule)
	_, err = fabrikam.beginTrigger(startOfSchedule.Add(time.Hour))
	armtest.Refused(t, err, http.StatusBadRequest, "SynchronizationSettingMismatch")
	settings := armtest.All[armdatashare.SourceShareSynchronizationSettingClassification](t,
		fabrikam.client.NewShareSubscriptionsClient().NewListSourceShareSynchronizationSettingsPager(group, account,
			sub, nil))
	require.Len(t, settings, 1)
	daily := settings[0].(*armdatashare.ScheduledSourceSynchronizationSetting)
	fabrikam.createTrigger(*daily.Properties.SynchronizationTime)
	require.Equal(t, armdatashare.TriggerStatusActive, *fabrikam.trigger().TriggerStatus)
	require.Equal(t, armdatashare.SynchronizationModeIncremental, *fabrikam.trigger().SynchronizationMode)

	require.Empty(t, fabrikam.received(), "Ensure a new trigger takes nothing before its time")
	w.Advance(24 * time.Hour)
	runs := fabrikam.awaitRuns(1)
	require.Equal(t, "Succeeded", *runs[0].Status)
	require.Equal(t, startOfSchedule.Hour(), runs[0].StartTime.UTC().Hour())
	require.Equal(t, map[string]string{"in/" + file: contoso.blobs()[file]}, fabrikam.blobs())
	details := fabrikam.details(runs[0])
	require.Len(t, details, 1)
	require.Equal(t, int64(1), *details[0].FilesWritten)
	require.Equal(t, int64(38), *details[0].SizeWritten)
	require.Equal(t, set, *details[0].Name)
	require.Equal(t, armdatashare.DataSetTypeBlob, *details[0].DataSetType)

	sent := contoso.sent()
	require.Len(t, sent, 1)
	require.Equal(t, *runs[0].SynchronizationID, *sent[0].SynchronizationID, "Ensure both sides see the same snapshot")
	require.Equal(t, fabrikam.Principal.Name, *sent[0].ConsumerName)
	theirs := armtest.All[*armdatashare.SynchronizationDetails](t,
		contoso.client.NewSharesClient().NewListSynchronizationDetailsPager(group, account, share,
			armdatashare.ShareSynchronization{SynchronizationID: sent[0].SynchronizationID}, nil))
	require.Equal(t, details, theirs)
}

// The consumer leaving takes the provider's record along, and everything can be deleted.
func TestDeletingEverythingLeavesNothing(t *testing.T) {
	w := newWorld(t)
	w.shared()
	w.contoso.setSchedule(startOfSchedule)
	w.fabrikam.takeFirst()

	gone, err := w.fabrikam.client.NewShareSubscriptionsClient().BeginDelete(w.ctx, group, account, sub, nil)
	armtest.Must(t, gone, err)
	require.Empty(t, w.contoso.consumers())
	require.NotEmpty(t, w.fabrikam.blobs(), "Ensure what was copied stays with the consumer")
	require.Len(t, w.contoso.sent(), 1, "Ensure the provider keeps its history")

	for _, o := range []*org{w.contoso, w.fabrikam} {
		p, err := o.client.NewAccountsClient().BeginDelete(w.ctx, group, account, nil)
		armtest.Must(t, p, err)
		_, err = o.client.NewAccountsClient().Get(w.ctx, group, account, nil)
		armtest.Refused(t, err, http.StatusNotFound, "ResourceNotFound")
	}
}

func TestAccountNeedsASystemIdentityAndALegalName(t *testing.T) {
	w := newWorld(t)
	accounts := w.contoso.client.NewAccountsClient()
	_, err := accounts.BeginCreate(w.ctx, group, "xy", armdatashare.Account{
		Location: to.Ptr("eastus"), Identity: &armdatashare.Identity{Type: to.Ptr(armdatashare.TypeSystemAssigned)},
	}, nil)
	armtest.Refused(t, err, http.StatusBadRequest, "InvalidResourceName")
	_, err = accounts.BeginCreate(w.ctx, group, "without-identity", armdatashare.Account{Location: to.Ptr("eastus")},
		nil)
	armtest.Refused(t, err, http.StatusBadRequest, "InvalidRequestContent")
}

// Tags change in place; the identity that roles were given to stays.
func TestUpdatingAnAccountKeepsItsIdentity(t *testing.T) {
	w := newWorld(t)
	res, err := w.contoso.client.NewAccountsClient().Update(w.ctx, group, account, armdatashare.AccountUpdateParameters{
		Tags: map[string]*string{"purpose": to.Ptr("sharing")},
	}, nil)
	require.NoError(t, err)
	require.Equal(t, "sharing", *res.Tags["purpose"])
	require.Equal(t, w.contoso.identity.ObjectID, *res.Identity.PrincipalID)
}

func TestDataSetsAreCheckedAndFixed(t *testing.T) {
	w := newWorld(t)
	contoso := w.contoso
	contoso.grant()
	contoso.createShare()

	absent := contoso.blobDataSet()
	absent.Properties.ContainerName = to.Ptr("absent")
	_, err := contoso.createDataSet(absent)
	armtest.Refused(t, err, http.StatusNotFound, "ContainerNotFound")

	absent = contoso.blobDataSet()
	absent.Properties.StorageAccountName = to.Ptr("absentaccount")
	_, err = contoso.createDataSet(absent)
	armtest.Refused(t, err, http.StatusNotFound, "ResourceNotFound")

	theirs := contoso.blobDataSet()
	theirs.Properties.SubscriptionID, theirs.Properties.StorageAccountName = &w.fabrikam.Subscription,
		&w.fabrikam.storage
	_, err = contoso.createDataSet(theirs)
	armtest.Refused(t, err, http.StatusForbidden, "LinkedAuthorizationFailed")

	_, err = contoso.createDataSet(&armdatashare.ADLSGen2FileSystemDataSet{
		Kind: to.Ptr(armdatashare.DataSetKindAdlsGen2FileSystem),
		Properties: &armdatashare.ADLSGen2FileSystemProperties{
			SubscriptionID: &contoso.Subscription, ResourceGroup: to.Ptr(group), StorageAccountName: &contoso.storage,
			FileSystem: &contoso.container,
		},
	})
	armtest.Refused(t, err, http.StatusBadRequest, "DataSetKindNotSupported")

	_, err = contoso.createDataSet(contoso.blobDataSet())
	require.NoError(t, err)
	changed := contoso.blobDataSet()
	changed.Properties.FilePath = to.Ptr("other.csv")
	for _, again := range []armdatashare.DataSetClassification{contoso.blobDataSet(), changed} {
		_, err = contoso.createDataSet(again)
		armtest.Refused(t, err, http.StatusConflict, "ResourceAlreadyExists")
	}
}
