package monitor

import (
	"crypto/rand"
	"encoding/base64"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/jsonbody"
	"github.com/crossorg/crossorg/internal/azure/logs"
)

const (
	// tableDeletedWorkspaces keeps what a soft-deleted workspace gets back when it is created again.
	tableDeletedWorkspaces = "deletedWorkspaces"
	// recoveryPeriod is how long a deleted workspace can be recovered.
	// Source: https://learn.microsoft.com/azure/azure-monitor/logs/delete-workspace
	recoveryPeriod = 14 * 24 * time.Hour
)

// workspaceName is the published rule: 4 to 63 letters, digits and hyphens, beginning and ending with a letter or
// digit.
// Source: https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftoperationalinsights
var workspaceName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{2,61}[A-Za-z0-9]$`)

// retentionBySKU is how many days of retention a pricing tier allows, and which it has when none is asked for.
// Source: https://learn.microsoft.com/azure/azure-monitor/logs/data-retention-configure and
// https://learn.microsoft.com/rest/api/loganalytics/workspaces/create-or-update
var retentionBySKU = map[string]struct{ min, max, usual float64 }{
	"free":                {7, 7, 7},
	"standard":            {30, 30, 30},
	"premium":             {365, 365, 365},
	"pernode":             {30, 730, 30},
	"standalone":          {30, 730, 30},
	"pergb2018":           {30, 730, 30},
	"capacityreservation": {30, 730, 30},
	"lacluster":           {30, 730, 30},
}

// retiredSKUs can be kept, but not chosen for a new workspace.
// Source: https://learn.microsoft.com/azure/azure-monitor/logs/cost-logs#legacy-pricing-tiers
var retiredSKUs = map[string]bool{"free": true, "standard": true, "premium": true, "pernode": true, "standalone": true}

// deletedWorkspace is what survives a soft deletion.
type deletedWorkspace struct {
	CustomerID  string         `json:"customerId"`
	CreatedDate string         `json:"createdDate"`
	Location    string         `json:"location"`
	Private     map[string]any `json:"private"`
	DeletedAt   time.Time      `json:"deletedAt"`
}

func workspaces() *arm.Type {
	return &arm.Type{
		Name: workspaceType,
		CheckName: func(name string) *arm.Error {
			if workspaceName.MatchString(name) {
				return nil
			}
			return arm.BadRequest("InvalidWorkspaceName",
				"The workspace name '%s' is not valid: it must have 4 to 63 letters, digits and hyphens, and must "+
					"not begin or end with a hyphen.", name)
		},
		PutAsync: arm.AzureAsyncOperation, DeleteAsync: arm.AzureAsyncOperation,
		Put: putWorkspace, Delete: deleteWorkspace,
		Show: showWorkspace, Options: arm.QueryOptions{Delete: []string{"force"}},
		Actions: map[string]arm.Action{
			"sharedkeys":          {Permission: "sharedKeys/action", Run: sharedKeys},
			"regeneratesharedkey": {Permission: "regenerateSharedKey/action", Run: regenerateSharedKeys},
		},
	}
}

func putWorkspace(c *arm.Call, w *arm.Write) *arm.Error {
	props := w.New.Properties()
	sku := jsonbody.Object(props, "sku")
	if sku == nil {
		sku = map[string]any{"name": "PerGB2018"}
		if w.Old != nil {
			sku["name"] = w.Old.String("properties", "sku", "name")
		}
		props["sku"] = sku
	}
	name := jsonbody.Text(sku, "name")
	if w.Old == nil && retiredSKUs[strings.ToLower(name)] {
		return arm.BadRequest("InvalidParameter", "The pricing tier '%s' is no longer available for new workspaces: "+
			"set sku.name to 'PerGB2018' or 'CapacityReservation'.", name)
	}
	if err := checkReservation(name, sku["capacityReservationLevel"]); err != nil {
		return err
	}
	if err := checkRetention(name, props); err != nil {
		return err
	}
	if err := completeCapping(props); err != nil {
		return err
	}
	features := jsonbody.Object(props, "features")
	if features == nil {
		features = map[string]any{}
		props["features"] = features
	}
	features["legacy"] = 0
	features["searchVersion"] = 1
	jsonbody.SetDefault(features, "enableLogAccessUsingOnlyResourcePermissions", true)
	jsonbody.SetDefault(props, "publicNetworkAccessForIngestion", "Enabled")
	jsonbody.SetDefault(props, "publicNetworkAccessForQuery", "Enabled")
	props["provisioningState"] = "Succeeded"
	props["modifiedDate"] = arm.Timestamp(c.Now)
	if err := c.CompleteIdentity(w); err != nil {
		return err
	}
	if w.Old != nil {
		props["customerId"], props["createdDate"] = w.Old.String("properties", "customerId"),
			w.Old.String("properties", "createdDate")
		sku["lastSkuUpdate"] = w.Old.String("properties", "sku", "lastSkuUpdate")
		if !strings.EqualFold(w.Old.String("properties", "sku", "name"), name) {
			sku["lastSkuUpdate"] = arm.Timestamp(c.Now)
		}
		return nil
	}
	sku["lastSkuUpdate"] = arm.Timestamp(c.Now)
	return createWorkspace(c, w.New)
}

// showWorkspace adds the properties that derive from the time and from the ingested data.
func showWorkspace(c *arm.Call, r *arm.Resource, body map[string]any) {
	body["etag"] = `"` + r.ETag + `"`
	capping := jsonbody.Object(jsonbody.Object(body, "properties"), "workspaceCapping")
	if capping == nil {
		return
	}
	capping["quotaNextResetTime"] = arm.Timestamp(c.Now.UTC().Truncate(24 * time.Hour).Add(24 * time.Hour))
	if logs.OverQuota(c, r) {
		capping["dataIngestionStatus"] = "OverQuota"
	}
}

// createWorkspace gives a workspace its id and keys: new ones, or, within the recovery period, those it had.
func createWorkspace(c *arm.Call, r *arm.Resource) *arm.Error {
	var gone deletedWorkspace
	found, err := c.Tx.Get(tableDeletedWorkspaces, r.ID.Key(), &gone)
	if err != nil {
		return arm.InternalError(err)
	}
	props := r.Properties()
	if found && c.Now.Sub(gone.DeletedAt) <= recoveryPeriod && gone.Location == r.String("location") {
		props["customerId"], props["createdDate"], r.Private = gone.CustomerID, gone.CreatedDate, gone.Private
		if err := c.Tx.Delete(tableDeletedWorkspaces, r.ID.Key()); err != nil {
			return arm.InternalError(err)
		}
		return nil
	}
	props["customerId"], props["createdDate"] = uuid.NewString(), arm.Timestamp(c.Now)
	r.Private = map[string]any{"primarySharedKey": sharedKey(), "secondarySharedKey": sharedKey()}
	return nil
}

// deleteWorkspace keeps a workspace for recovery unless the caller forces the deletion.
// Source: https://learn.microsoft.com/rest/api/loganalytics/workspaces/delete
func deleteWorkspace(c *arm.Call, r *arm.Resource) *arm.Error {
	if strings.EqualFold(c.Option("force"), "true") && strings.EqualFold(c.ID.Type(), workspaceType) {
		if err := c.Tx.Delete(tableDeletedWorkspaces, r.ID.Key()); err != nil {
			return arm.InternalError(err)
		}
		return logs.Forget(c, r.String("properties", "customerId"))
	}
	err := c.Tx.Put(tableDeletedWorkspaces, r.ID.Key(), deletedWorkspace{
		CustomerID: r.String("properties", "customerId"), CreatedDate: r.String("properties", "createdDate"),
		Location: r.String("location"), Private: r.Private, DeletedAt: c.Now,
	})
	if err != nil {
		return arm.InternalError(err)
	}
	return nil
}

// checkReservation holds a commitment tier to its sizes in GB a day.
// Source: https://learn.microsoft.com/rest/api/loganalytics/workspaces/create-or-update#capacityreservationlevel
func checkReservation(sku string, level any) *arm.Error {
	if !strings.EqualFold(sku, "CapacityReservation") {
		if level != nil {
			return arm.BadRequest("InvalidParameter", "sku.capacityReservationLevel applies to the pricing tier "+
				"'CapacityReservation' only, not to '%s': leave it out.", sku)
		}
		return nil
	}
	switch level {
	case 100.0, 200.0, 300.0, 400.0, 500.0, 1000.0, 2000.0, 5000.0, 10000.0, 25000.0, 50000.0:
		return nil
	}
	return arm.BadRequest("InvalidParameter", "sku.capacityReservationLevel is %v, must be one of 100, 200, 300, "+
		"400, 500, 1000, 2000, 5000, 10000, 25000, 50000.", level)
}

func checkRetention(sku string, props map[string]any) *arm.Error {
	limits, ok := retentionBySKU[strings.ToLower(sku)]
	if !ok {
		return nil // the published type has refused it
	}
	jsonbody.SetDefault(props, "retentionInDays", limits.usual)
	if days, _ := props["retentionInDays"].(float64); days < limits.min || days > limits.max {
		return arm.BadRequest("InvalidParameter", "'RetentionInDays' property doesn't match the SKU limits: it is "+
			"%v, and '%s' allows %v to %v days.", days, sku, limits.min, limits.max)
	}
	return nil
}

// completeCapping checks the daily quota; -1 is unlimited.
// Source: https://learn.microsoft.com/azure/azure-monitor/logs/daily-cap
func completeCapping(props map[string]any) *arm.Error {
	capping := jsonbody.Object(props, "workspaceCapping")
	if capping == nil {
		capping = map[string]any{}
		props["workspaceCapping"] = capping
	}
	jsonbody.SetDefault(capping, "dailyQuotaGb", -1.0)
	if quota, _ := capping["dailyQuotaGb"].(float64); quota != -1 && quota < 0.023 {
		return arm.BadRequest("InvalidParameter", "workspaceCapping.dailyQuotaGb is %v: it must be -1 (no cap) or at "+
			"least 0.023.", quota)
	}
	capping["dataIngestionStatus"] = "RespectQuota"
	return nil
}

func sharedKeys(_ *arm.Call, r *arm.Resource, _ map[string]any) (any, *arm.Error) {
	return map[string]any{"primarySharedKey": r.Private["primarySharedKey"],
		"secondarySharedKey": r.Private["secondarySharedKey"]}, nil
}

func regenerateSharedKeys(c *arm.Call, r *arm.Resource, body map[string]any) (any, *arm.Error) {
	r.Private = map[string]any{"primarySharedKey": sharedKey(), "secondarySharedKey": sharedKey()}
	if err := c.Save(r); err != nil {
		return nil, err
	}
	return sharedKeys(c, r, body)
}

// sharedKey is 64 random bytes, as Azure's are.
func sharedKey() string {
	raw := make([]byte, 64)
	_, _ = rand.Read(raw) // never fails: it ends the program instead
	return base64.StdEncoding.EncodeToString(raw)
}
