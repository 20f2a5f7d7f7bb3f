package arm

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// remove answers DELETE: the resource and everything below it, children first.
func (s *Server) remove(c *Call, t *Type) (*reply, *Error) {
	if rep, ok := s.deletingAlready(c, t); ok {
		return rep, nil
	}
	if aerr := s.checkIdle(c, c.ID); aerr != nil {
		return nil, aerr
	}
	r, ok := c.Get(c.ID)
	switch {
	case t.isImplicit(c.ID.Name()):
		return nil, methodNotAllowed(http.MethodDelete, t)
	case !ok:
		if aerr := c.CheckGroup(c.ID); aerr != nil {
			return nil, aerr
		}
		return &reply{status: http.StatusNoContent}, nil
	}
	if aerr := s.checkConditions(c, r); aerr != nil {
		return nil, aerr
	}
	if t.DeleteAsync != Direct {
		op := c.beginOperation(r.ID, t)
		op.Deleted, op.Until = true, s.lasting(c, t.Name, OpDelete)
	} else {
		c.wait = s.Latency(t.Name, OpDelete)
	}
	ghost, aerr := s.removeOrFail(c, r)
	if aerr != nil {
		return nil, aerr
	}
	if aerr := c.occupy(r.ID, OpDelete, r.String("location"), ghost); aerr != nil {
		return nil, aerr
	}
	return s.accept(c, t.DeleteAsync, &reply{status: http.StatusOK}, r.String("location"))
}

// removeOrFail deletes a resource and returns it as GET shows it until the operation ends. If a fault makes the
// operation fail, the resource stays, in state Failed.
func (s *Server) removeOrFail(c *Call, r *Resource) (ghost *Resource, aerr *Error) {
	if s.failing(c, http.MethodDelete) {
		markFailed(r)
		return nil, c.Save(r)
	}
	return r, s.RemoveTree(c, r)
}

// RemoveTree deletes a resource with everything below it: descendants first, each through its type's Delete.
func (s *Server) RemoveTree(c *Call, r *Resource) *Error {
	doomed := append(c.Under(r.ID), r)
	depth := func(r *Resource) int { return strings.Count(r.ID.String(), "/") }
	slices.SortStableFunc(doomed, func(a, b *Resource) int { return depth(b) - depth(a) })
	for _, d := range doomed {
		if !c.Tx.Has(tableResources, d.ID.Key()) {
			continue // removed with a parent
		}
		if aerr := s.removeOne(c, d); aerr != nil {
			return aerr
		}
	}
	return nil
}

// removeOne deletes a resource together with its operation, its global name and its identity.
func (s *Server) removeOne(c *Call, r *Resource) *Error {
	t := s.lookup(r.ID.Type())
	if t == nil {
		return InternalError(fmt.Errorf("no type %s", r.ID.Type()))
	}
	if t.Delete != nil {
		if aerr := t.Delete(c, r); aerr != nil {
			return aerr
		}
	}
	for _, table := range []string{tableResources, tableBusy} {
		if err := c.Tx.Delete(table, r.ID.Key()); err != nil {
			return InternalError(err)
		}
	}
	if t.Global != nil {
		if aerr := s.releaseName(c, t, r.ID); aerr != nil {
			return aerr
		}
	}
	principal := r.String("identity", "principalId")
	if principal == "" {
		return nil
	}
	if err := s.directory.RemovePrincipal(c.Tx, principal); err != nil {
		return InternalError(err)
	}
	return nil
}
