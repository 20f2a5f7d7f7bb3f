package blob

import (
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
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
	caller     netip.Addr       // who network rules see; none passes them
	clients    func() time.Time // the clock that clients date their requests by
}

// NewHandler serves the content of the accounts as the Blob service does, at /{account}/{container}/{blob}. Accounts
// that are an Authorizer as well decide about bearer tokens; without one those are refused. now is the clock; nil is
// the machine's.
func NewHandler(content *Content, accounts Accounts, now func() time.Time) *Handler {
	h := &Handler{content: content, accounts: accounts, now: now}
	if h.now == nil {
		h.now = time.Now
	}
	h.clients = h.now
	h.authorizer, _ = accounts.(Authorizer)
	return h
}

// ClientClock sets the clock that clients date their signed requests by, where that is not the service's own: a service
// whose clock was moved forward still serves clients on the machine's time.
func (h *Handler) ClientClock(now func() time.Time) *Handler {
	h.clients = now
	return h
}

// CallersAt makes accounts' network rules judge every request as if it came from address. Without a valid one, callers,
// who are all on loopback, pass network rules: they stand for an operator whose address the account admits. Data Share,
// a trusted service, works below the handler and is not asked.
func (h *Handler) CallersAt(address netip.Addr) *Handler {
	h.caller = address
	return h
}

// admits reports whether the account's network rules let the callers in.
func (h *Handler) admits(a Account) bool {
	return !h.caller.IsValid() || !a.Closed || slices.ContainsFunc(a.Admitted,
		func(p netip.Prefix) bool { return p.Contains(h.caller) })
}

// target is what a URL names. Container and blob may be empty.
type target struct{ account, container, blob string }

func (t target) key() Key { return Key{Account: t.account, Container: t.container, Name: t.blob} }

// parsePath splits a path as it was sent: the blob's name is everything after the container, decoded once.
func parsePath(u *url.URL) (target, *Error) {
	parts := strings.SplitN(strings.TrimPrefix(u.EscapedPath(), "/"), "/", 3)
	for i := range parts {
		var err error
		if parts[i], err = url.PathUnescape(parts[i]); err != nil || !utf8.ValidString(parts[i]) ||
			strings.ContainsRune(parts[i], 0) {
			return target{}, errInvalidURI
		}
	}
	t := target{account: parts[0]}
	if len(parts) > 1 {
		t.container = parts[1]
	}
	if len(parts) > 2 {
		t.blob = parts[2]
	}
	switch {
	case t.account == "" || t.container == "" && t.blob != "" || strings.ContainsAny(t.account+t.container, "/\\"):
		return target{}, errInvalidURI
	case utf8.RuneCountInString(t.blob) > 1024:
		return target{}, errNameLength
	}
	return t, nil
}

// exchange is one request with what has been found out about it.
type exchange struct {
	*Handler
	w       http.ResponseWriter
	r       *http.Request
	q       url.Values
	t       target
	account Account
	auth    auth
	at      time.Time
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{Handler: h, w: w, r: r, q: r.URL.Query(), at: h.now().UTC()}
	requestID := newID()
	head := w.Header()
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
		e.write(w, r, requestID, x.at)
	}
}

// asServiceError tells the client what an error of the content or of Accounts means.
func asServiceError(err error) *Error {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.Is(err, ErrNotFound):
		return errBlobNotFound
	case errors.Is(err, ErrMD5Mismatch):
		return errMD5Mismatch
	case errors.Is(err, ErrInvalidName):
		return errInvalidName
	case errors.Is(err, ErrCurrentVersion):
		return errCurrentVersion
	case errors.Is(err, ErrInvalidBlock):
		return errInvalidBlockList
	case errors.Is(err, ErrContainerExists):
		return errContainerExists
	case errors.Is(err, ErrContainerNotFound):
		return errContainerNotFound
	case errors.As(err, &tooLarge):
		return errTooLarge
	}
	return errInternal()
}

