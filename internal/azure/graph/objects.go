package graph

import (
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/crossorg/crossorg/internal/azure/identity"
	"github.com/crossorg/crossorg/internal/azure/odata"
)

// alternateKey is the other way to name a service principal or an application in a path: (appId='…').
var alternateKey = regexp.MustCompile(`^\(appId='([^']*)'\)$`)

// principals are those of the caller's tenant.
func (x *request) principals() ([]identity.Principal, *problem) {
	all, err := x.directory.Principals(x.call.Tx, x.caller.TenantID)
	if err != nil {
		return nil, &problem{http.StatusInternalServerError, "InternalServerError", err.Error()}
	}
	return all, nil
}

// servicePrincipalOf shows a principal. A managed identity is named for its resource.
// Source: https://learn.microsoft.com/graph/api/resources/serviceprincipal#properties
func servicePrincipalOf(p identity.Principal) map[string]any {
	kind, name, alternatives := "Application", p.Name, []any{}
	if p.Managed {
		kind, name = "ManagedIdentity", p.Name[strings.LastIndexByte(p.Name, '/')+1:]
		alternatives = append(alternatives, "isExplicit="+title(isUserAssigned(p)), p.Name)
	}
	return map[string]any{
		"@odata.type": "#microsoft.graph.servicePrincipal", "id": p.ObjectID, "appId": p.ClientID,
		"displayName": name, "appDisplayName": name, "servicePrincipalType": kind, "accountEnabled": true,
		"servicePrincipalNames": []any{p.ClientID}, "alternativeNames": alternatives,
		"appOwnerOrganizationId": p.TenantID, "tags": []any{}, "appRoles": []any{}, "keyCredentials": []any{},
		"passwordCredentials": []any{},
	}
}

func isUserAssigned(p identity.Principal) bool {
	return strings.Contains(strings.ToLower(p.Name), "/userassignedidentities/")
}

func title(yes bool) string {
	if yes {
		return "True"
	}
	return "False"
}

// applicationOf shows the application of a principal, whose object id is the application's here too.
func applicationOf(p identity.Principal) map[string]any {
	return map[string]any{
		"@odata.type": "#microsoft.graph.application", "id": p.ObjectID, "appId": p.ClientID, "displayName": p.Name,
		"identifierUris": []any{}, "signInAudience": "AzureADMyOrg", "keyCredentials": []any{},
		"passwordCredentials": []any{},
	}
}

func (x *request) servicePrincipals() (any, *problem) {
	return x.list(servicePrincipalOf, func(identity.Principal) bool { return true })
}

func (x *request) applications() (any, *problem) {
	return x.list(applicationOf, func(p identity.Principal) bool { return !p.Managed })
}

// list shows the principals that are kept, as far as $filter names them. All are on one page.
func (x *request) list(
	show func(identity.Principal) map[string]any, keep func(identity.Principal) bool,
) (any, *problem) {
	filter, bad := x.options()
	if bad != nil {
		return nil, bad
	}
	all, bad := x.principals()
	if bad != nil {
		return nil, bad
	}
	value := []any{}
	for _, p := range all {
		shown := show(p)
		if keep(p) && (filter == nil || odata.Holds(filter, func(f odata.Filter) bool { return holds(f, shown) })) {
			value = append(value, shown)
		}
	}
	return map[string]any{"value": value}, nil
}

// options reads the query: $filter alone is honoured.
// Source: https://learn.microsoft.com/graph/api/serviceprincipal-list
func (x *request) options() (odata.Filter, *problem) {
	query := x.URL.Query()
	for name := range query {
		if name != "$filter" {
			return nil, unsupported("The query parameter '" + name + "' is not supported here.")
		}
	}
	text := query.Get("$filter")
	if text == "" {
		return nil, nil
	}
	filter, err := odata.Parse(text)
	if err != nil {
		return nil, &problem{http.StatusBadRequest, "BadRequest", "Invalid filter clause: " + err.Error() + "."}
	}
	var bad *problem
	odata.Walk(filter, func(f odata.Filter) {
		if bad == nil {
			bad = checkPart(f)
		}
	})
	return filter, bad
}

func unsupported(message string) *problem {
	return &problem{http.StatusBadRequest, "Request_UnsupportedQuery", message}
}

// texts and lists are the properties that a $filter may name.
var (
	texts = []string{"id", "appId", "displayName", "servicePrincipalType"}
	lists = []string{"servicePrincipalNames", "identifierUris", "alternativeNames", "tags"}
)

