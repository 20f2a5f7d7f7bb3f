// Package odata reads the part of OData's filter expressions that Azure's lists take: comparisons of a property with a
// text, functions of texts and properties, and, or, not and parentheses.
//
// Source: https://docs.oasis-open.org/odata/odata/v4.0/odata-v4.0-part2-url-conventions.html
package odata

import (
	"fmt"
	"strings"
)

// Filter is an expression: And, Or, Not, Compare or Call.
type Filter interface{ filter() }

// And holds when both sides hold, Or when one does.
type (
	And struct{ Left, Right Filter }
	Or  struct{ Left, Right Filter }
)

// Not holds when Of does not.
type Not struct{ Of Filter }

// Compare compares a property with a text. Operator is eq, ne, gt, ge, lt or le. Any says that the property is a list
// of which one element has to compare so: tags/any(t:t eq 'x').
type Compare struct {
	Property, Operator, Value string
	Any                       bool
}

// Call calls a function, such as substringof('demo', name) or atScope().
type Call struct {
	Function  string
	Arguments []Argument
}

// Argument is a text in quotes or, when Quoted is false, the name of a property.
type Argument struct {
	Text   string
	Quoted bool
}

func (And) filter()     {}
func (Or) filter()      {}
func (Not) filter()     {}
func (Compare) filter() {}
func (Call) filter()    {}

// Parse reads an expression. Names keep their spelling; operators and the words and, or, not are read in any letter
// case, as Resource Manager does. Its error says what was expected and where.
func Parse(text string) (Filter, error) {
	p := &parser{text: text}
	if err := p.advance(); err != nil {
		return nil, err
	}
	f, err := p.alternatives(0)
	if err != nil {
		return nil, err
	}
	if p.now.kind != end {
		return nil, p.expected("the end")
	}
	return f, nil
}

// Walk calls visit for every comparison and call of an expression, from left to right.
func Walk(f Filter, visit func(Filter)) {
	switch f := f.(type) {
	case And:
		Walk(f.Left, visit)
		Walk(f.Right, visit)
	case Or:
		Walk(f.Left, visit)
		Walk(f.Right, visit)
	case Not:
		Walk(f.Of, visit)
	default:
		visit(f)
	}
}

// Holds evaluates an expression over the answers for its comparisons and calls.
func Holds(f Filter, test func(Filter) bool) bool {
	switch f := f.(type) {
	case And:
		return Holds(f.Left, test) && Holds(f.Right, test)
	case Or:
		return Holds(f.Left, test) || Holds(f.Right, test)
	case Not:
		return !Holds(f.Of, test)
	}
	return test(f)
}

// maxDepth bounds the nesting of an expression.
const maxDepth = 100

type kind int

const (
	end kind = iota
	name
	quoted
	open
	closing
	comma
)

// token is a word of the expression at a position in bytes.
type token struct {
	kind kind
	text string
	at   int
}

type parser struct {
	text string
	at   int
	now  token
}

func (p *parser) expected(what string) error {
	return fmt.Errorf("%s was expected at position %d", what, p.now.at)
}

// advance reads the next token.
func (p *parser) advance() error {
	for p.at < len(p.text) && p.text[p.at] == ' ' {
		p.at++
	}
	p.now = token{at: p.at}
	if p.at == len(p.text) {
		return nil
	}
	if marks := map[byte]kind{'(': open, ')': closing, ',': comma}; marks[p.text[p.at]] != end {
		p.now.kind, p.now.text = marks[p.text[p.at]], p.text[p.at:p.at+1]
		p.at++
		return nil
	}
	if p.text[p.at] == '\'' {
		return p.quotation()
	}
	from := p.at
	for p.at < len(p.text) && isName(p.text[p.at]) {
		p.at++
	}
	if p.at == from {
		return fmt.Errorf("%q at position %d is not part of a filter", p.text[from], from)
	}
	p.now.kind, p.now.text = name, p.text[from:p.at]
	return nil
}

