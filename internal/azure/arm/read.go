package arm

import (
	"net/http"
	"strings"
)

// read answers GET and HEAD. A resource under deletion is shown until its operation ends.
func (s *Server) read(c *Call, t *Type, method string) (*reply, *Error) {
	r, ok := s.load(c, t, c.ID)
	if !ok {
		r, ok = c.ghost(c.ID)
	}
	switch {
	case !ok:
		return nil, c.missing(c.ID)
	case method == http.MethodHead:
		return &reply{status: http.StatusNoContent}, nil
	}
	return &reply{status: http.StatusOK, body: s.render(c, r, c.APIVersion)}, nil
}

// find loads a resource of any type.
func (s *Server) find(c *Call, id ID) (*Resource, bool) {
	t := s.lookup(id.Type())
	if t == nil {
		return nil, false
	}
	return s.load(c, t, id)
}

// load finds a resource, or makes an implicit one from its type's defaults.
func (s *Server) load(c *Call, t *Type, id ID) (*Resource, bool) {
	if r, ok := c.Get(id); ok {
		return r, true
	}
	if !t.isImplicit(id.Name()) {
		return nil, false
	}
	parentID, _ := id.Parent()
	parent, ok := c.Get(parentID)
	if !ok {
		return nil, false
	}
	made := &Resource{
		ID:        parent.ID.Child(t.lastSegment(), strings.ToLower(id.Name())),
		Body:      map[string]any{"properties": map[string]any{}},
		CreatedAt: parent.CreatedAt, CreatedBy: parent.CreatedBy,
		ModifiedAt: parent.CreatedAt, ModifiedBy: parent.CreatedBy,
	}
	if t.Put != nil {
		if aerr := t.Put(c, &Write{New: made, Request: map[string]any{}}); aerr != nil {
			return nil, false
		}
	}
	return made, true
}
