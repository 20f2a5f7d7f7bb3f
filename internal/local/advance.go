package local

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/crossorg/crossorg/internal/azure"
	"github.com/crossorg/crossorg/internal/azure/arm"
)

// Advance moves the clock of the home's embedded Azure forward and returns what ran on the way. It reaches a running
// local serve, and opens the home for the time of the call otherwise.
func Advance(ctx context.Context, o Options, by time.Duration) (out arm.Advanced, err error) {
	err = withAzure(o, func(a *azure.Azure) error {
		out, err = a.Advance(ctx, by)
		return err
	})
	return out, err
}

// withAzure calls do with the home's embedded Azure, in this process or in the one that serves it.
func withAzure(o Options, do func(*azure.Azure) error) error {
	_, home, err := Locate(o)
	if err != nil {
		return err
	}
	if err := errors.Join(home.isPrivate(), missingAzure(home)); err != nil {
		return err
	}
	if !exists(home.AzureDir()) {
		return fmt.Errorf("%s holds no embedded Azure yet: run local up or local serve with this --home first",
			home.Dir)
	}
	a, err := openAzure(home, o, nil)
	if err != nil {
		return err
	}
	return errors.Join(do(a), a.Close())
}
