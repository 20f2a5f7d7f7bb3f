package blob

import (
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/crossorg/crossorg/internal/azure/store"
)

// Lease is a lock on a blob against changes and deletion, or on a container against deletion. It belongs to whoever
// knows its id. The zero value is no lease.
// Sources: https://learn.microsoft.com/rest/api/storageservices/lease-blob and lease-container
type Lease struct {
	ID string `json:"id"`
	// Seconds is how long the lease lasts from each acquisition and renewal; -1 is forever.
	Seconds int `json:"seconds"`
	// Since is the last acquisition or renewal.
	Since time.Time `json:"since"`
	// Broken is when a lease that was broken ends; nil for one that was not.
	Broken *time.Time `json:"broken,omitempty"`
}

// LeaseState is the state of a lease in the words of the service.
type LeaseState string

// The states of a lease.
const (
	LeaseAvailable LeaseState = "available"
	LeaseLeased    LeaseState = "leased"
	LeaseExpired   LeaseState = "expired"
	LeaseBreaking  LeaseState = "breaking"
	LeaseBroken    LeaseState = "broken"
)

// State is the state of a lease at a time; nil is no lease.
func (l *Lease) State(now time.Time) LeaseState {
	switch {
	case l == nil || l.ID == "":
		return LeaseAvailable
	case l.Broken != nil && now.Before(*l.Broken):
		return LeaseBreaking
	case l.Broken != nil:
		return LeaseBroken
	case l.Seconds < 0 || now.Before(l.ends()):
		return LeaseLeased
	}
	return LeaseExpired
}

// ends is when a lease of limited time expires unless it is renewed.
func (l *Lease) ends() time.Time { return l.Since.Add(time.Duration(l.Seconds) * time.Second) }

// Active reports whether the lease keeps others from what it is on.
func (l *Lease) Active(now time.Time) bool {
	state := l.State(now)
	return state == LeaseLeased || state == LeaseBreaking
}

// Status is "locked" or "unlocked".
func (l *Lease) Status(now time.Time) string {
	if l.Active(now) {
		return "locked"
	}
	return "unlocked"
}

// Duration is "infinite" or "fixed"; empty unless the lease is held.
func (l *Lease) Duration(now time.Time) string {
	switch {
	case l.State(now) != LeaseLeased:
		return ""
	case l.Seconds < 0:
		return "infinite"
	}
	return "fixed"
}

// afterWrite is the lease after a write: a lease that is over goes with the state that it was on.
func (l *Lease) afterWrite(now time.Time) *Lease {
	if l.Active(now) {
		return l
	}
	return nil
}

// leaseErrors are the refusals of a request on something that has another lease than the request says.
type leaseErrors struct{ missing, absent, mismatch, lost *Error }

func newLeaseErrors(what, code string) leaseErrors {
	refusal := func(code, message string) *Error {
		return serviceError(http.StatusPreconditionFailed, code, message)
	}
	return leaseErrors{
		missing: refusal("LeaseIdMissing", "There is currently a lease on the "+what+" and no lease ID was specified "+
			"in "+
			"the request."),
		absent: refusal("LeaseNotPresentWith"+code+"Operation", "There is currently no lease on the "+what+"."),
		mismatch: refusal("LeaseIdMismatchWith"+code+"Operation", "The lease ID specified did not match the lease ID "+
			"for the "+what+"."),
		lost: refusal("LeaseLost", "A lease ID was specified, but the lease for the "+what+" has expired."),
	}
}

var (
	blobLeaseErrors      = newLeaseErrors("blob", "Blob")
	containerLeaseErrors = newLeaseErrors("container", "Container")
)

// Permits checks that a request with a lease id, which may be empty, fits a blob's lease. A change or deletion (write)
// needs the id of an active lease; an id that is given must be that of an active lease in any case.
// Source: https://learn.microsoft.com/rest/api/storageservices/lease-blob, "Outcomes of use attempts on blobs by lease
// state"
func (l *Lease) Permits(id string, write bool, now time.Time) *Error {
	return l.permits(id, write, now, blobLeaseErrors)
}

func (l *Lease) permits(id string, write bool, now time.Time, refusals leaseErrors) *Error {
	switch active := l.Active(now); {
	case id == "" && (!active || !write):
		return nil
	case id == "":
		return refusals.missing
	case l.State(now) == LeaseAvailable:
		return refusals.absent
	case !sameLease(l.ID, id):
		return refusals.mismatch
	case !active:
		return refusals.lost
	}
	return nil
}

