package kql

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// Run evaluates the query. A query that does not fit its tables is an *Error with Semantic set; other errors come from
// the environment.
func (q *Query) Run(env Environment) (*Table, error) {
	r := &runner{src: q.src, env: env, scalars: map[string]compiled{}, tables: map[string]*Table{}}
	if r.budget.ctx = env.Context; r.budget.ctx == nil {
		r.budget.ctx = context.Background()
	}
	for _, l := range q.lets {
		if l.table != nil {
			t, err := r.tabular(*l.table)
			if err != nil {
				return nil, err
			}
			r.tables[l.name] = t
			continue
		}
		// A name alone may be a table.
		if ref, ok := l.scalar.(nameRef); ok && r.scalars[ref.name].eval == nil {
			t, err := r.named(ref.name)
			if err != nil {
				return nil, err
			}
			r.tables[l.name] = t
			continue
		}
		c, err := r.scope(nil).compile(l.scalar)
		if err != nil {
			return nil, err
		}
		value := c.eval(nil)
		if err := r.budget.hold("let", sizeOf(value)); err != nil {
			return nil, err
		}
		r.scalars[l.name] = constant(c.typ, value)
	}
	return r.tabular(q.body)
}

type runner struct {
	rows    int // produced so far, in all steps
	budget  budget
	src     string
	env     Environment
	scalars map[string]compiled
	tables  map[string]*Table
}

func (r *runner) scope(t *Table) *scope {
	return &scope{src: r.src, table: t, lets: r.scalars, now: r.env.Now.UTC(), budget: &r.budget}
}

func (r *runner) named(name string) (*Table, error) {
	if t, ok := r.tables[name]; ok {
		return t, nil
	}
	t, err := r.env.Table(name)
	if err != nil {
		return nil, err
	}
	if t == nil {
		return nil, unresolved("Failed to resolve table or column expression named '%s'", name)
	}
	return t, r.budget.holdTable(t)
}

// inWorkspace finds the table of workspace("…").Name. Names that let binds are not in any workspace.
func (r *runner) inWorkspace(s source) (*Table, error) {
	if r.env.Here == nil || !r.env.Here(s.workspace) {
		return nil, unresolved("The workspace '%s' is not the one that is queried; others are not read here.",
			s.workspace)
	}
	t, err := r.env.Table(s.name)
	if t == nil && err == nil {
		err = unresolved("Failed to resolve table or column expression named '%s'", s.name)
	}
	return t, err
}

func (r *runner) tabular(t tabular) (*Table, error) {
	table, err := r.source(t.source)
	for i := 0; err == nil; i++ {
		if r.rows += len(table.Rows); r.rows > maxWork || len(table.Rows) > maxRows {
			return nil, &Error{Exceeded: ExceededMemory, Message: fmt.Sprintf("The query has more than %d rows in "+
				"between: narrow it down with where (E_RUNAWAY_QUERY; see https://aka.ms/kustoquerylimits).", maxRows)}
		}
		if i == len(t.ops) {
			return table, nil
		}
		table, err = r.apply(t.ops[i], table)
	}
	return nil, err
}

func (r *runner) source(s source) (*Table, error) {
	switch {
	case s.sub != nil:
		return r.tabular(*s.sub)
	case s.union != nil:
		return r.union(nil, s.union)
	case s.data != nil:
		return s.data, nil
	case s.print != nil:
		return r.extend(&Table{Rows: [][]any{{}}}, s.print, "print_", 0, true)
	}
	find := func(s source) (*Table, error) { return r.named(s.name) }
	if s.workspace != "" {
		find = r.inWorkspace
	}
	t, err := find(s)
	if misfit, ok := err.(*Error); ok {
		return nil, misfit.at(r.src, s.at)
	}
	return t, err
}

