package servicefabric

import (
	"strings"

	"github.com/crossorg/crossorg/internal/azure/arm"
)

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

// above is the id that lies levels above an id.
func above(id arm.ID, levels int) arm.ID {
	for range levels {
		if parent, ok := id.Parent(); ok {
			id = parent
		}
	}
	return id
}
