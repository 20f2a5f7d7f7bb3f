package arm

import (
	"fmt"
	"net/http"
	"sort"
	"strings"

	"github.com/google/uuid"

	"github.com/crossorg/crossorg/internal/azuretypes"
)

// checkAPIVersion refuses a version that the type is not published with.
func checkAPIVersion(t *Type, version string) *Error {
	if _, ok := azuretypes.Lookup(t.Name, version); ok {
		return nil
	}
	known := azuretypes.APIVersions(t.Name)
	if len(known) == 0 {
		return nil // a read-only type without a published body: the provider's own routes and lists decide
	}
	return BadRequest("NoRegisteredProviderFound", "No registered resource provider found for API version '%s' for "+
		"type '%s'. The supported api-versions are '%s'.",
		version, typeTail(t.Name), strings.Join(known, ", "))
}

func typeTail(full string) string {
	_, tail, _ := strings.Cut(full, "/")
	return tail
}

// load finds a resource, or makes up an implicit one from its type's defaults.
func (s *Server) load(c *Call, t *Type, id ID) (*Resource, bool) {
	if r, ok := c.Get(id); ok {
		return r, true
	}
	if !isImplicit(t, id.Name()) {
		return nil, false
	}
	parent, _ := id.Parent()
	p, ok := c.Get(parent)
	if !ok {
		return nil, false
	}
	canonical := p.ID.Child(lastType(t), strings.ToLower(id.Name()))
	w := &Write{New: &Resource{ID: canonical, Body: map[string]any{"properties": map[string]any{}},
		CreatedAt: p.CreatedAt, CreatedBy: p.CreatedBy, ModifiedAt: p.CreatedAt, ModifiedBy: p.CreatedBy},
		Request: map[string]any{}}
	if t.Put != nil {
		if aerr := t.Put(c, w); aerr != nil {
			return nil, false
		}
	}
	return w.New, true
}

func isImplicit(t *Type, name string) bool {
	for _, n := range t.Implicit {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}

func lastType(t *Type) string {
	i := strings.LastIndexByte(t.Name, '/')
	return t.Name[i+1:]
}

// render is a resource as GET answers it.
func (s *Server) render(c *Call, r *Resource, apiVersion string) map[string]any {
	t := s.lookup(r.ID.Type())
	body := clone(r.Body)
	if t != nil && t.Show != nil {
		t.Show(c, r, body)
	}
	body["id"], body["name"], body["type"] = r.ID.String(), r.ID.Name(), r.ID.Type()
	pub, ok := azuretypes.Lookup(r.ID.Type(), apiVersion)
	if !ok {
		return body
	}
	if b, _ := c.busy(r.ID); b != nil {
		showProgress(pub, b.Kind, body)
	}
	if pub.Body.Prop("systemData") != nil {
		body["systemData"] = map[string]any{
			"createdAt": Timestamp(r.CreatedAt), "createdBy": r.CreatedBy, "createdByType": "Application",
			"lastModifiedAt": Timestamp(r.ModifiedAt), "lastModifiedBy": r.ModifiedBy, "lastModifiedByType": "Application",
		}
	}
	return body
}

// clone copies a JSON object deeply.
func clone(m map[string]any) map[string]any {
	out := make(map[string]any, len(m)+4)
	for k, v := range m {
		out[k] = cloneValue(v)
	}
	return out
}

func cloneValue(v any) any {
	switch v := v.(type) {
	case map[string]any:
		return clone(v)
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = cloneValue(e)
		}
		return out
	}
	return v
}

// checkGroup refuses a path in a resource group that is not there.
func (s *Server) checkGroup(c *Call, id ID) *Error {
	if id.ResourceGroup == "" {
		return nil
	}
	if !c.Tx.Has(tableResources, id.Group().Key()) {
		return Errorf(http.StatusNotFound, "ResourceGroupNotFound", "Resource group '%s' could not be found.",
			id.ResourceGroup)
	}
	return nil
}

