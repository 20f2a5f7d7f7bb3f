package arm

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/crossorg/crossorg/internal/azure/faults"
	"github.com/crossorg/crossorg/internal/azure/identity"
	"github.com/crossorg/crossorg/internal/azure/store"
)

// maxBody is ARM's limit on a request.
// Source: https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits
const maxBody = 4 << 20

// maxRequestID bounds the ids of a client's own that are echoed.
const maxRequestID = 128

// audiences that ARM accepts in a token, beside its own base URL.
var audiences = []string{"https://management.azure.com", "https://management.core.windows.net"}

// reply is an answer before it is written.
type reply struct {
	status int
	body   any
	header http.Header
	// self repeats the request's URL as Location.
	self bool
}

func (r *reply) set(key, value string) {
	if r.header == nil {
		r.header = http.Header{}
	}
	r.header.Set(key, value)
}

// header sets a header of the answer, whatever that will be.
func (c *Call) header(key, value string) {
	if c.headers == nil {
		c.headers = http.Header{}
	}
	c.headers.Set(key, value)
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	started, began := s.now(), time.Now()
	requestID, correlation := uuid.NewString(), r.Header.Get("x-ms-correlation-request-id")
	if correlation == "" || len(correlation) > maxRequestID {
		correlation = requestID
	}
	var call Call
	var raw []byte
	fault, _ := s.faults.Decide(faults.Arriving, r.Method, r.URL.Path)
	call.fault = fault.ID
	line := func(status int, body []byte) {
		s.log.write(entry{
			Time: started.UTC().Format(time.RFC3339Nano), Method: r.Method, URL: r.URL.RequestURI(),
			Principal: call.Caller.ObjectID,
			Status:    status, Fault: call.fault, DurationMs: float64(time.Since(began).Microseconds()) / 1000,
		}, raw, body)
	}
	// A dropped connection has status 0 in the log. The counts of fault rules are worth no failed request.
	defer func() { _ = s.faults.Save() }()
	if fault.Kind == faults.DropBefore {
		line(0, nil)
		panic(http.ErrAbortHandler)
	}
	rep, aerr := refusal(fault)
	if rep == nil {
		rep, aerr = s.answer(&call, r, &raw)
	}
	if fault.Kind == faults.DropAfter {
		line(0, nil)
		panic(http.ErrAbortHandler)
	}
	if fault.Kind == faults.Slow {
		call.wait += time.Duration(fault.Delay)
	}
	if aerr != nil {
		if rep == nil {
			rep = &reply{status: aerr.Status, body: map[string]any{"error": aerr}}
		}
		if aerr.Status == http.StatusUnauthorized {
			rep.set("WWW-Authenticate",
				`Bearer authorization_uri="`+s.endpoints.Management+`/`+s.tenantAt(r.URL.Path)+`", error="invalid_token", error_description="`+aerr.Code+`"`)
		}
	}
	h := w.Header()
	if (aerr == nil || fault.Kind == faults.Slow) && call.wait > 0 {
		// The write has taken effect, and its answer is on its way. A client that leaves meanwhile never sees it.
		_ = s.clock.Sleep(r.Context(), call.wait)
	}
	for _, from := range []http.Header{call.headers, rep.header} {
		for k, v := range from {
			h[k] = v
		}
	}
	h.Set("x-ms-request-id", requestID)
	h.Set("x-ms-correlation-request-id", correlation)
	if id := r.Header.Get("x-ms-client-request-id"); strings.EqualFold(r.Header.Get("x-ms-return-client-request-id"),
		"true") && len(id) <= maxRequestID {
		h.Set("x-ms-client-request-id", id)
	}
	h.Set("Cache-Control", "no-cache")
	h.Set("Date", s.Now().Format(http.TimeFormat)) // the clock may have been moved: this is how clients see it
	if rep.self {
		h.Set("Location", s.endpoints.Management+r.URL.RequestURI())
	}
	var body []byte
	if rep.body != nil {
		body, _ = json.Marshal(rep.body) // bodies are maps that came from JSON, and Errors
		h.Set("Content-Type", "application/json; charset=utf-8")
	}
	if aerr != nil {
		h.Set("x-ms-error-code", aerr.Code)
	}
	// The log line precedes the answer: whoever has the answer finds the line.
	line(rep.status, body)
	w.WriteHeader(rep.status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // a client that went away is not an error of ours
	}
}

