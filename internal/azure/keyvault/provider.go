// Package keyvault is the resource provider Microsoft.KeyVault (vaults with soft delete, and the secrets that
// deployments write through ARM) and the vaults' data plane for secrets. Both planes see the same secrets.
//
// Sources: https://learn.microsoft.com/rest/api/keyvault/keyvault/vaults,
// https://learn.microsoft.com/rest/api/keyvault/secrets/operation-groups and
// https://learn.microsoft.com/azure/key-vault/general/soft-delete-overview
package keyvault

import (
	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/jsonbody"
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

// seconds reads a time in seconds since 1970; nil when it is absent or null.
func seconds(m map[string]any, key string) *int64 {
	n, set := jsonbody.Int(m, key)
	if !set {
		return nil
	}
	out := int64(n)
	return &out
}