// sameLease compares lease ids, which are GUIDs in any of their spellings.
func sameLease(a, b string) bool {
	x, errX := uuid.Parse(a)
	y, errY := uuid.Parse(b)
	return errX == nil && errY == nil && x == y
}

// leaseID is the lease id of a request's header; empty without one.
func (x *exchange) leaseID(header string) (string, *Error) {
	id := x.r.Header.Get(header)
	if id == "" {
		return "", nil
	}
	parsed, err := uuid.Parse(id)
	if err != nil {
		return "", errHeaderValue(header)
	}
	return parsed.String(), nil
}

// leaseAction is a lease operation as the request asks for it.
type leaseAction struct {
	action, id, proposed string
	// seconds is the duration of a lease to acquire, period the break period; a nil period is the rest of the lease.
	seconds int
	period  *int
}

// leaseAction reads the headers of a lease operation.
func (x *exchange) leaseAction() (a leaseAction, e *Error) {
	if a.id, e = x.leaseID("x-ms-lease-id"); e != nil {
		return a, e
	}
	if a.proposed, e = x.leaseID("x-ms-proposed-lease-id"); e != nil {
		return a, e
	}
	a.action = x.r.Header.Get("x-ms-lease-action")
	switch a.action {
	case "acquire":
		seconds, e := intHeader(x.r.Header, "x-ms-lease-duration")
		if e != nil {
			return a, e
		}
		if seconds == nil {
			return a, errMissingHeader("x-ms-lease-duration")
		}
		if a.seconds = *seconds; a.seconds != -1 && (a.seconds < 15 || a.seconds > 60) {
			return a, errHeaderValue("x-ms-lease-duration")
		}
	case "break":
		if a.period, e = intHeader(x.r.Header, "x-ms-lease-break-period"); e != nil {
			return a, e
		}
		if a.period != nil && (*a.period < 0 || *a.period > 60) {
			return a, errHeaderValue("x-ms-lease-break-period")
		}
	case "renew", "release", "change":
		switch {
		case a.id == "":
			return a, errMissingHeader("x-ms-lease-id")
		case a.action == "change" && a.proposed == "":
			return a, errMissingHeader("x-ms-proposed-lease-id")
		}
	case "":
		return a, errMissingHeader("x-ms-lease-action")
	default:
		return a, errHeaderValue("x-ms-lease-action")
	}
	return a, nil
}

var (
	errLeasePresent    = serviceError(http.StatusConflict, "LeaseAlreadyPresent", "There is already a lease present.")
	errLeaseNotPresent = serviceError(http.StatusConflict, "LeaseNotPresentWithLeaseOperation",
		"There is currently no lease on the blob.")
	errLeaseMismatch = serviceError(http.StatusConflict, "LeaseIdMismatchWithLeaseOperation",
		"The lease ID specified did not match the lease ID for the blob.")
	errLeaseBreakingAcquire = serviceError(http.StatusConflict, "LeaseIsBreakingAndCannotBeAcquired",
		"The lease ID matched, but the lease is currently in breaking state and cannot be acquired until it is broken.")
	errLeaseBreakingChange = serviceError(http.StatusConflict, "LeaseIsBreakingAndCannotBeChanged",
		"The lease ID matched, but the lease is currently in breaking state and cannot be changed.")
	errLeaseBroken = serviceError(http.StatusConflict, "LeaseIsBrokenAndCannotBeRenewed",
		"The lease ID matched, but the lease has been broken explicitly and cannot be renewed.")
)

// apply is the lease after the operation.
// Source: https://learn.microsoft.com/rest/api/storageservices/lease-blob, "Outcomes of lease operations on blobs by
// lease state"
func (a leaseAction) apply(l *Lease, now time.Time) (*Lease, *Error) {
	state := l.State(now)
	switch {
	case a.action == "acquire":
		return a.acquire(l, state, now)
	case state == LeaseAvailable && a.action == "break":
		return nil, errLeaseNotPresent
	case a.action == "break":
		return a.breaking(l, state, now), nil
	case state == LeaseAvailable:
		return nil, errLeaseMismatch
	case a.action == "change":
		return a.change(l, state)
	case !sameLease(l.ID, a.id):
		return nil, errLeaseMismatch
	case a.action == "release":
		return nil, nil
	case state == LeaseBreaking || state == LeaseBroken:
		return nil, errLeaseBroken
	}
	return &Lease{ID: l.ID, Seconds: l.Seconds, Since: now}, nil
}

