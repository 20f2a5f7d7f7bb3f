package authorization

import (
	"strings"

	"github.com/crossorg/crossorg/internal/azure/arm"
)

// locks are management locks; the control plane enforces them.
// Source: https://learn.microsoft.com/rest/api/resources/management-locks
func locks() *arm.Type {
	return &arm.Type{Name: arm.LockType, Extension: true, NoPatch: true, Put: putLock, List: listLocks,
		Options: arm.QueryOptions{List: []string{"$filter"}}}
}

func putLock(_ *arm.Call, w *arm.Write) *arm.Error {
	level := w.New.String("properties", "level")
	for _, known := range []string{"CanNotDelete", "ReadOnly"} {
		if strings.EqualFold(level, known) {
			w.New.Properties()["level"] = known
			return nil
		}
	}
	return arm.BadRequest("InvalidLockLevel", "The lock level '%s' of '%s' is invalid: it must be 'CanNotDelete' or "+
		"'ReadOnly'.", level, w.New.ID.Name())
}

// listLocks answers the locks at a scope and below it; with $filter=atScope() only its own.
func listLocks(c *arm.Call, collection arm.ID) ([]*arm.Resource, *arm.Error) {
	scope := collection
	if collection.Scope != "" {
		parsed, err := arm.ParseID(collection.Scope)
		if err != nil {
			return nil, arm.BadRequest("InvalidResourceId", "The resource identifier is invalid: %v.", err)
		}
		scope = parsed
	} else {
		scope.Namespace, scope.Types, scope.Names = "", nil, nil
	}
	asked, aerr := conditionsOf(c, "atScope")
	if aerr != nil {
		return nil, aerr
	}
	_, own := asked["atscope"]
	var out []*arm.Resource
	for _, r := range c.Under(scope) {
		at := strings.TrimSuffix(strings.ToLower(r.ID.String()),
			"/providers/"+strings.ToLower(arm.LockType)+"/"+strings.ToLower(r.ID.Name()))
		if strings.EqualFold(r.ID.Type(), arm.LockType) && (!own || at == scope.Key()) {
			out = append(out, r)
		}
	}
	return out, nil
}
