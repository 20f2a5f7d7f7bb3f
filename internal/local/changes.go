package local

import (
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Change is a resource or component that a run changed, or would change.
type Change struct {
	// Op is create, update, replace, delete or import.
	Op string
	// Type is the resource's, such as "storage:StorageAccount".
	Type string
	// Name is its name in the program.
	Name string
	// Properties that an update or a replacement is about.
	Properties []string
}

func (c Change) same(other Change) bool {
	return c.Op == other.Op && c.Type == other.Type && c.Name == other.Name
}

// Component is a type of the program's components, with its instances.
type Component struct {
	// Type is the component's, such as "ProviderOrg"; "" holds the resources outside of any component.
	Type string
	// Names are the names of the instances, sorted.
	Names []string
	// Resources counts the resources of all instances.
	Resources int
}

// operations are the names of the engine's operations in reports. A replacement counts once, not by its steps.
var operations = map[apitype.OpType]string{
	apitype.OpCreate:            "create",
	apitype.OpUpdate:            "update",
	apitype.OpDelete:            "delete",
	apitype.OpReplace:           "replace",
	apitype.OpImport:            "import",
	apitype.OpImportReplacement: "import",
}

// remember keeps what became of a resource for the result.
func (c *collector) remember(s step) {
	switch s.Op {
	case apitype.OpDelete, apitype.OpReadDiscard, apitype.OpDiscardReplaced, apitype.OpDeleteReplaced:
	default:
		if s.Type != stackType {
			if c.standing == nil {
				c.standing = map[string]bool{}
			}
			c.standing[s.URN] = s.custom()
		}
	}
	u := resource.URN(s.URN)
	if op, known := operations[s.Op]; known && !strings.HasPrefix(string(u.Type()), "pulumi:") {
		properties := s.Diffs
		if len(s.Keys) > 0 {
			properties = s.Keys
		}
		if op == "create" || op == "delete" {
			properties = nil
		}
		kind := strings.TrimPrefix(string(u.Type()), "azure-native:")
		if !s.custom() {
			kind = kind[strings.LastIndex(kind, ":")+1:]
		}
		change := Change{Op: op, Type: kind, Name: u.Name(), Properties: properties}
		// A component's end comes twice: when it is registered, and with its outputs.
		if s.custom() || !slices.ContainsFunc(c.made, change.same) {
			c.made = append(c.made, change)
		}
	}
}

// custom tells a provider's resource from a component.
func (s step) custom() bool {
	state := s.New
	if state == nil {
		state = s.Old
	}
	return state != nil && state.Custom
}

// components counts resources by component: a resource's URN names the types of its parents.
func (c *collector) components() []Component {
	byType := map[string]*Component{}
	of := func(kind string) *Component {
		if byType[kind] == nil {
			byType[kind] = &Component{Type: kind}
		}
		return byType[kind]
	}
	for urn, custom := range c.standing {
		u := resource.URN(urn)
		if strings.HasPrefix(string(u.Type()), "pulumi:") {
			continue
		}
		outermost, _, nested := strings.Cut(string(u.QualifiedType()), resource.URNTypeDelimiter)
		kind := outermost[strings.LastIndex(outermost, ":")+1:]
		switch {
		case custom && !nested:
			of("").Resources++
		case custom:
			of(kind).Resources++
		case !nested:
			of(kind).Names = append(of(kind).Names, u.Name())
		}
	}
	var all []Component
	for _, kind := range slices.Sorted(maps.Keys(byType)) {
		component := byType[kind]
		slices.Sort(component.Names)
		all = append(all, *component)
	}
	return all
}
