package kql

import (
	"math"
	"regexp"
	"strings"
	"time"
)

// function is a scalar function: how many arguments it takes (most -1 is any number) and its result.
type function struct {
	least, most int
	typ         Type
	// like is the number of the argument whose type the function has, from 1; 0 when typ says it.
	like  int
	apply func(args []any) any
	// names keeps a column's name when the function is applied to it: tolong(Size) is still called Size.
	names bool
}

// castTo makes a conversion function.
func castTo(typ Type) function {
	return function{least: 1, most: 1, typ: typ, names: true,
		apply: func(a []any) any { return convertValue(a[0], typ) }}
}

func text(f func(a []string) any) func([]any) any {
	return func(args []any) any {
		texts := make([]string, len(args))
		for i, v := range args {
			texts[i] = format(v)
		}
		out := f(texts)
		if s, ok := out.(string); ok && len(s) > maxText {
			return s[:maxText] // the longest that Kusto keeps
		}
		return out
	}
}

// starting makes startofday and its like.
func starting(cut func(time.Time) time.Time) function {
	return function{least: 1, most: 1, typ: DateTime, apply: func(a []any) any {
		t, ok := a[0].(time.Time)
		if !ok {
			return nil
		}
		return cut(t)
	}}
}

func day(t time.Time) time.Time { return t.Truncate(24 * time.Hour) }

// functions are the scalar functions that only compute values from values.
// Source: https://learn.microsoft.com/kusto/query/scalar-functions
var functions = map[string]function{
	"tostring": castTo(String), "tolong": castTo(Long), "toint": castTo(Int), "todouble": castTo(Real),
	"toreal": castTo(Real),
	"tobool": castTo(Bool), "todatetime": castTo(DateTime), "totimespan": castTo(TimeSpan), "toguid": castTo(GUID),
	"parse_json": castJSON, "todynamic": castJSON,
	"not":        {least: 1, most: 1, typ: Bool, apply: func(a []any) any { return !isTrue(a[0]) }},
	"isempty":    {least: 1, most: 1, typ: Bool, apply: func(a []any) any { return format(a[0]) == "" }},
	"isnotempty": {least: 1, most: 1, typ: Bool, apply: func(a []any) any { return format(a[0]) != "" }},
	"isnull":     {least: 1, most: 1, typ: Bool, apply: func(a []any) any { return a[0] == nil }},
	"isnotnull":  {least: 1, most: 1, typ: Bool, apply: func(a []any) any { return a[0] != nil }},
	"strcat":     {least: 1, most: -1, typ: String, apply: text(strcat)},
	"tolower":    {least: 1, most: 1, typ: String, apply: text(func(a []string) any { return strings.ToLower(a[0]) })},
	"toupper":    {least: 1, most: 1, typ: String, apply: text(func(a []string) any { return strings.ToUpper(a[0]) })},
	"strlen":     {least: 1, most: 1, typ: Long, apply: text(func(a []string) any { return int64(len([]rune(a[0]))) })},
	"replace_string": {least: 3, most: 3, typ: String, apply: text(func(a []string) any {
		if a[1] == "" || strings.Count(a[0], a[1])*len(a[2]) > maxText {
			return a[0]
		}
		return strings.ReplaceAll(a[0], a[1], a[2])
	})},
	"substring":    {least: 2, most: 3, typ: String, apply: substring},
	"split":        {least: 2, most: 3, typ: Dynamic, apply: split},
	"extract":      {least: 3, most: 3, typ: String, apply: extract},
	"array_length": {least: 1, most: 1, typ: Long, apply: func(a []any) any { return length(a[0]) }},
	"abs": {least: 1, most: 1, like: 1, apply: func(a []any) any {
		if n, ok := toReal(a[0]); ok && n < 0 {
			return negative(a[0])
		}
		return a[0]
	}},
	"round":       {least: 1, most: 2, typ: Real, apply: round},
	"startofday":  starting(day),
	"startofhour": starting(func(t time.Time) time.Time { return t.Truncate(time.Hour) }),
	"startofweek": starting(func(t time.Time) time.Time { return day(t).AddDate(0, 0, -int(t.Weekday())) }),
	"startofmonth": starting(func(t time.Time) time.Time {
		return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0,
			time.UTC)
	}),
	"endofday":      starting(func(t time.Time) time.Time { return day(t).Add(24*time.Hour - 100) }),
	"datetime_diff": {least: 3, most: 3, typ: Long, apply: datetimeDiff},
}

