package conformance

import (
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/operationalinsights/armoperationalinsights"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

const (
	workspaceVersion   = "2022-10-01"
	searchVersion      = "2020-08-01"
	diagnosticsVersion = "2021-05-01-preview"
	actionGroupVersion = "2023-01-01"
	ruleVersion        = "2023-03-15-preview"

	activityAlertVersion = "2020-10-01"
	workbookVersion      = "2022-04-01"
	workspaceType        = "Microsoft.OperationalInsights/workspaces"
)

func (t *T) workspaceBody() object {
	return object{"location": t.Env.Location, "tags": object{"made-by": "conformance"},
		"properties": object{"sku": object{"name": "PerGB2018"}, "retentionInDays": 30}}
}

// workspace is the workspace that logs go to.
func (t *T) workspace() string {
	t.Helper()
	o := t.Env.Provider
	return share(t, "workspace of "+o.Subscription, func() string {
		id := t.inGroup(o, workspaceType, t.name(20))
		t.made(o, id, workspaceVersion, t.workspaceBody())
		return id
	})
}

func (t *T) actionGroupBody() object {
	return object{"location": "Global",
		"properties": object{"groupShortName": "operators", "enabled": true, "emailReceivers": []any{
			object{"name": "ada", "emailAddress": "ada@contoso.example", "useCommonAlertSchema": true},
		}}}
}

// actionGroup is whom alerts are sent to.
func (t *T) actionGroup() string {
	t.Helper()
	o := t.Env.Provider
	return share(t, "action group of "+o.Subscription, func() string {
		id := t.inGroup(o, "Microsoft.Insights/actionGroups", t.name(20))
		t.made(o, id, actionGroupVersion, t.actionGroupBody())
		return id
	})
}

func (t *T) auditBody() object {
	return object{"properties": object{"workspaceId": t.workspace(),
		"logs": []any{object{"category": "Shares", "enabled": true}}}}
}

func (t *T) ruleBody() object {
	return object{"location": t.Env.Location, "properties": object{
		"displayName": "Failed snapshots", "severity": 1, "enabled": true, "scopes": []any{t.workspace()},
		"evaluationFrequency": "PT15M", "windowSize": "PT1H", "skipQueryValidation": true,
		"criteria": object{"allOf": []any{object{
			"query": "MicrosoftDataShareSentSnapshotLog | where Status == 'Failed'", "timeAggregation": "Count",
			"operator": "GreaterThan", "threshold": 0,
			"failingPeriods": object{"numberOfEvaluationPeriods": 1, "minFailingPeriodsToAlert": 1},
		}}},
		"actions": object{"actionGroups": []any{t.actionGroup()}},
	}}
}

// activityAlertBody is a rule about revoked share subscriptions below a scope.
func (t *T) activityAlertBody(scope string) object {
	return object{"location": "global", "properties": object{
		"description": "A share subscription was revoked", "enabled": true, "scopes": []any{scope},
		"condition": object{"allOf": []any{
			object{"field": "category", "equals": "Administrative"},
			object{"field": "operationName",
				"equals": "Microsoft.DataShare/accounts/shares/providerShareSubscriptions/revoke/action"},
			object{"field": "status", "equals": "Succeeded"},
		}},
		"actions": object{"actionGroups": []any{object{"actionGroupId": t.actionGroup()}}},
	}}
}

// monitorTypes are workspaces, what is in them, and what sends logs to them or looks at them.
func monitorTypes() []*lifecycle {
	provider := func(t *T) *Org { return t.Env.Provider }
	inGroup := func(t *T) string { return groupID(provider(t), t.group(provider(t))) }
	alone := func(t *T) string { return groupID(provider(t), t.ownGroup(provider(t))) }
	return []*lifecycle{
		{
			area: workspaceType, version: workspaceVersion,
			source: "https://learn.microsoft.com/rest/api/loganalytics/workspaces/create-or-update",
			parent: inGroup, fresh: alone, parentVersion: groupsVersion,
			body:   func(t *T, _ string) object { return t.workspaceBody() },
			update: func(b object) object { return with(b, 60.0, "properties", "retentionInDays") },
			invalid: func(_ *T, b object) object {
				return with(b, 800.0, "properties", "retentionInDays")
			},
			why: "that keeps data for more than 730 days",
			get: func(t *T, o *Org, id string) (any, error) {
				res, err := t.logs(o).NewWorkspacesClient().Get(t.ctx(), groupOf(id), nameOf(id), nil)
				return res.Workspace, err
			},
			ids: func(t *T, o *Org, id string) []string {
				return listedIDs(t, t.logs(o).NewWorkspacesClient().NewListByResourceGroupPager(groupOf(id), nil))
			},
		},
		{
			area: workspaceType + "/savedSearches", version: searchVersion,
			source: "https://learn.microsoft.com/rest/api/loganalytics/saved-searches/create-or-update",
			parent: func(t *T) string { return t.workspace() },
			fresh: func(t *T) string {
				id := t.inGroup(provider(t), workspaceType, t.name(20))
				t.made(provider(t), id, workspaceVersion, t.workspaceBody())
				return id
			},
			parentVersion: workspaceVersion,
			body: func(*T, string) object {
				return object{"properties": object{"category": "Sharing", "displayName": "Failures",
					"query": "MicrosoftDataShareSentSnapshotLog | where Status == 'Failed'"}}
			},
			once: docsSearchTwice,
			invalid: func(_ *T, b object) object {
				return with(b, nil, "properties", "query")
			},
			why: "without a query",
			get: func(t *T, o *Org, id string) (any, error) {
				res, err := t.logs(o).NewSavedSearchesClient().Get(t.ctx(), groupOf(id), segment(id, "workspaces"),
					nameOf(id), nil)
				return res.SavedSearch, err
			},
			ids: func(t *T, o *Org, id string) []string {
				res, err := t.logs(o).NewSavedSearchesClient().ListByWorkspace(t.ctx(), groupOf(id),
					segment(id, "workspaces"), nil)
				require.NoError(t, err)
				return ids(res.Value, func(s *armoperationalinsights.SavedSearch) *string { return s.ID })
			},
		},
		{
			area: "Microsoft.Insights/diagnosticSettings", version: diagnosticsVersion,
			source: docsInsightsREST + "diagnostic-settings/create-or-update", scoped: true,
			parent:        func(t *T) string { return t.newShareAccount(provider(t)).id },
			fresh:         func(t *T) string { return t.newShareAccount(provider(t)).id },
			parentVersion: shareVersion,
			body:          func(t *T, _ string) object { return t.auditBody() },
			update: func(b object) object {
				return with(b, []any{object{"category": "Shares", "enabled": true},
					object{"category": "SentShareSnapshots", "enabled": true}}, "properties", "logs")
			},
			invalid: func(_ *T, b object) object {
				return with(b, []any{object{"category": "NoSuchCategory", "enabled": true}}, "properties", "logs")
			},
			why: "to a category that the resource has not",
			get: func(t *T, o *Org, id string) (any, error) {
				scope, name := splitScope(id)
				res, err := t.monitor(o).NewDiagnosticSettingsClient().Get(t.ctx(), scope[1:], name, nil)
				return res.DiagnosticSettingsResource, err
			},
			ids: func(t *T, o *Org, id string) []string {
				scope, _ := splitScope(id)
				return listedIDs(t, t.monitor(o).NewDiagnosticSettingsClient().NewListPager(scope[1:], nil))
			},
		},
		{
			area: "Microsoft.Insights/actionGroups", version: actionGroupVersion,
			source: docsInsightsREST + "action-groups/create-or-update",
			parent: inGroup, fresh: alone, parentVersion: groupsVersion,
			body:   func(t *T, _ string) object { return t.actionGroupBody() },
			update: func(b object) object { return with(b, false, "properties", "enabled") },
			invalid: func(_ *T, b object) object {
				return with(b, "more than twelve", "properties", "groupShortName")
			},
			why: "to a short name of more than twelve characters",
			get: func(t *T, o *Org, id string) (any, error) {
				res, err := t.monitor(o).NewActionGroupsClient().Get(t.ctx(), groupOf(id), nameOf(id), nil)
				return res.ActionGroupResource, err
			},
			ids: func(t *T, o *Org, id string) []string {
				return listedIDs(t, t.monitor(o).NewActionGroupsClient().NewListByResourceGroupPager(groupOf(id), nil))
			},
		},
		{
			area: "Microsoft.Insights/scheduledQueryRules", version: ruleVersion,
			source: docsInsightsREST + "scheduled-query-rules/create-or-update",
			parent: inGroup, fresh: alone, parentVersion: groupsVersion,
			body:   func(t *T, _ string) object { return t.ruleBody() },
			update: func(b object) object { return with(b, false, "properties", "enabled") },
			invalid: func(_ *T, b object) object {
				return with(b, "PT7M", "properties", "evaluationFrequency")
			},
			why: "to a frequency that does not exist",
			get: func(t *T, o *Org, id string) (any, error) {
				res, err := t.monitor(o).NewScheduledQueryRulesClient().Get(t.ctx(), groupOf(id), nameOf(id), nil)
				return res.ScheduledQueryRuleResource, err
			},
			ids: func(t *T, o *Org, id string) []string {
				client := t.monitor(o).NewScheduledQueryRulesClient()
				return listedIDs(t, client.NewListByResourceGroupPager(groupOf(id), nil))
			},
		},
		{
			area: "Microsoft.Insights/activityLogAlerts", version: activityAlertVersion,
			source: docsInsightsREST + "activity-log-alerts/create-or-update",
			parent: inGroup, fresh: alone, parentVersion: groupsVersion,
			body: func(t *T, _ string) object {
				return t.activityAlertBody(groupID(provider(t),
					t.group(provider(t))))
			},
			update: func(b object) object { return with(b, false, "properties", "enabled") },
			invalid: func(_ *T, b object) object {
				return with(b, []any{}, "properties", "scopes")
			},
			why: "that watches nothing",
			get: func(t *T, o *Org, id string) (any, error) {
				res, err := t.monitor(o).NewActivityLogAlertsClient().Get(t.ctx(), groupOf(id), nameOf(id), nil)
				return res.ActivityLogAlertResource, err
			},
			ids: func(t *T, o *Org, id string) []string {
				client := t.monitor(o).NewActivityLogAlertsClient()
				return listedIDs(t, client.NewListByResourceGroupPager(groupOf(id), nil))
			},
		},
		{
			area: "Microsoft.Insights/workbooks", version: workbookVersion,
			source: "https://learn.microsoft.com/rest/api/application-insights/workbooks/create-or-update",
			parent: inGroup, fresh: alone, parentVersion: groupsVersion,
			name: func(*T) string { return uuid.NewString() },
			body: func(t *T, _ string) object {
				return object{"location": t.Env.Location, "kind": "shared", "properties": object{
					"displayName": "Sharing", "category": "workbook", "version": "Notebook/1.0",
					"serializedData": `{"version":"Notebook/1.0","items":[]}`,
				}}
			},
			hidden: [][]string{{"properties", "serializedData"}}, // shown on request only
			update: func(b object) object { return with(b, "Sharing, revised", "properties", "displayName") },
			invalid: func(_ *T, b object) object {
				return with(b, nil, "properties", "category")
			},
			why: "without a category",
			ids: func(t *T, o *Org, id string) []string {
				return ids(collect(t, t.generic(o).NewListByResourceGroupPager(groupOf(id), nil),
					func(p armresources.ClientListByResourceGroupResponse) []*armresources.GenericResourceExpanded {
						var books []*armresources.GenericResourceExpanded
						for _, r := range p.Value {
							if strings.EqualFold(*r.Type, "Microsoft.Insights/workbooks") {
								books = append(books, r)
							}
						}
						return books
					}), func(r *armresources.GenericResourceExpanded) *string { return r.ID })
			},
		},
	}
}
