// Package rules holds the rules of the domain, each written once: how often snapshots run and how old the last one may
// be, which role a side needs, what Azure takes as a name, a number of days or an address range. Components refuse
// arguments by them, the configuration is checked against them, and verify judges a stack by them.
//
// The embedded Azure keeps its own copy of Azure's rules on purpose: it must be able to disagree with a wrong rule
// here.
package rules

import "fmt"

// Range is an inclusive range of whole numbers.
type Range struct{ Min, Max int }

// Contains reports whether n lies in the range.
func (r Range) Contains(n int) bool { return r.Min <= n && n <= r.Max }

// String is the range in words: "7 to 90".
func (r Range) String() string { return fmt.Sprintf("%d to %d", r.Min, r.Max) }
