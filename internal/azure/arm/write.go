package arm

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"github.com/crossorg/crossorg/internal/azuretypes"
)

// serverOwned are the properties that clients may send back and that only the control plane sets.
var serverOwned = []string{"id", "name", "type", "apiVersion", "systemData", "etag"}

// writing is a PUT or PATCH on its way through the steps of Server.write.
type writing struct {
	s     *Server
	c     *Call
	t     *Type
	patch bool
	// published is the type's shape in the request's api-version; nil when it publishes none.
	published *azuretypes.Resource
	// implicit says that the resource exists as soon as its parent does.
	implicit bool

	id    ID
	body  map[string]any
	kind  Op
	async bool
	Write
}

// write answers PUT and PATCH.
func (s *Server) write(c *Call, t *Type, patch bool, raw []byte) (*reply, *Error) {
	w := &writing{s: s, c: c, t: t, patch: patch, implicit: t.isImplicit(c.ID.Name())}
	w.published, _ = azuretypes.Lookup(t.Name, c.APIVersion)
	var aerr *Error
	if w.Request, aerr = decodeBody(raw); aerr != nil {
		return nil, aerr
	}
	steps := []func() *Error{w.find, w.identify, w.validate, w.place, w.merge, w.compose, w.begin, w.complete, w.store}
	for _, step := range steps {
		if aerr := step(); aerr != nil {
			return nil, aerr
		}
	}
	return w.answer()
}

// find loads the stored resource and checks that it may be written now.
func (w *writing) find() *Error {
	if aerr := w.s.checkIdle(w.c, w.c.ID); aerr != nil {
		return aerr
	}
	w.Old, _ = w.c.Get(w.c.ID)
	if w.Old == nil && w.implicit {
		return nil // an implicit resource has no stored entity tag
	}
	if aerr := w.s.checkConditions(w.c, w.Old); aerr != nil || w.Old == nil || w.t.NoUpdate == nil || w.patch {
		return aerr
	}
	return w.t.NoUpdate(w.c, &w.Write)
}

// identify gives the resource its id. A new resource needs existing parents and an allowed name.
func (w *writing) identify() *Error {
	switch {
	case w.Old != nil:
		w.id = w.Old.ID
		return nil
	case w.patch && !w.implicit:
		return w.c.missing(w.c.ID)
	}
	var aerr *Error
	if w.id, aerr = w.s.canonical(w.c, w.t, w.c.ID); aerr != nil || w.t.CheckName == nil {
		return aerr
	}
	return w.t.CheckName(w.id.Name())
}

// validate checks the request against the published shape, and keeps the properties that clients may set.
func (w *writing) validate() *Error {
	w.body = w.Request
	if w.published != nil {
		check := w.published.ValidateWrite
		if w.patch {
			check = w.published.ValidatePatch
		}
		if violations := check(w.Request); len(violations) > 0 {
			return invalidContent(w.t, violations)
		}
		w.body = w.published.StripReadOnly(w.Request)
	}
	for _, k := range serverOwned {
		delete(w.body, k)
	}
	return nil
}

// place refuses to create a resource where its type is not to be had. What exists stays where it is: see checkLocation.
func (w *writing) place() *Error {
	location, _ := w.body["location"].(string)
	if w.Old != nil || location == "" {
		return nil
	}
	return checkRegion(w.t, location)
}

// merge applies a PATCH to the stored body, and claims the global name of a new resource.
func (w *writing) merge() *Error {
	if w.Old == nil {
		if w.t.Global == nil {
			return nil
		}
		return w.s.claimName(w.c, w.t, w.id)
	}
	if aerr := checkLocation(w.Old, w.body); aerr != nil || !w.patch {
		return aerr
	}
	base := clone(w.Old.Body)
	if w.published != nil {
		base = w.published.StripReadOnly(base)
	}
	w.body = mergePatch(base, w.body)
	return nil
}

// compose makes the resource that the type's handler completes.
func (w *writing) compose() *Error {
	c := w.c
	if location, ok := w.body["location"].(string); ok {
		w.body["location"] = LocationName(location)
	}
	w.New = &Resource{
		ID: w.id, Body: w.body, ETag: uuid.NewString(),
		CreatedAt: c.Now, CreatedBy: c.Caller.ClientID, ModifiedAt: c.Now, ModifiedBy: c.Caller.ClientID,
	}
	c.writing = w.New
	if w.Old == nil {
		w.New.UID = uuid.NewString()
	} else {
		w.New.UID = w.Old.UID
		w.New.CreatedAt, w.New.CreatedBy = w.Old.CreatedAt, w.Old.CreatedBy
		w.New.Private = clone(w.Old.Private)
	}
	return nil
}

// begin starts the operation of a write that answers asynchronously, and decides how long the write takes.
func (w *writing) begin() *Error {
	w.kind = OpCreate
	if w.Old != nil || w.implicit {
		w.kind = OpUpdate
	}
	if w.t.PutAsync != Direct {
		w.c.beginOperation(w.id, w.t)
	}
	w.async = w.t.PutAsync == AzureAsyncOperation || w.t.PutAsync == Location && w.kind == OpCreate
	if w.async {
		w.c.op.Until = w.s.lasting(w.c, w.t.Name, w.kind)
	} else {
		w.c.wait = w.s.Latency(w.t.Name, w.kind)
	}
	return nil
}

// complete lets the type's handler check and complete the resource, and removes write-only properties.
func (w *writing) complete() *Error {
	if w.t.Put != nil {
		if aerr := w.t.Put(w.c, &w.Write); aerr != nil {
			return aerr
		}
	}
	if w.published != nil {
		dropSecrets(w.published.Body, w.New.Body)
	}
	return nil
}

// store makes the resource durable, failed if a fault wants its operation to fail.
func (w *writing) store() *Error {
	method := http.MethodPut
	if w.patch {
		method = http.MethodPatch
	}
	if w.async && w.s.failing(w.c, method) {
		markFailed(w.New)
	}
	if err := w.c.Tx.Put(tableResources, w.id.Key(), w.New); err != nil {
		return InternalError(err)
	}
	return w.c.occupy(w.id, w.kind, w.New.String("location"), nil)
}

// answer is 201 for a created and 200 for an updated resource, or the status that the type publishes instead.
func (w *writing) answer() (*reply, *Error) {
	rep := &reply{status: http.StatusOK}
	if w.kind == OpCreate {
		rep.status = http.StatusCreated
		if w.t.Created != 0 {
			rep.status = w.t.Created
		}
	}
	rep.body = w.s.render(w.c, w.New, w.c.APIVersion)
	return w.s.accept(w.c, w.t.PutAsync, rep, w.New.String("location"))
}

// invalidContent names every difference between a body and the published shape.
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
	message := fmt.Sprintf("The request content was invalid for type '%s': %s.", t.Name, strings.Join(texts, "; "))
	return &Error{
		Status: http.StatusBadRequest, Code: "InvalidRequestContent", Message: message, Details: details,
	}
}

// checkLocation refuses to move a resource to another region.
func checkLocation(old *Resource, body map[string]any) *Error {
	was := old.String("location")
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
