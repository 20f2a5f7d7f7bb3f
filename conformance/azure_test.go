package conformance_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/conformance"
	"github.com/crossorg/crossorg/internal/bridge"
)

// The variables that open a real subscription to the promises. Everything is made in one resource group (and one in the
// consumer's subscription), which is deleted at the end; what has its own group to be deleted deletes it.
const (
	// subscriptionVariable is the provider's subscription. Setting it is the consent to what it costs: cents, without a
	// cluster.
	subscriptionVariable = "CROSSORG_CONFORMANCE_SUBSCRIPTION"
	// tenantVariable is its tenant.
	tenantVariable = "CROSSORG_CONFORMANCE_TENANT"
	// locationVariable is the region, eastus if not set.
	locationVariable = "CROSSORG_CONFORMANCE_LOCATION"
	// clusterVariable allows clusters when it is 1: machines for half an hour and more.
	clusterVariable = "CROSSORG_CONFORMANCE_CLUSTER"
	// consumerPrefix and strangerPrefix begin the names of _TENANT, _SUBSCRIPTION, _CLIENT_ID and _CLIENT_SECRET of the
	// two other principals. Without them the provider is its own consumer, and nobody is a stranger.
	consumerPrefix = "CROSSORG_CONFORMANCE_CONSUMER"
	strangerPrefix = "CROSSORG_CONFORMANCE_STRANGER"
)

func TestAzureKeepsItsPromises(t *testing.T) {
	subscription := os.Getenv(subscriptionVariable)
	if subscription == "" {
		t.Skipf("asks a real subscription, and costs money: set %s to one to do so", subscriptionVariable)
	}
	cred, err := azidentity.NewDefaultAzureCredential(nil)
	require.NoError(t, err)
	e := &conformance.Env{
		Cloud: cloud.AzurePublic, Location: "eastus", OtherLocation: "westeurope", Prefix: "cf",
		Cluster: os.Getenv(clusterVariable) == "1", Slow: true, Limited: true,
		Poll: 5 * time.Second, Patience: 15 * time.Minute,
		Provider: &conformance.Org{Tenant: os.Getenv(tenantVariable), Subscription: subscription, Credential: cred},
	}
	require.NotEmpty(t, e.Provider.Tenant, "set %s to the subscription's tenant", tenantVariable)
	if l := os.Getenv(locationVariable); l != "" {
		e.Location = l
	}
	e.Consumer = other(t, consumerPrefix)
	if e.Consumer == nil {
		e.Consumer = e.Provider
	}
	e.Stranger = other(t, strangerPrefix)
	register(t, e.Provider, e.Consumer)
	write(t, conformance.RealAzure, ask(t, e, e.Asks))
}

// other is a principal beside the provider, or nil if the variables do not name one.
func other(t *testing.T, prefix string) *conformance.Org {
	o := &conformance.Org{Tenant: os.Getenv(prefix + "_TENANT"), Subscription: os.Getenv(prefix + "_SUBSCRIPTION"),
		ClientID: os.Getenv(prefix + "_CLIENT_ID")}
	if o.ClientID == "" {
		return nil
	}
	var cred azcore.TokenCredential
	cred, err := azidentity.NewClientSecretCredential(o.Tenant, o.ClientID, os.Getenv(prefix+"_CLIENT_SECRET"), nil)
	require.NoError(t, err, "%s_TENANT, _CLIENT_ID and _CLIENT_SECRET must sign a service principal in", prefix)
	o.Credential = cred
	return o
}

// register makes sure that the subscriptions know the namespaces of all types with promises.
func register(t *testing.T, orgs ...*conformance.Org) {
	namespaces := map[string]bool{}
	for _, resourceType := range bridge.ARMTypes() {
		namespace, _, _ := strings.Cut(resourceType, "/")
		namespaces[namespace] = true
	}
	for _, o := range orgs {
		client, err := armresources.NewProvidersClient(o.Subscription, o.Credential, nil)
		require.NoError(t, err)
		for namespace := range namespaces {
			require.Eventually(t, func() bool {
				p, err := client.Register(t.Context(), namespace, nil)
				require.NoError(t, err)
				return *p.RegistrationState == "Registered"
			}, 10*time.Minute, 5*time.Second, namespace)
		}
	}
}
