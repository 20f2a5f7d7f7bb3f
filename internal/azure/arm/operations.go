package arm

import (
	"fmt"
	"net/http"
	"time"
)

const tableOperations = "operations"

// operation is an asynchronous operation, as its status URL shows it.
// Source: https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations
type operation struct {
	ID string `json:"id"`
	// Resource is the id that a Location poll answers with once done; Deleted answers 204 instead.
	Resource   string    `json:"resource"`
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
	// Until is the time before which it has not ended, under a latency profile.
	Until time.Time `json:"until,omitzero"`
	// Type is the full resource type that it works on.
	Type string `json:"type,omitempty"`
	// Reply is what an action answers in the end.
	Reply any `json:"reply,omitempty"`
	// Caller may read the operation.
	Caller string `json:"caller"`
}

const (
	statusInProgress = "InProgress"
	statusSucceeded  = "Succeeded"
	statusFailed     = "Failed"
)

// settle ends the operation if nothing is pending and its time has come. It may be called again at any time.
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

// operationURL is where a client polls. kind is operationStatuses (Azure-AsyncOperation) or operationResults
// (Location).
func (s *Server) operationURL(id ID, location, kind string, op *operation) string {
	if location == "" {
		location = "global"
	}
	return fmt.Sprintf("%s/subscriptions/%s/providers/%s/locations/%s/%s/%s?api-version=%s",
		s.endpoints.Management, id.Subscription, id.Namespace, location, kind, op.ID, op.APIVersion)
}

// pollOperation answers GET …/locations/{location}/operationStatuses|operationResults/{id}.
func (s *Server) pollOperation(c *Call, kind, opID string) (*reply, *Error) {
	var op operation
	ok, err := c.Tx.Get(tableOperations, opID, &op)
	if err != nil {
		return nil, InternalError(err)
	}
	if !ok || op.Caller != c.Caller.ObjectID {
		return nil, Errorf(http.StatusNotFound, "NotFound", "The operation '%s' was not found.", opID)
	}
	if op.Error != nil {
		op.Error.Status = op.ErrorStatus
	}
	op.settle(c.Now)
	left := op.Until.Sub(c.Now)
	if kind == "operationstatuses" {
		body := map[string]any{"id": c.ID.String(), "name": op.ID, "status": op.Status, "startTime": Timestamp(op.Start)}
		if op.Status == statusInProgress {
			rep := &reply{status: http.StatusOK, body: body}
			s.pollAfter(rep, op.Type, left)
			return rep, nil
		}
		body["endTime"] = Timestamp(op.End)
		if op.Error != nil {
			body["error"] = op.Error
			return &reply{status: http.StatusOK, body: body}, nil
		}
		// Clients of POST actions read the result from the final status itself.
		if result, ok := op.Reply.(map[string]any); ok {
			for k, v := range result {
				if _, taken := body[k]; !taken {
					body[k] = v
				}
			}
		}
		return &reply{status: http.StatusOK, body: body}, nil
	}
	switch {
	case op.Status == statusInProgress:
		rep := &reply{status: http.StatusAccepted, self: true}
		s.pollAfter(rep, op.Type, left)
		return rep, nil
	case op.Error != nil:
		return nil, op.Error
	case op.Reply != nil:
		return &reply{status: http.StatusOK, body: op.Reply}, nil
	case op.Deleted:
		return &reply{status: http.StatusNoContent}, nil
	}
	r, found := c.GetByID(op.Resource)
	if !found {
		return &reply{status: http.StatusNoContent}, nil
	}
	return &reply{status: http.StatusOK, body: s.render(c, r, op.APIVersion)}, nil
}
