// Package faults makes requests fail when a test or a user asks for it: rules say which requests, how often, and how.
//
// The package only decides; the control plane carries it out. Everything is repeatable: a rule counts the requests that
// it matches, and its chances come from its seed and that count alone.
package faults

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Kind is a kind of failure.
type Kind string

// The kinds of faults.
const (
	// TooManyRequests, InternalError and Unavailable refuse the request with 429, 500 or 503 before it has any effect.
	TooManyRequests Kind = "429"
	InternalError   Kind = "500"
	Unavailable     Kind = "503"
	// DropBefore closes the connection before the request has any effect, DropAfter after it has taken effect.
	DropBefore Kind = "drop-before"
	DropAfter  Kind = "drop-after"
	// Slow lets the request take effect and holds back its answer for the rule's delay.
	Slow Kind = "slow"
	// FailOperation lets the asynchronous operation that a request starts fail: a resource to create stays in state
	// Failed, a resource to delete stays. It does not count requests that are answered directly.
	FailOperation Kind = "fail-operation"
)

// Kinds lists all kinds.
func Kinds() []Kind {
	return []Kind{TooManyRequests, InternalError, Unavailable, DropBefore, DropAfter, Slow, FailOperation}
}

// Duration is a time.Duration that reads and writes as text, "1.5s".
type Duration time.Duration

// MarshalJSON writes the duration as text.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(d).String()) }

// UnmarshalJSON reads the duration from text.
func (d *Duration) UnmarshalJSON(raw []byte) error {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return err
	}
	parsed, err := time.ParseDuration(text)
	*d = Duration(parsed)
	return err
}

// Rule says which requests fail, and how.
type Rule struct {
	// ID names the rule; Add makes one up if it is empty.
	ID   string `json:"id"`
	Kind Kind   `json:"kind"`
	// Method is the HTTP method; empty means any.
	Method string `json:"method,omitempty"`
	// Path is a pattern of the whole path, without regard to case, in which * stands for any run of characters; empty
	// means any path.
	Path string `json:"path,omitempty"`
	// Nth is the first matching request that fails, counted from 1; 0 means 1.
	Nth int `json:"nth,omitempty"`
	// Count is how many requests fail; 0 means all.
	Count int `json:"count,omitempty"`
	// Probability is the chance of each matching request, more than 0 and at most 1; 0 means 1.
	Probability float64 `json:"probability,omitempty"`
	// Seed makes the chances repeatable.
	Seed uint64 `json:"seed,omitempty"`
	// Repeat is how many repetitions of a failed request, with its method and path, fail as well. They count neither as
	// matching nor for Count.
	Repeat int `json:"repeat,omitempty"`
	// Delay is how long Slow holds the answer back, and what TooManyRequests and Unavailable ask for in Retry-After.
	Delay Duration `json:"delay,omitempty"`
	// Notify, if set, is called with each request that is going to fail. It is not kept in the state file.
	Notify func(method, path string) `json:"-"`
}

// MaxDelay bounds Delay.
const MaxDelay = Duration(time.Hour)

// Check refuses a rule with an unknown kind or method, or a figure out of range.
func (r Rule) Check() error {
	known := false
	for _, k := range Kinds() {
		known = known || k == r.Kind
	}
	switch {
	case !known:
		return fmt.Errorf("fault kind %q is unknown: it must be one of %v", r.Kind, Kinds())
	case r.Nth < 0 || r.Count < 0 || r.Repeat < 0:
		return fmt.Errorf("nth is %d, count is %d and repeat is %d: none can be negative", r.Nth, r.Count, r.Repeat)
	case !(r.Probability >= 0 && r.Probability <= 1):
		return fmt.Errorf("a probability of %v is out of range: it must be more than 0 and at most 1", r.Probability)
	case r.Delay < 0 || r.Delay > MaxDelay:
		return fmt.Errorf("a delay of %v is out of range: it must be at most %v", time.Duration(r.Delay),
			time.Duration(MaxDelay))
	case r.Kind == Slow && r.Delay == 0:
		return fmt.Errorf("a fault of kind %s needs a delay", Slow)
	case len(r.Path) > 2048 || len(r.ID) > 64:
		return fmt.Errorf("the path pattern may have 2048 characters and the id 64")
	}
	switch strings.ToUpper(r.Method) {
	case "", http.MethodGet, http.MethodHead, http.MethodPut, http.MethodPost, http.MethodPatch, http.MethodDelete:
		return nil
	}
	return fmt.Errorf("method %q is unknown to Azure Resource Manager", r.Method)
}

func (r Rule) matches(method, path string) bool {
	return (r.Method == "" || strings.EqualFold(r.Method, method)) && (r.Path == "" ||
		glob(strings.ToLower(r.Path), strings.ToLower(path)))
}

// glob compares with * standing for any run of characters. It never goes back, so it is quick whatever the pattern.
func glob(pattern, s string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == s
	}
	first, last := parts[0], parts[len(parts)-1]
	if !strings.HasPrefix(s, first) {
		return false
	}
	s = s[len(first):]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(s, part)
		if i < 0 {
			return false
		}
		s = s[i+len(part):]
	}
	return strings.HasSuffix(s, last)
}
