package azuretypes_test

import (
	"strings"
	"testing"

	"github.com/crossorg/crossorg/internal/azuretypes"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLookup(t *testing.T) {
	t.Run("Ensure type and api-version are matched without regard to case", func(t *testing.T) {
		r, ok := azuretypes.Lookup("microsoft.datashare/ACCOUNTS/shares", "2021-08-01")
		require.True(t, ok)
		assert.Equal(t, "Microsoft.DataShare/accounts/shares", r.Type)
		assert.Equal(t, "2021-08-01", r.APIVersion)

		_, ok = azuretypes.Lookup("Microsoft.ServiceFabric/managedClusters", "2023-03-01-PREVIEW")
		assert.True(t, ok)
	})
	t.Run("Ensure a type is not found under another version, nor an unknown type under any", func(t *testing.T) {
		_, ok := azuretypes.Lookup("Microsoft.DataShare/accounts", "1999-01-01")
		assert.False(t, ok)
		_, ok = azuretypes.Lookup("Microsoft.Contoso/widgets", "2021-08-01")
		assert.False(t, ok)
	})
}

func TestAPIVersions(t *testing.T) {
	t.Run("Ensure versions come newest first", func(t *testing.T) {
		assert.Equal(t, []string{"2020-05-01", "2017-04-01", "2016-09-01", "2015-01-01"},
			azuretypes.APIVersions("Microsoft.Authorization/LOCKS"))
		assert.Equal(t, []string{"2022-05-01-preview", "2022-04-01", "2018-01-01-preview", "2015-07-01"},
			azuretypes.APIVersions("Microsoft.Authorization/roleDefinitions"))
	})
	t.Run("Ensure an unknown type has none", func(t *testing.T) {
		assert.Nil(t, azuretypes.APIVersions("Microsoft.Contoso/widgets"))
	})
}

func TestAll(t *testing.T) {
	t.Run("Ensure every resource can be looked up and its shapes are whole", func(t *testing.T) {
		all := azuretypes.All()
		require.NotEmpty(t, all)
		for _, r := range all {
			found, ok := azuretypes.Lookup(r.Type, r.APIVersion)
			require.True(t, ok, r.Type)
			assert.Same(t, r, found)
			assert.Contains(t, azuretypes.APIVersions(r.Type), r.APIVersion)
			require.Equal(t, azuretypes.Object, r.Body.Kind, r.Type)
			walk(t, r.Type+"@"+r.APIVersion, r.Body, map[*azuretypes.Shape]bool{})
		}
	})
	t.Run("Ensure resources are sorted by type and then newest first", func(t *testing.T) {
		all := azuretypes.All()
		for i := range all[1:] {
			a, b := all[i], all[i+1]
			if a.Type == b.Type {
				preview := strings.HasPrefix(b.APIVersion, a.APIVersion+"-") // follows the stable one of its date
				assert.True(t, preview || a.APIVersion > b.APIVersion, "%s, %s", a.APIVersion, b.APIVersion)
			} else {
				assert.Less(t, strings.ToLower(a.Type), strings.ToLower(b.Type))
			}
		}
	})
	t.Run("Ensure a caller that sorts the list does not disturb the next", func(t *testing.T) {
		first := azuretypes.All()
		first[0] = nil
		assert.NotNil(t, azuretypes.All()[0])
	})
}

// walk checks what every shape promises.
func walk(t *testing.T, at string, s *azuretypes.Shape, seen map[*azuretypes.Shape]bool) {
	require.NotNil(t, s, at)
	if seen[s] {
		return
	}
	seen[s] = true
	if s.MinLen != nil && s.MaxLen != nil {
		assert.LessOrEqual(t, *s.MinLen, *s.MaxLen, at)
	}
	if s.Min != nil && s.Max != nil {
		assert.LessOrEqual(t, *s.Min, *s.Max, at)
	}
	switch s.Kind {
	case azuretypes.Array, azuretypes.Map:
		walk(t, at+"[]", s.Items, seen)
	case azuretypes.Object:
		if s.Discriminator != "" {
			require.NotNil(t, s.Prop(s.Discriminator), at)
			assert.Len(t, s.Variants, len(s.Prop(s.Discriminator).Shape.Enum), at)
		}
		for name, p := range s.Props {
			assert.False(t, p.ReadOnly && p.WriteOnly, at+"."+name)
			walk(t, at+"."+name, p.Shape, seen)
		}
		for name, v := range s.Variants {
			walk(t, at+"<"+name+">", v, seen)
			assert.NotNil(t, v.Prop(s.Discriminator), at+"<"+name+"> lacks its discriminator")
		}
	default:
		assert.Empty(t, s.Props, at)
		assert.Nil(t, s.Items, at)
	}
}
