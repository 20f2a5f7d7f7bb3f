package arm

import (
	"net/http"
	"sort"
	"strings"

	"github.com/google/uuid"

	"github.com/crossorg/crossorg/internal/azuretypes"
)

type compiledRoute struct {
	Route
	segments []string
}

func compileRoute(r Route) compiledRoute {
	return compiledRoute{Route: r, segments: strings.Split(strings.Trim(r.Path, "/"), "/")}
}

func (rt compiledRoute) match(method string, parts []string) (map[string]string, bool) {
	if method != rt.Method || len(parts) != len(rt.segments) {
		return nil, false
	}
	params := map[string]string{}
	for i, seg := range rt.segments {
		if strings.HasPrefix(seg, "{") {
			params[strings.Trim(seg, "{}")] = parts[i]
		} else if !strings.EqualFold(seg, parts[i]) {
			return nil, false
		}
	}
	return params, true
}

func (s *Server) runRoute(
	c *Call, rt compiledRoute, params map[string]string, parts []string, raw []byte,
) (*reply, *Error) {
	id := ID{}
	scope := ""
	for i := 0; i+1 < len(parts) && i < 4; i += 2 {
		switch strings.ToLower(parts[i]) {
		case "subscriptions":
			id.Subscription = parts[i+1]
		case "resourcegroups":
			id.ResourceGroup = parts[i+1]
		}
	}
	if id.Subscription != "" {
		scope = "/subscriptions/" + id.Subscription
		if id.ResourceGroup != "" {
			scope += "/resourceGroups/" + id.ResourceGroup
		}
	}
	for i, p := range parts {
		if strings.EqualFold(p, "providers") && i+1 < len(parts) {
			id.Namespace = parts[i+1]
		}
	}
	c.ID = id
	if aerr := s.authorize(c, id.Subscription, scope, rt.Permission); aerr != nil {
		return nil, aerr
	}
	body, aerr := decodeBody(raw)
	if aerr != nil {
		return nil, aerr
	}
	if rt.Async != Direct {
		c.op = &operation{ID: uuid.NewString(), APIVersion: c.APIVersion, Start: c.Now, Caller: c.Caller.ObjectID,
			Deleted: true, Until: s.lasting(c, "", OpAction)}
	}
	out, aerr := rt.Handle(c, params, body)
	if aerr != nil {
		return nil, aerr
	}
	rep := &reply{status: http.StatusOK, body: out}
	if out == nil {
		rep.status = http.StatusNoContent
	}
	if rt.Async == Direct {
		return rep, nil
	}
	rep.status, c.op.Reply, c.op.Deleted = http.StatusAccepted, out, out == nil
	return s.accept(c, &Type{Name: id.Namespace + "/routes"}, rt.Async, rep, params["location"])
}

