package kql

// operator reads what follows a pipe; nil for render, which says how to draw a result.
func (p *parser) operator() (operator, *Error) {
	word := p.peek()
	name, err := p.operatorName()
	if err != nil {
		return nil, err
	}
	switch name {
	case "where", "filter":
		cond, err := p.expr()
		return whereOp{cond}, err
	case "project", "extend", "project-rename":
		return p.computed(name)
	case "project-away", "project-keep":
		return p.chosen(name)
	case "summarize":
		return p.summarize()
	case "sort", "order":
		keys, err := p.sortKeys()
		return sortOp{keys}, err
	case "top":
		return p.top()
	case "take", "limit":
		n, err := p.count()
		return takeOp{n}, err
	case "count":
		return countOp{}, nil
	case "distinct":
		return p.distinct()
	case "union":
		u, err := p.union()
		return unionOp{u}, err
	case "render":
		p.skipRender()
		return nil, nil
	}
	return nil, failAt(p.src, word.at, "The operator '%s' is not known here. Known are: where, project, "+
		"project-away, project-keep, project-rename, extend, summarize, order, sort, top, take, limit, count, "+
		"distinct, union, render.", name)
}

// operatorName reads a word, or two with a hyphen in between: project-away.
func (p *parser) operatorName() (string, *Error) {
	word := p.peek()
	if word.kind != tokName {
		return "", p.unexpected("an operator")
	}
	p.i++
	if !p.is("-") || !p.peek().tight {
		return word.text, nil
	}
	p.i++
	rest, err := p.name()
	return word.text + "-" + rest, err
}

// computed reads the operators that name expressions.
func (p *parser) computed(name string) (operator, *Error) {
	items, err := p.items()
	switch name {
	case "project":
		return projectOp{items}, err
	case "extend":
		return extendOp{items}, err
	}
	return renameOp{items}, err
}

// chosen reads the operators that list columns.
func (p *parser) chosen(name string) (operator, *Error) {
	names, err := p.names()
	if name == "project-away" {
		return dropOp{names}, err
	}
	return keepOp{names}, err
}

func (p *parser) top() (operator, *Error) {
	n, err := p.count()
	if err != nil {
		return nil, err
	}
	keys, err := p.sortKeys()
	return topOp{n, keys}, err
}

func (p *parser) distinct() (operator, *Error) {
	if p.accept("*") {
		return distinctOp{all: true}, nil
	}
	items, err := p.items()
	return distinctOp{items: items}, err
}

// skipRender passes over the kind of chart and its options.
func (p *parser) skipRender() {
	for t := p.peek(); t.kind != tokEnd && t.text != "|" && t.text != ")" && t.text != ";"; t = p.peek() {
		p.i++
	}
}

func (p *parser) count() (int, *Error) {
	t := p.peek()
	n, ok := t.value.(int64)
	if t.kind != tokLiteral || !ok || n > maxRows {
		return 0, p.unexpected("a number of rows")
	}
	p.i++
	return int(n), nil
}

func (p *parser) names() ([]nameRef, *Error) {
	var out []nameRef
	for {
		at := p.peek().at
		name, err := p.name()
		if err != nil {
			return nil, err
		}
		out = append(out, nameRef{at, name})
		if !p.accept(",") {
			return out, nil
		}
	}
}

// items reads [name =] expression, …
func (p *parser) items() ([]named, *Error) {
	var out []named
	for {
		item, err := p.item()
		if err != nil {
			return nil, err
		}
		out = append(out, item)
		if !p.accept(",") {
			return out, nil
		}
	}
}

func (p *parser) item() (named, *Error) {
	start := p.i
	if name, err := p.name(); err == nil && p.accept("=") {
		e, err := p.expr()
		return named{name, e}, err
	}
	p.i = start
	e, err := p.expr()
	return named{"", e}, err
}

func (p *parser) summarize() (operator, *Error) {
	var op summarizeOp
	var err *Error
	if !p.is("by") {
		if op.aggregates, err = p.items(); err != nil {
			return nil, err
		}
	}
	if p.accept("by") {
		if op.by, err = p.items(); err != nil {
			return nil, err
		}
	}
	return op, nil
}

// sortKeys reads the keyword by and then expression [asc|desc] [nulls first|last], ...
func (p *parser) sortKeys() ([]sortKey, *Error) {
	if err := p.expect("by"); err != nil {
		return nil, err
	}
	var out []sortKey
	for {
		e, err := p.expr()
		if err != nil {
			return nil, err
		}
		k := sortKey{expr: e}
		if k.asc = p.accept("asc"); !k.asc {
			p.accept("desc")
		}
		k.nullsFirst = k.asc
		if p.accept("nulls") {
			if k.nullsFirst = p.accept("first"); !k.nullsFirst {
				if err := p.expect("last"); err != nil {
					return nil, err
				}
			}
		}
		out = append(out, k)
		if !p.accept(",") {
			return out, nil
		}
	}
}
