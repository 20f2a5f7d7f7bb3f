// Package kql reads and runs the part of the Kusto query language that log queries and log alerts are written in: one
// table or a union of tables piped through where, extend, project, summarize, order, top, take, count and distinct.
//
// A query is checked against the columns of its tables before it runs: a name that does not resolve and a comparison of
// types that Azure refuses are errors here too, even if the tables are empty.
//
// Source: https://learn.microsoft.com/kusto/query/
package kql

import (
	"context"
	"fmt"
	"time"
)

// Type is a scalar type, in the spelling of the query API.
type Type string

// The scalar types.
const (
	String   Type = "string"
	Long     Type = "long"
	Int      Type = "int"
	Real     Type = "real"
	Bool     Type = "bool"
	DateTime Type = "datetime"
	TimeSpan Type = "timespan"
	Dynamic  Type = "dynamic"
	GUID     Type = "guid"
)

// Column is a column of a table.
type Column struct {
	Name string
	Type Type
}

// Table is a table or a result. A value is nil (null), string (string, guid), int64 (long, int), float64 (real), bool,
// time.Time in UTC (datetime), time.Duration (timespan), or what encoding/json decodes to (dynamic).
type Table struct {
	Columns []Column
	Rows    [][]any
}

// index finds a column; names are case-sensitive.
func (t *Table) index(name string) int {
	for i, c := range t.Columns {
		if c.Name == name {
			return i
		}
	}
	return -1
}

// Environment is the environment of a query.
type Environment struct {
	// Context ends the query when it ends; nil never does. The error is its cause.
	Context context.Context
	// Now is what now() and ago() count from.
	Now time.Time
	// Table finds a table by name; nil without an error for an unknown one.
	Table func(name string) (*Table, error)
	// Here reports whether an id (GUID), ARM id or name is that of the workspace whose tables Table finds, for
	// workspace("…").Name. Other workspaces are not read. nil knows no workspace.
	Here func(workspace string) bool
}

// Value converts what encoding/json decodes to, or a value of another type, to a type: a datetime from its text, a long
// from a float64. It is nil when the type has no such value.
func Value(v any, typ Type) any { return convertValue(v, typ) }

// Text renders a value as tostring() does.
func Text(v any) string { return format(v) }

// Error is a query that cannot be read or does not fit its tables.
type Error struct {
	// Semantic is set for a query that does not fit its tables, and not for one that cannot be read.
	Semantic bool
	// Exceeded is the code of a limit that the query exceeded when it ran, such as ExceededMemory; empty otherwise.
	Exceeded string
	// Unresolved is set for a name of a table or a column that the tables do not have.
	Unresolved bool
	// Line and Column, from 1, are the place of the error; 0 when it has none.
	Line, Column int
	Message      string
}

// Error renders the place and the message.
func (e *Error) Error() string {
	if e.Line == 0 {
		return e.Message
	}
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Message)
}

// Query is a query that has been read.
type Query struct {
	src  string
	lets []let
	body tabular
}

// maxQuery is the longest query that is read, in bytes.
const maxQuery = 256 << 10

// maxRows is how many rows an operator may produce, and the most that Azure returns.
// Source: https://learn.microsoft.com/azure/azure-monitor/fundamentals/service-limits#log-queries-and-language
const maxRows = 500_000

// maxWork bounds the rows of all steps of a query together, maxText a computed text, so that no query exhausts memory.
const (
	maxWork = 10 * maxRows
	maxText = 1 << 20
)
