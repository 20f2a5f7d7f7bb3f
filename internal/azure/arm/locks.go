package arm

import (
	"net/http"
	"strings"
)

// LockType is the type of management locks. Its provider keeps them; the control plane enforces them.
const LockType = "Microsoft.Authorization/locks"

// checkLocks refuses a request that a management lock forbids. Locks hold for their scope and all below it:
// CanNotDelete forbids deletions, ReadOnly every change and every action. A deletion covers all resources below, so
// their locks count too. Locks themselves cannot be locked.
// Source: https://learn.microsoft.com/azure/azure-resource-manager/management/lock-resources
func (s *Server) checkLocks(c *Call, id ID, method string) *Error {
	if method == http.MethodGet || method == http.MethodHead || strings.EqualFold(id.Type(), LockType) {
		return nil
	}
	word := map[string]string{http.MethodDelete: "delete"}[method]
	if word == "" {
		word = "write"
	}
	var locked []string
	seen := map[string]bool{}
	add := func(scope ID, l *Resource) {
		level := l.String("properties", "level")
		if method != http.MethodDelete && !strings.EqualFold(level, "ReadOnly") || seen[scope.Key()] {
			return
		}
		seen[scope.Key()] = true
		locked = append(locked, "'"+scope.String()+"'")
	}
	for _, scope := range id.scopes() {
		for _, l := range c.scan(scope.Key()+"/providers/"+strings.ToLower(LockType)+"/",
			func(rest string) bool { return !strings.Contains(rest, "/") }) {
			add(scope, l)
		}
	}
	if method == http.MethodDelete {
		for _, l := range c.Under(id) {
			if strings.EqualFold(l.ID.Type(), LockType) {
				if scope, err := ParseID(l.ID.scopeText()); err == nil {
					add(scope, l)
				}
			}
		}
	}
	if locked == nil {
		return nil
	}
	return Conflict("ScopeLocked", "The scope '%s' cannot perform %s operation because following scope(s) are "+
		"locked: %s. Please remove the lock and try again.",
		id.String(), word, strings.Join(locked, ","))
}

// scopes are the id itself, its parents, the scope it extends, its resource group and its subscription.
func (id ID) scopes() []ID {
	var out []ID
	for at, ok := id, id.Name() != ""; ok; at, ok = at.Parent() {
		out = append(out, at)
	}
	if id.Scope != "" {
		if scope, err := ParseID(id.Scope); err == nil {
			return append(out, scope.scopes()...)
		}
	}
	if id.ResourceGroup != "" && !id.IsResourceGroup() {
		out = append(out, id.Group())
	}
	if id.Subscription != "" {
		out = append(out, ID{Subscription: id.Subscription})
	}
	return out
}

// scopeText is the scope that an extension resource extends: a resource, a resource group or a subscription.
func (id ID) scopeText() string {
	switch {
	case id.Scope != "":
		return id.Scope
	case id.ResourceGroup != "":
		return id.Group().String()
	}
	return ID{Subscription: id.Subscription}.String()
}
