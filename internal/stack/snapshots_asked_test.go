package stack_test

import (
	"bytes"
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/stack"
	"github.com/crossorg/crossorg/internal/stack/stacktest"
)

const received = "/subscriptions/1/resourceGroups/g/providers/Microsoft.DataShare/accounts/a/shareSubscriptions/s"

// read reads the snapshots of a share that has the runs at its consumer, and one more for every snapshot asked for.
func read(t *testing.T, wait bool, runs ...map[string]any) (stack.Snapshot, int, string) {
	t.Helper()
	azure := stacktest.New(t, map[string]any{
		"POST " + received + "/listSynchronizations": func() any { return map[string]any{"value": runs} },
		"POST " + received + "/synchronize": func() any {
			runs = append(slices.Clone(runs), run("asked", "Succeeded"))
			return map[string]any{"synchronizationId": "asked"}
		},
	})
	var progress bytes.Buffer
	reader := &stack.SnapshotReader{Access: azure.Access(), Wait: wait, Progress: &progress}
	snapshots, err := reader.Read(context.Background(), map[string]stack.Share{"ledger": {Provider: "contoso",
		Consumers: map[string]stack.Consumer{"fabrikam": {SubscriptionID: received}}}})
	require.NoError(t, err)
	require.Len(t, snapshots, 1)
	asked := 0
	for _, request := range azure.Asked() {
		if strings.HasPrefix(request, http.MethodPost) && strings.Contains(request, "/synchronize?") {
			asked++
		}
	}
	return snapshots[0], asked, progress.String()
}

func run(id, status string) map[string]any {
	return map[string]any{"synchronizationId": id, "status": status, "startTime": "2030-01-01T00:00:00Z",
		"endTime": "2030-01-01T00:00:01Z"}
}

// A missing snapshot is asked for as a person would, because nobody knows when a schedule takes its first one.
func TestMissingSnapshotsAreAskedFor(t *testing.T) {
	snapshot, asked, progress := read(t, true)
	assert.Equal(t, "Succeeded", snapshot.Status)
	assert.Equal(t, 1, asked)
	assert.Contains(t, progress, "snapshot of ledger at fabrikam: none has run, asking for one")

	snapshot, asked, _ = read(t, true, run("first", "Succeeded"))
	assert.Equal(t, "Succeeded", snapshot.Status)
	assert.Zero(t, asked, "there is one")

	_, asked, progress = read(t, true, run("first", "Failed"))
	assert.Equal(t, 1, asked, "a failed one is none")
	assert.Contains(t, progress, "not whole")

	snapshot, asked, _ = read(t, false)
	assert.Equal(t, "None", snapshot.Status)
	assert.Zero(t, asked, "who only looks changes nothing")
}
