package kql

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

type kind int

const (
	tokEnd kind = iota
	tokName
	tokLiteral
	tokPunct
)

// token is a word of a query.
type token struct {
	kind kind
	// text is the name or the punctuation.
	text string
	// value and typ are a literal's.
	value any
	typ   Type
	// at is the byte offset; tight means that no space lies before the token.
	at    int
	tight bool
}

// literalNames are the types whose literals are written type(value).
var literalNames = map[string]Type{
	"datetime": DateTime, "date": DateTime, "timespan": TimeSpan, "time": TimeSpan, "dynamic": Dynamic, "bool": Bool,
	"boolean": Bool,
	"int":     Int, "long": Long, "real": Real, "double": Real, "guid": GUID,
}

// puncts are tried in order, longer ones first.
var puncts = []string{
	"!startswith_cs", "!endswith_cs", "!startswith", "!endswith", "!contains_cs", "!contains", "!between", "!has_cs",
	"!has", "!in~", "!in",
	"==", "=~", "!=", "!~", "<=", ">=", "<>", "..", "|", "(", ")", "[", "]", ",", ";", ":", ".", "=", "<", ">", "+",
	"-", "*", "/", "%",
}

// place turns an offset into a line and a column.
func place(src string, at int) (line, column int) {
	at = min(at, len(src))
	before := src[:at]
	line = strings.Count(before, "\n") + 1
	return line, utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
}

func failAt(src string, at int, format string, args ...any) *Error {
	line, column := place(src, at)
	return &Error{Line: line, Column: column, Message: fmt.Sprintf(format, args...)}
}

// scan cuts a query into tokens; the last one is tokEnd.
func scan(src string) ([]token, *Error) {
	var out []token
	i := 0
	for {
		before := i
		i = skip(src, i)
		if i >= len(src) {
			return append(out, token{kind: tokEnd, at: len(src)}), nil
		}
		t, next, err := scanOne(src, i)
		if err != nil {
			return nil, err
		}
		t.at, t.tight = i, i == before
		out = append(out, t)
		i = next
	}
}

// skip passes over white space and comments.
func skip(src string, i int) int {
	for i < len(src) {
		switch {
		case src[i] == ' ' || src[i] == '\t' || src[i] == '\n' || src[i] == '\r':
			i++
		case strings.HasPrefix(src[i:], "//"):
			end := strings.IndexByte(src[i:], '\n')
			if end < 0 {
				return len(src)
			}
			i += end
		default:
			return i
		}
	}
	return i
}

func scanOne(src string, i int) (token, int, *Error) {
	c := src[i]
	switch {
	case c == '"' || c == '\'':
		s, next, err := scanString(src, i, false)
		return token{kind: tokLiteral, value: s, typ: String}, next, err
	case (c == '@' || c == 'h' || c == 'H') && i+1 < len(src) && (src[i+1] == '"' || src[i+1] == '\''):
		s, next, err := scanString(src, i+1, c == '@')
		return token{kind: tokLiteral, value: s, typ: String}, next, err
	case isDigit(c):
		return scanNumber(src, i)
	case isNameStart(c):
		return scanName(src, i)
	}
	for _, p := range puncts {
		if strings.HasPrefix(src[i:], p) {
			end := i + len(p)
			if last := p[len(p)-1]; isNamePart(last) && end < len(src) && isNamePart(src[end]) {
				continue // !inside is no operator
			}
			return token{kind: tokPunct, text: p}, end, nil
		}
	}
	r, _ := utf8.DecodeRuneInString(src[i:])
	return token{}, 0, failAt(src, i, "The character %q is not expected here.", r)
}

func scanString(src string, i int, verbatim bool) (string, int, *Error) {
	quote, start := src[i], i
	var b strings.Builder
	for i++; i < len(src); i++ {
		c := src[i]
		switch {
		case c == quote && verbatim && i+1 < len(src) && src[i+1] == quote:
			b.WriteByte(quote)
			i++
		case c == quote:
			return b.String(), i + 1, nil
		case c == '\n':
			return "", 0, failAt(src, start, "The string has no end.")
		case c == '\\' && !verbatim && i+1 < len(src):
			i++
			switch src[i] {
			case 'n':
				b.WriteByte('\n')
			case 't':
				b.WriteByte('\t')
			case 'r':
				b.WriteByte('\r')
			case '\\', '"', '\'':
				b.WriteByte(src[i])
			default:
				return "", 0, failAt(src, i-1, "The escape \\%c is not known: write \\\\ for a backslash.", src[i])
			}
		default:
			b.WriteByte(c)
		}
	}
	return "", 0, failAt(src, start, "The string has no end.")
}

