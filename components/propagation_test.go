package components

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/tests/azuremock"
)

// await runs effectiveAfter in a program and returns what it comes to.
func await(t *testing.T, assignedOn string, window time.Duration, options azuremock.Options) (any, error) {
	t.Helper()
	var value any
	_, err := azuremock.Run(func(ctx *pulumi.Context) error {
		out := effectiveAfter(ctx, nil, "the provider", pulumi.String(assignedOn),
			pulumi.String(window.String()), pulumi.String("account"))
		result, err := internals.UnsafeAwaitOutput(ctx.Context(), out)
		value = result.Value
		return err
	}, options)
	return value, err
}

func TestEffectiveAfterWaitsOnlyWhileARoleAssignmentIsFresh(t *testing.T) {
	for name, c := range map[string]struct {
		assignedOn string
		window     time.Duration
		preview    bool
		waits      []time.Duration
	}{
		"a minute old": {"2026-01-02T11:59:00.1234567Z", 5 * time.Minute, false,
			[]time.Duration{4*time.Minute + 123456700}},
		"older than the window":    {"2026-01-02T11:54:59Z", 5 * time.Minute, false, nil},
		"exactly the window old":   {"2026-01-02T11:55:00Z", 5 * time.Minute, false, nil},
		"no window":                {"2026-01-02T12:00:00Z", 0, false, nil},
		"fresh, in a preview":      {"2026-01-02T12:00:00Z", 5 * time.Minute, true, nil},
		"from a clock that is off": {"2026-01-02T15:00:00Z", 5 * time.Minute, false, []time.Duration{5 * time.Minute}},
	} {
		t.Run(name, func(t *testing.T) {
			waits := StopClock(t, nil)
			value, err := await(t, c.assignedOn, c.window, azuremock.Options{Preview: c.preview})
			require.NoError(t, err)
			assert.Equal(t, "account", value)
			assert.Equal(t, c.waits, waits.All())
		})
	}
}

func TestEffectiveAfterReportsAnInterruptedWait(t *testing.T) {
	StopClock(t, errors.New("interrupted"))
	_, err := await(t, "2026-01-02T12:00:00Z", time.Minute, azuremock.Options{})
	require.ErrorContains(t, err, "waiting for the role assignment of the provider: interrupted")
}

func TestEffectiveAfterRefusesATimeItCannotRead(t *testing.T) {
	StopClock(t, nil)
	_, err := await(t, "yesterday", time.Minute, azuremock.Options{})
	require.ErrorContains(t, err, `role assignment of the provider: its creation time "yesterday" is not in RFC 3339`)
}

func TestSleepEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, sleep(ctx, time.Hour), context.Canceled)
	require.NoError(t, sleep(t.Context(), time.Nanosecond))
}
