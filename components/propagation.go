package components

import (
	"context"
	"fmt"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// clock is time as effectiveAfter sees it.
type clock struct {
	now   func() time.Time
	sleep func(context.Context, time.Duration) error
}

// wallClock is what runs outside of tests use.
var wallClock = clock{now: time.Now, sleep: sleep}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// effectiveAfter is value, known only once window (a duration) has passed since assignedOn (RFC 3339, empty when there
// is nothing to wait for): Azure may take ten minutes to let a new role assignment take effect
// (learn.microsoft.com/azure/role-based-access-control/troubleshooting), and Data Share refuses data sets and mappings
// before (code 5006). Whoever uses the result depends on the assignment, so is created after it and deleted before it.
// Nothing waits in a preview, nor once the window has passed.
func effectiveAfter(
	ctx *pulumi.Context, on pulumi.Resource, whose string, assignedOn, window, value pulumi.StringInput,
) pulumi.StringOutput {
	timer := wallClock
	return pulumi.All(assignedOn, window, value).ApplyTWithContext(ctx.Context(),
		func(wait context.Context, known []any) (string, error) {
			created, window, value := known[0].(string), known[1].(string), known[2].(string)
			if ctx.DryRun() || created == "" {
				return value, nil
			}
			left, err := remaining(timer.now(), created, window)
			if err != nil {
				return "", fmt.Errorf("role assignment of %s: %w", whose, err)
			}
			if left <= 0 {
				return value, nil
			}
			message := fmt.Sprintf("Waiting %s for the role assignment of %s to take effect",
				left.Round(time.Second), whose)
			if err := ctx.Log.Info(message, &pulumi.LogArgs{Resource: on}); err != nil {
				return "", err
			}
			if err := timer.sleep(wait, left); err != nil {
				return "", fmt.Errorf("waiting for the role assignment of %s: %w", whose, err)
			}
			return value, nil
		}).(pulumi.StringOutput)
}

// remaining is how much of window is left at now. It is never more than window, however wrong a clock is.
func remaining(now time.Time, created, window string) (time.Duration, error) {
	whole, err := time.ParseDuration(window)
	if err != nil || whole <= 0 {
		return 0, err
	}
	start, err := time.Parse(time.RFC3339Nano, created)
	if err != nil {
		return 0, fmt.Errorf("its creation time %q is not in RFC 3339", created)
	}
	return min(start.Add(whole).Sub(now), whole), nil
}
