package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/crossorg/crossorg/internal/azure/faults"
	"github.com/crossorg/crossorg/internal/local"
	"github.com/crossorg/crossorg/internal/stackfile"
)

// stack is the stack that is swept.
const stack = "dev"

// The templates that trials start from.
const (
	emptyTemplate    = "empty"
	standingTemplate = "standing"
)

// lane runs one trial at a time in a home folder of its own. Its embedded Azure keeps ports, subscription and
// principals from trial to trial.
type lane struct {
	dir     string
	project *stackfile.Project
	home    *local.Home
	since   time.Time
	// clean are the pictures of runs without fault, by verb, and refreshed the same after a refresh.
	clean, refreshed map[string]picture
	// requests and operations are how many of them the runs without fault made, by verb.
	requests, operations map[string]int
	// took is how long the runs without fault took, by verb.
	took map[string]time.Duration
	// standing is Pulumi's state before a destroy: it tells the names of what is destroyed.
	standing []byte
	// thrifty leaves out the second run when the run with a fault ended like a clean one.
	thrifty bool
}

// newLane prepares the templates and takes the pictures of clean runs.
func newLane(ctx context.Context, dir string, project *stackfile.Project, since time.Time) (*lane, error) {
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	home, err := local.NewHome(filepath.Join(dir, "home"))
	if err != nil {
		return nil, err
	}
	l := &lane{
		dir: dir, project: project, home: home, since: since,
		clean: map[string]picture{}, refreshed: map[string]picture{}, requests: map[string]int{},
		operations: map[string]int{}, took: map[string]time.Duration{},
	}
	// A preview makes the stack and compiles the program, and leaves Azure empty.
	err = l.session(ctx, l.options(nil, nil), func(s *local.Session) error {
		_, err := s.Preview(ctx, false)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := l.save(emptyTemplate); err != nil {
		return nil, err
	}
	if err := l.cleanRun(ctx, "up"); err != nil {
		return nil, err
	}
	if l.standing, err = os.ReadFile(stateFile(l.home, project.Name, stack)); err != nil {
		return nil, err
	}
	return l, l.cleanRun(ctx, "destroy")
}

// cleanRun runs a verb without fault, counts, takes the picture, and makes sure that a second look finds nothing to do.
func (l *lane) cleanRun(ctx context.Context, verb string) error {
	never := []faults.Rule{
		{ID: "requests", Kind: faults.Unavailable, Nth: math.MaxInt},
		{ID: "operations", Kind: faults.FailOperation, Nth: math.MaxInt},
	}
	began := time.Now()
	err := l.session(ctx, l.options(never, nil), func(s *local.Session) error {
		if _, err := run(ctx, s, verb); err != nil {
			return err
		}
		l.took[verb] = time.Since(began)
		states, err := s.Faults(ctx)
		if err != nil {
			return err
		}
		l.requests[verb], l.operations[verb] = states[0].Matched, states[1].Matched
		return nil
	})
	if err != nil {
		return fmt.Errorf("%s without fault: %w", verb, err)
	}
	if l.clean[verb], err = l.picture(verb); err != nil {
		return err
	}
	if verb == "destroy" {
		l.refreshed[verb] = l.clean[verb]
		return nil
	}
	if err := l.save(standingTemplate); err != nil {
		return err
	}
	err = l.session(ctx, l.options(nil, nil), func(s *local.Session) error {
		if _, err := s.Refresh(ctx, true); err != nil {
			return err
		}
		_, err := s.Preview(ctx, true)
		return err
	})
	if err != nil {
		return fmt.Errorf("a look at what stands after %s without fault: %w", verb, err)
	}
	l.refreshed[verb], err = l.picture(verb)
	return err
}

func (l *lane) picture(verb string) (picture, error) {
	var named []byte
	if verb == "destroy" {
		named = l.standing
	}
	return takePicture(l.home, l.project.Name, stack, named, l.since)
}

func run(ctx context.Context, s *local.Session, verb string) (*local.Result, error) {
	if verb == "destroy" {
		return s.Destroy(ctx, true)
	}
	return s.Up(ctx)
}

func (l *lane) options(rules []faults.Rule, kill <-chan struct{}) local.Options {
	return local.Options{ProjectDir: l.project.Dir, HomeDir: l.home.Dir, Stack: stack, Faults: rules, Kill: kill}
}

// session opens a session, has do work on it and closes it.
func (l *lane) session(ctx context.Context, o local.Options, do func(*local.Session) error) error {
	o.Progress = &bytes.Buffer{}
	s, err := local.Open(ctx, o)
	if err != nil {
		return err
	}
	return errors.Join(do(s), s.Close())
}

// parts are the folders of a home that runs change.
func (l *lane) parts() []string { return []string{l.home.AzureDir(), l.home.StateDir()} }

// save keeps the home's present state as a template.
func (l *lane) save(template string) error {
	for _, part := range l.parts() {
		if err := copyDir(part, filepath.Join(l.dir, template, filepath.Base(part))); err != nil {
			return err
		}
	}
	return nil
}

// restore puts the home back to a template.
func (l *lane) restore(template string) error {
	// The manifest would miss what the run made that is put back.
	if err := os.Remove(l.home.ManifestFile()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	for _, part := range l.parts() {
		if err := os.RemoveAll(part); err != nil {
			return err
		}
		if err := copyDir(filepath.Join(l.dir, template, filepath.Base(part)), part); err != nil {
			return err
		}
	}
	return nil
}

// copyDir copies a folder of plain files. Histories and backups of Pulumi's are left behind: they grow with each run
// and nothing reads them.
func copyDir(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if entry.Name() == "history" || entry.Name() == "backups" {
				return filepath.SkipDir
			}
			return os.MkdirAll(filepath.Join(to, name), 0o700)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, name), content, 0o600)
	})
}

