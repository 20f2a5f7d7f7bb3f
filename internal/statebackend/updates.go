package statebackend

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// journalVersion is the version of the engine's journal that is understood here.
const journalVersion = 1

const (
	resultRunning   = "in-progress"
	resultSucceeded = "succeeded"
)

// lease is how long an update may be silent before another one may take its place.
const lease = 5 * time.Minute

// activeUpdate is an update that the CLI asked for.
type activeUpdate struct {
	id      string
	stack   stackName
	info    update
	dryRun  bool
	token   string
	expires time.Time
	started bool
	ended   bool
	// journal is open while an update runs that changes the state, and seen are the entries in it: the CLI repeats a
	// request whose answer it did not get.
	journal *journal
	seen    map[int64]bool
	// changes counts the engine's steps, as its summary says.
	changes map[string]int
}

func newUpdate(kind string, version int) update {
	return update{Kind: kind, StartTime: time.Now().Unix(), Version: version, Result: resultRunning,
		Environment: map[string]string{}, Config: map[string]json.RawMessage{}}
}

// running is the update that changes a stack now, or nil.
func (s *Server) running(n stackName) *activeUpdate {
	for _, u := range s.updates {
		if u.stack == n && u.journal != nil {
			return u
		}
	}
	return nil
}

// createUpdate prepares an update; nothing runs yet.
func (s *Server) createUpdate(r *http.Request) (any, error) {
	kind := r.PathValue("kind")
	if !slices.Contains([]string{"update", "preview", "refresh", "destroy"}, kind) {
		return nil, refuse(http.StatusNotFound, "the local backend does not serve %s %s", r.Method, r.URL.Path)
	}
	n, err := s.existing(r)
	if err != nil {
		return nil, err
	}
	var request struct {
		Options struct {
			DryRun bool `json:"dryRun"`
		} `json:"options"`
		Config   map[string]json.RawMessage `json:"config"`
		Metadata struct {
			Message     string            `json:"message"`
			Environment map[string]string `json:"environment"`
		} `json:"metadata"`
	}
	if err := decode(r, &request); err != nil {
		return nil, err
	}
	u := &activeUpdate{id: uuid.NewString(), stack: n, info: newUpdate(kind, 0), seen: map[int64]bool{},
		dryRun: kind == "preview" || request.Options.DryRun}
	u.info.Message, u.info.Environment, u.info.Config = request.Metadata.Message, request.Metadata.Environment,
		request.Config
	s.updates[u.id] = u
	return map[string]any{"updateID": u.id}, nil
}

// requested is the update that a request names.
func (s *Server) requested(r *http.Request) (*activeUpdate, error) {
	u, ok := s.updates[r.PathValue("update")]
	if !ok || u.stack != name(r) {
		return nil, refuse(http.StatusNotFound, "update %q not found", r.PathValue("update"))
	}
	return u, nil
}

// startUpdate begins an update: from here on its stack is its own.
func (s *Server) startUpdate(r *http.Request) (any, error) {
	u, err := s.requested(r)
	if err != nil {
		return nil, err
	}
	var request struct {
		Tags           map[string]string `json:"tags"`
		JournalVersion int               `json:"journalVersion"`
	}
	if err := decode(r, &request); err != nil {
		return nil, err
	}
	if u.started {
		return nil, refuse(http.StatusConflict, "the update has begun already")
	}
	next, err := s.store.nextVersion(u.stack)
	if err != nil {
		return nil, err
	}
	u.info.Version = next - 1
	if !u.dryRun {
		if err := s.takeOver(u); err != nil {
			return nil, err
		}
		u.info.Version = next
		if err := s.writeTags(u.stack, request.Tags); err != nil {
			return nil, err
		}
		if err := s.openJournal(u, engineVersion(r.UserAgent())); err != nil {
			return nil, err
		}
	}
	u.started, u.token, u.expires = true, uuid.NewString(), time.Now().Add(lease)
	return map[string]any{"version": u.info.Version, "token": u.token, "tokenExpiration": u.expires.Unix(),
		"journalVersion": min(request.JournalVersion, journalVersion)}, nil
}

// takeOver makes room for an update: one that has been silent for too long is ended, any other one is in the way.
func (s *Server) takeOver(u *activeUpdate) error {
	other := s.running(u.stack)
	if other == nil {
		return nil
	}
	if time.Now().Before(other.expires) {
		return refuse(http.StatusConflict, "another update of stack %q is under way", u.stack.stack)
	}
	return s.end(other, journalEnd{changes: other.changes})
}

func (s *Server) openJournal(u *activeUpdate, engine string) error {
	_, base, err := s.store.read(u.stack)
	if err != nil {
		return err
	}
	h := header{Format: journalFormat, UpdateID: u.id, Base: base, Engine: engine, Update: u.info}
	u.journal, err = createJournal(s.store.journal(u.stack), h)
	if errors.Is(err, fs.ErrExist) {
		return refuse(http.StatusConflict, "stack %q has a journal that was not taken up: run the command again",
			u.stack.stack)
	}
	return err
}

// leased serves a request of a running update, whose token it must show.
func (s *Server) leased(handle func(*activeUpdate, *http.Request) (any, error)) func(*http.Request) (any, error) {
	return func(r *http.Request) (any, error) {
		u, err := s.requested(r)
		if err != nil {
			return nil, err
		}
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if !u.started || !strings.EqualFold(scheme, "update-token") || !same(token, u.token) {
			return nil, refuse(http.StatusForbidden, "the token is not this update's")
		}
		if u.ended {
			return nil, refuse(http.StatusConflict, "the update has ended")
		}
		u.expires = time.Now().Add(lease)
		return handle(u, r)
	}
}

