package arm

import (
	"encoding/json"

	"github.com/crossorg/crossorg/internal/azure/store"
)

// CheckState calls found for every resource and job of a state whose references lead nowhere: a resource without its
// parent or its group, a job without its resource.
func CheckState(tx *store.Tx, found func(what string)) error {
	err := tx.Scan(tableResources, "", func(key string, raw []byte) error {
		var r Resource
		if err := json.Unmarshal(raw, &r); err != nil {
			found("resource " + key + " does not decode: " + err.Error())
			return nil
		}
		if r.ID.Key() != key {
			found("resource " + key + " has the id of another: " + r.ID.String())
		}
		for _, owner := range owners(r.ID) {
			if !tx.Has(tableResources, owner.Key()) {
				found("resource " + r.ID.String() + " is in " + owner.String() + ", which is missing")
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return tx.Scan(tableJobs, "", func(key string, raw []byte) error {
		var j jobRecord
		if err := json.Unmarshal(raw, &j); err != nil {
			found("job " + key + " does not decode: " + err.Error())
		} else if j.key() != key {
			found("job " + key + " has the time or id of another: " + j.key())
		}
		return nil
	})
}

// owners are the resources that a resource cannot be without: its group, the first resource of its path, and what it
// extends.
func owners(id ID) (out []ID) {
	if id.ResourceGroup != "" && !id.IsResourceGroup() {
		out = append(out, id.Group())
	}
	if len(id.Types) > 1 && len(id.Names) > 1 {
		first := id
		first.Types, first.Names = id.Types[:1], id.Names[:1]
		out = append(out, first)
	}
	if id.Scope != "" {
		if extended, err := ParseID(id.Scope); err == nil && extended.Name() != "" {
			extended.Types, extended.Names = extended.Types[:1], extended.Names[:1]
			out = append(out, extended)
		}
	}
	return out
}

// IsStored reports whether a resource is in a state.
func IsStored(tx *store.Tx, id ID) bool { return tx.Has(tableResources, id.Key()) }
