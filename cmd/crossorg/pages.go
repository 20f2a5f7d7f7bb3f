package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/faults"
	"github.com/crossorg/crossorg/internal/console"
	"github.com/crossorg/crossorg/internal/stack"
)

// runsPage shows the outcome of the requested snapshots.
func (f *flags) runsPage(runs []*stack.Synchronized) func(*console.Page) {
	return func(p *console.Page) {
		for _, r := range runs {
			p.Blank()
			style, state := console.Bad, "no snapshot"
			if r.Run != nil {
				state = r.Run.Status
			}
			if r.Problem == "" {
				style = console.Good
			}
			p.Text("", style(fmt.Sprintf("%s to %s: %s", r.Share, r.Consumer, state)))
			runDataSets(p, r.Run)
			files := make([]arrival, len(r.Files))
			for i, file := range r.Files {
				files[i] = arrival{r.Consumer, file}
			}
			f.files(p, files)
			history(p, r.History)
		}
	}
}

func runDataSets(p *console.Page, run *stack.Run) {
	if run == nil || len(run.DataSets) == 0 {
		return
	}
	p.Blank()
	t := console.NewTable(console.Column{Head: "DATA SET"}, console.Column{Head: "STATUS", Clip: console.Never},
		console.Column{Head: "FILES READ", Right: true}, console.Column{Head: "FILES WRITTEN", Right: true},
		console.Column{Head: "BYTES WRITTEN", Right: true})
	for _, d := range run.DataSets {
		t.Row(d.Name, status(d.Status), d.FilesRead, d.FilesWritten, d.BytesWritten)
	}
	p.Table("  ", t)
}

func history(p *console.Page, runs []stack.Run) {
	if len(runs) == 0 {
		return
	}
	p.Blank()
	t := console.NewTable(console.Column{Head: "STARTED", Clip: console.Never},
		console.Column{Head: "TOOK", Right: true, Clip: console.Never}, console.Column{Head: "MODE"},
		console.Column{Head: "STATUS", Clip: console.Never},
		console.Column{Head: "SNAPSHOT"})
	for _, h := range runs {
		took := "-"
		if !h.End.IsZero() {
			took = duration(h.End.Sub(h.Start).Milliseconds())
		}
		t.Row(h.Start.UTC().Format(time.DateTime), took, h.Mode, status(h.Status), h.SynchronizationID)
	}
	p.Table("  ", t)
}

// accessPage is a consumer's access to a share at both sides.
func accessPage(now *stack.ShareAccess) func(*console.Page) {
	return func(p *console.Page) {
		expires := "never"
		if now.Expiration != nil {
			expires = now.Expiration.UTC().Format(time.RFC3339)
		}
		t := console.NewTable(console.Column{Head: "SHARE"}, console.Column{Head: "CONSUMER"},
			console.Column{Head: "AT THE PROVIDER"}, console.Column{Head: "AT THE CONSUMER"},
			console.Column{Head: "EXPIRES"})
		t.Row(now.Share, now.Consumer, now.ProviderStatus, now.ConsumerStatus, expires)
		p.Table("", t)
	}
}

// faultsPage lists the fault rules.
func faultsPage(states []faults.State) func(*console.Page) {
	return func(p *console.Page) {
		if len(states) == 0 {
			p.Text("", "No faults are asked for.")
			return
		}
		number := func(head string) console.Column {
			return console.Column{Head: head, Right: true,
				Clip: console.Never}
		}
		t := console.NewTable(console.Column{Head: "ID"}, console.Column{Head: "KIND", Clip: console.Never},
			console.Column{Head: "METHOD", Clip: console.Never}, console.Column{Head: "PATH", Clip: console.AtStart},
			number("FROM"), number("COUNT"), number("CHANCE"), number("MATCHED"), number("FIRED"))
		for _, s := range states {
			count, chance := "all", 1.0
			if s.Count > 0 {
				count = strconv.Itoa(s.Count)
			}
			if s.Probability > 0 {
				chance = s.Probability
			}
			t.Row(s.ID, s.Kind, or(s.Method, "any"), or(s.Path, "any"), max(1, s.Nth), count,
				chance, s.Matched, s.Fired)
		}
		p.Table("", t)
	}
}

func or(text, fallback string) string {
	if text == "" {
		return fallback
	}
	return text
}

// advancedPage shows how far the clock was moved, and what came due on the way.
func advancedPage(moved arm.Advanced) func(*console.Page) {
	return func(p *console.Page) {
		p.Text("", fmt.Sprintf("The clock stands at %s UTC; it was %s.", moved.To.Format(time.DateTime),
			moved.From.Format(time.DateTime)))
		if len(moved.Ran) == 0 {
			p.Text("", "Nothing was due.")
			return
		}
		p.Blank()
		var ids []string
		for _, r := range moved.Ran {
			ids = append(ids, r.Resource)
		}
		names := console.ShortIDs(ids)
		t := console.NewTable(console.Column{Head: "DUE", Clip: console.Never}, console.Column{Head: "JOB"},
			console.Column{Head: "RESOURCE", Clip: console.AtStart},
			console.Column{Head: "RESULT", Clip: console.Never})
		for i, r := range moved.Ran {
			result := console.Good("done")
			if r.Error != "" {
				result = console.Bad("failed")
			}
			t.Row(r.Due.Format(time.DateTime), r.Job, names[i], result)
		}
		p.Table("", t)
		for i, r := range moved.Ran {
			if r.Error != "" {
				p.Labelled("", console.Bad(r.Job+" of "+names[i]+": "), r.Error)
			}
		}
	}
}

// certificatePage is where certificate and key are, and what is left to do.
func certificatePage(d certDocument) func(*console.Page) {
	return func(p *console.Page) {
		made := "was made"
		if d.Reused {
			made = "was there already"
		}
		p.Text("", fmt.Sprintf("The certificate %s; it is valid until %s.", made, d.NotAfter.Format(time.DateOnly)))
		p.Blank()
		facts := []console.Fact{{Name: "Thumbprint", Value: d.Thumbprint}, {Name: "Certificate", Value: d.Certificate},
			{Name: "Key", Value: d.Key}}
		if d.Configured != "" {
			facts = append(facts, console.Fact{Name: "Configured", Value: d.Configured})
		}
		if d.SecretID != "" {
			facts = append(facts, console.Fact{Name: "Secret", Value: d.SecretID})
		}
		p.WholeFacts("  ", facts...)
		for _, note := range d.Notes {
			p.Blank()
			p.Labelled("", console.Warn("note: "), note)
		}
	}
}
