package bridge

import (
	"context"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// Read looks at a resource in Azure: to refresh the state it comes with, or by its id alone to import it. An empty id
// in the answer means that the resource is missing.
func (p *provider) Read(ctx context.Context, req *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	t, err := typeOfURN(req.GetUrn())
	if err != nil {
		return nil, err
	}
	old, err := receive(req.GetProperties())
	if err != nil {
		return nil, err
	}
	given, err := inputsOfState(req.GetInputs(), old)
	if err != nil {
		return nil, err
	}
	s := sessionOf(ctx)
	c, _, err := s.configured()
	if err != nil {
		return nil, err
	}
	ctx, cancel := s.operation(ctx, 0)
	defer cancel()

	id := req.GetId()
	var outputs, found map[string]any // found: inputs, for an import
	if t.token == blobToken {
		outputs, err = c.readBlob(ctx, id)
		found = t.project(outputs)
	} else {
		var body map[string]any
		if body, err = c.get(ctx, id, t.version); err == nil {
			outputs, found = t.outputs(body), t.inputsOf(body)
		}
	}
	if isNotFound(err) {
		return &pulumirpc.ReadResponse{}, nil
	}
	if err != nil {
		return nil, explain(err)
	}

	var inputs resource.PropertyMap
	if len(given) == 0 {
		if inputs, err = t.imported(id, found); err != nil {
			return nil, err
		}
	} else {
		if inputs = given; !unfinished(old) { // otherwise there is no earlier state to compare with
			inputs = t.refreshed(given, plain(old).Mappable(), outputs)
		}
		conceal(inputs, given)
	}
	t.body.concealSchema(inputs)
	state, err := t.state(outputs, inputs)
	if err != nil {
		return nil, err
	}
	record, err := deliver(inputs)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.ReadResponse{Id: id, Properties: state, Inputs: record}, nil
}

// imported returns the inputs with which a program agrees with the resource.
func (t *resourceType) imported(id string, found map[string]any) (resource.PropertyMap, error) {
	inputs, err := t.parameters(id)
	if err != nil {
		return nil, err
	}
	for name, v := range found {
		if v = withoutEmpty(v); v != nil && name != "id" {
			inputs[name] = v
		}
	}
	for _, p := range t.body.props {
		if p.constant != "" {
			inputs[p.sdk] = p.constant
		}
	}
	return resource.NewPropertyMapFromMap(inputs), nil
}

// refreshed applies to the inputs what changed in Azure since the last time. Inputs cannot be read from a response
// directly: Azure fills in defaults that the program never gave. So old and new outputs are compared, both in the shape
// of inputs, and only their difference is carried over.
func (t *resourceType) refreshed(inputs resource.PropertyMap, old, outputs map[string]any) resource.PropertyMap {
	inputs = plain(inputs)
	before := t.project(old)
	after := t.project(t.withoutLists(outputs, inputs))
	diff := resource.NewPropertyMapFromMap(before).Diff(resource.NewPropertyMapFromMap(after))
	return applyDiff(inputs, diff)
}

// withoutLists drops from outputs the lists that the program leaves to others.
func (t *resourceType) withoutLists(outputs map[string]any, inputs resource.PropertyMap) map[string]any {
	given := inputs.Mappable()
	for _, path := range t.lists {
		names := splitPath(path)
		if _, ok := dig(given, names); !ok {
			outputs = without(outputs, names)
		}
	}
	return outputs
}

func splitPath(path string) []string { return strings.Split(path, ".") }

func dig(m map[string]any, names []string) (any, bool) {
	v, ok := m[names[0]]
	if len(names) == 1 || !ok {
		return v, ok
	}
	child, _ := v.(map[string]any)
	return dig(child, names[1:])
}

// without copies an object as far as needed to leave out one member.
func without(m map[string]any, names []string) map[string]any {
	out := make(map[string]any, len(m))
	for name, v := range m {
		out[name] = v
	}
	if len(names) == 1 {
		delete(out, names[0])
	} else if child, ok := m[names[0]].(map[string]any); ok {
		out[names[0]] = without(child, names[1:])
	}
	return out
}

// applyDiff changes values as diff says, which is a difference of other values of the same shape.
func applyDiff(values resource.PropertyMap, diff *resource.ObjectDiff) resource.PropertyMap {
	if diff == nil {
		return values
	}
	result := resource.PropertyMap{}
	for key, v := range values {
		if !diff.Deleted(key) {
			result[key] = v
		}
	}
	for key, v := range diff.Adds {
		result[key] = v
	}
	for key, change := range diff.Updates {
		if v, ok := values[key]; ok {
			result[key] = applyChange(v, change.Old, change.New)
		} else {
			result[key] = change.New
		}
	}
	return result
}

func applyChange(base, old, new resource.PropertyValue) resource.PropertyValue {
	switch {
	case base.IsObject() && old.IsObject() && new.IsObject():
		return resource.NewObjectProperty(applyDiff(base.ObjectValue(), old.ObjectValue().Diff(new.ObjectValue())))
	case base.IsArray() && old.IsArray() && new.IsArray():
		bases, olds := base.ArrayValue(), old.ArrayValue()
		items := make([]resource.PropertyValue, len(new.ArrayValue()))
		for i, item := range new.ArrayValue() {
			if i < len(bases) && i < len(olds) {
				item = applyChange(bases[i], olds[i], item)
			}
			items[i] = item
		}
		return resource.NewArrayProperty(items)
	default:
		return new
	}
}
