package azuretypes

import (
	"regexp"
	"strings"
)

// Redacted stands for a secret value.
const Redacted = "***"

// StripReadOnly returns a deep copy of a request's body without what Azure would ignore in it: the read-only properties
// and, at the top, id, name, type, systemData, etag and apiVersion. Unknown properties stay.
func (r *Resource) StripReadOnly(body map[string]any) map[string]any {
	stripped := copyObject(r.Body, body, func(p *Property) bool { return !p.ReadOnly }, asIs)
	for name := range envelope {
		if r.Body.Props[name] == nil {
			delete(stripped, name)
		}
	}
	return stripped
}

// Published returns a deep copy of a resource's body without the properties that the api-version does not have, such as
// those that later ones have added. id, name, type, systemData, etag and apiVersion at the top stay.
func (r *Resource) Published(body map[string]any) map[string]any {
	kept := copyPublished(r.Body, body)
	for name := range envelope {
		if value, ok := body[name]; ok {
			kept[name] = copyValue(anything, value, func(*Property) bool { return true }, asIs)
		}
	}
	return kept
}

// copyPublished copies an object without unknown properties. An object whose variant is unknown is copied whole.
func copyPublished(s *Shape, body map[string]any) map[string]any {
	v, err := s.Variant(body)
	if err != nil {
		return copyObject(s, body, func(*Property) bool { return true }, asIs)
	}
	out := make(map[string]any, len(body))
	for name, value := range body {
		switch p := v.Props[name]; {
		case p != nil:
			out[name] = copyKnown(p.Shape, value)
		case v.Kind == Map:
			out[name] = copyKnown(v.Items, value)
		case v.Additional != nil:
			out[name] = copyKnown(v.Additional, value)
		}
	}
	return out
}

func copyKnown(s *Shape, value any) any {
	switch value := value.(type) {
	case map[string]any:
		if s.Kind == Object || s.Kind == Map {
			return copyPublished(s, value)
		}
	case []any:
		if s.Kind == Array {
			out := make([]any, len(value))
			for i, item := range value {
				out[i] = copyKnown(s.Items, item)
			}
			return out
		}
	}
	return copyValue(anything, value, func(*Property) bool { return true }, asIs)
}

// Redact returns a deep copy of a request's or response's body that may be logged: secret values are replaced by
// Redacted, and in every other string the signature of a shared access signature is.
func (r *Resource) Redact(body map[string]any) map[string]any {
	return copyObject(r.Body, body, func(*Property) bool { return true }, redactValue)
}

// anything is the shape of values that the type does not describe.
var anything = &Shape{Kind: Any}

// copyObject copies the properties that keep accepts, passing every value through leaf with its shape. leaf returns the
// value to use and whether that is final: if not, and the value is an object or a list, it is copied in depth.
func copyObject(
	s *Shape, body map[string]any, keep func(*Property) bool, leaf func(*Shape, any) (any, bool),
) map[string]any {
	if body == nil {
		return nil
	}
	if v, err := s.Variant(body); err == nil {
		s = v
	}
	out := make(map[string]any, len(body))
	for name, value := range body {
		shape := anything
		if p := s.Props[name]; p != nil {
			if !keep(p) {
				continue
			}
			shape = p.Shape
		} else if s.Kind == Map {
			shape = s.Items
		} else if s.Additional != nil {
			shape = s.Additional
		}
		out[name] = copyValue(shape, value, keep, leaf)
	}
	return out
}

func copyValue(s *Shape, value any, keep func(*Property) bool, leaf func(*Shape, any) (any, bool)) any {
	value, final := leaf(s, value)
	if final {
		return value
	}
	switch value := value.(type) {
	case map[string]any:
		return copyObject(s, value, keep, leaf)
	case []any:
		items := anything
		if s.Kind == Array {
			items = s.Items
		}
		out := make([]any, len(value))
		for i, item := range value {
			out[i] = copyValue(items, item, keep, leaf)
		}
		return out
	default:
		return value
	}
}

func asIs(_ *Shape, value any) (any, bool) { return value, false }

// signature finds the part of a shared access signature that makes it valid.
// See learn.microsoft.com/rest/api/storageservices/create-service-sas.
var signature = regexp.MustCompile(`((?:^|[?&])sig=)[^&\s"']+`)

func redactValue(s *Shape, value any) (any, bool) {
	if s.Secret && value != nil {
		return Redacted, true
	}
	if text, ok := value.(string); ok && strings.Contains(text, "sig=") {
		return signature.ReplaceAllString(text, "${1}"+Redacted), true
	}
	return value, false
}