// quotation reads a text in quotes; a quote within it is doubled.
func (p *parser) quotation() error {
	var text strings.Builder
	for p.at++; p.at < len(p.text); p.at++ {
		if p.text[p.at] != '\'' {
			text.WriteByte(p.text[p.at])
			continue
		}
		if p.at++; p.at == len(p.text) || p.text[p.at] != '\'' {
			p.now.kind, p.now.text = quoted, text.String()
			return nil
		}
		text.WriteByte('\'')
	}
	return fmt.Errorf("the text at position %d has no closing quote", p.now.at)
}

func isName(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("_-./:", c) >= 0
}

// word reports whether the current token is a word of the language, and goes past it.
func (p *parser) word(text string) (bool, error) {
	if p.now.kind != name || !strings.EqualFold(p.now.text, text) {
		return false, nil
	}
	return true, p.advance()
}

func (p *parser) alternatives(depth int) (Filter, error) {
	left, err := p.conjunction(depth)
	for err == nil {
		var more bool
		if more, err = p.word("or"); err != nil || !more {
			break
		}
		var right Filter
		if right, err = p.conjunction(depth); err == nil {
			left = Or{left, right}
		}
	}
	return left, err
}

func (p *parser) conjunction(depth int) (Filter, error) {
	left, err := p.term(depth)
	for err == nil {
		var more bool
		if more, err = p.word("and"); err != nil || !more {
			break
		}
		var right Filter
		if right, err = p.term(depth); err == nil {
			left = And{left, right}
		}
	}
	return left, err
}

func (p *parser) term(depth int) (Filter, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("the filter is nested more than %d levels deep", maxDepth)
	}
	if negated, err := p.word("not"); err != nil || negated {
		if err != nil {
			return nil, err
		}
		of, err := p.term(depth + 1)
		return Not{of}, err
	}
	switch p.now.kind {
	case open:
		return p.parentheses(depth)
	case name:
		return p.named()
	}
	return nil, p.expected("a property or a function")
}

func (p *parser) parentheses(depth int) (Filter, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	inner, err := p.alternatives(depth + 1)
	if err != nil {
		return nil, err
	}
	if p.now.kind != closing {
		return nil, p.expected("')'")
	}
	return inner, p.advance()
}

// named reads a comparison or a call.
func (p *parser) named() (Filter, error) {
	first := p.now.text
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.now.kind == open {
		if list, ok := strings.CutSuffix(first, "/any"); ok {
			return p.any(list)
		}
		return p.call(first)
	}
	operator := strings.ToLower(p.now.text)
	if p.now.kind != name || !strings.Contains(" eq ne gt ge lt le ", " "+operator+" ") {
		return nil, p.expected("an operator such as eq")
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.now.kind != quoted && p.now.kind != name {
		return nil, p.expected("a value")
	}
	compare := Compare{Property: first, Operator: operator, Value: p.now.text}
	return compare, p.advance()
}

// any reads the condition on the elements of a list: (c:c eq 'x').
func (p *parser) any(list string) (Filter, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	variable, element, ok := strings.Cut(p.now.text, ":")
	if p.now.kind != name || !ok || variable != element || variable == "" {
		return nil, p.expected("a condition such as c:c eq 'x'")
	}
	condition, err := p.named()
	if err != nil {
		return nil, err
	}
	compare, ok := condition.(Compare)
	if !ok || p.now.kind != closing {
		return nil, p.expected("')' after one comparison")
	}
	compare.Property, compare.Any = list, true
	return compare, p.advance()
}

func (p *parser) call(function string) (Filter, error) {
	call := Call{Function: function}
	if err := p.advance(); err != nil {
		return nil, err
	}
	for p.now.kind != closing {
		if len(call.Arguments) > 0 {
			if p.now.kind != comma {
				return nil, p.expected("',' or ')'")
			}
			if err := p.advance(); err != nil {
				return nil, err
			}
		}
		if p.now.kind != quoted && p.now.kind != name {
			return nil, p.expected("an argument")
		}
		call.Arguments = append(call.Arguments, Argument{Text: p.now.text, Quoted: p.now.kind == quoted})
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
	return call, p.advance()
}
