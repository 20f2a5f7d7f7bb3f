package conformance

import (
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/authorization/armauthorization/v2"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/datashare/armdatashare"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/keyvault/armkeyvault"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/monitor/armmonitor"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/msi/armmsi"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/operationalinsights/armoperationalinsights"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/storage/armstorage"
	"github.com/stretchr/testify/require"
)

// factory makes an official client factory for an organization's subscription.
func factory[F any](
	t *T, o *Org, from func(subscription string, c azcore.TokenCredential, options *arm.ClientOptions) (*F, error),
) *F {
	t.Helper()
	f, err := from(o.Subscription, o.Credential, t.options())
	require.NoError(t, err)
	return f
}

func (t *T) resources(o *Org) *armresources.ClientFactory {
	return factory(t, o, armresources.NewClientFactory)
}

func (t *T) authorization(o *Org) *armauthorization.ClientFactory {
	return factory(t, o, armauthorization.NewClientFactory)
}

func (t *T) storage(o *Org) *armstorage.ClientFactory {
	return factory(t, o, armstorage.NewClientFactory)
}

func (t *T) vaults(o *Org) *armkeyvault.ClientFactory {
	return factory(t, o, armkeyvault.NewClientFactory)
}

func (t *T) datashare(o *Org) *armdatashare.ClientFactory {
	return factory(t, o, armdatashare.NewClientFactory)
}

func (t *T) monitor(o *Org) *armmonitor.ClientFactory {
	return factory(t, o, armmonitor.NewClientFactory)
}

func (t *T) logs(o *Org) *armoperationalinsights.ClientFactory {
	return factory(t, o, armoperationalinsights.NewClientFactory)
}

func (t *T) managedIdentities(o *Org) *armmsi.ClientFactory {
	return factory(t, o, armmsi.NewClientFactory)
}

// groups is the SDK's client for resource groups.
func (t *T) groups(o *Org) *armresources.ResourceGroupsClient {
	return factory(t, o, armresources.NewResourceGroupsClient)
}

// generic is the SDK's client for resources of any type.
func (t *T) generic(o *Org) *armresources.Client { return factory(t, o, armresources.NewClient) }

// segment is the part of an id that follows a name: the account of …/storageAccounts/{account}/….
func segment(id, after string) string {
	parts := strings.Split(id, "/")
	for i := 0; i+1 < len(parts); i++ {
		if strings.EqualFold(parts[i], after) {
			return parts[i+1]
		}
	}
	return ""
}

func groupOf(id string) string { return segment(id, "resourceGroups") }

func nameOf(id string) string { return id[strings.LastIndexByte(id, '/')+1:] }

// ids are the ids, or other texts, of items as the SDK has them: pointers that may be nil.
func ids[V any](items []V, id func(V) *string) []string {
	out := make([]string, 0, len(items))
	for _, item := range items {
		if p := id(item); p != nil {
			out = append(out, *p)
		}
	}
	return out
}
