// Package resources is the resource provider Microsoft.Resources: resource groups, and what Resource Manager tells
// about itself: tenants, subscriptions, regions, resource providers and their registration, lists of resources, and
// the discovery document.
//
// Source: https://learn.microsoft.com/rest/api/resources
package resources

import (
	"net/http"
	"slices"

	"github.com/crossorg/crossorg/internal/azure/arm"
)

const namespace = "Microsoft.Resources"

// Paths that several routes begin with.
const (
	subscriptionPath = "/subscriptions/{subscription}"
	groupPath        = subscriptionPath + "/resourceGroups/{group}"
)

// New makes the provider.
func New() *arm.Provider {
	return &arm.Provider{
		Namespace: namespace,
		Types:     []*arm.Type{groups()},
		Routes:    slices.Concat(subscriptionRoutes(), providerRoutes(), resourceRoutes(), discoveryRoutes()),
	}
}

// get is a route that reads with a permission of the provider's and takes the query parameters in options.
func get(path, permission string, handle arm.Handler, options ...string) arm.Route {
	return arm.Route{Method: http.MethodGet, Path: path, Permission: namespace + "/" + permission, Handle: handle,
		Options: options}
}
