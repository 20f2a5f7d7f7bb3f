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

const (
	monitoring = "../../../components/monitoring"
	// identity is AzureDiagnostics' column of a vault's caller.
	identity = "identity_claim_http_schemas_microsoft_com_identity_claims_objectidentifier_g"
)

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
	"AzureDiagnostics": {
		{"ResourceProvider": "MICROSOFT.KEYVAULT", "httpStatusCode_d": 403.0, "OperationName": "SecretGet",
			"CallerIPAddress": "192.0.2.1", identity: "0000-bob", "requestUri_s": "https://vault/secrets/a"},
		{"ResourceProvider": "MICROSOFT.DATASHARE", "Category": "ShareSubscriptions",
			"OperationName": "Microsoft.DataShare/accounts/shareSubscriptions/revoke"},
	},
	"StorageBlobLogs": {
		{"Category": "StorageRead", "OperationName": "GetBlob", "StatusCode": "200", "ResponseBodySize": int64(38),
			"RequesterObjectId": "0000-ann"},
		{"Category": "StorageWrite", "OperationName": "PutBlob", "StatusCode": "201"},
	},
}

// over runs a query over the published tables, with or without the sample rows.
func over(t *testing.T, query string, filled bool) *kql.Table {
	t.Helper()
	out, err := runOver(t, query, filled, func(string) bool { return true })
	require.NoError(t, err)
	return out
}

// runOver runs a query over the sample; of empty tables those resolve that there says.
func runOver(t *testing.T, query string, filled bool, there func(table string) bool) (*kql.Table, error) {
	t.Helper()
	q, err := kql.Parse(query)
	require.NoError(t, err)
	here := func(workspace string) bool { return workspace == "{{workspace}}" }
	return q.Run(kql.Environment{Now: now, Here: here, Table: func(name string) (*kql.Table, error) {
		table := &kql.Table{Columns: logs.Columns(name)}
		if table.Columns == nil || !there(name) {
			return nil, nil
		}
		if name == "AzureDiagnostics" && filled { // it gains columns with its rows
			table.Columns = append(table.Columns, kql.Column{Name: "httpStatusCode_d", Type: kql.Real},
				kql.Column{Name: "requestUri_s", Type: kql.String}, kql.Column{Name: identity, Type: kql.GUID})
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
			query := "let tolerance = 30h;\nlet since = datetime(2025-02-01T02:00:00Z);\n" + string(raw)
			full, empty := over(t, query, true), over(t, query, false)
			require.Equal(t, full.Columns, empty.Columns)
			for table := range sample {
				for name, there := range map[string]func(string) bool{
					"alone":                func(name string) bool { return name == table },
					"the only one missing": func(name string) bool { return name != table },
					"missing like all":     func(string) bool { return false },
				} {
					partly, err := runOver(t, query, false, there)
					require.NoError(t, err, "%s is %s", table, name)
					require.Equal(t, full.Columns, partly.Columns, "%s is %s", table, name)
				}
			}
			if strings.Contains(file, "alerts") { // rules know union across resources only
				q, err := kql.Parse(query)
				require.NoError(t, err)
				require.True(t, q.CrossResource())
			}
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
	require.Equal(t, []string{"0000-ann|SecretGet|192.0.2.1||1|2025-03-01T11:00:00.0000000Z",
		"0000-bob|SecretGet|192.0.2.1||1|2025-03-01T11:00:00.0000000Z"},
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
				full := over(t, query, true)
				require.NotEmpty(t, full.Rows, query)
				missing, err := runOver(t, query, false, func(string) bool { return false })
				require.NoError(t, err, query)
				require.Equal(t, full.Columns, missing.Columns, query)
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
