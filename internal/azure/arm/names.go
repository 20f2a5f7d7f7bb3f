package arm

import (
	"net/http"
	"slices"
	"strings"

	"github.com/crossorg/crossorg/internal/azuretypes"
)

// APIVersions are the api-versions that the type is served in, newest first. A type that clients only read, and that
// has no published body, has those of its nearest parent.
func (t *Type) APIVersions() []string {
	for name := t.Name; strings.Count(name, "/") > 0; name = name[:strings.LastIndexByte(name, '/')] {
		if versions := azuretypes.APIVersions(name); len(versions) > 0 {
			return versions
		}
	}
	return nil
}

// checkAPIVersion refuses a version in which the type is not published.
func checkAPIVersion(t *Type, version string) *Error {
	if _, ok := azuretypes.Lookup(t.Name, version); ok {
		return nil
	}
	known := t.APIVersions()
	if len(known) == 0 || slices.ContainsFunc(known, func(v string) bool { return strings.EqualFold(v, version) }) {
		return nil // types of tests have none
	}
	return BadRequest("NoRegisteredProviderFound", "No registered resource provider found for API version '%s' for "+
		"type '%s'. The supported api-versions are '%s'.",
		version, t.Path(), strings.Join(known, ", "))
}

// CheckGroup refuses an id in a missing resource group.
func (c *Call) CheckGroup(id ID) *Error {
	if id.ResourceGroup == "" || c.Tx.Has(tableResources, id.Group().Key()) {
		return nil
	}
	return Errorf(http.StatusNotFound, "ResourceGroupNotFound", "Resource group '%s' could not be found.",
		id.ResourceGroup)
}

// missing is the error for a missing resource, or for its resource group if that is missing.
func (c *Call) missing(id ID) *Error {
	if aerr := c.CheckGroup(id); aerr != nil {
		return aerr
	}
	return NotFound(id)
}

// missingParent is the error for a request below a missing resource. verb is read or write.
func (c *Call) missingParent(verb string, t *Type, parent ID) *Error {
	if aerr := c.CheckGroup(parent); aerr != nil {
		return aerr
	}
	return Errorf(http.StatusNotFound, "ParentResourceNotFound",
		"Failed to perform '%s' on resource(s) of type '%s', because the parent resource '%s' could not be found.",
		verb, t.Path(), parent)
}

// canonical gives the id of a new resource the letter case of its stored parents and of the registered type. It fails
// when a parent is missing.
func (s *Server) canonical(c *Call, t *Type, id ID) (ID, *Error) {
	if id.IsResourceGroup() {
		return id.Group(), nil
	}
	if t.Extension && id.Scope != "" {
		return s.canonicalExtension(c, t, id)
	}
	if parent, ok := id.Parent(); ok {
		return s.canonicalChild(c, t, id, parent)
	}
	if id.ResourceGroup != "" {
		group, ok := c.Get(id.Group())
		if !ok {
			return ID{}, c.CheckGroup(id)
		}
		id.ResourceGroup = group.ID.ResourceGroup
	}
	return t.named(id), nil
}

// canonicalExtension is canonical for a resource that extends another.
func (s *Server) canonicalExtension(c *Call, t *Type, id ID) (ID, *Error) {
	scope, err := ParseID(id.Scope)
	if err != nil {
		return ID{}, invalidID(err)
	}
	if s.lookup(scope.Type()) == nil {
		return ID{}, NotFound(scope)
	}
	extended, ok := s.find(c, scope)
	if !ok {
		return ID{}, c.missing(scope)
	}
	id.Scope, id.ResourceGroup = extended.ID.String(), extended.ID.ResourceGroup
	return t.named(id), nil
}

// canonicalChild is canonical for a resource below another.
func (s *Server) canonicalChild(c *Call, t *Type, id, parent ID) (ID, *Error) {
	stored, ok := s.find(c, parent)
	if !ok {
		return ID{}, c.missingParent("write", t, parent)
	}
	return stored.ID.Child(t.lastSegment(), id.Name()), nil
}

// invalidID is the error for a path that cannot be read as a resource id.
func invalidID(err error) *Error {
	return BadRequest("InvalidResourceId", "The resource identifier is invalid: %v.", err)
}

// unserved answers a path that is no resource's and that no route has. Azure may well serve it, so the refusal does not
// blame the request. The code is ours.
func unserved(method, path string) *Error {
	return Errorf(http.StatusNotFound, "NotFound", "The embedded Azure does not serve '%s %s'.", method, path)
}

// named is the id with namespace and types spelled as the type is registered.
func (t *Type) named(id ID) ID {
	id.Namespace, id.Types = t.Namespace(), strings.Split(t.Path(), "/")
	return id
}

// Namespace is the resource provider's namespace, "Microsoft.Storage".
func (t *Type) Namespace() string {
	namespace, _, _ := strings.Cut(t.Name, "/")
	return namespace
}

// Path is the type within its namespace, "storageAccounts/blobServices".
func (t *Type) Path() string {
	_, path, _ := strings.Cut(t.Name, "/")
	return path
}

// lastSegment is the type below its parent, "blobServices".
func (t *Type) lastSegment() string { return t.Name[strings.LastIndexByte(t.Name, '/')+1:] }

// isImplicit reports whether resources of this name exist as soon as their parent does.
func (t *Type) isImplicit(name string) bool {
	return slices.ContainsFunc(t.Implicit, func(n string) bool { return strings.EqualFold(n, name) })
}

// tableNames holds the ids of resources whose names are unique over all tenants, by type and name.
const tableNames = "globalNames"

// claimName takes a name that is unique over all tenants.
func (s *Server) claimName(c *Call, t *Type, id ID) *Error {
	key := globalName(t, id)
	if c.Tx.Has(tableNames, key) {
		return t.Global(id.Name())
	}
	if err := c.Tx.Put(tableNames, key, id.String()); err != nil {
		return InternalError(err)
	}
	return nil
}

// releaseName gives the name back.
func (s *Server) releaseName(c *Call, t *Type, id ID) *Error {
	if err := c.Tx.Delete(tableNames, globalName(t, id)); err != nil {
		return InternalError(err)
	}
	return nil
}

func globalName(t *Type, id ID) string { return strings.ToLower(t.Name + "|" + id.Name()) }
