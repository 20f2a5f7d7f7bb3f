// Package durability kills the embedded Azure in the middle of its work and looks at what it knows afterwards.
package durability

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var (
	rounds  = flag.Int("rounds", 4, "how often the embedded Azure is killed")
	writers = flag.Int("writers", 8, "how many write at the same time")
	seed    = flag.Uint64("seed", 0, "chooses the writes and the moments; 0 takes one from the clock")
)

// What has been acknowledged survives a kill at any moment, exactly; what has not is there as a whole or not at all.
//
// A kill loses what the process has not handed to the system. What the system has not written to the disk survives it,
// so that the order of answering and syncing is a matter for the tests of the store and of the blobs' content.
func TestAcknowledgedWritesSurviveAKill(t *testing.T) {
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano())
	}
	t.Logf("again with: -seed %d -rounds %d -writers %d", *seed, *rounds, *writers)
	dir := t.TempDir()
	tool, home := filepath.Join(dir, "crossorg"), filepath.Join(dir, "home")
	build := exec.Command("go", "build", "-o", tool, "./cmd/crossorg")
	build.Dir = project
	said, err := build.CombinedOutput()
	require.NoError(t, err, "%s", said)

	s := serve(t, tool, home)
	all := make([]*writer, *writers)
	for i := range all {
		all[i] = &writer{served: s, number: i, random: rand.New(rand.NewPCG(*seed, uint64(i)))}
		all[i].begin()
	}
	chance := rand.New(rand.NewPCG(*seed, 1<<32))
	unanswered, found := 0, 0
	for round := range *rounds {
		after := time.Duration(100+chance.IntN(1200)) * time.Millisecond
		before := acknowledged(all)
		work(s, all, after)
		s = serve(t, tool, home)
		pending, done := 0, 0
		for _, w := range all {
			w.served = s
			if w.pending != nil {
				pending++
			}
			if w.settle(t) {
				done++
			}
		}
		require.False(t, t.Failed())
		t.Logf("round %d: killed after %v; %d writes acknowledged and found; %d not answered, of which %d were done",
			round, after, acknowledged(all)-before, pending, done)
		unanswered, found = unanswered+pending, found+done
	}
	require.Greater(t, acknowledged(all), 10**rounds, "the writers wrote")
	require.Positive(t, unanswered, "it was killed while it was writing")
	for _, w := range all { // and all goes on
		for range 5 {
			require.NoError(t, w.do(w.next()))
		}
		w.settle(t)
	}
	s.stop()
}

func acknowledged(all []*writer) (n int) {
	for _, w := range all {
		n += w.acked
	}
	return n
}

// begin makes what a writer needs: its home, its vault, and roles for the data.
func (w *writer) begin() {
	for _, send := range []func() (answer, error){
		func() (answer, error) {
			return w.ask(management, "PUT", w.arm(w.home(), groupVersion), map[string]any{"location": "eastus"})
		},
		func() (answer, error) { return w.makeVault("default") },
	} {
		a, err := send()
		require.NoError(w.t, err)
		require.True(w.t, a.ok(), "%s", a.body)
	}
	if w.number == 0 { // the writers sign in as one
		for name, role := range map[string]string{
			// Storage Blob Data Contributor
			"00000000-0000-4000-8000-000000000001": "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
			"00000000-0000-4000-8000-000000000002": "b86a8fe4-44ce-4948-aee5-eccb2c155cd7", // Key Vault Secrets Officer
		} {
			a, err := w.assign("/subscriptions/"+w.SubscriptionID, name, role)
			require.NoError(w.t, err)
			require.True(w.t, a.ok(), "%s", a.body)
		}
	}
	w.known = w.look()
	require.Equal(w.t, []string{w.vaultName()}, w.known.names("vault/"))
}

// errRefused says that a write was answered, and not made.
var errRefused = errors.New("refused")

func done(one *write, send func() (answer, error)) error {
	a, err := send()
	if err == nil && !a.ok() {
		err = fmt.Errorf("%s: %w: %d %s", one.what, errRefused, a.status, a.body)
	}
	return err
}

// do makes one write and remembers how it was answered. Its error says that it was not, or was refused.
func (w *writer) do(one *write) error {
	if one.prepare != nil {
		if err := done(one, one.prepare); err != nil {
			return err
		}
	}
	w.pending = one
	if err := done(one, one.send); err != nil {
		return err
	}
	w.known, w.pending = maps.Clone(one.after), nil
	w.acked++
	return nil
}

// work lets all write at once, and kills in the middle of it.
func work(s *served, all []*writer, after time.Duration) {
	var killed atomic.Bool
	var writing sync.WaitGroup
	for _, w := range all {
		writing.Go(func() {
			for {
				if err := w.do(w.next()); err != nil {
					if !killed.Load() || errors.Is(err, errRefused) {
						s.t.Errorf("writer %d: %v", w.number, err)
					}
					return
				}
			}
		})
	}
	time.Sleep(after)
	killed.Store(true)
	s.kill()
	writing.Wait()
}
