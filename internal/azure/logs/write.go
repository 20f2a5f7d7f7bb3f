// Package logs is Azure Monitor Logs: the rows that resources write to the workspaces that their diagnostic settings
// name, and the query API that reads them.
//
// Rows are there as soon as they are written; on Azure it takes minutes until a query sees them.
//
// Sources: https://learn.microsoft.com/azure/azure-monitor/platform/diagnostic-settings and
// https://learn.microsoft.com/azure/azure-monitor/logs/api/overview
package logs

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/crossorg/crossorg/internal/azure/arm"
)

const (
	// tableRows keeps rows: workspace id/table/time/unique id → columns.
	tableRows = "logs.rows"
	// tableUsage counts the bytes that a workspace took in on a day: workspace id/date.
	tableUsage = "logs.usage"
	keyTime    = "20060102T150405.000000000"
)

// destination is a workspace that a diagnostic setting names, and the setting's choice of table.
type destination struct {
	workspace *arm.Resource
	dedicated bool
}

// Write appends a row of a resource's log to every workspace that a diagnostic setting of the resource sends the
// category to; without one it does nothing. columns are those of the published table; the standard columns
// (TimeGenerated unless given, Type, TenantId, _ResourceId …) are added. Call it in the transaction that does what is
// logged: the row is durable with it.
//
// resourceID is the resource of the diagnostic settings: a Data Share account, a vault, a storage account's
// blobServices/default.
func Write(c *arm.Call, resourceID, category string, columns map[string]any) *arm.Error {
	id, err := arm.ParseID(resourceID)
	if err != nil {
		return arm.InternalError(err)
	}
	to, ok := targets[strings.ToLower(id.Type())][category]
	if !ok {
		return arm.InternalError(fmt.Errorf("%s has no log category %q", id.Type(), category))
	}
	for _, d := range destinations(c, id, category) {
		table := to.table
		if table == "" || to.chosen && !d.dedicated {
			table = sharedTable
		}
		if err := appendRow(c, d.workspace, table, row(c, id, category, table, d.workspace, columns)); err != nil {
			return arm.InternalError(err)
		}
	}
	return nil
}

// Append is Write in a transaction of its own, for what happens outside of any. Without a diagnostic setting it only
// reads.
func Append(s *arm.Server, resourceID, category string, columns map[string]any) error {
	wanted := false
	err := s.View(func(c *arm.Call) error {
		if id, err := arm.ParseID(resourceID); err == nil {
			wanted = len(destinations(c, id, category)) > 0
		}
		return nil
	})
	if err != nil || !wanted {
		return err
	}
	return s.Update(func(c *arm.Call) error {
		if aerr := Write(c, resourceID, category, columns); aerr != nil {
			return aerr
		}
		return nil
	})
}

// destinations finds the workspaces that get a category of a resource.
func destinations(c *arm.Call, id arm.ID, category string) []destination {
	var out []destination
	settings := arm.ID{Subscription: id.Subscription, ResourceGroup: id.ResourceGroup, Scope: id.String(),
		Namespace: "Microsoft.Insights"}
	for _, s := range c.Children(settings, "diagnosticSettings") {
		if !sends(s, category) {
			continue
		}
		workspace, ok := c.GetByID(s.String("properties", "workspaceId"))
		if !ok {
			continue // a workspace that was deleted gets nothing, and the setting stays
		}
		dedicated := strings.EqualFold(s.String("properties", "logAnalyticsDestinationType"), dedicatedTable)
		out = append(out, destination{workspace, dedicated})
	}
	return out
}

// sends reports whether a setting has the category enabled, by itself or in a group: the groups of the types here have
// all categories that are written.
func sends(setting *arm.Resource, category string) bool {
	list, _ := setting.Value("properties", "logs").([]any)
	for _, e := range list {
		entry, _ := e.(map[string]any)
		name, _ := entry["category"].(string)
		group, _ := entry["categoryGroup"].(string)
		if on, _ := entry["enabled"].(bool); on && (group != "" || strings.EqualFold(name, category)) {
			return true
		}
	}
	return false
}

// row completes a row with the standard columns.
func row(
	c *arm.Call, id arm.ID, category, table string, workspace *arm.Resource, columns map[string]any,
) map[string]any {
	out := map[string]any{}
	if table == sharedTable {
		shared(out, id, columns)
	} else {
		for k, v := range columns {
			out[k] = v
		}
	}
	if hasColumn(table, "Category") {
		out["Category"] = category
	}
	out["Type"], out["TenantId"], out["SourceSystem"] = table, workspace.String("properties", "customerId"), "Azure"
	out["_ResourceId"], out["_SubscriptionId"], out["_IsBillable"] = id.Key(), id.Subscription, "true"
	if _, given := out[timeGenerated]; !given {
		out[timeGenerated] = c.Now.UTC()
	}
	for k, v := range out {
		if t, ok := v.(time.Time); ok {
			out[k] = t.UTC().Format(time.RFC3339Nano)
		}
	}
	return out
}

func hasColumn(table, name string) bool {
	for _, c := range published[table] {
		if c.Name == name {
			return true
		}
	}
	return false
}

