package arm

import (
	"fmt"
	"net/http"

	"github.com/crossorg/crossorg/internal/azure/store"
)

// Error is ARM's error: an HTTP status and the published envelope {"error":{"code","message","target","details":[]}}.
// Handlers return it as is; the control plane renders it.
type Error struct {
	Status  int      `json:"-"`
	Code    string   `json:"code"`
	Message string   `json:"message"`
	Target  string   `json:"target,omitempty"`
	Details []*Error `json:"details,omitempty"`
}

// Error renders code and message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Errorf makes an Error with a formatted message.
func Errorf(status int, code, format string, args ...any) *Error {
	return &Error{Status: status, Code: code, Message: fmt.Sprintf(format, args...)}
}

// BadRequest is a 400 with the given code.
func BadRequest(code, format string, args ...any) *Error {
	return Errorf(http.StatusBadRequest, code, format, args...)
}

// Conflict is a 409 with the given code.
func Conflict(code, format string, args ...any) *Error {
	return Errorf(http.StatusConflict, code, format, args...)
}

// NotFound is ARM's 404 for a missing resource.
func NotFound(id ID) *Error {
	return Errorf(http.StatusNotFound, "ResourceNotFound",
		"The Resource '%s/%s' under resource group '%s' was not found. For more details please go to "+
			"https://aka.ms/ARMResourceNotFoundFix",
		id.Type(), id.RelativeName(), id.ResourceGroup)
}

// InvalidNamespace is ARM's 404 for an unknown resource provider.
func InvalidNamespace(namespace string) *Error {
	return Errorf(http.StatusNotFound, "InvalidResourceNamespace", "The resource namespace '%s' is invalid.", namespace)
}

// InternalError is a 500 for a failure of the embedded Azure itself, such as a state file that cannot be written.
func InternalError(err error) *Error {
	if store.IsFull(err) {
		return Errorf(http.StatusInsufficientStorage, "InsufficientStorage", "The disk that holds the embedded "+
			"Azure's home folder is full: delete something there, or make room. Deletions still work. (%v)", err)
	}
	return Errorf(http.StatusInternalServerError, "InternalServerError", "Encountered internal server error: %v", err)
}
