package resources

import (
	"net/http"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/identity"
	"github.com/crossorg/crossorg/internal/azure/jsonbody"
)

const readSubscription = namespace + "/subscriptions/read"

// subscriptionRoutes are tenants, subscriptions and their regions. Any caller may list the tenant that it has signed in
// to, and the subscriptions that it may read.
// Source: https://learn.microsoft.com/rest/api/resources/subscriptions
func subscriptionRoutes() []arm.Route {
	return []arm.Route{
		{Method: http.MethodGet, Path: "/tenants", OpenTo: arm.SignedIn, Handle: listTenants},
		{Method: http.MethodGet, Path: "/subscriptions", OpenTo: arm.SignedIn, Handle: listSubscriptions},
		{Method: http.MethodGet, Path: subscriptionPath, Permission: readSubscription, Handle: getSubscription},
		// No extended locations are known here, so including them changes nothing.
		get(subscriptionPath+"/locations", "subscriptions/locations/read", listLocations, "includeExtendedLocations"),
	}
}

func listTenants(c *arm.Call, _ map[string]string, _ map[string]any) (any, *arm.Error) {
	tenant := map[string]any{"id": "/tenants/" + c.Caller.TenantID, "tenantId": c.Caller.TenantID}
	return jsonbody.Collection([]any{tenant}), nil
}

func listSubscriptions(c *arm.Call, _ map[string]string, _ map[string]any) (any, *arm.Error) {
	all, err := c.Server.Directory().Subscriptions(c.Tx)
	if err != nil {
		return nil, arm.InternalError(err)
	}
	var visible []any
	for _, s := range all {
		if c.May(s.ID, readSubscription) {
			visible = append(visible, subscriptionBody(s))
		}
	}
	return jsonbody.Collection(visible), nil
}

func getSubscription(c *arm.Call, params map[string]string, _ map[string]any) (any, *arm.Error) {
	s, _ := c.Server.Directory().Subscription(c.Tx, params["subscription"]) // authorized, so it is there
	return subscriptionBody(s), nil
}

func subscriptionBody(s identity.Subscription) map[string]any {
	return map[string]any{"id": "/subscriptions/" + s.ID, "subscriptionId": s.ID, "tenantId": s.TenantID,
		"displayName": s.Name, "state": "Enabled", "authorizationSource": "RoleBased"}
}

// listLocations lists the regions.
// Source: https://learn.microsoft.com/rest/api/resources/subscriptions/list-locations
func listLocations(_ *arm.Call, params map[string]string, _ map[string]any) (any, *arm.Error) {
	at := "/subscriptions/" + params["subscription"] + "/locations/"
	var out []any
	for _, r := range arm.Regions() {
		meta := map[string]any{"regionType": "Physical", "regionCategory": "Recommended", "geographyGroup": r.Group,
			"pairedRegion": []any{}}
		if r.Paired != "" {
			meta["pairedRegion"] = []any{map[string]any{"name": r.Paired, "id": at + r.Paired}}
		}
		out = append(out, map[string]any{
			"id": at + r.Name, "name": r.Name, "type": "Region", "displayName": r.Display,
			"regionalDisplayName": "(" + r.Group + ") " + r.Display, "metadata": meta,
		})
	}
	return jsonbody.Collection(out), nil
}
