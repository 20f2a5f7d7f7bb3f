package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/crossorg/crossorg/internal/console"
	"github.com/crossorg/crossorg/internal/local"
	"github.com/crossorg/crossorg/internal/stack"
)

// screenRows is how many lines the rows of one table take without --all, so that the report fits into one screen.
const screenRows = 6

// changeRows is the same for the one table of a preview, a refresh or a destroy.
const changeRows = 28

// shownRows is how many of a table's rows are shown: all, or as many as leave a line for the number of hidden ones.
func (f *flags) shownRows(n int) int {
	if f.all || n <= screenRows {
		return n
	}
	return screenRows - 1
}

// upPage is what stands, what arrived and what to do next, in one screen.
func (f *flags) upPage(r *local.Result) func(*console.Page) {
	return func(p *console.Page) {
		if r.Error == nil {
			p.Text("", console.Good(fmt.Sprintf("%s stands: %s in %s", r.Stack, summaryText(r.Summary, done),
				duration(r.DurationMs))))
		} else {
			brokenOff(p, r, done)
		}
		f.changedRows(p, r.Changes, "create", screenRows)
		if r.Error == nil {
			f.standing(p, r)
		}
		f.arrived(p, r.Snapshots)
		if r.Error != nil {
			return
		}
		p.Heading("Next")
		p.Commands("  ",
			console.Command{Line: f.command("verify"), Does: "checks what stands, property by property"},
			console.Command{Line: f.command("local outputs"), Does: "ids, endpoints and the files"},
			console.Command{Line: f.command("local serve"), Does: "keeps this Azure listening for the SDKs and az"},
			console.Command{Line: f.command("local destroy"), Does: "takes the stack down"})
	}
}

// brokenOff says how far a failed run came. The failure is printed after it.
func brokenOff(p *console.Page, r *local.Result, tense tense) {
	if r.Summary != nil && r.Summary.Changes() > 0 {
		p.Text("", console.Warn(fmt.Sprintf("%s: %s, then it failed, in %s", r.Stack, summaryText(r.Summary, tense),
			duration(r.DurationMs))))
	}
}

// previewPage is what an up would change.
func (f *flags) previewPage(r *local.Result) func(*console.Page) {
	return func(p *console.Page) {
		f.changes(p, r, planned, "")
		if r.Error == nil && r.Summary != nil && r.Summary.Changes() > 0 {
			p.Heading("Next")
			p.Commands("  ", console.Command{Line: f.command("local up"), Does: "makes these changes"})
		}
	}
}

// refreshPage is what differed from the state.
func (f *flags) refreshPage(r *local.Result) func(*console.Page) {
	return func(p *console.Page) { f.changes(p, r, done, "") }
}

// destroyPage is what was deleted, and what can still be recovered.
func (f *flags) destroyPage(r *local.Result) func(*console.Page) {
	return func(p *console.Page) {
		f.changes(p, r, done, "delete")
		if len(r.SoftDeletedVaults) == 0 {
			return
		}
		p.Heading("Deleted vaults that can still be recovered")
		t := console.NewTable(console.Column{Head: "NAME"}, console.Column{Head: "LOCATION"},
			console.Column{Head: "REMOVED FOR GOOD"})
		for _, v := range r.SoftDeletedVaults {
			t.Row(v.Name, v.Location, v.Purge)
		}
		p.Table("  ", t)
	}
}

// changes shows a run's summary and changes, without rows for the operation that the summary counts.

func (f *flags) changes(p *console.Page, r *local.Result, tense tense, counted string) {
	switch {
	case r.Error != nil:
		brokenOff(p, r, tense)
	case r.Summary != nil:
		p.Text("", console.Bold(fmt.Sprintf("%s: %s in %s", r.Stack, summaryText(r.Summary, tense),
			duration(r.DurationMs))))
	}
	f.changedRows(p, r.Changes, counted, changeRows)
}

// changeOrder puts operations that are rarer than creations first.
var changeOrder = []string{"replace", "delete", "update", "import", "create"}

// changedRows shows the changes, one row a resource. When there is room for fewer rows, creations, deletions
// and all changes of files are counted by type. The operation that is counted elsewhere has no rows.
func (f *flags) changedRows(p *console.Page, changes []local.Change, counted string, rows int) {
	changes = slices.DeleteFunc(slices.Clone(changes), func(c local.Change) bool { return c.Op == counted && !f.all })
	slices.SortStableFunc(changes, func(a, b local.Change) int {
		return cmp.Or(slices.Index(changeOrder, a.Op)-slices.Index(changeOrder, b.Op), cmp.Compare(a.Type, b.Type))
	})
	if len(changes) == 0 {
		return
	}
	p.Heading("Changes")
	t := console.NewTable(console.Column{Clip: console.Never}, console.Column{Clip: console.Never}, console.Column{},
		console.Column{})
	left := changes
	for n := 1; len(left) > 0; n++ {
		same := 1
		if len(changes) > rows && !f.all &&
			(left[0].Op == "create" || left[0].Op == "delete" || left[0].Type == "storage:Blob") {
			for same < len(left) && left[same].Op == left[0].Op && left[same].Type == left[0].Type {
				same++
			}
		}
		if n == rows && len(left) > same && !f.all {
			break
		}
		c := left[0]
		var names []string
		for _, one := range left[:same] {
			names = append(names, one.Name)
		}
		if same > 1 {
			c.Type = fmt.Sprintf("%s ×%d", c.Type, same)
		}
		t.Row(changeStyle(c.Op), c.Type, strings.Join(names, ", "), strings.Join(c.Properties, ", "))
		left = left[same:]
	}
	p.Table("  ", t)
	f.more(p, len(left), "")
}

