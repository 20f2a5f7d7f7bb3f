package datashare

import (
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/identity"
)

// stamp sets what the service computes for most types: who created the resource, when, and that it is there.
func stamp(c *arm.Call, w *arm.Write, withEmail bool) {
	props := w.New.Properties()
	props["provisioningState"] = "Succeeded"
	if w.Old != nil {
		keep(w, "createdAt", "userName", "userEmail")
		return
	}
	props["createdAt"] = arm.Timestamp(c.Now)
	props["userName"] = c.Caller.Name
	if email := emailOf(c.Caller); withEmail && email != "" {
		props["userEmail"] = email
	}
}

// keep carries computed properties over from the stored resource.
func keep(w *arm.Write, names ...string) {
	for _, n := range names {
		if v, ok := w.Old.Properties()[n]; ok {
			w.New.Properties()[n] = v
		}
	}
}

func hidden(r *arm.Resource, key string) string {
	s, _ := r.Private[key].(string)
	return s
}

// objectID gives a resource an identifier that its successor of the same name does not share.
func objectID(w *arm.Write) {
	if w.New.Private == nil {
		w.New.Private = map[string]any{}
	}
	if w.New.Private["objectId"] == nil {
		w.New.Private["objectId"] = uuid.NewString()
	}
}

// noUpdate refuses a PUT to what is within a share or a subscription when it is there already, with the same content or
// another: Azure Data Share has no update for it. Deploying a template of data sets and synchronization settings for a
// second time ends in conflicts (https://github.com/Azure/azure-quickstart-templates/issues/11780). For mappings, share
// subscriptions and triggers nobody says so; taking them for the same is the stricter reading. The code is ours.
func noUpdate(_ *arm.Call, w *arm.Write) *arm.Error {
	return arm.Conflict("ResourceAlreadyExists", "The resource '%s' already exists, and '%s' has no update. Delete it "+
		"and create it again.", w.Old.ID, w.Old.ID.Type())
}

// unchanged refuses to change properties that the service fixes at creation. want and have are compared as rendered.
func unchanged(w *arm.Write, names ...string) *arm.Error {
	if w.Old == nil {
		return nil
	}
	for _, n := range names {
		if a, b := w.Old.String("properties", n), w.New.String("properties", n); !strings.EqualFold(a, b) {
			return fixed(w.New.ID, "properties."+n, a)
		}
	}
	return nil
}

func fixed(id arm.ID, property, value string) *arm.Error {
	return arm.Conflict("PropertyChangeNotAllowed",
		"Changing property '%s' of '%s' is not allowed: it is '%s'. Delete the resource and create it again.", property,
		id, value)
}

// emailOf is the principal's e-mail address: users sign in by theirs, applications have none.
func emailOf(p identity.Principal) string {
	if strings.Contains(p.Name, "@") {
		return p.Name
	}
	return ""
}

// sameLocation compares Azure regions: "East US" is "eastus".
func sameLocation(a, b string) bool {
	squeeze := func(s string) string { return strings.ToLower(strings.ReplaceAll(s, " ", "")) }
	return squeeze(a) == squeeze(b)
}

// instant parses an optional time property; ok is false when it is absent.
func instant(r *arm.Resource, name string) (t time.Time, ok bool, err *arm.Error) {
	s := r.String("properties", name)
	if s == "" {
		return time.Time{}, false, nil
	}
	t, perr := time.Parse(time.RFC3339Nano, s)
	if perr != nil {
		return time.Time{}, false, arm.BadRequest("InvalidRequestContent",
			"The property '%s' must be an RFC 3339 date and time, but it is '%s'.", name, s)
	}
	return t, true, nil
}

// expired reports whether the resource's expirationDate has passed.
func expired(r *arm.Resource, now time.Time) bool {
	t, ok, err := instant(r, "expirationDate")
	return ok && err == nil && !now.Before(t)
}

// top is the resource id cut to the first n types: the account of a share's data set is top(id, 1).
func top(id arm.ID, n int) arm.ID {
	id.Types, id.Names = id.Types[:n], id.Names[:n]
	return id
}

// update runs fn in one durable transaction of a job.
func update(s *arm.Server, fn func(c *arm.Call) *arm.Error) *arm.Error {
	return inTransaction(s.Update, fn)
}

// inTransaction tells the error of fn from one of the transaction itself.
func inTransaction(run func(func(*arm.Call) error) error, fn func(c *arm.Call) *arm.Error) *arm.Error {
	var refused *arm.Error
	err := run(func(c *arm.Call) error {
		if refused = fn(c); refused != nil {
			return refused
		}
		return nil
	})
	if refused == nil && err != nil {
		return arm.InternalError(err)
	}
	return refused
}
