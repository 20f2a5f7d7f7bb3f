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
	present   map[string]presence
}

// NewHistory makes a history that is good for as long as the call's transaction.
func NewHistory(c *arm.Call, workspace *arm.Resource) *History {
	return &History{c: c, workspace: workspace, tables: map[string]*kql.Table{}, present: map[string]presence{}}
}

// Run runs a query as it would have run at a moment, on the rows of a span. A row exists from its own time on, and a
// table while it resolves.
func (h *History) Run(q *kql.Query, at time.Time, span Span) (*kql.Table, error) {
	if span.To.IsZero() || span.To.After(at) {
		span.To = at
	}
	return q.Run(kql.Environment{Context: h.c.Context, Now: at, Here: here(h.workspace),
		Table: func(name string) (*kql.Table, error) {
			if there, err := h.resolves(name, at); err != nil || !there {
				return nil, err
			}
			t, err := h.table(name)
			if err != nil || t == nil {
				return nil, err
			}
			return between(t, span), nil
		}})
}

// Check runs a query at a moment without rows: its error is that of a query whose tables or columns do not resolve.
func (h *History) Check(q *kql.Query, at time.Time) error {
	_, err := q.Run(kql.Environment{Context: h.c.Context, Now: at, Here: here(h.workspace),
		Table: func(name string) (*kql.Table, error) {
			there, err := h.resolves(name, at)
			if err != nil || !there {
				return nil, err
			}
			t, err := h.table(name)
			if err != nil || t == nil {
				return nil, err
			}
			return &kql.Table{Columns: t.Columns}, nil
		}})
	return err
}

// Turns are the moments at which a table began to resolve, or ceased to, in the order of time.
func (h *History) Turns() ([]time.Time, error) { return turnsOf(h.c, h.workspace) }

func (h *History) resolves(table string, at time.Time) (bool, error) {
	p, known := h.present[table]
	if !known {
		var err error
		if p, err = presenceOf(h.c, h.workspace, table); err != nil {
			return false, err
		}
		h.present[table] = p
	}
	return p.at(at), nil
}

func (h *History) table(name string) (*kql.Table, error) {
	t, known := h.tables[name]
	if known {
		return t, nil
	}
	t, err := load(h.c, h.workspace, name, Span{})
	if err == nil {
		h.tables[name] = t
	}
	return t, err
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
