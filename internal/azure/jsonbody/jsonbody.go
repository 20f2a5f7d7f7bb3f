// Package jsonbody reads and completes JSON objects as encoding/json decodes them: maps of strings, float64, bool,
// []any and maps. A property that is absent, null or of another type reads as the zero value, because the published
// shapes have been checked before a resource provider sees a body.
package jsonbody

// Text is a string property; "" if it is missing.
func Text(body map[string]any, key string) string {
	s, _ := body[key].(string)
	return s
}

// Flag is a boolean property; set is false when it is absent or null.
func Flag(body map[string]any, key string) (value, set bool) {
	value, set = body[key].(bool)
	return value, set
}

// IsTrue reports whether a boolean property is there and true.
func IsTrue(body map[string]any, key string) bool {
	value, _ := Flag(body, key)
	return value
}

// Number is a numeric property, decoded from JSON or put there by Go code; set is false when it is absent or null.
func Number(body map[string]any, key string) (value float64, set bool) {
	switch v := body[key].(type) {
	case float64:
		return v, true
	case int:
		return float64(v), true
	case int64:
		return float64(v), true
	}
	return 0, false
}

// Int is Number without its fraction.
func Int(body map[string]any, key string) (value int, set bool) {
	n, set := Number(body, key)
	return int(n), set
}

// Object is a nested object for reading; nil if it is missing.
func Object(body map[string]any, key string) map[string]any {
	o, _ := body[key].(map[string]any)
	return o
}

// EnsureObject is a nested object for writing. A missing one is added to the body.
func EnsureObject(body map[string]any, key string) map[string]any {
	o := Object(body, key)
	if o == nil {
		o = map[string]any{}
		body[key] = o
	}
	return o
}

// List is an array property; nil if it is missing.
func List(body map[string]any, key string) []any {
	l, _ := body[key].([]any)
	return l
}

// Texts are the strings of an array property, in order. Elements of other types are left out.
func Texts(body map[string]any, key string) []string { return elements[string](body, key) }

// Objects are the objects of an array property, in order. Elements of other types are left out.
func Objects(body map[string]any, key string) []map[string]any {
	return elements[map[string]any](body, key)
}

func elements[T any](body map[string]any, key string) []T {
	list := List(body, key)
	out := make([]T, 0, len(list))
	for _, e := range list {
		if v, ok := e.(T); ok {
			out = append(out, v)
		}
	}
	return out
}

// SetDefault sets a property that is absent or null.
func SetDefault(body map[string]any, key string, value any) {
	if body[key] == nil {
		body[key] = value
	}
}

// Collection is the body that answers a list request: {"value": [...]}, with [] and not null when there is nothing.
func Collection[T any](items []T) map[string]any {
	if items == nil {
		items = []T{}
	}
	return map[string]any{"value": items}
}
