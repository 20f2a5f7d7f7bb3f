package checks

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"
)

// Question asks Azure something and answers with rows. It returns no error: an unreadable property is a failed
// check.
type Question struct {
	// Label is what progress shows while the question takes long.
	Label string
	Ask   func(ctx context.Context) []Check
}

// concurrency bounds how many questions are asked at the same time, far below Azure's limit on requests.
const concurrency = 8

// Ask asks all questions, several at a time, and returns the report with the rows in the questions' order. Every ten
// seconds progress gets a line for each question that is still being asked.
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