func (x *exchange) serve() error {
	version := x.r.Header.Get("x-ms-version")
	if version == "" {
		version = x.q.Get("sv")
	}
	if version != "" {
		if _, err := time.Parse(time.DateOnly, version); err != nil {
			return errHeaderValue("x-ms-version")
		}
		x.w.Header().Set("x-ms-version", version)
	}
	var e *Error
	if x.t, e = parsePath(x.r.URL); e != nil {
		return e
	}
	account, ok := x.accounts.Account(x.t.account)
	secondary := false
	if !ok { // the secondary endpoint of a read-access geo-redundant account; both have the same content
		var name string
		if name, secondary = strings.CutSuffix(x.t.account, "-secondary"); secondary {
			account, ok = x.accounts.Account(name)
			ok = ok && account.ReadableSecondary
		}
	}
	if !ok {
		return errResourceNotFound
	}
	if secondary && x.r.Method != http.MethodGet && x.r.Method != http.MethodHead {
		return errSecondary
	}
	x.account, x.t.account = account, account.Name
	if account.HTTPSOnly && x.r.TLS == nil {
		return errHTTPSRequired
	}
	if !x.admits(account) {
		return errFirewall
	}
	op, e := x.operation()
	if e != nil {
		return e
	}
	if e := x.refuseHeaders(op); e != nil {
		return e
	}
	if x.auth, e = x.authenticate(x.r.Header.Get("Authorization"), x.q, account, x.t, x.r); e != nil {
		return e
	}
	if version == "" && !x.auth.anonymous {
		return errMissingHeader("x-ms-version")
	}
	if e := x.authorize(x.auth, op, account, x.t); e != nil {
		return e
	}
	return op.run(x)
}

// refuseHeaders refuses what would change the meaning of a request and is not served here, rather than ignoring it.
func (x *exchange) refuseHeaders(op *operation) *Error {
	for _, name := range []string{
		"x-ms-encryption-key", "x-ms-encryption-scope", "x-ms-structured-body", "x-ms-if-tags", "x-ms-tags",
		"x-ms-immutability-policy-until-date", "x-ms-immutability-policy-mode", "x-ms-legal-hold",
	} {
		if x.r.Header.Get(name) != "" {
			return errUnsupportedHeader(name)
		}
	}
	if x.r.Header.Get("x-ms-lease-id") != "" {
		return errLease
	}
	if x.q.Has("snapshot") {
		return errQueryValue("snapshot")
	}
	if x.q.Has("versionid") {
		reads := op == opGet || op == opHead || op == opDeleteVersion
		if !reads || !checkVersion(x.version()) {
			return errQueryValue("versionid")
		}
	}
	return nil
}

type level int

const (
	levelService level = iota
	levelContainer
	levelBlob
)

// letter is the level's letter in an account SAS's resource types.
func (l level) letter() string { return [...]string{"s", "c", "o"}[l] }

// operation is one operation of the service: what it needs, and what it does.
// Permissions: https://learn.microsoft.com/rest/api/storageservices/create-service-sas and create-account-sas; actions:
// https://learn.microsoft.com/rest/api/storageservices/authorize-with-azure-active-directory#permissions-for-calling-data-operations
type operation struct {
	level level
	// permissions are the letters of which a signature must have one.
	permissions string
	// containerSAS says that a service SAS for the container covers the operation although it is not on a blob.
	containerSAS bool
	// public is the level of public access that lets anyone call it; empty is none.
	public string
	// action is what a bearer token's principal must be allowed, data says that it is a data action.
	action string
	data   bool
	run    func(*exchange) error
}

const (
	containersPrefix = "Microsoft.Storage/storageAccounts/blobServices/containers/"
	actionRead       = containersPrefix + "blobs/read"
	actionWrite      = containersPrefix + "blobs/write"
	actionDelete     = containersPrefix + "blobs/delete"
)

