package resources

import (
	"net/http"
	"slices"
	"strings"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/jsonbody"
)

// providerRoutes are the resource providers as a subscription sees them, and its registration for them.
// Source: https://learn.microsoft.com/rest/api/resources/providers
func providerRoutes() []arm.Route {
	const one = subscriptionPath + "/providers/{namespace}"
	return []arm.Route{
		get(subscriptionPath+"/providers", "subscriptions/providers/read", listProviders, "$expand"),
		get(one, "subscriptions/providers/read", getProvider, "$expand"),
		{Method: http.MethodPost, Path: one + "/register", Permission: "{namespace}/register/action",
			Handle: setRegistered(true)},
		{Method: http.MethodPost, Path: one + "/unregister", Permission: "{namespace}/unregister/action",
			Handle: setRegistered(false)},
	}
}

func listProviders(c *arm.Call, params map[string]string, _ map[string]any) (any, *arm.Error) {
	if aerr := checkExpand(c); aerr != nil {
		return nil, aerr
	}
	var out []any
	for _, p := range c.Server.Providers() {
		out = append(out, providerBody(c, params["subscription"], p))
	}
	return jsonbody.Collection(out), nil
}

func getProvider(c *arm.Call, params map[string]string, _ map[string]any) (any, *arm.Error) {
	if aerr := checkExpand(c); aerr != nil {
		return nil, aerr
	}
	p, ok := c.Server.Provider(params["namespace"])
	if !ok {
		return nil, arm.InvalidNamespace(params["namespace"])
	}
	return providerBody(c, params["subscription"], p), nil
}

// checkExpand refuses an $expand of what is not here, the aliases of policies. metadata adds nothing.
// Source: https://learn.microsoft.com/rest/api/resources/providers/list
func checkExpand(c *arm.Call) *arm.Error {
	if expand := c.Option("$expand"); expand != "" && !strings.EqualFold(expand, "metadata") {
		return invalidExpand(expand, "metadata")
	}
	return nil
}

// invalidExpand refuses an $expand; the code is ours, made like that for a filter.
func invalidExpand(expand, possible string) *arm.Error {
	return arm.BadRequest("InvalidExpandInQueryString", "Invalid $expand '%s' specified in the query string: it may "+
		"name %s.", expand, possible)
}

// setRegistered makes the handler that registers a subscription for a namespace, or takes that back.
func setRegistered(registered bool) arm.Handler {
	return func(c *arm.Call, params map[string]string, body map[string]any) (any, *arm.Error) {
		if _, ok := c.Server.Provider(params["namespace"]); ok {
			if aerr := c.SetRegistered(params["subscription"], params["namespace"], registered); aerr != nil {
				return nil, aerr
			}
		}
		return getProvider(c, params, body)
	}
}

// providerBody shows a resource provider with its types, which are to be had in all regions.
func providerBody(c *arm.Call, subscription string, p *arm.Provider) map[string]any {
	var locations []any
	for _, r := range arm.Regions() {
		locations = append(locations, r.Display)
	}
	types := slices.SortedFunc(slices.Values(p.Types),
		func(a, b *arm.Type) int { return strings.Compare(a.Path(), b.Path()) })
	shown := []any{}
	for _, t := range types {
		versions := append([]string{}, t.APIVersions()...)
		shown = append(shown, map[string]any{
			"resourceType": t.Path(), "locations": locations, "apiVersions": versions,
		})
	}
	policy := "RegistrationRequired"
	if arm.RegistrationFree(p.Namespace) {
		policy = "RegistrationFree"
	}
	return map[string]any{
		"id": "/subscriptions/" + subscription + "/providers/" + p.Namespace, "namespace": p.Namespace,
		"registrationState": c.RegistrationState(subscription, p.Namespace), "registrationPolicy": policy,
		"resourceTypes": shown,
	}
}
