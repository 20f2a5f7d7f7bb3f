package arm

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/crossorg/crossorg/internal/azure/jsonbody"
)

const tableResources = "resources"

// Get loads a resource by id.
func (c *Call) Get(id ID) (*Resource, bool) {
	var r Resource
	ok, err := c.Tx.Get(tableResources, id.Key(), &r)
	if err != nil {
		panic(err) // the state file is damaged; every answer could be wrong
	}
	if !ok {
		return nil, false
	}
	return &r, true
}

// GetByID is Get for an id as text. An invalid id counts as missing.
func (c *Call) GetByID(id string) (*Resource, bool) {
	p, err := ParseID(id)
	if err != nil || p.Name() == "" {
		return nil, false
	}
	return c.Get(p)
}

// Same loads a resource as it is now. It is missing when it was deleted, although another may have its id.
func (c *Call) Same(r *Resource) (*Resource, bool) {
	now, ok := c.Get(r.ID)
	return now, ok && now.Instance() == r.Instance()
}

// instance is that of a stored resource, or of the one being written; "" without one.
func (c *Call) instance(id ID) string {
	if c.writing != nil && c.writing.ID.Key() == id.Key() {
		return c.writing.Instance()
	}
	if r, ok := c.Get(id); ok {
		return r.Instance()
	}
	return ""
}

// Save stores another resource than the one that the handler was called for. A new one gets a UID.
func (c *Call) Save(r *Resource) *Error {
	if r.UID == "" && !c.Tx.Has(tableResources, r.ID.Key()) {
		r.UID = uuid.NewString()
	}
	r.ModifiedAt, r.ETag = c.Now, uuid.NewString()
	if err := c.Tx.Put(tableResources, r.ID.Key(), r); err != nil {
		return InternalError(err)
	}
	return nil
}

// Remove deletes another resource than the one that the handler was called for, without calling its type's Delete.
func (c *Call) Remove(id ID) *Error {
	if err := c.Tx.Delete(tableResources, id.Key()); err != nil {
		return InternalError(err)
	}
	return nil
}

// Children lists the resources of a child type ("dataSets") directly under parent, in name order.
func (c *Call) Children(parent ID, typ string) []*Resource {
	return c.scan(parent.Key()+"/"+strings.ToLower(typ)+"/",
		func(rest string) bool { return !strings.Contains(rest, "/") })
}

// Under lists every resource whose id lies below the scope (a resource, a resource group, a subscription), in id order.
func (c *Call) Under(scope ID) []*Resource {
	return c.scan(scope.Key()+"/", func(string) bool { return true })
}

func (c *Call) scan(prefix string, keep func(rest string) bool) []*Resource {
	var out []*Resource
	err := c.Tx.Scan(tableResources, prefix, func(key string, raw []byte) error {
		if !keep(key[len(prefix):]) {
			return nil
		}
		var r Resource
		if err := json.Unmarshal(raw, &r); err != nil {
			return err
		}
		out = append(out, &r)
		return nil
	})
	if err != nil {
		panic(err)
	}
	return out
}

// Enqueue schedules a job of the resource's type. It is for this very resource: a later one of the same id does not get
// it. It runs once the transaction has committed and `at` has come; the
// operation of the request in progress, if it answers asynchronously, ends when its jobs have ended.
func (c *Call) Enqueue(id ID, job string, at time.Time, payload map[string]any) *Error {
	return c.enqueue(id, job, at, payload, c.op)
}

// EnqueueDetached is Enqueue without a tie to the operation in progress, which ends without waiting for the job.
func (c *Call) EnqueueDetached(id ID, job string, at time.Time, payload map[string]any) *Error {
	return c.enqueue(id, job, at, payload, nil)
}

func (c *Call) enqueue(id ID, job string, at time.Time, payload map[string]any, op *operation) *Error {
	j := jobRecord{
		ID: uuid.NewString(), Resource: id.String(), Instance: c.instance(id), Job: job, At: at.UTC(), Payload: payload,
	}
	if op != nil {
		j.Operation = op.ID
		op.Pending++
	}
	c.enqueued = true
	if err := c.Tx.Put(tableJobs, j.key(), j); err != nil {
		return InternalError(err)
	}
	return nil
}

// CompleteIdentity completes the identity that a PUT asks for, if it asks for one. A system-assigned identity gets the
// principal that Azure makes for it: it is created once, kept over updates, and registered with the tenant of the
// resource's subscription. User-assigned identities stay as they are. Call it from Put.
func (c *Call) CompleteIdentity(w *Write) *Error {
	asked := jsonbody.Object(w.New.Body, "identity")
	if asked == nil {
		return nil
	}
	identity := map[string]any{"type": jsonbody.Text(asked, "type")}
	if users := asked["userAssignedIdentities"]; users != nil {
		identity["userAssignedIdentities"] = users
		if aerr := c.mayAssign(w, jsonbody.Object(asked, "userAssignedIdentities")); aerr != nil {
			return aerr
		}
	}
	w.New.Body["identity"] = identity
	if !strings.Contains(strings.ToLower(jsonbody.Text(asked, "type")), "systemassigned") {
		return nil
	}
	if w.Old != nil && w.Old.String("identity", "principalId") != "" {
		identity["principalId"] = w.Old.String("identity", "principalId")
		identity["tenantId"] = w.Old.String("identity", "tenantId")
		return nil
	}
	p, err := c.Server.directory.CreateManagedIdentity(c.Tx, w.New.ID.Subscription, w.New.ID.String())
	if err != nil {
		return InternalError(err)
	}
	identity["principalId"], identity["tenantId"] = p.ObjectID, p.TenantID
	return nil
}

// assignIdentity is the action on a user-assigned identity that gives it to a resource.
const assignIdentity = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action"

// mayAssign checks that the caller may give the user-assigned identities to a resource: whoever has the resource acts
// as them. Those that the resource has already stay.
// Source: https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/manage-user-assigned-managed-identities-azure-portal
func (c *Call) mayAssign(w *Write, users map[string]any) *Error {
	for _, user := range slices.Sorted(maps.Keys(users)) {
		if w.Old != nil && w.Old.Value("identity", "userAssignedIdentities", user) != nil {
			continue
		}
		id, err := ParseID(user)
		if err != nil || id.Name() == "" {
			return BadRequest("LinkedInvalidPropertyId", "Property id '%s' at path 'identity.userAssignedIdentities' "+
				"is "+
				"invalid. Expect fully qualified resource Id that start with '/subscriptions/{subscriptionId}'.", user)
		}
		if !c.Server.directory.Allowed(c.Tx, c.Caller.ObjectID, id.String(), assignIdentity, false) {
			return Errorf(http.StatusForbidden, "LinkedAuthorizationFailed",
				"The client '%s' with object id '%s' has permission to perform action '%s/write' on scope '%s'; "+
					"however, "+
					"it does not have permission to perform action(s) '%s' on the linked scope(s) '%s' or the linked "+
					"scope(s) are invalid.", c.Caller.ClientID, c.Caller.ObjectID, w.New.ID.Type(), w.New.ID,
				assignIdentity, id)
		}
	}
	return nil
}
