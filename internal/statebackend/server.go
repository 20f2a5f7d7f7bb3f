package statebackend

import (
	"compress/gzip"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Organization is the owner of all stacks, as Pulumi's file backend calls it. Programs see it as
// pulumi.getOrganization().
const Organization = "organization"

// Server keeps the stacks of one folder and serves them on loopback. One process at a time may have a folder open: the
// caller holds a lock.
type Server struct {
	store    *store
	token    string
	listener net.Listener
	http     *http.Server
	served   chan error
	closing  sync.Once

	// mu guards everything on disk and the updates.
	mu      sync.Mutex
	updates map[string]*activeUpdate
}

// Interrupted is an update that a killed run left unfinished, and that was taken up when the folder was opened: what
// its engine had recorded is in the state.
type Interrupted = interrupted

// Open recovers what killed runs left in the folder dir, and serves its stacks until Close. It returns the updates that
// it took up. The error is or wraps a *DamageError when a file of the state is damaged; then nothing was changed.
func Open(dir string) (*Server, []Interrupted, error) {
	s := &Server{store: &store{dir: dir}, updates: map[string]*activeUpdate{}, served: make(chan error, 1)}
	found, err := s.store.recover()
	if err != nil {
		return nil, nil, err
	}
	if err := s.listen(); err != nil {
		return nil, nil, err
	}
	s.http = &http.Server{Handler: s.handler(), ReadHeaderTimeout: time.Minute}
	go func() { s.served <- s.http.Serve(s.listener) }()
	return s, found, nil
}

// endpoint is where a folder's stacks are served, and what its callers show. The port stays the same, as the CLI
// remembers its account by URL.
type endpoint struct {
	Port  int    `json:"port"`
	Token string `json:"token"`
}

// listen opens the folder's port, or another one when that is taken.
func (s *Server) listen() error {
	path := filepath.Join(s.store.dir, "backend.json")
	var e endpoint
	raw, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err == nil {
		if err := json.Unmarshal(raw, &e); err != nil || e.Token == "" {
			e = endpoint{} // it holds nothing that cannot be made anew
		}
	}
	before := e
	if e.Token == "" {
		random := make([]byte, 32)
		if _, err := rand.Read(random); err != nil {
			return err
		}
		e.Token = base64.RawURLEncoding.EncodeToString(random)
	}
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(e.Port)))
	if err != nil && e.Port != 0 {
		listener, err = net.Listen("tcp", "127.0.0.1:0")
	}
	if err != nil {
		return err
	}
	s.listener, s.token = listener, e.Token
	e.Port = listener.Addr().(*net.TCPAddr).Port
	if e == before {
		return nil
	}
	if raw, err = json.Marshal(e); err == nil {
		err = replaceFile(path, raw)
	}
	if err != nil {
		err = errors.Join(err, listener.Close())
	}
	return err
}

// URL is the backend's URL for the CLI.
func (s *Server) URL() string { return "http://" + s.listener.Addr().String() }

// Token is what the CLI shows: PULUMI_ACCESS_TOKEN.
func (s *Server) Token() string { return s.token }

// Close ends the service. Updates whose engine is gone are brought into the state. Further calls do nothing.
func (s *Server) Close() (err error) {
	s.closing.Do(func() { err = s.close() })
	return err
}

func (s *Server) close() error {
	err := s.http.Close()
	if served := <-s.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return errors.Join(err, s.EndUpdates())
}

// EndUpdates brings updates into the state whose engine ended without completing them. The caller knows that no engine
// runs.
func (s *Server) EndUpdates() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for id, u := range s.updates {
		if u.journal != nil {
			errs = append(errs, s.end(u, journalEnd{changes: u.changes}))
		}
		delete(s.updates, id)
	}
	return errors.Join(errs...)
}

