package process

import "time"

// Every calls fn in intervals, so that a person hears of work that takes long, until the returned function is called.
func Every(interval time.Duration, fn func()) (stop func()) {
	done := make(chan struct{})
	ticker := time.NewTicker(interval)
	go func() {
		for {
			select {
			case <-ticker.C:
				fn()
			case <-done:
				return
			}
		}
	}()
	return func() {
		ticker.Stop()
		close(done)
	}
}