func changeStyle(op string) console.Cell {
	switch op {
	case "replace", "delete":
		return console.Bad(op)
	case "update":
		return console.Warn(op)
	}
	return console.Good(op)
}

// more says how many rows are left out, and how to see them.
func (f *flags) more(p *console.Page, n int, about string) {
	if n > 0 {
		p.Text("  ", console.Faint(fmt.Sprintf("and %d more%s: --all shows every row", n, about)))
	}
}

// standing counts resources by component, and names each organization's resources.
func (f *flags) standing(p *console.Page, r *local.Result) {
	if len(r.Components) > 0 {
		p.Heading("What stands")
		t := console.NewTable(console.Column{Head: "COMPONENT", Clip: console.Never},
			console.Column{Head: "COUNT", Right: true, Clip: console.Never},
			console.Column{Head: "RESOURCES", Right: true, Clip: console.Never}, console.Column{Head: "NAMES"})
		for _, c := range r.Components {
			count := strconv.Itoa(len(c.Names))
			if c.Type == "" {
				count = ""
			}
			t.Row(or(c.Type, "outside of components"), count, c.Resources, strings.Join(c.Names, ", "))
		}
		p.Table("  ", t)
	}
	outputs, err := stack.ParseOutputs(r.Outputs)
	if err != nil {
		return
	}
	p.Blank()
	t := console.NewTable(console.Column{Head: "ORGANIZATION"}, console.Column{Head: "SIDE", Clip: console.Never},
		console.Column{Head: "LOCATION"}, console.Column{Head: "RESOURCE GROUP", Clip: console.AtMiddle},
		console.Column{Head: "STORAGE ACCOUNT", Clip: console.AtMiddle})
	var rows [][]any
	for _, name := range slices.Sorted(maps.Keys(outputs.Organizations)) {
		o := outputs.Organizations[name]
		for _, side := range []struct {
			name string
			*stack.Side
		}{{"provider", o.Provider}, {"consumer", o.Consumer}} {
			if side.Side != nil {
				rows = append(rows, []any{name, side.name, side.Location, side.ResourceGroup,
					lastName(side.StorageAccountID)})
			}
		}
	}
	shown := f.shownRows(len(rows))
	for _, row := range rows[:shown] {
		t.Row(row...)
	}
	p.Table("  ", t)
	f.more(p, len(rows)-shown, "")
}

// lastName is the name at the end of an ARM id.
func lastName(id string) string { return id[strings.LastIndex(id, "/")+1:] }

// arrived shows the snapshots with their files: those that differ at both ends first, and a count of many equal ones.
func (f *flags) arrived(p *console.Page, snapshots []stack.Snapshot) {
	if len(snapshots) == 0 {
		return
	}
	p.Heading("What arrived")
	ordered := slices.Clone(snapshots)
	slices.SortStableFunc(ordered, func(a, b stack.Snapshot) int { return rank(a.OK()) - rank(b.OK()) })
	t := console.NewTable(console.Column{Head: "SHARE"}, console.Column{Head: "CONSUMER"},
		console.Column{Head: "SNAPSHOT", Clip: console.Never}, console.Column{Head: "FILES", Right: true},
		console.Column{Head: "BYTES", Right: true}, console.Column{Head: "AT BOTH ENDS", Clip: console.Never})
	var files []arrival
	shown := f.shownRows(len(ordered))
	for i, s := range ordered {
		var bytes int64
		unequal := 0
		for _, file := range s.Files {
			bytes += file.Bytes
			if !equal(file) {
				unequal++
			}
			files = append(files, arrival{s.Consumer, file})
		}
		if i < shown {
			t.Row(s.Share, s.Consumer, status(s.Status), len(s.Files), bytes,
				agreement(len(s.Files), unequal+len(s.Missing)))
		}
	}
	p.Table("  ", t)
	f.more(p, len(ordered)-shown, "")
	for _, s := range ordered[:shown] {
		if s.Message != "" {
			p.Labelled("  ", console.Bad(s.Share+" to "+s.Consumer+": "), s.Message)
		}
	}
	f.files(p, files)
}

func rank(ok bool) int {
	if ok {
		return 1
	}
	return 0
}

func status(s string) console.Cell {
	if s == "Succeeded" {
		return console.Good(s)
	}
	return console.Bad(s)
}

