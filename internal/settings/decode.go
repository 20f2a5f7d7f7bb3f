package settings

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/crossorg/crossorg/internal/stackfile"
)

// defaulter fills a fresh value with defaults before the configuration is laid over it. A stack file's object replaces
// the project's default object as a whole, so each field has its own default.
type defaulter interface{ setDefaults() }

// decode lays JSON text over target, a pointer. A value that does not fit is a problem with its full path.
func (c *collector) decode(at path, text string, target any) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var raw any
	err := decoder.Decode(&raw)
	if err == nil {
		if _, err = decoder.Token(); errors.Is(err, io.EOF) {
			err = nil
		} else {
			err = errors.New("more than one value")
		}
	}
	if err != nil {
		c.add(at, shownAs(text, reflect.TypeOf(target).Elem()), "not "+want(reflect.TypeOf(target).Elem()),
			"write it as YAML in the stack file or set it with pulumi config set --path")
		return
	}
	c.fill(at, raw, reflect.ValueOf(target).Elem())
}

var (
	timeType     = reflect.TypeFor[time.Time]()
	durationType = reflect.TypeFor[time.Duration]()
)

// want names the values that a Go type takes, in the words of a stack file.
func want(t reflect.Type) string {
	switch t {
	case timeType:
		return "a time in quotes"
	case durationType:
		return "a duration in quotes"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return want(t.Elem())
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Slice:
		return "a list"
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "a whole number"
	default:
		return "a number"
	}
}

// fill lays a decoded JSON value over target. Null is a problem: it is what is left of a value that was commented out
// or indented wrongly, and its default could open what the value closed.
func (c *collector) fill(at path, raw any, target reflect.Value) {
	if raw == nil {
		c.add(at, nil, "without a value", "write one, or leave the key out")
		return
	}
	if target.Type() == timeType {
		c.fillTime(at, raw, target)
		return
	}
	if target.Kind() == reflect.Pointer {
		c.fillPointer(at, raw, target)
		return
	}
	var fits bool
	switch target.Kind() {
	case reflect.Struct, reflect.Map, reflect.Slice:
		fits = c.fillParts(at, raw, target)
	default:
		fits = fillScalar(raw, target)
	}
	if !fits {
		c.add(at, shownAs(raw, target.Type()), "not "+want(target.Type()), mistyped(raw, target.Type()))
	}
}

// numberLike and truthLike match texts that somebody means as a number or as true or false.
var (
	numberLike = regexp.MustCompile(`(?i)^([-+0-9._]+(e[-+]?[0-9]+)?|0x[0-9a-f]{1,4}|[-+.]*(nan|inf))$`)
	truthLike  = regexp.MustCompile(`(?i)^(true|false|yes|no|on|off|y|n|maybe|enabled|disabled|[01])$`)
)

// shownAs is a value of the wrong type as it may be shown, or nil. A text in place of something else may be a secret in
// the wrong place.
func shownAs(raw any, wanted reflect.Type) any {
	text, isText := raw.(string)
	if !isText || wanted.Kind() == reflect.String || wanted.Kind() == reflect.Slice {
		return raw
	}
	const longestNumber = 20
	switch wanted.Kind() {
	case reflect.Int, reflect.Float64:
		if len(text) <= longestNumber && numberLike.MatchString(text) {
			return raw
		}
	case reflect.Bool:
		if truthLike.MatchString(text) {
			return raw
		}
	}
	return nil
}

// fillPointer makes a pointer's value. An object with problems is kept, so that its other fields are checked too.
func (c *collector) fillPointer(at path, raw any, target reflect.Value) {
	fresh := newValue(target.Type().Elem())
	before := len(c.problems)
	c.fill(at, raw, fresh.Elem())
	if _, isObject := raw.(map[string]any); isObject || len(c.problems) == before {
		target.Set(fresh)
	}
}

// fillParts fills a struct, a map or a slice, and reports whether the value is an object or a list as it has to be.
func (c *collector) fillParts(at path, raw any, target reflect.Value) bool {
	if target.Kind() == reflect.Slice {
		list, isList := raw.([]any)
		if !isList {
			return false
		}
		target.Set(reflect.MakeSlice(target.Type(), len(list), len(list)))
		for i, item := range list {
			fresh := newValue(target.Type().Elem())
			c.fill(at.with(i), item, fresh.Elem())
			target.Index(i).Set(fresh.Elem())
		}
		return true
	}
	object, isObject := raw.(map[string]any)
	if !isObject {
		return false
	}
	if target.Kind() == reflect.Struct {
		c.fillStruct(at, object, target)
	} else {
		c.fillMap(at, object, target)
	}
	return true
}

// fillScalar sets a single value, and reports whether it is of the target's type.
func fillScalar(raw any, target reflect.Value) bool {
	switch target.Kind() {
	case reflect.String:
		text, isText := raw.(string)
		if isText {
			target.SetString(text)
		}
		return isText
	case reflect.Bool:
		truth, isBool := raw.(bool)
		if isBool {
			target.SetBool(truth)
		}
		return isBool
	case reflect.Int:
		number, isNumber := raw.(json.Number)
		whole, fits := wholeNumber(number)
		if fits = fits && isNumber; fits {
			target.SetInt(whole)
		}
		return fits
	case reflect.Float64:
		return fillFloat(raw, target)
	}
	return false
}

