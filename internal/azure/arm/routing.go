package arm

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// routingTable is the whole API: the resource types, the routes beside them, their providers, and the permissions that
// callers need.
type routingTable struct {
	types     map[string]*Type     // by lower-case full type
	providers map[string]*Provider // by lower-case namespace
	routes    []*compiledRoute
}

// newRoutingTable collects what providers serve. Providers may share a namespace. It fails, naming every fault, when a
// type is served twice, when two routes match the same requests, and when a route declares no audience.
func newRoutingTable(providers []*Provider) (*routingTable, error) {
	table := &routingTable{types: map[string]*Type{}, providers: map[string]*Provider{}}
	errs := []error{table.addRoutes(operationRoutes())}
	for _, p := range providers {
		errs = append(errs, table.addTypes(p), table.addRoutes(p.Routes))
	}
	return table, errors.Join(errs...)
}

func (table *routingTable) addTypes(p *Provider) error {
	var errs []error
	key := strings.ToLower(p.Namespace)
	if table.providers[key] == nil {
		table.providers[key] = &Provider{Namespace: p.Namespace}
	}
	namespace := table.providers[key]
	for _, t := range p.Types {
		name := strings.ToLower(t.Name)
		switch {
		case table.types[name] != nil:
			errs = append(errs, fmt.Errorf("resource type %s is registered twice", t.Name))
		case !strings.EqualFold(t.Namespace(), p.Namespace):
			errs = append(errs, fmt.Errorf("resource type %s is not of the namespace %s", t.Name, p.Namespace))
		}
		table.types[name] = t
		namespace.Types = append(namespace.Types, t)
	}
	return errors.Join(errs...)
}

func (table *routingTable) addRoutes(routes []Route) error {
	var errs []error
	for _, r := range routes {
		added := compileRoute(r)
		errs = append(errs, r.check())
		for _, known := range table.routes {
			if known.overlaps(&added) {
				err := fmt.Errorf("route %s %s matches requests of route %s", r.Method, r.Path, known.Path)
				errs = append(errs, err)
			}
		}
		table.routes = append(table.routes, &added)
	}
	return errors.Join(errs...)
}

// route finds the route that serves a method on a path; nil for paths of resources.
func (table *routingTable) route(method string, path []string) *compiledRoute {
	for _, rt := range table.routes {
		if rt.matches(method, path) {
			return rt
		}
	}
	return nil
}

// namespaces are the providers in the order of their namespaces.
func (table *routingTable) namespaces() []*Provider {
	var out []*Provider
	for _, p := range table.providers {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b *Provider) int { return cmp.Compare(a.Namespace, b.Namespace) })
	return out
}

// Endpoint is a line of the routing table: a method on a path with {placeholders}, and the callers that may use it.
type Endpoint struct {
	Method, Path string
	// Type is the full type of the resources on the path; "" for a route.
	Type string
	// APIVersions are those that the type is served in, newest first.
	APIVersions []string
	// Permission is the action that the caller needs; "" leaves the endpoint to OpenTo.
	Permission string
	OpenTo     Audience
}

// API lists the routing table: the routes as registered, then what each type serves. Types are shown in a resource
// group, where most are; the paths at other scopes need the same permissions.
func (s *Server) API() []Endpoint {
	var out []Endpoint
	for _, rt := range s.table.routes {
		out = append(out, Endpoint{Method: rt.Method, Path: rt.Path, Permission: rt.Permission, OpenTo: rt.OpenTo})
	}
	for _, p := range s.table.namespaces() {
		for _, t := range p.Types {
			out = append(out, t.endpoints()...)
		}
	}
	return out
}

// endpoints are the lines of the routing table for a type.
func (t *Type) endpoints() []Endpoint {
	collection, resource := t.paths()
	var out []Endpoint
	versions := t.APIVersions()
	add := func(served bool, method, path, verb string) {
		if served {
			out = append(out, Endpoint{Method: method, Path: path, Type: t.Name, APIVersions: versions,
				Permission: t.permission(verb)})
		}
	}
	add(true, http.MethodGet, collection, "read")
	add(!t.NoGet, http.MethodGet, resource, "read")
	add(!t.NoPut, http.MethodPut, resource, "write")
	add(!t.NoPatch, http.MethodPatch, resource, "write")
	add(!t.NoDelete, http.MethodDelete, resource, "delete")
	names := make([]string, 0, len(t.Actions))
	for name := range t.Actions {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		add(true, http.MethodPost, resource+"/"+name, t.Actions[name].verb(name))
	}
	return out
}

// paths are the patterns of a type's collection and of its resources.
func (t *Type) paths() (collection, resource string) {
	const subscription = "/subscriptions/{subscription}"
	if isGroupType(t.Name) {
		return subscription + "/resourceGroups", subscription + "/resourceGroups/{resourceGroup}"
	}
	path := subscription + "/resourceGroups/{resourceGroup}/providers/" + t.Namespace()
	for _, segment := range strings.Split(t.Path(), "/") {
		collection = path + "/" + segment
		path = collection + "/{" + segment + "}"
	}
	return collection, path
}
