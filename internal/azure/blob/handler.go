package blob

import (
	"cmp"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/crossorg/crossorg/internal/azure/store"
)

// Limits of a request. Source: https://learn.microsoft.com/azure/storage/blobs/scalability-targets
const (
	maxPutBlob   = 5000 << 20
	maxPutBlock  = 4000 << 20
	maxBlocks    = 50_000
	maxListBytes = 16 << 20 // of a block list's XML
	maxMetadata  = 8 << 10
)

// Handler is the Blob service.
type Handler struct {
	content    *Content
	accounts   Accounts
	authorizer Authorizer
	now        func() time.Time
	caller     netip.Addr       // the address that network rules see; without one, callers pass them
	clients    func() time.Time // the clock that clients date their requests by
	record     func(Record)     // nil records nothing
}

// NewHandler serves the content of the accounts as the Blob service does, at /{account}/{container}/{blob}. Bearer
// tokens are accepted if accounts is an Authorizer too. now is the clock; nil is the machine's.
func NewHandler(content *Content, accounts Accounts, now func() time.Time) *Handler {
	h := &Handler{content: content, accounts: accounts, now: now}
	if h.now == nil {
		h.now = time.Now
	}
	h.clients = h.now
	h.authorizer, _ = accounts.(Authorizer)
	return h
}

// ClientClock sets the clock that clients date their signed requests by, if it is not the service's own: a service
// whose clock was moved forward still serves clients on the machine's time.
func (h *Handler) ClientClock(now func() time.Time) *Handler {
	h.clients = now
	return h
}

// CallersAt makes accounts' network rules judge every request as if it came from address. All callers are on loopback:
// without a valid address they stand for an operator whose address the account admits. Data Share, a trusted service,
// works below the handler and passes.
func (h *Handler) CallersAt(address netip.Addr) *Handler {
	h.caller = address
	return h
}

// admits reports whether the account's network rules let the callers in.
func (h *Handler) admits(a Account) bool {
	return !h.caller.IsValid() || !a.Closed || slices.ContainsFunc(a.Admitted,
		func(p netip.Prefix) bool { return p.Contains(h.caller) })
}

// target is the account, container and blob that a URL names. Container and blob may be empty.
type target struct{ account, container, blob string }

func (t target) key() Key { return Key{Account: t.account, Container: t.container, Name: t.blob} }

// parsePath splits a path as it was sent: the blob's name is everything after the container, decoded once. With an
// error, the target is a guess for the log.
func parsePath(u *url.URL) (target, *Error) {
	parts := append(strings.SplitN(strings.TrimPrefix(u.EscapedPath(), "/"), "/", 3), "", "")
	valid := true
	for i, part := range parts {
		decoded, err := url.PathUnescape(part)
		valid = valid && err == nil && utf8.ValidString(decoded) && !strings.ContainsRune(decoded, 0)
		parts[i] = decoded
	}
	t := target{account: parts[0], container: parts[1], blob: parts[2]}
	switch {
	case !valid, t.account == "", t.container == "" && t.blob != "",
		strings.ContainsAny(t.account+t.container, "/\\"):
		return t, errInvalidURI
	case utf8.RuneCountInString(t.blob) > 1024:
		return t, errNameLength
	}
	return t, nil
}

// exchange is one request with its account, caller and operation, as far as they are known.
type exchange struct {
	*Handler
	w       http.ResponseWriter
	r       *http.Request
	q       url.Values
	t       target
	account Account
	// container is the Instance of the container that the decision about the request is on; "" if there was none.
	container string
	// secondary says that the request is for the account's secondary endpoint.
	secondary bool
	op        *operation // nil for an unknown operation
	auth      auth
	at        time.Time
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	answer := &countingWriter{ResponseWriter: w, status: http.StatusOK}
	body := &countingReader{ReadCloser: r.Body}
	r.Body = body
	x := &exchange{Handler: h, w: answer, r: r, q: r.URL.Query(), at: h.now().UTC()}
	x.auth.kind, _ = authenticationOf(r.Header.Get("Authorization"), x.q)
	requestID := newID()
	head := answer.Header()
	head.Set("Server", "Windows-Azure-Blob/1.0")
	head.Set("x-ms-request-id", requestID)
	head.Set("Date", x.at.Format(http.TimeFormat))
	if id := r.Header.Get("x-ms-client-request-id"); id != "" && len(id) <= 1024 {
		head.Set("x-ms-client-request-id", id)
	}
	if err := x.serve(); err != nil {
		var e *Error
		if !errors.As(err, &e) {
			e = asServiceError(err)
		}
		e.write(answer, r, requestID, x.at)
	}
	if h.record != nil && x.account.ID != "" && !x.secondary {
		h.record(x.recorded(began, answer, body))
	}
}

// asServiceError is the service's error for an error of the content or of Accounts.
func asServiceError(err error) *Error {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.Is(err, ErrNotFound):
		return errBlobNotFound
	case errors.Is(err, ErrMD5Mismatch):
		return errMD5Mismatch
	case errors.Is(err, ErrInvalidName):
		return errInvalidName
	case errors.Is(err, ErrSnapshotsPresent):
		return errSnapshotsPresent
	case errors.Is(err, ErrCurrentVersion):
		return errCurrentVersion
	case errors.Is(err, ErrInvalidBlock):
		return errInvalidBlockList
	case errors.Is(err, ErrContainerExists):
		return errContainerExists
	case errors.Is(err, ErrContainerNotFound):
		return errContainerNotFound
	case store.IsFull(err):
		return errDiskFull
	case errors.As(err, &tooLarge):
		return errTooLarge
	}
	return errInternal()
}