// canonical gives an id the letter case of what is stored above it and of the registered type, after checking that all
// of that is there.
func (s *Server) canonical(c *Call, t *Type, id ID) (ID, *Error) {
	names := id.Names
	if t.Extension && id.Scope != "" {
		scope, err := ParseID(id.Scope)
		if err != nil {
			return ID{}, BadRequest("InvalidResourceId", "The resource identifier is invalid: %v.", err)
		}
		st := s.lookup(scope.Type())
		if st == nil {
			return ID{}, NotFound(scope)
		}
		r, ok := s.load(c, st, scope)
		if !ok {
			if aerr := s.checkGroup(c, scope); aerr != nil {
				return ID{}, aerr
			}
			return ID{}, NotFound(scope)
		}
		id.Scope, id.ResourceGroup = r.ID.String(), r.ID.ResourceGroup
	} else if parent, ok := id.Parent(); ok {
		if aerr := s.checkGroup(c, id); aerr != nil {
			return ID{}, aerr
		}
		pt := s.lookup(parent.Type())
		var r *Resource
		if pt != nil {
			r, ok = s.load(c, pt, parent)
		}
		if pt == nil || !ok {
			return ID{}, Errorf(http.StatusNotFound, "ParentResourceNotFound",
				"Failed to perform 'write' on resource(s) of type '%s', because the parent resource '%s' could not "+
					"be found.", typeTail(t.Name), parent.String())
		}
		return r.ID.Child(lastType(t), names[len(names)-1]), nil
	} else if !id.IsResourceGroup() && id.ResourceGroup != "" {
		g, ok := c.Get(id.Group())
		if !ok {
			return ID{}, s.checkGroup(c, id)
		}
		id.ResourceGroup = g.ID.ResourceGroup
	}
	if !id.IsResourceGroup() {
		id.Namespace, _, _ = strings.Cut(t.Name, "/")
		id.Types = strings.Split(typeTail(t.Name), "/")
	} else {
		id = id.Group()
	}
	return id, nil
}

// write answers PUT and PATCH.
func (s *Server) write(c *Call, t *Type, patch bool, raw []byte) (*reply, *Error) {
	request, aerr := decodeBody(raw)
	if aerr != nil {
		return nil, aerr
	}
	if aerr := s.checkIdle(c, c.ID); aerr != nil {
		return nil, aerr
	}
	old, exists := c.Get(c.ID)
	if exists || !isImplicit(t, c.ID.Name()) {
		if aerr := s.checkConditions(c, old); aerr != nil {
			return nil, aerr
		}
	}
	id := c.ID
	if exists {
		id = old.ID
	} else if patch && !isImplicit(t, c.ID.Name()) {
		if aerr := s.checkGroup(c, id); aerr != nil {
			return nil, aerr
		}
		return nil, NotFound(id)
	} else {
		if id, aerr = s.canonical(c, t, id); aerr != nil {
			return nil, aerr
		}
		if t.CheckName != nil {
			if aerr := t.CheckName(id.Name()); aerr != nil {
				return nil, aerr
			}
		}
	}
	pub, published := azuretypes.Lookup(t.Name, c.APIVersion)
	body := request
	if published {
		violations := pub.ValidateWrite(request)
		if patch {
			violations = pub.ValidatePatch(request)
		}
		if len(violations) > 0 {
			return nil, invalidContent(t, violations)
		}
		body = pub.StripReadOnly(request)
	}
	for _, k := range []string{"id", "name", "type", "apiVersion", "systemData", "etag"} {
		delete(body, k)
	}
	now := c.Now
	w := &Write{Old: old, Request: request, New: &Resource{ID: id, CreatedAt: now, CreatedBy: c.Caller.ClientID}}
	if exists {
		w.New.CreatedAt, w.New.CreatedBy, w.New.Private = old.CreatedAt, old.CreatedBy,
			cloneValue(old.Private).(map[string]any)
		if aerr := checkLocation(old, body); aerr != nil {
			return nil, aerr
		}
		if patch {
			base := clone(old.Body)
			if published {
				base = pub.StripReadOnly(base)
			}
			body = mergePatch(base, body)
		}
	} else if t.Global != nil {
		if aerr := s.claimName(c, t, id); aerr != nil {
			return nil, aerr
		}
	}
	w.New.Body = body
	w.New.ModifiedAt, w.New.ModifiedBy, w.New.ETag = now, c.Caller.ClientID, uuid.NewString()
	if loc, ok := body["location"].(string); ok {
		body["location"] = LocationName(loc)
	}
	kind := OpCreate
	if exists || isImplicit(t, id.Name()) {
		kind = OpUpdate
	}
	if t.PutAsync != Direct {
		c.op = &operation{ID: uuid.NewString(), Resource: id.String(), Type: t.Name, APIVersion: c.APIVersion,
			Start: now, Caller: c.Caller.ObjectID}
	}
	async := t.PutAsync == AzureAsyncOperation || t.PutAsync == Location && kind == OpCreate
	if async {
		c.op.Until = s.lasting(c, t.Name, kind)
	} else {
		c.wait = s.Latency(t.Name, kind)
	}
	if t.Put != nil {
		if aerr := t.Put(c, w); aerr != nil {
			return nil, aerr
		}
	}
	if published {
		dropSecrets(pub.Body, w.New.Body)
	}
	method := http.MethodPut
	if patch {
		method = http.MethodPatch
	}
	if async && s.failing(c, method) {
		markFailed(w.New)
	}
	if err := c.Tx.Put(tableResources, id.Key(), w.New); err != nil {
		return nil, InternalError(err)
	}
	rep := &reply{status: http.StatusOK}
	if w.Create() && !isImplicit(t, id.Name()) {
		rep.status = http.StatusCreated
		if t.Created != 0 {
			rep.status = t.Created
		}
	}
	if aerr := c.occupy(id, kind, w.New.String("location"), nil); aerr != nil {
		return nil, aerr
	}
	rep.body = s.render(c, w.New, c.APIVersion)
	return s.accept(c, t, t.PutAsync, rep, w.New.String("location"))
}

