package kql

import "time"

// arithmetic compiles +, -, *, / and % by Kusto's table of types.
// Source: https://learn.microsoft.com/kusto/query/datetime-timespan-arithmetic
func arithmetic(op string, l, r compiled) (compiled, *Error) {
	var out compiled
	switch {
	case l.typ == DateTime || r.typ == DateTime:
		out = timeArithmetic(op, l, r)
	case l.typ == TimeSpan && r.typ == TimeSpan:
		out = spanArithmetic(op, l, r)
	case l.typ == TimeSpan && isNumber(r.typ) || isNumber(l.typ) && r.typ == TimeSpan:
		out = scaledSpan(op, l, r)
	case isNumber(l.typ) && isNumber(r.typ):
		out = numberArithmetic(op, l, r)
	}
	if out.eval == nil {
		return out, semantic("The operator '%s' is not defined for types %s and %s. Try adding explicit casts", op,
			l.typ, r.typ)
	}
	return out, nil
}

// values computes a value from two operands of certain types; the result for nulls and other types is null.
func values[L, R any](l, r compiled, compute func(a L, b R) any) scalar {
	return func(row []any) any {
		a, aok := l.eval(row).(L)
		b, bok := r.eval(row).(R)
		if !aok || !bok {
			return nil
		}
		return compute(a, b)
	}
}

// reals is values for operands that are read as real numbers.
func reals(l, r compiled, compute func(a, b float64) any) scalar {
	return func(row []any) any {
		a, aok := toReal(l.eval(row))
		b, bok := toReal(r.eval(row))
		if !aok || !bok {
			return nil
		}
		return compute(a, b)
	}
}

// timeArithmetic is the difference of two times, or a time moved by a timespan. It has no eval for an operator that is
// not defined, like the functions below.
func timeArithmetic(op string, l, r compiled) compiled {
	switch {
	case l.typ == DateTime && r.typ == DateTime && op == "-":
		return compiled{TimeSpan, values(l, r, func(a, b time.Time) any { return a.Sub(b) })}
	case l.typ == DateTime && r.typ == TimeSpan && op == "-":
		return compiled{DateTime, values(l, r, func(t time.Time, d time.Duration) any { return t.Add(-d) })}
	case l.typ == DateTime && r.typ == TimeSpan && op == "+":
		return compiled{DateTime, values(l, r, func(t time.Time, d time.Duration) any { return t.Add(d) })}
	case l.typ == TimeSpan && r.typ == DateTime && op == "+":
		return compiled{DateTime, values(l, r, func(d time.Duration, t time.Time) any { return t.Add(d) })}
	}
	return compiled{}
}

// spanArithmetic combines two timespans.
func spanArithmetic(op string, l, r compiled) compiled {
	switch op {
	case "/":
		return compiled{Real, reals(l, r, func(a, b float64) any { return a / b })}
	case "*":
		return compiled{}
	}
	return compiled{TimeSpan, values(l, r, func(a, b time.Duration) any {
		if v, ok := wholeNumbers(op, int64(a), int64(b)); ok {
			return time.Duration(v)
		}
		return nil
	})}
}

// scaledSpan is a timespan times a number, or divided by one.
func scaledSpan(op string, l, r compiled) compiled {
	switch {
	case op == "*":
		return compiled{TimeSpan, reals(l, r, func(a, b float64) any { return time.Duration(a * b) })}
	case op == "/" && l.typ == TimeSpan:
		return compiled{TimeSpan, reals(l, r, func(a, b float64) any {
			if b == 0 {
				return nil
			}
			return time.Duration(a * (1 / b))
		})}
	}
	return compiled{}
}

// numberArithmetic computes in whole numbers unless one of the two is real.
func numberArithmetic(op string, l, r compiled) compiled {
	if l.typ == Real || r.typ == Real {
		return compiled{Real, reals(l, r, func(a, b float64) any { return realNumbers(op, a, b) })}
	}
	return compiled{Long, values(l, r, func(a, b int64) any {
		if v, ok := wholeNumbers(op, a, b); ok {
			return v
		}
		return nil
	})}
}

func wholeNumbers(op string, a, b int64) (int64, bool) {
	switch op {
	case "+":
		return a + b, true
	case "-":
		return a - b, true
	case "*":
		return a * b, true
	}
	if b == 0 || b == -1 { // -1: the smallest number has no opposite
		return -a, b == -1 && op == "/"
	}
	if op == "/" {
		return a / b, true
	}
	return ((a % b) + b) % b, true
}

func realNumbers(op string, a, b float64) any {
	switch op {
	case "+":
		return a + b
	case "-":
		return a - b
	case "*":
		return a * b
	case "/":
		return a / b
	}
	if b == 0 {
		return nil
	}
	return a - b*float64(int64(a/b))
}
