package monitor

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/crossorg/crossorg/internal/azure/arm"
)

// linked finds a resource of a type that a request names by id, and that its caller may use: which action that takes is
// the type's business. ARM looks such resources up as the caller, so what lies in another tenant is refused like what
// the caller has no role on.
func linked(c *arm.Call, property, id, resourceType, action string) (*arm.Resource, *arm.Error) {
	parsed, err := arm.ParseID(id)
	if err != nil || parsed.Name() == "" || !strings.EqualFold(parsed.Type(), resourceType) {
		return nil, arm.BadRequest("LinkedInvalidPropertyId",
			"Property id '%s' at path '%s' is invalid. Expect fully qualified resource Id of type '%s' that start "+
				"with '/subscriptions/{subscriptionId}'.", id, property, resourceType)
	}
	if !c.Server.Directory().Allowed(c.Tx, c.Caller.ObjectID, parsed.String(), action, false) {
		return nil, arm.Errorf(http.StatusForbidden, "LinkedAuthorizationFailed",
			"The client '%s' with object id '%s' has permission to perform action '%s/write' on scope '%s'; however, "+
				"it does not have permission to perform action(s) '%s' on the linked scope(s) '%s' or the linked "+
				"scope(s) are invalid.",
			c.Caller.ClientID, c.Caller.ObjectID, c.ID.Type(), c.ID, action, parsed)
	}
	r, ok := c.Get(parsed)
	if !ok {
		return nil, arm.NotFound(parsed)
	}
	return r, nil
}

var isoDuration = regexp.MustCompile(`^P(?:(\d{1,4})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,7})S)?)?$`)

// duration reads an ISO 8601 duration of days, hours, minutes and seconds, such as PT5M.
func duration(s string) (time.Duration, error) {
	m := isoDuration.FindStringSubmatch(s)
	if m == nil || s == "P" || strings.HasSuffix(s, "T") {
		return 0, fmt.Errorf("%q is no ISO 8601 duration such as PT5M", s)
	}
	var d time.Duration
	for i, unit := range []time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second} {
		if m[i+1] != "" {
			n, err := strconv.Atoi(m[i+1])
			if err != nil {
				return 0, err
			}
			d += time.Duration(n) * unit
		}
	}
	return d, nil
}

// nameRule is Microsoft.Insights' rule for names: at most 260 characters, some of them forbidden, and no space or
// period at the end.
// Source: https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftinsights
func nameRule(what, forbidden string) func(name string) *arm.Error {
	return func(name string) *arm.Error {
		if len(name) <= 260 && !strings.ContainsAny(name, forbidden) && !strings.HasSuffix(name, " ") &&
			!strings.HasSuffix(name, ".") {
			return nil
		}
		return arm.BadRequest("BadRequest", "The %s name '%s' is not valid: it must have at most 260 characters, none "+
			"of %s, and not end in a space or period.", what, name, forbidden)
	}
}