// accept finishes an answer of an operation that may be asynchronous.
func (s *Server) accept(c *Call, t *Type, style AsyncStyle, rep *reply, location string) (*reply, *Error) {
	if style == Direct || c.op == nil {
		return rep, nil
	}
	c.op.settle(c.Now)
	if err := c.Tx.Put(tableOperations, c.op.ID, c.op); err != nil {
		return nil, InternalError(err)
	}
	id := c.ID
	if id.Namespace == "" {
		id.Namespace, _, _ = strings.Cut(t.Name, "/")
	}
	switch style {
	case AzureAsyncOperation:
		rep.set("Azure-AsyncOperation", s.operationURL(id, location, "operationStatuses", c.op))
		if rep.status == http.StatusOK && (c.op.Status == statusInProgress || rep.body == nil) {
			rep.status = http.StatusAccepted
		}
	case Location:
		if rep.status == http.StatusOK && rep.body != nil && c.op.Status != statusInProgress {
			return rep, nil // an update that is done already answers at once
		}
		rep.status, rep.body = http.StatusAccepted, nil
	}
	rep.set("Location", s.operationURL(id, location, "operationResults", c.op))
	s.pollAfter(rep, c.op.Type, c.op.Until.Sub(c.Now))
	return rep, nil
}

func invalidContent(t *Type, violations []azuretypes.Violation) *Error {
	var details []*Error
	var texts []string
	for _, v := range violations {
		if v.Path == "location" && v.Code == azuretypes.MissingProperty {
			return BadRequest("LocationRequired", "The location property is required for this definition.")
		}
		details = append(details, &Error{Code: string(v.Code), Message: v.Detail, Target: v.Path})
		texts = append(texts, fmt.Sprintf("%s: %s", v.Path, v.Detail))
	}
	return &Error{Status: http.StatusBadRequest, Code: "InvalidRequestContent", Details: details,
		Message: fmt.Sprintf("The request content was invalid for type '%s': %s.", t.Name, strings.Join(texts, "; "))}
}

func checkLocation(old *Resource, body map[string]any) *Error {
	was, _ := old.Body["location"].(string)
	wants, _ := body["location"].(string)
	wants = LocationName(wants)
	if was == "" || wants == "" || was == wants {
		return nil
	}
	return Conflict("InvalidResourceLocation",
		"The resource '%s' already exists in location '%s' in resource group '%s'. A resource with the same name "+
			"cannot be created in location '%s'. Please select a new resource name.",
		old.ID.Name(), was, old.ID.ResourceGroup, wants)
}

// mergePatch applies an update to a body: objects merge, null removes, everything else replaces.
func mergePatch(base, patch map[string]any) map[string]any {
	for k, v := range patch {
		switch v := v.(type) {
		case nil:
			delete(base, k)
		case map[string]any:
			if k == "tags" {
				base[k] = v // tags are replaced as a whole
				continue
			}
			inner, _ := base[k].(map[string]any)
			if inner == nil {
				inner = map[string]any{}
			}
			base[k] = mergePatch(inner, v)
		default:
			base[k] = v
		}
	}
	return base
}

