package kql

import (
	"fmt"
	"strings"
	"time"
)

// scalar computes a value from a row.
type scalar func(row []any) any

// compiled is an expression that fits its table.
type compiled struct {
	typ  Type
	eval scalar
}

// scope is what names in an expression mean.
type scope struct {
	src   string
	table *Table
	lets  map[string]compiled
	now   time.Time
	// budget counts what aggregates hold.
	budget *budget
}

// semantic makes the error of an expression that does not fit.
func semantic(format string, args ...any) *Error {
	return &Error{Semantic: true, Message: fmt.Sprintf(format, args...)}
}

// unresolved makes the error of a name that the tables do not have.
func unresolved(format string, args ...any) *Error {
	e := semantic(format, args...)
	e.Unresolved = true
	return e
}

func constant(typ Type, v any) compiled {
	return compiled{typ, func([]any) any { return v }}
}

// at adds its place to an error that has none.
func (e *Error) at(src string, offset int) *Error {
	if e != nil && e.Line == 0 {
		e.Line, e.Column = place(src, offset)
	}
	return e
}

// compile makes an expression fit the table; an error says where in the query.
func (s *scope) compile(e expr) (compiled, *Error) {
	c, err := s.fit(e)
	return c, err.at(s.src, e.pos())
}

func (s *scope) fit(e expr) (compiled, *Error) {
	switch e := e.(type) {
	case literal:
		return constant(e.typ, e.value), nil
	case nameRef:
		return s.resolve(e.name)
	case member:
		of, err := s.compile(e.of)
		if err != nil {
			return compiled{}, err
		}
		if of.typ != Dynamic {
			return compiled{}, semantic("'%s' cannot be read from a value of type %s: use parse_json() first.", e.name,
				of.typ)
		}
		return compiled{Dynamic, func(row []any) any {
			m, _ := of.eval(row).(map[string]any)
			return m[e.name]
		}}, nil
	case element:
		return s.element(e)
	case unary:
		operand, err := s.compile(e.operand)
		if err != nil {
			return compiled{}, err
		}
		if !isNumber(operand.typ) && operand.typ != TimeSpan {
			return compiled{}, semantic("The operator '-' is not defined for type %s.", operand.typ)
		}
		return compiled{operand.typ, func(row []any) any { return negative(operand.eval(row)) }}, nil
	case binary:
		return s.binary(e)
	case inList:
		if strings.HasSuffix(e.op, "between") {
			return s.between(e)
		}
		return s.in(e)
	case call:
		return s.call(e)
	}
	return compiled{}, semantic("'*' is not expected here.")
}

func (s *scope) resolve(name string) (compiled, *Error) {
	if s.table != nil {
		if i := s.table.index(name); i >= 0 {
			return compiled{s.table.Columns[i].Type, func(row []any) any { return row[i] }}, nil
		}
	}
	if c, ok := s.lets[name]; ok {
		return c, nil
	}
	return compiled{}, unresolved("Failed to resolve scalar expression named '%s'", name)
}

func (s *scope) element(e element) (compiled, *Error) {
	of, err := s.compile(e.of)
	if err != nil {
		return compiled{}, err
	}
	index, err := s.compile(e.index)
	if err != nil {
		return compiled{}, err
	}
	if of.typ != Dynamic {
		return compiled{}, semantic("A value of type %s has no elements: use parse_json() first.", of.typ)
	}
	return compiled{Dynamic, func(row []any) any {
		switch i := index.eval(row).(type) {
		case int64:
			list, _ := of.eval(row).([]any)
			if i < 0 {
				i += int64(len(list))
			}
			if i >= 0 && i < int64(len(list)) {
				return list[i]
			}
		case string:
			m, _ := of.eval(row).(map[string]any)
			return m[i]
		}
		return nil
	}}, nil
}

// pair compiles two operands.
func (s *scope) pair(left, right expr) (l, r compiled, err *Error) {
	if l, err = s.compile(left); err == nil {
		r, err = s.compile(right)
	}
	return l, r, err
}

func (s *scope) binary(e binary) (compiled, *Error) {
	l, r, err := s.pair(e.left, e.right)
	if err != nil {
		return compiled{}, err
	}
	switch e.op {
	case "and", "or":
		for _, side := range []compiled{l, r} {
			if side.typ != Bool && side.typ != Dynamic {
				return compiled{}, semantic("The operator '%s' needs two values of type bool, not one of type %s.",
					e.op, side.typ)
			}
		}
		stop := e.op == "or"
		return compiled{Bool, func(row []any) any {
			if isTrue(l.eval(row)) == stop {
				return stop
			}
			return isTrue(r.eval(row))
		}}, nil
	case "+", "-", "*", "/", "%":
		return arithmetic(e.op, l, r)
	case "==", "!=", "<", "<=", ">", ">=":
		return relation(e.op, l, r)
	}
	return textual(e.op, l, r)
}

