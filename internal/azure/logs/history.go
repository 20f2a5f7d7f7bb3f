package logs

import (
	"sort"
	"time"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/kql"
)

// History is a workspace's tables, each read once, for queries as of many moments.
type History struct {
	c         *arm.Call
	workspace *arm.Resource
	tables    map[string]*kql.Table
}

// NewHistory makes a history that is good for as long as the call's transaction.
func NewHistory(c *arm.Call, workspace *arm.Resource) *History {
	return &History{c: c, workspace: workspace, tables: map[string]*kql.Table{}}
}

// Run runs a query as it would have run at a moment, on the rows of a span. A row exists from its own time on.
func (h *History) Run(q *kql.Query, at time.Time, span Span) (*kql.Table, error) {
	if span.To.IsZero() || span.To.After(at) {
		span.To = at
	}
	return q.Run(kql.Environment{Context: h.c.Context, Now: at, Table: func(name string) (*kql.Table, error) {
		t, known := h.tables[name]
		if !known {
			var err error
			if t, err = load(h.c, h.workspace, name, Span{}); err != nil {
				return nil, err
			}
			h.tables[name] = t
		}
		if t == nil {
			return nil, nil
		}
		return between(t, span), nil
	}})
}

// between is the part of a table, whose rows are in the order of time, that lies in a span.
func between(t *kql.Table, span Span) *kql.Table {
	column := 0
	for i, c := range t.Columns {
		if c.Name == timeGenerated {
			column = i
		}
	}
	at := func(i int) time.Time {
		when, _ := t.Rows[i][column].(time.Time)
		return when
	}
	first := sort.Search(len(t.Rows), func(i int) bool { return !at(i).Before(span.From) })
	end := sort.Search(len(t.Rows), func(i int) bool { return at(i).After(span.To) })
	return &kql.Table{Columns: t.Columns, Rows: t.Rows[first:max(first, end)]}
}