func (a leaseAction) acquire(l *Lease, state LeaseState, now time.Time) (*Lease, *Error) {
	switch same := l != nil && sameLease(l.ID, a.proposed); {
	case state == LeaseBreaking && same:
		return nil, errLeaseBreakingAcquire
	case state == LeaseBreaking, state == LeaseLeased && !same:
		return nil, errLeasePresent
	}
	id := a.proposed
	if id == "" {
		id = uuid.NewString()
	}
	return &Lease{ID: id, Seconds: a.seconds, Since: now}, nil
}

func (a leaseAction) change(l *Lease, state LeaseState) (*Lease, *Error) {
	switch {
	case !sameLease(l.ID, a.id) && !sameLease(l.ID, a.proposed):
		return nil, errLeaseMismatch
	case state == LeaseBreaking:
		return nil, errLeaseBreakingChange
	case state != LeaseLeased:
		return nil, errLeaseNotPresent
	}
	out := *l
	out.ID = a.proposed
	return &out, nil
}

// breaking is the lease when it is broken: it ends with the break period, and not after the time that it has left. A
// lease without end is broken at once unless a period is given.
func (a leaseAction) breaking(l *Lease, state LeaseState, now time.Time) *Lease {
	out := *l
	end := now
	switch {
	case state == LeaseBroken:
		return &out
	case state == LeaseBreaking:
		end = *l.Broken
	case state == LeaseLeased && l.Seconds > 0:
		end = l.ends()
	case state == LeaseLeased && a.period != nil:
		end = now.Add(time.Duration(*a.period) * time.Second)
	}
	if a.period != nil {
		if asked := now.Add(time.Duration(*a.period) * time.Second); asked.Before(end) {
			end = asked
		}
	}
	out.Broken = &end
	return &out
}

// answerLease answers a lease operation.
func (x *exchange) answerLease(a leaseAction, l *Lease) {
	status := http.StatusOK
	switch a.action {
	case "acquire":
		status = http.StatusCreated
		x.w.Header().Set("x-ms-lease-id", l.ID)
	case "renew", "change":
		x.w.Header().Set("x-ms-lease-id", l.ID)
	case "break":
		status = http.StatusAccepted
		x.w.Header().Set("x-ms-lease-time", leaseTime(l, x.at))
	}
	x.w.WriteHeader(status)
}

// leaseBlob is Lease Blob: https://learn.microsoft.com/rest/api/storageservices/lease-blob
func (x *exchange) leaseBlob() error {
	a, e := x.leaseAction()
	if e != nil {
		return e
	}
	when, e := conditionsOf(x.r.Header, "")
	if e != nil {
		return e
	}
	if _, err := x.containerIn(nil); err != nil {
		return err
	}
	p, err := x.content.Change(x.t.key(), x.at, ChangeTier, func(tx *store.Tx, p *Properties) error {
		if err := x.mayStage(tx); err != nil {
			return err
		}
		if when.read(p.ETag, p.LastModified) != nil || when.onTags(p) != nil {
			return errConditionNotMet
		}
		changed, e := a.apply(p.Lease, x.at)
		if e != nil {
			return e
		}
		p.Lease = changed
		return nil
	})
	if err != nil {
		return err
	}
	x.stamp(p)
	x.answerLease(a, p.Lease)
	return nil
}

// leaseContainer is Lease Container: https://learn.microsoft.com/rest/api/storageservices/lease-container
func (x *exchange) leaseContainer() error {
	a, e := x.leaseAction()
	if e != nil {
		return e
	}
	c, err := x.accounts.ChangeContainer(x.account, x.t.container, func(c *Container) error {
		if err := x.mayChangeContainer(*c); err != nil {
			return err
		}
		changed, e := a.apply(c.Lease, x.at)
		if e != nil {
			return e
		}
		c.Lease = changed
		return nil
	})
	if err != nil {
		return err
	}
	x.stampContainer(c)
	x.answerLease(a, c.Lease)
	return nil
}
