package faults_test

import (
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/faults"
	"github.com/crossorg/crossorg/internal/azure/store"
)

func set(t *testing.T, rules ...faults.Rule) *faults.Set {
	t.Helper()
	s, err := faults.Open(nil, rules...)
	require.NoError(t, err)
	return s
}

// fired asks n times and returns the numbers, from 1, of the requests that go wrong.
func fired(s *faults.Set, n int, method, path string) []int {
	var out []int
	for i := 1; i <= n; i++ {
		if _, ok := s.Decide(faults.Arriving, method, path); ok {
			out = append(out, i)
		}
	}
	return out
}

func TestRulesMatchByMethodAndPath(t *testing.T) {
	const path = "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v"
	for _, tt := range []struct {
		method, pattern string
		want            bool
	}{
		{"", "", true},
		{"put", "", true},
		{"GET", "", false},
		{"", "*/VAULTS/*", true},
		{"", "*/vaults", false},
		{"", "/subscriptions/s/*/vaults/v", true},
		{"", "/subscriptions/*/resourcegroups/*/vaults/*", true},
		{"", "*vaults*vaults*", false},
		{"", path, true},
		{"", path + "/secrets", false},
		{"", "*", true},
		{"", "*v/v", false},
	} {
		_, got := set(t, faults.Rule{Kind: faults.InternalError, Method: tt.method,
			Path: tt.pattern}).Decide(faults.Arriving, "PUT", path)
		require.Equal(t, tt.want, got, "%s %s", tt.method, tt.pattern)
	}
}

func TestARuleFiresFromTheNthMatchAsOftenAsItsCount(t *testing.T) {
	require.Equal(t, []int{3, 4},
		fired(set(t, faults.Rule{Kind: faults.Unavailable, Nth: 3, Count: 2}), 10, "GET", "/x"))
	require.Equal(t, []int{1, 2, 3}, fired(set(t, faults.Rule{Kind: faults.Unavailable}), 3, "GET", "/x"))
	s := set(t, faults.Rule{Kind: faults.Unavailable, Method: "PUT", Nth: 2, Count: 1})
	require.Empty(t, fired(s, 5, "GET", "/x"), "what does not match is not counted")
	require.Equal(t, []int{2}, fired(s, 5, "PUT", "/x"))
}

func TestRepetitionsOfARequestGoWrongToo(t *testing.T) {
	s := set(t, faults.Rule{Kind: faults.Unavailable, Nth: 2, Count: 1, Repeat: 3})
	require.Empty(t, fired(s, 1, "GET", "/x"))
	require.Equal(t, []int{1, 2}, fired(s, 2, "PUT", "/y"))
	require.Empty(t, fired(s, 3, "GET", "/y"), "another method is another request")
	require.Empty(t, fired(s, 3, "PUT", "/z"))
	require.Equal(t, []int{1, 2}, fired(s, 9, "put", "/Y"), "one of them and three repetitions")
	require.Equal(t, 1, s.List()[0].Fired)
}

func TestWhoAskedIsToldOfEachFault(t *testing.T) {
	var told []string
	s := set(t, faults.Rule{Kind: faults.Unavailable, Nth: 2, Count: 1,
		Notify: func(method, path string) { told = append(told, method+" "+path) }})
	fired(s, 1, "GET", "/x")
	fired(s, 2, "PUT", "/y")
	require.Equal(t, []string{"PUT /y"}, told)
}

func TestChancesAreRepeatable(t *testing.T) {
	rule := faults.Rule{Kind: faults.DropAfter, Probability: 0.25, Seed: 7}
	first := fired(set(t, rule), 1000, "GET", "/x")
	require.Equal(t, first, fired(set(t, rule), 1000, "GET", "/x"))
	require.InDelta(t, 250, len(first), 60)
	rule.Seed = 8
	require.NotEqual(t, first, fired(set(t, rule), 1000, "GET", "/x"))
}

