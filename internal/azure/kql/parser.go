package kql

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

// is reports whether the next token is that punctuation or that word, in exactly that case: keywords of KQL are lower
// case, and a column may be called Top.
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

// let reads let name = scalar or let name = table. A name alone can be either: it is read as a scalar and
// looked up when the query runs.
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
	return p.table()
}

// table reads the name of a table, alone or in a workspace: workspace("…").Name.
// Source: https://learn.microsoft.com/azure/azure-monitor/logs/cross-workspace-query
func (p *parser) table() (source, *Error) {
	s := source{at: p.peek().at}
	if p.is("workspace") && p.tokens[p.i+1].text == "(" {
		p.i += 2
		id, ok := p.peek().value.(string)
		if !ok {
			return s, p.unexpected("the id of a workspace in quotes")
		}
		p.i++
		s.workspace = id
		for _, text := range []string{")", "."} {
			if err := p.expect(text); err != nil {
				return s, err
			}
		}
	}
	var err *Error
	s.name, err = p.name()
	return s, err
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
			table, err := p.table()
			if err != nil {
				return nil, err
			}
			part = tabular{source: table}
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
