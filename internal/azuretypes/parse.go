package azuretypes

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// file is one file of published/; see the package's documentation for its form.
type file struct {
	APIVersion string                     `json:"apiVersion"`
	Resources  map[string]string          `json:"resources"`
	Types      map[string]json.RawMessage `json:"types"`
}

// parser turns the named types of a file into shapes, each once.
type parser struct {
	types  map[string]json.RawMessage
	shapes map[string]*Shape
}

// parseResources makes the shapes of an api-version: bodies are the names of the resources' types.
func parseResources(
	version string, bodies map[string]string, types map[string]json.RawMessage,
) (map[string]*Resource, error) {
	p := &parser{types: types, shapes: map[string]*Shape{}}
	resources := map[string]*Resource{}
	for _, name := range slices.Sorted(maps.Keys(bodies)) {
		body, err := p.named(bodies[name])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if body.Kind != Object {
			return nil, fmt.Errorf("%s: its body is not an object", name)
		}
		resources[name] = &Resource{Type: name, APIVersion: version, Body: body}
	}
	return resources, nil
}

// named returns the shape of a type of the file. It is registered before it is filled, so types may refer to
// themselves.
func (p *parser) named(name string) (*Shape, error) {
	if s, ok := p.shapes[name]; ok {
		return s, nil
	}
	raw, ok := p.types[name]
	if !ok {
		return nil, fmt.Errorf("type %q is not defined", name)
	}
	s := &Shape{}
	p.shapes[name] = s
	if raw[0] == '[' {
		s.Kind = String
		return s, json.Unmarshal(raw, &s.Enum)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return nil, fmt.Errorf("type %s: %w", name, err)
	}
	if err := p.object(s, members); err != nil {
		return nil, fmt.Errorf("type %s: %w", name, err)
	}
	return s, nil
}

func (p *parser) object(s *Shape, members map[string]json.RawMessage) error {
	s.Kind = Object
	s.Props = map[string]*Property{}
	var cases map[string]map[string]json.RawMessage
	for name, raw := range members {
		if name == "$cases" {
			if err := json.Unmarshal(raw, &cases); err != nil {
				return err
			}
			continue
		}
		var expr string
		if err := json.Unmarshal(raw, &expr); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if name == "$switch" {
			s.Discriminator = expr
			continue
		}
		prop, err := p.property(expr)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if name == "$other" {
			s.Additional = prop.Shape
			continue
		}
		s.Props[name] = prop
	}
	if (s.Discriminator == "") != (len(cases) == 0) {
		return fmt.Errorf("$switch and $cases belong together")
	}
	if s.Discriminator != "" {
		kinds := slices.Sorted(maps.Keys(cases))
		s.Props[s.Discriminator] = &Property{Shape: &Shape{Kind: String, Enum: kinds}, Required: true}
		s.Variants = make(map[string]*Shape, len(cases))
		for _, kind := range kinds {
			v := &Shape{Additional: s.Additional}
			if err := p.object(v, cases[kind]); err != nil {
				return fmt.Errorf("case %s: %w", kind, err)
			}
			maps.Copy(v.Props, s.Props)
			v.names = slices.Sorted(maps.Keys(v.Props))
			s.Variants[kind] = v
		}
	}
	s.names = slices.Sorted(maps.Keys(s.Props))
	return nil
}

// property reads the words before the type and then the type.
func (p *parser) property(expr string) (*Property, error) {
	prop := &Property{}
	secret := false
	for {
		word, rest, found := strings.Cut(expr, " ")
		switch {
		case found && word == "required":
			prop.Required = true
		case found && word == "readonly":
			prop.ReadOnly = true
		case found && word == "writeonly":
			prop.WriteOnly = true
		case found && word == "secret":
			secret = true
		default:
			shape, err := p.expression(expr)
			if err != nil {
				return nil, err
			}
			if secret {
				if shape.Kind == Object {
					return nil, fmt.Errorf("%q: only simple types, lists and maps can be secret", expr)
				}
				marked := *shape
				marked.Secret = true
				shape = &marked
			}
			prop.Shape = shape
			return prop, nil
		}
		expr = rest
	}
}

// simple matches a type that is neither a list nor a map: a name, bounds, a pattern.
var simple = regexp.MustCompile(`^(\w+)(?:\((-?\d*)\.\.(-?\d*)\))?(?: /(.*)/)?$`)

var simpleKinds = map[string]Kind{"any": Any, "string": String, "int": Int, "number": Number, "bool": Bool}

func (p *parser) expression(expr string) (*Shape, error) {
	if item, ok := strings.CutSuffix(expr, "[]"); ok {
		items, err := p.expression(item)
		return &Shape{Kind: Array, Items: items}, err
	}
	if strings.HasPrefix(expr, "{") && strings.HasSuffix(expr, "}") {
		items, err := p.expression(expr[1 : len(expr)-1])
		return &Shape{Kind: Map, Items: items}, err
	}
	m := simple.FindStringSubmatch(expr)
	if m == nil {
		return nil, fmt.Errorf("%q is not a type", expr)
	}
	name, low, high, pattern := m[1], m[2], m[3], m[4]
	kind, ok := simpleKinds[name]
	if !ok {
		if name != expr {
			return nil, fmt.Errorf("%q: only simple types have bounds", expr)
		}
		return p.named(name)
	}
	s := &Shape{Kind: kind, Pattern: pattern}
	switch {
	case kind == String:
		s.MinLen, s.MaxLen = bound[int](low), bound[int](high)
	case kind == Int || kind == Number:
		s.Min, s.Max = bound[int64](low), bound[int64](high)
	case low+high != "":
		return nil, fmt.Errorf("%q: %s has no bounds", expr, name)
	}
	if pattern != "" {
		if kind != String {
			return nil, fmt.Errorf("%q: only strings have patterns", expr)
		}
		var err error
		if s.pattern, err = regexp.Compile(pattern); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// bound reads one end of a range; an end that is left out is nil. The digits were matched before.
func bound[T int | int64](digits string) *T {
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return nil
	}
	v := T(n)
	return &v
}
