package arm

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/crossorg/crossorg/internal/azure/odata"
)

// QueryOptions are the query parameters that requests on a type take, beside api-version, by what is asked for. Lists
// take $skiptoken too. A parameter that is not declared is refused: ignoring it would answer another question than was
// asked, such as a list of everything to a caller that wants the resources with one tag.
type QueryOptions struct{ List, Get, Put, Delete []string }

// of are the options for a method on a resource or, for a list, on a collection.
func (o QueryOptions) of(method string, list bool) []string {
	switch {
	case list:
		return append([]string{skipToken}, o.List...)
	case method == http.MethodGet || method == http.MethodHead:
		return o.Get
	case method == http.MethodDelete:
		return o.Delete
	}
	return o.Put
}

// checkOptions refuses the query parameters of a request that are not declared or are given twice. Resource Manager's
// code for a filter that it cannot apply is published; for other parameters the code is ours.
// Source: https://github.com/Azure/azure-sdk-for-go/issues/2480
func (c *Call) checkOptions(declared []string) *Error {
	seen := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(c.Query)) {
		values := c.Query[name]
		lower := strings.ToLower(name)
		known := lower == "api-version" ||
			slices.ContainsFunc(declared, func(d string) bool { return strings.EqualFold(d, name) })
		switch {
		case !known && lower == "$filter":
			return c.InvalidFilter("the list takes no $filter here")
		case !known:
			return BadRequest("UnsupportedQueryParameter", "The query parameter '%s' is not supported by '%s' here. "+
				"Supported: %s.", name, c.path, strings.Join(append([]string{"api-version"}, declared...), ", "))
		case seen[lower] || len(values) > 1:
			return BadRequest("DuplicateQueryParameter", "The query parameter '%s' is given more than once.", name)
		}
		seen[lower] = true
	}
	return nil
}

// Option is the value of a query parameter, whose name is read in any letter case; "" without one.
func (c *Call) Option(name string) string { return queryValue(c.Query, name) }

// InvalidFilter is Resource Manager's refusal of the request's $filter, with the reason.
func (c *Call) InvalidFilter(reason string) *Error {
	return BadRequest("InvalidFilterInQueryString", "Invalid $filter '%s' specified in the query string: %s.",
		c.Option("$filter"), reason)
}

// Filter reads the request's $filter; it is nil without one.
func (c *Call) Filter() (odata.Filter, *Error) {
	text := c.Option("$filter")
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	f, err := odata.Parse(text)
	if err != nil {
		return nil, c.InvalidFilter(err.Error())
	}
	return f, nil
}

// top is the request's $top: the most items on a page. It is pageSize without one.
func (c *Call) top() (int, *Error) {
	for _, name := range []string{"$top", "$maxpagesize"} {
		text := c.Option(name)
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return 0, BadRequest("InvalidQueryParameterValue", "The value '%s' of the query parameter '%s' is "+
				"invalid: it must be a number of at least 1.", text, name)
		}
		return min(n, pageSize), nil
	}
	return pageSize, nil
}
