package local

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestRedaction(t *testing.T) {
	r := &redactor{}
	r.add(`p"ss\word1`, "ab")
	assert.Equal(t, "the [secret] is ab", r.text(`the p"ss\word1 is ab`), "short words would mask too much")
	assert.Equal(t, `{"k":"[secret]"}`, r.text(`{"k":"p\"ss\\word1"}`), "also within JSON text")
	assert.Equal(t, map[string]any{"list": []any{"[secret]", 1.0}},
		r.value(map[string]any{"list": []any{`p"ss\word1`, 1.0}}))
	masked := map[string]any{"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "x"}
	assert.Equal(t, map[string]any{"password": "[secret]"}, r.value(map[string]any{"password": masked}),
		"what the engine marks as secret becomes one mark")
}
