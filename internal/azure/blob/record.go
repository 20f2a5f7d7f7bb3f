package blob

import (
	"io"
	"net/http"
	"time"
)

// Record describes a request on an existing storage account, after it has been answered.
type Record struct {
	Operation
	// AccountID is the account's resource id.
	AccountID string
	// Container and Blob are the names in the URL. Blob is empty for the container itself, both for the account.
	Container, Blob string
	// Status is the HTTP status, Code the x-ms-error-code of a refusal.
	Status int
	Code   string
	// Authentication is how the caller signed in, Caller the principal of a token. In a record of a refused request the
	// token may not have been verified.
	Authentication Authentication
	Caller         Caller
	// URI is the whole URL with its signature, which must not be stored. CallerIP has a port.
	URI, CallerIP, UserAgent, Version, RequestID string
	// RequestBytes and ResponseBytes are the sizes of the bodies.
	RequestBytes, ResponseBytes int64
	Duration                    time.Duration
}

// RecordTo hands a record of every request to record, which is called after the answer and must not block for long.
// Requests on accounts that do not exist, and on secondary endpoints, are not recorded.
func (h *Handler) RecordTo(record func(Record)) *Handler {
	h.record = record
	return h
}

// recorded is the record of an answered request.
func (x *exchange) recorded(began time.Time, answer *countingWriter, body *countingReader) Record {
	out := Record{
		Operation: unknown(x.r.Method), AccountID: x.account.ID, Container: x.t.container, Blob: x.t.blob,
		Status: answer.status, Code: answer.Header().Get("x-ms-error-code"),
		Authentication: x.auth.kind, Caller: x.auth.caller,
		URI: "https://" + x.r.Host + x.r.URL.RequestURI(), CallerIP: x.r.RemoteAddr, UserAgent: x.r.UserAgent(),
		Version: x.r.Header.Get("x-ms-version"), RequestID: answer.Header().Get("x-ms-request-id"),
		RequestBytes: body.n, ResponseBytes: answer.n, Duration: time.Since(began),
	}
	if x.op != nil {
		out.Operation = x.op.Operation
	}
	if out.Authentication == OAuth && out.Caller == (Caller{}) && x.authorizer != nil {
		_, token := authenticationOf(x.r.Header.Get("Authorization"), nil)
		out.Caller = x.authorizer.Claimed(token)
	}
	return out
}

// countingReader counts the bytes read from a request's body.
type countingReader struct {
	io.ReadCloser
	n int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.n += int64(n)
	return n, err
}

// countingWriter remembers how a request was answered.
type countingWriter struct {
	http.ResponseWriter
	status int
	n      int64
}

func (c *countingWriter) WriteHeader(status int) {
	c.status = status
	c.ResponseWriter.WriteHeader(status)
}

func (c *countingWriter) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p)
	c.n += int64(n)
	return n, err
}

// Unwrap gives http.ResponseController the server's own writer.
func (c *countingWriter) Unwrap() http.ResponseWriter { return c.ResponseWriter }
