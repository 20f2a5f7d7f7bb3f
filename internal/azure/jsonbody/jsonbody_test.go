package jsonbody_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/jsonbody"
)

func TestAbsentNullAndMistypedPropertiesReadAsZero(t *testing.T) {
	var body map[string]any
	require.NoError(t, json.Unmarshal([]byte(`{"null": null, "text": "a", "flag": false, "number": 1.5,
		"object": {"inner": "b"}, "list": ["a", 1, {"name": "c"}, null]}`), &body))

	assert.Equal(t, "a", jsonbody.Text(body, "text"))
	assert.Equal(t, "b", jsonbody.Text(jsonbody.Object(body, "object"), "inner"))
	assert.Equal(t, []string{"a"}, jsonbody.Texts(body, "list"))
	assert.Equal(t, []map[string]any{{"name": "c"}}, jsonbody.Objects(body, "list"))
	assert.Len(t, jsonbody.List(body, "list"), 4)
	value, set := jsonbody.Flag(body, "flag")
	assert.True(t, set && !value)
	number, set := jsonbody.Number(body, "number")
	assert.True(t, set && number == 1.5)
	whole, set := jsonbody.Int(map[string]any{"n": 7}, "n")
	assert.True(t, set && whole == 7)

	for _, key := range []string{"null", "absent"} {
		assert.Empty(t, jsonbody.Text(body, key))
		assert.Nil(t, jsonbody.Object(body, key))
		assert.Empty(t, jsonbody.Text(jsonbody.Object(body, key), "inner"), "Ensure nested reads need no check")
		assert.Nil(t, jsonbody.List(body, key))
		assert.Empty(t, jsonbody.Objects(body, key))
		assert.False(t, jsonbody.IsTrue(body, key))
		_, set := jsonbody.Flag(body, key)
		assert.False(t, set)
		_, set = jsonbody.Int(body, key)
		assert.False(t, set)
	}
	assert.Empty(t, jsonbody.Text(body, "number"))
}

func TestBodiesAreCompleted(t *testing.T) {
	body := map[string]any{"kept": "a", "null": nil}
	jsonbody.SetDefault(body, "kept", "b")
	jsonbody.SetDefault(body, "null", "b")
	jsonbody.EnsureObject(body, "object")["inner"] = 1
	jsonbody.EnsureObject(body, "object")["other"] = 2
	assert.Equal(t, map[string]any{"kept": "a", "null": "b", "object": map[string]any{"inner": 1, "other": 2}}, body)
}

func TestAnEmptyCollectionIsAnEmptyArray(t *testing.T) {
	raw, err := json.Marshal(jsonbody.Collection[string](nil))
	require.NoError(t, err)
	assert.JSONEq(t, `{"value": []}`, string(raw))
}
