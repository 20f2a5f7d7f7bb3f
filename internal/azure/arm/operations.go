package arm

import (
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
)

const tableOperations = "operations"

// operation is an asynchronous operation, as its status URL shows it.
// Source: https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations
type operation struct {
	ID string `json:"id"`
	// Resource is the id that a Location poll answers with once done; Deleted answers 204 instead.
	Resource string `json:"resource"`
	// Instance is that resource's; "" in records of older state files.
	Instance   string    `json:"instance,omitempty"`
	APIVersion string    `json:"apiVersion"`
	Deleted    bool      `json:"deleted"`
	Status     string    `json:"status"`
	Start      time.Time `json:"start"`
	End        time.Time `json:"end"`
	Error      *Error    `json:"error,omitempty"`
	// ErrorStatus is Error's HTTP status.
	ErrorStatus int `json:"errorStatus,omitempty"`
	// Pending counts the jobs that it waits for.
	Pending int `json:"pending"`
	// Until is the earliest time of its end, under a latency profile.
	Until time.Time `json:"until,omitzero"`
	// Type is the full resource type that it works on.
	Type string `json:"type,omitempty"`
	// Reply is the result of an action.
	Reply any `json:"reply,omitempty"`
	// Caller may read the operation.
	Caller string `json:"caller"`
}

// The kinds of URLs at which operations are polled.
const (
	operationStatuses = "operationStatuses"
	operationResults  = "operationResults"
)

const (
	statusInProgress = "InProgress"
	statusSucceeded  = "Succeeded"
	statusFailed     = "Failed"
)

// settle ends the operation once its jobs have ended and its time has come. It may be called at any time.
func (o *operation) settle(now time.Time) {
	switch {
	case o.Status == statusSucceeded || o.Status == statusFailed:
	case o.Pending > 0 || now.Before(o.Until):
		o.Status = statusInProgress
	case o.Error != nil:
		o.Status, o.End = statusFailed, now
	default:
		o.Status, o.End = statusSucceeded, now
	}
}

// operationURL is the URL that a client polls: kind is operationStatuses for Azure-AsyncOperation, operationResults for
// Location.
func (s *Server) operationURL(id ID, location, kind string, op *operation) string {
	if location == "" {
		location = "global"
	}
	return fmt.Sprintf("%s/subscriptions/%s/providers/%s/locations/%s/%s/%s?api-version=%s",
		s.endpoints.Management, id.Subscription, id.Namespace, location, kind, op.ID, op.APIVersion)
}

// beginOperation starts the operation that the request in progress answers with. r is the resource it works on.
func (c *Call) beginOperation(r ID, t *Type) *operation {
	c.op = &operation{
		ID: uuid.NewString(), Resource: r.String(), Instance: c.instance(r), Type: t.Name, APIVersion: c.APIVersion,
		Start: c.Now, Caller: c.Caller.ObjectID,
	}
	return c.op
}

// accept finishes an answer of an operation that may be asynchronous.
func (s *Server) accept(c *Call, style AsyncStyle, rep *reply, location string) (*reply, *Error) {
	if style == Direct || c.op == nil {
		return rep, nil
	}
	c.op.settle(c.Now)
	if c.writing != nil {
		c.op.Instance = c.writing.Instance()
	}
	if err := c.Tx.Put(tableOperations, c.op.ID, c.op); err != nil {
		return nil, InternalError(err)
	}
	switch style {
	case AzureAsyncOperation:
		rep.set("Azure-AsyncOperation", s.operationURL(c.ID, location, operationStatuses, c.op))
		if rep.status == http.StatusOK && (c.op.Status == statusInProgress || rep.body == nil) {
			rep.status = http.StatusAccepted
		}
	case Location:
		if rep.status == http.StatusOK && rep.body != nil && c.op.Status != statusInProgress {
			return rep, nil // an update that has ended answers at once
		}
		rep.status, rep.body = http.StatusAccepted, nil
	}
	rep.set("Location", s.operationURL(c.ID, location, operationResults, c.op))
	s.pollAfter(rep, c.op.Type, c.op.Until.Sub(c.Now))
	return rep, nil
}

// operationRoutes are the routes that clients poll, in every namespace. They need no role: each operation is shown only
// to the caller that began it.
func operationRoutes() []Route {
	const at = "/subscriptions/{subscription}/providers/{namespace}/locations/{location}/"
	return []Route{
		{Method: http.MethodGet, Path: at + operationStatuses + "/{operation}", OpenTo: SignedIn,
			Handle: polled(operationStatuses, (*Server).operationStatus)},
		{Method: http.MethodGet, Path: at + operationResults + "/{operation}", OpenTo: SignedIn,
			Handle: polled(operationResults, (*Server).operationResult)},
	}
}

// polled makes the handler of a route that shows an operation.
func polled(kind string, show func(s *Server, c *Call, op *operation) (*reply, *Error)) Handler {
	return func(c *Call, params map[string]string, _ map[string]any) (any, *Error) {
		var op operation
		ok, err := c.Tx.Get(tableOperations, params["operation"], &op)
		if err != nil {
			return nil, InternalError(err)
		}
		if !ok || op.Caller != c.Caller.ObjectID {
			return nil, Errorf(http.StatusNotFound, "NotFound", "The operation '%s' was not found.",
				params["operation"])
		}
		if op.Error != nil {
			op.Error.Status = op.ErrorStatus
		}
		op.settle(c.Now)
		c.ID.Types, c.ID.Names = []string{"locations", kind}, []string{params["location"], op.ID}
		return show(c.Server, c, &op)
	}
}

// operationStatus answers the URL in Azure-AsyncOperation: the state of the operation.
func (s *Server) operationStatus(c *Call, op *operation) (*reply, *Error) {
	body := map[string]any{
		"id": c.ID.String(), "name": op.ID, "status": op.Status, "startTime": Timestamp(op.Start),
	}
	rep := &reply{status: http.StatusOK, body: body}
	if op.Status == statusInProgress {
		s.pollAfter(rep, op.Type, op.Until.Sub(c.Now))
		return rep, nil
	}
	body["endTime"] = Timestamp(op.End)
	if op.Error != nil {
		body["error"] = op.Error
		return rep, nil
	}
	// Clients of POST actions read the result from the final status itself.
	if result, ok := op.Reply.(map[string]any); ok {
		for k, v := range result {
			if _, taken := body[k]; !taken {
				body[k] = v
			}
		}
	}
	return rep, nil
}

// operationResult answers the URL in Location: 202 while the operation is in progress, then its result.
func (s *Server) operationResult(c *Call, op *operation) (*reply, *Error) {
	switch {
	case op.Status == statusInProgress:
		rep := &reply{status: http.StatusAccepted, self: true}
		s.pollAfter(rep, op.Type, op.Until.Sub(c.Now))
		return rep, nil
	case op.Error != nil:
		return nil, op.Error
	case op.Reply != nil:
		return &reply{status: http.StatusOK, body: op.Reply}, nil
	case op.Deleted:
		return &reply{status: http.StatusNoContent}, nil
	}
	r, found := c.GetByID(op.Resource)
	if !found || op.Instance != "" && op.Instance != r.Instance() {
		return &reply{status: http.StatusNoContent}, nil
	}
	// The caller's role may have ended since the operation began.
	read := s.lookup(r.ID.Type()).permission("read")
	if aerr := s.authorize(c, r.ID.Subscription, r.ID.String(), read); aerr != nil {
		return nil, aerr
	}
	return &reply{status: http.StatusOK, body: s.render(c, r, op.APIVersion)}, nil
}