// builtIn answers ARM's own paths: tenants, subscriptions, their resource providers and resources.
// Source: https://learn.microsoft.com/rest/api/resources
func (s *Server) builtIn(c *Call, method string, parts []string) (*reply, *Error, bool) {
	low := make([]string, len(parts))
	for i, p := range parts {
		low[i] = strings.ToLower(p)
	}
	ok := func(body any) (*reply, *Error, bool) { return &reply{status: http.StatusOK, body: body}, nil, true }
	fail := func(err *Error) (*reply, *Error, bool) { return nil, err, true }
	if low[0] == "tenants" && len(parts) == 1 && method == http.MethodGet {
		return ok(map[string]any{"value": []any{map[string]any{"id": "/tenants/" + c.Caller.TenantID,
			"tenantId": c.Caller.TenantID}}})
	}
	if low[0] != "subscriptions" {
		return nil, nil, false
	}
	if len(parts) == 1 && method == http.MethodGet {
		subs, err := s.directory.Subscriptions(c.Tx)
		if err != nil {
			return fail(InternalError(err))
		}
		value := []any{}
		for _, sub := range subs {
			if s.authorize(c, sub.ID, "/subscriptions/"+sub.ID, "Microsoft.Resources/subscriptions/read") == nil {
				value = append(value, subscriptionBody(sub.ID, sub.TenantID, sub.Name))
			}
		}
		return ok(map[string]any{"value": value})
	}
	scope := "/subscriptions/" + parts[1%len(parts)]
	switch {
	case len(parts) == 2 && method == http.MethodGet:
		if aerr := s.authorize(c, parts[1], scope, "Microsoft.Resources/subscriptions/read"); aerr != nil {
			return fail(aerr)
		}
		sub, _ := s.directory.Subscription(c.Tx, parts[1])
		return ok(subscriptionBody(sub.ID, sub.TenantID, sub.Name))
	case len(parts) == 3 && low[2] == "providers" && method == http.MethodGet:
		if aerr := s.authorize(c, parts[1], scope, "Microsoft.Resources/subscriptions/providers/read"); aerr != nil {
			return fail(aerr)
		}
		value := []any{}
		for _, ns := range s.namespaces() {
			value = append(value, s.providerBody(c, parts[1], ns))
		}
		return ok(map[string]any{"value": value})
	case len(parts) == 4 && low[2] == "providers" && method == http.MethodGet,
		len(parts) == 5 && low[2] == "providers" && (low[4] == "register" || low[4] == "unregister") &&
			method == http.MethodPost:
		action := "Microsoft.Resources/subscriptions/providers/read"
		if method == http.MethodPost {
			action = parts[3] + "/" + low[4] + "/action"
		}
		if aerr := s.authorize(c, parts[1], scope, action); aerr != nil {
			return fail(aerr)
		}
		if s.providers[low[3]] == nil {
			return fail(Errorf(http.StatusNotFound, "InvalidResourceNamespace",
				"The resource namespace '%s' is invalid.", parts[3]))
		}
		if method == http.MethodPost {
			if aerr := s.register(c, parts[1], parts[3], low[4] == "register"); aerr != nil {
				return fail(aerr)
			}
		}
		return ok(s.providerBody(c, parts[1], parts[3]))
	case len(parts) == 3 && low[2] == "locations" && method == http.MethodGet:
		if aerr := s.authorize(c, parts[1], scope, "Microsoft.Resources/subscriptions/locations/read"); aerr != nil {
			return fail(aerr)
		}
		return ok(map[string]any{"value": regionBodies(parts[1])})
	case (len(parts) == 3 && low[2] == "resources" || len(parts) == 5 && low[2] == "resourcegroups" &&
		low[4] == "resources") && method == http.MethodGet:
		id := ID{Subscription: parts[1]}
		if len(parts) == 5 {
			id.ResourceGroup = parts[3]
			scope = id.Group().String()
		}
		if aerr := s.authorize(c, parts[1], scope, "Microsoft.Resources/subscriptions/resources/read"); aerr != nil {
			return fail(aerr)
		}
		if aerr := s.checkGroup(c, id); aerr != nil {
			return fail(aerr)
		}
		value := []any{}
		for _, r := range c.scan(strings.ToLower(scope)+"/", func(string) bool { return true }) {
			if r.Body["location"] == nil || r.ID.IsResourceGroup() {
				continue // only tracked resources are listed
			}
			item := map[string]any{"id": r.ID.String(), "name": r.ID.Name(), "type": r.ID.Type()}
			for _, k := range []string{"location", "tags", "kind", "sku", "identity"} {
				if v := r.Body[k]; v != nil {
					item[k] = v
				}
			}
			value = append(value, item)
		}
		return ok(map[string]any{"value": value})
	}
	return nil, nil, false
}

func subscriptionBody(id, tenant, name string) map[string]any {
	return map[string]any{"id": "/subscriptions/" + id, "subscriptionId": id, "tenantId": tenant, "displayName": name,
		"state": "Enabled", "authorizationSource": "RoleBased"}
}

func (s *Server) providerBody(c *Call, subscription, namespace string) map[string]any {
	p := s.providers[strings.ToLower(namespace)]
	types := []any{}
	for _, t := range p.Types {
		versions := azuretypes.APIVersions(t.Name)
		if versions == nil {
			versions = []string{}
		}
		types = append(types,
			map[string]any{"resourceType": typeTail(t.Name), "locations": regionNames(), "apiVersions": versions})
	}
	sort.Slice(types, func(i, j int) bool {
		return types[i].(map[string]any)["resourceType"].(string) < types[j].(map[string]any)["resourceType"].(string)
	})
	policy := "RegistrationRequired"
	if registrationFree[strings.ToLower(namespace)] {
		policy = "RegistrationFree"
	}
	return map[string]any{
		"id": "/subscriptions/" + subscription + "/providers/" + p.Namespace, "namespace": p.Namespace,
		"registrationState": c.registrationState(subscription, namespace), "registrationPolicy": policy,
		"resourceTypes": types,
	}
}
