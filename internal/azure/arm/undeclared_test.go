package arm

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// A route cannot be registered without an authorization. One that is in the table anyway refuses every caller.
func TestAnUndeclaredRouteServesNobody(t *testing.T) {
	rt := compileRoute(Route{Method: http.MethodGet, Path: "/anything"})
	aerr := (&Server{}).authorizeRoute(&Call{}, &rt, nil)
	require.NotNil(t, aerr)
	require.Equal(t, http.StatusForbidden, aerr.Status)
	require.Equal(t, "AuthorizationFailed", aerr.Code)
}
