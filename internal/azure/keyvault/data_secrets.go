package keyvault

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/crossorg/crossorg/internal/azure/arm"
)

// parameters are the body of set and update.
type parameters struct {
	Value       *string            `json:"value"`
	ContentType *string            `json:"contentType"`
	Tags        *map[string]string `json:"tags"`
	Attributes  struct {
		Enabled   *bool  `json:"enabled"`
		NotBefore *int64 `json:"nbf"`
		Expires   *int64 `json:"exp"`
	} `json:"attributes"`
}

// apply changes the given properties of v.
func (p *parameters) apply(v *secretVersion) *dataError {
	if p.ContentType != nil {
		v.ContentType = *p.ContentType
	}
	if p.Attributes.Enabled != nil {
		v.Enabled = *p.Attributes.Enabled
	}
	if p.Attributes.NotBefore != nil {
		v.NotBefore = p.Attributes.NotBefore
	}
	if p.Attributes.Expires != nil {
		v.Expires = p.Attributes.Expires
	}
	if p.Tags != nil {
		// Source: https://learn.microsoft.com/azure/key-vault/secrets/about-secrets#secret-tags
		if len(*p.Tags) > 15 {
			return badParameter("A secret may have at most 15 tags.")
		}
		v.Tags = map[string]any{}
		for k, tag := range *p.Tags {
			if len(k) > 256 || len(tag) > 256 {
				return badParameter("A tag's name and value may have at most 256 characters each.")
			}
			v.Tags[k] = tag
		}
	}
	return nil
}

func (r *request) parameters() (*parameters, *dataError) {
	var p parameters
	if err := json.Unmarshal(r.body, &p); err != nil { // the error may quote the value
		return nil, badParameter("The request's body is not a JSON object of the published shape.")
	}
	return &p, nil
}

// id is the resource id of the request's secret.
func (r *request) id() arm.ID { return r.vault.ID.Child("secrets", r.name) }

// load finds the request's secret with one of its versions; empty is the current one.
func (r *request) load(version string) (*arm.Resource, string, secretVersion, *dataError) {
	secret, ok := r.Get(r.id())
	if ok && version == "" {
		version = currentVersion(secret)
	}
	var v secretVersion
	if ok {
		var err *arm.Error
		if v, ok, err = loadVersion(r.Call, secret.ID, version); err != nil {
			return nil, "", v, fromARM(err)
		}
	}
	if !ok {
		return nil, "", v, &dataError{status: http.StatusNotFound, code: "SecretNotFound",
			message: "A secret with (name/id) " + strings.TrimSuffix(r.name+"/"+version, "/") +
				" was not found in this key vault. If you recently deleted this secret you may be able to recover it " +
				"using the correct recovery command. For help resolving this issue, please see " +
				"https://go.microsoft.com/fwlink/?linkid=2125182"}
	}
	return secret, strings.ToLower(version), v, nil
}

// item is a SecretItem; version "" leaves it out of the id, as in lists of secrets.
func (r *request) item(id arm.ID, version string, v secretVersion) map[string]any {
	attributes := map[string]any{
		"enabled": v.Enabled, "created": v.Created, "updated": v.Updated,
		"recoveryLevel": r.recoveryLevel(), "recoverableDays": retentionDays(r.vault),
	}
	if v.NotBefore != nil {
		attributes["nbf"] = *v.NotBefore
	}
	if v.Expires != nil {
		attributes["exp"] = *v.Expires
	}
	uri := secretURI(r.vault, id)
	if version != "" {
		uri += "/" + version
	}
	out := map[string]any{"id": uri, "attributes": attributes, "tags": map[string]any{}}
	if v.ContentType != "" {
		out["contentType"] = v.ContentType
	}
	if len(v.Tags) > 0 {
		out["tags"] = v.Tags
	}
	return out
}

// recoveryLevel is the vault's deletion recovery level; a retention below the longest is a customized one.
// Source: https://learn.microsoft.com/rest/api/keyvault/secrets/set-secret/set-secret#deletionrecoverylevel
func (r *request) recoveryLevel() string {
	level := "Recoverable"
	if retentionDays(r.vault) < defaultRetentionDays {
		level = "CustomizedRecoverable"
	}
	if !protected(r.vault) {
		level += "+Purgeable"
	}
	return level
}

func (r *request) deletedItem(d *removedSecret, item map[string]any) map[string]any {
	item["recoveryId"] = r.vault.String("properties", "vaultUri") + "deletedsecrets/" + d.Secret.ID.Name()
	item["deletedDate"], item["scheduledPurgeDate"] = d.Deleted.Unix(), d.Purge.Unix()
	return item
}

