package arm_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/resources"
)

// What came due while the control plane was closed runs at its own times when it is opened again, and with it what
// follows from it; afterwards the time is the machine's.
func TestMissedJobsRunAtTheirOwnTimes(t *testing.T) {
	k := &ticking{}
	c := newCloudOf(t, these(resources.New(), k.provider()))
	require.Equal(t, http.StatusCreated, c.put(group, groupVersion, map[string]any{"location": "westeurope"}).Status)
	began := c.Server().Now()
	require.Equal(t, http.StatusCreated, c.put(group+"/providers/"+workspaceType+"/logs", workspaceVersion,
		map[string]any{"location": "westeurope"}).Status)
	c.Server().Close()

	for _, closed := range []struct {
		gone     time.Duration // since the beginning
		first, n int           // the hours that were missed
	}{{5*time.Hour + 30*time.Minute, 1, 5}, {7*time.Hour + 30*time.Minute, 6, 2},
		{7*time.Hour + 31*time.Minute, 8, 0}} {
		k.seen = nil
		later := func() time.Time { return time.Now().Add(closed.gone) }
		again, err := arm.NewServer(arm.Options{
			CatchUp: true, Store: c.Store, Directory: c.Directory, Now: later,
			Providers: []*arm.Provider{resources.New(), k.provider()},
			Endpoints: arm.Endpoints{Management: "https://127.0.0.1:1"},
		})
		require.NoError(t, err)
		require.NoError(t, again.CatchUp(context.Background()))
		k.mu.Lock()
		seen := k.seen
		k.mu.Unlock()
		require.WithinDuration(t, later(), again.Now(), time.Second)
		again.Close()
		require.Len(t, seen, closed.n)
		for i, at := range seen {
			require.WithinDuration(t, began.Add(time.Duration(closed.first+i)*time.Hour), at, 20*time.Second)
		}
	}
}
