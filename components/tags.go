package components

import (
	"reflect"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// The names of arguments and outputs stand once, in the pulumi tags of the structs: what is recorded in a stack's state
// is read off them.

// property is a field of a struct as Pulumi sees it.
type property struct {
	name   string
	secret bool
	value  reflect.Value
}

// properties are the tagged fields of a struct, in the order of their declaration.
func properties(structure reflect.Value) []property {
	var all []property
	for _, field := range reflect.VisibleFields(structure.Type()) {
		tag, tagged := field.Tag.Lookup("pulumi")
		if !tagged || !field.IsExported() {
			continue
		}
		name, _, _ := strings.Cut(tag, ",")
		all = append(all, property{
			name:   name,
			secret: strings.Contains(field.Tag.Get("provider"), "secret"),
			value:  structure.FieldByIndex(field.Index),
		})
	}
	return all
}

// knownInputs are the arguments that the stack's state records of a component: plain values without secrets. Outputs
// are left out, because the component's resources would wait for every resource that any of them comes from.
func knownInputs(args any) pulumi.Map {
	in, _ := known(reflect.ValueOf(args)).(pulumi.Map)
	return in
}

// known is a value without the outputs in it, nil when nothing is left.
func known(v reflect.Value) pulumi.Input {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	if !v.IsValid() || v.IsZero() || v.Type().Implements(reflect.TypeFor[pulumi.Output]()) {
		return nil
	}
	switch v.Kind() {
	case reflect.String:
		return pulumi.String(v.String())
	case reflect.Int:
		return pulumi.Int(v.Int())
	case reflect.Float64:
		return pulumi.Float64(v.Float())
	case reflect.Bool:
		return pulumi.Bool(v.Bool())
	case reflect.Struct:
		return knownFields(v)
	case reflect.Map:
		return knownEntries(v)
	case reflect.Slice:
		return knownElements(v)
	}
	return nil
}

func knownFields(structure reflect.Value) pulumi.Input {
	in := pulumi.Map{}
	for _, p := range properties(structure) {
		if value := known(p.value); value != nil && !p.secret {
			in[p.name] = value
		}
	}
	if len(in) == 0 {
		return nil
	}
	return in
}

// knownEntries keeps the keys of structs of which nothing is known: they name resources.
func knownEntries(m reflect.Value) pulumi.Input {
	in := pulumi.Map{}
	for _, key := range m.MapKeys() {
		value := known(m.MapIndex(key))
		if value == nil && m.Type().Elem().Kind() == reflect.Struct {
			value = pulumi.Map{}
		}
		if value != nil {
			in[key.String()] = value
		}
	}
	if len(in) == 0 {
		return nil
	}
	return in
}

func knownElements(list reflect.Value) pulumi.Input {
	in := pulumi.Array{}
	for i := range list.Len() {
		if value := known(list.Index(i)); value != nil {
			in = append(in, value)
		}
	}
	if len(in) == 0 {
		return nil
	}
	return in
}

// outputs are a component's outputs as they are recorded in the stack's state.
func outputs(component pulumi.ComponentResource) pulumi.Map {
	all := pulumi.Map{}
	for _, p := range properties(reflect.ValueOf(component).Elem()) {
		all[p.name] = p.value.Interface().(pulumi.Output)
	}
	return all
}

// setOutputs copies the fields of a struct into the fields of the same names of a component.
func setOutputs(component pulumi.ComponentResource, from any) {
	to, source := reflect.ValueOf(component).Elem(), reflect.ValueOf(from).Elem()
	for _, field := range reflect.VisibleFields(source.Type()) {
		if field.IsExported() {
			to.FieldByName(field.Name).Set(source.FieldByIndex(field.Index))
		}
	}
}
