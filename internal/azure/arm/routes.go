package arm

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/uuid"
)

// Route is one method on one path beside those of resources, with {placeholders}, e.g.
// "/subscriptions/{subscriptionId}/providers/Microsoft.KeyVault/deletedVaults". Literal segments match without regard
// to case. Every route needs a Permission or an OpenTo: NewServer refuses one without.
type Route struct {
	Method, Path string
	// Permission is the action that the caller needs at the path's resource group or subscription, or at the root for a
	// path outside of them. Placeholders of the path may occur in it: "{namespace}/register/action".
	Permission string
	// OpenTo is the audience of a route without a Permission. Only one of the two may be set.
	OpenTo Audience
	// Options are the query parameters that the route takes beside api-version. All others are refused.
	Options []string
	// Async answers 202 with an operation that ends when the jobs that Handle enqueued have ended.
	Async AsyncStyle
	// Handle answers requests.
	Handle Handler
}

// Handler answers a request on a route: with a body, or nil for 204, or an *Error. params are the values of the path's
// placeholders, body is the request's JSON object.
type Handler func(c *Call, params map[string]string, body map[string]any) (any, *Error)

// Audience is the set of callers that may use a route without a permission.
type Audience int

const (
	// Nobody is the audience of a route that declares none.
	Nobody Audience = iota
	// SignedIn are all callers with a valid token; in a subscription, those of its tenant. The answers of such a route
	// are about the caller itself or filtered by the caller's roles.
	SignedIn
	// Everyone needs no token and no api-version: discovery.
	Everyone
)

// String names the audience.
func (a Audience) String() string {
	return map[Audience]string{Nobody: "nobody", SignedIn: "signed in", Everyone: "everyone"}[a]
}

// check refuses an incomplete route.
func (r Route) check() error {
	at := r.Method + " " + r.Path
	switch {
	case r.Permission == "" && r.OpenTo == Nobody:
		return fmt.Errorf("route %s declares neither a permission nor who it is open to", at)
	case r.Permission != "" && r.OpenTo != Nobody:
		return fmt.Errorf("route %s needs %s and is open to %s: it can declare only one", at, r.Permission, r.OpenTo)
	case r.Handle == nil:
		return fmt.Errorf("route %s has no handler", at)
	}
	return nil
}

// compiledRoute is a route with its path in segments.
type compiledRoute struct {
	Route
	segments []string
}

func compileRoute(r Route) compiledRoute {
	return compiledRoute{Route: r, segments: segmentsOf(r.Path)}
}

// segmentsOf splits a path.
func segmentsOf(path string) []string { return strings.Split(strings.Trim(path, "/"), "/") }

func isPlaceholder(segment string) bool { return strings.HasPrefix(segment, "{") }

// matches reports whether the route serves a method on a path.
func (rt *compiledRoute) matches(method string, path []string) bool {
	if method != rt.Method || len(path) != len(rt.segments) {
		return false
	}
	for i, segment := range rt.segments {
		if path[i] == "" || !isPlaceholder(segment) && !strings.EqualFold(segment, path[i]) {
			return false
		}
	}
	return true
}

// overlaps reports whether a request could match both routes.
func (rt *compiledRoute) overlaps(other *compiledRoute) bool {
	if rt.Method != other.Method || len(rt.segments) != len(other.segments) {
		return false
	}
	for i, segment := range rt.segments {
		if !isPlaceholder(segment) && !isPlaceholder(other.segments[i]) &&
			!strings.EqualFold(segment, other.segments[i]) {
			return false
		}
	}
	return true
}

// params are the values that a path has for the route's placeholders.
func (rt *compiledRoute) params(path []string) map[string]string {
	params := map[string]string{}
	for i, segment := range rt.segments {
		if isPlaceholder(segment) {
			params[strings.Trim(segment, "{}")] = path[i]
		}
	}
	return params
}

// action is the route's permission for the values of its placeholders.
func (rt *compiledRoute) action(params map[string]string) string {
	var pairs []string
	for name, value := range params {
		pairs = append(pairs, "{"+name+"}", value)
	}
	return strings.NewReplacer(pairs...).Replace(rt.Permission)
}

// scopeOfPath reads the subscription, resource group and namespace in a route's path.
func scopeOfPath(path []string) (id ID) {
	for i := 0; i+1 < len(path) && i < 4; i += 2 {
		switch strings.ToLower(path[i]) {
		case "subscriptions":
			id.Subscription = path[i+1]
		case "resourcegroups":
			id.ResourceGroup = path[i+1]
		}
	}
	for i, segment := range path {
		if strings.EqualFold(segment, "providers") && i+1 < len(path) {
			id.Namespace = path[i+1]
		}
	}
	return id
}

// serveRoute answers a request that a route matches.
func (s *Server) serveRoute(c *Call, rt *compiledRoute, path []string, raw []byte) (*reply, *Error) {
	params := rt.params(path)
	c.ID = scopeOfPath(path)
	if aerr := s.authorizeRoute(c, rt, params); aerr != nil {
		return nil, aerr
	}
	if aerr := c.checkOptions(rt.Options); aerr != nil {
		return nil, aerr
	}
	body, aerr := decodeBody(raw)
	if aerr != nil {
		return nil, aerr
	}
	if rt.Async != Direct {
		c.op = &operation{
			ID: uuid.NewString(), APIVersion: c.APIVersion, Start: c.Now, Caller: c.Caller.ObjectID,
			Until: s.lasting(c, "", OpAction),
		}
	}
	out, aerr := rt.Handle(c, params, body)
	if aerr != nil {
		return nil, aerr
	}
	if rep, ok := out.(*reply); ok { // only the control plane's own routes return one
		return rep, nil
	}
	return s.finish(c, rt.Async, out, params["location"])
}

// authorizeRoute checks the route's permission or audience. A route without either is refused.
func (s *Server) authorizeRoute(c *Call, rt *compiledRoute, params map[string]string) *Error {
	switch {
	case rt.Permission != "":
		return s.authorize(c, c.ID.Subscription, cmp.Or(c.ID.scopeText(), "/"), rt.action(params))
	case rt.OpenTo == Everyone:
		return nil
	case rt.OpenTo == SignedIn:
		return s.authorizeTenant(c, c.ID.Subscription)
	}
	return Errorf(http.StatusForbidden, "AuthorizationFailed", "Nobody is allowed to use '%s %s'.", rt.Method, rt.Path)
}
