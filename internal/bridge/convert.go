package bridge

import (
	"reflect"
	"slices"
	"strings"

	"github.com/crossorg/crossorg/internal/azuretypes"
)

// The conversions work on plain JSON-like values. The SDK has three views of a resource: inputs (what the program
// gives), outputs (what Azure returns, in the SDK's shape) and the projection of outputs onto inputs.

// requestBody turns SDK inputs into the body of a PUT: only published properties that can be set.
func (t *resourceType) requestBody(inputs map[string]any) map[string]any {
	return t.body.toBody(inputs)
}

func (o *object) toBody(members map[string]any) map[string]any {
	o = o.of(members)
	body := map[string]any{}
	for _, p := range o.props {
		given, ok := members[p.sdk]
		if !ok || p.readOnly {
			continue
		}
		container(body, p.containers)[p.arm] = p.value.toBody(given)
	}
	for _, path := range o.required {
		container(body, path)
	}
	if o.open {
		for name, given := range members {
			if o.prop(name) == nil {
				body[name] = given
			}
		}
	}
	return body
}

func (v *value) toBody(given any) any {
	switch given := given.(type) {
	case map[string]any:
		switch v.kind {
		case azuretypes.Object:
			return v.object.toBody(given)
		case azuretypes.Map:
			return mapValues(given, v.items.toBody)
		}
	case []any:
		if v.stringSet {
			set := map[string]any{}
			for _, key := range given {
				if key, ok := key.(string); ok {
					set[key] = map[string]any{}
				}
			}
			return set
		}
		if v.kind == azuretypes.Array {
			return mapItems(given, v.items.toBody)
		}
	}
	return given
}

// container returns the object at a path below parent, made if need be.
func container(parent map[string]any, path []string) map[string]any {
	for _, name := range path {
		child, ok := parent[name].(map[string]any)
		if !ok {
			child = map[string]any{}
			parent[name] = child
		}
		parent = child
	}
	return parent
}

// envelope are the properties of every response beside the published body. Pulumi keeps the id itself.
var envelope = []string{"etag", "name", "systemData", "type"}

// outputs turns a response into SDK outputs.
func (t *resourceType) outputs(body map[string]any) map[string]any {
	out := t.body.fromBody(body, func(p *property) bool { return !p.writeOnly })
	for _, name := range envelope {
		if v := body[name]; v != nil && out[name] == nil {
			out[name] = v
		}
	}
	return out
}

// inputsOf turns a response into the inputs that would have made it, without the path's.
func (t *resourceType) inputsOf(body map[string]any) map[string]any {
	return t.body.project(t.body.fromBody(body, func(p *property) bool { return !p.readOnly }))
}

func (o *object) fromBody(body map[string]any, keep func(*property) bool) map[string]any {
	o = o.of(body) // discriminators have the same name in both shapes
	out := map[string]any{}
	for _, p := range o.props {
		if !keep(p) {
			continue
		}
		from := body
		for _, name := range p.containers {
			from, _ = from[name].(map[string]any)
		}
		if given := from[p.arm]; given != nil {
			out[p.sdk] = p.value.fromBody(given, keep)
		}
	}
	if o.open {
		known := map[string]bool{}
		for _, p := range o.props {
			known[p.arm] = true
		}
		for name, given := range body {
			if !known[name] && given != nil {
				out[name] = given
			}
		}
	}
	return out
}

func (v *value) fromBody(given any, keep func(*property) bool) any {
	item := func(given any) any { return v.items.fromBody(given, keep) }
	switch given := given.(type) {
	case map[string]any:
		switch v.kind {
		case azuretypes.Object:
			return v.object.fromBody(given, keep)
		case azuretypes.Map:
			return mapValues(given, item)
		}
	case []any:
		if v.kind == azuretypes.Array {
			return mapItems(given, item)
		}
	}
	return given
}

// project reduces SDK outputs to the properties that can be inputs, in the shape of inputs. nil stands for no outputs.
func (t *resourceType) project(outputs map[string]any) map[string]any {
	return t.body.project(outputs)
}

func (o *object) project(outputs map[string]any) map[string]any {
	o = o.of(outputs)
	in := map[string]any{}
	for _, p := range o.props {
		if given, ok := outputs[p.sdk]; ok && !p.readOnly {
			in[p.sdk] = p.value.project(given)
		}
	}
	if o.open {
		for name, given := range outputs {
			if o.prop(name) == nil {
				in[name] = given
			}
		}
	}
	return in
}

func (v *value) project(given any) any {
	switch given := given.(type) {
	case map[string]any:
		switch {
		case v.stringSet:
			keys := []any{}
			for key := range given {
				keys = append(keys, key)
			}
			slices.SortFunc(keys, func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
			return keys
		case v.kind == azuretypes.Object:
			return v.object.project(given)
		case v.kind == azuretypes.Map:
			return mapValues(given, v.items.project)
		}
	case []any:
		if v.kind == azuretypes.Array {
			return mapItems(given, v.items.project)
		}
	}
	return given
}

// isDefault reports whether a response shows an implicit resource in the state in which Azure made it. false and empty
// lists count as absent.
func (t *resourceType) isDefault(body map[string]any) bool {
	for name, got := range t.inputsOf(body) {
		switch got := got.(type) {
		case []any:
			if len(got) > 0 {
				return false
			}
		case bool:
			if want, _ := t.implicit[name].(bool); got && !want {
				return false
			}
		default:
			if want, ok := t.implicit[name]; !ok || !reflect.DeepEqual(got, want) {
				return false
			}
		}
	}
	return true
}

// withoutEmpty drops empty objects and lists at every depth, which in a response stand for absent values. It returns
// nil for an empty result.
func withoutEmpty(given any) any {
	switch given := given.(type) {
	case map[string]any:
		kept := map[string]any{}
		for name, member := range given {
			if member = withoutEmpty(member); member != nil {
				kept[name] = member
			}
		}
		if len(kept) == 0 {
			return nil
		}
		return kept
	case []any:
		var kept []any
		for _, item := range given {
			if item = withoutEmpty(item); item != nil {
				kept = append(kept, item)
			}
		}
		if len(kept) == 0 {
			return nil
		}
		return kept
	default:
		return given
	}
}

func mapValues(given map[string]any, convert func(any) any) map[string]any {
	out := make(map[string]any, len(given))
	for name, member := range given {
		out[name] = convert(member)
	}
	return out
}

func mapItems(given []any, convert func(any) any) []any {
	out := make([]any, len(given))
	for i, item := range given {
		out[i] = convert(item)
	}
	return out
}
