package blob

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/crossorg/crossorg/internal/azure/store"
)

// copyBlob is Copy Blob, Copy Blob From URL and Put Blob From URL, of sources that are served here. It is done when it
// answers.
// Source: https://learn.microsoft.com/rest/api/storageservices/copy-blob
func (x *exchange) copyBlob() error {
	source, err := url.Parse(x.r.Header.Get("x-ms-copy-source"))
	if err != nil || source.Host == "" {
		return errHeaderValue("x-ms-copy-source")
	}
	if source.Host != x.r.Host {
		return errCopySource
	}
	at, e := parsePath(source)
	if e != nil || at.blob == "" || source.Query().Has("snapshot") {
		return errHeaderValue("x-ms-copy-source")
	}
	from := at.key()
	if from.Version = source.Query().Get("versionid"); from.Version != "" && !checkVersion(from.Version) {
		return errHeaderValue("x-ms-copy-source")
	}
	sourceStands, e := x.authorizeSource(source, at)
	if e != nil {
		return e
	}
	o, e := x.options(false)
	if e != nil {
		return e
	}
	of, e := conditionsOf(x.r.Header, "x-ms-source-")
	if e != nil {
		return e
	}
	check := o.Check
	o.Check = func(tx *store.Tx, old *Properties) error {
		if !sourceStands(tx) {
			return errCopySource
		}
		p, err := stat(tx, from)
		if err != nil {
			return err
		}
		if e := of.read(p.ETag, p.LastModified); e != nil {
			return serviceError(http.StatusPreconditionFailed, "SourceConditionNotMet",
				"The source condition specified using HTTP conditional header(s) is not met.")
		}
		return check(tx, old)
	}
	source.RawQuery = "" // signatures are not kept
	o.CopySource = source.String()
	p, err := x.content.CopyWith(x.r.Context(), from, x.t.key(), o)
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
