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

// cloudName is the name of the embedded Azure among clouds.
const cloudName = "crossorg-local"

// audiences are what tokens for Resource Manager are for, as on Azure.
var audiences = []string{"https://management.core.windows.net/", "https://management.azure.com/"}

// Hosts of services that are not here. No name below .invalid exists, so a client that uses one fails on this machine
// instead of calling Azure: https://www.rfc-editor.org/rfc/rfc6761#section-6.4.
const (
	nowhere       = cloudName + ".invalid"
	nowhereOnline = "https://" + nowhere + "/"
)

// discover answers in the form of the asked api-version: 1.0 and 2015-01-01 are an object with few endpoints,
// 2018-05-01 to 2020-06-01 a list of clouds, 2022-09-01 one cloud.
// Sources: https://learn.microsoft.com/azure-stack/user/azure-stack-version-profiles-ruby (2015-01-01), the clients that
// read the forms: msrestazure (2015-01-01), az (2019-05-01) and go-azure-sdk (2022-09-01).
func discover(c *arm.Call, _ map[string]string, _ map[string]any) (any, *arm.Error) {
	host := c.Server.Endpoints().Management
	switch version := c.Option("api-version"); version {
	case "1.0", "2015-01-01":
		return map[string]any{
			"galleryEndpoint": nowhereOnline, "graphEndpoint": host + "/", "portalEndpoint": nowhereOnline,
			"graphAudience":  host + "/",
			"authentication": map[string]any{"loginEndpoint": host + "/", "audiences": audiences},
		}, nil
	case "2018-05-01", "2019-05-01", "2020-06-01":
		return []any{cloud(host)}, nil
	case "2022-09-01":
		return cloud(host), nil
	case "":
		return nil, arm.BadRequest("MissingApiVersionParameter", "The api-version query parameter (?api-version=) is "+
			"required for all requests.")
	default:
		return nil, arm.BadRequest("InvalidApiVersionParameter", "The api-version '%s' is invalid. The supported "+
			"versions are '2022-09-01,2020-06-01,2019-05-01,2018-05-01,2015-01-01,1.0'.", version)
	}
}

// cloud is the embedded Azure in the form of the later versions. Its accounts and vaults have no host names of their
// own, which suffixes could end: clients take their endpoints from the resources.
func cloud(host string) map[string]any {
	out := map[string]any{
		"name": cloudName, "resourceManager": host,
		"authentication": map[string]any{
			"loginEndpoint": host, "audiences": audiences, "tenant": "common", "identityProvider": "AAD",
		},
		"microsoftGraphResourceId": host + "/", "graph": host + "/", "graphAudience": host + "/",
		"logAnalyticsResourceId": "https://api.loganalytics.io",
		"suffixes":               suffixes(),
	}
	for _, name := range []string{"portal", "media", "batch", "gallery", "sqlManagement", "vmImageAliasDoc",
		"activeDirectoryDataLake", "appInsightsResourceId", "appInsightsTelemetryChannelResourceId",
		"attestationResourceId", "synapseAnalyticsResourceId", "ossrDbmsResourceId"} {
		out[name] = nowhereOnline
	}
	return out
}

// suffixes are the ends of host names by service.
func suffixes() map[string]any {
	out := map[string]any{}
	for name, host := range map[string]string{
		"storage": "storage", "keyVaultDns": "vault", "mhsmDns": "managedhsm", "storageSyncEndpointSuffix": "afs",
		"sqlServerHostname": "database", "mysqlServerEndpoint": "mysql", "postgresqlServerEndpoint": "postgres",
		"mariadbServerEndpoint": "mariadb", "azureDataLakeStoreFileSystem": "datalakestore",
		"azureDataLakeAnalyticsCatalogAndJob": "datalakeanalytics", "acrLoginServer": "registry",
		"synapseAnalytics": "synapse", "attestationEndpoint": "attest", "azureFrontDoorEndpointSuffix": "frontdoor",
	} {
		out[name] = host + "." + nowhere
	}
	return out
}
