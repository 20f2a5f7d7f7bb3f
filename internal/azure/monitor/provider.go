// Package monitor is the resource providers behind Azure Monitor: Microsoft.Insights (diagnostic settings, action
// groups, scheduled query rules, activity log alerts and the activity log, workbooks), Microsoft.OperationalInsights
// (Log Analytics workspaces and their saved searches) and Microsoft.AlertsManagement (the alerts that the rules raise).
//
// Sources: https://learn.microsoft.com/rest/api/monitor/, https://learn.microsoft.com/rest/api/loganalytics/ and
// https://learn.microsoft.com/rest/api/application-insights/workbooks
package monitor

import "github.com/crossorg/crossorg/internal/azure/arm"

const (
	insights            = "Microsoft.Insights"
	operationalInsights = "Microsoft.OperationalInsights"

	diagnosticSettingType  = insights + "/diagnosticSettings"
	actionGroupType        = insights + "/actionGroups"
	scheduledQueryRuleType = insights + "/scheduledQueryRules"
	workbookType           = insights + "/workbooks"
	workspaceType          = operationalInsights + "/workspaces"
	savedSearchType        = workspaceType + "/savedSearches"
)

// New makes the resource providers.
func New() []*arm.Provider {
	return []*arm.Provider{
		{Namespace: insights,
			Types: []*arm.Type{diagnosticSettings(), actionGroups(), scheduledQueryRules(), activityLogAlerts(),
				workbooks()},
			Routes: activityRoutes()},
		{Namespace: operationalInsights, Types: []*arm.Type{workspaces(), savedSearches()}},
		{Namespace: alertsManagement, Routes: alertRoutes()},
	}
}