// answer authenticates and routes a request. Reads run in a reading view, everything else in one transaction.
func (s *Server) answer(call *Call, r *http.Request, raw *[]byte) (*reply, *Error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return nil, BadRequest("InvalidRequestContent", "The request content could not be read: %v", err)
	}
	if len(body) > maxBody {
		return nil, Errorf(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge",
			"The request size exceeds the limit of %d bytes.", maxBody)
	}
	*raw = body
	call.Context, call.Server, call.Now, call.Query = r.Context(), s, s.now().UTC(), r.URL.Query()
	call.conditions, call.path = r.Header, r.URL.Path
	var rep *reply
	var aerr *Error
	handle := func(tx *store.Tx) error {
		c := *call
		c.Tx = tx
		if c.Caller, aerr = s.authenticate(tx, r); aerr == nil {
			rep, aerr = s.route(&c, r.Method, r.URL, body)
		}
		*call = c
		call.Tx = nil
		if aerr != nil {
			return errRollback
		}
		return nil
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		err = s.st.View(handle)
	} else {
		err = s.st.Update(handle)
	}
	if aerr != nil {
		return nil, aerr
	}
	if err != nil {
		return nil, InternalError(err)
	}
	if call.enqueued {
		s.signal()
	}
	return rep, nil
}

var errRollback = errors.New("rolled back")

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

// authorize checks subscription, tenant and role for an action at a scope.
func (s *Server) authorize(c *Call, subscription, scope, action string) *Error {
	if subscription == "" {
		return nil // tenant-level paths answer about the caller itself
	}
	sub, ok := s.directory.Subscription(c.Tx, subscription)
	if !ok {
		return Errorf(http.StatusNotFound, "SubscriptionNotFound", "The subscription '%s' could not be found.",
			subscription)
	}
	if !strings.EqualFold(sub.TenantID, c.Caller.TenantID) {
		return Errorf(http.StatusUnauthorized, "InvalidAuthenticationTokenTenant",
			"The access token is from the wrong issuer '%[1]s/%[2]s/'. It must match the tenant '%[1]s/%[3]s/' "+
				"associated with this subscription. Please use the authority (URL) '%[1]s/%[3]s' to get the token.",
			s.endpoints.Management, c.Caller.TenantID, sub.TenantID)
	}
	if action != "" && !s.directory.Allowed(c.Tx, c.Caller.ObjectID, scope, action, false) {
		return Errorf(http.StatusForbidden, "AuthorizationFailed",
			"The client '%s' with object id '%s' does not have authorization to perform action '%s' over scope '%s' "+
				"or the scope is invalid. If access was recently granted, please refresh your credentials.",
			c.Caller.ClientID, c.Caller.ObjectID, action, scope)
	}
	return nil
}

