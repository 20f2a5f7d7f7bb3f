package azuretypes

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Resource is one resource type under one api-version.
type Resource struct {
	// Type is the full type in its published spelling, such as "Microsoft.Storage/storageAccounts/blobServices".
	Type string
	// APIVersion is the api-version the body belongs to, such as "2022-09-01".
	APIVersion string
	// Body is the shape of the resource's body; its kind is Object.
	Body *Shape
}

// Kind is the JSON type of a value.
type Kind int

// The kinds of a shape.
const (
	Any    Kind = iota // any JSON value
	String             // a string, perhaps one of an enumeration
	Int                // a number without fraction
	Number             // a number
	Bool               // true or false
	Object             // an object with known properties
	Array              // a list of Items
	Map                // an object from free names to Items
)

// String names the kind as error messages call it.
func (k Kind) String() string {
	switch k {
	case String:
		return "string"
	case Int:
		return "integer"
	case Number:
		return "number"
	case Bool:
		return "boolean"
	case Object, Map:
		return "object"
	case Array:
		return "array"
	default:
		return "any value"
	}
}

// Shape describes the values of a type. Shapes are shared between resources and must not be changed.
type Shape struct {
	Kind Kind

	// Enum lists the values a String may take, in their published spelling. Azure compares them without regard to case.
	Enum []string
	// MinLen and MaxLen bound the length of a String in characters, Pattern is a regular expression it has to match.
	MinLen, MaxLen *int
	Pattern        string
	// Min and Max bound an Int or a Number, both included.
	Min, Max *int64

	// Items is the shape of the elements of an Array and of the values of a Map.
	Items *Shape

	// Props are the properties of an Object. When the object has variants, these are the ones all variants have,
	// among them the discriminator.
	Props map[string]*Property
	// Additional is the shape of the values of properties that Props does not list; nil if there must be none.
	Additional *Shape
	// Discriminator is the property that tells which of Variants an Object is. Each variant is a whole shape, with the
	// common properties. Both are empty for an object without variants.
	Discriminator string
	Variants      map[string]*Shape

	// Secret says that the value must not be shown or logged.
	Secret bool

	pattern *regexp.Regexp
	names   []string // of Props, sorted, so that violations come in a stable order
}

// Property is a member of an object.
type Property struct {
	Shape *Shape
	// Required properties have to be in the body of a PUT.
	Required bool
	// ReadOnly properties are Azure's to set: they appear in responses and are ignored in requests.
	ReadOnly bool
	// WriteOnly properties are accepted in requests and never returned.
	WriteOnly bool
}

// Prop returns the property with exactly this name, or nil. It does not look into variants: resolve them with Variant.
func (s *Shape) Prop(name string) *Property { return s.Props[name] }

// Variant returns the shape that a body of shape s has: the variant its discriminator names, or s itself if s has no
// variants. The error says that the discriminator is missing or what it could have been.
func (s *Shape) Variant(body map[string]any) (*Shape, error) {
	if s.Discriminator == "" {
		return s, nil
	}
	v, bad := s.variant(body)
	if bad != nil {
		return nil, errors.New(bad.String())
	}
	return v, nil
}

// variant resolves a discriminated object; the violation's path is the discriminator's name.
func (s *Shape) variant(body map[string]any) (*Shape, *Violation) {
	value := body[s.Discriminator]
	if value == nil {
		return nil, &Violation{s.Discriminator, MissingProperty, "is required: one of " +
			strings.Join(s.variantNames(), ", ")}
	}
	name, ok := value.(string)
	if !ok {
		return nil, &Violation{s.Discriminator, WrongType, fmt.Sprintf("must be a string, not %s", describe(value))}
	}
	if v, ok := s.Variants[name]; ok {
		return v, nil
	}
	for published, v := range s.Variants {
		if strings.EqualFold(published, name) {
			return v, nil
		}
	}
	return nil, &Violation{s.Discriminator, NotInEnum,
		fmt.Sprintf("is %q, must be one of %s", name, strings.Join(s.variantNames(), ", "))}
}

func (s *Shape) variantNames() []string {
	return s.Props[s.Discriminator].Shape.Enum
}

// allows reports whether value is one of the shape's enumeration.
func (s *Shape) allows(value string) bool {
	return slices.ContainsFunc(s.Enum, func(e string) bool { return strings.EqualFold(e, value) })
}