func isTrue(v any) bool {
	b, _ := v.(bool)
	return b
}

// comparableTypes reports whether Azure compares two types. It refuses to compare a string with a number.
func comparableTypes(a, b Type) bool {
	return a == b || a == Dynamic || b == Dynamic || isNumber(a) && isNumber(b) || a == GUID && b == String ||
		a == String && b == GUID
}

func relation(op string, l, r compiled) (compiled, *Error) {
	if !comparableTypes(l.typ, r.typ) {
		return compiled{}, semantic("Cannot compare values of types %s and %s. Try adding explicit casts", l.typ, r.typ)
	}
	return compiled{Bool, func(row []any) any { return holds(op, l.eval(row), r.eval(row)) }}, nil
}

// holds evaluates a comparison. With a null nothing is equal, less or greater.
func holds(op string, a, b any) bool {
	if a == nil || b == nil {
		return op == "!=" && (a == nil) != (b == nil)
	}
	order, ok := compare(a, b)
	if !ok {
		return op == "!="
	}
	switch op {
	case "==":
		return order == 0
	case "!=":
		return order != 0
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}

// textTests are the string operators without ! and _cs. Without _cs they get their operands in lower case.
var textTests = map[string]func(s, part string) bool{
	"=~": func(s, part string) bool { return s == part }, "~": func(s, part string) bool { return s == part },
	"contains": strings.Contains, "startswith": strings.HasPrefix, "endswith": strings.HasSuffix, "has": hasTerm,
}

// hasTerm finds part as a whole term: a run of letters and digits.
func hasTerm(s, part string) bool {
	if part == "" {
		return true
	}
	for from := 0; ; {
		i := strings.Index(s[from:], part)
		if i < 0 {
			return false
		}
		start, end := from+i, from+i+len(part)
		if (start == 0 || !isTerm(s[start-1]) || !isTerm(part[0])) && (end == len(s) || !isTerm(s[end]) ||
			!isTerm(part[len(part)-1])) {
			return true
		}
		from = start + 1
	}
}

func isTerm(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= 0x80 }

func textual(op string, l, r compiled) (compiled, *Error) {
	for _, side := range []compiled{l, r} {
		if side.typ != String && side.typ != Dynamic && side.typ != GUID {
			return compiled{}, semantic("The operator '%s' needs strings, not a value of type %s: use tostring().", op,
				side.typ)
		}
	}
	base, negated := strings.CutPrefix(op, "!")
	base, exact := strings.CutSuffix(base, "_cs")
	test := textTests[base]
	return compiled{Bool, func(row []any) any {
		a, b := format(l.eval(row)), format(r.eval(row))
		if !exact {
			a, b = strings.ToLower(a), strings.ToLower(b)
		}
		return test(a, b) != negated
	}}, nil
}

func (s *scope) between(e inList) (compiled, *Error) {
	low := binary{e.at, ">=", e.left, e.list[0]}
	high := binary{e.at, "<=", e.left, e.list[1]}
	if end, ok := e.list[1].(literal); ok && end.typ == TimeSpan { // between (start .. 1d)
		high.right = binary{e.at, "+", e.list[0], e.list[1]}
		if of, err := s.compile(e.left); err == nil && of.typ == TimeSpan {
			high.right = e.list[1]
		}
	}
	c, err := s.binary(binary{e.at, "and", low, high})
	if err != nil || e.op == "between" {
		return c, err
	}
	return compiled{Bool, func(row []any) any { return !isTrue(c.eval(row)) }}, nil
}

func (s *scope) in(e inList) (compiled, *Error) {
	left, err := s.compile(e.left)
	if err != nil {
		return compiled{}, err
	}
	var list []compiled
	for _, item := range e.list {
		c, err := s.compile(item)
		if err != nil {
			return compiled{}, err
		}
		list = append(list, c)
	}
	folded := strings.HasSuffix(e.op, "~")
	negated := strings.HasPrefix(e.op, "!")
	same := func(a, b any) bool {
		if folded {
			return strings.EqualFold(format(a), format(b))
		}
		if left.typ != Dynamic {
			b = convertValue(b, left.typ)
		}
		return holds("==", a, b)
	}
	return compiled{Bool, func(row []any) any {
		v := left.eval(row)
		for _, item := range list {
			w := item.eval(row)
			if several, ok := w.([]any); ok { // in (dynamic(["a", "b"]))
				for _, one := range several {
					if same(v, one) {
						return !negated
					}
				}
			} else if same(v, w) {
				return !negated
			}
		}
		return negated
	}}, nil
}
