package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestSample tries a dozen faults of the sweep on the real engine. CROSSORG_SWEEP_SEED chooses others.
func TestSample(t *testing.T) {
	o := &options{lanes: 2, work: t.TempDir()}
	o.plan = plan{verbs: verbs, kinds: kinds(), from: 1, step: 1, sample: 12, seed: 1, look: 1}
	if text := os.Getenv("CROSSORG_SWEEP_SEED"); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		require.NoError(t, err, "CROSSORG_SWEEP_SEED")
		o.seed = seed
	}
	t.Logf("seed %d; the same as: go run ./tests/sweep -sample %d -look 1 -seed %d", o.seed, o.sample, o.seed)
	var progress bytes.Buffer
	r, err := o.sweep(t.Context(), &progress)
	require.NoError(t, err, progress.String())
	assert.Equal(t, 12, r.Tried)
	assert.Zero(t, r.Lost, progress.String())
	for _, k := range r.Kinds {
		assert.Equal(t, k.Tried, k.Recovered+k.Lost+k.Missed, "%s %s", k.Verb, k.Kind)
	}
}

var counts = struct{ requests, operations map[string]int }{map[string]int{"up": 30, "destroy": 10},
	map[string]int{"up": 3, "destroy": 4}}

func TestPlanHasEveryRequestOfEveryKind(t *testing.T) {
	p := plan{verbs: verbs, kinds: kinds(), from: 1, step: 1, look: 10}
	all := p.trials(counts.requests, counts.operations)
	assert.Len(t, all, (len(kinds())-1)*(30+10)+3+4, "failing operations are counted by operations")
	assert.Contains(t, all, trial{Verb: "up", Kind: killed, I: 30, Look: true})
	assert.Contains(t, all, trial{Verb: "destroy", Kind: "500", I: 1})

	p = plan{verbs: []string{"up"}, kinds: []string{"500"}, from: 5, to: 11, step: 3}
	assert.Equal(t, []trial{{Verb: "up", Kind: "500", I: 5}, {Verb: "up", Kind: "500", I: 8},
		{Verb: "up", Kind: "500", I: 11}},
		p.trials(counts.requests, counts.operations))
}

func TestSampleIsRepeatableAndOfAllKinds(t *testing.T) {
	sample := func(n int, seed uint64) []trial {
		p := plan{verbs: verbs, kinds: kinds(), from: 1, step: 1, sample: n, seed: seed}
		return p.trials(counts.requests, counts.operations)
	}
	assert.Equal(t, sample(7, 3), sample(7, 3))
	assert.NotEqual(t, sample(7, 3), sample(7, 4))
	groups := map[[2]string]int{}
	for _, tr := range sample(2*len(kinds())*len(verbs), 3) {
		groups[[2]string{tr.Verb, tr.Kind}]++
	}
	assert.Len(t, groups, len(kinds())*len(verbs))
	for group, n := range groups {
		assert.Equal(t, 2, n, group)
	}
}

func TestCommandLine(t *testing.T) {
	var out, errs bytes.Buffer
	require.Zero(t, execute(context.Background(), []string{"--help"}, &out, &errs))
	assert.Contains(t, out.String(), "Examples:")
	for _, kind := range kinds() {
		assert.Contains(t, out.String(), kind)
	}
	for _, wrong := range [][]string{{"-kinds", "418"}, {"-verbs", "preview"}, {"-from", "0"},
		{"-from", "5", "-to", "4"}, {"-lanes", "0"}, {"-sample", "-1"}, {"up"}, {"-unknown"}} {
		errs.Reset()
		assert.Equal(t, exitUsage, execute(context.Background(), wrong, &out, &errs), wrong)
		assert.Contains(t, errs.String(), "--help", wrong)
	}
	o, err := parse([]string{"-kinds", "kill,429"}, &out)
	require.NoError(t, err)
	assert.Equal(t, []string{"429", killed}, o.kinds)
}

func TestReport(t *testing.T) {
	r := newReport(&lane{requests: counts.requests, operations: counts.operations}, 4)
	var progress bytes.Buffer
	add := func(o outcome) { r.add(o, &progress, began) }
	add(outcome{trial: trial{Verb: "up", Kind: "500", I: 1}, Request: "PUT /x", First: "succeeded"})
	add(outcome{trial: trial{Verb: "up", Kind: "500", I: 2}, Request: "PUT /y", First: "failed", Message: "no",
		Lost: true, Differs: []string{"missing: a vault"}})
	add(outcome{trial: trial{Verb: "up", Kind: "500", I: 3}, First: "succeeded"})
	add(outcome{trial: trial{Verb: "destroy", Kind: killed, I: 1}, Request: "DELETE /x", First: killed})
	require.Len(t, r.Kinds, 2)
	expected := tally{Verb: "up", Kind: "500", Tried: 3, Succeeded: 1, Failed: 1, Recovered: 1, Lost: 1, Missed: 1}
	assert.Equal(t, expected, *r.Kinds[0])
	assert.Equal(t, tally{Verb: "destroy", Kind: killed, Tried: 1, Failed: 1, Recovered: 1}, *r.Kinds[1])
	assert.Equal(t, map[string]int{"up, 500: no": 1}, r.Messages)
	assert.Contains(t, progress.String(),
		"LOST: up, 500 at request 2 (PUT /y): the run failed: no\n  missing: a vault\n")

	var table, document bytes.Buffer
	require.NoError(t, r.writeTable(&table))
	lines := strings.Split(table.String(), "\n")
	assert.True(t, slices.ContainsFunc(lines, func(l string) bool {
		return slices.Equal(strings.Fields(l), []string{"up", "500", "3", "1", "1", "1", "1", "1"})
	}), table.String())
	require.NoError(t, r.writeJSON(&document))
	var back map[string]any
	require.NoError(t, json.Unmarshal(document.Bytes(), &back))
	assert.Equal(t, 4.0, back["tried"])
	assert.Equal(t, 1.0, back["lost"])
	assert.Equal(t, 2.0, back["losses"].([]any)[0].(map[string]any)["i"])
}
