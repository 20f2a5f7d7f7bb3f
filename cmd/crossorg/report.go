package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/crossorg/crossorg/internal/console"
	"github.com/crossorg/crossorg/internal/local"
)

// reporter prints what verbs report: one JSON document or a page on standard output, failures and progress on standard
// error.
type reporter struct {
	out, err *console.Screen
	// progress shows how work goes on until a report is printed.
	progress *console.Progress
	getenv   func(string) string
}

func newReporter(stdout, stderr io.Writer, getenv func(string) string) *reporter {
	r := &reporter{out: console.On(stdout, getenv), err: console.On(stderr, getenv), getenv: getenv}
	r.progress = r.err.Progress()
	return r
}

// errReported is a failure that has been printed already.
var errReported = errors.New("failed")

// errDamaged is damage of the home that has been reported.
var errDamaged = errors.New("damaged")

// answer is a verb's report at its end.
type answer struct {
	// document is what --json prints.
	document any
	// page lays the same out for a person; nil prints nothing.
	page func(*console.Page)
	// long pages go through the pager on a terminal.
	long bool
	// failure is printed with either, and makes the verb fail.
	failure *local.Failure
	// failed makes the verb fail without more words.
	failed bool
}

// say prints an answer. Its error is errReported where the verb has failed.
func (r *reporter) say(f *flags, a answer) error {
	r.progress.Clear()
	switch {
	case f.json:
		if err := r.document(a.document); err != nil {
			return err
		}
	case a.page != nil:
		page := r.out.Page()
		a.page(page)
		print := page.Print
		if a.long {
			print = func() error { return page.PrintPaged(r.getenv) }
		}
		if err := print(); err != nil {
			return err
		}
	}
	if a.failure != nil {
		r.failure(a.failure)
	}
	if a.failure != nil || a.failed {
		return errReported
	}
	return nil
}

func (r *reporter) document(v any) error {
	encoder := json.NewEncoder(r.out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}

// failure prints what failed, then every complaint with its resource. Complaints that progress has shown are left out.
func (r *reporter) failure(f *local.Failure) {
	page := r.err.Page()
	page.Message("", "error: ", console.Bad(f.Message))
	for _, d := range f.Diagnostics {
		if d.Shown {
			continue
		}
		message := d.Message
		if d.Resource != "" {
			message = d.Resource + ": " + message
		}
		page.Message("  ", "- ", message)
	}
	fmt.Fprintln(r.err)
	_ = page.Print() // standard error itself failed
}

// wrongUsage prints why a command line cannot be understood.
func (r *reporter) wrongUsage(err error) { fmt.Fprintln(r.err, err) }

// program is how a person starts this tool.
var program = invocation()

// invocation is how the tool was started, to be used in commands that a person may copy.
func invocation() string {
	if executable, err := os.Executable(); err == nil && strings.Contains(executable, "go-build") {
		return "go run ./cmd/crossorg"
	}
	return "crossorg"
}

// command is a command line of the tool for the same stack, project and home.
func (f *flags) command(verb string) string {
	line := program + " " + verb
	for _, flag := range []struct{ name, value, standard string }{
		{"stack", f.stack, "dev"}, {"project", f.project, ""}, {"home", f.home, ""}, {"config-file", f.configFile, ""},
	} {
		if flag.value != flag.standard {
			line += " --" + flag.name + " " + quoted(flag.value)
		}
	}
	return line
}

// quoted is a word as a shell reads it.
func quoted(word string) string {
	if strings.ContainsAny(word, " \t\"'$&|;<>()*?`\\") {
		return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	return word
}
