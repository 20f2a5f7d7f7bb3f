package datashare_test

import (
	"net/http"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/datashare/armdatashare"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/armtest"
	"github.com/crossorg/crossorg/internal/azure/roles"
)

// sharesTwo shares two files as two data sets and maps both.
func (w *world) sharesTwo() {
	w.shared()
	w.contoso.put("second.csv", "second")
	second := w.contoso.blobDataSet()
	second.Properties.FilePath = to.Ptr("second.csv")
	res, err := w.contoso.client.NewDataSetsClient().Create(w.ctx, group, account, share, "second", second, nil)
	require.NoError(w.T, err)
	id := *res.DataSetClassification.(*armdatashare.BlobDataSet).Properties.DataSetID
	_, err = w.fabrikam.client.NewDataSetMappingsClient().Create(w.ctx, group, account, sub, "second",
		&armdatashare.BlobDataSetMapping{
			Kind: to.Ptr(armdatashare.DataSetMappingKindBlob), Properties: &armdatashare.BlobMappingProperties{
				DataSetID: &id, SubscriptionID: &w.fabrikam.Subscription, ResourceGroup: to.Ptr(group),
				StorageAccountName: &w.fabrikam.storage,
				ContainerName:      &w.fabrikam.container, FilePath: to.Ptr("second.csv"),
			},
		}, nil)
	require.NoError(w.T, err)
}

// One data set that cannot be copied fails the snapshot and leaves the others copied; the history says which and why.
func TestPartialFailure(t *testing.T) {
	w := newWorld(t)
	w.sharesTwo()
	w.contoso.remove(file)
	require.Error(t, w.fabrikam.synchronize(armdatashare.SynchronizationModeIncremental))
	run := w.fabrikam.received()[0]
	require.Equal(t, "Failed", *run.Status)
	require.Contains(t, *run.Message, set)
	require.NotContains(t, *run.Message, "second")
	outcome := map[string]*armdatashare.SynchronizationDetails{}
	for _, d := range w.fabrikam.details(run) {
		outcome[*d.Name] = d
	}
	require.Len(t, outcome, 2)
	require.Equal(t, "Failed", *outcome[set].Status)
	require.Contains(t, *outcome[set].Message, "does not exist")
	require.Equal(t, "Succeeded", *outcome["second"].Status)
	require.Nil(t, outcome["second"].Message)
	require.Equal(t, map[string]string{"second.csv": w.contoso.blobs()["second.csv"]}, w.fabrikam.blobs())

	w.contoso.put(file, "back again")
	require.NoError(t, w.fabrikam.synchronize(armdatashare.SynchronizationModeIncremental))
	require.Equal(t, w.contoso.blobs(), w.fabrikam.blobs())
}

// A mapping breaks with its storage account too, its snapshot fails, and both mend when the account is back.
func TestMappingBreaksWithItsStorageAccount(t *testing.T) {
	w := newWorld(t)
	w.shared()
	status := func() armdatashare.DataSetMappingStatus {
		res, err := w.fabrikam.client.NewDataSetMappingsClient().Get(w.ctx, group, account, sub, mapping, nil)
		require.NoError(t, err)
		return *res.DataSetMappingClassification.(*armdatashare.BlobDataSetMapping).Properties.DataSetMappingStatus
	}
	w.Uproot(w.fabrikam.containerID())
	w.Uproot(w.fabrikam.storageID())
	require.Equal(t, armdatashare.DataSetMappingStatusBroken, status())
	require.ErrorContains(t, w.fabrikam.synchronize(armdatashare.SynchronizationModeIncremental), w.fabrikam.storage)
	w.Plant(w.fabrikam.storageID())
	w.Plant(w.fabrikam.containerID())
	require.Equal(t, armdatashare.DataSetMappingStatusOk, status())
	require.NoError(t, w.fabrikam.synchronize(armdatashare.SynchronizationModeIncremental))
}

// Whatever letter case a container is named in, its blobs are found: the data set shows the name as it is stored.
func TestContainersAreNamedAsStored(t *testing.T) {
	w := newWorld(t)
	w.contoso.put(file, "content")
	w.contoso.grant()
	w.fabrikam.grant()
	w.contoso.createShare()
	d := w.contoso.blobDataSet()
	d.Properties.ContainerName = to.Ptr("Shared-Datasets")
	id, err := w.contoso.createDataSet(d)
	require.NoError(t, err)
	got, err := w.contoso.client.NewDataSetsClient().Get(w.ctx, group, account, share, set, nil)
	require.NoError(t, err)
	require.Equal(t, w.contoso.container,
		*got.DataSetClassification.(*armdatashare.BlobDataSet).Properties.ContainerName)
	_, err = w.fabrikam.accept(w.contoso.invite(w.fabrikam, nil), "eastus")
	require.NoError(t, err)
	stored := w.fabrikam.container
	w.fabrikam.container = "LANDING"
	require.NoError(t, w.fabrikam.mapBlob(id, file))
	w.fabrikam.container = stored
	require.NoError(t, w.fabrikam.synchronize(armdatashare.SynchronizationModeIncremental))
	require.Equal(t, w.contoso.blobs(), w.fabrikam.blobs())
}

// A reader of the Data Share account without other roles sees the offer of a share subscription.
func TestSourceDataSetsNeedARoleOnTheAccount(t *testing.T) {
	w := newWorld(t)
	w.shared()
	ann := w.As(w.Principal(w.fabrikam.Tenant, "ann"))
	list := func() error {
		_, err := w.client(ann, w.fabrikam.Subscription).NewConsumerSourceDataSetsClient().
			NewListByShareSubscriptionPager(group, account, sub, nil).NextPage(w.ctx)
		return err
	}
	armtest.Refused(t, list(), http.StatusForbidden, "AuthorizationFailed")
	w.Grant(ann.Principal, roles.Reader, w.fabrikam.accountID())
	require.NoError(t, list())
}