// dropSecrets removes what Azure takes but never shows.
func dropSecrets(shape *azuretypes.Shape, body map[string]any) {
	if v, err := shape.Variant(body); err == nil && v != nil {
		shape = v
	}
	for k, v := range body {
		p := shape.Prop(k)
		if p == nil {
			continue
		}
		if p.WriteOnly || p.Shape.Secret {
			delete(body, k)
			continue
		}
		switch v := v.(type) {
		case map[string]any:
			if p.Shape.Kind == azuretypes.Object {
				dropSecrets(p.Shape, v)
			}
		case []any:
			for _, e := range v {
				if m, ok := e.(map[string]any); ok && p.Shape.Items != nil && p.Shape.Items.Kind == azuretypes.Object {
					dropSecrets(p.Shape.Items, m)
				}
			}
		}
	}
}

const tableNames = "globalNames"

func (s *Server) claimName(c *Call, t *Type, id ID) *Error {
	key := strings.ToLower(t.Name + "|" + id.Name())
	if c.Tx.Has(tableNames, key) {
		return t.Global(id.Name())
	}
	if err := c.Tx.Put(tableNames, key, id.String()); err != nil {
		return InternalError(err)
	}
	return nil
}

// remove answers DELETE: the resource and everything below it, children first.
func (s *Server) remove(c *Call, t *Type) (*reply, *Error) {
	if rep, ok := s.deletingAlready(c, t); ok {
		return rep, nil
	}
	if aerr := s.checkIdle(c, c.ID); aerr != nil {
		return nil, aerr
	}
	r, ok := c.Get(c.ID)
	if !ok {
		if isImplicit(t, c.ID.Name()) {
			return nil, methodNotAllowed(http.MethodDelete, t)
		}
		if aerr := s.checkGroup(c, c.ID); aerr != nil {
			return nil, aerr
		}
		if c.ID.IsResourceGroup() {
			return nil, Errorf(http.StatusNotFound, "ResourceGroupNotFound", "Resource group '%s' could not be found.",
				c.ID.ResourceGroup)
		}
		return &reply{status: http.StatusNoContent}, nil
	}
	if isImplicit(t, c.ID.Name()) {
		return nil, methodNotAllowed(http.MethodDelete, t)
	}
	if aerr := s.checkConditions(c, r); aerr != nil {
		return nil, aerr
	}
	if t.DeleteAsync != Direct {
		c.op = &operation{ID: uuid.NewString(), Resource: r.ID.String(), Type: t.Name, APIVersion: c.APIVersion,
			Start: c.Now, Caller: c.Caller.ObjectID, Deleted: true,
			Until: s.lasting(c, t.Name, OpDelete)}
	} else {
		c.wait = s.Latency(t.Name, OpDelete)
	}
	ghost := r
	if s.failing(c, http.MethodDelete) {
		ghost = nil
		markFailed(r)
		if aerr := c.Save(r); aerr != nil {
			return nil, aerr
		}
	} else if aerr := s.RemoveTree(c, r); aerr != nil {
		return nil, aerr
	}
	if aerr := c.occupy(r.ID, OpDelete, r.String("location"), ghost); aerr != nil {
		return nil, aerr
	}
	return s.accept(c, t, t.DeleteAsync, &reply{status: http.StatusOK}, r.String("location"))
}

// RemoveTree deletes a resource with everything below it: descendants first, each through its type's Delete.
func (s *Server) RemoveTree(c *Call, r *Resource) *Error {
	doomed := append(c.Under(r.ID), r)
	sort.SliceStable(doomed, func(i, j int) bool {
		return len(strings.Split(doomed[i].ID.String(), "/")) > len(strings.Split(doomed[j].ID.String(), "/"))
	})
	for _, d := range doomed {
		if !c.Tx.Has(tableResources, d.ID.Key()) {
			continue // gone with an earlier one
		}
		t := s.lookup(d.ID.Type())
		if t == nil {
			return InternalError(fmt.Errorf("no type %s", d.ID.Type()))
		}
		if t.Delete != nil {
			if aerr := t.Delete(c, d); aerr != nil {
				return aerr
			}
		}
		for _, table := range []string{tableResources, tableBusy} {
			if err := c.Tx.Delete(table, d.ID.Key()); err != nil {
				return InternalError(err)
			}
		}
		if t.Global != nil {
			if err := c.Tx.Delete(tableNames, strings.ToLower(t.Name+"|"+d.ID.Name())); err != nil {
				return InternalError(err)
			}
		}
		if principal := d.String("identity", "principalId"); principal != "" {
			if err := s.directory.RemovePrincipal(c.Tx, principal); err != nil {
				return InternalError(err)
			}
		}
	}
	return nil
}

