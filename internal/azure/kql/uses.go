package kql

// Uses reports whether a query uses an operator, such as union: at the begin of a statement, of a pipe's step, or of
// what is in brackets. It needs no query that can be read whole.
func Uses(src, operator string) bool {
	tokens, err := scan(src)
	if err != nil {
		return false
	}
	for i, t := range tokens {
		if t.kind != tokName || t.text != operator {
			continue
		}
		if i == 0 {
			return true
		}
		switch before := tokens[i-1]; {
		case before.kind == tokPunct && (before.text == "|" || before.text == "(" || before.text == ";"):
			return true
		case before.kind == tokPunct && before.text == "=" && i > 2 && tokens[i-3].text == "let":
			return true
		}
	}
	return false
}

// CrossResource reports whether the query names every table that it reads with its workspace: workspace("…").Name.
// Names that let binds and tables that are written out are no tables of a workspace.
func (q *Query) CrossResource() bool {
	bound := map[string]bool{}
	for _, l := range q.lets {
		if l.table != nil && !l.table.qualified(bound) {
			return false
		}
		bound[l.name] = true
	}
	return q.body.qualified(bound)
}

func (t tabular) qualified(bound map[string]bool) bool {
	s := t.source
	switch {
	case s.sub != nil && !s.sub.qualified(bound), s.union != nil && !s.union.qualified(bound):
		return false
	case s.name != "" && s.workspace == "" && !bound[s.name]:
		return false
	}
	for _, op := range t.ops {
		if with, ok := op.(unionOp); ok && !with.with.qualified(bound) {
			return false
		}
	}
	return true
}

func (u *union) qualified(bound map[string]bool) bool {
	for _, part := range u.parts {
		if !part.qualified(bound) {
			return false
		}
	}
	return true
}
