package conformance

import (
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/authorization/armauthorization/v2"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/datashare/armdatashare"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/keyvault/armkeyvault"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/monitor/armmonitor"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/operationalinsights/armoperationalinsights"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/storage/armstorage"
	"github.com/stretchr/testify/require"
)

func (t *T) resources(o *Org) *armresources.ClientFactory {
	t.Helper()
	f, err := armresources.NewClientFactory(o.Subscription, o.Credential, t.options())
	require.NoError(t, err)
	return f
}

func (t *T) authorization(o *Org) *armauthorization.ClientFactory {
	t.Helper()
	f, err := armauthorization.NewClientFactory(o.Subscription, o.Credential, t.options())
	require.NoError(t, err)
	return f
}

func (t *T) storage(o *Org) *armstorage.ClientFactory {
	t.Helper()
	f, err := armstorage.NewClientFactory(o.Subscription, o.Credential, t.options())
	require.NoError(t, err)
	return f
}

func (t *T) vaults(o *Org) *armkeyvault.ClientFactory {
	t.Helper()
	f, err := armkeyvault.NewClientFactory(o.Subscription, o.Credential, t.options())
	require.NoError(t, err)
	return f
}

func (t *T) datashare(o *Org) *armdatashare.ClientFactory {
	t.Helper()
	f, err := armdatashare.NewClientFactory(o.Subscription, o.Credential, t.options())
	require.NoError(t, err)
	return f
}

func (t *T) monitor(o *Org) *armmonitor.ClientFactory {
	t.Helper()
	f, err := armmonitor.NewClientFactory(o.Subscription, o.Credential, t.options())
	require.NoError(t, err)
	return f
}

func (t *T) logs(o *Org) *armoperationalinsights.ClientFactory {
	t.Helper()
	f, err := armoperationalinsights.NewClientFactory(o.Subscription, o.Credential, t.options())
	require.NoError(t, err)
	return f
}

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
