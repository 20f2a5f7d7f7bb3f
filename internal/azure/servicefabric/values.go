package servicefabric

import (
	"net/http"
	"strings"

	"github.com/crossorg/crossorg/internal/azure/arm"
)

// fallback sets a property that the request leaves out or gives as null.
func fallback(m map[string]any, key string, value any) {
	if m[key] == nil {
		m[key] = value
	}
}

func text(m map[string]any, key string) string {
	s, _ := m[key].(string)
	return s
}

func number(m map[string]any, key string) (float64, bool) {
	n, ok := m[key].(float64)
	return n, ok
}

func flag(m map[string]any, key string) bool {
	b, _ := m[key].(bool)
	return b
}

func object(m map[string]any, key string) map[string]any {
	o, _ := m[key].(map[string]any)
	return o
}

// objects lists the objects of an array property.
func objects(m map[string]any, key string) []map[string]any {
	list, _ := m[key].([]any)
	out := make([]map[string]any, 0, len(list))
	for _, e := range list {
		if o, ok := e.(map[string]any); ok {
			out = append(out, o)
		}
	}
	return out
}

// immutable refuses an update that changes a property.
func immutable(w *arm.Write, path ...string) *arm.Error {
	if w.Old == nil {
		return nil
	}
	if was, wants := w.Old.String(path...), w.New.String(path...); was != wants {
		return arm.BadRequest("PropertyChangeNotAllowed", "Changing property '%s' of '%s' from '%s' to '%s' is not "+
			"allowed: delete the resource and create it again.",
			strings.Join(path, "."), w.New.ID.Name(), was, wants)
	}
	return nil
}

func invalid(format string, args ...any) *arm.Error {
	return arm.BadRequest("InvalidParameter", format, args...)
}

func internalError(err error) *arm.Error {
	return arm.Errorf(http.StatusInternalServerError, "InternalServerError", "Encountered internal server error: %v",
		err)
}

// above is the id that lies levels above an id.
func above(id arm.ID, levels int) arm.ID {
	for range levels {
		if parent, ok := id.Parent(); ok {
			id = parent
		}
	}
	return id
}