// act answers a POST action.
func (s *Server) act(c *Call, t *Type, a Action, raw []byte) (*reply, *Error) {
	body, aerr := decodeBody(raw)
	if aerr != nil {
		return nil, aerr
	}
	r, ok := s.load(c, t, c.ID)
	if !ok {
		if aerr := s.checkGroup(c, c.ID); aerr != nil {
			return nil, aerr
		}
		return nil, NotFound(c.ID)
	}
	if aerr := s.checkConditions(c, r); aerr != nil {
		return nil, aerr
	}
	if a.Async != Direct {
		c.op = &operation{ID: uuid.NewString(), Resource: r.ID.String(), Type: t.Name, APIVersion: c.APIVersion,
			Start: c.Now, Caller: c.Caller.ObjectID,
			Until: s.lasting(c, t.Name, OpAction)}
	} else {
		c.wait = s.latency.scaled(defaultDurations.action)
	}
	var out any
	if !s.failing(c, http.MethodPost) {
		if out, aerr = a.Run(c, r, body); aerr != nil {
			return nil, aerr
		}
	}
	rep := &reply{status: http.StatusOK, body: out}
	if out == nil {
		rep.status = http.StatusNoContent
	}
	if a.Async != Direct {
		rep.status, c.op.Reply, c.op.Deleted = http.StatusAccepted, out, out == nil
	}
	root := r
	for {
		parent, ok := root.ID.Parent()
		if !ok {
			break
		}
		if p, found := c.Get(parent); found {
			root = p
			continue
		}
		break
	}
	return s.accept(c, t, a.Async, rep, root.String("location"))
}

// list answers GET on a collection: below a parent, a scope, a resource group or a subscription.
func (s *Server) list(c *Call, t *Type) (*reply, *Error) {
	var found []*Resource
	switch {
	case t.List != nil:
		var aerr *Error
		if found, aerr = t.List(c, c.ID); aerr != nil {
			return nil, aerr
		}
	case len(c.ID.Types) > 1:
		parent := c.ID
		parent.Types = c.ID.Types[:len(c.ID.Types)-1]
		pt := s.lookup(parent.Type())
		if pt == nil {
			return nil, NotFound(parent)
		}
		p, ok := s.load(c, pt, parent)
		if !ok {
			if aerr := s.checkGroup(c, parent); aerr != nil {
				return nil, aerr
			}
			return nil, Errorf(http.StatusNotFound, "ParentResourceNotFound",
				"Failed to perform 'read' on resource(s) of type '%s', because the parent resource '%s' could not be "+
					"found.", typeTail(t.Name), parent.String())
		}
		found = c.Children(p.ID, lastType(t))
		for _, n := range t.Implicit {
			child := p.ID.Child(lastType(t), n)
			if _, ok := c.Get(child); !ok {
				if r, ok := s.load(c, t, child); ok {
					found = append(found, r)
				}
			}
		}
	case t.Extension:
		found = c.scan(c.ID.Key()+"/", func(rest string) bool { return !strings.Contains(rest, "/") })
	default:
		if aerr := s.checkGroup(c, c.ID); aerr != nil && !c.ID.IsResourceGroup() {
			return nil, aerr
		}
		scope := ID{Subscription: c.ID.Subscription}
		prefix := scope.Key()
		if c.ID.ResourceGroup != "" {
			prefix = c.ID.Group().Key()
		}
		for _, r := range c.scan(prefix+"/", func(string) bool { return true }) {
			if strings.EqualFold(r.ID.Type(), t.Name) {
				found = append(found, r)
			}
		}
	}
	if t.More != nil {
		var aerr *Error
		if found, aerr = t.More(c, found); aerr != nil {
			return nil, aerr
		}
	}
	found, next, aerr := s.page(c, found)
	if aerr != nil {
		return nil, aerr
	}
	value := make([]any, 0, len(found))
	for _, r := range found {
		value = append(value, s.render(c, r, c.APIVersion))
	}
	body := map[string]any{"value": value}
	if next != "" {
		body["nextLink"] = next
	}
	return &reply{status: http.StatusOK, body: body}, nil
}