func (r *runner) apply(op operator, t *Table) (*Table, error) {
	switch op := op.(type) {
	case whereOp:
		return r.where(t, op.cond)
	case projectOp:
		return r.extend(t, op.items, "Column", 1, true)
	case extendOp:
		return r.extend(t, op.items, "Column", 1, false)
	case dropOp:
		return r.keep(t, op.names, false)
	case keepOp:
		return r.keep(t, op.names, true)
	case renameOp:
		return r.rename(t, op.items)
	case summarizeOp:
		return r.summarize(t, op)
	case sortOp:
		return r.sort(t, op.keys)
	case topOp:
		sorted, err := r.sort(t, op.keys)
		if err != nil {
			return nil, err
		}
		return take(sorted, op.n), nil
	case takeOp:
		return take(t, op.n), nil
	case countOp:
		return &Table{Columns: []Column{{"Count", Long}}, Rows: [][]any{{int64(len(t.Rows))}}}, nil
	case distinctOp:
		return r.distinct(t, op)
	case unionOp:
		return r.union(t, op.with)
	}
	return nil, fmt.Errorf("operator %T is not evaluated", op)
}

func take(t *Table, n int) *Table {
	return &Table{Columns: t.Columns, Rows: t.Rows[:min(n, len(t.Rows))]}
}

func (r *runner) where(t *Table, cond expr) (*Table, error) {
	c, err := r.scope(t).compile(cond)
	if err != nil {
		return nil, err
	}
	if c.typ != Bool && c.typ != Dynamic {
		return nil, semantic("where needs a condition, not a value of type %s.", c.typ)
	}
	out := &Table{Columns: t.Columns}
	for _, row := range t.Rows {
		if err := r.budget.hold("where", 0); err != nil {
			return nil, err
		}
		if isTrue(c.eval(row)) {
			out.Rows = append(out.Rows, row)
		}
	}
	return out, nil
}

// extend computes columns: added to those of the table, or, when alone is set, instead of them. Expressions without a
// name get one: prefix and a number.
func (r *runner) extend(t *Table, items []named, prefix string, number int, alone bool) (*Table, error) {
	out := &Table{}
	if !alone {
		out.Columns = slices.Clone(t.Columns)
	}
	var evals []scalar
	var at []int
	for _, item := range items {
		c, err := r.scope(t).compile(item.expr)
		if err != nil {
			return nil, err
		}
		name := item.name
		if name == "" {
			name = hint(item.expr)
		}
		if name == "" {
			name = prefix + strconv.Itoa(number)
			number++
		}
		i := out.index(name)
		switch {
		case i < 0:
			i = len(out.Columns)
			out.Columns = append(out.Columns, Column{name, c.typ})
		case alone:
			return nil, semantic("A column with the name '%s' is there twice: give one of them another name.", name)
		default:
			out.Columns[i].Type = c.typ
		}
		evals, at = append(evals, c.eval), append(at, i)
	}
	for _, row := range t.Rows {
		next := make([]any, len(out.Columns))
		if !alone {
			copy(next, row)
		}
		bytes := rowBytes(len(next))
		for k, eval := range evals {
			next[at[k]] = eval(row)
			bytes += sizeOf(next[at[k]])
		}
		if err := r.budget.hold("extend", bytes); err != nil {
			return nil, err
		}
		out.Rows = append(out.Rows, next)
	}
	return out, nil
}

// keep keeps the named columns, or drops them.
func (r *runner) keep(t *Table, names []nameRef, kept bool) (*Table, error) {
	chosen := map[int]bool{}
	for _, n := range names {
		i := t.index(n.name)
		if i < 0 {
			return nil, unresolved("Failed to resolve column named '%s'", n.name)
		}
		chosen[i] = true
	}
	out := &Table{}
	var indices []int
	for i, c := range t.Columns {
		if chosen[i] == kept {
			out.Columns = append(out.Columns, c)
			indices = append(indices, i)
		}
	}
	for _, row := range t.Rows {
		if err := r.budget.hold("project", rowBytes(len(indices))); err != nil {
			return nil, err
		}
		next := make([]any, len(indices))
		for k, i := range indices {
			next[k] = row[i]
		}
		out.Rows = append(out.Rows, next)
	}
	return out, nil
}

func (r *runner) rename(t *Table, items []named) (*Table, error) {
	out := &Table{Columns: slices.Clone(t.Columns), Rows: t.Rows}
	for _, item := range items {
		ref, ok := item.expr.(nameRef)
		i := -1
		if ok {
			i = t.index(ref.name)
		}
		if i < 0 || item.name == "" {
			return nil, semantic("project-rename needs NewName = OldName with the name of a column.")
		}
		if j := out.index(item.name); j >= 0 && j != i {
			return nil, semantic("A column with the name '%s' is there already.", item.name)
		}
		out.Columns[i].Name = item.name
	}
	return out, nil
}

