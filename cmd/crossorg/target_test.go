package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// targetVerbs are the verbs that work on either Azure, with arguments that they accept.
var targetVerbs = map[string][]string{
	"verify": {}, "preflight": {}, "sync": {"share"}, "revoke": {"share", "consumer"},
	"reinstate": {"share", "consumer"},
	"cert":      {"--out", "nowhere"},
}

func TestEveryTargetVerbHelpsAndFailsAlike(t *testing.T) {
	project := emptyProject(t)
	for verb, args := range targetVerbs {
		code, out, _ := command(verb, "--help")
		assert.Zero(t, code, verb)
		assert.Contains(t, out, "Examples:", verb)
		assert.Contains(t, out, "--target", verb)

		code, out, _ = command(append([]string{verb, "--target", "moon"}, args...)...)
		assert.Equal(t, exitUsage, code, verb)
		assert.Empty(t, out, verb)

		code, out, stderr := command(append([]string{verb, "--project", project,
			"--stack", "nope", "--json"}, args...)...)
		assert.Equal(t, exitFailed, code, verb)
		var document struct {
			Error struct{ Message string } `json:"error"`
		}
		require.NoError(t, json.Unmarshal([]byte(out), &document), verb)
		assert.Contains(t, document.Error.Message, "Pulumi.nope.yaml", verb)
		assert.Contains(t, stderr, "Pulumi.nope.yaml", verb)
	}
	for _, args := range [][]string{{"verify", "x"}, {"sync"}, {"sync", "share", "--all"}, {"sync", "a", "b"},
		{"revoke", "share"},
		{"reinstate", "s", "c", "--expires", "soon"}, {"cert"},
		{"cert", "--out", "x", "--name", "a/b"}, {"cert", "--out", "x", "--days", "0"}} {
		code, _, _ := command(args...)
		assert.Equal(t, exitUsage, code, "%v", args)
	}
}
