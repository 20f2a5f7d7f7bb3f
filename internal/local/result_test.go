package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/stack"
)

func TestDocumentShape(t *testing.T) {
	r := &Result{
		Stack: "dev",
		Summary: summarize(map[apitype.OpType]int{"create": 2, "same": 3, "replace": 1, "create-replacement": 1,
			"delete-replaced": 1}),
		Outputs: map[string]any{"a": "b"},
		Snapshots: []stack.Snapshot{{
			Share: "s", Consumer: "c", Status: "Succeeded",
			Files: []stack.SnapshotFile{{Path: "p", Bytes: 3, SHA256: "aa", SourceSHA256: "aa"}},
		}},
		DurationMs: 12,
	}
	raw, err := json.Marshal(r)
	require.NoError(t, err)
	assert.JSONEq(t, `{"stack":"dev","summary":{"create":2,"same":3,"update":0,"delete":0,"replace":1},
		"outputs":{"a":"b"},
		"snapshots":[{"share":"s","consumer":"c","status":"Succeeded","files":[{
			"path":"p","bytes":3,"sha256":"aa","sourceSha256":"aa"}]}],
		"durationMs":12}`, string(raw))
}

func TestDocumentLeavesOutWhatDoesNotApply(t *testing.T) {
	raw, err := json.Marshal(&Result{Stack: "dev", Error: AsFailure(errors.New("no"))})
	require.NoError(t, err)
	assert.JSONEq(t, `{"stack":"dev","error":{"message":"no"},"durationMs":0}`, string(raw))
}

func TestFailureKeepsDiagnosticsAndCause(t *testing.T) {
	f := &Failure{Message: "up failed", Diagnostics: []Diagnostic{{Resource: "r", Message: "m"}},
		cause: context.Canceled}
	assert.Same(t, f, AsFailure(f))
	wrapped := AsFailure(fmt.Errorf("outer: %w", f))
	assert.Equal(t, "outer: up failed", wrapped.Message)
	assert.Equal(t, f.Diagnostics, wrapped.Diagnostics)
	assert.ErrorIs(t, wrapped, context.Canceled)
}

func TestChangesCountEverythingButSame(t *testing.T) {
	assert.Zero(t, (&Summary{Same: 9}).Changes())
	assert.Equal(t, 15, (&Summary{Create: 1, Update: 2, Delete: 3, Replace: 4, Import: 5, Same: 9}).Changes())
}

func TestExpectedNoChanges(t *testing.T) {
	changed, same := &Result{Summary: &Summary{Update: 1}}, &Result{Summary: &Summary{Same: 1}}
	assert.ErrorIs(t, checkChanges(changed, nil, true), ErrUnexpectedChanges)
	assert.NoError(t, checkChanges(changed, nil, false))
	assert.NoError(t, checkChanges(same, nil, true))
	other := errors.New("other")
	assert.Equal(t, other, checkChanges(changed, other, true))
}
