package storage

import (
	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/blob"
	"github.com/crossorg/crossorg/internal/azure/jsonbody"
)

// putBlobService completes the blob service's properties, which every account has from its creation.
// Source: https://learn.microsoft.com/rest/api/storagerp/blob-services/set-service-properties
func (p *provider) putBlobService(c *arm.Call, w *arm.Write) *arm.Error {
	props := w.New.Properties()
	jsonbody.SetDefault(jsonbody.EnsureObject(props, "cors"), "corsRules", []any{})
	retention := jsonbody.EnsureObject(props, "deleteRetentionPolicy")
	jsonbody.SetDefault(retention, "enabled", false)
	jsonbody.SetDefault(retention, "allowPermanentDelete", false)
	for _, name := range []string{"deleteRetentionPolicy", "containerDeleteRetentionPolicy", "restorePolicy"} {
		policy, _ := props[name].(map[string]any)
		if policy["enabled"] == true && policy["days"] == nil {
			return arm.BadRequest("InvalidRequestPropertyValue", "The property 'properties.%s.days' is required when "+
				"the policy is enabled.", name)
		}
	}
	if restore, _ := props["restorePolicy"].(map[string]any); restore["enabled"] == true {
		// Source: https://learn.microsoft.com/azure/storage/blobs/point-in-time-restore-overview#prerequisites
		feed, _ := props["changeFeed"].(map[string]any)
		days, _ := restore["days"].(float64)
		kept, _ := retention["days"].(float64)
		if props["isVersioningEnabled"] != true || feed["enabled"] != true || retention["enabled"] != true ||
			kept <= days {
			return arm.Conflict("ConflictFeatureEnabled",
				"Point-in-time restore needs properties.isVersioningEnabled, properties.changeFeed.enabled and a "+
					"properties.deleteRetentionPolicy of more days than its own.")
		}
	}
	account, _ := w.New.ID.Parent()
	keep := blob.Retention{Versions: props["isVersioningEnabled"] == true}
	if days, _ := retention["days"].(float64); retention["enabled"] == true {
		keep.DeletedDays = int(days)
	}
	containers := daysKept(props)
	// The default service of a new account is computed on reading and not stored.
	if err := p.content.SetRetention(c.Tx, account.Name(), keep); err != nil {
		return arm.InternalError(err)
	}
	if keep.DeletedDays > 0 || containers > 0 {
		return p.daily(c, account)
	}
	return nil
}

// showBlobService adds the account's SKU.
func showBlobService(c *arm.Call, r *arm.Resource, body map[string]any) {
	parent, _ := r.ID.Parent()
	if account, ok := c.Get(parent); ok {
		body["sku"] = account.Body["sku"]
	}
}