var castJSON = function{least: 1, most: 1, typ: Dynamic, names: true, apply: func(a []any) any {
	if s, ok := a[0].(string); ok {
		return convert(s, Dynamic)
	}
	return a[0]
}}

func strcat(a []string) any {
	var b strings.Builder
	for _, s := range a {
		if b.Len() > maxText {
			break
		}
		b.WriteString(s)
	}
	return b.String()
}

func length(v any) any {
	if list, ok := v.([]any); ok {
		return int64(len(list))
	}
	return nil
}

func substring(a []any) any {
	runes := []rune(format(a[0]))
	start, ok := a[1].(int64)
	if !ok {
		return ""
	}
	if start < 0 {
		start = max(0, start+int64(len(runes)))
	}
	start = min(start, int64(len(runes)))
	end := int64(len(runes))
	if len(a) == 3 {
		if n, ok := a[2].(int64); ok && n < end-start {
			end = start + max(0, n)
		}
	}
	return string(runes[start:end])
}

func split(a []any) any {
	parts := strings.Split(format(a[0]), format(a[1]))
	out := make([]any, len(parts))
	for i, s := range parts {
		out[i] = s
	}
	if len(a) == 3 {
		i, ok := a[2].(int64)
		if !ok || i < 0 || i >= int64(len(out)) {
			return []any{}
		}
		return out[i : i+1]
	}
	return out
}

func extract(a []any) any {
	re, err := regexp.Compile(format(a[0]))
	group, ok := a[1].(int64)
	if err != nil || !ok {
		return ""
	}
	m := re.FindStringSubmatch(format(a[2]))
	if group < 0 || group >= int64(len(m)) {
		return ""
	}
	return m[group]
}

func round(a []any) any {
	n, ok := toReal(a[0])
	if !ok {
		return nil
	}
	digits := int64(0)
	if len(a) == 2 {
		digits, _ = a[1].(int64)
	}
	scale := math.Pow(10, float64(digits))
	return math.Round(n*scale) / scale
}

// datetimeDiff counts the boundaries of a period between two times.
func datetimeDiff(a []any) any {
	later, ok1 := a[1].(time.Time)
	earlier, ok2 := a[2].(time.Time)
	if !ok1 || !ok2 {
		return nil
	}
	months := int64(later.Year()-earlier.Year())*12 + int64(later.Month()) - int64(earlier.Month())
	switch period := strings.ToLower(format(a[0])); period {
	case "year":
		return int64(later.Year() - earlier.Year())
	case "month":
		return months
	default:
		size, ok := units[period]
		if !ok {
			return nil
		}
		return int64(later.Truncate(size).Sub(earlier.Truncate(size)) / size)
	}
}

// form is a function whose result depends on more than the values of its arguments: on their types, or on the time.
type form struct {
	least, most int // arguments; most -1 is any number
	compile     func(s *scope, name string, args []compiled) (compiled, *Error)
}

// forms are compiled by themselves; all other functions are in functions.
var forms = map[string]form{
	"now": {0, 1, (*scope).moment}, "ago": {1, 1, (*scope).moment},
	"bin": {2, 2, binForm}, "floor": {2, 2, binForm},
	"iff": {3, 3, choiceForm}, "iif": {3, 3, choiceForm}, "case": {3, -1, choiceForm},
	"coalesce": {1, -1, coalesceForm},
}

// call compiles a function call.
func (s *scope) call(e call) (compiled, *Error) {
	if isAggregate(e.name) {
		return compiled{}, semantic("The aggregation '%s' can be used in summarize only.", e.name)
	}
	if e.name == "column_ifexists" {
		return s.columnIfExists(e)
	}
	args := make([]compiled, len(e.args))
	for i, a := range e.args {
		c, err := s.compile(a)
		if err != nil {
			return compiled{}, err
		}
		args[i] = c
	}
	if special, ok := forms[e.name]; ok {
		if err := checkCount(e.name, len(args), special.least, special.most); err != nil {
			return compiled{}, err
		}
		return special.compile(s, e.name, args)
	}
	f, ok := functions[e.name]
	if !ok {
		return compiled{}, semantic("Unknown function: '%s'.", e.name)
	}
	if err := checkCount(e.name, len(args), f.least, f.most); err != nil {
		return compiled{}, err
	}
	typ := f.typ
	if f.like > 0 {
		typ = args[f.like-1].typ
	}
	return compiled{typ, func(row []any) any {
		values := make([]any, len(args))
		for i, a := range args {
			values[i] = a.eval(row)
		}
		return f.apply(values)
	}}, nil
}