// serve checks a request in the order of the service: version, account and name, the account's restrictions, operation,
// caller, permission.
func (x *exchange) serve() error {
	version, badVersion := x.serviceVersion()
	notFound := x.locate()
	op, badRoute := route(x.t, x.r, x.q)
	x.op = op
	if e := cmp.Or(badVersion, notFound); e != nil {
		return e
	}
	if e := x.admit(); e != nil {
		return e
	}
	if badRoute != nil {
		return badRoute
	}
	if e := x.refuseHeaders(); e != nil {
		return e
	}
	var e *Error
	if x.auth, e = x.authenticate(x.r.Header.Get("Authorization"), x.q, x.account, x.t, x.r); e != nil {
		return e
	}
	if version == "" && x.auth.kind != Anonymous {
		return errMissingHeader("x-ms-version")
	}
	if e := x.authorize(x.auth, op.permission, x.account, x.t); e != nil {
		return e
	}
	if e := x.authorizeTags(); e != nil {
		return e
	}
	return op.run(x)
}

// authorizeTags decides about the tags that a request sets or depends on besides what it is for.
// Source: https://learn.microsoft.com/azure/storage/blobs/storage-manage-find-blobs#permissions-and-authorization
func (x *exchange) authorizeTags() *Error {
	for header, needed := range map[string]permission{"x-ms-tags": toSetTags, "x-ms-if-tags": toReadTags} {
		if x.r.Header.Get(header) == "" || x.t.level() != levelBlob {
			continue
		}
		if e := x.authorize(x.auth, needed, x.account, x.t); e != nil {
			return e
		}
	}
	return nil
}

// serviceVersion reads the version of the service that a request asks for; empty is none.
func (x *exchange) serviceVersion() (string, *Error) {
	version := x.r.Header.Get("x-ms-version")
	if version == "" {
		version = x.q.Get("sv")
	}
	if version == "" {
		return "", nil
	}
	if _, err := time.Parse(time.DateOnly, version); err != nil {
		return "", errHeaderValue("x-ms-version")
	}
	x.w.Header().Set("x-ms-version", version)
	return version, nil
}

// locate finds the account and the target of the URL. A read-access geo-redundant account also has a secondary endpoint
// with the same content.
func (x *exchange) locate() *Error {
	var e *Error
	if x.t, e = parsePath(x.r.URL); x.t.account == "" {
		return e
	}
	account, ok := x.accounts.Account(x.t.account)
	if !ok {
		var name string
		if name, x.secondary = strings.CutSuffix(x.t.account, "-secondary"); x.secondary {
			account, ok = x.accounts.Account(name)
			ok = ok && account.ReadableSecondary
		}
	}
	if !ok {
		return cmp.Or(e, errResourceNotFound)
	}
	x.account, x.t.account = account, account.Name
	if c, ok := x.accounts.Container(nil, account, x.t.container); ok && x.t.container != "" {
		x.container = c.Instance
	}
	return e
}

// containerIn is the container that the decision about the request is on, as it is now; with a transaction, as that
// sees it. It is missing once it was deleted, although another may have its name.
func (x *exchange) containerIn(tx *store.Tx) (Container, error) {
	c, ok := x.accounts.Container(tx, x.account, x.t.container)
	if !ok || c.Instance != x.container {
		return Container{}, errContainerNotFound
	}
	return c, nil
}

// read runs what reads a container, before anything is answered. What it has read is of the container that the decision
// is on, because that was there before and after.
func (x *exchange) read(run func() error) error {
	if _, err := x.containerIn(nil); err != nil {
		return err
	}
	err := run()
	if _, gone := x.containerIn(nil); gone != nil {
		return gone
	}
	return err
}

// admit refuses requests that the account takes from no caller, or not from this address.
func (x *exchange) admit() *Error {
	switch {
	case x.secondary && x.r.Method != http.MethodGet && x.r.Method != http.MethodHead:
		return errSecondary
	case x.account.HTTPSOnly && x.r.TLS == nil:
		return errHTTPSRequired
	case !x.admits(x.account):
		return errFirewall
	}
	return nil
}

// refuseHeaders refuses unsupported headers and parameters that would change the meaning of a request.
func (x *exchange) refuseHeaders() *Error {
	for _, name := range []string{
		"x-ms-encryption-key", "x-ms-encryption-scope", "x-ms-structured-body",
		"x-ms-immutability-policy-until-date", "x-ms-immutability-policy-mode", "x-ms-legal-hold",
	} {
		if x.r.Header.Get(name) != "" {
			return errUnsupportedHeader(name)
		}
	}
	if x.q.Has("snapshot") && (!x.op.snapshots || !checkVersion(x.snapshot())) {
		return errQueryValue("snapshot")
	}
	if x.q.Has("snapshot") && x.q.Has("versionid") {
		return errExclusive
	}
	if x.q.Has("versionid") && (!x.op.versions || !checkVersion(x.version())) {
		return errQueryValue("versionid")
	}
	return nil
}
