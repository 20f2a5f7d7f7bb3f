package arm

import (
	"errors"
	"net/http"
	"strings"

	"github.com/crossorg/crossorg/internal/azure/identity"
	"github.com/crossorg/crossorg/internal/azure/store"
)

// audiences that ARM accepts in a token, beside its own base URL.
var audiences = []string{"https://management.azure.com", "https://management.core.windows.net"}

// authenticate finds the caller of a bearer token.
// Source of codes: https://learn.microsoft.com/rest/api/azure/#error-responses
func (s *Server) authenticate(tx *store.Tx, r *http.Request) (identity.Principal, *Error) {
	h := r.Header.Get("Authorization")
	if h == "" {
		return identity.Principal{}, Errorf(http.StatusUnauthorized, "AuthenticationFailed",
			"Authentication failed. The 'Authorization' header is missing.")
	}
	scheme, token, _ := strings.Cut(h, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return identity.Principal{}, Errorf(http.StatusUnauthorized, "AuthenticationFailedInvalidHeader",
			"Authentication failed. The 'Authorization' header is provided in an invalid format.")
	}
	p, err := s.directory.Verify(tx, strings.TrimSpace(token),
		append([]string{s.endpoints.Management}, audiences...)...)
	switch {
	case errors.Is(err, identity.ErrTokenExpired):
		return p, Errorf(http.StatusUnauthorized, "ExpiredAuthenticationToken",
			"The access token expiry UTC time has passed. Current UTC time is '%s'.", Timestamp(s.now()))
	case errors.Is(err, identity.ErrTokenAudience):
		return p, Errorf(http.StatusUnauthorized, "InvalidAuthenticationTokenAudience",
			"The access token has been obtained for wrong audience or resource. It should exactly match with one of "+
				"the allowed audiences 'https://management.core.windows.net/', 'https://management.azure.com/', '%s/'.",
			s.endpoints.Management)
	case err != nil:
		return p, Errorf(http.StatusUnauthorized, "InvalidAuthenticationToken", "The access token is invalid.")
	}
	return p, nil
}

// authorize checks subscription, tenant and role for an action at a scope. At the root, outside of subscriptions, only
// role assignments at the root count.
func (s *Server) authorize(c *Call, subscription, scope, action string) *Error {
	if aerr := s.authorizeTenant(c, subscription); aerr != nil {
		return aerr
	}
	if s.directory.Allowed(c.Tx, c.Caller.ObjectID, scope, action, false) {
		return nil
	}
	return Errorf(http.StatusForbidden, "AuthorizationFailed",
		"The client '%s' with object id '%s' does not have authorization to perform action '%s' over scope '%s' or "+
			"the scope is invalid. If access was recently granted, please refresh your credentials.",
		c.Caller.ClientID, c.Caller.ObjectID, action, scope)
}

// authorizeTenant checks that a subscription exists and that the caller has signed in to its tenant. An empty
// subscription passes.
func (s *Server) authorizeTenant(c *Call, subscription string) *Error {
	if subscription == "" {
		return nil
	}
	sub, ok := s.directory.Subscription(c.Tx, subscription)
	if !ok {
		return Errorf(http.StatusNotFound, "SubscriptionNotFound", "The subscription '%s' could not be found.",
			subscription)
	}
	if strings.EqualFold(sub.TenantID, c.Caller.TenantID) {
		return nil
	}
	return Errorf(http.StatusUnauthorized, "InvalidAuthenticationTokenTenant",
		"The access token is from the wrong issuer '%[1]s/%[2]s/'. It must match the tenant '%[1]s/%[3]s/' associated "+
			"with this subscription. Please use the authority (URL) '%[1]s/%[3]s' to get the token.",
		s.endpoints.Management, c.Caller.TenantID, sub.TenantID)
}

// May reports whether the caller has signed in to a subscription's tenant and holds a role that permits the action at
// the subscription.
func (c *Call) May(subscription, action string) bool {
	return c.Server.authorize(c, subscription, "/subscriptions/"+subscription, action) == nil
}

// permission is the action that a verb on the type needs ("read", "write", "listKeys/action"). Resource groups live
// below subscriptions in action names.
func (t *Type) permission(verb string) string {
	if isGroupType(t.Name) {
		return "Microsoft.Resources/subscriptions/resourceGroups/" + verb
	}
	return t.Name + "/" + verb
}

// verb is the last part of the permission that the action needs.
func (a Action) verb(name string) string {
	if a.Permission != "" {
		return a.Permission
	}
	return name + "/action"
}

// isGroupType reports whether a type is the type of resource groups.
func isGroupType(fullType string) bool {
	return strings.EqualFold(fullType, "Microsoft.Resources/resourceGroups")
}

// verbOf is the verb of a method in permissions; "" for POST, which runs actions, and for methods unknown to ARM.
func verbOf(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead:
		return "read"
	case http.MethodPut, http.MethodPatch:
		return "write"
	case http.MethodDelete:
		return "delete"
	}
	return ""
}
