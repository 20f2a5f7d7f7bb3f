package kql

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// timeFormats are the ways in which a datetime may be written.
var timeFormats = []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04",
	"2006-01-02 15:04", "2006-01-02", "2006-01"}

// convert reads text as a value of a type; nil for text that does not fit.
func convert(text string, typ Type) any {
	text = strings.TrimSpace(text)
	switch typ {
	case String:
		return text
	case GUID:
		return strings.ToLower(text)
	case Long, Int:
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n
		}
	case Real:
		if n, err := strconv.ParseFloat(text, 64); err == nil {
			return n
		}
	case Bool:
		switch strings.ToLower(text) {
		case "true", "1":
			return true
		case "false", "0":
			return false
		}
	case DateTime:
		for _, f := range timeFormats {
			if t, err := time.Parse(f, text); err == nil {
				return t.UTC()
			}
		}
	case TimeSpan:
		if d, ok := parseSpan(text); ok {
			return d
		}
	case Dynamic:
		var v any
		if json.Unmarshal([]byte(text), &v) == nil {
			return v
		}
		return text
	}
	return nil
}

var spanPattern = regexp.MustCompile(`^(-)?(?:(\d{1,6})\.)?(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,7}))?)?$`)

// parseSpan reads 1.02:03:04.5 and 30m.
func parseSpan(text string) (time.Duration, bool) {
	if m := spanPattern.FindStringSubmatch(text); m != nil {
		var d time.Duration
		for i, unit := range []time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second} {
			n, _ := strconv.Atoi(m[i+2]) // empty counts as 0
			d += time.Duration(n) * unit
		}
		if m[6] != "" {
			n, _ := strconv.Atoi((m[6] + "000000")[:7])
			d += time.Duration(n) * 100 * time.Nanosecond
		}
		if m[1] == "-" {
			d = -d
		}
		return d, true
	}
	if text == "" || !isDigit(text[0]) {
		return 0, false
	}
	t, next, err := scanNumber(text, 0)
	if err != nil || next != len(text) {
		return 0, false
	}
	switch v := t.value.(type) {
	case time.Duration:
		return v, true
	case int64: // a bare number counts days
		if v < 100_000 {
			return time.Duration(v) * 24 * time.Hour, true
		}
	}
	return 0, false
}

// formatSpan renders a timespan as Kusto does: [d.]hh:mm:ss[.fffffff].
func formatSpan(d time.Duration) string {
	sign := ""
	if d < 0 {
		sign, d = "-", -d
	}
	days, rest := d/(24*time.Hour), d%(24*time.Hour)
	out := fmt.Sprintf("%02d:%02d:%02d", rest/time.Hour, rest%time.Hour/time.Minute, rest%time.Minute/time.Second)
	if days > 0 {
		out = fmt.Sprintf("%d.%s", days, out)
	}
	if ticks := rest % time.Second / 100; ticks > 0 {
		out += fmt.Sprintf(".%07d", ticks)
	}
	return sign + out
}

// format renders a value as tostring does.
func format(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case time.Time:
		return v.UTC().Format("2006-01-02T15:04:05.0000000Z")
	case time.Duration:
		return formatSpan(v)
	}
	raw, _ := json.Marshal(v) // dynamic values came from JSON
	return string(raw)
}

// convertValue converts a value to a type; null for a value that does not fit.
func convertValue(v any, typ Type) any {
	switch typ {
	case String:
		return format(v)
	case Dynamic:
		return v
	}
	switch v := v.(type) {
	case string:
		return convert(v, typ)
	case bool:
		return convertBool(v, typ)
	case int64:
		return convertWhole(v, typ)
	case float64:
		return convertReal(v, typ)
	case time.Time:
		if typ == DateTime {
			return v
		}
	case time.Duration:
		if typ == TimeSpan {
			return v
		}
	}
	return nil
}

func convertBool(v bool, typ Type) any {
	switch typ {
	case Bool:
		return v
	case Long, Int:
		return int64(truth(v))
	}
	return nil
}

func convertWhole(v int64, typ Type) any {
	switch typ {
	case Long, Int:
		return v
	case Real:
		return float64(v)
	case Bool:
		return v != 0
	}
	return nil
}

func convertReal(v float64, typ Type) any {
	switch typ {
	case Real:
		return v
	case Long, Int:
		if math.IsNaN(v) || math.Abs(v) >= math.MaxInt64 {
			return nil
		}
		return int64(v)
	case Bool:
		return v != 0
	}
	return nil
}

// zero is the value of an empty cell: "" for strings, which have no null.
func zero(typ Type) any {
	if typ == String {
		return ""
	}
	return nil
}

func negative(v any) any {
	switch v := v.(type) {
	case int64:
		return -v
	case float64:
		return -v
	case time.Duration:
		return -v
	}
	return nil
}

func isNumber(t Type) bool { return t == Long || t == Int || t == Real }

// toReal reads a number.
func toReal(v any) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	case time.Duration:
		return float64(v), true
	}
	return 0, false
}

// compare orders two values that are not null; ok is false when they have no order.
func compare(a, b any) (order int, ok bool) {
	switch x := a.(type) {
	case string:
		if y, same := b.(string); same {
			return strings.Compare(x, y), true
		}
	case time.Time:
		if y, same := b.(time.Time); same {
			return x.Compare(y), true
		}
	case bool:
		if y, same := b.(bool); same {
			return cmp.Compare(truth(x), truth(y)), true
		}
	case int64:
		if y, same := b.(int64); same {
			return cmp.Compare(x, y), true
		}
	case time.Duration:
		if y, same := b.(time.Duration); same {
			return cmp.Compare(x, y), true
		}
	}
	x, xok := toReal(a)
	y, yok := toReal(b)
	if xok && yok {
		return cmp.Compare(x, y), true
	}
	// A dynamic value and one of another type are compared as text.
	if a != nil && b != nil {
		return strings.Compare(format(a), format(b)), true
	}
	return 0, false
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}
