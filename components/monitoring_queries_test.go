package components_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// tables are the columns that queries may use, by table
// (learn.microsoft.com/azure/azure-monitor/reference/tables-index).
var tables = map[string]string{
	"MicrosoftDataShareShareLog":            "Category OperationName",
	"MicrosoftDataShareSentSnapshotLog":     snapshotColumns,
	"MicrosoftDataShareReceivedSnapshotLog": snapshotColumns,
	"AZKVAuditLogs": "CallerIpAddress HttpStatusCode Identity OperationName " +
		"RequestUri ResultDescription",
	"StorageBlobLogs": "AccountName AuthenticationType CallerIpAddress Category ObjectKey OperationName " +
		"RequesterObjectId RequesterTenantId ResponseBodySize StatusCode StatusText",
	"AzureDiagnostics": "CallerIPAddress Category OperationName ResourceProvider ResultDescription",
}

const snapshotColumns = "CorrelationId DataSetMappingType DataSetName DataSetType DetailMessage " +
	"EndTime FilesRead FilesWritten OperationName SizeRead SizeWritten StartTime Status TriggerType"

// commonColumns are in every table.
const commonColumns = "TimeGenerated _ResourceId"

var (
	comments    = regexp.MustCompile(`(?m)^\s*//.*$`)
	literals    = regexp.MustCompile(`"[^"]*"`)
	definitions = regexp.MustCompile(`\b([A-Z]\w*)\s*=[^=~]`)
	// identifiers of tables and columns begin with a capital or an underscore; KQL's own words do not.
	identifiers = regexp.MustCompile(`\b[A-Z_]\w*`)
)

// unknown holds a query against the tables and returns what is wrong: each table must be there, with each column that
// the query does not make itself.
func unknown(query string) []string {
	query = literals.ReplaceAllString(comments.ReplaceAllString(query, ""), `""`)
	known := map[string]bool{}
	allow := func(columns string) {
		for column := range strings.FieldsSeq(columns) {
			known[column] = true
		}
	}
	problems := []string{}
	allow(commonColumns)
	var read int
	for table, columns := range tables {
		if strings.Contains(query, table) {
			read++
			allow(table + " " + columns)
		}
	}
	if read == 0 {
		problems = append(problems, "no known table")
	}
	for _, made := range definitions.FindAllStringSubmatch(query, -1) {
		known[made[1]] = true
	}
	for _, word := range identifiers.FindAllString(query, -1) {
		if !known[word] {
			problems = append(problems, word)
		}
	}
	return problems
}

func TestQueriesReadKnownTablesAndColumns(t *testing.T) {
	files, err := filepath.Glob("monitoring/*/*.kql")
	require.NoError(t, err)
	assert.Len(t, files, 12)
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.Regexp(t, `^// [A-Z].*\n// [A-Z]`, string(content), "%s begins with its title and description", file)
		assert.Empty(t, unknown(string(content)), file)
	}
}

func TestWorkbookReadsKnownTablesAndColumns(t *testing.T) {
	content, err := os.ReadFile("monitoring/governance_workbook.json")
	require.NoError(t, err)
	var workbook struct {
		Items []struct {
			Type    int
			Name    string
			Content struct{ Query, TimeContextFromParameter string }
		}
	}
	require.NoError(t, json.Unmarshal(content, &workbook))
	names, tiles := map[string]bool{}, 0
	for _, item := range workbook.Items {
		assert.False(t, names[item.Name], "two items %s", item.Name)
		names[item.Name] = true
		if item.Type != 3 { // KQL
			continue
		}
		tiles++
		assert.Empty(t, unknown(item.Content.Query), item.Name)
		assert.Equal(t, "TimeRange", item.Content.TimeContextFromParameter, item.Name)
	}
	assert.GreaterOrEqual(t, tiles, 4)
	for _, part := range []string{"shares-heading", "snapshots-heading", "received-heading", "failures-heading"} {
		assert.True(t, names[part], part)
	}
}

// Ensure the check notices what it is there to notice.
func TestUnknownTablesAndColumnsAreNoticed(t *testing.T) {
	for query, want := range map[string][]string{
		`MicrosoftDataShareSentSnapshotLog | where ShareName == "x"`: {"ShareName"},
		"StorageBlobLogs | union StorageTableLogs":                   {"StorageTableLogs"},
		"Heartbeat": {"no known table", "Heartbeat"},
		"AZKVAuditLogs | extend Who = Identity // Nobody":           {"Nobody"},
		"// Title\nAZKVAuditLogs | extend Who = Identity, When = 1": {},
	} {
		assert.Equal(t, want, unknown(query), query)
	}
}
