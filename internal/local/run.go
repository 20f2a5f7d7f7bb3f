package local

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/crossorg/crossorg/internal/stack"
)

// ErrUnexpectedChanges is returned by runs that expected no changes and found some.
var ErrUnexpectedChanges = errors.New("there are changes, and none were expected")

// Up updates the stack to what the program declares, waits for the first snapshots and compares the files at both ends.
// A result comes with every error, as far as the run got.
func (s *Session) Up(ctx context.Context) (*Result, error) {
	result, err := s.run(ctx, "up", "--yes", "--skip-preview")
	if err != nil {
		return result, err
	}
	return s.withSnapshots(ctx, result, true)
}

// Preview reports what Up would change.
func (s *Session) Preview(ctx context.Context, expectNoChanges bool) (*Result, error) {
	result, err := s.run(ctx, "preview")
	result.Outputs = nil
	return result, checkChanges(result, err, expectNoChanges)
}

// Refresh updates the state from Azure, and reports the differences.
func (s *Session) Refresh(ctx context.Context, expectNoChanges bool) (*Result, error) {
	result, err := s.run(ctx, "refresh", "--yes", "--skip-preview")
	result.Outputs = nil
	return result, checkChanges(result, err, expectNoChanges)
}

func checkChanges(r *Result, err error, expectNone bool) error {
	if err == nil && expectNone && r.Summary != nil && r.Summary.Changes() > 0 {
		return ErrUnexpectedChanges
	}
	return err
}

// Destroy deletes the stack's resources; the stack itself stays, empty. Protected resources make it fail before
// anything is deleted, unless unprotect lifts their protection first.
func (s *Session) Destroy(ctx context.Context, unprotect bool) (*Result, error) {
	start := time.Now()
	if err := s.readyStack(ctx); err != nil {
		return &Result{Stack: s.options.Stack}, s.failure(ctx, "select the stack", err, nil)
	}
	protected, err := s.protected()
	if err != nil {
		return &Result{Stack: s.options.Stack}, err
	}
	if len(protected) > 0 {
		if !unprotect {
			failure := &Failure{Message: fmt.Sprintf("stack %s has %d protected resources and is not destroyed: "+
				"they hold data; --unprotect lifts the protection and destroys them", s.options.Stack, len(protected))}
			for _, urn := range protected {
				failure.Diagnostics = append(failure.Diagnostics,
					Diagnostic{Resource: resourceName(urn), Message: "is protected"})
			}
			return &Result{Stack: s.options.Stack, DurationMs: time.Since(start).Milliseconds()}, failure
		}
		fmt.Fprintf(s.options.Progress, "lifting the protection of %d resources\n", len(protected))
		_, err := s.command.run(ctx, "state", "unprotect", "--all", "--yes", "--stack", s.options.Stack)
		if err != nil {
			return &Result{Stack: s.options.Stack}, s.failure(ctx, "lift the protection", err, nil)
		}
	}
	result, err := s.run(ctx, "destroy", "--yes", "--skip-preview")
	result.Outputs = nil
	if err == nil {
		result.SoftDeletedVaults, err = s.deletedVaults(ctx)
	}
	result.DurationMs = time.Since(start).Milliseconds()
	return result, err
}

// protected lists the URNs of protected resources. It reads the file backend's own file, since asking the CLI would
// take half as long as the destroy of a small stack.
func (s *Session) protected() ([]string, error) {
	var state struct {
		Checkpoint struct {
			Latest *struct {
				Resources []struct {
					URN     string `json:"urn"`
					Protect bool   `json:"protect"`
				} `json:"resources"`
			} `json:"latest"`
		} `json:"checkpoint"`
	}
	raw, err := os.ReadFile(s.home.checkpoint(s.project.Name, s.options.Stack))
	// A big state takes long to decode. The engine writes it without spaces, or with one when it indents.
	if err == nil && !bytes.Contains(raw, []byte(`"protect":true`)) && !bytes.Contains(raw, []byte(`"protect": true`)) {
		return nil, nil
	}
	if err == nil {
		err = json.Unmarshal(raw, &state)
	}
	if err != nil {
		return nil, fmt.Errorf("read the state: %w", err)
	}
	if state.Checkpoint.Latest == nil {
		return nil, nil
	}
	var urns []string
	for _, r := range state.Checkpoint.Latest.Resources {
		if r.Protect && resource.URN(r.URN).Type() != stackType {
			urns = append(urns, r.URN)
		}
	}
	return urns, nil
}

