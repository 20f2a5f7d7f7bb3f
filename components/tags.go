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

// knownInputs are the arguments of a component that are recorded in the stack's state: those whose values are known
// when it is registered, without secrets. With outputs among them, nothing below the component could start before
// everything that any argument comes from is there.
func knownInputs(args any) pulumi.Map {
	in, _ := known(reflect.ValueOf(args)).(pulumi.Map)
	return in
}

// known is a value without the outputs in it, nil when nothing is left.
func known(v reflect.Value) pulumi.Input {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		if isOutput(v) {
			return nil
		}
		v = v.Elem()
	}
	if !v.IsValid() || isOutput(v) {
		return nil
	}
	switch v.Kind() {
	case reflect.String:
		return notZero(v, pulumi.String(v.String()))
	case reflect.Int:
		return notZero(v, pulumi.Int(v.Int()))
	case reflect.Float64:
		return notZero(v, pulumi.Float64(v.Float()))
	case reflect.Bool:
		return notZero(v, pulumi.Bool(v.Bool()))
	case reflect.Struct:
		in := pulumi.Map{}
		for _, p := range properties(v) {
			if value := known(p.value); value != nil && !p.secret {
				in[p.name] = value
			}
		}
		return in
	case reflect.Map:
		in := pulumi.Map{}
		for _, key := range v.MapKeys() {
			if value := known(v.MapIndex(key)); value != nil {
				in[key.String()] = value
			}
		}
		return notEmpty(len(in), in)
	case reflect.Slice:
		in := pulumi.Array{}
		for i := range v.Len() {
			if value := known(v.Index(i)); value != nil {
				in = append(in, value)
			}
		}
		return notEmpty(len(in), in)
	}
	return nil
}

// notZero leaves out what says nothing, as if it had not been given.
func notZero(v reflect.Value, in pulumi.Input) pulumi.Input {
	if v.IsZero() {
		return nil
	}
	return in
}

func notEmpty(length int, in pulumi.Input) pulumi.Input {
	if length == 0 {
		return nil
	}
	return in
}

func isOutput(v reflect.Value) bool {
	return v.IsValid() && v.Type().Implements(reflect.TypeFor[pulumi.Output]())
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
