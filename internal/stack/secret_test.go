package stack_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/stack"
	"github.com/crossorg/crossorg/internal/stack/stacktest"
)

func TestARefusedSecretSaysWhichRoleIsMissing(t *testing.T) {
	azure := stacktest.New(t, map[string]any{"PUT /vault/secrets/name": http.StatusForbidden})
	_, err := stack.StoreSecret(context.Background(), azure.Access(), "o", azure.URL()+"/vault/",
		stack.Secret{Name: "name", Value: "very-secret"})
	require.ErrorContains(t, err, "Key Vault Secrets Officer")
	assert.NotContains(t, err.Error(), "very-secret")
}

func TestAnExistingSecretIsNotStoredAgain(t *testing.T) {
	azure := stacktest.New(t, map[string]any{
		"GET /vault/secrets/name": map[string]any{"id": "known", "tags": map[string]any{"mark": "M"}},
	})
	id, err := stack.StoreSecret(context.Background(), azure.Access(), "o", azure.URL()+"/vault/",
		stack.Secret{Name: "name", Mark: "M"})
	require.NoError(t, err)
	assert.Equal(t, "known", id)
	for _, asked := range azure.Asked() {
		assert.NotContains(t, asked, "PUT")
	}
}
