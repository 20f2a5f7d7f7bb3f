package conformance

import (
	"strconv"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/operationalinsights/armoperationalinsights"
	"github.com/stretchr/testify/require"
)

const (
	diagnosticSettings  = "Microsoft.Insights/diagnosticSettings"
	docsDiagnostics     = "https://learn.microsoft.com/azure/azure-monitor/platform/diagnostic-settings"
	docsDeleteWorkspace = "https://learn.microsoft.com/azure/azure-monitor/logs/delete-workspace"
	docsRules           = docsInsightsREST + "scheduled-query-rules/create-or-update"
)

func settingID(resource, name string) string {
	return resource + "/providers/" + diagnosticSettings + "/" + name
}

// monitorPromises are about workspaces, diagnostic settings and alerts.
func monitorPromises() []Promise {
	return []Promise{
		{
			Name: "no destination", Area: diagnosticSettings, Source: docsDiagnostics, Undocumented: true,
			Statement: "A diagnostic setting must send its logs somewhere.",
			Test: func(t *T) {
				o := t.Env.Provider
				_, err := t.put(o, settingID(t.newShareAccount(o).id, "audit"), diagnosticsVersion,
					with(t.auditBody(), nil, "properties", "workspaceId"))
				t.refusedSomehow(err)
			},
		},
		{
			Name: "destination not there", Area: diagnosticSettings, Source: docsErrors, Code: "ResourceNotFound",
			Statement: "A diagnostic setting cannot send logs to a workspace that is not there.",
			Test: func(t *T) {
				o := t.Env.Provider
				_, err := t.put(o, settingID(t.newShareAccount(o).id, "audit"), diagnosticsVersion,
					with(t.auditBody(), t.inGroup(o, workspaceType, t.name(20)), "properties", "workspaceId"))
				t.refusedWith(err, "ResourceNotFound")
			},
		},
		{
			Name: "destination of another type", Area: diagnosticSettings, Source: docsErrors,
			Code:      "LinkedInvalidPropertyId",
			Statement: "The id of a workspace must be a workspace's.",
			Test: func(t *T) {
				o := t.Env.Provider
				account := t.newShareAccount(o).id
				_, err := t.put(o, settingID(account, "audit"), diagnosticsVersion,
					with(t.auditBody(), "no-id-at-all", "properties", "workspaceId"))
				t.refusedWith(err, "LinkedInvalidPropertyId")
			},
		},
		{
			Name: "another's destination", Area: diagnosticSettings, Source: docsErrors,
			Code: "LinkedAuthorizationFailed", Needs: []Need{TwoTenants},
			Statement: "A diagnostic setting cannot send logs to a workspace on which the caller has no rights.",
			Test: func(t *T) {
				id := t.inGroup(t.Env.Consumer, workspaceType, t.name(20))
				t.made(t.Env.Consumer, id, workspaceVersion, t.workspaceBody())
				o := t.Env.Provider
				_, err := t.put(o, settingID(t.newShareAccount(o).id, "audit"), diagnosticsVersion,
					with(t.auditBody(), id, "properties", "workspaceId"))
				t.refusedWith(err, "LinkedAuthorizationFailed")
			},
		},
		{
			Name: "five at most", Area: diagnosticSettings, Source: docsDiagnostics, Undocumented: true,
			Statement: "A resource has at most five diagnostic settings.",
			Test: func(t *T) {
				o := t.Env.Provider
				account := t.newShareAccount(o).id
				for n, category := range []string{"Shares", "ShareSubscriptions", "SentShareSnapshots",
					"ReceivedShareSnapshots", ""} {
					body := with(t.auditBody(), []any{object{"category": category, "enabled": true}}, "properties",
						"logs")
					if category == "" {
						body = with(with(body, nil, "properties", "logs"),
							[]any{object{"category": "AllMetrics", "enabled": true}}, "properties", "metrics")
					}
					t.made(o, settingID(account, "audit"+strconv.Itoa(n)), diagnosticsVersion, body)
				}
				other := t.ownAccount(o)
				_, err := t.put(o, settingID(account, "sixth"), diagnosticsVersion,
					with(with(t.auditBody(), nil, "properties", "workspaceId"), other, "properties",
						"storageAccountId"))
				t.refusedSomehow(err)
			},
		},
		{
			Name: "same destination twice", Area: diagnosticSettings, Source: docsDiagnostics, Undocumented: true,
			Statement: "Two settings of a resource cannot send the same category to the same destination.",
			Test: func(t *T) {
				o := t.Env.Provider
				account := t.newShareAccount(o).id
				t.made(o, settingID(account, "one"), diagnosticsVersion, t.auditBody())
				_, err := t.put(o, settingID(account, "two"), diagnosticsVersion, t.auditBody())
				t.refusedSomehow(err)
			},
		},
		{
			Name: "of a vault and of blobs", Area: diagnosticSettings,
			Source: "https://learn.microsoft.com/azure/azure-monitor/reference/logs-index",
			Statement: "A vault logs AuditEvent; blobs log StorageRead, StorageWrite and StorageDelete on their " +
				"service, not on their account.",
			Test: func(t *T) {
				o := t.Env.Provider
				account := t.ownAccount(o)
				logs := func(categories ...string) object {
					var list []any
					for _, c := range categories {
						list = append(list, object{"category": c, "enabled": true})
					}
					return with(t.auditBody(), list, "properties", "logs")
				}
				t.made(o, settingID(t.ownVault(o), "audit"), diagnosticsVersion, logs("AuditEvent"))
				t.made(o, settingID(account+"/blobServices/default", "audit"), diagnosticsVersion,
					logs("StorageRead", "StorageWrite", "StorageDelete"))
				_, err := t.put(o, settingID(account, "audit"), diagnosticsVersion, logs("StorageRead"))
				t.refusedSomehow(err)
			},
			Undocumented: true,
		},
		{
			Name: "update", Area: workspaceType + "/savedSearches", Source: docsSearchTwice,
			Statement: "A saved search is changed by a PUT that gives its etag, or * for any.",
			Test: func(t *T) {
				o := t.Env.Provider
				id := t.workspace() + "/savedSearches/" + t.name(20)
				t.made(o, id, searchVersion, object{"properties": object{"category": "Sharing",
					"displayName": "Failures", "query": "MicrosoftDataShareSentSnapshotLog"}})
				client := t.logs(o).NewSavedSearchesClient()
				there, err := client.Get(t.ctx(), groupOf(id), segment(id, "workspaces"), nameOf(id), nil)
				require.NoError(t, err)
				for _, etag := range []*string{there.Etag, to.Ptr("*")} {
					name := "Changed with " + *etag
					there.Etag, there.Properties.DisplayName = etag, &name
					_, err = client.CreateOrUpdate(t.ctx(), groupOf(id), segment(id, "workspaces"), nameOf(id),
						there.SavedSearch, nil)
					require.NoError(t, err)
					require.Equal(t, name, text(t.there(o, id, searchVersion), "properties", "displayName"))
				}
			},
		},
		{
			Name: "recovered", Area: workspaceType, Source: docsDeleteWorkspace,
			Statement: "A workspace that is created again within 14 days of its deletion is the same one; after a " +
				"forced deletion it is another.",
			Test: func(t *T) {
				o := t.Env.Provider
				id := t.inGroup(o, workspaceType, t.name(20))
				t.made(o, id, workspaceVersion, t.workspaceBody())
				first := text(t.there(o, id, workspaceVersion), "properties", "customerId")
				client := t.logs(o).NewWorkspacesClient()
				for _, force := range []bool{false, true} {
					p, err := client.BeginDelete(t.ctx(), groupOf(id), nameOf(id),
						&armoperationalinsights.WorkspacesClientBeginDeleteOptions{Force: to.Ptr(force)})
					must(t, p, err)
					t.made(o, id, workspaceVersion, t.workspaceBody())
					again := text(t.there(o, id, workspaceVersion), "properties", "customerId")
					require.Equal(t, force, first != again)
				}
			},
		},
		{
			Name: "keys", Area: workspaceType,
			Source:    "https://learn.microsoft.com/rest/api/loganalytics/shared-keys/get-shared-keys",
			Statement: "A workspace has two keys, which no GET shows.",
			Test: func(t *T) {
				o := t.Env.Provider
				id := t.workspace()
				keys, err := t.logs(o).NewSharedKeysClient().GetSharedKeys(t.ctx(), groupOf(id), nameOf(id), nil)
				require.NoError(t, err)
				require.NotEmpty(t, *keys.PrimarySharedKey)
				require.NotEqual(t, *keys.PrimarySharedKey, *keys.SecondarySharedKey)
				require.Nil(t, at(t.there(o, id, workspaceVersion), "properties", "primarySharedKey"))
			},
		},
		{
			Name: "scope not there", Area: "Microsoft.Insights/scheduledQueryRules", Source: docsErrors,
			Code:      "ResourceNotFound",
			Statement: "A rule cannot look at a workspace that is not there.",
			Test: func(t *T) {
				o := t.Env.Provider
				_, err := t.put(o, t.inGroup(o, "Microsoft.Insights/scheduledQueryRules", t.name(20)), ruleVersion,
					with(t.ruleBody(), []any{t.inGroup(o, workspaceType, t.name(20))}, "properties", "scopes"))
				t.refusedWith(err, "ResourceNotFound")
			},
		},
		{
			Name: "limits", Area: "Microsoft.Insights/scheduledQueryRules", Source: docsRules, Undocumented: true,
			Statement: "A rule has a severity of 0 to 4, a window of a published length, and does not mute and " +
				"resolve at once.",
			Test: func(t *T) {
				o := t.Env.Provider
				id := t.inGroup(o, "Microsoft.Insights/scheduledQueryRules", t.name(20))
				for _, body := range []object{
					with(t.ruleBody(), 5, "properties", "severity"),
					with(t.ruleBody(), "P3D", "properties", "windowSize"),
					with(with(t.ruleBody(), "PT1H", "properties", "muteActionsDuration"), true, "properties",
						"autoMitigate"),
				} {
					_, err := t.put(o, id, ruleVersion, body)
					t.refusedSomehow(err)
				}
				t.gone(o, id, ruleVersion)
			},
		},
		{
			Name: "receivers", Area: "Microsoft.Insights/actionGroups",
			Source: docsInsightsREST + "action-groups/create-or-update", Undocumented: true,
			Statement: "The receivers of an action group have names of their own.",
			Test: func(t *T) {
				o := t.Env.Provider
				ada := object{"name": "ada", "emailAddress": "ada@contoso.example"}
				_, err := t.put(o, t.inGroup(o, "Microsoft.Insights/actionGroups", t.name(20)), actionGroupVersion,
					with(t.actionGroupBody(), []any{ada, ada}, "properties", "emailReceivers"))
				t.refusedSomehow(err)
			},
		},
		{
			Name: "content", Area: "Microsoft.Insights/workbooks",
			Source:       "https://learn.microsoft.com/rest/api/application-insights/workbooks/create-or-update",
			Undocumented: true,
			Statement:    "A workbook is named by a GUID.",
			Test: func(t *T) {
				o := t.Env.Provider
				_, err := t.put(o, t.inGroup(o, "Microsoft.Insights/workbooks", "sharing"), workbookVersion,
					object{"location": t.Env.Location, "kind": "shared", "properties": object{
						"displayName": "Sharing", "category": "workbook",
						"serializedData": `{"version":"Notebook/1.0","items":[]}`,
					}})
				t.refusedSomehow(err)
			},
		},
	}
}
