package components

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/crossorg/crossorg/internal/rules"
)

// literal is the value of an input that was given as a value, such as pulumi.String or pulumi.IntPtr. It reports false
// for an output and for an input that is missing.
func literal[T string | int | float64 | bool](in pulumi.Input) (T, bool) {
	var value T
	v := reflect.ValueOf(in)
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if v.Kind() != reflect.TypeOf(value).Kind() {
		return value, false
	}
	reflect.ValueOf(&value).Elem().Set(v.Convert(reflect.TypeOf(value)))
	return value, true
}

// isSet reports whether there is an input and it is not known to be the empty text.
func isSet(in pulumi.Input) bool {
	v := reflect.ValueOf(in)
	if !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return false
	}
	text, known := literal[string](in)
	return !known || text != ""
}

// stringOr is in, or otherwise where in is missing, null or empty.
func stringOr(in pulumi.StringPtrInput, otherwise string) pulumi.StringInput {
	if !isSet(in) {
		return pulumi.String(otherwise)
	}
	if text, known := literal[string](in); known {
		return pulumi.String(text)
	}
	return in.ToStringPtrOutput().ApplyT(func(text *string) string {
		if text == nil || *text == "" {
			return otherwise
		}
		return *text
	}).(pulumi.StringOutput)
}

// intOr is in, or otherwise where in is missing or null.
func intOr(in pulumi.IntPtrInput, otherwise int) pulumi.IntInput {
	if !isSet(in) {
		return pulumi.Int(otherwise)
	}
	if number, known := literal[int](in); known {
		return pulumi.Int(number)
	}
	return in.ToIntPtrOutput().ApplyT(func(number *int) int {
		if number == nil {
			return otherwise
		}
		return *number
	}).(pulumi.IntOutput)
}

// boolOr is in, or otherwise where in is missing or null.
func boolOr(in pulumi.BoolPtrInput, otherwise bool) pulumi.BoolInput {
	if !isSet(in) {
		return pulumi.Bool(otherwise)
	}
	if yes, known := literal[bool](in); known {
		return pulumi.Bool(yes)
	}
	return in.ToBoolPtrOutput().ApplyT(func(yes *bool) bool {
		if yes == nil {
			return otherwise
		}
		return *yes
	}).(pulumi.BoolOutput)
}

// converted is in after convert: at once where its value is known, and otherwise when it becomes known. An error then
// names the argument; that of a known value is for the arguments' check to report.
func converted(argument string, in pulumi.StringInput, convert func(string) (string, error)) pulumi.StringInput {
	if text, known := literal[string](in); known {
		if result, err := convert(text); err == nil {
			return pulumi.String(result)
		}
	}
	return in.ToStringOutput().ApplyT(func(text string) (string, error) {
		result, err := convert(text)
		if err != nil {
			return "", fmt.Errorf("%s %w", argument, err)
		}
		return result, nil
	}).(pulumi.StringOutput)
}

// joined is made of two texts: at once where both are known, and otherwise when they become known.
func joined(a, b pulumi.StringInput, join func(a, b string) string) pulumi.StringInput {
	first, firstKnown := literal[string](a)
	second, secondKnown := literal[string](b)
	if firstKnown && secondKnown {
		return pulumi.String(join(first, second))
	}
	return pulumi.All(a, b).ApplyT(func(known []any) string {
		return join(known[0].(string), known[1].(string))
	}).(pulumi.StringOutput)
}

// texts returns the elements of a list, nil without a list, and whether all of them are known.
func texts(in pulumi.StringArrayInput) ([]string, bool) {
	if in == nil {
		return nil, true
	}
	list, ok := in.(pulumi.StringArray)
	if !ok {
		return nil, false
	}
	all := make([]string, len(list))
	for i, element := range list {
		if all[i], ok = literal[string](element); !ok {
			return nil, false
		}
	}
	return all, true
}

// problems collects what is wrong with a component's arguments, so that all of it is reported at once. Arguments are
// named as in every language's documentation, by their property names.
type problems struct{ errs []error }

func (p *problems) add(format string, v ...any) { p.errs = append(p.errs, fmt.Errorf(format, v...)) }

// required reports an argument that is missing, with what to set.
func (p *problems) required(argument string, in pulumi.Input, remedy string) {
	if !isSet(in) {
		p.add("%s is missing: set %s", argument, remedy)
	}
}

// text reports a text that is known and that convert refuses.
func (p *problems) text(argument string, in pulumi.Input, convert func(string) (string, error)) {
	text, known := literal[string](in)
	if !known || text == "" {
		return
	}
	if _, err := convert(text); err != nil {
		p.add("%s %w", argument, err)
	}
}

// days reports a known number of days outside of what Azure takes.
func (p *problems) days(argument string, in pulumi.Input, allowed rules.Range) {
	if n, known := literal[int](in); known && !allowed.Contains(n) {
		p.add("%s is %d: set %s", argument, n, allowed)
	}
}

// atMost reports a known list of addresses that is longer than Azure takes.
func (p *problems) atMost(argument string, in pulumi.StringArrayInput, most int) {
	if all, known := texts(in); known && len(all) > most {
		p.add("%s has %d entries: keep at most %d", argument, len(all), most)
	}
}

// err is all problems as one error, nil without any.
func (p *problems) err() error { return errors.Join(p.errs...) }

// valueOf is what a pointer points to, and the zero value for nil.
func valueOf[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// convertedPtr is converted for an argument that may be missing, null or empty, and is nil then.
func convertedPtr(
	argument string, in pulumi.StringPtrInput, convert func(string) (string, error),
) pulumi.StringPtrInput {
	if !isSet(in) {
		return nil
	}
	if _, known := literal[string](in); known {
		return converted(argument, stringOr(in, ""), convert).ToStringOutput()
	}
	return in.ToStringPtrOutput().ApplyT(func(text *string) (*string, error) {
		if text == nil || *text == "" {
			return nil, nil
		}
		result, err := convert(*text)
		if err != nil {
			return nil, fmt.Errorf("%s %w", argument, err)
		}
		return &result, nil
	}).(pulumi.StringPtrOutput)
}