func agreement(files, unequal int) console.Cell {
	switch {
	case files == 0 && unequal == 0:
		return console.Faint("no files")
	case unequal == 0:
		return console.Good("equal")
	}
	return console.Bad(fmt.Sprintf("%d differ", unequal))
}

// arrival is a file at a consumer; "" where the consumer has been named before.
type arrival struct {
	consumer string
	stack.SnapshotFile
}

func equal(f stack.SnapshotFile) bool { return f.SHA256 != "" && f.SHA256 == f.SourceSHA256 }

// files shows one file a row, differing files first.
func (f *flags) files(p *console.Page, files []arrival) {
	if len(files) == 0 {
		return
	}
	slices.SortStableFunc(files, func(a, b arrival) int {
		return rank(equal(a.SnapshotFile)) - rank(equal(b.SnapshotFile))
	})
	limit := f.shownRows(len(files))
	var digests []string
	for _, file := range files[:limit] {
		digests = append(digests, file.SHA256, file.SourceSHA256)
	}
	short := console.ShortDigests(digests)
	p.Blank()
	t := console.NewTable(
		console.Column{Head: "FILE", Clip: console.AtStart},
		console.Column{Head: "CONSUMER"},
		console.Column{Head: "BYTES", Right: true, Clip: console.Never},
		console.Column{Head: "SHA-256", Clip: console.Never},
		console.Column{Head: "AT THE PROVIDER", Clip: console.Never},
	)
	for i, file := range files[:limit] {
		comparison := console.Good("equal")
		switch {
		case file.SHA256 == "":
			comparison = console.Bad("did not arrive")
		case !equal(file.SnapshotFile):
			comparison = console.Bad("differs: " + short[2*i+1])
		}
		t.Row(file.Path, file.consumer, file.Bytes, short[2*i], comparison)
	}
	p.Table("  ", t)
	rest := files[limit:]
	unequal := 0
	for _, file := range rest {
		unequal += 1 - rank(equal(file.SnapshotFile))
	}
	about := ", all equal"
	if unequal > 0 {
		about = fmt.Sprintf(", %d of them not equal", unequal)
	}
	f.more(p, len(rest), about)
}

// outputsPage shows the stack's outputs and snapshots.
func (f *flags) outputsPage(r *local.Result) func(*console.Page) {
	return func(p *console.Page) {
		if len(r.Outputs) > 0 {
			p.Heading("Outputs")
			left := f.outputs(p, "  ", r.Outputs)
			if left {
				p.Blank()
				p.Text("  ", console.Faint("ids are shortened and links into the portal left out: "+
					"--all shows everything whole"))
			}
		}
		f.arrived(p, r.Snapshots)
	}
}

// outputs lays outputs out as an indented tree; lists stay JSON. It reports whether it shortened anything.
func (f *flags) outputs(p *console.Page, indent string, outputs map[string]any) (shortened bool) {
	var facts []console.Fact
	flush := func() {
		if f.all {
			p.WholeFacts(indent, facts...)
		} else {
			p.Facts(indent, facts...)
		}
		facts = nil
	}
	for _, name := range slices.Sorted(maps.Keys(outputs)) {
		if name == "portal" && !f.all {
			shortened = true
			continue
		}
		if nested, ok := outputs[name].(map[string]any); ok {
			flush()
			p.Text(indent, console.Bold(name))
			shortened = f.outputs(p, indent+"  ", nested) || shortened
			continue
		}
		value, isText := outputs[name].(string)
		if !isText {
			raw, err := json.Marshal(outputs[name])
			if err != nil {
				raw = []byte(fmt.Sprint(outputs[name]))
			}
			value = string(raw)
		}
		if strings.HasPrefix(value, "/subscriptions/") && !f.all {
			value, shortened = lastName(value), true
		}
		facts = append(facts, console.Fact{Name: name, Value: value})
	}
	flush()
	return shortened
}

// tense says whether changes are planned or done.
type tense int

const (
	done tense = iota
	planned
)

// summaryText counts resources by what happened to them.
func summaryText(s *local.Summary, tense tense) string {
	if s == nil {
		return "nothing to do"
	}
	var parts []string
	for _, part := range []struct {
		n             int
		done, planned string
	}{
		{s.Create, "created", "to create"}, {s.Update, "updated", "to update"}, {s.Replace, "replaced", "to replace"},
		{s.Delete, "deleted", "to delete"}, {s.Import, "imported", "to import"}, {s.Same, "unchanged", "unchanged"},
	} {
		if part.n == 0 {
			continue
		}
		word := part.done
		if tense == planned {
			word = part.planned
		}
		parts = append(parts, strconv.Itoa(part.n)+" "+word)
	}
	if len(parts) == 0 {
		return "nothing to do"
	}
	return strings.Join(parts, ", ")
}

func duration(milliseconds int64) string {
	return (time.Duration(milliseconds) * time.Millisecond).Round(100 * time.Millisecond).String()
}