// get is Get Secret: https://learn.microsoft.com/rest/api/keyvault/secrets/get-secret
func (r *request) get() (int, any, *dataError) {
	secret, version, v, e := r.load(r.version)
	if e != nil {
		return 0, nil, e
	}
	if !v.Enabled {
		return 0, nil, forbidden("SecretDisabled", "Operation get is not allowed on a disabled secret.")
	}
	out := r.item(secret.ID, version, v)
	out["value"] = v.Value
	return http.StatusOK, out, nil
}

// set is Set Secret: https://learn.microsoft.com/rest/api/keyvault/secrets/set-secret
func (r *request) set() (int, any, *dataError) {
	p, e := r.parameters()
	if e != nil {
		return 0, nil, e
	}
	switch {
	case p.Value == nil:
		return 0, nil, badParameter("The property 'value' is required.")
	case len(*p.Value) > maxValue:
		return 0, nil, badParameter(fmt.Sprintf(
			"The property 'value' has %d bytes: a secret's value may have at most %d.", len(*p.Value), maxValue))
	}
	v := secretVersion{Value: *p.Value, Enabled: true}
	if e := p.apply(&v); e != nil {
		return 0, nil, e
	}
	secret, ok := r.Get(r.id())
	if !ok {
		if err := claimSecret(r.Call, r.id()); err != nil {
			return 0, nil, fromARM(err)
		}
		secret = &arm.Resource{ID: r.id(), CreatedAt: r.Now, CreatedBy: r.caller.ClientID}
	}
	version, err := addVersion(r.Call, r.vault, secret, v)
	if err == nil {
		err = r.save(secret)
	}
	if err != nil {
		return 0, nil, fromARM(err)
	}
	v.Created, v.Updated = r.Now.Unix(), r.Now.Unix()
	out := r.item(secret.ID, version, v)
	out["value"] = v.Value
	return http.StatusOK, out, nil
}

func (r *request) save(secret *arm.Resource) *arm.Error {
	secret.ModifiedBy = r.caller.ClientID
	return r.Save(secret)
}

// update is Update Secret: https://learn.microsoft.com/rest/api/keyvault/secrets/update-secret
func (r *request) update() (int, any, *dataError) {
	p, e := r.parameters()
	if e != nil {
		return 0, nil, e
	}
	if p.Value != nil {
		return 0, nil, badParameter("The property 'value' cannot be updated: set the secret, which makes a new " +
			"version.")
	}
	secret, version, v, e := r.load(r.version)
	if e != nil {
		return 0, nil, e
	}
	if e := p.apply(&v); e != nil {
		return 0, nil, e
	}
	v.Updated = r.Now.Unix()
	err := saveVersion(r.Call, r.vault, secret, version, v)
	if err == nil {
		err = r.save(secret)
	}
	if err != nil {
		return 0, nil, fromARM(err)
	}
	return http.StatusOK, r.item(secret.ID, version, v), nil
}

// delete is Delete Secret: https://learn.microsoft.com/rest/api/keyvault/secrets/delete-secret
func (r *request) delete() (int, any, *dataError) {
	secret, version, v, e := r.load("")
	if e != nil {
		return 0, nil, e
	}
	d, err := removeSecret(r.Call, r.vault, secret)
	if err != nil {
		return 0, nil, fromARM(err)
	}
	return http.StatusOK, r.deletedItem(d, r.item(secret.ID, version, v)), nil
}

// removed finds the request's secret among the deleted ones.
func (r *request) removed() (*removedSecret, *dataError) {
	d, ok, err := findRemoved(r.Call, r.id())
	if err != nil {
		return nil, fromARM(err)
	}
	if !ok {
		return nil, &dataError{status: http.StatusNotFound, code: "SecretNotFound",
			message: "Deleted Secret not found: " + r.name}
	}
	return d, nil
}

// removedItem is a deleted secret with its current version.
func (r *request) removedItem(d *removedSecret, withVersion bool) (map[string]any, *dataError) {
	version := currentVersion(&d.Secret)
	v, _, err := loadVersion(r.Call, d.Secret.ID, version)
	if err != nil {
		return nil, fromARM(err)
	}
	if !withVersion {
		version = ""
	}
	return r.deletedItem(d, r.item(d.Secret.ID, version, v)), nil
}

// getDeleted is Get Deleted Secret: https://learn.microsoft.com/rest/api/keyvault/secrets/get-deleted-secret
func (r *request) getDeleted() (int, any, *dataError) {
	d, e := r.removed()
	if e != nil {
		return 0, nil, e
	}
	out, e := r.removedItem(d, true)
	return http.StatusOK, out, e
}

