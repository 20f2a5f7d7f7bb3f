package keyvault

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every operation is found by its method and path, needs an action and a permission, and has a name for the log.
func TestEveryOperationIsRoutedAuthorizedAndNamed(t *testing.T) {
	permissions := []string{"get", "list", "set", "delete", "recover", "purge"}
	for i := range operations {
		op := &operations[i]
		path := strings.NewReplacer("{name}", "password", "{version}", "0123456789abcdef").Replace(op.path)
		for _, spelled := range []string{path, strings.ToUpper(path)} {
			found, name, version := route(op.method, strings.Split(spelled, "/"))
			require.Same(t, op, found, "%s %s is %s", op.method, spelled, op.name)
			assert.Equal(t, strings.Contains(op.path, "{name}"), strings.EqualFold(name, "password"), op.path)
			assert.Equal(t, strings.Contains(op.path, "{version}"), version != "", op.path)
		}
		kinds := []string{"Secret", "Key", "Certificate"}
		kind := slices.IndexFunc(kinds, func(k string) bool { return strings.HasPrefix(op.name, k) })
		require.NotEqual(t, -1, kind, op.name)
		assert.Contains(t, op.path, strings.ToLower(kinds[kind])+"s")
		if op.run == nil {
			continue
		}
		assert.Contains(t, op.action, secretActions, "%s needs a data action", op.name)
		assert.Contains(t, permissions, op.permission, "%s needs a permission of access policies", op.name)
	}
	for _, request := range []string{"POST secrets", "PUT secrets", "GET secrets/a/b/c", "DELETE secrets/a/b",
		"GET storage", "GET ", "GET secrets//versions", "HEAD secrets"} {
		method, path, _ := strings.Cut(request, " ")
		found, _, _ := route(method, strings.Split(path, "/"))
		assert.Nil(t, found, request)
	}
}
