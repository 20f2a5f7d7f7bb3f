package main

import (
	"cmp"
	"math/rand/v2"
	"slices"

	"github.com/crossorg/crossorg/internal/azure/faults"
)

// Kinds of trials beside the kinds of faults.
const (
	// killed: kill -9 of the engine while request i is under way; the request takes effect.
	killed = "kill"
	// outage: request i and its repetitions are answered 503, so that the run fails.
	outage = "outage"
	// unanswered: request i takes effect, and no answer to it or to its repetitions arrives.
	unanswered = "lost-answer"
)

var verbs = []string{"up", "destroy"}

// kinds lists all kinds of trials.
func kinds() []string {
	var out []string
	for _, k := range faults.Kinds() {
		out = append(out, string(k))
	}
	return append(out, outage, unanswered, killed)
}

// trial is one fault at one request of one verb.
type trial struct {
	Verb string `json:"verb"`
	Kind string `json:"kind"`
	// I is the number of the request, from 1; of the asynchronous operation if the kind is fail-operation.
	I int `json:"i"`
	// Look has a preview look for something left to do.
	Look bool `json:"look"`
}

// repetitions is how often a request goes wrong again whose run is to fail: more often than clients repeat it. Polls
// are repeated for as long as an operation may take, so there the fault has to end at last.
const repetitions = 15

// rule makes the trial's request go wrong.
func (t trial) rule() faults.Rule {
	r := faults.Rule{ID: "sweep", Kind: faults.Kind(t.Kind), Nth: t.I, Count: 1}
	switch t.Kind {
	case outage:
		r.Kind, r.Repeat = faults.Unavailable, repetitions
	case unanswered:
		r.Kind, r.Repeat = faults.DropAfter, repetitions
	case killed:
		// The answer is held back, so that it does not overtake the kill.
		r.Kind, r.Delay = faults.Slow, slowBy
	case string(faults.Slow):
		r.Delay = slowBy
	}
	return r
}

// plan chooses the trials.
type plan struct {
	verbs, kinds []string
	// from and to bound i; to = 0 means the last request.
	from, to int
	// step takes every step-th request; sample, if not 0, takes that many trials at random.
	step, sample int
	seed         uint64
	// look has every look-th trial of a verb and kind look for something left to do; 0 none.
	look int
}

// trials lists the trials for a stack whose verbs make so many requests and asynchronous operations.
func (p plan) trials(requests, operations map[string]int) []trial {
	var out []trial
	for _, verb := range p.verbs {
		for _, kind := range p.kinds {
			last := requests[verb]
			if kind == string(faults.FailOperation) {
				last = operations[verb]
			}
			if p.to > 0 {
				last = min(last, p.to)
			}
			n := 0
			for i := p.from; i <= last; i += p.step {
				n++
				out = append(out, trial{Verb: verb, Kind: kind, I: i, Look: p.look > 0 && n%p.look == 0})
			}
		}
	}
	if p.sample > 0 && p.sample < len(out) {
		out = p.choose(out)
	}
	return out
}

// choose takes a sample that has as many trials of each verb and kind as of any other, give or take one.
func (p plan) choose(all []trial) []trial {
	random := rand.New(rand.NewPCG(p.seed, 0))
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	rounds := map[[2]string]int{}
	round := make(map[trial]int, len(all))
	for _, t := range all {
		group := [2]string{t.Verb, t.Kind}
		round[t] = rounds[group]
		rounds[group]++
	}
	// First all firsts of their verb and kind, in the shuffled order, then all seconds.
	slices.SortStableFunc(all, func(a, b trial) int { return round[a] - round[b] })
	chosen := all[:p.sample]
	for i := range chosen {
		chosen[i].Look = p.look > 0
	}
	slices.SortStableFunc(chosen, func(a, b trial) int {
		return cmp.Or(slices.Index(verbs, a.Verb)-slices.Index(verbs, b.Verb),
			slices.Index(kinds(), a.Kind)-slices.Index(kinds(), b.Kind), a.I-b.I)
	})
	return chosen
}