func fillFloat(raw any, target reflect.Value) bool {
	number, isNumber := raw.(json.Number)
	if text, isText := raw.(string); isText {
		// pulumi config set --path writes whole numbers as numbers, but fractions as text.
		number, isNumber = json.Number(text), true
	}
	value, err := number.Float64()
	fits := isNumber && err == nil && !math.IsNaN(value) && !math.IsInf(value, 0)
	if fits {
		target.SetFloat(value)
	}
	return fits
}

// wholeNumber reads 5, and 5.0 or 5e0 as some YAML writers put it.
func wholeNumber(number json.Number) (int64, bool) {
	if whole, err := strconv.ParseInt(number.String(), 10, 32); err == nil {
		return whole, true
	}
	value, err := number.Float64()
	if err != nil || value != float64(int32(value)) {
		return 0, false
	}
	return int64(value), true
}

// mistyped is the remedy for a value of the wrong type.
func mistyped(raw any, t reflect.Type) string {
	_, isText := raw.(string)
	switch {
	case t.Kind() == reflect.String && !isScalar(raw):
		return "give a single value"
	case t.Kind() == reflect.String:
		return "put it in quotes"
	case isText && (t.Kind() == reflect.Int || t.Kind() == reflect.Bool):
		return "write it without quotes"
	case t.Kind() == reflect.Slice && isScalar(raw):
		return "write each item on a line of its own behind a dash"
	default:
		return "write " + want(t)
	}
}

func isScalar(raw any) bool {
	switch raw.(type) {
	case map[string]any, []any:
		return false
	}
	return true
}

// fillTime takes RFC 3339 in UTC. A local time would shift with daylight saving.
func (c *collector) fillTime(at path, raw any, target reflect.Value) {
	text, isText := raw.(string)
	moment, ok := parseTime(text)
	switch {
	case isText && text == "":
		return
	case !ok || moment.Year() < 1970:
		c.add(at, raw, "not a time", `write it as RFC 3339 in UTC, such as "2025-02-01T02:00:00Z"`)
		return
	}
	if _, offset := moment.Zone(); offset != 0 {
		c.add(at, raw, "not in UTC", "write it as "+strconv.Quote(moment.UTC().Format(time.RFC3339)))
		return
	}
	target.Set(reflect.ValueOf(moment.UTC()))
}

// parseTime reads RFC 3339, and what becomes of it when it stands in a stack file without quotes: YAML knows it for a
// time then, and Pulumi writes it out as Go does.
func parseTime(text string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05 -0700 MST", "2006-01-02 15:04:05 -0700 -0700"} {
		if moment, err := time.Parse(layout, text); err == nil {
			return moment, true
		}
	}
	return time.Time{}, false
}

func (c *collector) fillStruct(at path, object map[string]any, target reflect.Value) {
	fields := map[string]int{}
	for i := range target.NumField() {
		if name := target.Type().Field(i).Tag.Get("json"); name != "-" {
			fields[name] = i
		}
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		c.noteName(name)
		i, known := fields[name]
		if !known {
			c.unknown(at.with(name), name, slices.Sorted(maps.Keys(fields)))
			continue
		}
		c.fill(at.with(name), object[name], target.Field(i))
	}
}

func (c *collector) unknown(at path, name string, known []string) {
	if near := stackfile.Nearest(name, known); near != "" {
		c.add(at, nil, "unknown key", "did you mean "+strconv.Quote(near)+"?")
		// The intended key does not count as missing.
		c.seen[at[:len(at)-1].with(near).String()] = true
		return
	}
	c.add(at, nil, "unknown key", "remove it; known here are "+strings.Join(known, ", "))
}

func (c *collector) fillMap(at path, object map[string]any, target reflect.Value) {
	target.Set(reflect.MakeMapWithSize(target.Type(), len(object)))
	for _, name := range slices.Sorted(maps.Keys(object)) {
		c.noteName(name)
		fresh := newValue(target.Type().Elem())
		c.fill(at.with(name), object[name], fresh.Elem())
		target.SetMapIndex(reflect.ValueOf(name), fresh.Elem())
	}
}

// newValue is a pointer to a fresh value with its defaults.
func newValue(t reflect.Type) reflect.Value {
	fresh := reflect.New(t)
	if d, ok := fresh.Interface().(defaulter); ok {
		d.setDefaults()
	}
	return fresh
}

// isEmptyObject reports whether JSON text is an object without keys, or null.
func isEmptyObject(text string) bool {
	trimmed := bytes.TrimSpace([]byte(text))
	if bytes.Equal(trimmed, []byte("null")) {
		return true
	}
	var object map[string]json.RawMessage
	return json.Unmarshal(trimmed, &object) == nil && len(object) == 0
}
