package arm

import (
	"strings"
	"time"
)

// Timestamp renders an instant as ARM and most services do: UTC, with seven fractional digits.
func Timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.0000000Z") }

// LocationName is the name of a region as resources store it: "East US" is "eastus". Regions with equal names are the
// same region.
func LocationName(location string) string {
	return strings.ToLower(strings.ReplaceAll(location, " ", ""))
}
