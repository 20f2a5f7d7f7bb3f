package stack

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestProblemsOfASnapshot(t *testing.T) {
	fine := Synchronized{Run: &Run{Status: "Succeeded"},
		Files: []SnapshotFile{{Path: "a", SHA256: "x", SourceSHA256: "x"}}}
	assert.Empty(t, fine.problem(nil))
	missing := fine
	missing.Files = []SnapshotFile{{Path: "a", SourceSHA256: "x"}}
	assert.Contains(t, missing.problem(nil), "a is not equal")
	failed := Synchronized{Run: &Run{Status: "Failed", Message: "no role"}}
	assert.Equal(t, "snapshot Failed: no role", failed.problem(nil))
	assert.NotEmpty(t, (&Synchronized{}).problem(nil))
}
