package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestDurationsToMoveTheClockBy(t *testing.T) {
	for text, want := range map[string]time.Duration{"90s": 90 * time.Second, "48h": 48 * time.Hour,
		"7d": 7 * 24 * time.Hour, "1.5d": 36 * time.Hour} {
		got, err := days(text)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, text := range []string{"", "48", "d", "-1h", "0s", "-2d", "tomorrow"} {
		_, err := days(text)
		require.ErrorContains(t, err, "unit", text)
	}
}
