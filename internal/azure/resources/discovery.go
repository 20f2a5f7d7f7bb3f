package resources

import (
	"net/http"

	"github.com/crossorg/crossorg/internal/azure/arm"
)

// discoveryRoutes answer the document by which az and other clients find the endpoints of a cloud before they sign in.
// Source: https://learn.microsoft.com/cli/azure/manage-clouds-azure-cli, "Register a new cloud"
func discoveryRoutes() []arm.Route {
	return []arm.Route{
		{Method: http.MethodGet, Path: "/metadata/endpoints", OpenTo: arm.Everyone, Handle: discover},
	}
}

func discover(c *arm.Call, _ map[string]string, _ map[string]any) (any, *arm.Error) {
	host := c.Server.Endpoints().Management
	return []any{map[string]any{
		"name":                    "crossorg-local",
		"resourceManager":         host,
		"activeDirectoryDataLake": host,
		"authentication": map[string]any{
			"loginEndpoint": host,
			"audiences":     []string{"https://management.core.windows.net/", "https://management.azure.com/"},
			"tenant":        "common", "identityProvider": "AAD",
		},
		"suffixes": map[string]any{"storage": "127.0.0.1", "keyVaultDns": "vault.azure.net"},
	}}, nil
}