func TestTheFirstRuleThatFiresDecides(t *testing.T) {
	s := set(t, faults.Rule{ID: "once", Kind: faults.InternalError, Count: 1},
		faults.Rule{ID: "then", Kind: faults.TooManyRequests})
	one, _ := s.Decide(faults.Arriving, "GET", "/x")
	two, _ := s.Decide(faults.Arriving, "GET", "/x")
	require.Equal(t, "once", one.ID)
	require.Equal(t, "then", two.ID)
	require.Equal(t, 2, s.List()[1].Matched, "a rule counts what another one takes")
	require.Equal(t, 1, s.List()[1].Fired)
}

func TestFailedOperationsAreDecidedWhenTheyBegin(t *testing.T) {
	s := set(t, faults.Rule{Kind: faults.FailOperation, Nth: 2})
	require.Empty(t, fired(s, 5, "PUT", "/x"))
	_, first := s.Decide(faults.Operating, "PUT", "/x")
	_, second := s.Decide(faults.Operating, "PUT", "/x")
	require.False(t, first)
	require.True(t, second)
}

func TestWrongRulesAreRefused(t *testing.T) {
	for what, r := range map[string]faults.Rule{
		"kind": {Kind: "418"}, "no kind": {}, "negative": {Kind: faults.InternalError, Nth: -1},
		"probability": {Kind: faults.InternalError, Probability: 1.5},
		"method":      {Kind: faults.InternalError, Method: "BREW"}, "repeat": {Kind: faults.InternalError, Repeat: -1},
		"no delay": {Kind: faults.Slow}, "long delay": {Kind: faults.Slow, Delay: faults.Duration(48 * time.Hour)},
	} {
		_, err := faults.Open(nil, r)
		require.Error(t, err, what)
	}
	_, err := faults.Open(nil, faults.Rule{ID: "a", Kind: faults.InternalError},
		faults.Rule{ID: "a", Kind: faults.InternalError})
	require.ErrorContains(t, err, "already")
}

func TestRulesAndTheirCountsAreKeptInTheStateFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	reopen := func(others ...faults.Rule) (*faults.Set, *store.Store) {
		st, err := store.Open(path)
		require.NoError(t, err)
		s, err := faults.Open(st, others...)
		require.NoError(t, err)
		return s, st
	}
	s, st := reopen(faults.Rule{ID: "passing", Kind: faults.InternalError, Method: "PATCH"})
	added, err := s.Add(faults.Rule{Kind: faults.Slow, Delay: faults.Duration(1500 * time.Millisecond), Count: 2})
	require.NoError(t, err)
	require.NotEmpty(t, added.ID)
	require.Equal(t, []int{1}, fired(s, 1, "GET", "/x"))
	require.NoError(t, s.Save())
	require.NoError(t, st.Close())

	s, st = reopen()
	require.Equal(t, []faults.State{{Rule: added, Matched: 1, Fired: 1}}, s.List())
	require.Equal(t, []int{1}, fired(s, 5, "GET", "/x"), "one of two is left")
	require.NoError(t, s.Clear())
	require.NoError(t, st.Close())

	s, st = reopen()
	defer st.Close()
	require.Empty(t, s.List())
}

func TestRulesReadAndWriteAsJSON(t *testing.T) {
	rule := faults.Rule{ID: "a", Kind: faults.Slow, Method: "PUT", Path: "*/vaults/*",
		Delay: faults.Duration(1500 * time.Millisecond)}
	raw, err := json.Marshal(rule)
	require.NoError(t, err)
	require.JSONEq(t, `{"id":"a","kind":"slow","method":"PUT","path":"*/vaults/*","delay":"1.5s"}`, string(raw))
	var back faults.Rule
	require.NoError(t, json.Unmarshal(raw, &back))
	require.Equal(t, rule, back)
}

func TestANilSetDecidesNothing(t *testing.T) {
	var s *faults.Set
	_, ok := s.Decide(faults.Arriving, "GET", "/x")
	require.False(t, ok)
	require.NoError(t, s.Save())
}
