package monitor

import (
	"net/http"
	"strings"
	"time"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/odata"
)

// activityRoutes are the activity log of a subscription.
// Source: https://learn.microsoft.com/rest/api/monitor/activity-logs/list
func activityRoutes() []arm.Route {
	return []arm.Route{{Method: http.MethodGet,
		Path:       "/subscriptions/{subscriptionId}/providers/Microsoft.Insights/eventtypes/management/values",
		Permission: insights + "/eventtypes/values/read", Handle: listActivity,
		Options: []string{"$filter"}}}
}

// activityFilter is what a listing asks for.
type activityFilter struct {
	from, to time.Time
	// equal are values that fields of an event must have, by the field's name as conditions know it.
	equal map[string]string
}

// comparable are the fields that a listing may compare with eq, by their names in lower case, as conditions of rules
// name them.
var comparable = map[string]string{"resourcegroupname": "resourceGroup", "resourceprovider": "resourceProvider",
	"resourceuri": "resourceId", "resourceid": "resourceId", "status": "status", "caller": "caller"}

// readFilter reads $filter: comparisons joined by and, one of them with a start.
// Source: https://learn.microsoft.com/rest/api/monitor/activity-logs/list
func readFilter(text string) (activityFilter, *arm.Error) {
	f := activityFilter{equal: map[string]string{}}
	parsed, err := odata.Parse(text)
	if err != nil {
		return f, arm.BadRequest("BadRequest", "The $filter '%s' cannot be read: %v.", text, err)
	}
	if aerr := f.read(parsed); aerr != nil {
		return f, aerr
	}
	if f.from.IsZero() {
		return f, arm.BadRequest("BadRequest", "The $filter has no start: it needs eventTimestamp ge '<time>'.")
	}
	return f, nil
}

func (f *activityFilter) read(of odata.Filter) *arm.Error {
	switch of := of.(type) {
	case odata.And:
		if aerr := f.read(of.Left); aerr != nil {
			return aerr
		}
		return f.read(of.Right)
	case odata.Compare:
		if strings.EqualFold(of.Property, "eventTimestamp") {
			return f.readTime(of)
		}
		if field := comparable[strings.ToLower(of.Property)]; field != "" && strings.EqualFold(of.Operator, "eq") {
			f.equal[field] = of.Value
			return nil
		}
	}
	return arm.BadRequest("BadRequest", "The $filter has more than is supported: eventTimestamp with ge and le, and "+
		"resourceGroupName, resourceProvider, resourceUri, status and caller with eq, joined by and.")
}

func (f *activityFilter) readTime(of odata.Compare) *arm.Error {
	at, err := time.Parse(time.RFC3339Nano, of.Value)
	if err != nil {
		return arm.BadRequest("BadRequest", "The $filter has '%s', which is no time such as 2025-01-01T00:00:00Z.",
			of.Value)
	}
	switch strings.ToLower(of.Operator) {
	case "ge":
		f.from = at
	case "le":
		f.to = at
	default:
		return arm.BadRequest("BadRequest", "The $filter compares eventTimestamp by '%s': use ge and le.", of.Operator)
	}
	return nil
}

func (f activityFilter) passes(e arm.Event) bool {
	if e.Time.Before(f.from) || !f.to.IsZero() && e.Time.After(f.to) {
		return false
	}
	for field, want := range f.equal {
		if !strings.EqualFold(eventField(e, field), want) {
			return false
		}
	}
	return true
}

func listActivity(c *arm.Call, params map[string]string, _ map[string]any) (any, *arm.Error) {
	filter, aerr := readFilter(c.Option("$filter"))
	if aerr != nil {
		return nil, aerr
	}
	events, err := c.Activity(params["subscriptionId"], filter.from)
	if err != nil {
		return nil, arm.InternalError(err)
	}
	value := []any{}
	for i := len(events) - 1; i >= 0; i-- { // the latest first
		if filter.passes(events[i]) {
			value = append(value, eventBody(events[i]))
		}
	}
	return map[string]any{"value": value}, nil
}

// eventBody is an event in the published shape.
func eventBody(e arm.Event) map[string]any {
	id, _ := arm.ParseID(e.Resource) // one that was served
	named := func(value string) map[string]any { return map[string]any{"value": value, "localizedValue": value} }
	return map[string]any{
		"id":             e.Resource + "/events/" + e.ID + "/ticks/" + e.Time.Format("20060102150405"),
		"eventDataId":    e.ID,
		"correlationId":  e.ID,
		"operationId":    e.ID,
		"eventTimestamp": arm.Timestamp(e.Time), "submissionTimestamp": arm.Timestamp(e.Time),
		"operationName": named(e.Operation), "status": named(e.Status), "subStatus": named(""),
		"category": named(administrative), "eventName": named("EndRequest"), "level": levelOf(e),
		"caller": e.Caller, "claims": map[string]any{"appid": e.CallerClient}, "channels": "Operation",
		"resourceId": e.Resource, "resourceGroupName": id.ResourceGroup, "subscriptionId": id.Subscription,
		"resourceProviderName": named(id.Namespace), "resourceType": named(id.Type()),
	}
}
