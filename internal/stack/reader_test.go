package stack_test

import (
	"context"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/stack"
	"github.com/crossorg/crossorg/internal/stack/stacktest"
)

func TestListsAreReadToTheirEnd(t *testing.T) {
	var base string
	azure := stacktest.New(t, map[string]any{
		"GET /things": func() any {
			return map[string]any{"value": []any{1},
				"nextLink": base + "/things/more?api-version=1"}
		},
		"GET /things/more": map[string]any{"value": []any{2}},
		"GET /elsewhere":   map[string]any{"value": []any{1}, "nextLink": "https://attacker.example/more"},
	})
	base = azure.URL()
	reader := &stack.Reader{Access: azure.Access()}
	all, err := stack.List[int](context.Background(), reader, "o", "/things", "1",
		url.Values{"$filter": {"a eq 'b c'"}})
	require.NoError(t, err)
	assert.Equal(t, []int{1, 2}, all)
	assert.Contains(t, azure.Asked()[0], "a%20eq%20%27b%20c%27", "a space is not sent as a plus sign")
	_, err = stack.List[int](context.Background(), reader, "o", "/elsewhere", "1", nil)
	assert.Error(t, err, "the token stays with Azure")
}

func TestAResourceIsReadOnceAndTellsTheTime(t *testing.T) {
	azure := stacktest.New(t, map[string]any{"GET /a": map[string]any{"id": "/a"}})
	azure.Date = time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC)
	reader := &stack.Reader{Access: azure.Access()}
	for range 3 {
		_, err := reader.Get(context.Background(), "o", "/a", "1")
		require.NoError(t, err)
	}
	assert.Len(t, azure.Asked(), 1)
	assert.Equal(t, azure.Date, reader.Now().UTC(), "Azure's clock counts, not the machine's")
}
