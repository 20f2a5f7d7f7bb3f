package kql_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/kql"
)

// longRows is the start of a query with 2^n rows, each with a text of about a mebibyte that they share.
func longRows(n int) string {
	var b strings.Builder
	b.WriteString("let t0 = print n = 1, x = 'abcdefghijklmnop'")
	for range 16 {
		b.WriteString(" | extend x = strcat(x, x)")
	}
	b.WriteString("; ")
	for i := range n {
		fmt.Fprintf(&b, "let t%d = union t%d, (t%d | extend n = n + %d); ", i+1, i, i, 1<<i)
	}
	return b.String() + fmt.Sprintf("t%d ", n)
}

// Few rows of long texts are refused before they fill the memory, whatever it is that holds them.
func TestAQueryIsBoundedByWhatItHolds(t *testing.T) {
	for name, operators := range map[string]string{
		"extend":      "| extend y = strcat(n, x)",
		"twice":       "| extend y = strcat(n, x) | project y, z = strcat('z', y)",
		"distinct":    "| distinct y = strcat(n, x)",
		"groups":      "| summarize count() by strcat(n, x)",
		"list":        "| summarize make_list(strcat(n, x))",
		"set":         "| summarize make_set(strcat(n, x))",
		"count":       "| summarize dcount(strcat(n, x))",
		"greatest":    "| summarize max(strcat(n, x)) by n",
		"last":        "| summarize arg_max(strcat(n, x), n) by n",
		"picked":      "| summarize arg_max(n, strcat(n, x)) by m = n",
		"order":       "| order by strcat(n, x) asc",
		"top":         "| top 3 by strcat(n, x)",
		"parts":       "| extend y = split(strcat(n, x), 'a')",
		"many tables": "| union t8, (t8 | extend x = strcat('u', n, x))",
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := run(longRows(9) + operators)
			runtime.ReadMemStats(&after)
			var refused *kql.Error
			require.ErrorAs(t, err, &refused)
			require.Equal(t, kql.ExceededMemory, refused.Exceeded)
			require.Contains(t, refused.Message, "E_RUNAWAY_QUERY")
			require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<30))
		})
	}
	query := "let a0 = 'abcdefghijklmnop'; "
	for i := range 400 {
		query += fmt.Sprintf("let a%d = strcat(a%d, a%d); ", i+1, i, i)
	}
	_, err := run(query + "print strlen(a400)")
	var refused *kql.Error
	require.ErrorAs(t, err, &refused)
	require.Equal(t, kql.ExceededMemory, refused.Exceeded)
}

// What is read and let go again counts for nothing.
func TestTextsThatAreOnlyLookedAtAreFree(t *testing.T) {
	found, err := run(longRows(7) + "| where strcat(n, x) startswith '77a' | count")
	require.NoError(t, err)
	require.Equal(t, []string{"1"}, rows(found))
}

// A query ends when its caller leaves.
func TestAQueryEndsWithItsContext(t *testing.T) {
	left := errors.New("the caller has left")
	q, err := kql.Parse(longRows(9) + "| where strcat(n, x) contains 'zzz' | count")
	require.NoError(t, err)
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(left)
	_, err = q.Run(kql.Environment{Context: ctx, Now: now, Table: func(string) (*kql.Table, error) { return nil, nil }})
	require.ErrorIs(t, err, left)
}
