package resources

import (
	"strings"

	"github.com/crossorg/crossorg/internal/azure/arm"
)

// resourceRoutes list the resources of a subscription or a resource group, of all types.
// Source: https://learn.microsoft.com/rest/api/resources/resources
func resourceRoutes() []arm.Route {
	options := []string{"$filter", "$expand", "$top", "$skiptoken"}
	return []arm.Route{
		get(subscriptionPath+"/resources", "subscriptions/resources/read", listResources, options...),
		get(groupPath+"/resources", "subscriptions/resources/read", listResources, options...),
	}
}

// listed are the parts of a resource that such a list shows beside its id.
var listed = []string{"location", "tags", "kind", "sku", "identity"}

// listResources lists tracked resources: those that have a location.
func listResources(c *arm.Call, params map[string]string, _ map[string]any) (any, *arm.Error) {
	scope := arm.ID{Subscription: params["subscription"], ResourceGroup: params["group"]}
	if aerr := c.CheckGroup(scope); aerr != nil {
		return nil, aerr
	}
	filter, aerr := newFilter(c)
	if aerr != nil {
		return nil, aerr
	}
	expand, aerr := expansions(c)
	if aerr != nil {
		return nil, aerr
	}
	if scope.ResourceGroup != "" {
		scope = scope.Group()
	}
	var out []any
	for _, r := range c.Under(scope) {
		if r.Body["location"] == nil || r.ID.IsResourceGroup() || filter != nil && !filter.keeps(r) {
			continue
		}
		item := map[string]any{"id": r.ID.String(), "name": r.ID.Name(), "type": r.ID.Type()}
		for _, k := range listed {
			if v := r.Body[k]; v != nil && (k != "tags" || filter == nil || !filter.tag.asked) {
				item[k] = v
			}
		}
		for _, name := range expand {
			if v := expansion[name](r); v != nil {
				item[name] = v
			}
		}
		out = append(out, item)
	}
	return arm.Paged(c, out)
}

// expansion are the parts that a list shows when $expand asks for them.
// Source: https://learn.microsoft.com/rest/api/resources/resources/list
var expansion = map[string]func(r *arm.Resource) any{
	"createdTime":       func(r *arm.Resource) any { return arm.Timestamp(r.CreatedAt) },
	"changedTime":       func(r *arm.Resource) any { return arm.Timestamp(r.ModifiedAt) },
	"provisioningState": func(r *arm.Resource) any { return r.Value("properties", "provisioningState") },
}

// expansions are the names in $expand, in their published spelling.
func expansions(c *arm.Call) ([]string, *arm.Error) {
	text := c.Option("$expand")
	if text == "" {
		return nil, nil
	}
	var names []string
	for _, asked := range strings.Split(text, ",") {
		found := ""
		for name := range expansion {
			if strings.EqualFold(name, strings.TrimSpace(asked)) {
				found = name
			}
		}
		if found == "" {
			return nil, invalidExpand(text, "createdTime, changedTime and provisioningState")
		}
		names = append(names, found)
	}
	return names, nil
}
