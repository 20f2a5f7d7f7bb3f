package kql

import (
	"strings"
	"time"
)

// accumulator gathers the rows of one group.
type accumulator interface {
	add(row []any)
	// result is one value per column of the aggregate.
	result() []any
}

// aggregate is an aggregation that fits its table.
type aggregate struct {
	columns []Column
	start   func() accumulator
}

// prefixes are what an unnamed aggregate's column begins with.
// Source: https://learn.microsoft.com/kusto/query/aggregation-functions
var prefixes = map[string]string{
	"count": "count_", "countif": "countif_", "sum": "sum_", "sumif": "sumif_", "min": "min_", "max": "max_",
	"avg": "avg_", "dcount": "dcount_",
	"make_set": "set_", "make_list": "list_", "arg_max": "", "arg_min": "", "take_any": "", "any": "any_",
}

func isAggregate(name string) bool {
	_, ok := prefixes[name]
	return ok
}

// folding is an accumulator of one value.
type folding struct {
	step func(row []any)
	end  func() any
}

func (f *folding) add(row []any) { f.step(row) }
func (f *folding) result() []any { return []any{f.end()} }

// aggregate compiles one aggregation; by are the columns that are grouped by.
func (s *scope) aggregate(item named, by []Column) (aggregate, *Error) {
	c, ok := item.expr.(call)
	if !ok || !isAggregate(c.name) {
		return aggregate{}, semantic("summarize needs aggregations such as count() or max(TimeGenerated).")
	}
	if c.name == "arg_max" || c.name == "arg_min" || c.name == "take_any" {
		return s.pick(c, item.name, by)
	}
	args := make([]compiled, 0, len(c.args))
	for _, a := range c.args {
		if _, all := a.(star); all && c.name == "count" {
			continue
		}
		arg, err := s.compile(a)
		if err != nil {
			return aggregate{}, err
		}
		args = append(args, arg)
	}
	wanted := map[string]int{"count": 0, "sumif": 2}
	n, special := wanted[c.name]
	if !special {
		n = 1
	}
	if len(args) < n || len(args) > n && c.name != "make_set" && c.name != "make_list" && c.name != "dcount" {
		return aggregate{}, semantic("The aggregation '%s' does not take %d arguments.", c.name, len(args))
	}
	name := item.name
	if name == "" {
		name = prefixes[c.name]
		if n > 0 && c.name != "countif" {
			name += hint(c.args[0])
		}
	}
	if aerr := checkAggregate(c.name, args); aerr != nil {
		return aggregate{}, aerr
	}
	typ := aggregateType(c.name, args)
	return aggregate{[]Column{{name, typ}}, func() accumulator { return s.newFolding(c.name, args, typ) }}, nil
}

func checkAggregate(name string, args []compiled) *Error {
	switch name {
	case "sum", "sumif", "avg":
		if !isNumber(args[0].typ) && args[0].typ != TimeSpan && args[0].typ != Dynamic {
			return semantic("The aggregation '%s' needs numbers, not values of type %s: use tolong().", name,
				args[0].typ)
		}
	case "countif":
		if args[0].typ != Bool {
			return semantic("The aggregation 'countif' needs a condition, not a value of type %s.", args[0].typ)
		}
	}
	return nil
}

func aggregateType(name string, args []compiled) Type {
	switch name {
	case "count", "countif", "dcount":
		return Long
	case "make_set", "make_list":
		return Dynamic
	case "avg":
		if args[0].typ == TimeSpan {
			return TimeSpan
		}
		return Real
	case "sum", "sumif":
		if args[0].typ == Int {
			return Long
		}
		if args[0].typ == Dynamic {
			return Real
		}
	}
	return args[0].typ
}

func (s *scope) newFolding(name string, args []compiled, typ Type) accumulator {
	var n int64
	switch name {
	case "count":
		return &folding{func([]any) { n++ }, func() any { return n }}
	case "countif":
		return &folding{func(row []any) {
			if isTrue(args[0].eval(row)) {
				n++
			}
		}, func() any { return n }}
	case "dcount", "make_set", "make_list":
		seen := map[string]bool{}
		list := []any{}
		return &folding{func(row []any) {
			v := args[0].eval(row)
			key := groupKey([]any{v})
			if v == nil || name != "make_list" && seen[key] {
				return
			}
			seen[key] = true
			list = append(list, v)
			s.budget.held += groupSize + len(key) + sizeOf(v)
		}, func() any {
			if name == "dcount" {
				return int64(len(list))
			}
			return list
		}}
	case "min", "max", "any":
		var best any
		return &folding{func(row []any) {
			v := args[0].eval(row)
			if v == nil || best != nil && name == "any" {
				return
			}
			if best == nil || better(name, v, best) {
				s.budget.held += sizeOf(v) - sizeOf(best)
				best = v
			}
		}, func() any {
			if best == nil {
				return zero(typ)
			}
			return best
		}}
	}
	return newSum(name, args, typ)
}

