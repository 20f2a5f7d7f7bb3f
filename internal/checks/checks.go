// Package checks is what verify and preflight have in common: rows that say what was expected of a resource, what was
// seen and what to do, found by independent questions that are asked at the same time.
package checks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
)

// Check is one row: one property of one resource.
type Check struct {
	// Check names what is looked at, the same in every run: "vault-network".
	Check string `json:"check"`
	// Organization that the resource belongs to; empty where it belongs to none.
	Organization string `json:"organization,omitempty"`
	// Resource is the ARM id, or the place of a blob; where the check fails, the culprit's.
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
	// Checks in a fixed order: that of the questions.
	Checks []Check `json:"checks"`
	// Passed and Failed count them.
	Passed int `json:"passed"`
	Failed int `json:"failed"`

	DurationMs int64 `json:"durationMs"`
}

// OK reports whether nothing failed and something was checked.
func (r *Report) OK() bool { return r.Failed == 0 && len(r.Checks) > 0 }

// Question asks Azure something and answers with rows. It must not fail: what cannot be read is a failed check.
type Question struct {
	// Label is told while the question takes long.
	Label string
	Ask   func(ctx context.Context) []Check
}

// concurrency bounds how many questions are asked at the same time, far below Azure's limit on requests.
const concurrency = 8

// Ask asks all questions, several at a time, and returns the report with the rows in the questions' order. Progress is
// told every ten seconds what is still being asked.
func Ask(ctx context.Context, questions []Question, progress io.Writer) *Report {
	start := time.Now()
	answers := make([][]Check, len(questions))
	var mu sync.Mutex
	running := map[string]time.Time{}
	done := make(chan struct{})
	var ticking sync.WaitGroup
	ticking.Go(func() {
		ticker := time.NewTicker(10 * time.Second)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				mu.Lock()
				for label, since := range running {
					fmt.Fprintf(progress, "  still looking at %s (%s)\n", label, time.Since(since).Round(time.Second))
				}
				mu.Unlock()
			}
		}
	})
	limit := make(chan struct{}, concurrency)
	var asking sync.WaitGroup
	for i, q := range questions {
		limit <- struct{}{}
		asking.Go(func() {
			defer func() { <-limit }()
			mu.Lock()
			running[q.Label] = time.Now()
			mu.Unlock()
			answers[i] = q.Ask(ctx)
			mu.Lock()
			delete(running, q.Label)
			mu.Unlock()
		})
	}
	asking.Wait()
	close(done)
	ticking.Wait()
	report := &Report{Checks: []Check{}}
	for _, answer := range answers {
		report.Checks = append(report.Checks, answer...)
	}
	for _, c := range report.Checks {
		if c.OK {
			report.Passed++
		} else {
			report.Failed++
		}
	}
	report.DurationMs = time.Since(start).Milliseconds()
	return report
}

// Unreadable is the failed row of something that could not be read: what was seen is the error's code.
func Unreadable(c Check, err error) Check {
	c.OK, c.Seen = false, ErrorText(err)
	var answer *azcore.ResponseError
	switch {
	case errors.As(err, &answer) && answer.StatusCode == http.StatusNotFound:
		if c.Advice == "" {
			c.Advice = "it is gone: bring it back"
		}
	case errors.As(err, &answer) && (answer.StatusCode == http.StatusForbidden ||
		answer.StatusCode == http.StatusUnauthorized):
		c.Advice = "sign in as somebody who may read it: Reader on the subscription, and Storage Account Key " +
			"Operator for blobs"
	default:
		c.Advice = "see that Azure is reached and the login is valid, then try again"
	}
	return c
}

// ErrorText is an error in a few words: status and code of an Azure error, the first line of any other.
func ErrorText(err error) string {
	var answer *azcore.ResponseError
	if errors.As(err, &answer) {
		return fmt.Sprintf("%d %s", answer.StatusCode, answer.ErrorCode)
	}
	text := err.Error()
	for i, r := range text {
		if r == '\n' {
			return text[:i]
		}
	}
	return text
}
