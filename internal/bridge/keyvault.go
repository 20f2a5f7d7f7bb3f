package bridge

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// secretToken is a type that ARM can make but not delete.
const secretToken = "keyvault:Secret"

const (
	vaultAudience    = "https://vault.azure.net/.default"
	vaultDataVersion = "7.4"
)

// deleteSecret soft-deletes a secret through the vault's data plane, as the official provider does. Where the Azure at
// hand has no data plane for vaults, so that vaultUri leads elsewhere, the secret stays until its vault is deleted.
// See learn.microsoft.com/rest/api/keyvault/secrets/delete-secret.
func (c *client) deleteSecret(ctx context.Context, id string) error {
	vaultID, name, _ := strings.Cut(id, "/secrets/")
	body, err := c.get(ctx, vaultID, keyvaultVersion)
	if isNotFound(err) {
		return nil // the secret went with its vault
	}
	if err != nil {
		return err
	}
	uri, ok := dig(body, []string{"properties", "vaultUri"})
	base, isText := uri.(string)
	if !ok || !isText {
		return nil
	}
	pipeline := runtime.NewPipeline(packageName, Version, runtime.PipelineOptions{
		PerRetry: []policy.Policy{runtime.NewBearerTokenPolicy(c.token, []string{vaultAudience}, nil)},
	}, &policy.ClientOptions{Transport: c.http, Retry: policy.RetryOptions{ShouldRetry: shouldRetry}})
	req, err := runtime.NewRequest(ctx, http.MethodDelete, runtime.JoinPaths(base, "secrets", name))
	if err != nil {
		return err
	}
	req.Raw().URL.RawQuery = "api-version=" + vaultDataVersion
	resp, err := pipeline.Do(req)
	var foreign *foreignHostError
	if errors.As(err, &foreign) {
		return nil
	}
	if err != nil {
		return err
	}
	if !runtime.HasStatusCode(resp, http.StatusOK, http.StatusNoContent, http.StatusNotFound) {
		return newError(resp)
	}
	return nil
}
