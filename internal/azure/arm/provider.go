package arm

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/crossorg/crossorg/internal/azure/identity"
	"github.com/crossorg/crossorg/internal/azure/store"
)

// Provider is a resource provider: a namespace and its types, for example Microsoft.Storage.
type Provider struct {
	Namespace string
	Types     []*Type
	// Routes are the paths beside those of resources: deleted vaults, lists of a tenant, name checks.
	Routes []Route
}

// AsyncStyle is the way in which a long-running operation answers.
type AsyncStyle int

const (
	// Direct answers with the result.
	Direct AsyncStyle = iota
	// AzureAsyncOperation answers 201 or 202 with the Azure-AsyncOperation header.
	AzureAsyncOperation
	// Location answers 202 with the Location header.
	Location
)

// Type is one resource type. All handlers run inside the request's transaction: what they write through Call is durable
// together with the resource, or not at all. They must not do slow work; that belongs into a job.
type Type struct {
	// Name is the full type, "Microsoft.Storage/storageAccounts".
	Name string
	// Extension marks types that attach to any scope (role assignments, diagnostic settings).
	Extension bool
	// Implicit lists names that exist as soon as the parent does ("default" of blobServices); they cannot be deleted.
	Implicit []string
	// Regions are the names of the regions in which resources of this type can be; nil stands for all.
	Regions []string
	// CheckName refuses a name with the error Azure gives; nil accepts all that is legal in a URL.
	CheckName func(name string) *Error
	// Global, if set, makes names of this type unique over all tenants; it makes the error for a taken name.
	Global func(name string) *Error
	// Created is the status of a PUT that created the resource; 0 is 201. Some types publish 200 for both.
	Created int
	// PutAsync and DeleteAsync are the styles of PUT and DELETE.
	PutAsync, DeleteAsync AsyncStyle
	// Options are the query parameters that requests on the type take.
	Options QueryOptions
	// NoGet, NoPut, NoPatch and NoDelete switch off methods that the type does not have on Azure (405).
	NoGet, NoPut, NoPatch, NoDelete bool

	// NoUpdate, if set, refuses a PUT to a resource that is there already, w.Old, or lets it pass with nil.
	NoUpdate func(c *Call, w *Write) *Error
	// Put completes and checks a create or update. The body has been validated against the published type, read-only
	// properties are stripped; w.New.Body is what GET will show once Put has added the computed properties.
	Put func(c *Call, w *Write) *Error
	// Show adjusts what GET and list answer (state that derives from time or from other resources). It works on a copy.
	Show func(c *Call, r *Resource, body map[string]any)
	// List, if set, replaces the default list of a collection (all resources of the type directly below the id's parent
	// or scope).
	List func(c *Call, collection ID) ([]*Resource, *Error)
	// More, if set, adds resources to the default list of a collection.
	More func(c *Call, found []*Resource) ([]*Resource, *Error)
	// NeedsMatch, if set, makes updates, deletions and actions require an If-Match with the resource's etag. It makes
	// the error for a missing or different one.
	NeedsMatch func() *Error
	// Delete is called for the resource itself and for every resource that goes with it in a cascade, children first.
	// An error refuses the deletion as a whole.
	Delete func(c *Call, r *Resource) *Error
	// Actions are the POST actions on a resource ("listKeys"), by name in lower case. The resource exists.
	Actions map[string]Action
	// Jobs run outside a transaction, after the one that enqueued them committed; by name.
	Jobs map[string]Job
}

// Action answers a POST on a resource. A nil reply is 204. Permission is the last part of the authorization action;
// empty means "<name>/action".
type Action struct {
	Permission string
	// Options are the query parameters that the action takes beside api-version.
	Options []string
	// Async makes the action answer 202 with an operation that ends when the jobs that it enqueued have ended.
	Async AsyncStyle
	Run   func(c *Call, r *Resource, body map[string]any) (reply any, err *Error)
}

// Job is durable work on a resource: it runs at least once (again after a crash), so it must be idempotent. payload is
// the payload given to Enqueue. An error fails the operation that waits for it.
type Job func(ctx context.Context, s *Server, r *Resource, payload map[string]any) *Error

// Resource is a stored resource.
type Resource struct {
	ID ID `json:"id"`
	// UID is the resource's own: made when it is created, kept for its life, and given to no other, not even to one
	// that has its id later. Resources of older state files have none; see Instance.
	UID string `json:"uid,omitempty"`
	// Body is the resource as GET shows it, without id, name, type and systemData: location, tags, identity, kind, sku,
	// properties.
	Body map[string]any `json:"body"`
	// Private is never shown: account keys, secret values.
	Private map[string]any `json:"private,omitempty"`
	// ETag changes with every write.
	ETag       string    `json:"etag"`
	CreatedAt  time.Time `json:"createdAt"`
	CreatedBy  string    `json:"createdBy"`
	ModifiedAt time.Time `json:"modifiedAt"`
	ModifiedBy string    `json:"modifiedBy"`
}

// Instance tells a resource from others that have had the same id: its UID, or the time of its creation without one.
func (r *Resource) Instance() string {
	if r.UID != "" {
		return r.UID
	}
	return r.CreatedAt.UTC().Format(time.RFC3339Nano)
}

// Properties is Body["properties"], made if missing.
func (r *Resource) Properties() map[string]any {
	p, ok := r.Body["properties"].(map[string]any)
	if !ok {
		p = map[string]any{}
		r.Body["properties"] = p
	}
	return p
}

// String reads a string property by path below Body ("properties", "vaultUri"); "" if absent.
func (r *Resource) String(path ...string) string {
	s, _ := r.Value(path...).(string)
	return s
}

// Value reads a value by path below Body; nil if absent.
func (r *Resource) Value(path ...string) any {
	var v any = r.Body
	for _, p := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[p]
	}
	return v
}

// Call is a handler's access to the transaction, the caller and the resources.
type Call struct {
	Context    context.Context
	Server     *Server
	Tx         *store.Tx
	Now        time.Time
	Caller     identity.Principal
	ID         ID
	APIVersion string
	Query      url.Values
	op         *operation
	writing    *Resource // that a PUT or PATCH in progress will store
	enqueued   bool
	wait       time.Duration // before the answer goes out
	conditions http.Header   // of the request
	path       string        // of the request
	fault      string        // the id of the fault that the request has
	headers    http.Header   // of the answer, also of an error
}

// Write is a PUT or PATCH in progress.
type Write struct {
	// Old is the stored resource, nil on create.
	Old *Resource
	// New is the resource that will be stored.
	New *Resource
	// Request is the body as sent, after validation.
	Request map[string]any
}

// Create reports whether the write creates the resource.
func (w *Write) Create() bool { return w.Old == nil }
