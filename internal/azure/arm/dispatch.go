package arm

import (
	"cmp"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// dispatch authenticates a request and has it answered by a route, or by the type of the resource that the path names.
func (s *Server) dispatch(c *Call, x *exchange) (*reply, *Error) {
	path := segmentsOf(collapsed(x.URL.Path))
	if aerr := cmp.Or(checkPath(x.URL.EscapedPath()), checkCharacters(x.URL.Path)); aerr != nil {
		return nil, aerr
	}
	rt := s.table.route(x.Method, path)
	if rt != nil && rt.OpenTo == Everyone {
		return s.serveRoute(c, rt, path, x.content)
	}
	var aerr *Error
	if c.Caller, aerr = s.authenticate(c.Tx, x.Request); aerr != nil {
		return nil, aerr
	}
	if aerr := s.limit(c, x.Method, path); aerr != nil {
		return nil, aerr
	}
	if c.APIVersion = queryValue(c.Query, "api-version"); c.APIVersion == "" {
		return nil, BadRequest("MissingApiVersionParameter", "The api-version query parameter (?api-version=) is "+
			"required for all requests.")
	}
	if rt != nil {
		return s.serveRoute(c, rt, path, x.content)
	}
	return s.serveResource(c, x.Method, "/"+strings.Join(path, "/"), x.content)
}

// afterNamespace finds the slashes after a namespace.
var afterNamespace = regexp.MustCompile(`(?i)(/providers/[^/]+)//+`)

// collapsed is a request's path with one slash after each namespace. az resource show sends two, with nothing between
// them for a resource without parent.
func collapsed(path string) string { return afterNamespace.ReplaceAllString(path, "$1/") }

// queryValue is the first value of a parameter. The case of its name does not matter.
func queryValue(q url.Values, name string) string {
	for k, v := range q {
		if strings.EqualFold(k, name) && len(v) > 0 {
			return v[0]
		}
	}
	return ""
}

// serveResource answers a request on a resource, on a collection of resources, or on an action of a resource.
func (s *Server) serveResource(c *Call, method, path string, body []byte) (*reply, *Error) {
	c.wait = s.latency.scaled(readDuration)
	t, action, aerr := s.resolve(c, method, path)
	if aerr != nil {
		return nil, aerr
	}
	verb := verbOf(method)
	var run Action
	if method == http.MethodPost {
		if run, verb, aerr = t.action(action, c.APIVersion); aerr != nil {
			return nil, aerr
		}
	}
	if verb == "" {
		return nil, methodNotAllowed(method, t)
	}
	if aerr := s.admit(c, method, t.permission(verb)); aerr != nil {
		return nil, aerr
	}
	if c.ID.Subscription == "" { // an extension of the root, where nothing is kept
		return nil, missingSubscription()
	}
	options := t.Options.of(method, c.ID.Name() == "")
	if method == http.MethodPost {
		options = run.Options
	}
	if aerr := c.checkOptions(options); aerr != nil {
		return nil, aerr
	}
	switch {
	case c.ID.Name() == "" && method == http.MethodGet:
		return s.list(c, t)
	case c.ID.Name() == "" || !t.has(method):
		return nil, methodNotAllowed(method, t)
	}
	rep, aerr := s.carryOut(c, t, method, run, body)
	if aerr != nil {
		return nil, aerr
	}
	return rep, c.logActivity(method, t.permission(verb))
}

// carryOut answers a request on a resource that is admitted.
func (s *Server) carryOut(c *Call, t *Type, method string, run Action, body []byte) (*reply, *Error) {
	switch method {
	case http.MethodGet, http.MethodHead:
		return s.read(c, t, method)
	case http.MethodDelete:
		return s.remove(c, t)
	case http.MethodPost:
		return s.act(c, t, run, body)
	}
	return s.write(c, t, method == http.MethodPatch, body)
}

// resolve finds the type of a path's resource and the action of a POST. It sets the call's id.
func (s *Server) resolve(c *Call, method, path string) (t *Type, action string, aerr *Error) {
	id, err := ParseID(path)
	if segments := segmentsOf(path); err != nil && lastProviders(segments) < 0 && !slices.Contains(segments, "") {
		return nil, "", unserved(method, path)
	}
	if err != nil {
		return nil, "", invalidID(err)
	}
	if method == http.MethodPost && len(id.Types) == len(id.Names)+1 && len(id.Names) > 0 {
		action = id.Types[len(id.Types)-1]
		id.Types = id.Types[:len(id.Types)-1]
	}
	c.ID = id
	if t = s.lookup(id.Type()); t != nil {
		return t, action, cmp.Or(t.checkPlace(id), checkAPIVersion(t, c.APIVersion))
	}
	if _, ok := s.Provider(id.Namespace); !ok {
		return nil, "", InvalidNamespace(id.Namespace)
	}
	return nil, "", Errorf(http.StatusNotFound, "InvalidResourceType",
		"The resource type '%s' could not be found in the namespace '%s' for api version '%s'.",
		strings.Join(id.Types, "/"), id.Namespace, c.APIVersion)
}

// checkPath refuses a path that another reader could take for a different one: with dot segments or encoded separators.
// The refusal is ours: what Azure answers is not documented.
func checkPath(escaped string) *Error {
	lower := strings.ToLower(escaped)
	for _, segment := range strings.Split(strings.ReplaceAll(lower, "%2e", "."), "/") {
		if segment == "." || segment == ".." || strings.Contains(segment, "%2f") || strings.Contains(segment, "%5c") {
			return BadRequest("InvalidRequestUri", "The path '%s' has a dot segment or an encoded separator. Send the "+
				"resource id as it is.", escaped)
		}
	}
	return nil
}

// checkCharacters refuses a path with control characters, which no name may have, or with what is no text.
// Source: https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules; the code is ours.
func checkCharacters(path string) *Error {
	if utf8.ValidString(path) && !strings.ContainsFunc(path, unicode.IsControl) {
		return nil
	}
	return BadRequest("InvalidRequestUri", "The path %q has control characters or is not UTF-8. Names have neither.",
		path)
}

// checkPlace refuses an id outside of the place in which the type's resources live: a resource group of a subscription,
// but for resource groups themselves and for extensions, which attach to any scope. A subscription lists what all its
// groups hold.
func (t *Type) checkPlace(id ID) *Error {
	switch {
	case t.Extension:
		return nil
	case id.Subscription == "" || id.Scope != "":
		return missingSubscription()
	case id.ResourceGroup == "" && !isGroupType(t.Name) && (len(id.Types) > 1 || id.Name() != ""):
		return Errorf(http.StatusNotFound, "InvalidResourceType", "The resource type '%s' could not be found at the "+
			"subscription: its resources are in resource groups.", t.Name)
	}
	return nil
}

// missingSubscription is the answer to a resource outside of subscriptions.
// Source: https://github.com/cloudquery/cloudquery/issues/6635
func missingSubscription() *Error {
	return Errorf(http.StatusNotFound, "MissingSubscription",
		"The request did not have a subscription or a valid tenant level resource provider.")
}

// admit checks what must hold before a resource is looked at: the caller's role, the namespace's registration, locks.
func (s *Server) admit(c *Call, method, permission string) *Error {
	if aerr := s.authorize(c, c.ID.Subscription, c.ID.String(), permission); aerr != nil {
		return aerr
	}
	if aerr := s.checkRegistered(c, c.ID, method); aerr != nil {
		return aerr
	}
	return s.checkLocks(c, c.ID, method)
}

// action finds an action of the type and the verb of its permission.
func (t *Type) action(name, apiVersion string) (Action, string, *Error) {
	a, ok := t.Actions[strings.ToLower(name)]
	if !ok {
		return Action{}, "", Errorf(http.StatusNotFound, "InvalidResourceType",
			"The resource type '%s' has no action '%s' for api version '%s'.", t.Name, name, apiVersion)
	}
	return a, a.verb(name), nil
}

// has reports whether the type serves a method.
func (t *Type) has(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead:
		return !t.NoGet
	case http.MethodPut:
		return !t.NoPut
	case http.MethodPatch:
		return !t.NoPatch
	case http.MethodDelete:
		return !t.NoDelete
	}
	return method == http.MethodPost
}

func methodNotAllowed(method string, t *Type) *Error {
	return Errorf(http.StatusMethodNotAllowed, "MethodNotAllowed",
		"The HTTP method '%s' is not supported for the resource type '%s'.", method, t.Name)
}