// shared makes a row of AzureDiagnostics. Common columns keep their names; columns of one service get a name that
// begins in lower case and ends in its type; objects become a column for each member.
// Source: https://learn.microsoft.com/azure/azure-monitor/reference/tables/azurediagnostics
func shared(out map[string]any, id arm.ID, columns map[string]any) {
	for k, v := range columns {
		switch {
		case k == "CallerIpAddress":
			out["CallerIPAddress"] = v
		case hasColumn(sharedTable, k):
			out[k] = v
		default:
			spread(out, strings.ToLower(k[:1])+k[1:], v)
		}
	}
	namespace, tail, _ := strings.Cut(id.Type(), "/")
	out["ResourceId"], out["Resource"], out["ResourceType"] = strings.ToUpper(id.String()), strings.ToUpper(id.Name()),
		strings.ToUpper(tail)
	out["ResourceProvider"], out["ResourceGroup"], out["SubscriptionId"] = strings.ToUpper(namespace),
		strings.ToUpper(id.ResourceGroup), id.Subscription
}

// spread sets the columns of a value; the end of a column's name is its type.
func spread(out map[string]any, name string, v any) {
	switch v := v.(type) {
	case nil:
	case map[string]any:
		for k, inner := range v {
			spread(out, name+"_"+notInColumns.ReplaceAllString(k, "_"), inner)
		}
	case string:
		if _, err := uuid.Parse(v); err == nil {
			out[name+"_g"] = v
		} else {
			out[name+"_s"] = v
		}
	case bool:
		out[name+"_b"] = v
	case time.Time:
		out[name+"_t"] = v
	case int, int64, float64:
		out[name+"_d"] = v
	default:
		raw, _ := json.Marshal(v) // lists from JSON
		out[name+"_s"] = string(raw)
	}
}

// notInColumns is what becomes one underscore in the name of a column, as in
// identity_claim_http_schemas_microsoft_com_identity_claims_objectidentifier_g.
// Source: https://learn.microsoft.com/azure/key-vault/general/logging
var notInColumns = regexp.MustCompile(`[^A-Za-z0-9]+`)

// appendRow stores a row, unless the workspace has had its daily quota, and drops rows past the retention.
// Source: https://learn.microsoft.com/azure/azure-monitor/logs/daily-cap
func appendRow(c *arm.Call, workspace *arm.Resource, table string, row map[string]any) error {
	raw, err := json.Marshal(row)
	if err != nil {
		return err
	}
	usage := usageKey(workspace, c.Now)
	var used int64
	if _, err := c.Tx.Get(tableUsage, usage, &used); err != nil {
		return err
	}
	if quota, capped := dailyQuota(workspace); capped && used >= quota {
		return nil
	}
	row["_BilledSize"] = len(raw)
	if err := c.Tx.Put(tableUsage, usage, used+int64(len(raw))); err != nil {
		return err
	}
	at, err := time.Parse(time.RFC3339Nano, row[timeGenerated].(string))
	if err != nil {
		return err
	}
	if err := notePresence(c, workspace, table); err != nil {
		return err
	}
	prefix := rowPrefix(workspace, table)
	if err := expire(c, prefix, oldest(workspace, c.Now)); err != nil {
		return err
	}
	return c.Tx.Put(tableRows, prefix+at.UTC().Format(keyTime)+"/"+uuid.NewString(), row)
}

func rowPrefix(workspace *arm.Resource, table string) string {
	return workspace.String("properties", "customerId") + "/" + table + "/"
}

func usageKey(workspace *arm.Resource, now time.Time) string {
	return workspace.String("properties", "customerId") + "/" + now.UTC().Format("20060102")
}

func dailyQuota(workspace *arm.Resource) (bytes int64, capped bool) {
	gb, ok := workspace.Value("properties", "workspaceCapping", "dailyQuotaGb").(float64)
	return int64(gb * 1e9), ok && gb >= 0
}

// OverQuota reports whether a workspace has had its daily quota and takes nothing more in today.
func OverQuota(c *arm.Call, workspace *arm.Resource) bool {
	var used int64
	quota, capped := dailyQuota(workspace)
	found, err := c.Tx.Get(tableUsage, usageKey(workspace, c.Now), &used)
	return capped && found && err == nil && used >= quota
}

// oldest is the time from which on a workspace keeps rows.
func oldest(workspace *arm.Resource, now time.Time) time.Time {
	days, ok := workspace.Value("properties", "retentionInDays").(float64)
	if !ok {
		days = 30
	}
	return now.UTC().Add(-time.Duration(days) * 24 * time.Hour)
}

// expire drops the rows below a prefix that are older than a time; keys are in the order of time.
func expire(c *arm.Call, prefix string, before time.Time) error {
	limit := prefix + before.Format(keyTime)
	var old []string
	enough := fmt.Errorf("the rest is newer")
	err := c.Tx.Scan(tableRows, prefix, func(key string, _ []byte) error {
		if key >= limit {
			return enough
		}
		old = append(old, key)
		return nil
	})
	if err != nil && err != enough {
		return err
	}
	for _, key := range old {
		if err := c.Tx.Delete(tableRows, key); err != nil {
			return err
		}
	}
	return nil
}

// Forget drops all rows of a workspace that is deleted for good.
func Forget(c *arm.Call, customerID string) *arm.Error {
	for _, table := range []string{tableRows, tableUsage, tablePresence} {
		if err := c.Tx.DeleteAll(table, customerID+"/"); err != nil {
			return arm.InternalError(err)
		}
	}
	return nil
}
