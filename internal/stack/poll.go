package stack

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

const (
	// pollFirst and pollMost are the shortest and the longest pause between two questions about the same thing.
	pollFirst = 100 * time.Millisecond
	pollMost  = 2 * time.Second
	// reportEvery is how often a person hears that something still lasts.
	reportEvery = 10 * time.Second
)

// poll asks until it is done or fails, with growing pauses. When ctx ends it returns the cause.
func poll(ctx context.Context, what string, progress io.Writer, ask func() (done bool, err error)) error {
	start, reported := time.Now(), time.Now()
	for pause := pollFirst; ; pause = min(2*pause, pollMost) {
		if done, err := ask(); done || err != nil {
			return err
		}
		if time.Since(reported) > reportEvery {
			reported = time.Now()
			fmt.Fprintf(progress, "  waiting for the %s (%s)\n", what, time.Since(start).Round(time.Second))
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// follow waits for the end of an asynchronous operation.
func follow[T any](ctx context.Context, poller *runtime.Poller[T], what string, progress io.Writer) error {
	err := poll(ctx, what, progress, func() (bool, error) {
		if !poller.Done() {
			if _, err := poller.Poll(ctx); err != nil {
				return false, err
			}
		}
		return poller.Done(), nil
	})
	if err == nil {
		_, err = poller.Result(ctx)
	}
	return err
}
