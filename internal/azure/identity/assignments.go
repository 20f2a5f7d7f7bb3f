package identity

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/crossorg/crossorg/internal/azure/roles"
	"github.com/crossorg/crossorg/internal/azure/store"
)

// tableAssignments holds role assignments by principal, so that those of one caller are found at once.
const tableAssignments = "assignmentsByPrincipal"

// Assignment is a role assignment as far as evaluation needs it.
type Assignment struct {
	// ID is the assignment's resource id.
	ID string `json:"id"`
	// PrincipalID is the object id of the principal that gets the role.
	PrincipalID string `json:"principalId"`
	// RoleID is the role definition's GUID.
	RoleID string `json:"roleId"`
	// Scope is the resource id from which on the role holds.
	Scope string `json:"scope"`
	// EffectiveAt is the time from which it counts; zero means always.
	EffectiveAt time.Time `json:"effectiveAt,omitzero"`
}

// DelayAssignments sets how long after its creation a role assignment takes effect. Existing assignments keep their
// time. Azure documents up to ten minutes. Removals, which Azure caches as well, take effect at once here.
// Source: https://learn.microsoft.com/azure/role-based-access-control/troubleshooting#symptom---role-assignment-changes-are-not-being-detected
func (d *Directory) DelayAssignments(delay time.Duration) { d.delay = delay }

// Assign records a role assignment for evaluation. A new one without EffectiveAt takes effect after the delay. A
// repeated one keeps its time.
func (d *Directory) Assign(tx *store.Tx, a Assignment) error {
	var known Assignment
	found, err := tx.Get(tableAssignments, assignmentKey(a), &known)
	if err != nil {
		return err
	}
	switch {
	case found:
		a.EffectiveAt = known.EffectiveAt
	case a.EffectiveAt.IsZero() && d.delay > 0:
		a.EffectiveAt = d.now().UTC().Add(d.delay)
	}
	return tx.Put(tableAssignments, assignmentKey(a), a)
}

// Unassign removes a role assignment.
func (d *Directory) Unassign(tx *store.Tx, a Assignment) error {
	return tx.Delete(tableAssignments, assignmentKey(a))
}

// Allowed reports whether a principal holds a role that permits the action (a data action when data is set) at the
// scope or above it. Source: https://learn.microsoft.com/azure/role-based-access-control/overview
func (d *Directory) Allowed(tx *store.Tx, principalObjectID, scope, action string, data bool) bool {
	return slices.ContainsFunc(d.Roles(tx, principalObjectID, scope),
		func(r roles.Role) bool { return r.Permits(action, data) })
}

// Roles are the roles that a principal holds at the scope or above it, as far as their assignments are in effect.
func (d *Directory) Roles(tx *store.Tx, principalObjectID, scope string) []roles.Role {
	var held []roles.Role
	principal, ok := d.Principal(tx, principalObjectID)
	if !ok || !d.inTenant(tx, principal, scope) {
		return nil // what is left of a deleted principal's assignments is nobody's
	}
	scope = strings.ToLower(scope)
	now := d.now()
	err := tx.Scan(tableAssignments, strings.ToLower(principalObjectID)+"|", func(_ string, raw []byte) error {
		var a Assignment
		if err := json.Unmarshal(raw, &a); err != nil {
			return err
		}
		if !covers(strings.ToLower(a.Scope), scope) || now.Before(a.EffectiveAt) {
			return nil
		}
		if role, ok := roles.ByID(a.RoleID); ok {
			held = append(held, role)
		}
		return nil
	})
	if err != nil {
		return nil // without readable assignments the caller has no role
	}
	return held
}

// inTenant reports whether a scope is in a principal's tenant: no role reaches into another. Outside of subscriptions,
// and in subscriptions that do not exist, it is in every one.
func (d *Directory) inTenant(tx *store.Tx, p Principal, scope string) bool {
	segments := strings.Split(strings.Trim(scope, "/"), "/")
	if len(segments) < 2 || !strings.EqualFold(segments[0], "subscriptions") {
		return true
	}
	s, ok := d.Subscription(tx, segments[1])
	return !ok || strings.EqualFold(s.TenantID, p.TenantID)
}

// covers reports whether an assignment at the outer scope holds at the inner one.
func covers(outer, inner string) bool {
	outer = strings.TrimSuffix(outer, "/")
	return inner == outer || strings.HasPrefix(inner, outer+"/")
}

func assignmentKey(a Assignment) string { return strings.ToLower(a.PrincipalID + "|" + a.ID) }
