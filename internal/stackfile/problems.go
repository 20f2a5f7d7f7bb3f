package stackfile

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
)

// Problem is one thing that is wrong with the form of a stack file or of Pulumi.yaml. It never holds a value, as any
// value may be a secret in the wrong place.
type Problem struct {
	// File is the name of the file, without its folder.
	File string
	// Line counts from 1; 0 means the file as a whole.
	Line int
	// Key is the way to the value as the file spells it, "crossorg:shares.ledger.consumers[0]"; empty where there is
	// none.
	Key string
	// Reason says what is wrong, Remedy what to do.
	Reason, Remedy string
}

// Place is the file, the line and the key.
func (p Problem) Place() string {
	place := p.File
	if p.Line > 0 {
		place += fmt.Sprintf(", line %d", p.Line)
	}
	if p.Key != "" {
		place += ": " + p.Key
	}
	return place
}

// String is the problem on one line.
func (p Problem) String() string { return p.Place() + ": " + p.Reason + "; " + p.Remedy }

// Problems are all problems of a file, in the order of its lines.
type Problems []Problem

// Error lists the problems, one line each.
func (ps Problems) Error() string {
	heading := fmt.Sprintf("%d problems in the stack's configuration:", len(ps))
	if len(ps) == 1 {
		heading = "1 problem in the stack's configuration:"
	}
	lines := []string{heading}
	for _, p := range ps {
		lines = append(lines, "  "+p.String())
	}
	return strings.Join(lines, "\n")
}

// faults gathers the problems of one file.
type faults struct {
	file     string
	problems Problems
}

func newFaults(path string) *faults { return &faults{file: filepath.Base(path)} }

func (f *faults) add(line int, key, reason, remedy string) {
	f.problems = append(f.problems,
		Problem{File: f.file, Line: line, Key: oneLine(key), Reason: reason, Remedy: remedy})
}

// err is nil without problems, else Problems.
func (f *faults) err() error {
	if len(f.problems) == 0 {
		return nil
	}
	slices.SortStableFunc(f.problems, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
	return f.problems
}

// oneLine keeps keys of a file from breaking lines and from filling the screen.
func oneLine(text string) string {
	const longest = 200
	shown := []rune(strings.Map(func(r rune) rune {
		if !unicode.IsGraphic(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text))
	if len(shown) > longest {
		return string(shown[:longest]) + "…"
	}
	return string(shown)
}