// scanNumber reads 12, 1.5, 1e3 and durations such as 30m.
func scanNumber(src string, start int) (token, int, *Error) {
	unit, whole := skipDecimal(src, start)
	end := unit
	for end < len(src) && isNamePart(src[end]) {
		end++
	}
	t := token{kind: tokLiteral}
	var err *Error
	switch {
	case unit < end:
		t.typ = TimeSpan
		t.value, err = readDuration(src, start, unit, end)
	case whole:
		n, perr := strconv.ParseInt(src[start:end], 10, 64)
		if t.typ, t.value = Long, n; perr != nil {
			err = failAt(src, start, "The number %s is too big.", src[start:end])
		}
	default:
		n, perr := strconv.ParseFloat(src[start:end], 64)
		if t.typ, t.value = Real, n; perr != nil {
			err = failAt(src, start, "%q is no number.", src[start:end])
		}
	}
	if err != nil {
		return token{}, 0, err
	}
	return t, end, nil
}

// skipDecimal passes over digits, a fraction and an exponent; whole says that there were only digits.
func skipDecimal(src string, i int) (end int, whole bool) {
	whole = true
	i = skipDigits(src, i)
	if i+1 < len(src) && src[i] == '.' && isDigit(src[i+1]) {
		i, whole = skipDigits(src, i+1), false
	}
	if i < len(src) && (src[i] == 'e' || src[i] == 'E') {
		power := i + 1
		if power < len(src) && (src[power] == '+' || src[power] == '-') {
			power++
		}
		if power < len(src) && isDigit(src[power]) {
			i, whole = skipDigits(src, power), false
		}
	}
	return i, whole
}

func skipDigits(src string, i int) int {
	for i < len(src) && isDigit(src[i]) {
		i++
	}
	return i
}

// readDuration reads a number from start and its unit from unit to end.
func readDuration(src string, start, unit, end int) (time.Duration, *Error) {
	size, ok := units[src[unit:end]]
	if !ok {
		return 0, failAt(src, start, "%q is no number and no duration.", src[start:end])
	}
	n, err := strconv.ParseFloat(src[start:unit], 64)
	if err != nil || n*float64(size) > float64(1<<62) {
		return 0, failAt(src, start, "The duration %s is too long.", src[start:end])
	}
	return time.Duration(n * float64(size)), nil
}

// units are the units of durations.
// Source: https://learn.microsoft.com/kusto/query/scalar-data-types/timespan
var units = map[string]time.Duration{
	"d": 24 * time.Hour, "day": 24 * time.Hour, "days": 24 * time.Hour, "h": time.Hour, "hour": time.Hour,
	"hours": time.Hour,
	"m":     time.Minute, "minute": time.Minute, "minutes": time.Minute, "s": time.Second, "second": time.Second,
	"seconds": time.Second,
	"ms":      time.Millisecond, "millisecond": time.Millisecond, "milliseconds": time.Millisecond,
	"microsecond":  time.Microsecond,
	"microseconds": time.Microsecond, "tick": 100 * time.Nanosecond, "ticks": 100 * time.Nanosecond,
}

// scanName reads a name, a name with a tilde (in~), or a literal with its type in front.
func scanName(src string, i int) (token, int, *Error) {
	start := i
	for i < len(src) && isNamePart(src[i]) {
		i++
	}
	name := src[start:i]
	if name == "in" && i < len(src) && src[i] == '~' {
		return token{kind: tokPunct, text: "in~"}, i + 1, nil
	}
	if name == "true" || name == "false" {
		return token{kind: tokLiteral, typ: Bool, value: name == "true"}, i, nil
	}
	typ, ok := literalNames[strings.ToLower(name)]
	if !ok || i >= len(src) || src[i] != '(' {
		return token{kind: tokName, text: name}, i, nil
	}
	if typ == Dynamic {
		d := json.NewDecoder(strings.NewReader(src[i+1:]))
		var v any
		if err := d.Decode(&v); err != nil {
			return token{}, 0, failAt(src, start, "dynamic(…) needs a JSON literal: %v.", err)
		}
		end := skip(src, i+1+int(d.InputOffset()))
		if end >= len(src) || src[end] != ')' {
			return token{}, 0, failAt(src, start, "dynamic(…) has no end.")
		}
		return token{kind: tokLiteral, typ: Dynamic, value: v}, end + 1, nil
	}
	end := strings.IndexByte(src[i:], ')')
	if end < 0 {
		return token{}, 0, failAt(src, start, "%s(…) has no end.", name)
	}
	raw := strings.Trim(strings.TrimSpace(src[i+1:i+end]), `"'`)
	if raw == "null" || raw == "" {
		return token{kind: tokLiteral, typ: typ}, i + end + 1, nil
	}
	v := convert(raw, typ)
	if v == nil {
		return token{}, 0, failAt(src, start, "%q is no %s literal.", raw, typ)
	}
	return token{kind: tokLiteral, typ: typ, value: v}, i + end + 1, nil
}

func isDigit(c byte) bool     { return c >= '0' && c <= '9' }
func isNameStart(c byte) bool { return c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' }
func isNamePart(c byte) bool  { return isNameStart(c) || isDigit(c) }
