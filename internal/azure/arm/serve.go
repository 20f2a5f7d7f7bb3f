package arm

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/crossorg/crossorg/internal/azure/faults"
	"github.com/crossorg/crossorg/internal/azure/store"
)

// maxBody is ARM's limit on a request.
// Source: https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits
const maxBody = 4 << 20

// maxRequestID bounds the ids of a client's own that are echoed.
const maxRequestID = 128

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

// header sets a header of the answer, be it a success or an error.
func (c *Call) header(key, value string) {
	if c.headers == nil {
		c.headers = http.Header{}
	}
	c.headers.Set(key, value)
}

// exchange is one request with its answer.
type exchange struct {
	*http.Request
	s *Server
	// started is the time on the embedded Azure's clock, began the machine's time, for the duration.
	started, began time.Time
	// id and correlation are echoed to the client, for its own logs.
	id, correlation string
	// fault is the failure to inject; its Kind is empty without one.
	fault faults.Rule
	call  Call
	// content is the request's body as it came.
	content []byte
}

// ServeHTTP answers one ARM request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{Request: r, s: s, started: s.now(), began: time.Now(), id: uuid.NewString()}
	x.correlation = r.Header.Get("x-ms-correlation-request-id")
	if x.correlation == "" || len(x.correlation) > maxRequestID {
		x.correlation = x.id
	}
	x.fault, _ = s.faults.Decide(faults.Arriving, r.Method, r.URL.Path)
	x.call.fault = x.fault.ID
	defer func() { _ = s.faults.Save() }() // a lost count of a fault rule must not fail the request

	x.drop(faults.DropBefore)
	rep, aerr := refusal(x.fault)
	if rep == nil {
		rep, aerr = x.answer()
	}
	x.drop(faults.DropAfter)
	if rep == nil {
		rep = &reply{status: aerr.Status, body: map[string]any{"error": aerr}}
	}
	x.delay(aerr)
	x.writeHeader(w.Header(), rep, aerr)
	x.write(w, rep)
}

// drop closes the connection if the fault asks for it at this point. A dropped connection has status 0 in the log.
func (x *exchange) drop(kind faults.Kind) {
	if x.fault.Kind == kind {
		x.log(0, nil)
		panic(http.ErrAbortHandler)
	}
}

// delay holds the answer for the operation's latency and for a fault's delay. The write has already taken effect: a
// client that disconnects meanwhile never sees the answer.
func (x *exchange) delay(aerr *Error) {
	slow := x.fault.Kind == faults.Slow
	if slow {
		x.call.wait += time.Duration(x.fault.Delay)
	}
	if (aerr == nil || slow) && x.call.wait > 0 {
		_ = x.s.clock.Sleep(x.Context(), x.call.wait) // ends early only when the client disconnects
	}
}

// writeHeader sets the header of the answer.
func (x *exchange) writeHeader(h http.Header, rep *reply, aerr *Error) {
	for _, from := range []http.Header{x.call.headers, rep.header} {
		for k, v := range from {
			h[k] = v
		}
	}
	h.Set("x-ms-request-id", x.id)
	h.Set("x-ms-correlation-request-id", x.correlation)
	if id := x.Header.Get("x-ms-client-request-id"); len(id) <= maxRequestID &&
		strings.EqualFold(x.Header.Get("x-ms-return-client-request-id"), "true") {
		h.Set("x-ms-client-request-id", id)
	}
	h.Set("Cache-Control", "no-cache")
	h.Set("Date", x.s.Now().Format(http.TimeFormat)) // clients read the time here when the clock has been moved
	if rep.self {
		h.Set("Location", x.s.endpoints.Management+x.URL.RequestURI())
	}
	if rep.body != nil {
		h.Set("Content-Type", "application/json; charset=utf-8")
	}
	if aerr == nil {
		return
	}
	h.Set("x-ms-error-code", aerr.Code)
	if aerr.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", x.s.challenge(x.URL.Path, aerr.Code))
	}
}

// write logs the answer and then sends it, so that a client with an answer finds its line in the log.
func (x *exchange) write(w http.ResponseWriter, rep *reply) {
	var body []byte
	if rep.body != nil {
		body, _ = json.Marshal(rep.body) // bodies are maps that came from JSON, and Errors
	}
	x.log(rep.status, body)
	w.WriteHeader(rep.status)
	if x.Method != http.MethodHead {
		_, _ = w.Write(body) // fails only when the client has disconnected
	}
}

// log writes the line of the request log.
func (x *exchange) log(status int, body []byte) {
	x.s.log.write(entry{
		Time: x.started.UTC().Format(time.RFC3339Nano), Method: x.Method, URL: x.URL.RequestURI(),
		Principal: x.call.Caller.ObjectID, Status: status, Fault: x.call.fault,
		DurationMs: float64(time.Since(x.began).Microseconds()) / 1000,
	}, x.content, body)
}

// errRollback ends the transaction of a request that is answered with an error.
var errRollback = errors.New("rolled back")

// answer finds the answer. Reads run in a reading view, everything else in one transaction.
func (x *exchange) answer() (rep *reply, aerr *Error) {
	if aerr := x.readContent(); aerr != nil {
		return nil, aerr
	}
	x.call.Context, x.call.Server, x.call.Now, x.call.Query = x.Context(), x.s, x.s.Now(), x.URL.Query()
	x.call.conditions, x.call.path = x.Header, x.URL.Path
	run := x.s.st.Update
	if x.Method == http.MethodGet || x.Method == http.MethodHead {
		run = x.s.st.View
	}
	err := run(func(tx *store.Tx) error {
		c := x.call
		c.Tx = tx
		if x.Method == http.MethodDelete {
			tx.MakesRoom()
		}
		rep, aerr = x.s.dispatch(&c, x)
		x.call = c
		x.call.Tx = nil
		if aerr != nil {
			return errRollback
		}
		return nil
	})
	switch {
	case aerr != nil:
		return nil, aerr
	case err != nil:
		return nil, InternalError(err)
	}
	if x.call.enqueued {
		x.s.signal()
	}
	return rep, nil
}

// readContent reads the request's body, up to ARM's limit.
func (x *exchange) readContent() *Error {
	content, err := io.ReadAll(io.LimitReader(x.Body, maxBody+1))
	if err != nil {
		return BadRequest("InvalidRequestContent", "The request content could not be read: %v", err)
	}
	if len(content) > maxBody {
		return Errorf(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge",
			"The request size exceeds the limit of %d bytes.", maxBody)
	}
	x.content = content
	return nil
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
