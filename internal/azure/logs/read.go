package logs

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/kql"
)

// Span bounds a query in time; a zero time is no bound.
type Span struct{ From, To time.Time }

// Run runs a query over a workspace's tables. The error of an invalid query is a *kql.Error.
func Run(c *arm.Call, workspace *arm.Resource, query string, span Span) (*kql.Table, error) {
	q, err := kql.Parse(query)
	if err != nil {
		return nil, err
	}
	return q.Run(kql.Environment{
		Context: c.Context, Now: c.Now,
		Table: func(name string) (*kql.Table, error) {
			if p, err := presenceOf(c, workspace, name); err != nil || !p.at(c.Now) {
				return nil, err
			}
			return load(c, workspace, name, span)
		},
		Here: here(workspace),
	})
}

// here recognizes a workspace by its id (GUID), ARM id or name.
// Source: https://learn.microsoft.com/azure/azure-monitor/logs/cross-workspace-query
func here(workspace *arm.Resource) func(id string) bool {
	return func(id string) bool {
		return slices.ContainsFunc(
			[]string{workspace.String("properties", "customerId"), workspace.ID.String(), workspace.ID.Name()},
			func(name string) bool { return strings.EqualFold(name, id) })
	}
}

// maxLoaded bounds the bytes of the records of a table that a query reads.
const maxLoaded = 128 << 20

// load reads the rows of a table that the workspace still keeps; nil for a table that is not known.
func load(c *arm.Call, workspace *arm.Resource, name string, span Span) (*kql.Table, error) {
	t := &kql.Table{Columns: Columns(name)}
	if t.Columns == nil {
		return nil, nil
	}
	var rows []map[string]any
	held := 0
	from := oldest(workspace, c.Now)
	err := c.Tx.Scan(tableRows, rowPrefix(workspace, name), func(_ string, raw []byte) error {
		if c.Context != nil && c.Context.Err() != nil {
			return context.Cause(c.Context)
		}
		var row map[string]any
		if err := json.Unmarshal(raw, &row); err != nil {
			return err
		}
		text, _ := row[timeGenerated].(string)
		at, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return fmt.Errorf("a row of %s has no time: %w", name, err)
		}
		if at.Before(from) || !span.From.IsZero() && at.Before(span.From) || !span.To.IsZero() && at.After(span.To) {
			return nil
		}
		if held += len(raw); held > maxLoaded {
			return kql.TooMuchLoaded()
		}
		rows = append(rows, row)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if name == sharedTable {
		t.Columns = append(t.Columns, found(rows, t.Columns)...)
	}
	for _, row := range rows {
		values := make([]any, len(t.Columns))
		for i, col := range t.Columns {
			if values[i] = kql.Value(row[col.Name], col.Type); values[i] == nil && col.Type == kql.String {
				values[i] = ""
			}
		}
		t.Rows = append(t.Rows, values)
	}
	return t, nil
}

// suffixes are the types of the columns that AzureDiagnostics gains when rows are written, by the end of the name.
var suffixes = map[string]kql.Type{"_s": kql.String, "_d": kql.Real, "_b": kql.Bool, "_g": kql.GUID, "_t": kql.DateTime}

// found lists the columns of rows that are not among the known ones, in name order.
func found(rows []map[string]any, known []kql.Column) []kql.Column {
	seen := map[string]bool{}
	for _, c := range known {
		seen[c.Name] = true
	}
	var out []kql.Column
	for _, row := range rows {
		for name := range row {
			if seen[name] {
				continue
			}
			seen[name] = true
			typ, ok := suffixes[name[max(0, len(name)-2):]]
			if !ok {
				typ = kql.Dynamic
			}
			out = append(out, kql.Column{Name: name, Type: typ})
		}
	}
	slices.SortFunc(out, func(a, b kql.Column) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// Workspace finds a workspace by its workspace id (properties.customerId), in all subscriptions.
func Workspace(c *arm.Call, customerID string) (*arm.Resource, bool) {
	for _, r := range c.Under(arm.ID{}) {
		if strings.EqualFold(r.ID.Type(), "Microsoft.OperationalInsights/workspaces") &&
			strings.EqualFold(r.String("properties", "customerId"), customerID) {
			return r, true
		}
	}
	return nil, false
}
