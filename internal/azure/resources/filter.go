package resources

import (
	"strings"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/odata"
)

// filter is the $filter of a list of resources or groups: by one tag, or by properties.
// Source: https://learn.microsoft.com/rest/api/resources/resources/list
type filter struct {
	tag tagFilter
	of  odata.Filter
}

// tagFilter asks for resources with a tag: by its name or the beginning of its name, and perhaps by its value. Names
// are compared without regard to letter case, values with it.
// Source: https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources
type tagFilter struct {
	asked, prefix, valued bool
	name, value           string
}

// filtered are the properties that resources are filtered by, beside their tags, with their values.
var filtered = map[string]func(r *arm.Resource) string{
	"resourcetype":         func(r *arm.Resource) string { return r.ID.Type() },
	"name":                 func(r *arm.Resource) string { return r.ID.Name() },
	"resourcegroup":        func(r *arm.Resource) string { return r.ID.ResourceGroup },
	"location":             func(r *arm.Resource) string { return r.String("location") },
	"identity":             func(r *arm.Resource) string { return r.String("identity", "type") },
	"identity/principalid": func(r *arm.Resource) string { return r.String("identity", "principalId") },
	"plan":                 func(r *arm.Resource) string { return r.String("plan", "name") },
	"plan/publisher":       func(r *arm.Resource) string { return r.String("plan", "publisher") },
	"plan/product":         func(r *arm.Resource) string { return r.String("plan", "product") },
	"plan/name":            func(r *arm.Resource) string { return r.String("plan", "name") },
	"plan/version":         func(r *arm.Resource) string { return r.String("plan", "version") },
	"plan/promotioncode":   func(r *arm.Resource) string { return r.String("plan", "promotionCode") },
}

// newFilter reads and checks the request's $filter; it is nil without one. A filter by tag takes nothing else, as on
// Azure: https://github.com/Azure/azure-sdk-for-net/issues/2757.
func newFilter(c *arm.Call) (*filter, *arm.Error) {
	parsed, aerr := c.Filter()
	if aerr != nil || parsed == nil {
		return nil, aerr
	}
	tag, reason := readTag(parsed)
	if tag.asked && reason == "" {
		return &filter{tag: tag}, nil
	}
	odata.Walk(parsed, func(f odata.Filter) {
		if reason == "" {
			reason = misfit(f)
		}
	})
	if reason != "" {
		return nil, c.InvalidFilter(reason)
	}
	return &filter{of: parsed}, nil
}

// readTag reads the forms of a filter by tag. reason says what is wrong with one that has other parts too.
func readTag(f odata.Filter) (tag tagFilter, reason string) {
	switch f := f.(type) {
	case odata.Compare:
		if strings.EqualFold(f.Property, "tagName") && f.Operator == "eq" {
			return tagFilter{asked: true, name: f.Value}, ""
		}
	case odata.Call:
		if strings.EqualFold(f.Function, "startswith") && len(f.Arguments) == 2 &&
			strings.EqualFold(f.Arguments[0].Text, "tagName") && f.Arguments[1].Quoted {
			return tagFilter{asked: true, prefix: true, name: f.Arguments[1].Text}, ""
		}
	case odata.And:
		tag, _ = readTag(f.Left)
		value, ok := f.Right.(odata.Compare)
		if tag.asked && ok && strings.EqualFold(value.Property, "tagValue") && value.Operator == "eq" {
			tag.valued, tag.value = true, value.Value
			return tag, ""
		}
	}
	odata.Walk(f, func(part odata.Filter) {
		if compare, ok := part.(odata.Compare); ok && strings.HasPrefix(strings.ToLower(compare.Property), "tag") {
			reason = "a filter by tag is tagName eq '<name>', perhaps with: and tagValue eq '<value>'"
		}
	})
	return tagFilter{}, reason
}

// misfit says what is wrong with a comparison or a call; "" for a right one.
func misfit(f odata.Filter) string {
	switch f := f.(type) {
	case odata.Compare:
		switch {
		case filtered[strings.ToLower(f.Property)] == nil:
			return "'" + f.Property + "' is no property to filter by"
		case f.Operator != "eq" && f.Operator != "ne":
			return "the operators are eq and ne"
		}
		return ""
	case odata.Call:
		if !strings.EqualFold(f.Function, "substringof") {
			return "the function '" + f.Function + "' is not supported"
		}
		if len(f.Arguments) != 2 || !f.Arguments[0].Quoted || f.Arguments[1].Quoted {
			return "substringof takes a text in quotes and a property"
		}
		if p := strings.ToLower(f.Arguments[1].Text); p != "name" && p != "resourcegroup" {
			return "substringof is for name and resourceGroup"
		}
	}
	return ""
}

// keeps reports whether a resource is in the filtered list. Texts are compared without regard to letter case.
func (f *filter) keeps(r *arm.Resource) bool {
	if f.tag.asked {
		return f.tag.on(r)
	}
	return odata.Holds(f.of, func(part odata.Filter) bool {
		switch part := part.(type) {
		case odata.Compare:
			equal := strings.EqualFold(filtered[strings.ToLower(part.Property)](r), comparable(part))
			return equal == (part.Operator == "eq")
		case odata.Call:
			value := filtered[strings.ToLower(part.Arguments[1].Text)](r)
			return strings.Contains(strings.ToLower(value), strings.ToLower(part.Arguments[0].Text))
		}
		return false
	})
}

// comparable is a filter's value in the form that resources have it: 'East US' as a location is eastus.
func comparable(f odata.Compare) string {
	if strings.EqualFold(f.Property, "location") {
		return arm.LocationName(f.Value)
	}
	return f.Value
}

// on reports whether a resource has the tag.
func (t tagFilter) on(r *arm.Resource) bool {
	tags, _ := r.Body["tags"].(map[string]any)
	for name, value := range tags {
		named := strings.EqualFold(name, t.name)
		if t.prefix {
			named = strings.HasPrefix(strings.ToLower(name), strings.ToLower(t.name))
		}
		if named && (!t.valued || value == t.value) {
			return true
		}
	}
	return false
}
