package arm

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// Op is a kind of operation on a resource, as far as its duration goes.
type Op int

// The kinds of operations. A read is GET, an action POST.
const (
	OpRead Op = iota
	OpCreate
	OpUpdate
	OpDelete
	OpAction
)

// Latency sets how long operations take. With the zero value they end at once.
type Latency struct {
	// Scale multiplies the durations of the table below: 1 is as long as Azure, 0.01 a hundredth, 0 none.
	Scale float64
}

// durations of the operations on one type; zero means the default's.
type durations struct {
	create, update, delete, action time.Duration
	// poll is the Retry-After of an operation in progress.
	poll time.Duration
}

// defaultDurations hold for types that are not in the table; readDuration for every GET.
var defaultDurations = durations{
	create: time.Second, update: time.Second, delete: time.Second, action: 500 * time.Millisecond,
	poll: 10 * time.Second,
}

const readDuration = 150 * time.Millisecond

// typical are durations by type in lower case. Microsoft publishes none of them: they are orders of magnitude, chosen
// so that what takes long on Azure (a node type's virtual machines, above all) takes long in proportion. Of the polling
// intervals, storage's 17 and a resource group's 15 seconds are the ones that the services are known to send.
var typical = map[string]durations{
	"microsoft.resources/resourcegroups": {delete: time.Minute, poll: 15 * time.Second},

	"microsoft.storage/storageaccounts": {create: 20 * time.Second, delete: 3 * time.Second, poll: 17 * time.Second},

	"microsoft.keyvault/vaults": {create: 15 * time.Second, update: 5 * time.Second, delete: 8 * time.Second},

	"microsoft.datashare/accounts":                 {create: 30 * time.Second, delete: time.Minute},
	"microsoft.datashare/accounts/shares":          {create: 2 * time.Second, delete: 20 * time.Second},
	"microsoft.datashare/accounts/shares/datasets": {create: 3 * time.Second, delete: 10 * time.Second},
	"microsoft.datashare/accounts/sharesubscriptions": {
		create: 4 * time.Second, delete: 30 * time.Second, action: 45 * time.Second,
	},
	"microsoft.datashare/accounts/sharesubscriptions/triggers": {
		create: 10 * time.Second, delete: 10 * time.Second,
	},
	"microsoft.datashare/accounts/shares/providersharesubscriptions": {action: 15 * time.Second},

	"microsoft.servicefabric/managedclusters": {
		create: 2 * time.Minute, update: 2 * time.Minute, delete: 5 * time.Minute,
	},
	"microsoft.servicefabric/managedclusters/nodetypes": {
		create: 12 * time.Minute, update: 5 * time.Minute, delete: 6 * time.Minute,
	},
	"microsoft.servicefabric/managedclusters/applicationtypes": {delete: 10 * time.Second},
	"microsoft.servicefabric/managedclusters/applicationtypes/versions": {
		create: 45 * time.Second, delete: 20 * time.Second,
	},
	"microsoft.servicefabric/managedclusters/applications": {
		create: 90 * time.Second, update: 5 * time.Minute, delete: time.Minute,
	},
	"microsoft.servicefabric/managedclusters/applications/services": {
		create: 30 * time.Second, update: 15 * time.Second, delete: 20 * time.Second,
	},

	"microsoft.operationalinsights/workspaces": {
		create: 15 * time.Second, update: 5 * time.Second, delete: 5 * time.Second,
	},
	"microsoft.insights/diagnosticsettings":   {create: 2 * time.Second},
	"microsoft.insights/scheduledqueryrules":  {create: 3 * time.Second},
	"microsoft.authorization/roleassignments": {create: 2 * time.Second},
}

// Latency is how long an operation on a type ("Microsoft.Storage/storageAccounts") takes under the server's profile;
// zero without one.
func (s *Server) Latency(fullType string, op Op) time.Duration {
	return s.latency.scaled(durationOf(fullType, op))
}

func durationOf(fullType string, op Op) time.Duration {
	pick := func(d durations) time.Duration {
		return map[Op]time.Duration{OpRead: readDuration, OpCreate: d.create, OpUpdate: d.update, OpDelete: d.delete,
			OpAction: d.action}[op]
	}
	if d := pick(typical[strings.ToLower(fullType)]); d > 0 {
		return d
	}
	return pick(defaultDurations)
}

func (l Latency) scaled(d time.Duration) time.Duration { return time.Duration(float64(d) * l.Scale) }

// pollAfter sets the headers that ask a client to come again: no sooner than the operation can have ended, no later
// than the service's own interval. Retry-After counts whole seconds, so x-ms-retry-after-ms has the precise time.
func (s *Server) pollAfter(rep *reply, fullType string, left time.Duration) {
	interval := typical[strings.ToLower(fullType)].poll
	if interval == 0 {
		interval = defaultDurations.poll
	}
	interval = s.latency.scaled(interval)
	if left > 0 {
		interval = min(interval, left)
	}
	if interval <= 0 {
		rep.set("Retry-After", "0") // operations end at once
		return
	}
	rep.set("Retry-After", strconv.Itoa(int(math.Ceil(interval.Seconds()))))
	rep.set("x-ms-retry-after-ms", strconv.Itoa(int(max(1, interval.Milliseconds()))))
}
