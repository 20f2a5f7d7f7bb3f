package statebackend

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"

	"github.com/google/uuid"
)

// name is the stack that a request is about.
func name(r *http.Request) stackName {
	return stackName{project: r.PathValue("project"), stack: r.PathValue("stack")}
}

// existing is the stack that a request is about, which must exist.
func (s *Server) existing(r *http.Request) (stackName, error) {
	n := name(r)
	exists, err := s.store.exists(n)
	if err == nil && !exists {
		err = refuse(http.StatusNotFound, "stack %q not found", n.stack)
	}
	return n, err
}

// past is the stack that a request is about, which must exist, and its history.
func (s *Server) past(r *http.Request) (stackName, []update, error) {
	n, err := s.existing(r)
	if err != nil {
		return n, nil, err
	}
	updates, err := s.store.updates(n)
	return n, updates, err
}

// idle is the stack that a request is about, which must exist and have no update under way.
func (s *Server) idle(r *http.Request) (stackName, error) {
	n, err := s.existing(r)
	if err == nil && s.running(n) != nil {
		err = refuse(http.StatusConflict, "another update of stack %q is under way", n.stack)
	}
	return n, err
}

// summary is a stack in a list, as apitype.StackSummary has it.
type summary struct {
	ID            string `json:"id"`
	OrgName       string `json:"orgName"`
	ProjectName   string `json:"projectName"`
	StackName     string `json:"stackName"`
	LastUpdate    *int64 `json:"lastUpdate,omitempty"`
	ResourceCount *int   `json:"resourceCount,omitempty"`
}

func (s *Server) listStacks(r *http.Request) (any, error) {
	names, err := s.store.list(".pulumi/stacks/*/*" + fileSuffix)
	if err != nil {
		return nil, err
	}
	list := []summary{}
	for _, n := range names {
		if project := r.URL.Query().Get("project"); project != "" && project != n.project {
			continue
		}
		updates, err := s.store.updates(n)
		if err != nil {
			return nil, err
		}
		one := summary{ID: n.project + "/" + n.stack, OrgName: Organization, ProjectName: n.project, StackName: n.stack}
		if len(updates) > 0 {
			one.LastUpdate = &updates[len(updates)-1].EndTime
		}
		count, err := s.store.resources(n)
		if err != nil {
			return nil, err
		}
		one.ResourceCount = &count
		list = append(list, one)
	}
	return map[string]any{"stacks": list}, nil
}

func (s *Server) createStack(r *http.Request) (any, error) {
	var request struct {
		StackName string             `json:"stackName"`
		Tags      map[string]string  `json:"tags"`
		State     *untypedDeployment `json:"state"`
	}
	if err := decode(r, &request); err != nil {
		return nil, err
	}
	n := stackName{project: r.PathValue("project"), stack: request.StackName}
	if n.stack == "" || n.stack != filepath.Base(n.stack) || n.stack == ".." {
		return nil, refuse(http.StatusBadRequest, "%q is no name of a stack", n.stack)
	}
	exists, err := s.store.exists(n)
	if err != nil {
		return nil, err
	}
	if exists {
		return nil, refuse(http.StatusConflict, "stack %q already exists", n.stack)
	}
	if err := s.writeTags(n, request.Tags); err != nil {
		return nil, err
	}
	state := &untypedDeployment{}
	if request.State != nil {
		state = request.State
	}
	if err := s.store.write(n, state); err != nil {
		return nil, err
	}
	return map[string]any{}, nil
}

// projectExists answers whether any stack belongs to a project.
func (s *Server) projectExists(r *http.Request) (any, error) {
	names, err := s.store.list(filepath.Join(".pulumi", "stacks", r.PathValue("project"), "*"+fileSuffix))
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, refuse(http.StatusNotFound, "project %q not found", r.PathValue("project"))
	}
	return map[string]any{}, nil
}

func (s *Server) getStack(r *http.Request) (any, error) {
	n, updates, err := s.past(r)
	if err != nil {
		return nil, err
	}
	tags, err := s.readTags(n)
	if err != nil {
		return nil, err
	}
	active := ""
	if u := s.running(n); u != nil {
		active = u.id
	}
	return map[string]any{
		"id": n.project + "/" + n.stack, "orgName": Organization, "projectName": n.project, "stackName": n.stack,
		"activeUpdate": active, "tags": tags, "version": lastVersion(updates),
	}, nil
}

// deleteStack removes a stack. The words of its refusal are what the CLI knows it by.
func (s *Server) deleteStack(r *http.Request) (any, error) {
	n, err := s.idle(r)
	if err != nil {
		return nil, err
	}
	if r.URL.Query().Get("force") != "true" {
		count, err := s.store.resources(n)
		if err != nil {
			return nil, err
		}
		if count > 0 {
			return nil, refuse(http.StatusBadRequest, "Bad Request: Stack still contains resources.")
		}
	}
	return nil, s.store.remove(n)
}

func (s *Server) exportStack(r *http.Request) (any, error) {
	n, err := s.existing(r)
	if err != nil {
		return nil, err
	}
	return s.exported(n)
}

