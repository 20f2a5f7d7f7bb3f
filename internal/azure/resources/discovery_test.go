package resources_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDiscoveryAnswersByVersion(t *testing.T) {
	a := newAzure(t)
	ask := func(version string, out any) int {
		resp, err := a.Client().Get(a.URL() + "/metadata/endpoints" + version)
		require.NoError(t, err)
		defer resp.Body.Close()
		require.NoError(t, json.NewDecoder(resp.Body).Decode(out))
		return resp.StatusCode
	}
	var old struct {
		GalleryEndpoint, GraphEndpoint, PortalEndpoint string
		Authentication                                 struct {
			LoginEndpoint string
			Audiences     []string
		}
	}
	require.Equal(t, http.StatusOK, ask("?api-version=2015-01-01", &old))
	for _, endpoint := range []string{old.GalleryEndpoint, old.GraphEndpoint, old.PortalEndpoint,
		old.Authentication.LoginEndpoint} {
		assert.NotEmpty(t, endpoint)
	}
	assert.Contains(t, old.Authentication.Audiences, "https://management.core.windows.net/")

	var clouds []map[string]any
	require.Equal(t, http.StatusOK, ask("?api-version=2019-05-01", &clouds))
	require.Len(t, clouds, 1)
	var cloud map[string]any
	require.Equal(t, http.StatusOK, ask("?api-version=2022-09-01", &cloud))
	assert.Equal(t, clouds[0], cloud)
	for _, name := range []string{"storage", "keyVaultDns", "mhsmDns", "sqlServerHostname", "acrLoginServer",
		"azureDataLakeStoreFileSystem", "storageSyncEndpointSuffix", "synapseAnalytics", "attestationEndpoint"} {
		suffix, _ := cloud["suffixes"].(map[string]any)[name].(string)
		assert.True(t, strings.HasSuffix(suffix, ".invalid"), "Ensure no suffix leads to Azure: %s %q", name, suffix)
	}
	for _, name := range []string{"resourceManager", "graph", "microsoftGraphResourceId", "portal", "batch", "media",
		"gallery", "sqlManagement", "logAnalyticsResourceId", "appInsightsResourceId"} {
		assert.NotEmpty(t, cloud[name], name)
	}

	var refused struct {
		Error struct{ Code, Message string }
	}
	assert.Equal(t, http.StatusBadRequest, ask("?api-version=1999-01-01", &refused))
	assert.Equal(t, "InvalidApiVersionParameter", refused.Error.Code)
	assert.Contains(t, refused.Error.Message, "2022-09-01")
	assert.Equal(t, http.StatusBadRequest, ask("", &refused))
	assert.Equal(t, "MissingApiVersionParameter", refused.Error.Code)
}
