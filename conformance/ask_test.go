package conformance_test

import (
	"sync"
	"testing"

	"github.com/crossorg/crossorg/conformance"
)

// ask asks an Azure for the promises that are wanted, several at a time, and returns the keys of those that it kept.
func ask(t *testing.T, e *conformance.Env, wanted func(conformance.Promise) bool) []string {
	suite := conformance.NewSuite(e)
	var mu sync.Mutex
	var kept []string
	t.Run("promises", func(t *testing.T) {
		for _, p := range conformance.Promises() {
			if !wanted(p) {
				continue
			}
			t.Run(p.Key(), func(t *testing.T) {
				t.Parallel()
				defer func() {
					if !t.Failed() {
						mu.Lock()
						defer mu.Unlock()
						kept = append(kept, p.Key())
					}
				}()
				suite.Ask(t, p)
			})
		}
	})
	suite.Close(t)
	return kept
}
