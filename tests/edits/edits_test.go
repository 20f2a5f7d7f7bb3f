package main

import (
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// checks is how many sequences the test tries; -rapid.checks says otherwise.
const checks = "3"

func TestMain(m *testing.M) {
	for name, value := range map[string]string{"rapid.checks": checks, "rapid.seed": "8", "rapid.nofailfile": "true"} {
		if err := flag.Set(name, value); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// Ensure any valid configuration can follow any other on a standing stack, or is refused before anything is touched.
func TestEdits(t *testing.T) {
	s, err := newSweep(t.TempDir())
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		failure, err := s.edit(rapid.SliceOfN(configurations(s.root), 2, 4).Draw(t, "configurations"))
		require.NoError(t, err)
		if failure != nil {
			t.Fatal(failure)
		}
	})
	require.Positive(t, s.updates)
}
