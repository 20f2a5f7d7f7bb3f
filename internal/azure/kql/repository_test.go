package kql_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/kql"
	"github.com/crossorg/crossorg/internal/azure/logs"
)

const monitoring = "../../../components/monitoring"

// sample are rows of the published tables, one or more of each kind that the queries look for.
var sample = map[string][]map[string]any{
	"MicrosoftDataShareSentSnapshotLog": {
		{"Status": "Succeeded", "DataSetName": "transactions", "DataSetType": "Blob", "FilesWritten": "1",
			"SizeWritten": "38",
			"StartTime":   "2025-03-01T11:00:00Z", "EndTime": "2025-03-01T11:00:05Z", "TriggerType": "Scheduled"},
		{"Status": "Failed", "DataSetName": "transactions", "DetailMessage": "Missing permissions"},
	},
	"MicrosoftDataShareReceivedSnapshotLog": {
		{"Status": "Succeeded", "DataSetName": "transactions", "DataSetType": "Blob", "FilesWritten": "2",
			"SizeWritten": "40"},
		{"Status": "Failed", "DataSetName": "transactions", "DetailMessage": "Missing permissions"},
	},
	"MicrosoftDataShareShareLog": {{
		"Category":      "Shares",
		"OperationName": "Microsoft.DataShare/accounts/shares/providerShareSubscriptions/revoke/action",
	}},
	"AZKVAuditLogs": {{
		"HttpStatusCode": int64(403), "OperationName": "SecretGet", "CallerIpAddress": "192.0.2.1",
		"Identity": map[string]any{"claim": map[string]any{
			"http://schemas.microsoft.com/identity/claims/objectidentifier": "0000-ann",
		}},
	}},
	"StorageBlobLogs": {
		{"Category": "StorageRead", "OperationName": "GetBlob", "StatusCode": "200", "ResponseBodySize": int64(38),
			"RequesterObjectId": "0000-ann"},
		{"Category": "StorageWrite", "OperationName": "PutBlob", "StatusCode": "201"},
	},
}

// over runs a query over the published tables, with or without the sample rows.
func over(t *testing.T, query string, filled bool) *kql.Table {
	t.Helper()
	q, err := kql.Parse(query)
	require.NoError(t, err)
	out, err := q.Run(kql.Environment{Now: now, Table: func(name string) (*kql.Table, error) {
		table := &kql.Table{Columns: logs.Columns(name)}
		if table.Columns == nil {
			return nil, nil
		}
		for _, fields := range sample[name] {
			if !filled {
				break
			}
			row := make([]any, len(table.Columns))
			for i, c := range table.Columns {
				if row[i] = fields[c.Name]; c.Name == "TimeGenerated" {
					row[i] = now.Add(-time.Hour)
				}
			}
			table.Rows = append(table.Rows, row)
		}
		return table, nil
	}})
	require.NoError(t, err)
	return out
}

// Every query of the program runs on the published tables: it finds what it looks for, and on empty tables nothing.
func TestQueriesOfTheProgramRun(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(monitoring, "*", "*.kql"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			require.NoError(t, err)
			// The program puts these two lines in front of the queries about schedules.
			query := "let tolerance = 30h;\nlet firstRun = datetime(2025-02-01T02:00:00Z);\n" + string(raw)
			full, empty := over(t, query, true), over(t, query, false)
			require.Equal(t, full.Columns, empty.Columns)
			if strings.Contains(file, "overdue") { // it looks for the absence of rows
				full, empty = empty, full
			}
			require.NotEmpty(t, full.Rows)
			require.Empty(t, empty.Rows)
		})
	}
}

// Each query computes the result that its title promises.
func TestQueriesOfTheProgramComputeWhatTheySay(t *testing.T) {
	read := func(name string) string {
		raw, err := os.ReadFile(filepath.Join(monitoring, name))
		require.NoError(t, err)
		return string(raw)
	}
	require.Equal(t, []string{
		"2025-03-01T11:00:00.0000000Z|sent|transactions|Blob|Scheduled|Succeeded|00:00:05||1||38||"},
		rows(over(t, read("queries/snapshot-history.kql"), true))[:1])
	require.Equal(t, []string{"0000-ann|SecretGet|192.0.2.1||1|2025-03-01T11:00:00.0000000Z"},
		rows(over(t, read("queries/vault-access-denied.kql"), true)))
	require.Equal(t, []string{"0000-ann||||1|38|2025-03-01T11:00:00.0000000Z"},
		rows(over(t, read("queries/blob-reads-by-principal.kql"), true)))
}

// The workbook's queries run too.
func TestQueriesOfTheWorkbookRun(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(monitoring, "governance_workbook.json"))
	require.NoError(t, err)
	var workbook any
	require.NoError(t, json.Unmarshal(raw, &workbook))
	ran := 0
	var visit func(v any)
	visit = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if query, ok := v["query"].(string); ok {
				require.NotEmpty(t, over(t, query, true).Rows, query)
				ran++
			}
			for _, inner := range v {
				visit(inner)
			}
		case []any:
			for _, inner := range v {
				visit(inner)
			}
		}
	}
	visit(workbook)
	require.Positive(t, ran)
}
