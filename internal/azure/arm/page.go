package arm

import (
	"net/url"
	"strconv"
	"strings"
)

// pageSize is the most resources on one page of a list; nextLink leads to the next page. Resource Manager's own lists
// have pages of a thousand.
// Source: https://learn.microsoft.com/rest/api/resources/resources/list ($top)
const pageSize = 1000

// skipToken is nextLink's query parameter for the next page. Its value is opaque to clients; here it is the number of
// resources on the pages before.
const skipToken = "$skiptoken"

// page is the part of a list that a request asks for: found[from:to], and the link to the next part, "" at the end.
func (c *Call) page(found int) (from, to int, next string, aerr *Error) {
	if token := c.Option(skipToken); token != "" {
		n, err := strconv.Atoi(token)
		if err != nil || n < 0 {
			return 0, 0, "", BadRequest("InvalidSkipToken", "The skip token '%s' is invalid.", token)
		}
		from = min(n, found)
	}
	size, aerr := c.top()
	if aerr != nil {
		return 0, 0, "", aerr
	}
	to = min(found, from+size)
	if to == found {
		return from, to, "", nil
	}
	query := url.Values{}
	for k, v := range c.Query {
		if !strings.EqualFold(k, skipToken) {
			query[k] = v
		}
	}
	query.Set(skipToken, strconv.Itoa(to))
	next = c.Server.endpoints.Management + (&url.URL{Path: c.path}).EscapedPath() + "?" + query.Encode()
	return from, to, next, nil
}

// Paged answers a list on a route with the page that the request asks for. The route declares $skiptoken, and $top if
// callers may choose the size of a page.
func Paged[T any](c *Call, found []T) (any, *Error) {
	from, to, next, aerr := c.page(len(found))
	if aerr != nil {
		return nil, aerr
	}
	value := append([]T{}, found[from:to]...)
	body := map[string]any{"value": value}
	if next != "" {
		body["nextLink"] = next
	}
	return body, nil
}