func (s *Server) renewLease(u *activeUpdate, _ *http.Request) (any, error) {
	return map[string]any{"token": u.token, "tokenExpiration": u.expires.Unix()}, nil
}

// addEntries stores entries of the engine's journal. They are on disk when it returns.
func (s *Server) addEntries(u *activeUpdate, r *http.Request) (any, error) {
	var request struct {
		Entries []json.RawMessage `json:"entries"`
	}
	if err := decode(r, &request); err != nil {
		return nil, err
	}
	if u.journal == nil {
		return nil, refuse(http.StatusBadRequest, "a preview has no journal")
	}
	var fresh []json.RawMessage
	var ids []int64
	for _, raw := range request.Entries {
		version, id, err := identify(raw)
		if err != nil {
			return nil, refuse(http.StatusBadRequest, "an entry is not what is expected: %s", err)
		}
		if version != journalVersion {
			return nil, refuse(http.StatusBadRequest, "entries of version %d are unknown here", version)
		}
		if !u.seen[id] {
			fresh, ids = append(fresh, raw), append(ids, id)
		}
	}
	if len(fresh) == 0 {
		return nil, nil
	}
	if err := u.journal.append(fresh); err != nil {
		return nil, err
	}
	for _, id := range ids {
		u.seen[id] = true
	}
	return nil, nil
}

// identify reads the version and the sequence id of an entry, which the engine writes at its beginning.
func identify(raw json.RawMessage) (version int, id int64, err error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	if _, err := decoder.Token(); err != nil {
		return 0, 0, err
	}
	for found := 0; found < 2 && decoder.More(); {
		name, err := decoder.Token()
		if err != nil {
			return 0, 0, err
		}
		var into any
		switch name {
		case "version":
			into = &version
			found++
		case "sequenceID":
			into = &id
			found++
		default:
			into = &json.RawMessage{}
		}
		if err := decoder.Decode(into); err != nil {
			return 0, 0, err
		}
	}
	return version, id, nil
}

// putCheckpoint stores a whole state, as an engine does whose journal is switched off.
func (s *Server) putCheckpoint(u *activeUpdate, r *http.Request) (any, error) {
	var d untypedDeployment
	if err := decode(r, &d); err != nil {
		return nil, err
	}
	if u.journal == nil {
		return nil, refuse(http.StatusBadRequest, "a preview changes no state")
	}
	if _, err := parseDeployment(d.Deployment); err != nil {
		return nil, refuse(http.StatusBadRequest, "this is no state: %s", err)
	}
	// The journal is empty, and stays with the state that it belongs to.
	raw, err := encode(u.stack, &d)
	if err != nil {
		return nil, err
	}
	if err := appendLine(u.journal, record{Applied: digest(raw)}); err != nil {
		return nil, err
	}
	return nil, replaceFile(s.store.checkpoint(u.stack), raw)
}

// summaryEvent is the member of the one event that says what an update did.
const summaryEvent = `"summaryEvent"`

// recordEvents takes the engine's events, of which the history keeps the summary.
func (s *Server) recordEvents(u *activeUpdate, r *http.Request) (any, error) {
	body, err := content(r)
	// Most of them say nothing that is kept, and they are many.
	if err != nil || !bytes.Contains(body, []byte(summaryEvent)) {
		return nil, err
	}
	var request struct {
		Events []json.RawMessage `json:"events"`
	}
	if err := json.Unmarshal(body, &request); err != nil {
		return nil, refuse(http.StatusBadRequest, "the events are not what is expected: %s", err)
	}
	for _, raw := range request.Events {
		if err := u.note(raw); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func (s *Server) recordEvent(u *activeUpdate, r *http.Request) (any, error) {
	var raw json.RawMessage
	if err := decode(r, &raw); err != nil {
		return nil, err
	}
	return nil, u.note(raw)
}

// note keeps what an event says of the update as a whole.
func (u *activeUpdate) note(raw json.RawMessage) error {
	if !bytes.Contains(raw, []byte(summaryEvent)) {
		return nil
	}
	var event struct {
		Summary *struct {
			Changes map[string]int `json:"resourceChanges"`
		} `json:"summaryEvent"`
	}
	if err := json.Unmarshal(raw, &event); err != nil {
		return refuse(http.StatusBadRequest, "an event is not what is expected: %s", err)
	}
	if event.Summary != nil {
		u.changes = event.Summary.Changes
	}
	return nil
}

// completeUpdate makes a checkpoint of the update's journal.
func (s *Server) completeUpdate(u *activeUpdate, r *http.Request) (any, error) {
	var request struct {
		Status string `json:"status"`
	}
	if err := decode(r, &request); err != nil {
		return nil, err
	}
	return nil, s.end(u, journalEnd{result: request.Status, changes: u.changes})
}

// cancelUpdate ends an update from outside: what was recorded is kept, and its engine hears that its token is void.
func (s *Server) cancelUpdate(r *http.Request) (any, error) {
	u, err := s.requested(r)
	if err != nil {
		return nil, err
	}
	return nil, s.end(u, journalEnd{changes: u.changes})
}

// end brings an update's journal into the state.
func (s *Server) end(u *activeUpdate, end journalEnd) error {
	u.ended = true
	if u.journal == nil {
		return nil
	}
	err := u.journal.close()
	u.journal = nil
	if err != nil {
		return err
	}
	done, err := s.store.replay(u.stack, end)
	if done != nil {
		u.info = *done
	}
	return err
}

// updateStatus is what the CLI asks after an import.
func (s *Server) updateStatus(r *http.Request) (any, error) {
	u, err := s.requested(r)
	if err != nil {
		return nil, err
	}
	status := "running"
	switch {
	case u.ended:
		status = u.info.Result
	case !u.started:
		status = "not started"
	}
	return map[string]any{"status": status, "events": []any{}}, nil
}
