package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"text/tabwriter"
	"time"
)

// report is what a sweep found, and its JSON document.
type report struct {
	// Requests and Operations are how many requests and asynchronous operations runs without faults made, by verb.
	Requests   map[string]int `json:"requests"`
	Operations map[string]int `json:"operations"`
	Planned    int            `json:"planned"`
	Tried      int            `json:"tried"`
	Lost       int            `json:"lost"`
	Kinds      []*tally       `json:"kinds"`
	// Losses are the trials whose second run did not mend what the first one left.
	Losses []outcome `json:"losses"`
	// Messages are those of failed first runs, with how often each came.
	Messages map[string]int `json:"messages"`
	Seconds  float64        `json:"seconds"`

	mu sync.Mutex
}

// tally counts the trials of a verb and a kind.
type tally struct {
	Verb      string `json:"verb"`
	Kind      string `json:"kind"`
	Tried     int    `json:"tried"`
	Succeeded int    `json:"firstRunSucceeded"`
	Failed    int    `json:"firstRunFailed"`
	Recovered int    `json:"recovered"`
	Lost      int    `json:"lost"`
	// Missed counts trials whose run made fewer requests, so that nothing went wrong.
	Missed int `json:"notReached"`
	// Seconds is how long its trials took, one after the other.
	Seconds float64 `json:"seconds"`
}

func newReport(l *lane, planned int) *report {
	return &report{Requests: l.requests, Operations: l.operations, Planned: planned, Kinds: []*tally{},
		Losses: []outcome{}, Messages: map[string]int{}}
}

// add counts an outcome and tells of losses at once, of all else from time to time.
func (r *report) add(o outcome, progress io.Writer, start time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.tally(o.Verb, o.Kind)
	r.Tried++
	t.Tried++
	t.Seconds += float64(o.DurationMs) / 1000
	switch {
	case o.Request == "":
		t.Missed++
	case o.First == "succeeded":
		t.Succeeded++
	default:
		t.Failed++
		if o.First == "failed" {
			r.Messages[o.Verb+", "+o.Kind+": "+o.Message]++
		}
	}
	if o.Lost {
		t.Lost++
		r.Lost++
		r.Losses = append(r.Losses, o)
		fmt.Fprint(progress, o.text())
	} else if o.Request != "" {
		t.Recovered++
	}
	if r.Tried%20 == 0 || r.Tried == r.Planned {
		left := time.Duration(float64(time.Since(start)) / float64(r.Tried) * float64(r.Planned-r.Tried))
		fmt.Fprintf(progress, "%d of %d tried, %d lost, %s left\n", r.Tried, r.Planned, r.Lost, left.Round(time.Second))
	}
}

func (r *report) tally(verb, kind string) *tally {
	for _, t := range r.Kinds {
		if t.Verb == verb && t.Kind == kind {
			return t
		}
	}
	t := &tally{Verb: verb, Kind: kind}
	r.Kinds = append(r.Kinds, t)
	return t
}

// text is a loss for a person.
func (o outcome) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "LOST: %s, %s at request %d (%s): the run %s", o.Verb, o.Kind, o.I, o.Request, o.First)
	if o.Message != "" {
		fmt.Fprintf(&b, ": %s", o.Message)
	}
	b.WriteByte('\n')
	if o.Second != "" {
		fmt.Fprintf(&b, "  the run after it failed: %s\n", o.Second)
	}
	for _, d := range o.Differs {
		fmt.Fprintf(&b, "  %s\n", d)
	}
	return b.String()
}

func (r *report) writeJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(r)
}

func (r *report) writeTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "VERB\tKIND\tTRIED\tFIRST RUN SUCCEEDED\tFAILED\tRECOVERED\tLOST\tNOT REACHED")
	for _, k := range r.Kinds {
		fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\n", k.Verb, k.Kind, k.Tried, k.Succeeded, k.Failed,
			k.Recovered, k.Lost, k.Missed)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, o := range r.Losses {
		if _, err := fmt.Fprint(w, o.text()); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "%d faults tried, %d lost, in %s\n", r.Tried, r.Lost,
		time.Duration(r.Seconds*float64(time.Second)).Round(time.Second))
	return err
}
