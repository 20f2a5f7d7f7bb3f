package azuretypes

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// ViolationCode says in which way a value departs from its shape.
type ViolationCode string

// The ways in which a body can depart from the published type.
const (
	UnknownProperty ViolationCode = "UnknownProperty" // a property the type does not have
	MissingProperty ViolationCode = "MissingProperty" // a required property is absent or null
	WrongType       ViolationCode = "WrongType"       // another JSON type than published
	NotInEnum       ViolationCode = "NotInEnum"       // a string outside the enumeration
	TooShort        ViolationCode = "TooShort"        // a string with too few characters
	TooLong         ViolationCode = "TooLong"         // a string with too many characters
	BadPattern      ViolationCode = "BadPattern"      // a string that does not match the pattern
	OutOfRange      ViolationCode = "OutOfRange"      // a number below the minimum or above the maximum
)

// Violation is one departure of a body from its type.
type Violation struct {
	// Path leads to the value: names joined with dots, positions in brackets, such as "properties.logs[0].enabled".
	Path string
	Code ViolationCode
	// Detail continues a sentence that begins with the path. It never shows a secret value.
	Detail string
}

// String is the violation as a sentence without a full stop.
func (v Violation) String() string { return v.Path + " " + v.Detail }

// envelope are the top-level properties of every resource that clients send back as they read them. Azure ignores them
// in a request.
var envelope = map[string]bool{
	"id": true, "name": true, "type": true, "apiVersion": true, "systemData": true, "etag": true,
}

// ValidateWrite reports every way in which the body of a PUT departs from the published type, in the order of the
// properties' names. The body is JSON as encoding/json decodes it, with numbers as float64 or json.Number.
//
// Read-only properties are not looked at, as Azure ignores them in requests. null counts as absent. Enumerations are
// closed, also those published as open, since the resource providers refuse values they do not know; they are compared
// without regard to case. Names of properties are compared exactly.
func (r *Resource) ValidateWrite(body map[string]any) []Violation {
	return r.validate(body, false)
}

// ValidatePatch is ValidateWrite for the body of a PATCH, in which nothing is required.
func (r *Resource) ValidatePatch(body map[string]any) []Violation {
	return r.validate(body, true)
}

func (r *Resource) validate(body map[string]any, partial bool) []Violation {
	v := validation{partial: partial}
	v.object("", r.Body, body)
	return v.found
}

type validation struct {
	partial bool
	found   []Violation
}

func (v *validation) report(path string, code ViolationCode, format string, args ...any) {
	v.found = append(v.found, Violation{path, code, fmt.Sprintf(format, args...)})
}

func (v *validation) object(path string, s *Shape, body map[string]any) {
	if s.Discriminator != "" && (!v.partial || body[s.Discriminator] != nil) {
		variant, bad := s.variant(body)
		if bad != nil {
			// Without the variant nothing can be said of the other properties.
			v.report(join(path, bad.Path), bad.Code, "%s", bad.Detail)
			return
		}
		s = variant
	}
	if !v.partial {
		for _, name := range s.names {
			if p := s.Props[name]; p.Required && !p.ReadOnly && body[name] == nil {
				v.report(join(path, name), MissingProperty, "is required")
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(body)) {
		value := body[name]
		p := s.Props[name]
		switch {
		case p == nil && path == "" && envelope[name]:
		case p == nil && s.Additional != nil:
			v.value(join(path, name), s.Additional, value)
		case p == nil:
			v.report(join(path, name), UnknownProperty, "is not a property of %s", owner(path))
		case !p.ReadOnly:
			v.value(join(path, name), p.Shape, value)
		}
	}
}

func (v *validation) value(path string, s *Shape, value any) {
	if value == nil {
		return
	}
	switch s.Kind {
	case String:
		if text, ok := value.(string); ok {
			v.text(path, s, text)
			return
		}
	case Int, Number:
		if n, ok := number(value); ok && (s.Kind == Number || n == math.Trunc(n)) {
			v.bounds(path, s, n)
			return
		}
	case Bool:
		if _, ok := value.(bool); ok {
			return
		}
	case Array:
		if list, ok := value.([]any); ok {
			for i, item := range list {
				v.value(fmt.Sprintf("%s[%d]", path, i), s.Items, item)
			}
			return
		}
	case Map:
		if object, ok := value.(map[string]any); ok {
			for _, name := range slices.Sorted(maps.Keys(object)) {
				v.value(join(path, name), s.Items, object[name])
			}
			return
		}
	case Object:
		if object, ok := value.(map[string]any); ok {
			v.object(path, s, object)
			return
		}
	case Any:
		return
	}
	v.report(path, WrongType, "must be %s, not %s", article(s.Kind), describe(value))
}

func (v *validation) text(path string, s *Shape, text string) {
	shown := fmt.Sprintf("%q", text)
	if s.Secret {
		shown = "a secret"
	}
	if len(s.Enum) > 0 && !s.allows(text) {
		v.report(path, NotInEnum, "is %s, must be one of %s", shown, strings.Join(s.Enum, ", "))
	}
	length := utf8.RuneCountInString(text)
	if s.MinLen != nil && length < *s.MinLen {
		v.report(path, TooShort, "has %d characters, must have at least %d", length, *s.MinLen)
	}
	if s.MaxLen != nil && length > *s.MaxLen {
		v.report(path, TooLong, "has %d characters, must have at most %d", length, *s.MaxLen)
	}
	if s.pattern != nil && !s.pattern.MatchString(text) {
		v.report(path, BadPattern, "is %s, must match %s", shown, s.Pattern)
	}
}

func (v *validation) bounds(path string, s *Shape, n float64) {
	if s.Min != nil && n < float64(*s.Min) {
		v.report(path, OutOfRange, "is %v, must be at least %d", n, *s.Min)
	}
	if s.Max != nil && n > float64(*s.Max) {
		v.report(path, OutOfRange, "is %v, must be at most %d", n, *s.Max)
	}
}

// number reads the forms in which encoding/json, or Go code that builds a body, gives a number.
func number(value any) (float64, bool) {
	switch n := value.(type) {
	case float64:
		return n, true
	case json.Number:
		f, err := n.Float64()
		return f, err == nil
	case int:
		return float64(n), true
	case int64:
		return float64(n), true
	default:
		return 0, false
	}
}

func describe(value any) string {
	switch value := value.(type) {
	case string:
		return "a string"
	case bool:
		return "a boolean"
	case []any:
		return "an array"
	case map[string]any:
		return "an object"
	case nil:
		return "null"
	default:
		return fmt.Sprintf("the number %v", value)
	}
}

func article(k Kind) string {
	switch k {
	case Int, Object, Map, Array:
		return "an " + k.String()
	default:
		return "a " + k.String()
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func owner(path string) string {
	if path == "" {
		return "this resource type"
	}
	return path
}
