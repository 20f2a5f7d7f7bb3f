package bridge

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Ensure that the bridge replaces for what the official provider replaces for, and for nothing else: an edit that the
// program does not call a replacement is written over what is there, here as on Azure.
func TestReplacementsAreTheOfficialProviders(t *testing.T) {
	raw, err := os.ReadFile("testdata/official_replacements.json")
	require.NoError(t, err)
	var official struct {
		Exceptions map[string][]string
		Mutability map[string]map[string][]string
	}
	require.NoError(t, json.Unmarshal(raw, &official))
	known := map[string]bool{}
	for file, types := range official.Mutability {
		for token, fixed := range types {
			require.False(t, known[token], "%s is in two files, one of them %s", token, file)
			known[token] = true
			typ := resourceTypes()[token]
			if !assert.NotNil(t, typ, "%s is none of the bridge's", token) {
				continue
			}
			want := map[string]bool{}
			for _, name := range slices.Concat(typ.idNames, fixed, official.Exceptions[token]) {
				want[name] = true
			}
			assert.Equal(t, want, typ.replace, token)
		}
	}
	assert.ElementsMatch(t, slices.Collect(maps.Keys(resourceTypes())), slices.Collect(maps.Keys(known)),
		"every type has a source for what it is replaced for")
}
