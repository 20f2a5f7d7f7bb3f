package kql

import (
	"slices"
	"strings"
)

// maxDepth bounds how deep expressions and pipes may nest.
const maxDepth = 100

// Parse reads a query. The error is an *Error.
func Parse(src string) (*Query, error) {
	if len(src) > maxQuery {
		return nil, &Error{Message: "The query is longer than 256 KB."}
	}
	tokens, err := scan(src)
	if err != nil {
		return nil, err
	}
	p := &parser{src: src, tokens: tokens}
	q, err := p.query()
	if err != nil {
		return nil, err
	}
	return q, nil
}

type parser struct {
	src    string
	tokens []token
	i      int
	depth  int
}

func (p *parser) peek() token { return p.tokens[p.i] }

func (p *parser) next() token {
	t := p.tokens[p.i]
	if t.kind != tokEnd {
		p.i++
	}
	return t
}

// is reports whether the next token is that punctuation or that word; words do not know case here, as keywords of KQL
// are lower case and a column may be called Top.
func (p *parser) is(text string) bool {
	t := p.peek()
	return (t.kind == tokPunct || t.kind == tokName) && t.text == text
}

func (p *parser) accept(text string) bool {
	if p.is(text) {
		p.i++
		return true
	}
	return false
}

func (p *parser) expect(text string) *Error {
	if p.accept(text) {
		return nil
	}
	return p.unexpected("'" + text + "'")
}

func (p *parser) unexpected(wanted string) *Error {
	t := p.peek()
	found := "the end of the query"
	switch t.kind {
	case tokName, tokPunct:
		found = "'" + t.text + "'"
	case tokLiteral:
		found = "a literal"
	}
	return failAt(p.src, t.at, "Expected %s, found %s.", wanted, found)
}

func (p *parser) enter() *Error {
	if p.depth++; p.depth > maxDepth {
		return failAt(p.src, p.peek().at, "The query is nested more than %d levels deep.", maxDepth)
	}
	return nil
}

func (p *parser) leave() { p.depth-- }

func (p *parser) query() (*Query, *Error) {
	q := &Query{src: p.src}
	for p.is("let") {
		l, err := p.let()
		if err != nil {
			return nil, err
		}
		q.lets = append(q.lets, l)
		if err := p.expect(";"); err != nil {
			return nil, err
		}
	}
	body, err := p.tabular()
	if err != nil {
		return nil, err
	}
	p.accept(";")
	if p.peek().kind != tokEnd {
		return nil, p.unexpected("an operator after '|', or the end of the query")
	}
	q.body = body
	return q, nil
}

// let reads let name = scalar or let name = table. What could be either, a name alone, is taken for a scalar and looked
// up when the query runs.
func (p *parser) let() (let, *Error) {
	p.next()
	name, err := p.name()
	if err != nil {
		return let{}, err
	}
	if err := p.expect("="); err != nil {
		return let{}, err
	}
	start := p.i
	e, scalarErr := p.expr()
	if scalarErr == nil && (p.is(";") || p.peek().kind == tokEnd) {
		return let{name: name, scalar: e}, nil
	}
	furthest := p.i
	p.i = start
	t, err := p.tabular()
	if err != nil {
		if scalarErr != nil && furthest > p.i {
			err = scalarErr
		}
		return let{}, err
	}
	return let{name: name, table: &t}, nil
}

func (p *parser) name() (string, *Error) {
	t := p.peek()
	if t.kind == tokName {
		p.i++
		return t.text, nil
	}
	if p.is("[") && p.tokens[p.i+1].typ == String && p.tokens[p.i+1].kind == tokLiteral { // ['a name']
		p.i++
		s, _ := p.next().value.(string)
		return s, p.expect("]")
	}
	return "", p.unexpected("a name")
}

func (p *parser) tabular() (tabular, *Error) {
	if err := p.enter(); err != nil {
		return tabular{}, err
	}
	defer p.leave()
	src, err := p.source()
	if err != nil {
		return tabular{}, err
	}
	t := tabular{source: src}
	for p.accept("|") {
		op, err := p.operator()
		if err != nil {
			return tabular{}, err
		}
		if op != nil {
			t.ops = append(t.ops, op)
		}
	}
	return t, nil
}

func (p *parser) source() (source, *Error) {
	at := p.peek().at
	switch {
	case p.accept("("):
		sub, err := p.tabular()
		if err != nil {
			return source{}, err
		}
		return source{at: at, sub: &sub}, p.expect(")")
	case p.accept("union"):
		u, err := p.union()
		return source{at: at, union: u}, err
	case p.accept("datatable"):
		data, err := p.datatable()
		return source{at: at, data: data}, err
	case p.accept("print"):
		items, err := p.items()
		return source{at: at, print: items}, err
	}
	name, err := p.name()
	return source{at: at, name: name}, err
}

