package datashare_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/datashare/armdatashare"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/armtest"
	"github.com/crossorg/crossorg/internal/azure/kql"
	"github.com/crossorg/crossorg/internal/azure/logs"
)

// watch sends an organization's logs, of its Data Share account and its blobs, to a workspace of its own.
func (o *org) watch() {
	o.w.plant(o.workspaceID(), map[string]any{"customerId": o.Subscription, "retentionInDays": 30.0})
	for scope, categories := range map[string][]string{
		o.accountID(): {"Shares", "ShareSubscriptions", "SentShareSnapshots",
			"ReceivedShareSnapshots"},
		o.storageID() + "/blobServices/default": {"StorageRead", "StorageWrite", "StorageDelete"},
	} {
		var list []any
		for _, c := range categories {
			list = append(list, map[string]any{"category": c, "enabled": true})
		}
		o.w.plant(scope+"/providers/Microsoft.Insights/diagnosticSettings/all",
			map[string]any{"workspaceId": o.workspaceID(), "logs": list})
	}
}

func (o *org) workspaceID() string {
	return o.resource("Microsoft.OperationalInsights/workspaces/watch")
}

// logged runs a query on the organization's workspace: a row is a line.
func (o *org) logged(query string) []string {
	out := []string{}
	require.NoError(o.w.T, o.w.Server().View(func(c *arm.Call) error {
		workspace, ok := c.GetByID(o.workspaceID())
		require.True(o.w.T, ok)
		table, err := logs.Run(c, workspace, query, logs.Span{})
		if err != nil {
			return err
		}
		for _, row := range table.Rows {
			var fields []string
			for _, v := range row {
				fields = append(fields, strings.TrimPrefix(kql.Text(v), "Microsoft.DataShare/accounts/"))
			}
			out = append(out, strings.Join(fields, "|"))
		}
		return nil
	}))
	return out
}

// What happens to a share is in the logs of the side that it happens on, and of both where it concerns both.
func TestSharesAreLogged(t *testing.T) {
	w := newWorld(t)
	w.contoso.watch()
	w.fabrikam.watch()
	w.shared()
	p, err := w.contoso.client.NewProviderShareSubscriptionsClient().BeginRevoke(w.ctx, group, account, share,
		*w.contoso.consumers()[0].Name, nil)
	armtest.Must(t, p, err)
	gone, err := w.contoso.client.NewSharesClient().BeginDelete(w.ctx, group, account, share, nil)
	armtest.Must(t, gone, err)
	require.ElementsMatch(t, []string{
		"shares/write", "shares/dataSets/write", "shares/invitations/write", "shares/providerShareSubscriptions/write",
		"shares/providerShareSubscriptions/revoke/action", "shares/delete", "shares/dataSets/delete",
		"shares/invitations/delete",
		"shares/providerShareSubscriptions/delete",
	}, w.contoso.logged("MicrosoftDataShareShareLog | project OperationName"))
	require.Equal(t, []string{"shareSubscriptions/write", "shareSubscriptions/dataSetMappings/write",
		"shares/providerShareSubscriptions/revoke/action"},
		w.fabrikam.logged(`AzureDiagnostics | where Category == "ShareSubscriptions"
			| order by TimeGenerated asc | project OperationName`))
	require.Empty(t, w.fabrikam.logged("union isfuzzy=true (datatable(OperationName: string)[]), "+
		"MicrosoftDataShareShareLog"))
}

// Each data set of a snapshot is in the logs of both sides, when it begins and when it ends, and so are the two storage
// accounts' requests by the managed identities.
func TestSnapshotsAreLogged(t *testing.T) {
	w := newWorld(t)
	w.contoso.watch()
	w.fabrikam.watch()
	w.shared()
	require.NoError(t, w.fabrikam.synchronize(armdatashare.SynchronizationModeIncremental))
	id := *w.fabrikam.received()[0].SynchronizationID
	want := []string{
		"InProgress|" + set + "|Blob|OnDemand|0|0||" + id,
		"Succeeded|" + set + "|Blob|OnDemand|1|38||" + id,
	}
	columns := " | order by TimeGenerated asc | project Status, DataSetName, DataSetType, TriggerType, FilesWritten, " +
		"SizeWritten, DetailMessage, CorrelationId"
	require.Equal(t, want, w.fabrikam.logged("MicrosoftDataShareReceivedSnapshotLog"+columns))
	require.Equal(t, want, w.contoso.logged("MicrosoftDataShareSentSnapshotLog"+columns))
	require.Empty(t, w.contoso.logged("union isfuzzy=true (datatable(Status: string)[]), "+
		"MicrosoftDataShareReceivedSnapshotLog"))

	blobs := "StorageBlobLogs | project Category, OperationName, ObjectKey, AuthenticationType, RequesterObjectId, " +
		"RequestBodySize, ResponseBodySize"
	read := fmt.Sprintf(`StorageRead|GetBlob|"/contosodata/shared-datasets/%s"|OAuth|%s|0|38`,
		file, w.contoso.identity.ObjectID)
	require.Equal(t, []string{read}, w.contoso.logged(blobs))
	written := fmt.Sprintf(`StorageWrite|PutBlob|"/fabrikamdata/landing/%s"|OAuth|%s|38|0`,
		file, w.fabrikam.identity.ObjectID)
	require.Equal(t, []string{written}, w.fabrikam.logged(blobs))

	w.contoso.ungrant()
	require.Error(t, w.fabrikam.synchronize(armdatashare.SynchronizationModeIncremental))
	failed := w.contoso.logged(`MicrosoftDataShareSentSnapshotLog | where Status =~ "Failed"
		| project DetailMessage, EndTime != ""`)
	require.Len(t, failed, 1)
	require.Contains(t, failed[0], storageMissing(w.contoso))
	require.Contains(t, failed[0], "|true")
}

// A snapshot that reaches no data set is logged as well.
func TestSnapshotWithoutDataSetsIsLogged(t *testing.T) {
	w := newWorld(t)
	w.contoso.watch()
	w.fabrikam.watch()
	w.contoso.grant()
	w.contoso.createShare()
	_, err := w.fabrikam.accept(w.contoso.invite(w.fabrikam, nil), "eastus")
	require.NoError(t, err)
	require.Error(t, w.fabrikam.synchronize(armdatashare.SynchronizationModeIncremental))
	for o, table := range map[*org]string{w.contoso: "MicrosoftDataShareSentSnapshotLog",
		w.fabrikam: "MicrosoftDataShareReceivedSnapshotLog"} {
		require.Len(t, o.logged(table+` | where Status == "Failed" and DataSetName == ""
			and DetailMessage has "mapped"`), 1)
	}
}
