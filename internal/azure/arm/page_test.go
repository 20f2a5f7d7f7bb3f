package arm_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/arm"
)

func TestLongListsComeInPages(t *testing.T) {
	c := provisioned(t)
	parent, err := arm.ParseID(workspace)
	require.NoError(t, err)
	require.NoError(t, c.Server().Update(func(call *arm.Call) error {
		for i := range 2100 {
			r := &arm.Resource{ID: parent.Child("savedSearches", fmt.Sprintf("s%04d", i)),
				Body: map[string]any{"properties": map[string]any{}}}
			if aerr := call.Save(r); aerr != nil {
				return aerr
			}
		}
		return nil
	}))
	seen := map[any]bool{}
	pages := 0
	for next := workspace + "/savedSearches?api-version=" + searchVersion; next != ""; pages++ {
		r := c.Contoso.Do("GET", next, nil)
		require.Equal(t, 200, r.Status)
		value := r.Body["value"].([]any)
		require.LessOrEqual(t, len(value), 1000)
		for _, v := range value {
			name := v.(map[string]any)["name"]
			require.False(t, seen[name], "%v came twice", name)
			seen[name] = true
		}
		next, _ = r.Body["nextLink"].(string)
	}
	require.Equal(t, 3, pages)
	require.Len(t, seen, 2101)
	require.Equal(t, "InvalidSkipToken", c.get(workspace+"/savedSearches", searchVersion+"&$skiptoken=-1").Code())
}

func TestARequestThatIsTooLargeIsRefused(t *testing.T) {
	c := newCloud(t)
	body := `{"location":"westeurope","tags":{"a":"` + strings.Repeat("x", 4<<20) + `"}}`
	refused := c.put(group, groupVersion, body)
	require.Equal(t, 413, refused.Status)
	require.Equal(t, "RequestEntityTooLarge", refused.Code())
}
