package rules_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/crossorg/crossorg/internal/rules"
)

func TestEveryIntervalHasAPeriodAndATolerance(t *testing.T) {
	for _, interval := range rules.Intervals() {
		assert.Positive(t, rules.Period(interval))
		assert.Greater(t, rules.SnapshotTolerance(interval), rules.Period(interval),
			"a snapshot that is due now is not overdue yet")
	}
	for _, other := range []string{"", "hour", "Week"} {
		assert.Zero(t, rules.Period(other))
		assert.Zero(t, rules.SnapshotTolerance(other))
	}
}

func TestEveryClusterSKUNeedsNodes(t *testing.T) {
	for _, sku := range rules.ClusterSKUs() {
		assert.Positive(t, rules.LeastNodes(sku))
	}
	assert.Zero(t, rules.LeastNodes("Premium"))
}

func TestARangeHasBothItsEnds(t *testing.T) {
	days := rules.Range{Min: 7, Max: 90}
	assert.Equal(t, []bool{false, true, true, false},
		[]bool{days.Contains(6), days.Contains(7), days.Contains(90), days.Contains(91)})
	assert.Equal(t, "7 to 90", days.String())
}
