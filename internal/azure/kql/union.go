package kql

import (
	"slices"
	"strconv"
)

// unionPart is a table of a union with the name that withsource shows.
type unionPart struct {
	name  string
	table *Table
}

// union puts tables below each other. Columns of the same name and type are one; of the same name and another type,
// two, with the type behind the name.
// Source: https://learn.microsoft.com/kusto/query/union-operator
func (r *runner) union(first *Table, u *union) (*Table, error) {
	parts, err := r.unionParts(first, u)
	if err != nil {
		return nil, err
	}
	if len(parts) == 0 {
		return nil, unresolved("None of the tables of the union could be resolved.")
	}
	out, places := u.columns(parts)
	for k, part := range parts {
		for _, row := range part.table.Rows {
			if err := r.budget.hold("union", rowBytes(len(out.Columns))); err != nil {
				return nil, err
			}
			next := make([]any, len(out.Columns))
			for i, c := range out.Columns {
				next[i] = zero(c.Type)
			}
			if u.with != "" {
				next[0] = part.name
			}
			for i, v := range row {
				if place := places[k][i]; place >= 0 && v != nil {
					next[place] = v
				}
			}
			out.Rows = append(out.Rows, next)
		}
	}
	return out, nil
}

// unionParts evaluates the tables of a union. With isfuzzy, what does not resolve is left out.
func (r *runner) unionParts(first *Table, u *union) ([]unionPart, error) {
	var parts []unionPart
	if first != nil {
		parts = append(parts, unionPart{"union_arg0", first})
	}
	for i, part := range u.parts {
		t, err := r.tabular(part)
		if e, ok := err.(*Error); ok && e.Semantic && u.fuzzy {
			continue
		}
		if err != nil {
			return nil, err
		}
		name := part.source.name
		if name == "" {
			name = "union_arg" + strconv.Itoa(i)
		}
		parts = append(parts, unionPart{name, t})
	}
	return parts, nil
}

// columns is the union's table without rows. places say, for every column of every part, which of its columns that
// becomes; -1 drops it.
func (u *union) columns(parts []unionPart) (out *Table, places [][]int) {
	out = &Table{}
	if u.with != "" {
		out.Columns = append(out.Columns, Column{u.with, String})
	}
	types := columnTypes(parts)
	for _, part := range parts {
		at := make([]int, len(part.table.Columns))
		for i, c := range part.table.Columns {
			if len(types[c.Name]) > 1 {
				c.Name += "_" + string(c.Type)
			}
			at[i] = out.index(c.Name)
			if at[i] < 0 && (!u.inner || inAll(parts, part.table.Columns[i])) {
				at[i] = len(out.Columns)
				out.Columns = append(out.Columns, c)
			}
		}
		places = append(places, at)
	}
	return out, places
}

// columnTypes lists the types that columns of a name have.
func columnTypes(parts []unionPart) map[string]map[Type]bool {
	types := map[string]map[Type]bool{}
	for _, part := range parts {
		for _, c := range part.table.Columns {
			if types[c.Name] == nil {
				types[c.Name] = map[Type]bool{}
			}
			types[c.Name][c.Type] = true
		}
	}
	return types
}

func inAll(parts []unionPart, c Column) bool {
	for _, part := range parts {
		if !slices.Contains(part.table.Columns, c) {
			return false
		}
	}
	return true
}