// Edit changes the state of a stack that no update runs on. The document is the deployment, decoded with numbers kept
// as they are written; it is written back when change says so. The error is fs.ErrNotExist for a stack that does not
// exist.
func (s *Server) Edit(project, stack string, change func(deployment map[string]any) (bool, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := stackName{project: project, stack: stack}
	if s.running(n) != nil {
		return fmt.Errorf("an update of stack %s is under way", stack)
	}
	d, _, err := s.store.read(n)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(strings.NewReader(string(d.Deployment)))
	decoder.UseNumber()
	var document map[string]any
	if err := decoder.Decode(&document); err != nil && !errors.Is(err, io.EOF) {
		return &DamageError{Path: s.store.checkpoint(n), Problem: err.Error()}
	}
	changed, err := change(document)
	if err != nil || !changed {
		return err
	}
	if d.Deployment, err = json.Marshal(document); err != nil {
		return err
	}
	return s.store.write(n, d)
}

// handler routes requests. What the CLI does not need of the Pulumi service is answered with 404.
func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	const stack = "/api/stacks/{org}/{project}/{stack}"
	const run = stack + "/{kind}/{update}"
	for pattern, handle := range map[string]func(r *http.Request) (any, error){
		"GET /api/capabilities":               s.capabilities,
		"GET /api/user":                       s.user,
		"GET /api/user/organizations/default": s.defaultOrganization,
		"GET /api/user/stacks":                s.listStacks,
		"POST /api/stacks/{org}/{project}":    s.createStack,
		"HEAD /api/stacks/{org}/{project}":    s.projectExists,
		"GET " + stack:                        s.getStack,
		"DELETE " + stack:                     s.deleteStack,
		"GET " + stack + "/export":            s.exportStack,
		"GET " + stack + "/export/{version}":  s.exportVersion,
		"POST " + stack + "/import":           s.importStack,
		"PATCH " + stack + "/tags":            s.updateTags,
		"POST " + stack + "/rename":           s.renameStack,
		"GET " + stack + "/updates":           s.listUpdates,
		"GET " + stack + "/updates/{version}": s.getUpdate,
		"POST " + stack + "/{kind}":           s.createUpdate,
		"POST " + run:                         s.startUpdate,
		"GET " + run:                          s.updateStatus,
		"POST " + run + "/cancel":             s.cancelUpdate,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { s.answer(w, r, s.owned(handle)) })
	}
	// These show the token of their update instead.
	for pattern, handle := range map[string]func(u *activeUpdate, r *http.Request) (any, error){
		"POST " + run + "/renew_lease":     s.renewLease,
		"POST " + run + "/events":          s.recordEvent,
		"POST " + run + "/events/batch":    s.recordEvents,
		"PATCH " + run + "/journalentries": s.addEntries,
		"PATCH " + run + "/checkpoint":     s.putCheckpoint,
		"POST " + run + "/complete":        s.completeUpdate,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { s.answer(w, r, s.leased(handle)) })
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.answer(w, r, s.owned(func(*http.Request) (any, error) {
			return nil, refuse(http.StatusNotFound, "the local backend does not serve %s %s", r.Method, r.URL.Path)
		}))
	})
	return mux
}

// statusError is a refusal, as the Pulumi service words it (apitype.ErrorResponse).
type statusError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// Error implements error.
func (e *statusError) Error() string { return e.Message }

func refuse(code int, format string, args ...any) error {
	return &statusError{Code: code, Message: fmt.Sprintf(format, args...)}
}

// answer serves one request with everything else held off, and writes the answer.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, handle func(*http.Request) (any, error)) {
	result, err := s.serve(r, handle)
	if err != nil {
		var refusal *statusError
		if !errors.As(err, &refusal) {
			refusal = &statusError{Code: http.StatusInternalServerError, Message: err.Error()}
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(refusal.Code)
		_ = json.NewEncoder(w).Encode(refusal)
		return
	}
	if result == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if raw, ok := result.(json.RawMessage); ok {
		_, _ = w.Write(raw)
		return
	}
	_ = json.NewEncoder(w).Encode(result)
}

// owned serves a request that shows the folder's token.
func (s *Server) owned(handle func(*http.Request) (any, error)) func(*http.Request) (any, error) {
	return func(r *http.Request) (any, error) {
		_, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if !same(token, s.token) {
			return nil, refuse(http.StatusUnauthorized, "the token is not this backend's")
		}
		return handle(r)
	}
}

func (s *Server) serve(r *http.Request, handle func(*http.Request) (any, error)) (any, error) {
	if owner := r.PathValue("org"); owner != "" && owner != Organization {
		return nil, refuse(http.StatusNotFound, "there is no organization %q: local stacks belong to %q", owner,
			Organization)
	}
	for _, name := range []string{r.PathValue("project"), r.PathValue("stack")} {
		if strings.ContainsAny(name, `/\`) || name == ".." || name == "." {
			return nil, refuse(http.StatusBadRequest, "%q is no name", name)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return handle(r)
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// decode reads a request's JSON body.
func decode(r *http.Request, v any) error {
	raw, err := content(r)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return refuse(http.StatusBadRequest, "the body is not what is expected: %s", err)
	}
	return nil
}

// content reads a request's body, compressed or not.
func content(r *http.Request) ([]byte, error) {
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		unzipped, err := gzip.NewReader(r.Body)
		if err != nil {
			return nil, refuse(http.StatusBadRequest, "the body is not compressed as it says: %s", err)
		}
		body = unzipped
	}
	raw, err := io.ReadAll(body)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "the body ends early: %s", err)
	}
	return raw, nil
}

// capabilities says that states with all features of the schema are kept.
func (s *Server) capabilities(*http.Request) (any, error) {
	return map[string]any{"capabilities": []any{map[string]any{
		"capability": "deployment-schema-version", "version": 1,
		"configuration": map[string]int{"version": schemaVersionForFeatures},
	}}}, nil
}

func (s *Server) user(*http.Request) (any, error) {
	owner := map[string]any{"githubLogin": Organization, "name": Organization}
	return map[string]any{"id": Organization, "githubLogin": Organization, "name": Organization,
		"organizations": []any{owner}, "identities": []string{}}, nil
}

func (s *Server) defaultOrganization(*http.Request) (any, error) {
	return map[string]any{"GitHubLogin": Organization}, nil
}
