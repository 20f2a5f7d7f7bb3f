package resources

import (
	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/jsonbody"
)

// resourceRoutes list the resources of a subscription or a resource group, of all types.
// Source: https://learn.microsoft.com/rest/api/resources/resources
func resourceRoutes() []arm.Route {
	return []arm.Route{
		get(subscriptionPath+"/resources", "subscriptions/resources/read", listResources),
		get(groupPath+"/resources", "subscriptions/resources/read", listResources),
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
	if scope.ResourceGroup != "" {
		scope = scope.Group()
	}
	var out []any
	for _, r := range c.Under(scope) {
		if r.Body["location"] == nil || r.ID.IsResourceGroup() {
			continue
		}
		item := map[string]any{"id": r.ID.String(), "name": r.ID.Name(), "type": r.ID.Type()}
		for _, k := range listed {
			if v := r.Body[k]; v != nil {
				item[k] = v
			}
		}
		out = append(out, item)
	}
	return jsonbody.Collection(out), nil
}