// recover is Recover Deleted Secret: https://learn.microsoft.com/rest/api/keyvault/secrets/recover-deleted-secret
func (r *request) recover() (int, any, *dataError) {
	d, e := r.removed()
	if e != nil {
		return 0, nil, e
	}
	version := currentVersion(&d.Secret)
	v, _, err := loadVersion(r.Call, d.Secret.ID, version)
	if err == nil {
		err = r.save(&d.Secret)
	}
	if err == nil {
		err = forget(r.Call, tableRemoved, secretKey(d.Secret.ID))
	}
	if err != nil {
		return 0, nil, fromARM(err)
	}
	return http.StatusOK, r.item(d.Secret.ID, version, v), nil
}

// purge is Purge Deleted Secret: https://learn.microsoft.com/rest/api/keyvault/secrets/purge-deleted-secret
func (r *request) purge() (int, any, *dataError) {
	d, e := r.removed()
	if e != nil {
		return 0, nil, e
	}
	if protected(r.vault) {
		return 0, nil, forbidden("ForbiddenByPolicy",
			"Operation \"purge\" is not allowed because purge protection is enabled for this vault. Key Vault service "+
				"will automatically purge it after the retention period has passed."+
				"\r\nVault: "+r.vaultText())
	}
	if err := purgeSecret(r.Call, d.Secret.ID); err != nil {
		return 0, nil, fromARM(err)
	}
	return http.StatusNoContent, nil, nil
}

// list is Get Secrets: https://learn.microsoft.com/rest/api/keyvault/secrets/get-secrets
func (r *request) list() (int, any, *dataError) {
	all := r.Children(r.vault.ID, "secrets")
	return r.page(len(all), func(i int) string { return strings.ToLower(all[i].ID.Name()) },
		func(i int) (map[string]any, *dataError) {
			v, _, err := loadVersion(r.Call, all[i].ID, currentVersion(all[i]))
			if err != nil {
				return nil, fromARM(err)
			}
			return r.item(all[i].ID, "", v), nil
		})
}

// listVersions is Get Secret Versions: https://learn.microsoft.com/rest/api/keyvault/secrets/get-secret-versions
func (r *request) listVersions() (int, any, *dataError) {
	secret, _, _, e := r.load("")
	if e != nil {
		return 0, nil, e
	}
	var ids []string
	var all []secretVersion
	if err := scanVersions(r.Call, secret.ID, func(version string, v secretVersion) error {
		ids, all = append(ids, version), append(all, v)
		return nil
	}); err != nil {
		return 0, nil, fromARM(arm.InternalError(err))
	}
	return r.page(len(ids), func(i int) string { return ids[i] }, func(i int) (map[string]any, *dataError) {
		return r.item(secret.ID, ids[i], all[i]), nil
	})
}

// listDeleted is Get Deleted Secrets: https://learn.microsoft.com/rest/api/keyvault/secrets/get-deleted-secrets
func (r *request) listDeleted() (int, any, *dataError) {
	all, err := removed(r.Call, r.vault.ID)
	if err != nil {
		return 0, nil, fromARM(arm.InternalError(err))
	}
	return r.page(len(all), func(i int) string { return strings.ToLower(all[i].Secret.ID.Name()) },
		func(i int) (map[string]any, *dataError) {
			return r.removedItem(all[i], false)
		})
}

// page answers one page of n rows, ordered by key, with a link to the next. maxresults is 1 to 25; the default is 25.
func (r *request) page(n int, key func(int) string, row func(int) (map[string]any, *dataError)) (int, any, *dataError) {
	q := r.http.URL.Query()
	size := 25
	if text := q.Get("maxresults"); text != "" {
		var err error
		if size, err = strconv.Atoi(text); err != nil || size < 1 || size > 25 {
			return 0, nil, badParameter("maxresults must be between 1 and 25.")
		}
	}
	from, err := base64.RawURLEncoding.DecodeString(q.Get("$skiptoken"))
	if err != nil {
		return 0, nil, badParameter("The continuation token is not valid.")
	}
	keys := make([]string, n)
	for i := range keys {
		keys[i] = key(i)
	}
	start, _ := slices.BinarySearch(keys, string(from))
	rows := []any{}
	for i := start; i < min(n, start+size); i++ {
		one, e := row(i)
		if e != nil {
			return 0, nil, e
		}
		rows = append(rows, one)
	}
	out := map[string]any{"value": rows, "nextLink": nil}
	if start+size < n {
		next := url.Values{"api-version": {q.Get("api-version")}, "maxresults": {strconv.Itoa(size)},
			"$skiptoken": {base64.RawURLEncoding.EncodeToString([]byte(keys[start+size]))}}
		out["nextLink"] = r.vault.String("properties", "vaultUri") + strings.Join(r.path, "/") + "?" + next.Encode()
	}
	return http.StatusOK, out, nil
}
