package blob

import (
	"net/http"
	"net/url"
	"strings"
)

// auth is who a request comes from. One of the fields is set.
type auth struct {
	sharedKey bool
	sas       *sas
	principal string // object id
	anonymous bool
}

// authenticate finds out who asks. authorization is the Authorization header; q and at may be those of a copy's source,
// which carries a signature of its own.
func (h *Handler) authenticate(
	authorization string, q url.Values, account Account, at target, r *http.Request,
) (auth, *Error) {
	scheme, credentials, _ := strings.Cut(authorization, " ")
	switch {
	case strings.EqualFold(scheme, "SharedKey"):
		if !account.SharedKey {
			return auth{}, errKeyAuth
		}
		return auth{sharedKey: true}, checkSharedKey(r, credentials, account, h.clients())
	case strings.EqualFold(scheme, "Bearer"):
		if r.TLS == nil { // the service takes tokens over TLS only
			return auth{}, errInvalidToken
		}
		return h.bearer(credentials, account)
	case authorization != "":
		return auth{}, errInvalidAuth
	case q.Has("sig"):
		if !account.SharedKey {
			return auth{}, errKeyAuth
		}
		s, e := checkSAS(q, account, at, r.TLS != nil, r.RemoteAddr, h.now())
		return auth{sas: s}, e
	}
	return auth{anonymous: true}, nil
}

func (h *Handler) bearer(token string, account Account) (auth, *Error) {
	if h.authorizer == nil {
		return auth{}, errInvalidToken
	}
	principal, tenant, err := h.authorizer.Bearer(token)
	if err != nil || principal == "" {
		return auth{}, errInvalidToken
	}
	if account.TenantID != "" && !strings.EqualFold(account.TenantID, tenant) {
		return auth{}, errInvalidToken // tokens of another tenant fail the validation of their issuer
	}
	return auth{principal: principal}, nil
}

// authorize decides whether a may do op at a place in an account.
func (h *Handler) authorize(a auth, op *operation, account Account, at target) *Error {
	switch {
	case a.sharedKey:
		return nil
	case a.sas != nil:
		return a.sas.permits(op)
	case a.principal != "":
		if !h.authorizer.Allowed(a.principal, scope(account, at), op.action, op.data) {
			return errPermission
		}
		return nil
	}
	return h.authorizeAnyone(op, account, at)
}

// scope is the resource id that role assignments are looked up for: the container's, or the account's where there is
// none.
func scope(account Account, at target) string {
	if at.container == "" {
		return account.ID
	}
	return account.ID + "/blobServices/default/containers/" + at.container
}

// authorizeAnyone decides about a request without any credentials.
// Source: https://learn.microsoft.com/azure/storage/blobs/anonymous-read-access-overview
func (h *Handler) authorizeAnyone(op *operation, account Account, at target) *Error {
	if op.public == "" {
		return errNoAuthentication
	}
	if !account.PublicAccess {
		return errPublicAccess
	}
	c, ok := h.accounts.Container(nil, at.account, at.container)
	if !ok || c.PublicAccess != PublicContainer && c.PublicAccess != op.public {
		return errResourceNotFound
	}
	return nil
}

// mayOnlyCreate reports whether the caller may make a new blob but not replace one.
func (a auth) mayOnlyCreate() bool {
	return a.sas != nil && !strings.Contains(a.sas.permissions, "w")
}

// authorizeSource decides whether a copy may read its source: with the signature or token that comes with the source,
// else as the caller itself within one account, else as anyone may.
func (x *exchange) authorizeSource(source *url.URL, at target) *Error {
	account, ok := x.accounts.Account(at.account)
	if !ok {
		return errCopySource
	}
	if !x.admits(account) {
		return errCopyDenied
	}
	q := source.Query()
	bearer := x.r.Header.Get("x-ms-copy-source-authorization")
	var a auth
	var e *Error
	switch {
	case bearer != "" || q.Has("sig"):
		a, e = x.authenticate(bearer, q, account, at, x.r)
		if e == nil && a.sharedKey { // a signature of this request is none of the source
			e = errCopyDenied
		}
	case at.account == x.t.account && (x.auth.sharedKey || x.auth.principal != "" ||
		x.auth.sas != nil && !x.auth.sas.service):
		a = x.auth
	default:
		a = auth{anonymous: true}
	}
	if e == nil {
		e = x.authorize(a, opGet, account, at)
	}
	if e == nil {
		return nil
	}
	if e.Status == http.StatusNotFound {
		return errCopySource
	}
	return errCopyDenied
}
