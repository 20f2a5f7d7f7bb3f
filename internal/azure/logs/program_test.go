package logs_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/blob"
	"github.com/crossorg/crossorg/internal/azure/keyvault"
	"github.com/crossorg/crossorg/internal/azure/logs"
)

// queriesOfTheProgram are the queries of alerts and those that are saved, by file, and those of the workbook, by tile,
// as the program sends them for a workspace.
func queriesOfTheProgram(t *testing.T, workspace string) map[string]string {
	t.Helper()
	const folder = "../../../components/monitoring"
	out := map[string]string{}
	files, err := filepath.Glob(filepath.Join(folder, "*", "*.kql"))
	require.NoError(t, err)
	for _, file := range files {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		query := strings.ReplaceAll(string(raw), "{{workspace}}", workspace)
		if strings.Contains(file, "overdue") {
			query = "let tolerance = 30h;\nlet since = datetime(2025-02-01T02:00:00Z);\n" + query
		}
		out[file] = query
	}
	raw, err := os.ReadFile(filepath.Join(folder, "governance_workbook.json"))
	require.NoError(t, err)
	var workbook struct {
		Items []struct {
			Name    string
			Content struct{ Query string }
		}
	}
	require.NoError(t, json.Unmarshal(raw, &workbook))
	for _, item := range workbook.Items {
		if item.Content.Query != "" {
			out[item.Name] = item.Content.Query
		}
	}
	require.Greater(t, len(out), 15)
	return out
}

// Every query of the program runs over the query API on a new workspace, and finds what it is about in one that has all
// logs, whichever table vaults log to.
func TestQueriesOfTheProgramRunOnEmptyAndFullWorkspaces(t *testing.T) {
	a := newAzure(t)
	queries := queriesOfTheProgram(t, workspaceID)
	for name, query := range queries {
		rows := a.rows(query)
		require.Equal(t, strings.Contains(name, "overdue"), len(rows) > 0, "%s on an empty workspace: %v", name, rows)
	}

	a.watch(account, "Dedicated", "Shares", "ShareSubscriptions", "SentShareSnapshots", "ReceivedShareSnapshots")
	a.watch(blobService, "", "StorageRead", "StorageWrite", "StorageDelete")
	vaultID, err := arm.ParseID(vault)
	require.NoError(t, err)
	accountID, err := arm.ParseID(account)
	require.NoError(t, err)
	storageID, err := arm.ParseID(storage)
	require.NoError(t, err)
	for _, destination := range []string{"", "Dedicated"} {
		a.watch(vault, destination, "AuditEvent")
		logs.Vaults(a.Server())(keyvault.Record{Operation: "SecretGet", Vault: vaultID, Status: http.StatusForbidden,
			Caller: a.stranger, CallerIP: "127.0.0.1"})
	}
	a.Update(func(c *arm.Call) *arm.Error {
		for _, category := range []string{"Shares", "ShareSubscriptions"} {
			operation := map[string]any{"OperationName": "Microsoft.DataShare/accounts/revoke/action"}
			if err := logs.Write(c, account, category, operation); err != nil {
				return err
			}
		}
		for _, status := range []string{"Succeeded", "Failed"} {
			s := logs.Snapshot{Synchronization: "1", DataSet: "d", Status: status, BytesWritten: 7}
			if err := logs.WriteSent(c, accountID, s); err != nil {
				return err
			}
			if err := logs.WriteReceived(c, accountID, s); err != nil {
				return err
			}
		}
		for _, r := range []blob.Record{{Operation: blob.PutBlob, Container: "c", Blob: "b", Status: 201},
			{Operation: blob.GetBlob, Container: "c", Blob: "b", Status: 200}} {
			if err := logs.WriteBlob(c, storageID, r); err != nil {
				return err
			}
		}
		return nil
	})
	for name, query := range queries {
		rows := a.rows(query)
		require.Equal(t, !strings.Contains(name, "overdue"), len(rows) > 0, "%s on a full workspace: %v", name, rows)
	}
	denied := a.rows(queries["../../../components/monitoring/alerts/vault-access-denied.kql"])
	require.Len(t, denied, 2, "one of each table")
	for _, row := range denied {
		require.Contains(t, row, a.stranger.ObjectID)
	}
}