// checkPart refuses a comparison or a call that holds does not know.
func checkPart(f odata.Filter) *problem {
	switch f := f.(type) {
	case odata.Compare:
		known := texts
		if f.Any {
			known = lists
		}
		if !slices.Contains(known, f.Property) || f.Operator != "eq" && f.Operator != "ne" {
			return unsupported("Unsupported or invalid query filter clause specified for property '" + f.Property +
				"'.")
		}
	case odata.Call:
		if f.Function != "startswith" || len(f.Arguments) != 2 || !slices.Contains(texts, f.Arguments[0].Text) ||
			!f.Arguments[1].Quoted {
			return unsupported("Unsupported or invalid query filter clause: the function '" + f.Function + "'.")
		}
	}
	return nil
}

// holds reports whether a shown object has what a comparison or a call asks for.
func holds(f odata.Filter, shown map[string]any) bool {
	switch f := f.(type) {
	case odata.Compare:
		equal := func(v any) bool {
			text, _ := v.(string)
			return strings.EqualFold(text, f.Value)
		}
		found := equal(shown[f.Property])
		if f.Any {
			values, _ := shown[f.Property].([]any)
			found = slices.ContainsFunc(values, equal)
		}
		return found == (f.Operator == "eq")
	case odata.Call:
		text, _ := shown[f.Arguments[0].Text].(string)
		return strings.HasPrefix(strings.ToLower(text), strings.ToLower(f.Arguments[1].Text))
	}
	return false
}

// one finds a principal of the caller's tenant by its object id, or by its application id as an alternate key.
func (x *request) one(id string) (identity.Principal, *problem) {
	if key := alternateKey.FindStringSubmatch(id); key != nil {
		if p, ok := x.directory.Client(x.call.Tx, x.caller.TenantID, key[1]); ok {
			return p, nil
		}
		return identity.Principal{}, notFound(key[1])
	}
	p, ok := x.directory.Principal(x.call.Tx, id)
	if !ok || !strings.EqualFold(p.TenantID, x.caller.TenantID) {
		return identity.Principal{}, notFound(id)
	}
	return p, nil
}

// notFound is Graph's answer for an object that is missing.
func notFound(id string) *problem {
	return &problem{http.StatusNotFound, "Request_ResourceNotFound", "Resource '" + id + "' does not exist or one of " +
		"its queried reference-property objects are not present."}
}

func (x *request) servicePrincipal() (any, *problem) {
	p, bad := x.one(x.PathValue("id"))
	if bad != nil {
		return nil, bad
	}
	return servicePrincipalOf(p), nil
}

func (x *request) application() (any, *problem) {
	p, bad := x.one(x.PathValue("id"))
	switch {
	case bad != nil:
		return nil, bad
	case p.Managed:
		return nil, notFound(x.PathValue("id"))
	}
	return applicationOf(p), nil
}

func (x *request) directoryObject() (any, *problem) { return x.servicePrincipal() }

// nobody lists users or groups: the directory has none.
func (x *request) nobody() (any, *problem) { return map[string]any{"value": []any{}}, nil }

func (x *request) missing() (any, *problem) { return nil, notFound(x.PathValue("id")) }

// me refuses: only people have a page of their own, and all callers here are service principals.
// Source: https://learn.microsoft.com/graph/api/user-get
func (x *request) me() (any, *problem) {
	return nil, &problem{http.StatusBadRequest, "BadRequest", "/me request is only valid with delegated " +
		"authentication " +
		"flow."}
}

// byIDs answers the objects with the given ids; unknown ones are left out.
// Source: https://learn.microsoft.com/graph/api/directoryobject-getbyids
func (x *request) byIDs() (any, *problem) {
	ids, ok := x.body["ids"].([]any)
	if !ok {
		return nil, &problem{http.StatusBadRequest, "Request_BadRequest", "The property 'ids' is required: a list of " +
			"object ids."}
	}
	types, limited := x.body["types"].([]any)
	wanted := !limited || len(types) == 0 || slices.ContainsFunc(types, func(t any) bool {
		text, _ := t.(string)
		return strings.EqualFold(text, "servicePrincipal") || strings.EqualFold(text, "directoryObject")
	})
	value := []any{}
	for _, id := range ids {
		text, _ := id.(string)
		if p, bad := x.one(text); bad == nil && wanted {
			value = append(value, servicePrincipalOf(p))
		}
	}
	return map[string]any{"value": value}, nil
}

// organization shows the caller's tenant.
// Source: https://learn.microsoft.com/graph/api/organization-list
func (x *request) organization() (any, *problem) {
	return map[string]any{"value": []any{map[string]any{"id": x.caller.TenantID, "displayName": x.caller.TenantID,
		"verifiedDomains": []any{}}}}, nil
}
