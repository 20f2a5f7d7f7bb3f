package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/crossorg/crossorg/internal/checks"
	"github.com/crossorg/crossorg/internal/console"
)

// checksPage is the failed checks with what to do, then the passed ones by group.
func (f *flags) checksPage(verb string, report *checks.Report) func(*console.Page) {
	return func(p *console.Page) {
		ids := make([]string, len(report.Checks))
		for i, c := range report.Checks {
			ids[i] = c.Resource
		}
		names := console.ShortIDs(ids)
		failedChecks(p, report, names)
		switch {
		case f.all:
			allChecks(p, report, names)
		case report.Passed > 0:
			passedChecks(p, report)
		}
		p.Blank()
		result := fmt.Sprintf("%s of %s on %s: %d passed, %d failed in %s", verb, report.Stack, report.Target,
			report.Passed, report.Failed, duration(report.DurationMs))
		if report.OK() {
			p.Text("", console.Good(result))
		} else {
			p.Text("", console.Bad(result))
		}
	}
}

// failedChecks shows each failure once, with all its resources.
func failedChecks(p *console.Page, report *checks.Report, names []string) {
	type failure struct{ check, organization, expected, seen, advice string }
	resources := map[failure][]int{}
	var order []failure
	for i, c := range report.Checks {
		if c.OK {
			continue
		}
		key := failure{c.Check, c.Organization, c.Expected, c.Seen, c.Advice}
		if resources[key] == nil {
			order = append(order, key)
		}
		resources[key] = append(resources[key], i)
	}
	for _, key := range order {
		p.Blank()
		var about, whole []string
		for _, i := range resources[key] {
			about = append(about, names[i])
			if names[i] != report.Checks[i].Resource {
				whole = append(whole, report.Checks[i].Resource)
			}
		}
		at := ""
		if key.organization != "" {
			at = " (" + key.organization + ")"
		}
		p.Labelled("", console.Bad("FAIL  "), console.Bold(key.check+at+"  "+strings.Join(about, ", ")))
		facts := []console.Fact{{Name: "Expected", Value: key.expected}, {Name: "Seen", Value: key.seen},
			{Name: "What to do", Value: key.advice}}
		for _, id := range whole {
			facts = append(facts, console.Fact{Name: "Resource", Value: id})
		}
		p.Facts("      ", facts...)
	}
}

// noOrganization heads the checks that belong to no organization.
const noOrganization = "stack"

// passedChecks counts them by organization and kind.
func passedChecks(p *console.Page, report *checks.Report) {
	kinds := map[string]map[string]int{}
	totals := map[string]int{}
	for _, c := range report.Checks {
		if !c.OK {
			continue
		}
		if kinds[c.Organization] == nil {
			kinds[c.Organization] = map[string]int{}
		}
		kinds[c.Organization][c.Check]++
		totals[c.Organization]++
	}
	p.Heading("Passed")
	width := 0
	for organization := range kinds {
		width = max(width, len(or(organization, noOrganization)))
	}
	for _, organization := range slices.Sorted(maps.Keys(kinds)) {
		var passed []string
		for _, kind := range slices.Sorted(maps.Keys(kinds[organization])) {
			if n := kinds[organization][kind]; n > 1 {
				kind = fmt.Sprintf("%s ×%d", kind, n)
			}
			passed = append(passed, kind)
		}
		p.Labelled("  ",
			console.Good(fmt.Sprintf("%-*s  %3d  ", width, or(organization, noOrganization), totals[organization])),
			console.Faint(strings.Join(passed, ", ")))
	}
}

// allChecks is one row a check, the failed ones first.
func allChecks(p *console.Page, report *checks.Report, names []string) {
	p.Heading("Checks")
	t := console.NewTable(console.Column{Clip: console.Never}, console.Column{Head: "CHECK", Clip: console.Never},
		console.Column{Head: "ORGANIZATION"}, console.Column{Head: "RESOURCE", Clip: console.AtStart},
		console.Column{Head: "EXPECTED"}, console.Column{Head: "SEEN"})
	for _, ok := range []bool{false, true} {
		mark := console.Bad("FAIL")
		if ok {
			mark = console.Good("ok")
		}
		for i, c := range report.Checks {
			if c.OK == ok {
				t.Row(mark, c.Check, c.Organization, names[i], c.Expected, c.Seen)
			}
		}
	}
	p.Table("", t)
}
