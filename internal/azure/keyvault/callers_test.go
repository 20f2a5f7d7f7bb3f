package keyvault_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/keyvault/armkeyvault"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/armtest"
	"github.com/crossorg/crossorg/internal/azure/keyvault"
	"github.com/crossorg/crossorg/internal/azure/roles"
)

// Every operation of a vault is asked by callers without the permission that it needs, on a vault with roles and on one
// with access policies. The operations come from the vaults' own table.
func TestEveryVaultOperationDecidesAboutItsCaller(t *testing.T) {
	for _, byRole := range []bool{true, false} {
		t.Run(fmt.Sprint("by role: ", byRole), func(t *testing.T) {
			w := newWorld(t)
			w.mustCreate(properties(func(p *armkeyvault.VaultProperties) {
				if !byRole {
					p.EnableRbacAuthorization = to.Ptr(false)
					p.AccessPolicies = []*armkeyvault.AccessPolicyEntry{}
				}
			}))
			const audience = "https://vault.azure.net"
			tokenOf := func(tenant, name, role, scope string) string {
				r := w.newcomer(tenant, name)
				if role != "" {
					w.grant(r, role, scope)
				}
				return w.Token(r.principal, audience)
			}
			forbidden := map[string]string{
				"nobody":      tokenOf(armtest.Tenant, "nobody", "", ""),
				"other vault": tokenOf(armtest.Tenant, "other vault", roles.KeyVaultAdministrator, vaultID+"-other"),
				"other secret": tokenOf(armtest.Tenant, "other secret", roles.KeyVaultAdministrator,
					vaultID+"/secrets/other"),
				"alike": tokenOf(armtest.Tenant, "alike", roles.KeyVaultAdministrator,
					strings.TrimSuffix(vaultID, "t")),
				"reader":        tokenOf(armtest.Tenant, "reader", roles.Reader, vaultID),
				"owner":         w.Token(w.Contoso.Principal, audience),
				"data of blobs": tokenOf(armtest.Tenant, "data of blobs", roles.BlobDataOwner, vaultID),
			}
			unauthorized := map[string]string{
				"another tenant": tokenOf(armtest.OtherTenant, "foreign", roles.KeyVaultAdministrator, vaultID),
				"no vault token": w.Token(w.Contoso.Principal, "https://storage.azure.com"),
				"none":           "none",
				"":               "",
			}
			ask := func(op keyvault.ServedOperation, token string) int {
				path := strings.NewReplacer("{name}", "password", "{version}",
					"0123456789abcdef0123456789abcdef").Replace(op.Path)
				request, err := http.NewRequest(op.Method,
					fmt.Sprintf("https://127.0.0.1:%d/%s?api-version=7.4", w.first, path),
					strings.NewReader(`{"value":"x"}`))
				require.NoError(t, err)
				request.Header.Set("Content-Type", "application/json")
				if token != "" {
					request.Header.Set("Authorization", "Bearer "+token)
				}
				response, err := w.Client().Do(request)
				require.NoError(t, err)
				response.Body.Close()
				return response.StatusCode
			}
			for _, op := range keyvault.ServedOperations() {
				for who, token := range forbidden {
					assert.Equal(t, http.StatusForbidden, ask(op, token), "%s by %s", op.Name, who)
				}
				for who, token := range unauthorized {
					assert.Equal(t, http.StatusUnauthorized, ask(op, token), "%s by %q", op.Name, who)
				}
			}
		})
	}
}
