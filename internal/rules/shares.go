package rules

import "time"

// The intervals of snapshot schedules: Data Share takes snapshots hourly or daily
// (learn.microsoft.com/azure/data-share/share-your-data).
const (
	Hour = "Hour"
	Day  = "Day"
)

// Intervals are the intervals of snapshot schedules, the shortest first.
func Intervals() []string { return []string{Hour, Day} }

// Period is the time from one snapshot to the next; 0 for an unknown interval.
func Period(interval string) time.Duration {
	switch interval {
	case Hour:
		return time.Hour
	case Day:
		return 24 * time.Hour
	}
	return 0
}

// SnapshotTolerance is how old the last successful snapshot may be before one counts as overdue: the interval, the time
// that a snapshot takes, a delayed start, and the delay of logs. It is 0 for an unknown interval.
func SnapshotTolerance(interval string) time.Duration {
	switch interval {
	case Hour:
		return 2 * time.Hour
	case Day:
		return 30 * time.Hour
	}
	return 0
}

// ShareKind is the kind of every share. Snapshots are copies; the other kind, in-place sharing, has no snapshots
// (learn.microsoft.com/azure/data-share/supported-data-stores).
const ShareKind = "CopyBased"

// The kinds of data sets.
const (
	// Blob is one blob.
	Blob = "blob"
	// Folder is every blob whose name begins with a path and a slash.
	Folder = "folder"
	// Container is a whole container.
	Container = "container"
)

// DataSetKinds are the kinds of data sets.
func DataSetKinds() []string { return []string{Blob, Folder, Container} }
