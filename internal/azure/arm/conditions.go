package arm

import (
	"net/http"
	"strings"
)

// checkConditions honours If-Match and If-None-Match. A resource without a visible etag ignores them, as on Azure.
// Without a resource (old is nil) If-Match fails. Some types require If-Match.
// Source: https://github.com/cloud-and-ai-microsoft/resource-provider-contract/blob/master/v1.0/common-api-details.md
func (s *Server) checkConditions(c *Call, old *Resource) *Error {
	match, noneMatch := c.conditions.Get("If-Match"), c.conditions.Get("If-None-Match")
	var required func() *Error
	if t := s.lookup(c.ID.Type()); t != nil && old != nil {
		required = t.NeedsMatch
	}
	if match == "" && required != nil {
		return required()
	}
	if match == "" && noneMatch == "" {
		return nil
	}
	current := ""
	if old != nil {
		body := s.render(c, old, c.APIVersion)
		current, _ = body["etag"].(string)
		if props, ok := body["properties"].(map[string]any); ok && current == "" {
			current, _ = props["etag"].(string)
		}
		if current == "" {
			return nil
		}
	}
	failed := match != "" && !etagIn(match, current, old != nil) || noneMatch != "" &&
		etagIn(noneMatch, current, old != nil)
	if !failed {
		return nil
	}
	if required != nil {
		return required()
	}
	return Errorf(http.StatusPreconditionFailed, "PreconditionFailed",
		"The condition specified using HTTP conditional header(s) is not met.")
}

// MatchesEtag reports whether the request names the entity tag of the resource that it writes over: in If-Match, which
// has been checked, or as the etag of its body. * stands for any.
func (c *Call) MatchesEtag(w *Write) bool {
	given, _ := w.Request["etag"].(string)
	current, _ := c.Server.render(c, w.Old, c.APIVersion)["etag"].(string)
	return c.conditions.Get("If-Match") != "" || given != "" && etagIn(given, current, true)
}

// etagIn reports whether a header's list of entity tags has the resource's; * stands for any that exists.
func etagIn(header, current string, exists bool) bool {
	if !exists {
		return false
	}
	plain := func(tag string) string { return strings.Trim(strings.TrimPrefix(strings.TrimSpace(tag), "W/"), `"`) }
	for _, tag := range strings.Split(header, ",") {
		if strings.TrimSpace(tag) == "*" || plain(tag) == plain(current) {
			return true
		}
	}
	return false
}