// outcome is what became of a trial.
type outcome struct {
	trial
	// Request is the method and path of the request that went wrong; empty when the run made fewer requests than i.
	Request string `json:"request"`
	// First is how the run with the fault ended: succeeded, failed or killed. Message says why it failed.
	First   string `json:"first"`
	Message string `json:"message,omitempty"`
	// Second is why the run after it failed, if it did.
	Second string `json:"second,omitempty"`
	// Differs tells how the end differs from that of a clean run.
	Differs []string `json:"differs,omitempty"`
	// Lost means that the second run failed or its end differs.
	Lost       bool  `json:"lost"`
	DurationMs int64 `json:"durationMs"`
}

// slowBy is how long a slow answer takes.
const slowBy = faults.Duration(300 * time.Millisecond)

// patience is how long a trial may take.
const patience = 3 * time.Minute

var errHung = fmt.Errorf("the trial did not end within %s", patience)

// try runs a trial. The error is for what prevents trials as such; whatever a run does is part of the outcome.
func (l *lane) try(ctx context.Context, t trial) (outcome, error) {
	o := outcome{trial: t}
	began := time.Now()
	template := emptyTemplate
	if t.Verb == "destroy" {
		template = standingTemplate
	}
	if err := l.restore(template); err != nil {
		return o, err
	}
	patient, stop := context.WithTimeoutCause(ctx, patience, errHung)
	defer stop()
	err := l.attempt(patient, &o)
	switch {
	case ctx.Err() != nil:
		return o, context.Cause(ctx)
	case patient.Err() != nil:
		err = errHung
	}
	if err != nil {
		// Not even a session could do its work: that is a loss too.
		o.Second = oneLine(err)
	}
	o.Lost = o.Second != "" || len(o.Differs) > 0
	o.DurationMs = time.Since(began).Milliseconds()
	return o, nil
}

// attempt runs the verb with the fault and again without, and compares.
func (l *lane) attempt(ctx context.Context, o *outcome) error {
	kill := make(chan struct{})
	var once sync.Once
	rule := o.rule()
	rule.Notify = func(method, path string) {
		once.Do(func() {
			o.Request = method + " " + path
			if o.Kind == killed {
				close(kill)
			}
		})
	}
	done := false
	err := l.session(ctx, l.options([]faults.Rule{rule}, kill), func(s *local.Session) error {
		_, err := run(ctx, s, o.Verb)
		switch o.First = "succeeded"; {
		case err != nil && o.Kind == killed:
			o.First = killed
		case err != nil:
			o.First, o.Message = "failed", oneLine(err)
		}
		if o.Kind == killed || l.thrifty && err == nil && !o.Look {
			return nil
		}
		done = true
		if err := s.ClearFaults(ctx); err != nil {
			return err
		}
		return l.again(ctx, s, o)
	})
	if err != nil {
		return err
	}
	if !done && o.First == "succeeded" {
		// A result like a clean run's needs no second run.
		p, err := l.picture(o.Verb)
		if err != nil {
			return err
		}
		if len(compare(l.clean[o.Verb], l.refreshed[o.Verb], p)) == 0 {
			return nil
		}
	}
	if !done {
		if err := l.session(ctx, l.options(nil, nil),
			func(s *local.Session) error { return l.again(ctx, s, o) }); err != nil {
			return err
		}
	}
	if o.Second != "" {
		return nil
	}
	p, err := l.picture(o.Verb)
	if err != nil {
		return err
	}
	o.Differs = append(o.Differs, compare(l.clean[o.Verb], l.refreshed[o.Verb], p)...)
	return nil
}

// again runs the verb without fault, and looks for something left to do if the trial asks for it.
func (l *lane) again(ctx context.Context, s *local.Session, o *outcome) error {
	if _, err := run(ctx, s, o.Verb); err != nil {
		o.Second = oneLine(err)
		return nil
	}
	if !o.Look || o.Verb != "up" { // a destroyed stack would be made again
		return nil
	}
	result, err := s.Preview(ctx, true)
	if err != nil {
		o.Differs = append(o.Differs, "a preview afterwards: "+oneLine(err))
		if result != nil && result.Summary != nil {
			o.Differs = append(o.Differs, fmt.Sprintf("a preview afterwards: %+v", *result.Summary))
		}
	}
	return nil
}

// oneLine is an error with the complaints of the engine, on one line.
func oneLine(err error) string {
	var failure *local.Failure
	if !errors.As(err, &failure) {
		return err.Error()
	}
	parts := []string{failure.Message}
	for _, d := range failure.Diagnostics {
		parts = append(parts, strings.TrimSpace(d.Resource+" "+strings.Join(strings.Fields(d.Message), " ")))
	}
	return strings.Join(parts, "; ")
}