// columnIfExists is the column of a name, or a default where the table has none.
// Source: https://learn.microsoft.com/kusto/query/column-ifexists-function
func (s *scope) columnIfExists(e call) (compiled, *Error) {
	if err := checkCount(e.name, len(e.args), 2, 2); err != nil {
		return compiled{}, err
	}
	name, ok := e.args[0].(literal)
	if !ok || name.typ != String {
		return compiled{}, semantic("The function '%s' needs the name of a column in quotes first.", e.name)
	}
	if s.table != nil && s.table.index(name.value.(string)) >= 0 {
		return s.resolve(name.value.(string))
	}
	return s.compile(e.args[1])
}

// checkCount refuses a function with too few or too many arguments; most -1 is any number.
func checkCount(name string, n, least, most int) *Error {
	if n < least || most >= 0 && n > most {
		return semantic("The function '%s' does not take %d arguments.", name, n)
	}
	return nil
}

// moment is now(), now(offset) or ago(offset).
func (s *scope) moment(name string, args []compiled) (compiled, *Error) {
	if len(args) == 0 {
		return constant(DateTime, s.now), nil
	}
	if args[0].typ != TimeSpan {
		return compiled{}, semantic("The function '%s' needs a value of type timespan, not %s.", name, args[0].typ)
	}
	now, sign := s.now, time.Duration(1)
	if name == "ago" {
		sign = -1
	}
	return compiled{DateTime, func(row []any) any {
		d, ok := args[0].eval(row).(time.Duration)
		if !ok {
			return nil
		}
		return now.Add(sign * d)
	}}, nil
}

// binForm has the type of its first argument.
func binForm(_ *scope, _ string, args []compiled) (compiled, *Error) {
	return compiled{args[0].typ, func(row []any) any { return bin(args[0].eval(row), args[1].eval(row)) }}, nil
}

// coalesceForm is the first of its arguments that has a value.
func coalesceForm(_ *scope, _ string, args []compiled) (compiled, *Error) {
	return compiled{args[0].typ, func(row []any) any {
		for _, a := range args {
			if v := a.eval(row); v != nil && v != "" {
				return v
			}
		}
		return zero(args[0].typ)
	}}, nil
}

// choiceForm compiles condition, value, ..., value: the last value is for when no condition holds.
func choiceForm(_ *scope, _ string, args []compiled) (compiled, *Error) {
	if len(args)%2 == 0 {
		return compiled{}, semantic("The function 'case' needs a value at its end for when no condition holds.")
	}
	typ := args[1].typ
	for i := 3; i < len(args); i += 2 {
		if args[i].typ != typ && isNumber(args[i].typ) && isNumber(typ) {
			typ = Real
		}
	}
	if last := args[len(args)-1].typ; last != typ && isNumber(last) && isNumber(typ) {
		typ = Real
	}
	return compiled{typ, func(row []any) any {
		for i := 0; i+1 < len(args); i += 2 {
			if isTrue(args[i].eval(row)) {
				return convertValue(args[i+1].eval(row), typ)
			}
		}
		return convertValue(args[len(args)-1].eval(row), typ)
	}}, nil
}

// bin rounds down to a multiple of size.
func bin(v, size any) any {
	switch v := v.(type) {
	case time.Time:
		if d, ok := size.(time.Duration); ok && d > 0 {
			return v.Truncate(d)
		}
	case time.Duration:
		if d, ok := size.(time.Duration); ok && d > 0 {
			return v - (v%d+d)%d
		}
	case int64:
		if n, ok := size.(int64); ok && n > 0 {
			return v - (v%n+n)%n
		}
	}
	n, nok := toReal(v)
	d, dok := toReal(size)
	if nok && dok && d > 0 {
		return math.Floor(n/d) * d
	}
	return nil
}
