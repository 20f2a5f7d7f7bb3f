package azure

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// The latency profiles.
const (
	// LatencyNone answers at once, applies roles at once, and refuses no request for coming too soon. "" means the
	// same.
	LatencyNone = "none"
	// LatencyAzure takes time as Azure does, delays role assignments, and refuses requests beyond Azure's limits.
	LatencyAzure = "azure"
)

// When a trigger takes its first snapshot. Microsoft's pages differ: subscribe-to-data-share says within a minute of
// the scheduled time, a module of Microsoft Learn says when the schedule is accepted.
const (
	// FirstScheduled takes it when the schedule says. "" means the same: who relies on nothing earlier is right on
	// either Azure.
	FirstScheduled = "scheduled"
	// FirstAtOnce takes one more as soon as the trigger is made.
	FirstAtOnce = "at-once"
)

// roleDelay is how long role assignments take to have effect under LatencyAzure: a usual time. Ten minutes are
// documented as the longest.
// Source: https://learn.microsoft.com/azure/role-based-access-control/troubleshooting
const roleDelay = 2 * time.Minute

// Latency is a latency profile, scaled.
type Latency struct {
	// Profile is LatencyNone or LatencyAzure.
	Profile string `json:"profile"`
	// Scale multiplies every time of LatencyAzure; 1 is as long as Azure takes. 0 means 1.
	Scale float64 `json:"scale"`
	// FirstSnapshot is FirstScheduled or FirstAtOnce, under either profile.
	FirstSnapshot string `json:"firstSnapshot,omitempty"`
}

// Check refuses an unknown profile, an unknown time of first snapshots, and a scale that is out of range.
func (l Latency) Check() error {
	switch l.Profile {
	case "", LatencyNone, LatencyAzure:
	default:
		return fmt.Errorf("latency profile %q is unknown: it must be %s or %s", l.Profile, LatencyNone, LatencyAzure)
	}
	switch l.FirstSnapshot {
	case "", FirstScheduled, FirstAtOnce:
	default:
		return fmt.Errorf("the first snapshot %q is unknown: it must be %s or %s", l.FirstSnapshot, FirstScheduled,
			FirstAtOnce)
	}
	if !(l.Scale >= 0 && l.Scale <= 10) {
		return fmt.Errorf("a latency scale of %v is out of range: it must be more than 0 and at most 10", l.Scale)
	}
	return nil
}

// factor is what durations are multiplied by; 0 without latency.
func (l Latency) factor() float64 {
	switch {
	case l.Profile != LatencyAzure:
		return 0
	case l.Scale == 0:
		return 1
	}
	return l.Scale
}

// RoleDelay is how long a role assignment takes to have effect.
func (l Latency) RoleDelay() time.Duration { return time.Duration(float64(roleDelay) * l.factor()) }

// Latency is the profile of the embedded Azure, in this process or in the one that serves the home.
func (a *Azure) Latency(ctx context.Context) (out Latency, err error) {
	if a.server != nil {
		return a.latency, nil
	}
	return out, a.callControl(ctx, http.MethodGet, "latency", nil, &out)
}
