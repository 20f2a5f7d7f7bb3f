// Package checks is what verify and preflight have in common: rows that say what was expected of a resource, what was
// seen and what to do, found by independent questions that are asked at the same time.
package checks

// Check is one row: one property of one resource.
type Check struct {
	// Check is the name of the property, the same in every run: "vault-network".
	Check string `json:"check"`
	// Organization that the resource belongs to, or empty.
	Organization string `json:"organization,omitempty"`
	// Resource is the ARM id, or the place of a blob. Of a failed check it is the culprit's.
	Resource string `json:"resource"`
	Expected string `json:"expected"`
	Seen     string `json:"seen"`
	// Advice says what to do; empty where the check passes.
	Advice string `json:"advice,omitempty"`
	OK     bool   `json:"ok"`
}

// Report is the outcome of all checks.
type Report struct {
	Stack  string `json:"stack"`
	Target string `json:"target"`
	// Checks are in the order of the questions.
	Checks []Check `json:"checks"`
	// Passed and Failed count them.
	Passed int `json:"passed"`
	Failed int `json:"failed"`

	DurationMs int64 `json:"durationMs"`
}

// OK reports whether nothing failed.
func (r *Report) OK() bool { return r.Failed == 0 }
