package blob

import (
	"net/http"
	"strings"
	"time"

	"github.com/crossorg/crossorg/internal/azure/store"
)

// conditions are a request's conditional headers.
// Source: https://learn.microsoft.com/rest/api/storageservices/specifying-conditional-headers-for-blob-service-operations
type conditions struct {
	match, noneMatch                string
	modifiedSince, unmodifiedSince  time.Time
	hasModified, hasUnmodifiedSince bool
	// tags must fit the blob's tags; nil fits all.
	tags tagFilter
}

func conditionsOf(h http.Header, prefix string) (conditions, *Error) {
	c := conditions{match: h.Get(prefix + "if-match"), noneMatch: h.Get(prefix + "if-none-match")}
	var err error
	if v := h.Get(prefix + "if-modified-since"); v != "" {
		if c.modifiedSince, err = http.ParseTime(v); err != nil {
			return c, errHeaderValue(prefix + "if-modified-since")
		}
		c.hasModified = true
	}
	if v := h.Get(prefix + "if-unmodified-since"); v != "" {
		if c.unmodifiedSince, err = http.ParseTime(v); err != nil {
			return c, errHeaderValue(prefix + "if-unmodified-since")
		}
		c.hasUnmodifiedSince = true
	}
	name := "x-ms-if-tags"
	if prefix != "" {
		name = prefix + "if-tags"
	}
	if v := h.Get(name); v != "" {
		var e *Error
		if c.tags, e = parseTagFilter(v, false); e != nil {
			return c, e
		}
	}
	return c, nil
}

// onTags checks the condition on the tags of a blob, which is nil if there is none.
func (c conditions) onTags(p *Properties) *Error {
	if c.tags == nil || p != nil && c.tags.matches("", p.Tags) {
		return nil
	}
	return errConditionNotMet
}

// matches reports whether a list of ETags has this one.
func matches(list, etag string) bool {
	for _, one := range strings.Split(list, ",") {
		one = strings.Trim(strings.TrimSpace(one), `"`)
		if one == "*" || one == etag {
			return true
		}
	}
	return false
}

// read checks the conditions of a reading request.
func (c conditions) read(etag string, modified time.Time) *Error {
	switch {
	case c.match != "" && !matches(c.match, etag), c.hasUnmodifiedSince && modified.After(c.unmodifiedSince):
		return errConditionNotMet
	case c.noneMatch != "" && matches(c.noneMatch, etag), c.hasModified && c.noneMatch == "" &&
		!modified.After(c.modifiedSince):
		return errNotModified
	}
	return nil
}

// write checks the conditions of a writing request; old is the present blob, nil without one.
func (c conditions) write(old *Properties) *Error {
	if e := c.onTags(old); e != nil {
		return e
	}
	if old == nil {
		if c.match != "" {
			return errConditionNotMet
		}
		return nil
	}
	switch e := c.read(old.ETag, old.LastModified); {
	case e == nil:
		return nil
	case e == errNotModified && c.noneMatch == "*":
		return errBlobExists
	}
	return errConditionNotMet
}

// mayUse checks that a request's lease id fits the lease of a blob, which is nil if there is none. A change or deletion
// (write) needs the id of an active lease.
func (x *exchange) mayUse(p *Properties, write bool) error {
	id, e := x.leaseID("x-ms-lease-id")
	if e != nil {
		return e
	}
	var l *Lease
	if p != nil {
		l = p.Lease
	}
	if e := l.Permits(id, write, x.at); e != nil {
		return e
	}
	return nil
}

// mayWrite is the check of a writing request in its transaction: the container still exists, the conditions hold, and
// the present blob may be replaced.
func (x *exchange) mayWrite(c conditions) func(tx *store.Tx, old *Properties) error {
	return func(tx *store.Tx, old *Properties) error {
		if err := x.mayStage(tx); err != nil {
			return err
		}
		if e := c.write(old); e != nil {
			return e
		}
		if err := x.mayUse(old, true); err != nil || old == nil {
			return err
		}
		if x.auth.mayOnlyCreate() {
			return errPermission
		}
		return x.mayChange(tx, old)
	}
}

// mayDelete is the same for a deletion.
func (x *exchange) mayDelete(c conditions) func(tx *store.Tx, old *Properties) error {
	return func(tx *store.Tx, old *Properties) error {
		if err := x.mayStage(tx); err != nil {
			return err
		}
		if e := c.write(old); e != nil {
			if e == errBlobExists {
				e = errConditionNotMet
			}
			return e
		}
		if err := x.mayUse(old, true); err != nil {
			return err
		}
		return x.mayChange(tx, old)
	}
}

// mayChange refuses to touch a blob that its container keeps immutable.
// Source: https://learn.microsoft.com/azure/storage/blobs/immutable-storage-overview
func (x *exchange) mayChange(tx *store.Tx, old *Properties) error {
	c, err := x.containerIn(tx)
	if err == nil && c.Immutable > 0 && x.at.Before(old.CreatedAt.Add(c.Immutable)) {
		return errImmutable
	}
	return err
}

func (x *exchange) mayStage(tx *store.Tx) error {
	_, err := x.containerIn(tx)
	return err
}
