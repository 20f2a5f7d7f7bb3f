package arm

import "net/http"

// act answers a POST action.
func (s *Server) act(c *Call, t *Type, a Action, raw []byte) (*reply, *Error) {
	body, aerr := decodeBody(raw)
	if aerr != nil {
		return nil, aerr
	}
	r, ok := s.load(c, t, c.ID)
	if !ok {
		return nil, c.missing(c.ID)
	}
	if aerr := s.checkConditions(c, r); aerr != nil {
		return nil, aerr
	}
	if a.Async != Direct {
		c.beginOperation(r.ID, t).Until = s.lasting(c, t.Name, OpAction)
	} else {
		c.wait = s.latency.scaled(defaultDurations.action)
	}
	var out any
	if !s.failing(c, http.MethodPost) {
		if out, aerr = a.Run(c, r, body); aerr != nil {
			return nil, aerr
		}
	}
	return s.finish(c, a.Async, out, c.root(r).String("location"))
}

// finish answers an action or a route that has run: 200 with its result, 204 without one, or 202 with an operation that
// ends with the result.
func (s *Server) finish(c *Call, style AsyncStyle, out any, location string) (*reply, *Error) {
	rep := &reply{status: http.StatusOK, body: out}
	if out == nil {
		rep.status = http.StatusNoContent
	}
	if style != Direct {
		rep.status, c.op.Reply, c.op.Deleted = http.StatusAccepted, out, out == nil
	}
	return s.accept(c, style, rep, location)
}

// root is the topmost stored resource above a resource. Its location is that of everything below it.
func (c *Call) root(r *Resource) *Resource {
	for {
		parentID, ok := r.ID.Parent()
		if !ok {
			return r
		}
		parent, ok := c.Get(parentID)
		if !ok {
			return r
		}
		r = parent
	}
}
