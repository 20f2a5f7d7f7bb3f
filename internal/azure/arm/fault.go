package arm

import (
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/crossorg/crossorg/internal/azure/faults"
)

// refusal is the answer of a fault that refuses the request before it has any effect; nil for other kinds.
func refusal(f faults.Rule) (*reply, *Error) {
	var aerr *Error
	switch f.Kind {
	case faults.TooManyRequests:
		aerr = Errorf(http.StatusTooManyRequests, "TooManyRequests",
			"Too many requests: fault '%s' was asked for. Please try again later.", f.ID)
	case faults.InternalError:
		aerr = Errorf(http.StatusInternalServerError, "InternalServerError",
			"Encountered internal server error: fault '%s' was asked for.", f.ID)
	case faults.Unavailable:
		aerr = Errorf(http.StatusServiceUnavailable, "ServiceUnavailable",
			"The service is temporarily unavailable: fault '%s' was asked for.", f.ID)
	default:
		return nil, nil
	}
	rep := &reply{status: aerr.Status, body: map[string]any{"error": aerr}}
	if f.Kind != faults.InternalError {
		delay := time.Duration(f.Delay)
		rep.set("Retry-After", strconv.Itoa(int(math.Ceil(delay.Seconds()))))
		rep.set("x-ms-retry-after-ms", strconv.FormatInt(max(1, delay.Milliseconds()), 10))
	}
	return rep, aerr
}

// failing reports whether the asynchronous operation that the call is about to begin is to fail, and fails it if so.
func (s *Server) failing(c *Call, method string) bool {
	if c.op == nil {
		return false
	}
	f, ok := s.faults.Decide(faults.Operating, method, c.path)
	if !ok {
		return false
	}
	c.fault = f.ID
	// Pollers of a Location, azcore among them, retry after 5xx. Only another status ends the operation for them.
	c.op.Error = Errorf(http.StatusConflict, "InternalServerError",
		"Encountered internal server error: fault '%s' was asked for.", f.ID)
	c.op.ErrorStatus = c.op.Error.Status
	return true
}

// markFailed puts a resource that has a provisioning state into the state Failed.
func markFailed(r *Resource) {
	if r.String("properties", "provisioningState") != "" {
		r.Properties()["provisioningState"] = "Failed"
	}
}
