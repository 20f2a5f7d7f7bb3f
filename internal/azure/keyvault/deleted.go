package keyvault

import (
	"net/http"
	"strings"
	"time"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/jsonbody"
	"github.com/crossorg/crossorg/internal/azure/store"
)

const (
	// tableDeleted holds deleted vaults by their lower-case name, which stays reserved until they are purged.
	tableDeleted = "keyvault.deleted"
	// tableDeletedSecrets holds their secrets: vault name/secret name.
	tableDeletedSecrets = "keyvault.deletedSecrets"
)

// deletedVault is a vault between its deletion and its purge.
type deletedVault struct {
	Vault   arm.Resource `json:"vault"`
	Deleted time.Time    `json:"deleted"`
	Purge   time.Time    `json:"purge"`
}

func (d *deletedVault) subscription() string { return d.Vault.ID.Subscription }

func deletedVaultNotFound(name string) *arm.Error {
	return arm.Errorf(http.StatusNotFound, "DeletedVaultNotFound", "The specified deleted vault '%s' does not exist.",
		name)
}

// deleteVault keeps the vault for its retention time, with its name and secrets. Its role assignments are lost.
func deleteVault(c *arm.Call, r *arm.Resource, endpoints *Endpoints) *arm.Error {
	d := deletedVault{Vault: *r, Deleted: c.Now, Purge: c.Now.AddDate(0, 0, retentionDays(r))}
	name := strings.ToLower(r.ID.Name())
	if err := c.Tx.Put(tableDeleted, name, d); err != nil {
		return arm.InternalError(err)
	}
	if err := c.Tx.Delete(tableNames, name); err != nil {
		return arm.InternalError(err)
	}
	endpoints.release(c, name)
	return nil
}

// retentionDays is how many days a vault keeps deleted secrets, and is kept itself after its deletion.
func retentionDays(vault *arm.Resource) int {
	if days, set := jsonbody.Int(vault.Properties(), retentionProperty); set {
		return days
	}
	return defaultRetentionDays
}

// findDeleted finds a deleted vault by name. One whose retention has ended counts as purged.
func findDeleted(c *arm.Call, name string) (*deletedVault, bool, *arm.Error) {
	var d deletedVault
	ok, err := c.Tx.Get(tableDeleted, strings.ToLower(name), &d)
	if err != nil {
		return nil, false, arm.InternalError(err)
	}
	if !ok || !c.Now.Before(d.Purge) {
		return nil, false, nil
	}
	return &d, true, nil
}

// recoverVault brings a deleted vault back with its properties, its secrets and its resource group.
func recoverVault(c *arm.Call, w *arm.Write, d *deletedVault, endpoints *Endpoints) *arm.Error {
	if w.New.ID.Key() != d.Vault.ID.Key() {
		return badRequest("The vault '%s' can only be recovered where it was: '%s'.", w.New.ID.Name(), d.Vault.ID)
	}
	if was := d.Vault.String("location"); was != w.New.String("location") {
		return arm.Conflict("InvalidResourceLocation", "The deleted vault '%s' can only be recovered in location "+
			"'%s', where it was, not in '%s'.",
			w.New.ID.Name(), was, w.New.String("location"))
	}
	tags := w.New.Body["tags"]
	w.New.Body = d.Vault.Body
	if tags != nil {
		w.New.Body["tags"] = tags
	}
	w.New.UID, w.New.CreatedAt, w.New.CreatedBy = d.Vault.UID, d.Vault.CreatedAt, d.Vault.CreatedBy
	kept, err := deletedSecrets(c, w.New.ID.Name())
	if err != nil {
		return err
	}
	for _, s := range kept {
		if err := c.Save(s); err != nil {
			return err
		}
	}
	if err := forget(c, tableDeletedSecrets, strings.ToLower(w.New.ID.Name())+"/"); err != nil {
		return err
	}
	if err := c.Tx.Delete(tableDeleted, strings.ToLower(w.New.ID.Name())); err != nil {
		return arm.InternalError(err)
	}
	if _, err := endpoints.claim(c, w.New.ID.Name()); err != nil {
		return err
	}
	return claim(c, w.New.ID)
}

// purge removes a deleted vault, its secrets and its endpoint for good; its name is free again.
func purge(c *arm.Call, name string) *arm.Error {
	name = strings.ToLower(name)
	for _, table := range []string{tableDeletedSecrets, tableRemoved, tableVersions} {
		if err := forget(c, table, name+"/"); err != nil {
			return err
		}
	}
	for _, table := range []string{tableDeleted, tablePorts} {
		if err := c.Tx.Delete(table, name); err != nil {
			return arm.InternalError(err)
		}
	}
	return nil
}

