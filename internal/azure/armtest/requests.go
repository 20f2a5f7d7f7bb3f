package armtest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/identity"
	"github.com/crossorg/crossorg/internal/azure/jsonbody"
)

// patience bounds how long Wait waits for an operation.
const patience = 30 * time.Second

// Caller sends requests to the control plane as one principal.
type Caller struct {
	Principal identity.Principal
	azure     *Azure
}

// As is the caller that a principal is.
func (a *Azure) As(p identity.Principal) *Caller { return &Caller{Principal: p, azure: a} }

// Get reads a path: an id, a collection, with its query if need be.
func (c *Caller) Get(path string) Response {
	c.azure.T.Helper()
	return c.Do(http.MethodGet, path, nil)
}

// Put creates or replaces a resource.
func (c *Caller) Put(path string, body any) Response {
	c.azure.T.Helper()
	return c.Do(http.MethodPut, path, body)
}

// Patch updates a resource.
func (c *Caller) Patch(path string, body any) Response {
	c.azure.T.Helper()
	return c.Do(http.MethodPatch, path, body)
}

// Post runs an action.
func (c *Caller) Post(path string, body any) Response {
	c.azure.T.Helper()
	return c.Do(http.MethodPost, path, body)
}

// Delete deletes a resource.
func (c *Caller) Delete(path string) Response {
	c.azure.T.Helper()
	return c.Do(http.MethodDelete, path, nil)
}

// Do sends a request with a token of the caller. See Azure.Send for the arguments.
func (c *Caller) Do(method, path string, body any, header ...string) Response {
	c.azure.T.Helper()
	token := c.azure.Token(c.Principal, managementAudience)
	r := c.azure.Send(method, path, body, append([]string{"Authorization", "Bearer " + token}, header...)...)
	r.caller = c
	return r
}

// Send sends a request without a token. A path without an api-version gets the Config's; one with a host is taken as it
// is. body is nil, JSON as a string, or a value to encode; header are names and values in turn.
func (a *Azure) Send(method, path string, body any, header ...string) Response {
	a.T.Helper()
	req, err := http.NewRequest(method, a.url(path), requestBody(a.T, body))
	require.NoError(a.T, err)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := a.Client().Do(req)
	require.NoError(a.T, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(a.T, err)
	out := Response{Status: resp.StatusCode, Header: resp.Header, t: a.T, method: method, path: path}
	if len(raw) > 0 {
		require.NoError(a.T, json.Unmarshal(raw, &out.Body), "%s", raw)
	}
	return out
}

// url completes a path.
func (a *Azure) url(path string) string {
	if strings.HasPrefix(path, "http") {
		return path
	}
	if a.config.APIVersion == "" || strings.Contains(path, "api-version=") {
		return a.URL() + path
	}
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	return a.URL() + path + separator + "api-version=" + a.config.APIVersion
}

func requestBody(t testing.TB, body any) io.Reader {
	t.Helper()
	switch b := body.(type) {
	case nil:
		return http.NoBody
	case string:
		return strings.NewReader(b)
	}
	raw, err := json.Marshal(body)
	require.NoError(t, err)
	return bytes.NewReader(raw)
}

// Response is the answer to a request: its JSON object, or the error in it. What it requires ends the test that made
// the Azure; a subtest that is to fail alone asserts Status and Code instead.
type Response struct {
	Status int
	Header http.Header
	Body   map[string]any

	t            testing.TB
	caller       *Caller
	method, path string
}

// OK requires that the request succeeded, and so did the operation if Wait has waited for one.
func (r Response) OK() Response {
	r.t.Helper()
	require.Less(r.t, r.Status, 300, "%s %s: %v", r.method, r.path, r.Body)
	require.Empty(r.t, r.Code(), "%s %s: %v", r.method, r.path, r.Body)
	return r
}

// Refused requires that the request was answered with an error of this status and code.
func (r Response) Refused(status int, code string) Response {
	r.t.Helper()
	require.Equal(r.t, status, r.Status, "%s %s: %v", r.method, r.path, r.Body)
	require.Equal(r.t, code, r.Code(), "%s %s: %v", r.method, r.path, r.Body)
	return r
}

// Failed requires that the operation that Wait has waited for ended with an error of this code.
func (r Response) Failed(code string) Response {
	r.t.Helper()
	require.Equal(r.t, code, r.Code(), "%s %s: %v", r.method, r.path, r.Body)
	return r
}

// Wait polls the operation that the response has begun, if it has begun one, and returns the last response: the status
// of an Azure-AsyncOperation, the result of a Location.
func (r Response) Wait() Response {
	r.t.Helper()
	status, result := r.Header.Get("Azure-AsyncOperation"), r.Header.Get("Location")
	target, ended := status, func(polled Response) bool { return polled.Body["status"] != "InProgress" }
	switch {
	case r.Status >= 300 || r.caller == nil:
		return r
	case status != "":
	case result != "" && r.Status == http.StatusAccepted:
		target, ended = result, func(polled Response) bool { return polled.Status != http.StatusAccepted }
	default:
		return r
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(2 * time.Millisecond) {
		polled := r.caller.Get(target)
		if polled.Status >= 300 || ended(polled) {
			return polled
		}
		require.True(r.t, time.Now().Before(deadline), "%s %s is still in progress", r.method, r.path)
	}
}

// Code is the code of the error that the response or its operation has; "" without one.
func (r Response) Code() string { return jsonbody.Text(jsonbody.Object(r.Body, "error"), "code") }

// Message is the message of that error.
func (r Response) Message() string { return jsonbody.Text(jsonbody.Object(r.Body, "error"), "message") }

// ID is the id of the resource that the response shows.
func (r Response) ID() string { return jsonbody.Text(r.Body, "id") }

// Properties are those of the resource that the response shows.
func (r Response) Properties() map[string]any { return jsonbody.Object(r.Body, "properties") }

// Value is the list that the response has.
func (r Response) Value() []map[string]any { return jsonbody.Objects(r.Body, "value") }