func (s *Server) route(c *Call, method string, u *url.URL, body []byte) (*reply, *Error) {
	path := "/" + strings.Trim(u.Path, "/")
	parts := strings.Split(strings.Trim(path, "/"), "/")
	if aerr := s.limit(c, method, parts); aerr != nil {
		return nil, aerr
	}
	c.APIVersion = queryValue(c.Query, "api-version")
	if c.APIVersion == "" {
		return nil, BadRequest("MissingApiVersionParameter", "The api-version query parameter (?api-version=) is "+
			"required for all requests.")
	}
	if n := len(parts); n == 8 && strings.EqualFold(parts[4], "locations") && method == http.MethodGet {
		if kind := strings.ToLower(parts[6]); kind == "operationstatuses" || kind == "operationresults" {
			if err := s.authorize(c, parts[1], "", ""); err != nil {
				return nil, err
			}
			c.ID = ID{Subscription: parts[1], Namespace: parts[3], Types: []string{"locations", parts[6]},
				Names: []string{parts[5], parts[7]}}
			return s.pollOperation(c, kind, parts[7])
		}
	}
	if rep, err, ok := s.builtIn(c, method, parts); ok {
		return rep, err
	}
	for _, rt := range s.routes {
		if params, ok := rt.match(method, parts); ok {
			return s.runRoute(c, rt, params, parts, body)
		}
	}
	c.wait = s.latency.scaled(readDuration)
	id, err := ParseID(path)
	if err != nil {
		return nil, BadRequest("InvalidResourceId", "The resource identifier is invalid: %v.", err)
	}
	action := ""
	if method == http.MethodPost && len(id.Types) == len(id.Names)+1 && len(id.Names) > 0 {
		action = id.Types[len(id.Types)-1]
		id.Types = id.Types[:len(id.Types)-1]
	}
	c.ID = id
	t := s.lookup(id.Type())
	if t == nil {
		if s.providers[strings.ToLower(id.Namespace)] == nil {
			return nil, Errorf(http.StatusNotFound, "InvalidResourceNamespace",
				"The resource namespace '%s' is invalid.", id.Namespace)
		}
		return nil, Errorf(http.StatusNotFound, "InvalidResourceType",
			"The resource type '%s' could not be found in the namespace '%s' for api version '%s'.",
			strings.Join(id.Types, "/"), id.Namespace, c.APIVersion)
	}
	if aerr := checkAPIVersion(t, c.APIVersion); aerr != nil {
		return nil, aerr
	}
	verb := map[string]string{http.MethodGet: "read", http.MethodHead: "read", http.MethodPut: "write",
		http.MethodPatch: "write", http.MethodDelete: "delete"}[method]
	if method == http.MethodPost {
		a, ok := t.Actions[strings.ToLower(action)]
		if !ok {
			return nil, Errorf(http.StatusNotFound, "InvalidResourceType",
				"The resource type '%s' has no action '%s' for api version '%s'.", t.Name, action, c.APIVersion)
		}
		verb = a.Permission
		if verb == "" {
			verb = action + "/action"
		}
	}
	if verb == "" {
		return nil, methodNotAllowed(method, t)
	}
	if aerr := s.authorize(c, id.Subscription, id.String(), permission(t, verb)); aerr != nil {
		return nil, aerr
	}
	if aerr := s.checkRegistered(c, id, method); aerr != nil {
		return nil, aerr
	}
	if aerr := s.checkLocks(c, id, method); aerr != nil {
		return nil, aerr
	}
	if id.Name() == "" {
		if method != http.MethodGet {
			return nil, methodNotAllowed(method, t)
		}
		return s.list(c, t)
	}
	switch {
	case (method == http.MethodGet || method == http.MethodHead) && !t.NoGet:
		r, ok := s.load(c, t, id)
		if !ok {
			r, ok = c.ghost(id)
		}
		if !ok {
			if aerr := s.checkGroup(c, id); aerr != nil {
				return nil, aerr
			}
			return nil, NotFound(id)
		}
		if method == http.MethodHead { // a question for existence
			return &reply{status: http.StatusNoContent}, nil
		}
		return &reply{status: http.StatusOK, body: s.render(c, r, c.APIVersion)}, nil
	case method == http.MethodPut && !t.NoPut, method == http.MethodPatch && !t.NoPatch:
		return s.write(c, t, method == http.MethodPatch, body)
	case method == http.MethodDelete && !t.NoDelete:
		return s.remove(c, t)
	case method == http.MethodPost:
		return s.act(c, t, t.Actions[strings.ToLower(action)], body)
	}
	return nil, methodNotAllowed(method, t)
}

// permission is the action that a method on a type needs; resource groups live below subscriptions in action names.
func permission(t *Type, verb string) string {
	if strings.EqualFold(t.Name, "Microsoft.Resources/resourceGroups") {
		return "Microsoft.Resources/subscriptions/resourceGroups/" + verb
	}
	return t.Name + "/" + verb
}

func methodNotAllowed(method string, t *Type) *Error {
	return Errorf(http.StatusMethodNotAllowed, "MethodNotAllowed",
		"The HTTP method '%s' is not supported for the resource type '%s'.", method, t.Name)
}

func queryValue(q url.Values, name string) string {
	for k, v := range q {
		if strings.EqualFold(k, name) && len(v) > 0 {
			return v[0]
		}
	}
	return ""
}

// decodeBody reads a JSON object; an empty body is an empty object.
func decodeBody(raw []byte) (map[string]any, *Error) {
	if len(raw) == 0 {
		return map[string]any{}, nil
	}
	var body map[string]any
	if err := json.Unmarshal(raw, &body); err != nil || body == nil {
		return nil, BadRequest("InvalidRequestContent", "The request content was invalid and could not be "+
			"deserialized: '%v'.", err)
	}
	return body, nil
}
