package azuretypes

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// parse reads a file of whole shapes.
func parse(data []byte) ([]*Resource, error) {
	var s *source
	if err := readWhole("sample@v", data, func(read *source) { s = read }); err != nil {
		return nil, err
	}
	found, err := parseResources(s.file.APIVersion, s.file.Resources, s.file.Types)
	return slices.Collect(maps.Values(found)), err
}

func TestParse(t *testing.T) {
	t.Run("Ensure every form that the documentation describes is read", func(t *testing.T) {
		resources, err := parse([]byte(`{"apiVersion": "2020-01-01", "resources": {"Microsoft.Sample/boxes": "Box"},
			"types": {
			"Box": {"a": "required string(3..24) /^[a-z]+$/", "b": "readonly int(0..4)", "c": "writeonly number(0..)",
			"d": "secret any",
				"e": "Lid[]", "f": "{string(..2)}", "g": "Colour", "h": "Box[]", "$other": "bool"},
			"Lid": {"$switch": "kind", "x": "bool", "$cases": {"Flat": {}, "Round": {"radius": "required number"}}},
			"Colour": ["Red", "Green"]}}`))
		require.NoError(t, err)
		require.Len(t, resources, 1)
		r, box := resources[0], resources[0].Body
		assert.Equal(t, "Microsoft.Sample/boxes@2020-01-01", r.Type+"@"+r.APIVersion)

		a := box.Prop("a")
		assert.True(t, a.Required)
		assert.Equal(t, []any{String, 3, 24, "^[a-z]+$"},
			[]any{a.Shape.Kind, *a.Shape.MinLen, *a.Shape.MaxLen, a.Shape.Pattern})
		b := box.Prop("b")
		assert.True(t, b.ReadOnly)
		assert.Equal(t, []any{Int, int64(0), int64(4)}, []any{b.Shape.Kind, *b.Shape.Min, *b.Shape.Max})
		c := box.Prop("c")
		assert.True(t, c.WriteOnly)
		assert.Equal(t, Number, c.Shape.Kind)
		assert.Nil(t, c.Shape.Max)
		assert.True(t, box.Prop("d").Shape.Secret)
		assert.Equal(t, Map, box.Prop("f").Shape.Kind)
		assert.Equal(t, 2, *box.Prop("f").Shape.Items.MaxLen)
		assert.Equal(t, []string{"Red", "Green"}, box.Prop("g").Shape.Enum)
		assert.Same(t, box, box.Prop("h").Shape.Items, "a type may hold itself")
		assert.Equal(t, Bool, box.Additional.Kind)

		lid := box.Prop("e").Shape.Items
		assert.Equal(t, "kind", lid.Discriminator)
		assert.Equal(t, []string{"Flat", "Round"}, lid.Prop("kind").Shape.Enum)
		assert.NotNil(t, lid.Variants["Round"].Prop("radius"))
		assert.NotNil(t, lid.Variants["Flat"].Prop("x"))
		assert.Nil(t, lid.Variants["Flat"].Prop("radius"))
	})

	for name, test := range map[string]struct{ box, want string }{
		"an undefined type":             {`{"a": "Lid"}`, `a: type "Lid" is not defined`},
		"an expression with two types":  {`{"a": "string int"}`, `"string int" is not a type`},
		"bounds on a boolean":           {`{"a": "bool(1..2)"}`, "has no bounds"},
		"bounds on a named type":        {`{"a": "Box(1..2)"}`, "only simple types have bounds"},
		"a pattern on a number":         {`{"a": "int /x/"}`, "only strings have patterns"},
		"a pattern that does not parse": {`{"a": "string /(/"}`, "missing closing )"},
		"a secret object":               {`{"a": "secret Box"}`, "can be secret"},
		"a switch without cases":        {`{"$switch": "kind"}`, "belong together"},
		"a resource that is a string":   {`["x"]`, "its body is not an object"},
	} {
		t.Run("Ensure it refuses "+name, func(t *testing.T) {
			_, err := parse([]byte(`{"apiVersion": "v", "resources": {"A/b": "Box"}, "types": {"Box": ` + test.box +
				`}}`))
			assert.ErrorContains(t, err, test.want)
		})
	}
}
