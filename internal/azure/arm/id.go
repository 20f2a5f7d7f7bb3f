package arm

import (
	"fmt"
	"strings"
)

// ID is a parsed resource id: subscription, resource group, and the provider path below it. For an extension resource
// (a role assignment, a diagnostic setting) Scope is the id of what it extends and Namespace, Types and Names are its
// own. The zero ID is the tenant root. A resource group's id has Types ["resourceGroups"] and Namespace
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
	parts := strings.Split(strings.Trim(path, "/"), "/")
	if path == "" || path == "/" {
		return ID{}, nil
	}
	for _, p := range parts {
		if p == "" {
			return ID{}, fmt.Errorf("%q has an empty segment", path)
		}
	}
	last := -1 // the last "providers" in a position where a namespace and a type follow
	for i := 0; i < len(parts); i += 2 {
		if strings.EqualFold(parts[i], "providers") {
			last = i
		}
	}
	var id ID
	scope := parts
	if last >= 0 {
		scope = parts[:last]
		rest := parts[last+1:]
		if len(rest) < 1 {
			return ID{}, fmt.Errorf("%q names no resource provider", path)
		}
		id.Namespace = rest[0]
		for i, s := range rest[1:] {
			if i%2 == 0 {
				id.Types = append(id.Types, s)
			} else {
				id.Names = append(id.Names, s)
			}
		}
	}
	for i := 0; i+1 < len(scope); i += 2 {
		switch {
		case i == 0 && strings.EqualFold(scope[0], "subscriptions"):
			id.Subscription = scope[1]
		case i == 2 && strings.EqualFold(scope[2], "resourceGroups"):
			id.ResourceGroup = scope[3]
		case strings.EqualFold(scope[i], "providers"):
			id.Scope = "/" + strings.Join(scope, "/")
		}
	}
	if last >= 0 {
		return id, nil
	}
	switch {
	case len(parts) == 2 && id.Subscription != "":
		return id, nil
	case len(parts) == 3 && strings.EqualFold(parts[2], "resourceGroups"):
		id.Namespace, id.Types = "Microsoft.Resources", []string{"resourceGroups"}
		return id, nil
	case len(parts) == 4 && id.ResourceGroup != "":
		id.Namespace, id.Types, id.Names = "Microsoft.Resources", []string{"resourceGroups"}, []string{id.ResourceGroup}
		return id, nil
	}
	return ID{}, fmt.Errorf("%q is not a resource id", path)
}

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
	return ID{Subscription: id.Subscription, ResourceGroup: id.ResourceGroup, Namespace: "Microsoft.Resources",
		Types: []string{"resourceGroups"}, Names: []string{id.ResourceGroup}}
}
