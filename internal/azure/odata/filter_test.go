package odata_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/odata"
)

func TestParse(t *testing.T) {
	name := odata.Compare{Property: "name", Operator: "eq", Value: "a"}
	for text, want := range map[string]odata.Filter{
		"name eq 'a'":                 name,
		"  name EQ  'a' ":             name,
		"name eq 'it''s'":             odata.Compare{Property: "name", Operator: "eq", Value: "it's"},
		"identity/principalId ne 'x'": odata.Compare{Property: "identity/principalId", Operator: "ne", Value: "x"},
		"(name eq 'a')":               name,
		"names/any(c:c eq 'a')":       odata.Compare{Property: "names", Operator: "eq", Value: "a", Any: true},
		"atScope()":                   odata.Call{Function: "atScope"},
		"substringof('a', name)": odata.Call{Function: "substringof",
			Arguments: []odata.Argument{{Text: "a", Quoted: true}, {Text: "name"}}},
		"not name eq 'a'": odata.Not{Of: name},
		"name eq 'a' or name eq 'a' and name eq 'a'":   odata.Or{Left: name, Right: odata.And{Left: name, Right: name}},
		"(name eq 'a' or name eq 'a') and name eq 'a'": odata.And{Left: odata.Or{Left: name, Right: name}, Right: name},
	} {
		got, err := odata.Parse(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
}

func TestParseRefusesWhatIsNoFilter(t *testing.T) {
	for _, text := range []string{"", "name", "name eq", "name is 'a'", "name eq 'a", "name eq 'a' and", "(name eq 'a'",
		"name eq 'a')", "substringof('a' name)", "substringof(,)", "name eq 'a' name eq 'b'", "=", "'a' eq name", "f(",
		"names/any(", "names/any(c eq 'a')", "names/any(c:d eq 'a')", "names/any(c:c eq 'a'", "names/any(c:f('a'))",
		strings.Repeat("(", 200) + "a eq 'b'", strings.Repeat("not ", 200) + "a eq 'b'"} {
		_, err := odata.Parse(text)
		assert.Error(t, err, text)
	}
}

func TestHolds(t *testing.T) {
	test := func(f odata.Filter) bool { return f.(odata.Compare).Value == "yes" }
	for text, want := range map[string]bool{
		"a eq 'yes' and a eq 'no'": false, "a eq 'yes' or a eq 'no'": true, "not a eq 'no'": true,
		"not (a eq 'yes' or a eq 'no')": false, "a eq 'no' or a eq 'yes' and a eq 'yes'": true,
	} {
		f, err := odata.Parse(text)
		require.NoError(t, err)
		assert.Equal(t, want, odata.Holds(f, test), text)
		seen := 0
		odata.Walk(f, func(odata.Filter) { seen++ })
		assert.Equal(t, strings.Count(text, "eq"), seen)
	}
}

// FuzzParse: no text breaks the parser, and what it accepts has at least one comparison or call.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"name eq 'a'", "substringof('a', name) and not (b ne 'c')", "atScope()", "'", "((("} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := odata.Parse(text)
		if err != nil {
			return
		}
		seen := 0
		odata.Walk(parsed, func(odata.Filter) { seen++ })
		if seen == 0 {
			t.Fatalf("%q is a filter of nothing", text)
		}
	})
}