// exported is a stack's state as apitype.UntypedDeployment has it.
func (s *Server) exported(n stackName) (any, error) {
	d, _, err := s.store.read(n)
	if err != nil {
		return nil, err
	}
	features, err := json.Marshal(d.Features)
	if err != nil {
		return nil, err
	}
	return object(map[string]json.RawMessage{"version": json.RawMessage(strconv.Itoa(d.Version)), "features": features,
		"deployment": d.Deployment}), nil
}

// exportVersion is the state after an update: only the last one's is kept.
func (s *Server) exportVersion(r *http.Request) (any, error) {
	n, updates, err := s.past(r)
	if err != nil {
		return nil, err
	}
	last := lastVersion(updates)
	if r.PathValue("version") != strconv.Itoa(last) {
		return nil, refuse(http.StatusNotFound, "only the state of the last update, %d, is kept", last)
	}
	return s.exported(n)
}

// importStack replaces a stack's state. It is done when it is answered; its update id tells so.
func (s *Server) importStack(r *http.Request) (any, error) {
	n, err := s.idle(r)
	if err != nil {
		return nil, err
	}
	var d untypedDeployment
	if err := decode(r, &d); err != nil {
		return nil, err
	}
	if _, err := parseDeployment(d.Deployment); err != nil {
		return nil, refuse(http.StatusBadRequest, "this is no state: %s", err)
	}
	version, err := s.store.nextVersion(n)
	if err != nil {
		return nil, err
	}
	if err := s.store.write(n, &d); err != nil {
		return nil, err
	}
	u := newUpdate("import", version)
	u.finish(journalEnd{result: resultSucceeded})
	id := uuid.NewString()
	s.updates[id] = &activeUpdate{id: id, stack: n, info: u, ended: true}
	return map[string]string{"updateId": id}, s.store.remember(n, u)
}

func (s *Server) updateTags(r *http.Request) (any, error) {
	n, err := s.existing(r)
	if err != nil {
		return nil, err
	}
	var tags map[string]string
	if err := decode(r, &tags); err != nil {
		return nil, err
	}
	return nil, s.writeTags(n, tags)
}

func (s *Server) readTags(n stackName) (map[string]string, error) {
	tags := map[string]string{}
	raw, err := os.ReadFile(s.store.tags(n))
	if errors.Is(err, fs.ErrNotExist) {
		return tags, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(raw, &tags); err != nil {
		return nil, &DamageError{Path: s.store.tags(n), Problem: err.Error()}
	}
	return tags, nil
}

// writeTags replaces a stack's tags; nil keeps them.
func (s *Server) writeTags(n stackName, tags map[string]string) error {
	if tags == nil {
		return nil
	}
	raw, err := json.Marshal(tags)
	if err != nil {
		return err
	}
	return replaceFile(s.store.tags(n), raw)
}

// renameStack gives a stack another name. The CLI renames what the state itself says with an import before it.
func (s *Server) renameStack(r *http.Request) (any, error) {
	from, err := s.idle(r)
	if err != nil {
		return nil, err
	}
	var request struct {
		NewName    string `json:"newName"`
		NewProject string `json:"newProject"`
	}
	if err := decode(r, &request); err != nil {
		return nil, err
	}
	to := from
	if request.NewName != "" {
		to.stack = request.NewName
	}
	if request.NewProject != "" {
		to.project = request.NewProject
	}
	for _, part := range []string{to.stack, to.project} {
		if part != filepath.Base(part) || part == ".." {
			return nil, refuse(http.StatusBadRequest, "%q is no name", part)
		}
	}
	exists, err := s.store.exists(to)
	if err != nil {
		return nil, err
	}
	if exists {
		return nil, refuse(http.StatusConflict, "stack %q already exists", to.stack)
	}
	return nil, s.store.rename(from, to)
}

func (s *Server) listUpdates(r *http.Request) (any, error) {
	_, updates, err := s.past(r)
	if err != nil {
		return nil, err
	}
	newest := make([]update, 0, len(updates))
	for i := len(updates) - 1; i >= 0; i-- {
		newest = append(newest, updates[i])
	}
	size, err := strconv.Atoi(r.URL.Query().Get("pageSize"))
	if err == nil && size > 0 {
		page, err := strconv.Atoi(r.URL.Query().Get("page"))
		if err != nil || page < 1 {
			page = 1
		}
		from := min((page-1)*size, len(newest))
		newest = newest[from:min(from+size, len(newest))]
	}
	return map[string]any{"updates": newest}, nil
}

// getUpdate is one update of the history, by its version or as the latest one.
func (s *Server) getUpdate(r *http.Request) (any, error) {
	n, updates, err := s.past(r)
	if err != nil {
		return nil, err
	}
	wanted := r.PathValue("version")
	for i, u := range updates {
		if strconv.Itoa(u.Version) == wanted || (wanted == "latest" && i == len(updates)-1) {
			return map[string]any{"info": u}, nil
		}
	}
	return nil, refuse(http.StatusNotFound, "stack %q has no update %s", n.stack, wanted)
}
