// Package graph is the part of Microsoft Graph that tells about the callers of the embedded Azure: the service
// principals and applications of a tenant, which clients look up before they assign roles or write access policies. It
// is read only, and the directory has neither users nor groups.
//
// Source: https://learn.microsoft.com/graph/api/resources/serviceprincipal
package graph

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strings"

	"github.com/google/uuid"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/identity"
)

// maxRequest bounds the body of a request, in bytes.
const maxRequest = 1 << 20

// problem is an error of Graph, which has an envelope of its own.
// Source: https://learn.microsoft.com/graph/errors
type problem struct {
	status        int
	code, message string
}

// Version and Beta are the first segments of Graph's paths.
const (
	Version = "v1.0"
	Beta    = "beta"
)

// request is one request, by a signed-in caller.
type request struct {
	*http.Request
	directory *identity.Directory
	call      *arm.Call
	caller    identity.Principal
	body      map[string]any
}

// NewHandler serves Graph below /v1.0 and /beta. Callers read what their own tenant has.
func NewHandler(s *arm.Server) http.Handler {
	mux := http.NewServeMux()
	for _, version := range []string{Version, Beta} {
		for pattern, handle := range map[string]func(*request) (any, *problem){
			"GET /servicePrincipals":          (*request).servicePrincipals,
			"GET /servicePrincipals/{id}":     (*request).servicePrincipal,
			"GET /applications":               (*request).applications,
			"GET /applications/{id}":          (*request).application,
			"GET /users":                      (*request).nobody,
			"GET /users/{id}":                 (*request).missing,
			"GET /groups":                     (*request).nobody,
			"GET /groups/{id}":                (*request).missing,
			"GET /me":                         (*request).me,
			"GET /directoryObjects/{id}":      (*request).directoryObject,
			"POST /directoryObjects/getByIds": (*request).byIDs,
			"GET /organization":               (*request).organization,
		} {
			method, path, _ := strings.Cut(pattern, " ")
			mux.HandleFunc(method+" /"+version+path, answering(s, handle))
		}
	}
	mux.HandleFunc("/", answering(s, (*request).unserved))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if path := withKey.ReplaceAllString(r.URL.Path, "$1/$2"); path != r.URL.Path {
			r = r.Clone(r.Context())
			r.URL.Path, r.URL.RawPath = path, ""
		}
		mux.ServeHTTP(w, r)
	})
}

// withKey is a path with an alternate key: /v1.0/servicePrincipals(appId='…').
var withKey = regexp.MustCompile(`^(/[^/]+/[A-Za-z]+)(\(appId='[^'/]*'\))$`)

// answering makes the handler that authenticates, reads the body and writes the answer.
func answering(s *arm.Server, handle func(*request) (any, *problem)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id := uuid.NewString()
		answer, bad := read(s, r, handle)
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("request-id", id)
		if bad == nil {
			_ = json.NewEncoder(w).Encode(answer) // fails only when the client has left
			return
		}
		if bad.status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", `Bearer authorization_uri="`+s.Endpoints().Management+`/common"`)
		}
		w.WriteHeader(bad.status)
		_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{
			"code": bad.code, "message": bad.message,
			"innerError": map[string]any{"date": s.Now().Format("2006-01-02T15:04:05"), "request-id": id,
				"client-request-id": r.Header.Get("client-request-id")},
		}})
	}
}

// read answers a request in a reading view.
func read(s *arm.Server, r *http.Request, handle func(*request) (any, *problem)) (answer any, bad *problem) {
	body, bad := readBody(r)
	if bad != nil {
		return nil, bad
	}
	err := s.View(func(c *arm.Call) error {
		x := &request{Request: r, directory: s.Directory(), call: c, body: body}
		if bad = x.authenticate(s.Endpoints().Management); bad == nil {
			answer, bad = handle(x)
		}
		return nil
	})
	if err != nil {
		return nil, &problem{http.StatusInternalServerError, "InternalServerError", err.Error()}
	}
	return answer, bad
}

func readBody(r *http.Request) (map[string]any, *problem) {
	raw, err := io.ReadAll(io.LimitReader(r.Body, maxRequest+1))
	body := map[string]any{}
	if err != nil || len(raw) > maxRequest || len(raw) > 0 && json.Unmarshal(raw, &body) != nil {
		return nil, &problem{http.StatusBadRequest, "BadRequest", "The body is not a JSON object, or is too long."}
	}
	return body, nil
}

// audience is what a token for Graph is for; the embedded Azure's own base URL counts too, as discovery names it.
const audience = "https://graph.microsoft.com"

// authenticate finds the caller.
func (x *request) authenticate(base string) *problem {
	scheme, token, _ := strings.Cut(x.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return &problem{http.StatusUnauthorized, "InvalidAuthenticationToken", "Access token is empty."}
	}
	caller, err := x.directory.Verify(x.call.Tx, strings.TrimSpace(token), audience, base)
	switch {
	case errors.Is(err, identity.ErrTokenExpired):
		return &problem{http.StatusUnauthorized, "InvalidAuthenticationToken",
			"Lifetime validation failed, the token " +
				"is expired."}
	case errors.Is(err, identity.ErrTokenAudience):
		return &problem{http.StatusUnauthorized, "InvalidAuthenticationToken", "Access token validation failure. " +
			"Invalid audience: it must be " + audience + " or " + base + "."}
	case err != nil:
		return &problem{http.StatusUnauthorized, "InvalidAuthenticationToken", "Access token validation failure."}
	}
	x.caller = caller
	return nil
}

// unserved answers what is not here. The request may well be right, so the refusal blames the embedded Azure.
func (x *request) unserved() (any, *problem) {
	return nil, &problem{http.StatusNotFound, "UnknownError", "The embedded Azure does not serve " + x.Method + " " +
		x.URL.Path + ": of Microsoft Graph it has the reading of service principals, applications and directory " +
		"objects."}
}
