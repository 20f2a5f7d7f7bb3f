// Package keyvault is the resource provider Microsoft.KeyVault (vaults with soft delete, and the secrets that
// deployments write through ARM) and the vaults' data plane for secrets. Both planes see the same secrets.
//
// Sources: https://learn.microsoft.com/rest/api/keyvault/keyvault/vaults,
// https://learn.microsoft.com/rest/api/keyvault/secrets/operation-groups and
// https://learn.microsoft.com/azure/key-vault/general/soft-delete-overview
package keyvault

import (
	"net/http"

	"github.com/crossorg/crossorg/internal/azure/arm"
)

const namespace = "Microsoft.KeyVault"

// New makes the resource provider of vaults that answer at the endpoints.
func New(endpoints *Endpoints) *arm.Provider {
	return &arm.Provider{
		Namespace: namespace,
		Types:     []*arm.Type{vaults(endpoints), secrets()},
		Routes:    append(deletedVaultRoutes(), checkNameRoute(), accessPolicyRoute()),
	}
}

func badRequest(format string, args ...any) *arm.Error {
	return arm.BadRequest("BadRequest", format, args...)
}

func internalError(err error) *arm.Error {
	return arm.Errorf(http.StatusInternalServerError, "InternalServerError", "%v", err)
}

func text(m map[string]any, key string) string {
	s, _ := m[key].(string)
	return s
}

// flag reads a boolean; set is false when it is absent or null.
func flag(m map[string]any, key string) (value, set bool) {
	value, set = m[key].(bool)
	return value, set
}

// number reads an integer that came as JSON or was computed here.
func number(m map[string]any, key string) (value int, set bool) {
	switch v := m[key].(type) {
	case float64:
		return int(v), true
	case int:
		return v, true
	case int64:
		return int(v), true
	}
	return 0, false
}

// seconds reads a time in seconds since 1970; nil when it is absent or null.
func seconds(m map[string]any, key string) *int64 {
	n, set := number(m, key)
	if !set {
		return nil
	}
	out := int64(n)
	return &out
}