// groupKey is equal for equal values.
func groupKey(values []any) string {
	var b strings.Builder
	for _, v := range values {
		s := format(v)
		fmt.Fprintf(&b, "%T%d:%s|", v, len(s), s)
	}
	return b.String()
}

func (r *runner) distinct(t *Table, op distinctOp) (*Table, error) {
	projected := t
	if !op.all {
		var err error
		if projected, err = r.extend(t, op.items, "Column", 1, true); err != nil {
			return nil, err
		}
	}
	out := &Table{Columns: projected.Columns}
	seen := map[string]bool{}
	for _, row := range projected.Rows {
		if key := groupKey(row); !seen[key] {
			if err := r.budget.hold("distinct", groupSize+len(key)); err != nil {
				return nil, err
			}
			seen[key] = true
			out.Rows = append(out.Rows, row)
		}
	}
	return out, nil
}

func (r *runner) summarize(t *Table, op summarizeOp) (*Table, error) {
	groups, err := r.extend(t, op.by, "Column", 1, true)
	if err != nil {
		return nil, err
	}
	out := &Table{Columns: slices.Clone(groups.Columns)}
	var aggregates []aggregate
	for _, item := range op.aggregates {
		a, err := r.scope(t).aggregate(item, groups.Columns)
		if err != nil {
			return nil, err.at(r.src, item.expr.pos())
		}
		for i, c := range a.columns {
			for n := 1; out.index(c.Name) >= 0; n++ {
				c.Name = a.columns[i].Name + strconv.Itoa(n)
			}
			out.Columns = append(out.Columns, c)
		}
		aggregates = append(aggregates, a)
	}
	type group struct {
		by    []any
		state []accumulator
	}
	byKey := map[string]*group{}
	var order []*group
	find := func(by []any) *group {
		key := groupKey(by)
		g := byKey[key]
		if g == nil {
			r.budget.held += groupSize*(1+len(aggregates)) + len(key)
			g = &group{by: by}
			for _, a := range aggregates {
				g.state = append(g.state, a.start())
			}
			byKey[key], order = g, append(order, g)
		}
		return g
	}
	if len(op.by) == 0 {
		find(nil) // without groups there is one row, also for an empty table
	}
	for i, row := range t.Rows {
		var by []any
		if len(op.by) > 0 {
			by = groups.Rows[i]
		}
		for _, s := range find(by).state {
			s.add(row)
		}
		if err := r.budget.hold("summarize", 0); err != nil {
			return nil, err
		}
	}
	for _, g := range order {
		row := slices.Clone(g.by)
		bytes := rowBytes(len(out.Columns))
		for _, s := range g.state {
			for _, v := range s.result() {
				row = append(row, v)
				bytes += sizeOf(v)
			}
		}
		if err := r.budget.hold("summarize", bytes); err != nil {
			return nil, err
		}
		out.Rows = append(out.Rows, row)
	}
	return out, nil
}

func (r *runner) sort(t *Table, keys []sortKey) (*Table, error) {
	evals := make([]scalar, len(keys))
	for i, k := range keys {
		c, err := r.scope(t).compile(k.expr)
		if err != nil {
			return nil, err
		}
		evals[i] = c.eval
	}
	type keyed struct{ row, keys []any }
	rows := make([]keyed, len(t.Rows))
	for i, row := range t.Rows {
		rows[i] = keyed{row, make([]any, len(keys))}
		bytes := 2 * rowBytes(len(keys))
		for k, eval := range evals {
			rows[i].keys[k] = eval(row)
			bytes += sizeOf(rows[i].keys[k])
		}
		if err := r.budget.hold("sort", bytes); err != nil {
			return nil, err
		}
	}
	sort.SliceStable(rows, func(i, j int) bool {
		for k, key := range keys {
			a, b := rows[i].keys[k], rows[j].keys[k]
			if a == nil || b == nil {
				if (a == nil) != (b == nil) {
					return (a == nil) == key.nullsFirst
				}
				continue
			}
			if order, ok := compare(a, b); ok && order != 0 {
				return (order < 0) == key.asc
			}
		}
		return false
	})
	out := &Table{Columns: t.Columns, Rows: make([][]any, len(rows))}
	for i, row := range rows {
		out.Rows[i] = row.row
	}
	return out, nil
}
