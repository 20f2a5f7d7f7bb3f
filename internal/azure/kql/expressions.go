package kql

import (
	"slices"
	"strings"
)

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
