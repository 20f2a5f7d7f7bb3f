package toolchain

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestGoCommandsOfARunLeaveTheModuleFilesAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "with space")
	assert.Equal(t, "-tags=x '-modfile="+filepath.Join(dir, "go.mod")+"' -buildvcs=false", GoFlags("-tags=x", dir))
}
