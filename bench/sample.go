package main

import (
	"slices"
	"time"
)

// sample is what one run took.
type sample struct {
	wall time.Duration
	// own is CPU time of this process, in which embedded Azure, bridge and idle provider live; children is that of the
	// CLI, the language host and the program. Both are 0 on systems without CPU times.
	own, children time.Duration
}

// measured runs do and takes its time.
func measured(do func() error) (sample, error) {
	own, children := cpuTimes()
	start := time.Now()
	err := do()
	s := sample{wall: time.Since(start)}
	ownEnd, childrenEnd := cpuTimes()
	s.own, s.children = ownEnd-own, childrenEnd-children
	return s, err
}

// median of one or more numbers.
func median(numbers []float64) float64 {
	sorted := slices.Sorted(slices.Values(numbers))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}