func better(name string, v, best any) bool {
	order, ok := compare(v, best)
	return ok && (order > 0 && strings.HasSuffix(name, "max") || order < 0 && strings.HasSuffix(name, "min"))
}

func newSum(name string, args []compiled, typ Type) accumulator {
	var whole, n int64
	var real float64
	return &folding{func(row []any) {
		if name == "sumif" && !isTrue(args[1].eval(row)) {
			return
		}
		v := args[0].eval(row)
		f, ok := toReal(v)
		if !ok {
			return
		}
		n++
		real += f
		if i, ok := v.(int64); ok {
			whole += i
		}
	}, func() any {
		switch {
		case name == "avg" && n == 0:
			return nil
		case name == "avg":
			return asType(real/float64(n), typ)
		case typ == Long:
			return whole
		}
		return asType(real, typ)
	}}
}

// asType gives a sum the type of its summands.
func asType(f float64, typ Type) any {
	if typ == TimeSpan {
		return time.Duration(f)
	}
	return f
}

// picking keeps the row where an expression is greatest or least, or any row.
type picking struct {
	name    string
	by      *compiled
	take    []scalar
	best    any
	row     []any
	started bool
	budget  *budget
}

func (p *picking) add(row []any) {
	if p.by == nil {
		if !p.started {
			p.row, p.started = row, true
		}
		return
	}
	v := p.by.eval(row)
	if v != nil && (p.best == nil || better(p.name, v, p.best)) {
		p.budget.held += sizeOf(v) - sizeOf(p.best)
		p.best, p.row, p.started = v, row, true
	}
}

func (p *picking) result() []any {
	out := make([]any, 0, len(p.take)+1)
	if p.by != nil {
		out = append(out, p.best)
	}
	for _, take := range p.take {
		if p.started {
			out = append(out, take(p.row))
		} else {
			out = append(out, nil)
		}
	}
	return out
}

// pick compiles arg_max, arg_min and take_any, which give several columns.
func (s *scope) pick(c call, name string, by []Column) (aggregate, *Error) {
	var out aggregate
	args := c.args
	var key *compiled
	if len(args) == 0 {
		return out, semantic("The aggregation '%s' needs arguments.", c.name)
	}
	if c.name != "take_any" {
		k, err := s.compile(args[0])
		if err != nil {
			return out, err
		}
		if name == "" {
			name = hint(args[0])
		}
		key, out.columns, args = &k, []Column{{name, k.typ}}, args[1:]
	}
	var take []scalar
	for _, a := range args {
		if _, all := a.(star); all {
			for i, col := range s.table.Columns {
				if !hasColumn(out.columns, col.Name) && !hasColumn(by, col.Name) {
					out.columns = append(out.columns, col)
					take = append(take, func(row []any) any { return row[i] })
				}
			}
			continue
		}
		e, err := s.compile(a)
		if err != nil {
			return out, err
		}
		out.columns = append(out.columns, Column{hint(a), e.typ})
		take = append(take, e.eval)
	}
	name = strings.TrimPrefix(c.name, "arg_")
	out.start = func() accumulator { return &picking{name: name, by: key, take: take, budget: s.budget} }
	return out, nil
}

func hasColumn(columns []Column, name string) bool {
	for _, c := range columns {
		if c.Name == name {
			return true
		}
	}
	return false
}

// hint is the name that an expression suggests for its column: that of the column it is made from; "" for none.
func hint(e expr) string {
	switch e := e.(type) {
	case nameRef:
		return e.name
	case member:
		if of := hint(e.of); of != "" {
			return of + "_" + e.name
		}
		return e.name
	case call:
		if f, ok := functions[e.name]; (ok && f.names || e.name == "bin" || e.name == "floor") && len(e.args) > 0 {
			return hint(e.args[0])
		}
	}
	return ""
}