func (p *parser) union() (*union, *Error) {
	u := &union{}
	for p.peek().kind == tokName && p.tokens[p.i+1].text == "=" && p.tokens[p.i+1].kind == tokPunct {
		option := p.next()
		p.next()
		value := p.next()
		text := value.text
		if b, ok := value.value.(bool); ok && b {
			text = "true"
		}
		switch option.text {
		case "isfuzzy":
			u.fuzzy = text == "true"
		case "kind":
			u.inner = text == "inner"
		case "withsource":
			u.with = text
		default:
			return nil, failAt(p.src, option.at, "The union option '%s' is not known.", option.text)
		}
	}
	for {
		var part tabular
		if p.accept("(") {
			t, err := p.tabular()
			if err != nil {
				return nil, err
			}
			if err := p.expect(")"); err != nil {
				return nil, err
			}
			part = t
		} else {
			at := p.peek().at
			name, err := p.name()
			if err != nil {
				return nil, err
			}
			part = tabular{source: source{at: at, name: name}}
		}
		u.parts = append(u.parts, part)
		if !p.accept(",") {
			return u, nil
		}
	}
}

// datatable reads (Name: type, …)[value, …].
func (p *parser) datatable() (*Table, *Error) {
	t := &Table{}
	if err := p.expect("("); err != nil {
		return nil, err
	}
	for {
		name, err := p.name()
		if err != nil {
			return nil, err
		}
		if err := p.expect(":"); err != nil {
			return nil, err
		}
		at := p.peek().at
		typeName, err := p.name()
		if err != nil {
			return nil, err
		}
		typ, ok := literalNames[typeName]
		if typeName == "string" {
			typ, ok = String, true
		}
		if !ok {
			return nil, failAt(p.src, at, "'%s' is no type.", typeName)
		}
		t.Columns = append(t.Columns, Column{name, typ})
		if !p.accept(",") {
			break
		}
	}
	if err := p.expect(")"); err != nil {
		return nil, err
	}
	if err := p.expect("["); err != nil {
		return nil, err
	}
	var row []any
	for !p.is("]") {
		minus := p.accept("-")
		v := p.next()
		if v.kind != tokLiteral {
			p.i--
			return nil, p.unexpected("a literal")
		}
		value := convertValue(v.value, t.Columns[len(row)].Type)
		if minus {
			value = negative(value)
		}
		if row = append(row, value); len(row) == len(t.Columns) {
			t.Rows, row = append(t.Rows, row), nil
		}
		if !p.accept(",") {
			break
		}
	}
	if len(row) > 0 {
		return nil, p.unexpected("a value for every column of the last row")
	}
	return t, p.expect("]")
}

