package roles_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/roles"
)

func TestRolesPermitWhatAzurePublishes(t *testing.T) {
	const blobRead, blobWrite = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
		"Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write"
	for _, tt := range []struct {
		role, action string
		data, want   bool
	}{
		{"Owner", "Microsoft.Storage/storageAccounts/write", false, true},
		{"Owner", "Microsoft.Authorization/roleAssignments/write", false, true},
		{"Owner", blobRead, true, false},
		{"Contributor", "Microsoft.Storage/storageAccounts/delete", false, true},
		{"Contributor", "Microsoft.Authorization/roleAssignments/write", false, false},
		{"Contributor", "Microsoft.Authorization/roleAssignments/read", false, true},
		{"Reader", "microsoft.storage/STORAGEACCOUNTS/read", false, true},
		{"Reader", "Microsoft.Storage/storageAccounts/write", false, false},
		{"Reader", "Microsoft.Storage/storageAccounts/listKeys/action", false, false},
		{"User Access Administrator", "Microsoft.Authorization/roleAssignments/write", false, true},
		{"Storage Blob Data Reader", blobRead, true, true},
		{"Storage Blob Data Reader", blobWrite, true, false},
		{"Storage Blob Data Contributor", blobWrite, true, true},
		{"Storage Blob Data Contributor", "Microsoft.Storage/storageAccounts/write", false, false},
		{"Key Vault Secrets User", "Microsoft.KeyVault/vaults/secrets/getSecret/action", true, true},
		{"Key Vault Secrets User", "Microsoft.KeyVault/vaults/secrets/setSecret/action", true, false},
	} {
		t.Run(tt.role+" "+tt.action, func(t *testing.T) {
			found := false
			for _, r := range roles.BuiltIn {
				if r.Name == tt.role {
					found = true
					require.Equal(t, tt.want, r.Permits(tt.action, tt.data))
				}
			}
			require.True(t, found)
		})
	}
}
