package bridge

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/crossorg/crossorg/internal/azuretypes"
)

// resourceType is a definition joined with its published shape.
type resourceType struct {
	definition
	params  []string // of the path, in order, without subscriptionId
	body    *object
	replace map[string]bool // SDK paths, "[]" behind lists
	id      *regexp.Regexp  // matches ids, with a group for every parameter of the path
	idNames []string        // the names of those groups
}

// object is an object as the SDK has it.
type object struct {
	props []*property // by SDK name
	// required are objects of the request that have to be there even if none of their members is given.
	required [][]string
	// discriminator is the SDK name of the property that says which variant an object is.
	discriminator string
	variants      map[string]*object
	open          bool // members beside props are passed through
}

// property is a member of an SDK object and where it is in the ARM body.
type property struct {
	sdk, arm            string
	containers          []string // objects on the way to it that the SDK does not have
	required            bool
	readOnly, writeOnly bool
	constant            string // the value of a discriminator
	value               *value
}

// value is a shape as the SDK has it.
type value struct {
	kind   azuretypes.Kind
	shape  *azuretypes.Shape
	object *object // of an Object
	items  *value  // of an Array or a Map
	// stringSet is a Map whose values have nothing to set, such as user-assigned identities by id: the program gives a
	// list of its keys.
	stringSet bool
}

// resourceTypes are all types by token.
var resourceTypes = sync.OnceValue(func() map[string]*resourceType {
	types := map[string]*resourceType{}
	for _, d := range definitions {
		published, ok := azuretypes.Lookup(d.arm, d.version)
		if !ok {
			panic(fmt.Sprintf("bridge: %s: type %s has no published shape for %s", d.token, d.arm, d.version))
		}
		types[d.token] = newResourceType(d, published.Body)
	}
	types[blobToken] = newResourceType(blobDefinition, blobShape)
	return types
})

// lookup finds the type of a token such as "azure-native:storage:StorageAccount". A version in the module's name is
// accepted only if it is the type's own.
func lookup(token string) (*resourceType, error) {
	name, ok := strings.CutPrefix(token, packageName+":")
	if ok {
		module, typ, _ := strings.Cut(name, ":")
		module, version, versioned := strings.Cut(module, "/")
		if t := resourceTypes()[module+":"+typ]; t != nil && (!versioned ||
			version == "v"+strings.ReplaceAll(t.version, "-", "")) {
			return t, nil
		}
	}
	return nil, fmt.Errorf("resource type %s not found: the local Azure does not have it", token)
}

var parameter = regexp.MustCompile(`\{(\w+)\}`)

// scopeParameter reports whether a parameter stands for a whole resource id.
func scopeParameter(name string) bool { return name == "scope" || name == "resourceUri" }

func newResourceType(d definition, body *azuretypes.Shape) *resourceType {
	t := &resourceType{definition: d, replace: map[string]bool{}}
	pattern, rest := "(?is)^", d.path
	for rest != "" {
		loc := parameter.FindStringSubmatchIndex(rest)
		if loc == nil {
			pattern += regexp.QuoteMeta(rest)
			break
		}
		name := rest[loc[2]:loc[3]]
		pattern += regexp.QuoteMeta(rest[:loc[0]])
		if scopeParameter(name) {
			pattern += "(.+)"
		} else {
			pattern += "([^/]+)"
		}
		t.idNames = append(t.idNames, name)
		t.replace[name] = true
		if name != "subscriptionId" {
			t.params = append(t.params, name)
		}
		rest = rest[loc[1]:]
	}
	t.id = regexp.MustCompile(pattern + "$")
	for _, path := range d.replace {
		t.replace[path] = true
	}
	c := compiler{d}
	t.body = c.object(body, "", d.variant)
	return t
}

// compiler turns a published shape into the SDK's.
type compiler struct{ d definition }

// object compiles a shape at a dotted ARM path. variant fixes the discriminator.
func (c compiler) object(shape *azuretypes.Shape, path, variant string) *object {
	o := &object{open: shape.Additional != nil}
	if variant != "" {
		discriminator := shape.Discriminator
		shape = shape.Variants[variant]
		defer func() { o.prop(discriminator).constant = variant }()
	} else if shape.Discriminator != "" {
		o.discriminator = c.name(join(path, shape.Discriminator))
		o.variants = map[string]*object{}
		for name := range shape.Variants {
			o.variants[name] = c.object(shape, path, name)
		}
	}
	props := map[string]*property{}
	c.members(o, props, shape, path, nil)
	o.props = slices.SortedFunc(maps.Values(props), func(a, b *property) int { return strings.Compare(a.sdk, b.sdk) })
	return o
}

// members adds the properties of a shape, and those of its "properties", which the SDK does not have, in its place.
func (c compiler) members(
	o *object, props map[string]*property, shape *azuretypes.Shape, path string, containers []string,
) {
	for _, name := range slices.Sorted(maps.Keys(shape.Props)) {
		p, at := shape.Props[name], join(path, name)
		if name == "properties" && p.Shape.Kind == azuretypes.Object && (!c.d.nested || path != "") {
			inside := append(slices.Clone(containers), name)
			if p.Required {
				o.required = append(o.required, inside)
			}
			c.members(o, props, p.Shape, at, inside)
			continue
		}
		if name == "etag" && path == "" {
			continue // part of the protocol, never set by a program
		}
		v := c.value(p.Shape, at)
		readOnly := p.ReadOnly || slices.Contains(c.d.readOnly, at)
		// When a name is in both, the official provider's later one in alphabetical order wins.
		props[name] = &property{
			sdk: c.name(at), arm: name, containers: containers,
			required: p.Required && !readOnly, readOnly: readOnly || !v.writable(), writeOnly: p.WriteOnly, value: v,
		}
	}
}

func (c compiler) value(shape *azuretypes.Shape, path string) *value {
	v := &value{kind: shape.Kind, shape: shape}
	switch shape.Kind {
	case azuretypes.Object:
		v.object = c.object(shape, path, "")
	case azuretypes.Array:
		v.items = c.value(shape.Items, path)
	case azuretypes.Map:
		v.items = c.value(shape.Items, path)
		v.stringSet = !v.items.writable()
	}
	return v
}

// name is the SDK's name of the property at a dotted ARM path.
func (c compiler) name(path string) string {
	if renamed, ok := c.d.renames[path]; ok {
		return renamed
	}
	return path[strings.LastIndex(path, ".")+1:]
}

// writable reports whether there is anything to set in a value.
func (v *value) writable() bool {
	switch v.kind {
	case azuretypes.Object:
		return v.object.open || v.object.variants != nil ||
			slices.ContainsFunc(v.object.props, func(p *property) bool { return !p.readOnly })
	case azuretypes.Array:
		return v.items.writable()
	default:
		return true
	}
}

// prop finds a property by its SDK name, or returns nil.
func (o *object) prop(sdk string) *property {
	for _, p := range o.props {
		if p.sdk == sdk {
			return p
		}
	}
	return nil
}

// of returns the variant that SDK members name, or o itself if they name none.
func (o *object) of(members map[string]any) *object {
	if o.variants == nil {
		return o
	}
	name, _ := members[o.discriminator].(string)
	for published, variant := range o.variants {
		if strings.EqualFold(published, name) {
			return variant
		}
	}
	return o
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