func deletedSecrets(c *arm.Call, vault string) ([]*arm.Resource, *arm.Error) {
	out, err := store.All[arm.Resource](c.Tx, tableDeletedSecrets, strings.ToLower(vault)+"/")
	if err != nil {
		return nil, arm.InternalError(err)
	}
	return out, nil
}

// deletedVaultRoutes list, show and purge deleted vaults, which lie below the subscription, not in a resource group.
// Source: https://learn.microsoft.com/rest/api/keyvault/keyvault/vaults/list-deleted
func deletedVaultRoutes() []arm.Route {
	const (
		all = "/subscriptions/{subscriptionId}/providers/Microsoft.KeyVault/deletedVaults"
		one = "/subscriptions/{subscriptionId}/providers/Microsoft.KeyVault/locations/{location}/deletedVaults"
	)
	return []arm.Route{
		{Method: http.MethodGet, Path: all, Permission: "Microsoft.KeyVault/deletedVaults/read", Handle: listDeleted},
		// az lists the deleted managed HSMs with the vaults. None can be made here.
		{Method: http.MethodGet,
			Path:       "/subscriptions/{subscriptionId}/providers/Microsoft.KeyVault/deletedManagedHSMs",
			Permission: "Microsoft.KeyVault/deletedManagedHSMs/read", Handle: listNothing},
		{Method: http.MethodGet, Path: one + "/{vaultName}",
			Permission: "Microsoft.KeyVault/locations/deletedVaults/read", Handle: getDeleted},
		{
			Method: http.MethodPost, Path: one + "/{vaultName}/purge", Async: arm.Location,
			Permission: "Microsoft.KeyVault/locations/deletedVaults/purge/action", Handle: purgeDeleted,
		},
	}
}

func listDeleted(c *arm.Call, params map[string]string, _ map[string]any) (any, *arm.Error) {
	all, err := store.All[deletedVault](c.Tx, tableDeleted, "")
	if err != nil {
		return nil, arm.InternalError(err)
	}
	var out []any
	for _, d := range all {
		if strings.EqualFold(d.subscription(), params["subscriptionId"]) && c.Now.Before(d.Purge) {
			out = append(out, d.view())
		}
	}
	return jsonbody.Collection(out), nil
}

func listNothing(*arm.Call, map[string]string, map[string]any) (any, *arm.Error) {
	return jsonbody.Collection[any](nil), nil
}

func getDeleted(c *arm.Call, params map[string]string, _ map[string]any) (any, *arm.Error) {
	d, err := deletedAt(c, params)
	if err != nil {
		return nil, err
	}
	return d.view(), nil
}

// purgeDeleted ends the retention early, unless the vault is protected against that.
func purgeDeleted(c *arm.Call, params map[string]string, _ map[string]any) (any, *arm.Error) {
	d, err := deletedAt(c, params)
	if err != nil {
		return nil, err
	}
	if protected(&d.Vault) {
		return nil, arm.Errorf(http.StatusMethodNotAllowed, "MethodNotAllowed",
			"Operation 'DeletedVaultPurge' is not allowed.")
	}
	return nil, purge(c, params["vaultName"])
}

func deletedAt(c *arm.Call, params map[string]string) (*deletedVault, *arm.Error) {
	d, ok, err := findDeleted(c, params["vaultName"])
	if err != nil {
		return nil, err
	}
	if !ok || !strings.EqualFold(d.subscription(), params["subscriptionId"]) ||
		!strings.EqualFold(strings.ReplaceAll(params["location"], " ", ""), d.Vault.String("location")) {
		return nil, deletedVaultNotFound(params["vaultName"])
	}
	return d, nil
}

// view is a DeletedVault.
func (d *deletedVault) view() map[string]any {
	props := map[string]any{
		"vaultId":            d.Vault.ID.String(),
		"location":           d.Vault.String("location"),
		"deletionDate":       d.Deleted.UTC().Format(time.RFC3339),
		"scheduledPurgeDate": d.Purge.UTC().Format(time.RFC3339),
		"tags":               map[string]any{},
	}
	if tags := d.Vault.Body["tags"]; tags != nil {
		props["tags"] = tags
	}
	if protected(&d.Vault) {
		props["purgeProtectionEnabled"] = true
	}
	return map[string]any{
		"id": "/subscriptions/" + d.subscription() + "/providers/Microsoft.KeyVault/locations/" +
			d.Vault.String("location") +
			"/deletedVaults/" + d.Vault.ID.Name(),
		"name":       d.Vault.ID.Name(),
		"type":       namespace + "/deletedVaults",
		"properties": props,
	}
}
