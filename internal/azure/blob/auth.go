package blob

import (
	"net/http"
	"net/url"
	"strings"
)

// Authentication is how a caller signs in, in the words of the service's log.
type Authentication string

// The ways to sign in.
const (
	AccountKey Authentication = "AccountKey"
	SAS        Authentication = "SAS"
	OAuth      Authentication = "OAuth"
	Anonymous  Authentication = "Anonymous"
)

// Caller is the principal that a bearer token was issued to.
type Caller struct{ ObjectID, TenantID, ClientID string }

// auth is the caller of a request.
type auth struct {
	kind   Authentication
	sas    *sas   // of SAS
	caller Caller // of OAuth
}

// authenticationOf reads the way of signing in from an Authorization header and a query. The credentials are those of a
// key or a token; an unsupported scheme has none.
func authenticationOf(authorization string, q url.Values) (kind Authentication, credentials string) {
	scheme, credentials, _ := strings.Cut(authorization, " ")
	switch strings.ToLower(scheme) {
	case "sharedkey":
		return AccountKey, credentials
	case "sharedkeylite":
		return AccountKey, ""
	case "bearer":
		return OAuth, credentials
	}
	if authorization == "" && q.Has("sig") {
		return SAS, ""
	}
	return Anonymous, ""
}

// authenticate identifies the caller. authorization is the Authorization header; q and at may be those of a copy's
// source, which carries a signature of its own.
func (h *Handler) authenticate(
	authorization string, q url.Values, account Account, at target, r *http.Request,
) (auth, *Error) {
	kind, credentials := authenticationOf(authorization, q)
	a := auth{kind: kind}
	var e *Error
	switch {
	case kind == OAuth && r.TLS == nil: // the service takes tokens over TLS only
		e = errInvalidToken
	case kind == OAuth:
		a.caller, e = h.bearer(credentials, account)
	case kind == Anonymous && authorization != "":
		e = errInvalidAuth
	case kind == Anonymous:
	case kind == SAS && isDelegated(q): // made with a token and not with an account key
		a.sas, e = checkSAS(q, account, at, r.TLS != nil, r.RemoteAddr, h.now())
	case !account.SharedKey:
		e = errKeyAuth
	case kind == AccountKey:
		e = checkSharedKey(r, credentials, account, h.clients())
	case kind == SAS:
		a.sas, e = checkSAS(q, account, at, r.TLS != nil, r.RemoteAddr, h.now())
	}
	return a, e
}

func (h *Handler) bearer(token string, account Account) (Caller, *Error) {
	if h.authorizer == nil {
		return Caller{}, errInvalidToken
	}
	caller, err := h.authorizer.Bearer(token)
	if err != nil || caller.ObjectID == "" {
		return Caller{}, errInvalidToken
	}
	if account.TenantID != "" && !strings.EqualFold(account.TenantID, caller.TenantID) {
		return Caller{}, errInvalidToken // tokens of another tenant fail the validation of their issuer
	}
	return caller, nil
}

// authorize decides whether a has the permission at a place in an account.
func (h *Handler) authorize(a auth, needed permission, account Account, at target) *Error {
	switch {
	case needed.tokenOnly && a.kind != OAuth:
		return errAuthentication("Only authentication scheme Bearer is supported.")
	case a.kind == AccountKey:
		return nil
	case a.kind == SAS:
		if e := a.sas.permits(needed); e != nil || a.sas.delegate == "" {
			return e
		}
		if h.authorizer == nil || !h.authorizer.Allowed(a.sas.delegate, scope(account, at), needed.action,
			needed.data) {
			return errPermission
		}
		return nil
	case a.kind == OAuth:
		if !h.authorizer.Allowed(a.caller.ObjectID, scope(account, at), needed.action, needed.data) {
			return errPermission
		}
		return nil
	}
	return h.authorizeAnyone(needed.public, account, at)
}

// scope is the resource id for the lookup of role assignments: the container's, or the account's without a container.
func scope(account Account, at target) string {
	if at.container == "" {
		return account.ID
	}
	return account.ID + "/blobServices/default/containers/" + at.container
}

// authorizeAnyone decides about a request without credentials: public is the level of public access that allows it;
// with an empty one it is refused.
// Source: https://learn.microsoft.com/azure/storage/blobs/anonymous-read-access-overview
func (h *Handler) authorizeAnyone(public string, account Account, at target) *Error {
	if public == "" {
		return errNoAuthentication
	}
	if !account.PublicAccess {
		return errPublicAccess
	}
	c, ok := h.accounts.Container(nil, account, at.container)
	if !ok || c.PublicAccess != PublicContainer && c.PublicAccess != public {
		return errResourceNotFound
	}
	return nil
}

// mayOnlyCreate reports whether the caller may make a new blob but not replace one.
func (a auth) mayOnlyCreate() bool {
	return a.sas != nil && !strings.Contains(a.sas.permissions, "w")
}
