package bridge

import (
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"github.com/crossorg/crossorg/internal/azuretypes"
)

// inputsKey is where the state keeps the inputs that made it, as the official provider's second version does.
const inputsKey = "__inputs"

// receive reads properties from the engine, with secrets and unknowns. nil stays nil.
func receive(s *structpb.Struct) (resource.PropertyMap, error) {
	if s == nil {
		return nil, nil
	}
	return plugin.UnmarshalProperties(s, plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true, SkipNulls: true})
}

// deliver writes properties for the engine.
func deliver(m resource.PropertyMap) (*structpb.Struct, error) {
	return plugin.MarshalProperties(m, plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true, SkipNulls: true})
}

// plain drops the marks of secrets, so that values can be compared and sent.
func plain(m resource.PropertyMap) resource.PropertyMap {
	if m == nil {
		return nil
	}
	return plainValue(resource.NewObjectProperty(m)).ObjectValue()
}

func plainValue(v resource.PropertyValue) resource.PropertyValue {
	switch {
	case v.IsSecret():
		return plainValue(v.SecretValue().Element)
	case v.IsOutput():
		if o := v.OutputValue(); o.Known {
			return plainValue(o.Element)
		}
		return unknown()
	case v.IsArray():
		items := make([]resource.PropertyValue, len(v.ArrayValue()))
		for i, item := range v.ArrayValue() {
			items[i] = plainValue(item)
		}
		return resource.NewArrayProperty(items)
	case v.IsObject():
		members := make(resource.PropertyMap, len(v.ObjectValue()))
		for key, member := range v.ObjectValue() {
			members[key] = plainValue(member)
		}
		return resource.NewObjectProperty(members)
	default:
		return v
	}
}

// unknown is a value that will be known after the deployment.
func unknown() resource.PropertyValue {
	return resource.MakeComputed(resource.NewStringProperty(""))
}

// conceal marks in values what is secret in like, member by member: an output that has the name of a secret input is
// secret too.
func conceal(values, like resource.PropertyMap) {
	for key, likeValue := range like {
		v, ok := values[key]
		switch {
		case !ok || v.IsSecret():
		case v.IsObject() && likeValue.IsObject():
			conceal(v.ObjectValue(), likeValue.ObjectValue())
		case likeValue.ContainsSecrets():
			values[key] = resource.MakeSecret(v)
		}
	}
}

// concealSchema marks what the published shape calls secret.
func (o *object) concealSchema(values resource.PropertyMap) {
	if o.variants != nil {
		o = o.of(map[string]any{o.discriminator: plainValue(values[resource.PropertyKey(o.discriminator)]).V})
	}
	for _, p := range o.props {
		key := resource.PropertyKey(p.sdk)
		v, ok := values[key]
		switch {
		case !ok || v.IsSecret():
		case p.value.shape.Secret:
			values[key] = resource.MakeSecret(v)
		default:
			p.value.concealSchema(v)
		}
	}
}

func (v *value) concealSchema(given resource.PropertyValue) {
	switch {
	case v.kind == azuretypes.Object && given.IsObject():
		v.object.concealSchema(given.ObjectValue())
	case v.kind == azuretypes.Array && given.IsArray():
		for _, item := range given.ArrayValue() {
			v.items.concealSchema(item)
		}
	case v.kind == azuretypes.Map && given.IsObject():
		for _, member := range given.ObjectValue() {
			v.items.concealSchema(member)
		}
	}
}

// state is what the engine keeps of a resource: its outputs, secrets marked, and the inputs that made it.
func (t *resourceType) state(outputs map[string]any, inputs resource.PropertyMap) (*structpb.Struct, error) {
	state := resource.NewPropertyMapFromMap(outputs)
	conceal(state, inputs)
	t.body.concealSchema(state)
	state[inputsKey] = resource.MakeSecret(resource.NewObjectProperty(plain(inputs)))
	return deliver(state)
}

// inputsOfState returns the inputs that made a state: those the engine sends, or else those in the state. nil if there
// are none, as when a resource is imported.
func inputsOfState(sent *structpb.Struct, state resource.PropertyMap) (resource.PropertyMap, error) {
	if sent != nil {
		return receive(sent)
	}
	kept := plainValue(state[inputsKey])
	if !kept.IsObject() {
		return nil, nil
	}
	return kept.ObjectValue(), nil
}
