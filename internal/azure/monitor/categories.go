package monitor

import "strings"

// categories are the log categories, category groups and metric categories that a type of resource offers.
type categories struct{ logs, groups, metrics []string }

// offered lists them by lower-case type.
// Source: https://learn.microsoft.com/azure/azure-monitor/reference/logs-index and the pages of each type; of activity logs,
// https://learn.microsoft.com/azure/azure-monitor/platform/activity-log-schema#categories
var offered = map[string]categories{
	"microsoft.datashare/accounts": {
		logs:   []string{"Shares", "ShareSubscriptions", "SentShareSnapshots", "ReceivedShareSnapshots"},
		groups: []string{"allLogs"}, metrics: []string{"AllMetrics"},
	},
	"microsoft.keyvault/vaults": {
		logs:   []string{"AuditEvent", "AzurePolicyEvaluationDetails"},
		groups: []string{"audit", "allLogs"}, metrics: []string{"AllMetrics"},
	},
	"microsoft.storage/storageaccounts": {metrics: []string{"AllMetrics", "Transaction", "Capacity"}},
	"microsoft.storage/storageaccounts/blobservices": {
		logs:   []string{"StorageRead", "StorageWrite", "StorageDelete"},
		groups: []string{"audit", "allLogs"}, metrics: []string{"AllMetrics", "Transaction", "Capacity"},
	},
	"microsoft.operationalinsights/workspaces": {
		logs:   []string{"Audit", "SummaryLogs", "Jobs"},
		groups: []string{"audit", "allLogs"}, metrics: []string{"AllMetrics"},
	},
	subscriptionScope: {logs: []string{
		"Administrative", "Security", "ServiceHealth", "Alert", "Recommendation", "Policy", "Autoscale",
		"ResourceHealth",
	}},
}

// subscriptionScope stands for a subscription in offered.
const subscriptionScope = "subscriptions"

// canonical finds name in list without regard to case and returns it in the list's spelling.
func canonical(list []string, name string) (string, bool) {
	for _, e := range list {
		if strings.EqualFold(e, name) {
			return e, true
		}
	}
	return "", false
}

func quoted(list []string) string { return "'" + strings.Join(list, "', '") + "'" }
