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

// page cuts the part of a list that a request asks for, and makes the link to the next one, empty at the end.
func (s *Server) page(c *Call, found []*Resource) (part []*Resource, next string, aerr *Error) {
	from := 0
	if token := queryValue(c.Query, skipToken); token != "" {
		n, err := strconv.Atoi(token)
		if err != nil || n < 0 {
			return nil, "", BadRequest("InvalidSkipToken", "The skip token '%s' is invalid.", token)
		}
		from = min(n, len(found))
	}
	to := min(len(found), from+pageSize)
	if to == len(found) {
		return found[from:], "", nil
	}
	query := url.Values{}
	for k, v := range c.Query {
		if !strings.EqualFold(k, skipToken) {
			query[k] = v
		}
	}
	query.Set(skipToken, strconv.Itoa(to))
	return found[from:to], s.endpoints.Management + (&url.URL{Path: c.path}).EscapedPath() + "?" + query.Encode(), nil
}
