package blob

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/crossorg/crossorg/internal/azure/store"
)

// copySource is where a copy reads.
type copySource struct {
	url *url.URL
	key Key
	// stands reports whether the container that the decision about the source is on is still there.
	stands func(tx *store.Tx) bool
	when   conditions
	lease  string
}

// copySource reads the source from the request's headers, and decides whether the caller may read it.
func (x *exchange) copySource() (s copySource, e *Error) {
	var err error
	if s.url, err = url.Parse(x.r.Header.Get("x-ms-copy-source")); err != nil || s.url.Host == "" {
		return s, errHeaderValue("x-ms-copy-source")
	}
	if s.url.Host != x.r.Host {
		return s, errCopySource
	}
	at, e := parsePath(s.url)
	if e != nil || at.blob == "" {
		return s, errHeaderValue("x-ms-copy-source")
	}
	s.key = at.key()
	if s.key.Version = s.url.Query().Get("versionid"); s.key.Version != "" && !checkVersion(s.key.Version) {
		return s, errHeaderValue("x-ms-copy-source")
	}
	if s.key.Snapshot = s.url.Query().Get("snapshot"); s.key.Snapshot != "" &&
		(s.key.Version != "" || !checkVersion(s.key.Snapshot)) {
		return s, errHeaderValue("x-ms-copy-source")
	}
	if s.stands, e = x.authorizeSource(s.url, at); e != nil {
		return s, e
	}
	if s.when, e = conditionsOf(x.r.Header, "x-ms-source-"); e != nil {
		return s, e
	}
	s.lease, e = x.leaseID("x-ms-source-lease-id")
	s.url.RawQuery = "" // signatures are not kept
	return s, e
}

// mayRead is the check of the source in the copy's transaction.
func (s copySource) mayRead(tx *store.Tx, now time.Time) error {
	if !s.stands(tx) {
		return errCopySource
	}
	p, err := stat(tx, s.key)
	if err != nil {
		return err
	}
	if s.when.read(p.ETag, p.LastModified) != nil || s.when.onTags(p) != nil {
		return serviceError(http.StatusPreconditionFailed, "SourceConditionNotMet",
			"The source condition specified using HTTP conditional header(s) is not met.")
	}
	if e := p.Lease.Permits(s.lease, false, now); e != nil {
		return e
	}
	return nil
}

// copyBlob is Copy Blob, Copy Blob From URL and Put Blob From URL, of sources that are served here. It is done when it
// answers.
// Source: https://learn.microsoft.com/rest/api/storageservices/copy-blob
func (x *exchange) copyBlob() error {
	if strings.EqualFold(x.r.Header.Get("x-ms-copy-source-tag-option"), "COPY") {
		return errUnsupportedHeader("x-ms-copy-source-tag-option")
	}
	source, e := x.copySource()
	if e != nil {
		return e
	}
	o, e := x.options(false)
	if e != nil {
		return e
	}
	check := o.Check
	o.Check = func(tx *store.Tx, old *Properties) error {
		if err := source.mayRead(tx, x.at); err != nil {
			return err
		}
		return check(tx, old)
	}
	o.CopySource = source.url.String()
	p, err := x.content.CopyWith(x.r.Context(), source.key, x.t.key(), o)
	if errors.Is(err, ErrNotFound) {
		return errCopySource
	}
	if err != nil {
		return err
	}
	x.stamp(p)
	h := x.w.Header()
	h.Set("x-ms-copy-id", p.CopyID)
	h.Set("x-ms-copy-status", "success")
	status := http.StatusAccepted
	if x.r.Header.Get("x-ms-blob-type") != "" { // Put Blob From URL
		status = http.StatusCreated
	}
	x.w.WriteHeader(status)
	return nil
}

// authorizeSource decides whether a copy may read its source: with the signature or token that comes with the source,
// else as the caller itself within one account, else as anyone may. stands reports whether the container that the
// decision is on is still there.
func (x *exchange) authorizeSource(source *url.URL, at target) (stands func(tx *store.Tx) bool, _ *Error) {
	account, ok := x.accounts.Account(at.account)
	if !ok {
		return nil, errCopySource
	}
	if !x.admits(account) {
		return nil, errCopyDenied
	}
	decided, _ := x.accounts.Container(nil, account, at.container)
	stands = func(tx *store.Tx) bool {
		now, ok := x.accounts.Container(tx, account, at.container)
		return ok && now.Instance == decided.Instance
	}
	q := source.Query()
	bearer := x.r.Header.Get("x-ms-copy-source-authorization")
	var a auth
	var e *Error
	switch {
	case bearer != "" || q.Has("sig"):
		a, e = x.authenticate(bearer, q, account, at, x.r)
		if e == nil && a.kind == AccountKey { // this request is signed for its own URL, not for the source's
			e = errCopyDenied
		}
	case at.account == x.t.account && (x.auth.kind == AccountKey ||
		x.auth.kind == OAuth || x.auth.kind == SAS && !x.auth.sas.service):
		a = x.auth
	default:
		a = auth{kind: Anonymous}
	}
	if e == nil {
		e = x.authorize(a, toReadBlob, account, at)
	}
	if e == nil {
		return stands, nil
	}
	if e.Status == http.StatusNotFound {
		return nil, errCopySource
	}
	return nil, errCopyDenied
}