// Outputs reads the stack's outputs from the state, and the newest snapshots without waiting for any.
func (s *Session) Outputs(ctx context.Context, showSecrets bool) (*Result, error) {
	start := time.Now()
	result := &Result{Stack: s.options.Stack}
	outputs, err := s.outputs(ctx)
	if err != nil {
		return result, err
	}
	result.Outputs = map[string]any{}
	plain := map[string]any{}
	for name, output := range outputs {
		plain[name] = output.value
		result.Outputs[name] = output.value
		if output.secret && !showSecrets {
			result.Outputs[name] = secretMark
		}
	}
	shares, err := stack.ParseShares(plain)
	if err != nil {
		return result, err
	}
	result.Snapshots, err = s.snapshots(ctx, shares, false)
	result.DurationMs = time.Since(start).Milliseconds()
	return result, err
}

// run has the engine do something, with flags beside those that all have, and makes a result of its events.
func (s *Session) run(ctx context.Context, verb string, flags ...string) (*Result, error) {
	start := time.Now()
	result := &Result{Stack: s.options.Stack}
	if err := s.readyStack(ctx); err != nil {
		return result, s.failure(ctx, "select the stack", err, nil)
	}
	c := &collector{progress: s.options.Progress, redactor: &s.redactor}
	stop := c.watch()
	// With --json, what the CLI prints is the engine's events.
	err := s.command.stream(ctx, c, append(append([]string{verb}, flags...),
		"--exec-kind=auto.local", "--json", "--stack", s.options.Stack)...)
	stop()
	if c.changes != nil {
		result.Summary = summarize(c.changes)
	}
	if outputs, ok := s.redactor.value(c.outputs).(map[string]any); ok && err == nil {
		result.Outputs = outputs
	}
	result.Changes, result.Components = c.made, c.components()
	result.DurationMs = time.Since(start).Milliseconds()
	if err != nil {
		return result, s.failure(ctx, verb, err, c.complaints())
	}
	return result, nil
}

// withSnapshots adds the snapshots to a result. A snapshot that failed or differs is an error.
func (s *Session) withSnapshots(ctx context.Context, result *Result, wait bool) (*Result, error) {
	start := time.Now()
	shares, err := stack.ParseShares(result.Outputs)
	if err != nil {
		return result, err
	}
	result.Snapshots, err = s.snapshots(ctx, shares, wait)
	result.DurationMs += time.Since(start).Milliseconds()
	if err != nil {
		return result, err
	}
	var problems []Diagnostic
	for _, snapshot := range result.Snapshots {
		if !snapshot.OK() {
			problems = append(problems, Diagnostic{Resource: snapshot.Share + " at " + snapshot.Consumer,
				Message: snapshot.Problem()})
		}
	}
	if len(problems) > 0 {
		return result, &Failure{Message: "the resources stand, but not every snapshot arrived whole",
			Diagnostics: problems}
	}
	return result, nil
}

func (s *Session) snapshots(ctx context.Context, shares map[string]stack.Share, wait bool) ([]stack.Snapshot, error) {
	reader := &stack.SnapshotReader{Access: s.access(), Wait: wait, Progress: s.options.Progress}
	return reader.Read(ctx, shares)
}

// failure makes a Failure of an error of the CLI, with the engine's complaints or else with the CLI's output.
func (s *Session) failure(ctx context.Context, doing string, err error, complaints []Diagnostic) *Failure {
	message := "local " + doing + " failed"
	if ctx.Err() != nil {
		message = "local " + doing + " was interrupted; " +
			"what had been done is in the state, and another run goes on from there"
	}
	f := &Failure{Message: message, Diagnostics: complaints, cause: err}
	if len(f.Diagnostics) == 0 {
		f.Diagnostics = []Diagnostic{{Message: s.redactor.text(tail(strings.TrimSpace(err.Error()), 40))}}
	}
	return f
}

// tail is the last lines of a text.
func tail(s string, lines int) string {
	all := strings.Split(strings.TrimRight(s, "\n"), "\n")
	if len(all) > lines {
		all = all[len(all)-lines:]
	}
	return strings.Join(all, "\n")
}