var (
	opListContainers = &operation{level: levelService, permissions: "l", action: containersPrefix + "read",
		run: (*exchange).listContainers}
	opAccountInfo = &operation{level: levelService, permissions: "rwdlacup", action: containersPrefix + "read",
		run: (*exchange).accountInfo}

	opCreateContainer = &operation{level: levelContainer, permissions: "cw", action: containersPrefix + "write",
		run: (*exchange).createContainer}
	opDeleteContainer = &operation{level: levelContainer, permissions: "d", action: containersPrefix + "delete",
		run: (*exchange).deleteContainer}
	opContainer = &operation{level: levelContainer, permissions: "r", public: PublicContainer,
		action: containersPrefix + "read", run: (*exchange).containerProperties}
	opContainerMetadata = &operation{level: levelContainer, permissions: "w", action: containersPrefix + "write",
		run: (*exchange).setContainerMetadata}
	opRestoreContainer = &operation{level: levelContainer, permissions: "w", action: containersPrefix + "write",
		run: (*exchange).restoreContainer}
	opListBlobs = &operation{level: levelContainer, permissions: "l", containerSAS: true,
		public: PublicContainer, action: actionRead, data: true, run: (*exchange).listBlobs}

	opGet = &operation{level: levelBlob, permissions: "r", public: PublicBlob, action: actionRead, data: true,
		run: (*exchange).getBlob}
	opHead = &operation{level: levelBlob, permissions: "r", public: PublicBlob, action: actionRead, data: true,
		run: (*exchange).blobProperties}
	opBlockList = &operation{level: levelBlob, permissions: "r", public: PublicBlob, action: actionRead, data: true,
		run: (*exchange).getBlockList}
	opPut = &operation{level: levelBlob, permissions: "cw", action: actionWrite, data: true,
		run: (*exchange).putBlob}
	opCopy = &operation{level: levelBlob, permissions: "cw", action: actionWrite, data: true,
		run: (*exchange).copyBlob}
	opPutBlock = &operation{level: levelBlob, permissions: "cw", action: actionWrite, data: true,
		run: (*exchange).putBlock}
	opPutBlockList = &operation{level: levelBlob, permissions: "cw", action: actionWrite, data: true,
		run: (*exchange).putBlockList}
	opMetadata = &operation{level: levelBlob, permissions: "w", action: actionWrite, data: true,
		run: (*exchange).setMetadata}
	opHeaders = &operation{level: levelBlob, permissions: "w", action: actionWrite, data: true,
		run: (*exchange).setHeaders}
	opTier = &operation{level: levelBlob, permissions: "w", action: actionWrite, data: true,
		run: (*exchange).setTier}
	opDelete = &operation{level: levelBlob, permissions: "d", action: actionDelete, data: true,
		run: (*exchange).deleteBlob}
	opUndelete = &operation{level: levelBlob, permissions: "w", action: actionWrite, data: true,
		run: (*exchange).undelete}

	opDeleteVersion = &operation{level: levelBlob, permissions: "x", action: containersPrefix +
		"blobs/deleteBlobVersion/action", data: true, run: (*exchange).deleteBlob}
)

// operation finds what a request asks for.
func (x *exchange) operation() (*operation, *Error) {
	method, comp := x.r.Method, x.q.Get("comp")
	at := method + " " + comp
	var op *operation
	known := false // whether there is anything at this URL with another method
	switch {
	case x.t.container == "":
		switch restype := x.q.Get("restype"); {
		case restype == "account" && (at == "GET properties" || at == "HEAD properties"):
			op = opAccountInfo
		case restype == "":
			op = map[string]*operation{"GET list": opListContainers}[at]
			known = comp == "list"
		}
	case x.t.blob == "":
		if x.q.Get("restype") == "container" {
			op = map[string]*operation{
				"PUT ": opCreateContainer, "DELETE ": opDeleteContainer, "GET ": opContainer, "HEAD ": opContainer,
				"GET metadata": opContainer, "HEAD metadata": opContainer, "PUT metadata": opContainerMetadata,
				"GET list":     opListBlobs,
				"PUT undelete": opRestoreContainer,
			}[at]
			known = comp == "" || comp == "metadata" || comp == "list" || comp == "undelete"
		}
	default:
		op = map[string]*operation{
			"GET ": opGet, "HEAD ": opHead, "PUT ": opPut, "DELETE ": opDelete,
			"PUT block": opPutBlock, "PUT blocklist": opPutBlockList, "GET blocklist": opBlockList,
			"PUT metadata": opMetadata, "GET metadata": opHead, "HEAD metadata": opHead, "PUT properties": opHeaders,
			"PUT tier": opTier, "PUT undelete": opUndelete,
		}[at]
		if op == opPut && x.r.Header.Get("x-ms-copy-source") != "" {
			op = opCopy
		}
		if op == opDelete && x.q.Has("versionid") {
			op = opDeleteVersion
		}
		known = comp == "" || comp == "block" || comp == "blocklist" || comp == "metadata" || comp == "properties" ||
			comp == "tier" || comp == "undelete"
	}
	switch {
	case op != nil:
		return op, nil
	case known:
		return nil, errMethod
	case comp != "":
		return nil, errQueryValue("comp")
	}
	return nil, errInvalidURI
}
