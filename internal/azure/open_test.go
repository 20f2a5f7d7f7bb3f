package azure_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure"
)

// A closed folder has freed its state file and its ports: the next run opens it at once, on the same endpoints.
func TestAFolderCanBeOpenedAgainAtOnce(t *testing.T) {
	dir := t.TempDir()
	var management, blob string
	for i := range 20 {
		a, err := azure.Open(azure.Options{Dir: dir})
		require.NoError(t, err)
		if i == 0 {
			management, blob = a.Management(), a.Blob()
		}
		require.Equal(t, management, a.Management())
		require.Equal(t, blob, a.Blob())
		require.NoError(t, a.Close())
	}
}

func TestAFolderInUseIsNotOpenedTwice(t *testing.T) {
	dir := t.TempDir()
	a, err := azure.Open(azure.Options{Dir: dir})
	require.NoError(t, err)
	defer func() { require.NoError(t, a.Close()) }()
	_, err = azure.Open(azure.Options{Dir: dir})
	require.ErrorIs(t, err, azure.ErrInUse)

	attached, err := azure.Attach(dir, nil)
	require.NoError(t, err)
	require.Equal(t, a.Management(), attached.Management())
	require.Equal(t, a.DefaultCredentials(), attached.DefaultCredentials())
	_, err = azure.Attach(dir, []azure.Declared{{
		TenantID:       "aaaaaaaa-0000-0000-0000-000000000001",
		SubscriptionID: "aaaaaaaa-0000-0000-0000-000000000002",
	}})
	require.ErrorContains(t, err, "does not know")
}
