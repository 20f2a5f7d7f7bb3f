package arm

import (
	"net/http"
	"strings"
)

// list answers GET on a collection: below a parent, a scope, a resource group or a subscription.
func (s *Server) list(c *Call, t *Type) (*reply, *Error) {
	found, aerr := s.collect(c, t)
	if aerr != nil {
		return nil, aerr
	}
	if t.More != nil {
		if found, aerr = t.More(c, found); aerr != nil {
			return nil, aerr
		}
	}
	from, to, next, aerr := c.page(len(found))
	if aerr != nil {
		return nil, aerr
	}
	value := make([]any, 0, to-from)
	for _, r := range found[from:to] {
		value = append(value, s.render(c, r, c.APIVersion))
	}
	body := map[string]any{"value": value}
	if next != "" {
		body["nextLink"] = next
	}
	return &reply{status: http.StatusOK, body: body}, nil
}

// collect finds the resources of a collection.
func (s *Server) collect(c *Call, t *Type) ([]*Resource, *Error) {
	switch {
	case t.List != nil:
		return t.List(c, c.ID)
	case len(c.ID.Types) > 1:
		return s.children(c, t)
	case t.Extension:
		return c.scan(c.ID.Key()+"/", func(rest string) bool { return !strings.Contains(rest, "/") }), nil
	}
	return c.within(t)
}

// children are the resources of a type below the collection's parent: first the stored ones, then the implicit ones.
func (s *Server) children(c *Call, t *Type) ([]*Resource, *Error) {
	parentID := c.ID
	parentID.Types = c.ID.Types[:len(c.ID.Types)-1]
	if s.lookup(parentID.Type()) == nil {
		return nil, NotFound(parentID)
	}
	parent, ok := s.find(c, parentID)
	if !ok {
		return nil, c.missingParent("read", t, parentID)
	}
	found := c.Children(parent.ID, t.lastSegment())
	for _, name := range t.Implicit {
		child := parent.ID.Child(t.lastSegment(), name)
		if c.Tx.Has(tableResources, child.Key()) {
			continue // already in the list
		}
		if r, ok := s.load(c, t, child); ok {
			found = append(found, r)
		}
	}
	return found, nil
}

// within are the resources of a type in the collection's resource group or subscription.
func (c *Call) within(t *Type) ([]*Resource, *Error) {
	if aerr := c.CheckGroup(c.ID); aerr != nil {
		return nil, aerr
	}
	scope := ID{Subscription: c.ID.Subscription}
	if c.ID.ResourceGroup != "" {
		scope = c.ID.Group()
	}
	var found []*Resource
	for _, r := range c.Under(scope) {
		if strings.EqualFold(r.ID.Type(), t.Name) {
			found = append(found, r)
		}
	}
	return found, nil
}
