package local

import (
	"errors"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"github.com/crossorg/crossorg/internal/stack"
)

// Result is the outcome of a run, and its JSON document. Fields that do not apply to a verb are left out.
type Result struct {
	Stack string `json:"stack"`
	// Summary counts resources by what happened to them, or would in a preview.
	Summary *Summary `json:"summary,omitempty"`
	// Outputs of the stack, secrets masked unless asked for.
	Outputs map[string]any `json:"outputs,omitempty"`
	// Snapshots of every share at every consumer.
	Snapshots []stack.Snapshot `json:"snapshots,omitempty"`
	// SoftDeletedVaults remain after a destroy until they are purged or their retention ends.
	SoftDeletedVaults []stack.DeletedVault `json:"softDeletedVaults,omitempty"`
	// Error says what failed.
	Error      *Failure `json:"error,omitempty"`
	DurationMs int64    `json:"durationMs"`

	// Changes are the changes of the run, or of the run that was previewed, in the order in which they ended.
	Changes []Change `json:"-"`
	// Components that exist at the end of an up, or would.
	Components []Component `json:"-"`
}

// Summary counts resources.
type Summary struct {
	Create int `json:"create"`
	Same   int `json:"same"`
	Update int `json:"update"`
	Delete int `json:"delete"`
	// Replace counts resources that are deleted and created anew.
	Replace int `json:"replace,omitempty"`
	Import  int `json:"import,omitempty"`
}

// summarize folds the engine's counts: of the three steps of a replacement it counts one.
func summarize(changes map[apitype.OpType]int) *Summary {
	return &Summary{
		Create:  changes[apitype.OpCreate],
		Same:    changes[apitype.OpSame],
		Update:  changes[apitype.OpUpdate],
		Delete:  changes[apitype.OpDelete],
		Replace: max(changes[apitype.OpReplace], changes[apitype.OpCreateReplacement]),
		Import:  changes[apitype.OpImport] + changes[apitype.OpImportReplacement],
	}
}

// Changes is the number of resources that changed or would change.
func (s *Summary) Changes() int { return s.Create + s.Update + s.Delete + s.Replace + s.Import }

// Failure is an error with the complaints of the engine and the program.
type Failure struct {
	Message     string       `json:"message"`
	Diagnostics []Diagnostic `json:"diagnostics,omitempty"`
	cause       error
}

// Error implements error; the diagnostics are for their reader to lay out.
func (f *Failure) Error() string { return f.Message }

// Unwrap is the cause, such as the context's.
func (f *Failure) Unwrap() error { return f.cause }

// AsFailure makes any error a Failure.
func AsFailure(err error) *Failure {
	var f *Failure
	if errors.As(err, &f) && err == error(f) {
		return f
	}
	if f != nil {
		return &Failure{Message: err.Error(), Diagnostics: f.Diagnostics, cause: err}
	}
	return &Failure{Message: err.Error(), cause: err}
}
