package datashare_test

import (
	"net/http"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/datashare/armdatashare"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/armtest"
)

// A storage account behind a firewall takes part in a share only if it lets trusted services, or the Data Share
// account, in.
func TestFirewallsLetDataShareInOrNot(t *testing.T) {
	w := newWorld(t)
	w.shared()
	rules := func(o *org, acls map[string]any) {
		w.plant(o.storageID(), map[string]any{"networkAcls": acls})
	}
	for _, o := range []*org{w.contoso, w.fabrikam} {
		rules(o, map[string]any{"defaultAction": "Deny", "bypass": "Logging, Metrics"})
		require.ErrorContains(t, w.fabrikam.synchronize(armdatashare.SynchronizationModeFullSync), o.storage)
		instance := map[string]any{"tenantId": o.Tenant, "resourceId": o.accountID()}
		rules(o, map[string]any{
			"defaultAction": "Deny", "bypass": "None", "resourceAccessRules": []any{instance},
		})
		require.NoError(t, w.fabrikam.synchronize(armdatashare.SynchronizationModeFullSync))
		rules(o, map[string]any{"defaultAction": "Deny", "bypass": "Logging, AzureServices"})
		require.NoError(t, w.fabrikam.synchronize(armdatashare.SynchronizationModeFullSync))
	}
	rules(w.contoso, map[string]any{"defaultAction": "Deny", "bypass": "None"})
	d := w.contoso.containerDataSet()
	_, err := w.contoso.client.NewDataSetsClient().Create(w.ctx, group, account, share, "another", d, nil)
	armtest.Refused(t, err, http.StatusForbidden, "AuthorizationFailure")
}