// operator reads what follows a pipe; nil for render, which is for people's eyes.
func (p *parser) operator() (operator, *Error) {
	word := p.peek()
	if word.kind != tokName {
		return nil, p.unexpected("an operator")
	}
	p.i++
	name := word.text
	if p.is("-") && p.peek().tight { // project-away
		p.i++
		rest, err := p.name()
		if err != nil {
			return nil, err
		}
		name += "-" + rest
	}
	switch name {
	case "where", "filter":
		cond, err := p.expr()
		return whereOp{cond}, err
	case "project":
		items, err := p.items()
		return projectOp{items}, err
	case "extend":
		items, err := p.items()
		return extendOp{items}, err
	case "project-away":
		names, err := p.names()
		return dropOp{names}, err
	case "project-keep":
		names, err := p.names()
		return keepOp{names}, err
	case "project-rename":
		items, err := p.items()
		return renameOp{items}, err
	case "summarize":
		return p.summarize()
	case "sort", "order":
		if err := p.expect("by"); err != nil {
			return nil, err
		}
		keys, err := p.sortKeys()
		return sortOp{keys}, err
	case "top":
		n, err := p.count()
		if err != nil {
			return nil, err
		}
		if err := p.expect("by"); err != nil {
			return nil, err
		}
		keys, err := p.sortKeys()
		return topOp{n, keys}, err
	case "take", "limit":
		n, err := p.count()
		return takeOp{n}, err
	case "count":
		return countOp{}, nil
	case "distinct":
		if p.accept("*") {
			return distinctOp{all: true}, nil
		}
		items, err := p.items()
		return distinctOp{items: items}, err
	case "union":
		u, err := p.union()
		return unionOp{u}, err
	case "render":
		for t := p.peek(); t.kind != tokEnd && t.text != "|" && t.text != ")" && t.text != ";"; t = p.peek() {
			p.i++
		}
		return nil, nil
	}
	return nil, failAt(p.src, word.at, "The operator '%s' is not known here. Known are: where, project, "+
		"project-away, project-keep, project-rename, extend, summarize, order, sort, top, take, limit, count, "+
		"distinct, union, render.", name)
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

func (p *parser) sortKeys() ([]sortKey, *Error) {
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

func (p *parser) expr() (expr, *Error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	return p.chain([]string{"or"}, func() (expr, *Error) {
		return p.chain([]string{"and"}, p.comparison)
	})
}

// chain reads operands joined by operators of one precedence, to the left.
func (p *parser) chain(ops []string, operand func() (expr, *Error)) (expr, *Error) {
	left, err := operand()
	for err == nil && slices.ContainsFunc(ops, p.is) {
		op := p.next()
		var right expr
		if right, err = operand(); err == nil {
			left = binary{op.at, op.text, left, right}
		}
	}
	return left, err
}

var comparisons = []string{
	"==", "!=", "<>", "=~", "!~", "<", "<=", ">", ">=", "contains", "!contains", "contains_cs", "!contains_cs",
	"startswith", "!startswith",
	"startswith_cs", "!startswith_cs", "endswith", "!endswith", "endswith_cs", "!endswith_cs", "has", "!has", "has_cs",
	"!has_cs",
}

func (p *parser) comparison() (expr, *Error) {
	left, err := p.sum()
	if err != nil {
		return nil, err
	}
	op := p.peek()
	switch {
	case slices.ContainsFunc(comparisons, p.is):
		p.i++
		right, err := p.sum()
		return binary{op.at, strings.Replace(op.text, "<>", "!=", 1), left, right}, err
	case p.is("in"), p.is("!in"), p.is("in~"), p.is("!in~"):
		p.i++
		if err := p.expect("("); err != nil {
			return nil, err
		}
		list, err := p.list(")")
		return inList{op.at, op.text, left, list}, err
	case p.is("between"), p.is("!between"):
		p.i++
		if err := p.expect("("); err != nil {
			return nil, err
		}
		low, err := p.sum()
		if err != nil {
			return nil, err
		}
		if err := p.expect(".."); err != nil {
			return nil, err
		}
		high, err := p.sum()
		if err != nil {
			return nil, err
		}
		return inList{op.at, op.text, left, []expr{low, high}}, p.expect(")")
	}
	return left, nil
}

func (p *parser) sum() (expr, *Error) {
	return p.chain([]string{"+", "-"}, func() (expr, *Error) {
		return p.chain([]string{"*", "/", "%"}, p.unary)
	})
}

func (p *parser) unary() (expr, *Error) {
	if p.is("-") || p.is("+") {
		op := p.next()
		if err := p.enter(); err != nil {
			return nil, err
		}
		defer p.leave()
		e, err := p.unary()
		if err != nil || op.text == "+" {
			return e, err
		}
		return unary{op.at, e}, nil
	}
	return p.postfix()
}

func (p *parser) postfix() (expr, *Error) {
	e, err := p.primary()
	if err != nil {
		return nil, err
	}
	for {
		at := p.peek().at
		switch {
		case p.accept("."):
			name, err := p.name()
			if err != nil {
				return nil, err
			}
			e = member{at, e, name}
		case p.accept("["):
			index, err := p.expr()
			if err != nil {
				return nil, err
			}
			if err := p.expect("]"); err != nil {
				return nil, err
			}
			if l, ok := index.(literal); ok && l.typ == String {
				e = member{at, e, l.value.(string)}
			} else {
				e = element{at, e, index}
			}
		default:
			return e, nil
		}
	}
}

func (p *parser) primary() (expr, *Error) {
	t := p.peek()
	switch {
	case t.kind == tokLiteral:
		p.i++
		return literal{t.at, t.typ, t.value}, nil
	case p.accept("("):
		e, err := p.expr()
		if err != nil {
			return nil, err
		}
		return e, p.expect(")")
	case p.is("*"):
		p.i++
		return star{t.at}, nil
	}
	name, err := p.name()
	if err != nil {
		return nil, p.unexpected("an expression")
	}
	if p.accept("(") {
		args, err := p.list(")")
		return call{t.at, name, args}, err
	}
	return nameRef{t.at, name}, nil
}

// list reads expressions up to a closing bracket.
func (p *parser) list(end string) ([]expr, *Error) {
	var out []expr
	if p.accept(end) {
		return nil, nil
	}
	for {
		e, err := p.expr()
		if err != nil {
			return nil, err
		}
		out = append(out, e)
		if !p.accept(",") {
			return out, p.expect(end)
		}
	}
}
