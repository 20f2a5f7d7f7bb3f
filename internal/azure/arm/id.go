package arm

import (
	"fmt"
	"slices"
	"strings"
)

// ID is a parsed resource id: subscription, resource group, and the provider path below it. For an extension resource
// (a role assignment, a diagnostic setting) Scope is the id of the extended resource; Namespace, Types and Names are
// its own. The zero ID is the tenant root. A resource group's id has Types ["resourceGroups"] and Namespace
// "Microsoft.Resources".
type ID struct {
	Subscription  string
	ResourceGroup string
	Scope         string
	Namespace     string
	Types         []string
	Names         []string
}

// ParseID parses a resource id such as
// "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a/blobServices/default".
// A path that ends in a type without a name ("…/storageAccounts") is a collection: len(Names) == len(Types)-1.
func ParseID(path string) (ID, error) {
	if path == "" || path == "/" {
		return ID{}, nil
	}
	segments := segmentsOf(path)
	if slices.Contains(segments, "") {
		return ID{}, fmt.Errorf("%q has an empty segment", path)
	}
	at := lastProviders(segments)
	if at < 0 {
		return parseScope(segments)
	}
	id, ok := readScope(segments[:at])
	if !ok {
		return ID{}, fmt.Errorf("%q is not a resource id", path)
	}
	provider := segments[at+1:]
	if len(provider) == 0 {
		return ID{}, fmt.Errorf("%q names no resource provider", path)
	}
	id.Namespace = provider[0]
	for i, segment := range provider[1:] {
		if i%2 == 0 {
			id.Types = append(id.Types, segment)
		} else {
			id.Names = append(id.Names, segment)
		}
	}
	return id, nil
}

// lastProviders is the position of the last "providers" that a namespace follows; -1 without one. Only even positions
// count, because a resource may be named "providers".
func lastProviders(segments []string) int {
	last := -1
	for i := 0; i < len(segments); i += 2 {
		if strings.EqualFold(segments[i], "providers") {
			last = i
		}
	}
	return last
}

// readScope reads the part before the provider path, and says whether it is one: nothing, a subscription, a resource
// group in a subscription, or a resource in one of these, which an extension resource extends.
func readScope(segments []string) (id ID, ok bool) {
	if len(segments)%2 != 0 {
		return ID{}, false
	}
	rest := segments
	if len(rest) > 0 && strings.EqualFold(rest[0], "subscriptions") {
		id.Subscription, rest = rest[1], rest[2:]
		if len(rest) > 0 && isGroups(rest[0]) {
			id.ResourceGroup, rest = rest[1], rest[2:]
		}
	}
	if len(rest) == 0 {
		return id, true
	}
	id.Scope = "/" + strings.Join(segments, "/")
	return id, isProviderPath(rest)
}

// isProviderPath reports whether segments are providers, each with its namespace and at least one type and name.
func isProviderPath(segments []string) bool {
	named := true // the resource before this place has a type and a name
	for i := 0; i+1 < len(segments); i += 2 {
		provider := strings.EqualFold(segments[i], "providers")
		if provider && !named || i == 0 && !provider {
			return false
		}
		named = !provider
	}
	return named
}

// parseScope parses a path without a provider: a subscription, its resource groups, or one of them.
func parseScope(segments []string) (ID, error) {
	last := len(segments) - 1
	if id, ok := readScope(segments[:last]); ok && last == 2 && id.Subscription != "" && isGroups(segments[last]) {
		id.Namespace, id.Types = "Microsoft.Resources", []string{"resourceGroups"}
		return id, nil
	}
	switch id, ok := readScope(segments); {
	case ok && id.ResourceGroup != "" && id.Scope == "":
		return id.Group(), nil
	case ok && id.Subscription != "" && id.Scope == "":
		return id, nil
	}
	return ID{}, fmt.Errorf("%q is not a resource id", "/"+strings.Join(segments, "/"))
}

func isGroups(segment string) bool { return strings.EqualFold(segment, "resourceGroups") }

// String renders the id as ARM does.
func (id ID) String() string {
	var b strings.Builder
	switch {
	case id.Scope != "":
		b.WriteString(id.Scope)
	case id.Subscription != "":
		b.WriteString("/subscriptions/" + id.Subscription)
		if id.ResourceGroup != "" {
			b.WriteString("/resourceGroups/" + id.ResourceGroup)
		}
	}
	if id.IsResourceGroup() {
		return b.String()
	}
	if id.Namespace != "" {
		b.WriteString("/providers/" + id.Namespace)
		for i, t := range id.Types {
			b.WriteString("/" + t)
			if i < len(id.Names) {
				b.WriteString("/" + id.Names[i])
			}
		}
	}
	return b.String()
}

// Key is the id in lower case: resource ids are compared without regard to case.
func (id ID) Key() string { return strings.ToLower(id.String()) }

// Type is the full resource type, "Microsoft.Storage/storageAccounts/blobServices".
func (id ID) Type() string { return id.Namespace + "/" + strings.Join(id.Types, "/") }

// Name is the last name, or "" for a collection.
func (id ID) Name() string {
	if len(id.Names) == 0 || len(id.Names) < len(id.Types) {
		return ""
	}
	return id.Names[len(id.Names)-1]
}

// RelativeName joins the names: "account/default".
func (id ID) RelativeName() string { return strings.Join(id.Names, "/") }

// IsResourceGroup reports whether the id is a resource group's own.
func (id ID) IsResourceGroup() bool {
	return strings.EqualFold(id.Namespace, "Microsoft.Resources") && len(id.Types) == 1 &&
		strings.EqualFold(id.Types[0], "resourceGroups")
}

// Parent is the id one level up within the same provider path; ok is false for a top-level resource.
func (id ID) Parent() (parent ID, ok bool) {
	if len(id.Types) < 2 || len(id.Names) < len(id.Types) {
		return ID{}, false
	}
	parent = id
	parent.Types = id.Types[:len(id.Types)-1]
	parent.Names = id.Names[:len(id.Names)-1]
	return parent, true
}

// Child is the id of a child resource.
func (id ID) Child(typ, name string) ID {
	c := id
	c.Types = append(append([]string(nil), id.Types...), typ)
	c.Names = append(append([]string(nil), id.Names...), name)
	return c
}

// Group is the id of the resource group that holds the resource.
func (id ID) Group() ID {
	return ID{
		Subscription: id.Subscription, ResourceGroup: id.ResourceGroup,
		Namespace: "Microsoft.Resources", Types: []string{"resourceGroups"}, Names: []string{id.ResourceGroup},
	}
}
